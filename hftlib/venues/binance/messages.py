"""Binance's messages as they stand on the wire; venue letters on the right, our names on the left.

Only the fields that hftlib reads are declared; msgspec skips, and checks, the rest.
"""

from typing import Annotated, Final, Generic, TypeVar

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from hftlib.venues.stamps import Stamp

LARGEST_ID: Final = 2**62
Identifier = Annotated[int, Meta(ge=0, le=LARGEST_ID)]
Payload = TypeVar("Payload")


class Combined(Struct, Generic[Payload], gc=False):
    """Wrap a payload of a combined stream."""

    data: Payload


class DiffDepth(
    Struct,
    gc=False,
    rename={
        "event_time": "E",
        "symbol": "s",
        "first": "U",
        "last": "u",
        "bids": "b",
        "asks": "a",
        "previous": "pu",
    },
):
    """Carry a diff depth event; on futures also the partial depth, and pu."""

    event_time: Stamp
    symbol: str
    first: Identifier
    last: Identifier
    bids: Raw
    asks: Raw
    previous: Identifier = 0


class PartialBook(Struct, gc=False, rename="camel"):
    """Carry spot's partial depth: no event type, no time, no symbol."""

    last_update_id: Identifier
    bids: Raw
    asks: Raw


class DepthBody(
    Struct,
    gc=False,
    rename={"last_update_id": "lastUpdateId", "event_time": "E"},
):
    """Carry the REST depth snapshot; futures add E and T."""

    last_update_id: Identifier
    bids: Raw
    asks: Raw
    event_time: Stamp | None = None


class Ticker(
    Struct,
    gc=False,
    rename={
        "update_id": "u",
        "symbol": "s",
        "bid": "b",
        "bid_size": "B",
        "ask": "a",
        "ask_size": "A",
        "event_time": "E",
    },
):
    """Carry a bookTicker; spot's has no event time."""

    update_id: Identifier
    symbol: str
    bid: str
    bid_size: str
    ask: str
    ask_size: str
    event_time: Stamp | None = None


class SingleTrade(
    Struct,
    gc=False,
    rename={
        "symbol": "s",
        "trade_id": "t",
        "price": "p",
        "size": "q",
        "trade_time": "T",
        "buyer_is_maker": "m",
        "origin": "X",
    },
):
    """Carry a trade; futures say in X where it came from (MARKET, INSURANCE_FUND, ADL, NA)."""

    symbol: str
    trade_id: Identifier
    price: str
    size: str
    trade_time: Stamp
    buyer_is_maker: bool
    origin: str = "MARKET"


class AggregateTrade(
    Struct,
    gc=False,
    rename={
        "symbol": "s",
        "trade_id": "a",
        "price": "p",
        "size": "q",
        "trade_time": "T",
        "buyer_is_maker": "m",
    },
):
    """Carry an aggTrade, from the stream (with a symbol) or from REST (without one)."""

    trade_id: Identifier
    price: str
    size: str
    trade_time: Stamp
    buyer_is_maker: bool
    symbol: str = ""


class KlineBar(
    Struct,
    gc=False,
    rename={
        "open_time": "t",
        "close_time": "T",
        "interval": "i",
        "open": "o",
        "close": "c",
        "high": "h",
        "low": "l",
        "volume": "v",
        "closed": "x",
    },
):
    """Carry the candle within a kline event."""

    open_time: Stamp
    close_time: Stamp
    interval: str
    open: str
    close: str
    high: str
    low: str
    volume: str
    closed: bool


class Kline(Struct, gc=False, rename={"event_time": "E", "symbol": "s", "bar": "k"}):
    """Carry a kline event."""

    event_time: Stamp
    symbol: str
    bar: KlineBar


class DayTicker(
    Struct,
    gc=False,
    rename={
        "event_time": "E",
        "symbol": "s",
        "last": "c",
        "open": "o",
        "high": "h",
        "low": "l",
        "volume": "v",
        "quote_volume": "q",
    },
):
    """Carry 24hrTicker and 24hrMiniTicker; on COIN-M v counts contracts and q the base asset."""

    event_time: Stamp
    symbol: str
    last: str
    open: str
    high: str
    low: str
    volume: str
    quote_volume: str


class DayTickerBody(Struct, gc=False, rename="camel"):
    """Carry REST ticker/24hr (FULL or MINI); COIN-M writes baseVolume for quoteVolume."""

    symbol: str
    last_price: str
    open_price: str
    high_price: str
    low_price: str
    volume: str
    quote_volume: str | None = None
    base_volume: str | None = None
    close_time: Stamp | None = None


class BookTickerBody(
    Struct,
    gc=False,
    rename={
        "bid": "bidPrice",
        "bid_size": "bidQty",
        "ask": "askPrice",
        "ask_size": "askQty",
        "update_id": "lastUpdateId",
    },
):
    """Carry REST ticker/bookTicker; futures add time and lastUpdateId."""

    symbol: str
    bid: str
    bid_size: str
    ask: str
    ask_size: str
    time: Stamp | None = None
    update_id: Identifier | None = None


class Mark(
    Struct,
    gc=False,
    rename={
        "event_time": "E",
        "symbol": "s",
        "mark": "p",
        "index": "i",
        "rate": "r",
        "next_funding": "T",
    },
):
    """Carry markPriceUpdate; a delivery contract has no rate and no next funding."""

    event_time: Stamp
    symbol: str
    mark: str
    index: str = ""
    rate: str = ""
    next_funding: Stamp = 0


class TradeBody(
    Struct,
    gc=False,
    rename={"trade_id": "id", "size": "qty", "buyer_is_maker": "isBuyerMaker"},
):
    """Carry one row of REST trades and historicalTrades."""

    trade_id: Identifier
    price: str
    size: str
    time: Stamp
    buyer_is_maker: bool


class Shutdown(Struct, gc=False, rename={"event_time": "E"}):
    """Carry serverShutdown; no lead time is promised."""

    event_time: Stamp


KlineRow = tuple[Stamp, str, str, str, str, str, Stamp, str, int, str, str, str]
"""Open time, open, high, low, close, volume, close time, quote volume, trades, taker volumes, 0."""

LevelRows = list[tuple[str, str]]


class Probe(
    Struct,
    gc=False,
    rename={"event_type": "e", "update_id": "u", "bid": "b", "last_update_id": "lastUpdateId"},
):
    """Look at a message of unknown shape: which of the telling fields are there."""

    stream: Raw | UnsetType = UNSET
    data: Raw | UnsetType = UNSET
    event_type: Raw | UnsetType = UNSET
    event: Raw | UnsetType = UNSET
    result: Raw | UnsetType = UNSET
    error: Raw | UnsetType = UNSET
    code: Raw | UnsetType = UNSET
    id: Raw | UnsetType = UNSET
    last_update_id: Raw | UnsetType = UNSET
    update_id: Raw | UnsetType = UNSET
    bid: Raw | UnsetType = UNSET


class Refusal(Struct, gc=False):
    """Carry an error's code and words."""

    code: int
    msg: str = ""
