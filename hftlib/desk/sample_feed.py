"""What the sample's feeds share: the way to the receiver, and the figures of a day."""

from typing import NamedTuple

from hftlib.core.frames import FrameKind
from hftlib.market.chance import Chance
from hftlib.market.queue_book import Fill


class Sent(NamedTuple):
    """Hold one frame as it arrives."""

    ts_recv: int
    venue: str
    kind: FrameKind
    payload: bytes
    request: str = ""


class Request(NamedTuple):
    """Hold a REST body and the URL that asked for it."""

    request: str
    payload: bytes


class Wire:
    """Carry frames of one connection: late by a few milliseconds, and in order."""

    def __init__(self, venue: str, chance: Chance, delay_ns: int, jitter_ns: int) -> None:
        """Delay each frame by `delay_ns` and an exponential jitter."""
        self._venue = venue
        self._chance = chance
        self._delay_ns = delay_ns
        self._jitter_ns = jitter_ns
        self._last_ns = 0

    def send(
        self, sent_ns: int, payload: bytes, kind: FrameKind = FrameKind.WS, request: str = ""
    ) -> Sent:
        """Return the frame with the time of its arrival."""
        arrival = sent_ns + self._delay_ns + round(self._chance.exponential(self._jitter_ns))
        self._last_ns = max(arrival, self._last_ns + 1)
        return Sent(self._last_ns, self._venue, kind, payload, request)


class Day:
    """Keep the figures that a 24 h ticker tells, in ticks and quanta."""

    def __init__(self, open_ticks: int, volume_quanta: int) -> None:
        """Begin with what the day was before the tape."""
        self.open = open_ticks
        self.last = self.high = self.low = open_ticks
        self.last_quanta = 0
        self.volume = volume_quanta
        self.turnover = open_ticks * volume_quanta

    def trade(self, fill: Fill) -> None:
        """Take one trade in."""
        self.last, self.last_quanta = fill.ticks, fill.quanta
        self.high = max(self.high, fill.ticks)
        self.low = min(self.low, fill.ticks)
        self.volume += fill.quanta
        self.turnover += fill.ticks * fill.quanta
