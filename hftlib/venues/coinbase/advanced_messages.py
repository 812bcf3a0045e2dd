"""Coinbase Advanced Trade's messages as they stand on the wire.

Only the fields that hftlib reads are declared. client_id is in the documentation and not in
frames captured from production: it is read nowhere.
"""

from typing import Annotated, Generic, TypeVar

from msgspec import Meta, Raw, Struct

Content = TypeVar("Content")
Number = Annotated[int, Meta(ge=0, le=2**62)]
TradeNumber = Annotated[str, Meta(pattern="^[0-9]{1,18}$")]


class Envelope(Struct, Generic[Content], gc=False):
    """Wrap the events of one channel."""

    timestamp: str
    sequence_num: Number
    events: list[Content]


class Head(Struct, gc=False):
    """Look at a frame of any channel, or at an error."""

    channel: str = ""
    type: str = ""
    message: str = ""
    sequence_num: Number | None = None


class Level2(Struct, gc=False):
    """Carry one product's snapshot or update; both sides are mixed in `updates`."""

    type: str
    product_id: str
    updates: Raw


class MarketTrade(Struct, gc=False):
    """Carry one trade; `side` is the maker's."""

    product_id: str
    trade_id: TradeNumber
    price: str
    size: str
    time: str
    side: str


class MarketTrades(Struct, gc=False):
    """Carry a batch of trades, newest first; the first batch is a snapshot of past ones."""

    type: str
    trades: list[MarketTrade]


class Ticker(Struct, gc=False):
    """Carry one product's ticker; ticker_batch leaves the best bid and ask out."""

    product_id: str
    price: str
    volume_24_h: str | None = None
    low_24_h: str | None = None
    high_24_h: str | None = None
    best_bid: str | None = None
    best_bid_quantity: str | None = None
    best_ask: str | None = None
    best_ask_quantity: str | None = None


class Tickers(Struct, gc=False):
    """Carry the tickers of one event."""

    tickers: list[Ticker]


class CandleRow(Struct, gc=False):
    """Carry one candle; `start` in epoch seconds, as text."""

    start: Annotated[str, Meta(pattern="^[0-9]{1,10}$")]
    high: str
    low: str
    open: str
    close: str
    volume: str
    product_id: str = ""


class Candles(Struct, gc=False):
    """Carry candles of five minutes."""

    candles: list[CandleRow]


class Subscriptions(Struct, gc=False):
    """Carry what the connection is subscribed to."""

    subscriptions: dict[str, list[str]]


class Heartbeat(Struct, gc=False):
    """Carry the heartbeat's counter: text in the documents, a number on the wire."""

    heartbeat_counter: int | str


class BookRow(Struct, gc=False):
    """Carry one level of REST's product book."""

    price: str
    size: str


class PriceBook(Struct, gc=False):
    """Carry REST's product book."""

    product_id: str
    bids: list[BookRow]
    asks: list[BookRow]
    time: str | None = None


class ProductBookBody(Struct, gc=False):
    """Wrap REST's product book; it has no sequence."""

    pricebook: PriceBook


class PolledBook(Struct, gc=False):
    """Carry REST's product book with its levels left as text."""

    product_id: str
    bids: Raw
    asks: Raw
    time: str | None = None


class PolledBookBody(Struct, gc=False):
    """Wrap REST's product book with its levels left as text."""

    pricebook: PolledBook


class CandlesBody(Struct, gc=False):
    """Wrap REST's candles, newest first."""

    candles: list[CandleRow]


class TickerBody(Struct, gc=False):
    """Carry REST's ticker: the latest trades, newest first, and the best prices."""

    trades: list[MarketTrade]
    best_bid: str = ""
    best_ask: str = ""


class ErrorBody(Struct, gc=False):
    """Carry REST's refusals in their two shapes."""

    error: str = ""
    message: str = ""
    errors: Raw = Raw(b"null")
