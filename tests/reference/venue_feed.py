"""Frames made by hand: a numbered feed of one venue, and the events taken apart again."""

from collections.abc import Iterable

import msgspec

from hftlib.core.events import Event, FeedStatus
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import FeedCondition
from hftlib.venues.registry import open_session
from hftlib.venues.session import Session

START_NS = 1_700_000_000_000_000_000
MILLISECOND_NS = 1_000_000


def instrument(
    venue: str, symbol: str, tick: str = "0.01", quantum: str = "0.00000001"
) -> Instrument:
    return Instrument(venue, symbol, "BTC", "USD", tick, quantum)


class Feed:
    """Drive one session by hand; every frame arrives one millisecond after the one before."""

    def __init__(self, venue: str, *instruments: Instrument) -> None:
        self.venue = venue
        self.instruments = {kept.symbol: kept for kept in instruments}
        self.session: Session = open_session(venue, self.instruments)
        self.count = 0
        self.now_ns = START_NS

    def frame(
        self, payload: bytes | str, kind: FrameKind, request: str = "", connection: str = "ws"
    ) -> Frame:
        self.count += 1
        self.now_ns += MILLISECOND_NS
        body = payload.encode() if isinstance(payload, str) else payload
        return Frame(self.count, self.now_ns, self.venue, connection, kind, body, request)

    def ws(self, payload: bytes | str, connection: str = "ws") -> list[Event]:
        return self.session.receive(self.frame(payload, FrameKind.WS, "", connection))

    def rest(self, request: str, payload: bytes | str) -> list[Event]:
        return self.session.receive(self.frame(payload, FrameKind.REST, request, "rest"))

    def opened(self, request: str = "", connection: str = "ws") -> list[Event]:
        return self.session.receive(self.frame(b"", FrameKind.OPENED, request, connection))

    def closed(self, reason: str = "", connection: str = "ws") -> list[Event]:
        return self.session.receive(self.frame(reason, FrameKind.CLOSED, "", connection))

    def handed_over(self, connection: str, successor: str) -> list[Event]:
        frame = self.frame("handed over", FrameKind.CLOSED, successor, connection)
        return self.session.receive(frame)

    def sent(self, payload: str) -> list[Event]:
        return self.session.receive(self.frame(payload, FrameKind.SENT))

    def timer(self, later_ns: int = 0) -> list[Event]:
        self.now_ns += later_ns
        return self.session.receive(self.frame(b"", FrameKind.TIMER))


def conditions(events: Iterable[Event]) -> list[FeedCondition]:
    """Return the conditions of the statuses among some events, in order."""
    return [event.condition for event in events if isinstance(event, FeedStatus)]


def kinds(events: Iterable[Event]) -> list[str]:
    """Return what each event is: its condition in case of a status, else its class."""
    return [
        str(event.condition) if isinstance(event, FeedStatus) else type(event).__name__
        for event in events
    ]


def plain(events: Iterable[Event]) -> list[tuple[str, dict[str, object]]]:
    """Return events as values that compare: raw JSON text becomes bytes."""
    return [
        (
            type(event).__name__,
            {
                name: bytes(value) if isinstance(value, msgspec.Raw) else value
                for name, value in msgspec.structs.asdict(event).items()
            },
        )
        for event in events
    ]
