"""How a desk is, judged from what its parts say: a condition, and in words what is amiss.

BROKEN: it cannot do its work, because no book is trusted, the ledger takes nothing or the source
failed. DEGRADED: it works, and something is missing that should be there. OK: nothing is. Only what
is so now counts: what went wrong and was put right is in the counters, not here.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from hftlib.core.states import BookState
from hftlib.desk.tallies import BookTally
from hftlib.wire.messages import (
    BudgetStatus,
    Health,
    LaneStatus,
    LedgerStatus,
    StoreStatus,
    TapeStatus,
)

OK: Final = "OK"
DEGRADED: Final = "DEGRADED"
BROKEN: Final = "BROKEN"

NEARLY_USED: Final = 0.9
"""Share of a venue's allowance beyond which the rest is worth a word."""

LARGE_OFFSET_MS: Final = 1_000.0
MOST_NAMED: Final = 3
_LANES_AT_WORK: Final = frozenset({"OPEN"})
_STORES_AT_WORK: Final = frozenset({"OFF", "STARTING", "RUNNING"})

Finding = tuple[str, str]
"""A condition and the sentence that gives its reason."""


def judge(health: Health, books: Sequence[BookTally]) -> tuple[str, list[str]]:
    """Return the condition of a desk and the reasons for it, the gravest first.

    A desk that is still starting has nothing to be judged by: it is OK, and its state says more.
    """
    found = list(_findings(health, books))
    order = (BROKEN, DEGRADED)
    reasons = [reason for grade in order for condition, reason in found if condition == grade]
    worst = next((grade for grade in order if any(one == grade for one, _ in found)), OK)
    return worst, reasons


def _findings(health: Health, books: Sequence[BookTally]) -> Iterator[Finding]:
    if health.state == "failed":
        yield BROKEN, health.reason or "the source failed"
    if health.state == "running":
        if health.lanes and not books:
            yield BROKEN, "there is no book: no venue has come up"
        yield from _of_books(books)
        yield from _of_lanes(health.lanes)
        yield from _of_budgets(health.budgets)
    yield from _of_tape(health.tape)
    yield from _of_store(health.store)
    yield from _of_ledger(health.ledger)


def _of_books(books: Sequence[BookTally]) -> Iterator[Finding]:
    lost = [book for book in books if book.state is not BookState.LIVE]
    if books and len(lost) == len(books):
        yield BROKEN, f"no book is LIVE: {_named(lost)}"
        return
    for venue in sorted({book.venue for book in lost}):
        here = [book for book in lost if book.venue == venue]
        count = sum(book.venue == venue for book in books)
        yield DEGRADED, f"{venue}: {len(here)} of {count} books not LIVE: {_named(here)}"


def _named(books: Sequence[BookTally]) -> str:
    told = [_told(book) for book in books[:MOST_NAMED]]
    if len(books) > MOST_NAMED:
        told.append(f"and {len(books) - MOST_NAMED} more")
    return "; ".join(told)


def _told(book: BookTally) -> str:
    lasting = "" if book.since_ms is None else f" for {seconds(book.since_ms)}"
    why = f" ({book.reason})" if book.reason else ""
    return f"{book.symbol} {book.state}{lasting}{why}"


def _of_lanes(lanes: Iterable[LaneStatus]) -> Iterator[Finding]:
    for lane in lanes:
        if lane.state not in _LANES_AT_WORK:
            why = f": {lane.reason}" if lane.reason else ""
            yield DEGRADED, f"{lane.venue}: connection {lane.connection} is {lane.state}{why}"


def _of_budgets(budgets: Iterable[BudgetStatus]) -> Iterator[Finding]:
    for budget in budgets:
        if budget.trouble:
            yield DEGRADED, f"{budget.venue}: {budget.trouble}"
        elif budget.limit and budget.used >= NEARLY_USED * budget.limit:
            yield DEGRADED, f"{budget.venue}: {budget.used:g} of {budget.limit:g} requests used"
        offset = budget.clock_offset_ms
        if offset is not None and abs(offset) > LARGE_OFFSET_MS:
            yield DEGRADED, f"{budget.venue}: its clock is {offset / 1e3:+.1f} s off this machine's"


def _of_tape(tape: TapeStatus | None) -> Iterator[Finding]:
    if tape is not None and tape.trouble:
        yield DEGRADED, f"tape: {tape.trouble} ({tape.lost:,} frames not recorded)"


def _of_store(store: StoreStatus | None) -> Iterator[Finding]:
    if store is None:
        return
    if store.state not in _STORES_AT_WORK:
        why = f": {store.trouble}" if store.trouble else ""
        yield DEGRADED, f"store is {store.state}, {store.queued:,} rows wait{why}"
    elif store.trouble:
        yield DEGRADED, f"store: {store.trouble}"


def _of_ledger(ledger: LedgerStatus | None) -> Iterator[Finding]:
    if ledger is not None and ledger.trouble:
        yield BROKEN, f"ledger: {ledger.trouble}"


def seconds(duration_ms: float) -> str:
    """Return a duration in words: 0.3 s, 12 s, 4 min, 3 h."""
    taken_s = duration_ms / 1e3
    if taken_s < 10:
        return f"{taken_s:.1f} s"
    if taken_s < 120:
        return f"{taken_s:.0f} s"
    return f"{taken_s / 60:.0f} min" if taken_s < 7_200 else f"{taken_s / 3_600:.0f} h"
