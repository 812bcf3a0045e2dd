"""The venue's side of a fault trial: it answers what a session asks, out of the clean run.

A Binance session asks for a REST snapshot; a Coinbase Exchange session for a new subscription, on
which the venue pushes a snapshot; a Coinbase Advanced session too, and there the driver opens the
connection anew, so that its sequence begins at 0 and snapshots of all products come first. Both
Coinbase venues are asked for their REST book every now and then, which nothing joins to the stream:
it is there to be compared, and shows the book of a moment ago.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from random import Random
from typing import Protocol

import msgspec
from msgspec.structs import replace

from hftlib.book.layout import Ints
from hftlib.core import venue as names
from hftlib.core.events import SnapshotRequest
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import Side
from hftlib.desk.clean_run import CleanRun, Key, Shadow, Sides
from hftlib.io.faults import Fault, truncated
from hftlib.venues.binance.encode import BinanceWriter
from hftlib.venues.coinbase.encode import AdvancedWriter, ExchangeWriter

LATENCY_NS = 100_000_000
"""How long an answer takes."""
OUTAGE_NS = 500_000_000
"""How long a lost connection stays away."""

COMPARE_NS = 2_000_000_000
"""How often the REST book is compared where that is the only defence."""
_COMPARED_LEVELS = 500

_NUMBER = re.compile(rb'"sequence_num":(\d+)')
_BOOK_URL = "https://recorded/products/{}/book?level=2"
_PRODUCT_BOOK_URL = "https://recorded/api/v3/brokerage/market/product_book?product_id={}"
_DEPTH_URL = "https://recorded/api/v3/depth?symbol={}&limit=5000"

Write = Callable[[int, int, Sides], bytes]
"""Called as write(update id, time in ns, levels)."""


def _pairs(side: tuple[Ints, Ints]) -> list[tuple[int, int]]:
    ticks, quanta = side
    return list(zip(ticks.tolist(), quanta.tolist(), strict=False))


class _Remembering(AdvancedWriter):
    """Write every number once: Coinbase's snapshots have 46,000 levels, mostly the same ones."""

    def __init__(self, instrument: Instrument) -> None:
        super().__init__(instrument)
        self._prices: dict[int, str] = {}
        self._sizes: dict[int, str] = {}

    def price(self, ticks: int) -> str:
        text = self._prices.get(ticks)
        if text is None:
            text = self._prices[ticks] = super().price(ticks)
        return text

    def size(self, quanta: int) -> str:
        text = self._sizes.get(quanta)
        if text is None:
            text = self._sizes[quanta] = super().size(quanta)
        return text


def writers_of(instruments: Iterable[Instrument]) -> dict[Key, Write]:
    """Return what writes a book the way its venue sends snapshots, for every instrument."""
    return {(one.venue, one.symbol): _writer_of(one) for one in instruments}


def _writer_of(instrument: Instrument) -> Write:
    if instrument.venue == names.COINBASE:
        return _advanced(_Remembering(instrument))
    if instrument.venue == names.COINBASE_EXCHANGE:
        exchange = ExchangeWriter(instrument)
        return lambda _id, _ts, sides: exchange.snapshot(*map(_pairs, sides))
    return _binance(BinanceWriter(instrument))


def _binance(writer: BinanceWriter) -> Write:
    def write(last: int, ts: int, sides: Sides) -> bytes:
        bids, asks = map(_pairs, sides)
        return writer.snapshot(last, bids, asks, ts, ts)

    return write


def _advanced(writer: AdvancedWriter) -> Write:
    def write(_id: int, ts: int, sides: Sides) -> bytes:
        bids, asks = map(_pairs, sides)
        levels = [(Side.BUY, *level) for level in bids] + [(Side.SELL, *level) for level in asks]
        return writer.level2(0, ts, levels, snapshot=True)

    return write


