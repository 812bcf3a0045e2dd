"""One screen of a desk's status: the condition and its reasons first, then part by part.

Plain text with a little colour; lines keep their places from one look to the next, so that a
screen that is drawn again stands still.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from hftlib.core.states import BookState
from hftlib.wire.messages import FeedReply, Health

WIDTH: Final = 100
_COLOURS: Final = {"OK": 32, "DEGRADED": 33, "BROKEN": 31}
_BOLD: Final = 1
_FAINT: Final = 2
_RED: Final = 31
_MOST_BOOKS: Final = 40

Paint = Callable[[str, int], str]


def plain(text: str, colour: int) -> str:
    """Return a text as it is."""
    del colour
    return text


def coloured(text: str, colour: int) -> str:
    """Return a text in a colour of the terminal."""
    return f"\x1b[{colour}m{text}\x1b[0m"


def screen(health: Health, feeds: Sequence[FeedReply], url: str, paint: Paint) -> str:
    """Return the screen of a desk that answers at `url`."""
    lines = [*_head(health, url, paint), "", *_books(feeds, paint), *_parts(health, paint)]
    return "\n".join(lines)


def _head(health: Health, url: str, paint: Paint) -> Iterator[str]:
    condition = health.condition if health.state == "running" else health.state.upper()
    shown = paint(condition, _COLOURS.get(health.condition, _BOLD))
    yield f"{shown}  hftlib {health.version} at {url}, process {health.pid}"
    started = "" if health.first_book_s is None else f", first book after {health.first_book_s:g} s"
    yield f"{health.source}: {health.origin}; up {duration(health.uptime_s)}{started}"
    if health.state == "compiling":
        yield f"  compiling kernels {health.done} of {health.total}"
    for reason in health.reasons or filter(None, [health.reason]):
        yield f"  {paint('!', _RED)} {_cut(reason, WIDTH - 4)}"


def _books(feeds: Sequence[FeedReply], paint: Paint) -> Iterator[str]:
    if not feeds:
        return
    head = (
        f"{'book':28}{'state':10}{'frames/s':>9}{'age ms':>9}{'p99 ms':>9}{'gaps':>7}{'resyncs':>9}"
    )
    yield paint(head, _FAINT)
    for feed in feeds[:_MOST_BOOKS]:
        status = feed.status
        state = f"{status.state.value:10}"
        if status.state is not BookState.LIVE:
            state = paint(state, _COLOURS["DEGRADED"])
        yield (
            f"{_cut(f'{feed.venue} {feed.symbol}', 27):28}{state}{status.frames_per_s:>9.1f}"
            f"{_number(status.age_ms, 0):>9}{_number(status.message_age_ms.p99, 1):>9}"
            f"{status.gaps:>7}{status.resyncs:>9}{'' if status.verified else '  unverified'}"
        )
    if len(feeds) > _MOST_BOOKS:
        yield f"and {len(feeds) - _MOST_BOOKS} more"
    yield ""


def _parts(health: Health, paint: Paint) -> Iterator[str]:
    def line(name: str, text: str, trouble: str = "") -> str:
        amiss = f"  {paint(_cut(trouble, 60), _RED)}" if trouble else ""
        return f"{paint(f'{name:12}', _FAINT)}{text}{amiss}"

    for lane in health.lanes:
        text = f"{lane.venue} {lane.connection} {lane.state}, {lane.frames:,} frames"
        yield line("connection", f"{text}, {lane.reconnects} reconnects", lane.reason)
    for budget in health.budgets:
        text = f"{budget.venue} {budget.used:g} of {budget.limit:g}, {budget.requests:,} requests"
        yield line("requests", text, budget.trouble)
    tape, store, ledger = health.tape, health.store, health.ledger
    if tape is not None:
        text = f"{tape.bytes / 1e6:,.1f} MB, {tape.frames:,} frames, {tape.lost:,} lost"
        yield line("tape", text, tape.trouble)
    if store is not None:
        rows = f"{store.confirmed:,} rows, {store.queued:,} wait, {store.refused:,} refused"
        yield line("store", f"{store.state}, {rows}", store.trouble)
    if ledger is not None:
        syncs = f"p50 {_number(ledger.sync_p50_ms, 2)} ms, p99 {_number(ledger.sync_p99_ms, 2)} ms"
        yield line("ledger", f"{ledger.entries:,} entries, syncs {syncs}", ledger.trouble)
    yield line("clients", f"{health.clients} on {health.topics} topics")
    yield line(
        "collector", f"{health.gc.collections:,} pauses, longest {health.gc.longest_ms:g} ms"
    )


def duration(taken_s: float) -> str:
    """Return a time in words: 12 s, 4 min, 3 h 20 min, 2 d 5 h."""
    minutes, hours, days = taken_s // 60, taken_s // 3_600, taken_s // 86_400
    if days:
        return f"{days:.0f} d {hours % 24:.0f} h"
    if hours:
        return f"{hours:.0f} h {minutes % 60:.0f} min"
    return f"{minutes:.0f} min" if minutes else f"{taken_s:.0f} s"


def _number(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value:,.{decimals}f}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
