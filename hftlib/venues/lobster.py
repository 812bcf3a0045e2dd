"""LOBSTER's recorded equities: one frame is a message row and the best quotes after it.

A frame's payload is `message row|orderbook row`, both as in LOBSTER's files, without line ends:
`34200.18960767,1,11885113,21,2238100,1|2239500,100,2238100,21`, that is time in seconds after
midnight, type, order id, size, price x 10,000, direction | ask price, ask size, bid price, bid
size. Further levels on the right are ignored. The OPENED frame's request `lobster://AMZN/2012-06-21`
names the symbol and the day; without one, the only instrument is meant and `ts_event` is the
frame's `ts_recv`. Seconds count from that day's midnight as if it were UTC.

Types: 1 new, 2 partial cancel, 3 delete, 4 execution of a visible order, 5 of a hidden one,
6 cross trade, 7 halt (price -1), quoting resumed (0) or trading resumed (1). The direction is the
resting order's, so the aggressor is its opposite. An empty side is written with price
9999999999 or -9999999999, or with size 0.

Each row yields the book of one level, the same as best bid and offer, and a trade for types 4
and 5. Rows are in order by nature: a time that goes back is late and is not used.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from hftlib.core.decimals import to_text, to_units
from hftlib.core.events import BestBidOffer, BookSnapshot, Event, Layout, Trade
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import FeedCondition, Side
from hftlib.core.venue import LOBSTER
from hftlib.venues.counters import Reporter
from hftlib.venues.failures import DECODE_FAILURES, MalformedError, NotKnownError, condition_of
from hftlib.venues.scale import Scale, Scales
from hftlib.venues.stamps import StampError, midnight_ns

_PRICE_DECIMALS: Final = 4
_NOWHERE: Final = 9_999_999_999
_MESSAGE_FIELDS: Final = 6
_QUOTE_FIELDS: Final = 4
_VISIBLE: Final = "4"
_HIDDEN: Final = "5"
_HALT: Final = "7"
_TYPES: Final = frozenset("1234567")
_AGGRESSORS: Final = {"1": Side.SELL, "-1": Side.BUY}
_HALT_WORDS: Final = {
    "-1": (FeedCondition.STALE, "trading halted"),
    "0": (FeedCondition.STALE, "quoting resumed, trading halted"),
    "1": (FeedCondition.SYNCED, "trading resumed"),
}


class _Row(NamedTuple):
    """Hold one row: when, what, how much, at which price, and the best quotes after it."""

    time_ns: int
    type: str
    size: str
    price: str
    direction: str
    ask: tuple[str, str] | None
    bid: tuple[str, str] | None


class _Lane:
    """Hold what is known of one connection: its symbol, its day, and how far it has come."""

    __slots__ = ("is_synced", "midnight_ns", "rows", "symbol", "time_ns")

    def __init__(self, symbol: str, day_ns: int | None) -> None:
        self.symbol = symbol
        self.midnight_ns = day_ns
        self.rows = 0
        self.time_ns = -1
        self.is_synced = False


class LobsterSession:
    """Decode LOBSTER rows into level-one books and trades."""

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self.venue = LOBSTER
        self.reporter = Reporter(LOBSTER, instruments)
        self._instruments = instruments
        self._scales = Scales(instruments)
        self._lanes: dict[str, _Lane] = {}

    def receive(self, frame: Frame) -> list[Event]:
        """Return what a frame means: at least one event, never an exception."""
        self.reporter.of_connection(frame.connection).frames += 1
        try:
            if frame.kind is FrameKind.WS:
                return self._row(frame)
            return self._receive_other(frame)
        except DECODE_FAILURES as failure:
            return [
                self._tell(frame, condition_of(failure), f"{type(failure).__name__}: {failure}")
            ]

    def distrust(
        self,
        symbol: str,
        reason: str,
        ts_recv: int,
        condition: FeedCondition = FeedCondition.GAP,
    ) -> list[Event]:
        """Drop the sync of a book; the next row brings it back, so nothing is requested."""
        connection = ""
        for name, lane in self._lanes.items():
            if lane.symbol == symbol:
                connection = name
                lane.is_synced = False
        return [self.reporter.status_at(connection, ts_recv, condition, reason, symbol=symbol)]

    def is_synced(self, symbol: str) -> bool:
        """Say whether a row of the symbol was read since it was opened or distrusted."""
        return any(lane.is_synced for lane in self._lanes.values() if lane.symbol == symbol)

    def checkpoint(self) -> dict[str, object]:
        """Return the whole state as plain values that MessagePack can hold."""
        lanes = {
            name: [lane.symbol, lane.midnight_ns, lane.rows, lane.time_ns, lane.is_synced]
            for name, lane in self._lanes.items()
        }
        return {"lanes": lanes, "counters": self.reporter.dump()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take the state of a checkpoint."""
        self._lanes.clear()
        for name, (symbol, day_ns, rows, time_ns, is_synced) in state["lanes"].items():
            lane = self._lanes[name] = _Lane(symbol, day_ns)
            lane.rows, lane.time_ns, lane.is_synced = rows, time_ns, is_synced
        self.reporter.load(state["counters"])

    def _tell(self, frame: Frame, condition: FeedCondition, reason: str, symbol: str = "") -> Event:
        return self.reporter.status(frame, condition, reason, symbol=symbol)

    def _receive_other(self, frame: Frame) -> list[Event]:
        if frame.kind is FrameKind.OPENED:
            self._lanes[frame.connection] = self._opened(frame.request)
            return [self._tell(frame, FeedCondition.OPENED, frame.request)]
        if frame.kind is FrameKind.CLOSED:
            lane = self._lanes.pop(frame.connection, None)
            reason = frame.payload.decode("utf-8", "replace") or "closed"
            events = [self._tell(frame, FeedCondition.CLOSED, reason)]
            if lane is not None:
                events.append(self._tell(frame, FeedCondition.CLOSED, reason, lane.symbol))
            return events
        return [self._tell(frame, FeedCondition.ACKNOWLEDGED, f"{frame.kind} frame")]

    def _opened(self, request: str) -> _Lane:
        """Return the lane that a request such as lobster://AMZN/2012-06-21 opens."""
        try:
            parts = urlsplit(request)
        except ValueError as error:
            raise MalformedError(f"no URL: {request[:80]!r}") from error
        date = parts.path.strip("/")
        return _Lane(parts.netloc, midnight_ns(date) if date else None)

    def _lane(self, connection: str) -> _Lane:
        lane = self._lanes.get(connection)
        if lane is None:
            if len(self._instruments) != 1:
                raise NotKnownError("no OPENED frame tells which symbol the rows are of")
            lane = self._lanes[connection] = _Lane(next(iter(self._instruments)), None)
        return lane

    def _row(self, frame: Frame) -> list[Event]:
        lane = self._lane(frame.connection)
        scale = self._scales[lane.symbol]
        row = _read_row(frame.payload)
        if row.time_ns < lane.time_ns:
            return [self._tell(frame, FeedCondition.LATE, "the row's time goes back", lane.symbol)]
        ts_event = frame.ts_recv if lane.midnight_ns is None else lane.midnight_ns + row.time_ns
        market: list[Event] = [*self._quotes(row, lane, scale, ts_event, frame)]
        if row.type in (_VISIBLE, _HIDDEN):
            market.append(self._trade(row, lane, scale, ts_event, frame))
        lane.time_ns = row.time_ns
        lane.rows += 1
        counters = self.reporter.of_symbol(lane.symbol)
        counters.frames += 1
        counters.market_events += len(market)
        self.reporter.of_connection(frame.connection).market_events += len(market)
        return market + self._synced(row, lane, frame)

    def _synced(self, row: _Row, lane: _Lane, frame: Frame) -> list[Event]:
        """Return the status of a halt, of its end, or of the first row."""
        if row.type == _HALT:
            condition, words = _HALT_WORDS[row.price]
            lane.is_synced = condition is FeedCondition.SYNCED
            return [self._tell(frame, condition, words, lane.symbol)]
        if lane.is_synced:
            return []
        lane.is_synced = True
        return [self._tell(frame, FeedCondition.SYNCED, f"row {lane.rows}", lane.symbol)]

    def _quotes(
        self, row: _Row, lane: _Lane, scale: Scale, ts_event: int, frame: Frame
    ) -> tuple[Event, Event]:
        bid, ask = row.bid or (None, None), row.ask or (None, None)
        best = BestBidOffer(
            LOBSTER,
            lane.symbol,
            ts_event,
            frame.ts_recv,
            None,
            *scale.quote(*bid),
            *scale.quote(*ask),
        )
        snapshot = BookSnapshot(
            LOBSTER,
            lane.symbol,
            ts_event,
            frame.ts_recv,
            lane.rows + 1,
            Layout.PAIRS,
            _level_text(row.bid),
            _level_text(row.ask),
        )
        return snapshot, best

    def _trade(self, row: _Row, lane: _Lane, scale: Scale, ts_event: int, frame: Frame) -> Event:
        side = _AGGRESSORS.get(row.direction)
        if side is None:
            raise MalformedError(f"unknown direction {row.direction[:8]!r}")
        price, size = _price_text(row.price), scale.size(row.size)
        number = lane.rows + 1
        return Trade(
            LOBSTER, lane.symbol, ts_event, frame.ts_recv, number, scale.price(price), size, side
        )