class Library:
    """Write snapshots of the clean run, each once for all faults of a place."""

    def __init__(self, clean: CleanRun, shadow: Shadow, writers: Mapping[Key, Write]) -> None:
        """Write what `shadow` holds."""
        self.clean = clean
        self.shadow = shadow
        self._instruments = {(one.venue, one.symbol): one for one in clean.instruments}
        self._writers = writers
        self._written: dict[tuple[Key, int], bytes] = {}

    def snapshot(self, key: Key, place: int) -> bytes | None:
        """Return a book after the frame at a place, as the venue writes it; None without one."""
        found = self.shadow.at_place(key, place)
        if found is None:
            return None
        last, sides = found
        kept = self._written.get((key, id(sides)))
        if kept is None:
            kept = self._writers[key](last, self.clean.stamps[max(place, 0)], sides)
            self._written[key, id(sides)] = kept
        return kept

    def rest_book(self, key: Key, place: int) -> tuple[str, bytes] | None:
        """Return URL and body of the REST book of a Coinbase venue, its best levels."""
        found = self.shadow.at_place(key, place)
        if found is None:
            return None
        venue, symbol = key
        instrument = self._instruments[key]
        bids, asks = (
            [
                (instrument.price_text(ticks), instrument.size_text(quanta))
                for ticks, quanta in _pairs((side[0][:_COMPARED_LEVELS], side[1]))
            ]
            for side in found[1]
        )
        if venue == names.COINBASE:
            rows = [[{"price": p, "size": s} for p, s in side] for side in (bids, asks)]
            book = {"product_id": symbol, "bids": rows[0], "asks": rows[1]}
            return _PRODUCT_BOOK_URL.format(symbol), msgspec.json.encode({"pricebook": book})
        counted = [[(*level, 1) for level in side] for side in (bids, asks)]
        body = {"sequence": 0, "bids": counted[0], "asks": counted[1]}
        return _BOOK_URL.format(symbol), msgspec.json.encode(body)


class Line(Protocol):
    """Carry frames between the recorded venue and a session."""

    def lose(self, now: int) -> list[Frame]:
        """Cut the connection; return what the session sees of it."""
        ...

    def ask(self, request: SnapshotRequest) -> None:
        """Take a session's request."""
        ...

    def due(self, now: int) -> Iterator[Frame]:
        """Yield what the venue sends by itself, or answers, up to a time."""
        ...

    def carry(self, frame: Frame) -> Frame | None:
        """Return a recorded frame as it arrives, None where the connection is away."""
        ...


class RestLine:
    """Answer with REST snapshots, each a while after it was asked for."""

    def __init__(self, library: Library, key: Key, frame: Frame, fault: Fault, random: Random):
        """Serve the books of `frame`'s connection; the first answer is spoilt as `fault` says."""
        self.library = library
        self.clean = library.clean
        self.origin = frame
        self.key = key
        self.fault = fault
        self.random = random
        self.stale_place = -1
        self.waiting: list[tuple[int, str]] = []
        self.away_until: int | None = None
        self.spoilt = False

    def lose(self, now: int) -> list[Frame]:
        """Cut the connection for a while."""
        self.stale_place = self.clean.place_at(now - 1)
        self.away_until = now + OUTAGE_NS
        return [self.made(now, FrameKind.CLOSED, b"connection lost")]

    def made(self, now: int, kind: FrameKind, payload: bytes, request: str = "") -> Frame:
        """Return a frame on the connection that was not recorded."""
        return replace(self.origin, ts_recv=now, kind=kind, payload=payload, request=request)

    def ask(self, request: SnapshotRequest) -> None:
        """Note a request."""
        self.waiting.append((request.ts_recv + LATENCY_NS, request.symbol))

    def due(self, now: int) -> Iterator[Frame]:
        """Yield the reopening and the answers whose time has come."""
        if self.away_until is not None and self.away_until <= now:
            opened, self.away_until = self.away_until, None
            yield from self.opened(opened)
        while self.waiting and self.waiting[0][0] <= now:
            when, symbol = self.waiting.pop(0)
            yield from self.answer(when, symbol)

    def opened(self, now: int) -> list[Frame]:
        """Return what comes when the connection is open again."""
        return [self.made(now, FrameKind.OPENED, b"")]

    def answer(self, now: int, symbol: str) -> list[Frame]:
        """Return the answer to one request."""
        return self.snapshot(symbol, now, FrameKind.REST, _DEPTH_URL.format(symbol))

    def snapshot(self, symbol: str, now: int, kind: FrameKind, request: str = "") -> list[Frame]:
        """Return a book as it is by now, or spoilt once where the fault wants that."""
        key = (self.key[0], symbol)
        spoil = key == self.key and not self.spoilt and self.stale_place >= 0
        self.spoilt = self.spoilt or spoil
        is_stale = spoil and self.fault is Fault.STALE_SNAPSHOT
        place = self.stale_place if is_stale else self.clean.place_at(now)
        body = self.library.snapshot(key, place)
        if body is None:
            return []
        if spoil and not is_stale:
            body = truncated(body, self.random)
        return [self.made(now, kind, body, request)]

    def carry(self, frame: Frame) -> Frame | None:
        """Let a frame pass unless its connection is away."""
        if self.away_until is not None and frame.connection == self.origin.connection:
            return None
        return frame


