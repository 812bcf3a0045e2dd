"""The judge: every LIVE book against the truth, every fault against its notice, every outage."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from hftlib.core.states import BookState
from hftlib.core.venue import COINBASE_EXCHANGE
from tests.soak.menu import Kind, symbol_of

SECOND: Final = 1_000_000_000
EARLY_NS: Final = 2_000_000
"""The two processes' clocks are anchored on one wall clock, but not at the same moment."""
NOTICED_WITHIN_S: Final = 10.0
_LIVE: Final = str(BookState.LIVE)
_HEARD_AGAIN: Final = "connection heard again"
"""A book that was STALE is the same book when its connection is heard again."""
SKEW_ECHO_S: Final = 10.0
"""Frames with a moved stamp may still be under way when the fault is over."""
_LASTING: Final = frozenset({"stall", "clock-skew"})
_WAITS: Final = frozenset({418, 429, 503})

Key = tuple[str, str]
"""(venue, symbol) of a book."""


class Check(NamedTuple):
    """Hold a LIVE book as it stood, to be compared: `at` is an update id or a time."""

    venue: str
    symbol: str
    at: int
    digest: str
    depth: int | None
    seen_ns: int


class Notice(NamedTuple):
    """Hold what told of a fault."""

    seen_ns: int
    venue: str
    symbol: str
    condition: str


class Planted(NamedTuple):
    """Remember what was planted under a number."""

    kind: Kind
    spec: dict[str, Any]
    planted_ns: int


class Outage(NamedTuple):
    """Hold the time in which a book was not LIVE."""

    key: Key
    begin_ns: int
    end_ns: int