def _level_text(level: tuple[str, str] | None) -> bytes:
    return b"[]" if level is None else f'[["{level[0]}","{level[1]}"]]'.encode()


def _price_text(text: str) -> str:
    """Return a price written as a multiple of 1/10,000 as plain decimal text."""
    return to_text(to_units(text, 0), _PRICE_DECIMALS)


def _level(price: str, size: str) -> tuple[str, str] | None:
    """Return one side's best level, None when it is empty."""
    units = to_units(price, 0)
    quanta = to_units(size, 0)
    if quanta <= 0 or not 0 < units < _NOWHERE:
        return None
    return to_text(units, _PRICE_DECIMALS), size


def _read_row(payload: bytes) -> _Row:
    """Return a payload taken apart. Raises MalformedError or DecimalError."""
    message, bar, quotes = payload.decode().strip().partition("|")
    fields, best = message.split(","), quotes.split(",")
    if not bar or len(fields) < _MESSAGE_FIELDS or len(best) < _QUOTE_FIELDS:
        raise MalformedError("not a message row and an orderbook row")
    time, kind, _order, size, price, direction = fields[:_MESSAGE_FIELDS]
    if kind not in _TYPES or (kind == _HALT and price not in _HALT_WORDS):
        raise MalformedError(f"unknown type {kind[:8]!r} with price {price[:12]!r}")
    time_ns = to_units(time, 9)
    if time_ns < 0:
        raise StampError(f"negative time {time[:24]!r}")
    return _Row(
        time_ns, kind, size, price, direction, _level(best[0], best[1]), _level(best[2], best[3])
    )