class PushLine(RestLine):
    """Answer with snapshots pushed on the connection (Coinbase Exchange)."""

    compare_at: int | None = None

    def due(self, now: int) -> Iterator[Frame]:
        """Yield the reopening, the answers and the REST books whose time has come."""
        yield from super().due(now)
        if self.compare_at is None:
            self.compare_at = now + self.random.randrange(COMPARE_NS)
        while self.compare_at <= now:
            place = self.clean.place_at(self.compare_at - LATENCY_NS)
            shown = self.library.rest_book(self.key, place)
            if shown is not None:
                yield self.made(self.compare_at, FrameKind.REST, shown[1], shown[0])
            self.compare_at += COMPARE_NS

    def opened(self, now: int) -> list[Frame]:
        """Return the opening and a snapshot of every book, this trial's first."""
        keys = sorted(self.library.shadow.keys, key=lambda key: key != self.key)
        frames = [self.made(now, FrameKind.OPENED, b"")]
        for _, symbol in keys:
            frames += self.snapshot(symbol, now, FrameKind.WS)
        return frames

    def answer(self, now: int, symbol: str) -> list[Frame]:
        """Return a snapshot of one book."""
        return self.snapshot(symbol, now, FrameKind.WS)


class NumberedLine(PushLine):
    """Open the connection anew for an answer and number its frames from 0 (Coinbase Advanced)."""

    number: int | None = None
    newest = -1
    oldest = -1

    def ask(self, request: SnapshotRequest) -> None:
        """Note a request; one reopening answers all that are waiting."""
        if not self.waiting and self.away_until is None:
            super().ask(request)

    def answer(self, now: int, _symbol: str) -> list[Frame]:
        """Return the closing and opening of the connection with its snapshots."""
        return [self.made(now, FrameKind.CLOSED, b"opened anew"), *self.opened(now)]

    def opened(self, now: int) -> list[Frame]:
        """Return the opening and every snapshot, numbered from 0."""
        self.number = 0
        self.oldest = self.newest + 1
        return [self.numbered(frame) for frame in super().opened(now)]

    def numbered(self, frame: Frame) -> Frame:
        """Return a frame with the connection's next number, where it carries one."""
        if self.number is None or frame.kind is not FrameKind.WS:
            return frame
        text = b'"sequence_num":%d' % self.number
        self.number += 1
        return replace(frame, payload=_NUMBER.sub(text, frame.payload, count=1))

    def carry(self, frame: Frame) -> Frame | None:
        """Let a frame pass, numbered anew once the connection was opened anew.

        What the old connection still owed is lost with it.
        """
        carried, found = super().carry(frame), _NUMBER.search(frame.payload)
        number = int(found[1]) if found else self.newest
        self.newest = max(self.newest, number)
        return None if carried is None or number < self.oldest else self.numbered(carried)


_PUSHED = {names.COINBASE: NumberedLine, names.COINBASE_EXCHANGE: PushLine}


def line_of(library: Library, key: Key, frame: Frame, fault: Fault, random: Random) -> Line:
    """Return the line of a book's venue."""
    return _PUSHED.get(key[0], RestLine)(library, key, frame, fault, random)
