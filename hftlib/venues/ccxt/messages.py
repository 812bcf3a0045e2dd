"""The neutral layout in which ccxt's books, trades and markets are recorded; docs/ccxt.md tells it.

One JSON object per frame, its `type` first. Prices and sizes are plain decimal text, `ts` is the
venue's stamp in epoch milliseconds, and what the venue does not tell is null.
"""

from typing import Annotated, Literal

from msgspec import Meta, Raw, Struct

from hftlib.venues.stamps import Stamp

LONGEST_TEXT = 4_096
Nonce = Annotated[int, Meta(ge=0, le=2**62)]
Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]


class Book(Struct, gc=False, tag_field="type", tag="book"):
    """Carry the top of a whole book as it stands: [["price","size"],...], best first.

    `nonce` is the venue's number of the book's state where ccxt passes one on.
    """

    symbol: str
    bids: Raw
    asks: Raw
    ts: Stamp | None = None
    nonce: Nonce | None = None


class TradeRow(Struct):
    """Carry one trade; `side` is the aggressor's, `id` whatever the venue calls it."""

    price: str
    size: str
    id: Text | None = None
    ts: Stamp | None = None
    side: Literal["buy", "sell"] | None = None


class Trades(Struct, tag_field="type", tag="trades"):
    """Carry trades of one symbol, oldest first."""

    symbol: str
    trades: list[TradeRow]


class MarketRow(Struct):
    """Carry what is traded, as `Instrument` names it."""

    symbol: str
    base: str
    quote: str
    price_increment: str
    size_quantum: str
    lot: str = ""
    minimum_notional: str = "0"
    multiplier: str = "1"
    inverse: bool = False
    status: str = "TRADING"


class Markets(Struct, tag_field="type", tag="markets"):
    """Carry everything that a venue lists; answers the request ccxt://VENUE/markets."""

    markets: list[MarketRow]


Message = Book | Trades | Markets