class Judge:
    """Gather what the desk says and what the market did, and hold them against each other."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self.waiting: list[Check] = []
        self.notices: list[Notice] = []
        self.compared: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.shallow: Counter[str] = Counter()
        self.wrong: list[Check] = []
        self.states: dict[Key, str] = {}
        self.reasons: dict[Key, str] = {}
        self.live_since: dict[Key, list[int]] = defaultdict(list)
        self.outages: list[Outage] = []
        self.seconds: list[dict[str, Any]] = []
        self.planted: dict[int, Planted] = {}
        self.events: list[dict[str, Any]] = []
        self._down: dict[Key, int] = {}

    # what the desk says ------------------------------------------------------------------------

    def hear(self, row: list[Any]) -> None:
        """Take one row of the desk's process."""
        getattr(self, f"_hear_{row[0]}")(*row[1:])

    def _hear_check(self, *row: Any) -> None:
        self.waiting.append(Check(*row))

    def _hear_shallow(self, venue: str, _symbol: str) -> None:
        self.shallow[venue] += 1

    def _hear_notice(self, *row: Any) -> None:
        self.notices.append(Notice(*row))

    def _hear_state(self, at_ns: int, venue: str, symbol: str, state: str, reason: str) -> None:
        key = (venue, symbol)
        was_live = self.states.get(key) == _LIVE
        self.states[key], self.reasons[key] = state, reason
        if state == _LIVE:
            if reason != _HEARD_AGAIN:
                self.live_since[key].append(at_ns)
            begin_ns = self._down.pop(key, None)
            if begin_ns is not None:
                self.outages.append(Outage(key, begin_ns, at_ns))
        elif was_live:
            self._down[key] = at_ns

    def _hear_second(self, told: dict[str, Any]) -> None:
        self.seconds.append(told)

    def not_live(self, wanted: Iterable[Key]) -> list[Key]:
        """Return those books of `wanted` that are not LIVE."""
        return sorted(key for key in wanted if self.states.get(key) != _LIVE)

    # books -------------------------------------------------------------------------------------

    def due(self, before_ns: int) -> dict[tuple[str, str, int | None], list[Check]]:
        """Take the checks of books seen before a time, by book and depth."""
        due: dict[tuple[str, str, int | None], list[Check]] = defaultdict(list)
        kept = []
        for check in self.waiting:
            if check.seen_ns >= before_ns:
                kept.append(check)
            elif self._can_compare(check):
                due[check.venue, check.symbol, check.depth].append(check)
        self.waiting = kept
        return due

    def _can_compare(self, check: Check) -> bool:
        """Say whether a venue's stamps can be used to find the true book, where they are needed."""
        if check.at < 10**15:
            return True
        for planted in self.planted.values():
            length_ns = int((planted.spec["for_s"] + SKEW_ECHO_S) * SECOND)
            spans = planted.planted_ns - SECOND < check.seen_ns < planted.planted_ns + length_ns
            if planted.kind.moves_time and planted.spec["venue"] == check.venue and spans:
                return False
        return True

    def compare(self, checks: list[Check], digests: list[str | None]) -> None:
        """Hold books against the digests of the true ones."""
        for check, digest in zip(checks, digests, strict=True):
            if digest is None:
                self.unknown[check.venue] += 1
                continue
            self.compared[check.venue] += 1
            if digest != check.digest:
                self.wrong.append(check)

    def is_hidden(self, check: Check) -> bool:
        """Say whether a wrong book follows from a fault that nothing in its protocol shows.

        Such a fault struck the venue since the book was LIVE the last time but one.
        """
        since_ns = max(
            (at for at in self.live_since[check.venue, check.symbol] if at <= check.seen_ns),
            default=0,
        )
        return any(
            event["venue"] == check.venue
            and since_ns - 5 * SECOND <= event["time_ns"] <= check.seen_ns + EARLY_NS
            and check.venue in self._kind_of(event).hides
            for event in self.events
        )

    # faults ------------------------------------------------------------------------------------

    def _kind_of(self, event: dict[str, Any]) -> Kind:
        return self.planted[event["fault"]].kind

    def struck(self) -> Iterator[tuple[dict[str, Any], Kind]]:
        """Yield the injected faults; of one that lasts the first for each that was planted."""
        seen: set[int] = set()
        for event in self.events:
            if event["kind"] in _LASTING:
                if event["fault"] in seen:
                    continue
                seen.add(event["fault"])
            yield event, self._kind_of(event)

    def owes_notice(self, event: dict[str, Any]) -> bool:
        """Say whether something must tell of an injected fault.

        A snapshot of Coinbase Exchange that is pushed twice says the same book twice.
        """
        is_harmless = event["kind"] == "duplicate" and '"snapshot"' in event["detail"]
        if is_harmless and event["venue"] == COINBASE_EXCHANGE:
            return False
        return event["venue"] in self._kind_of(event).shows

    def noticed(self, event: dict[str, Any]) -> Notice | None:
        """Return the first notice of an injected fault."""
        spec = self.planted[event["fault"]].spec
        within_s = NOTICED_WITHIN_S + (spec["for_s"] if event["kind"] in _LASTING else 0.0)
        symbol = symbol_of(event["venue"], event["topic"], event["detail"])
        last_ns = event["time_ns"] + int(within_s * SECOND)
        for notice in self.notices:
            in_time = event["time_ns"] - EARLY_NS <= notice.seen_ns <= last_ns
            means_it = notice.symbol in ("", symbol) or not symbol
            if in_time and notice.venue == event["venue"] and means_it:
                return notice
        return None

    def was_live(self, event: dict[str, Any]) -> bool:
        """Say whether the book that a fault struck, or any of its venue, was LIVE just then."""
        symbol = symbol_of(event["venue"], event["topic"], event["detail"])
        at_ns = event["time_ns"]
        return any(
            not self._is_down(key, at_ns)
            for key in self.states
            if key[0] == event["venue"] and symbol in ("", key[1])
        )

    def _is_down(self, key: Key, at_ns: int) -> bool:
        has_come = bool(self.live_since[key]) and self.live_since[key][0] <= at_ns
        if not has_come or (key in self._down and self._down[key] <= at_ns):
            return True
        return any(
            one.key == key and one.begin_ns - EARLY_NS <= at_ns <= one.end_ns
            for one in self.outages
        )

    def resyncs_s(self) -> list[tuple[float, Outage]]:
        """Return how long each book took to be LIVE again once its venue would answer again."""
        ends = [(event["venue"], event["time_ns"], self._ends_ns(event)) for event in self.events]
        found = []
        for outage in self.outages:
            venue = outage.key[0]
            answers_ns = max(
                (
                    end_ns
                    for of, begin_ns, end_ns in ends
                    if of == venue and begin_ns <= outage.end_ns and end_ns <= outage.end_ns
                ),
                default=0,
            )
            begin_ns = max(outage.begin_ns, answers_ns)
            found.append(((outage.end_ns - begin_ns) / SECOND, outage))
        return found

    def _ends_ns(self, event: dict[str, Any]) -> int:
        """Return when the venue does again what it should after an injected fault."""
        spec, kind = self.planted[event["fault"]].spec, event["kind"]
        at_ns = int(event["time_ns"])
        if kind == "http":
            waits_s = spec["retry_after_s"] if spec["status"] in _WAITS else 0.0
            return at_ns + int(waits_s * SECOND)
        if kind == "stall":
            return at_ns + int(spec["for_s"] * SECOND)
        if kind in ("delay", "shutdown", "late-heartbeat"):
            return at_ns + int(spec["seconds"] * SECOND)
        return at_ns
