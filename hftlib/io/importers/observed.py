"""The finest decimals that prices and sizes show, looked for in every frame of an import."""

from collections.abc import Iterable
from typing import Final

import msgspec

from hftlib.core.frames import FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.venue import COINBASE, COINBASE_EXCHANGE, LOBSTER

_LOBSTER_SCHEME: Final = "lobster://"
_LOBSTER_PRICE_DECIMALS: Final = 4
"""LOBSTER writes prices times 10,000; hidden executions stand at half cents."""

Levels = list[tuple[str, str]]


class Finest:
    """Keep the most decimals that one symbol's prices and sizes needed."""

    __slots__ = ("_prices_end", "_sizes_end", "price", "size")

    def __init__(self) -> None:
        """Start from whole numbers."""
        self.price = 0
        self.size = 0

    def see(self, price: str, size: str) -> None:
        """Take one price and one size in; what is no plain decimal is left to the codec."""
        self.price = _more(self.price, price)
        self.size = _more(self.size, size)

    def see_levels(self, levels: Iterable[tuple[str, str]]) -> None:
        """Take the levels of one side in."""
        price, size = self.price, self.size
        for price_text, size_text in levels:
            price = _more(price, price_text)
            size = _more(size, size_text)
        self.price, self.size = price, size


def _more(decimals: int, text: str) -> int:
    """Return the greater of `decimals` and what `text` needs."""
    point = text.find(".")
    if point < 0 or len(text) - point - 1 <= decimals:
        return decimals
    needed = len(text.rstrip("0")) - point - 1
    return max(decimals, needed) if text[point + 1 :].isdigit() else decimals


class _Kline(msgspec.Struct, gc=False):
    o: str = "0"
    h: str = "0"
    l: str = "0"  # noqa: E741 - the venue's own name
    c: str = "0"
    v: str = "0"


class _Data(msgspec.Struct, gc=False):
    """Hold the fields of Binance's streams that carry prices and sizes."""

    e: str = ""
    s: str = ""
    b: msgspec.Raw = msgspec.Raw(b"")
    a: msgspec.Raw = msgspec.Raw(b"")
    B: str = "0"
    A: str = "0"
    p: str = "0"
    q: str = "0"
    k: _Kline | None = None


class _Combined(msgspec.Struct, gc=False):
    data: _Data


class _Depth(msgspec.Struct, gc=False):
    bids: Levels
    asks: Levels


class _Match(msgspec.Struct, gc=False):
    type: str = ""
    product_id: str = ""
    price: str = "0"
    size: str = "0"
    last_size: str = "0"
    bids: list[tuple[str, ...]] = []
    asks: list[tuple[str, ...]] = []
    changes: list[tuple[str, str, str]] = []


class _Update(msgspec.Struct, gc=False):
    price_level: str
    new_quantity: str


class _Sale(msgspec.Struct, gc=False):
    product_id: str
    price: str
    size: str


class _Event(msgspec.Struct, gc=False):
    product_id: str = ""
    updates: list[_Update] = []
    trades: list[_Sale] = []


class _Advanced(msgspec.Struct, gc=False):
    events: list[_Event] = []


_levels: Final = msgspec.json.Decoder(Levels)
_text: Final = msgspec.json.Decoder(str)
_combined: Final = msgspec.json.Decoder(_Combined)
_depth: Final = msgspec.json.Decoder(_Depth)
_match: Final = msgspec.json.Decoder(_Match)
_advanced: Final = msgspec.json.Decoder(_Advanced)


class Observer:
    """Look at every frame of one venue for the finest decimals of each symbol."""

    def __init__(self, venue: str) -> None:
        """Start with no symbol seen."""
        self._venue = venue
        self.seen: dict[str, Finest] = {}
        self._look = {
            COINBASE: self._look_advanced,
            COINBASE_EXCHANGE: self._look_exchange,
            LOBSTER: self._look_nothing,
        }.get(venue, self._look_binance)

    def remember(self, instruments: Iterable[Instrument]) -> None:
        """Take what was observed on the tape before as seen, so that nothing gets coarser."""
        for one in instruments:
            if one.venue == self._venue and one.origin == "observed":
                finest = self.finest(one.symbol)
                finest.price, finest.size = one.price_decimals, one.size_decimals

    def see(self, kind: FrameKind, request: str, payload: bytes) -> str:
        """Take one frame in; return why it cannot be read, or nothing."""
        try:
            if kind is FrameKind.WS:
                self._look(payload)
            elif kind is FrameKind.REST and "/depth?" in request:
                self._look_depth(request, payload)
            elif kind is FrameKind.OPENED and request.startswith(_LOBSTER_SCHEME):
                symbol = request.removeprefix(_LOBSTER_SCHEME).partition("/")[0]
                self.finest(symbol).price = _LOBSTER_PRICE_DECIMALS
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return str(error)
        return ""

    def finest(self, symbol: str) -> Finest:
        """Return what was seen of a symbol so far."""
        found = self.seen.get(symbol)
        if found is None:
            found = self.seen[symbol] = Finest()
        return found

    def _look_nothing(self, payload: bytes) -> None:
        """See nothing: LOBSTER's prices and sizes are integers of a known scale."""

    def _look_depth(self, request: str, payload: bytes) -> None:
        symbol = request.partition("symbol=")[2].partition("&")[0]
        body = _depth.decode(payload)
        finest = self.finest(symbol)
        finest.see_levels(body.bids)
        finest.see_levels(body.asks)

    def _look_binance(self, payload: bytes) -> None:
        data = _combined.decode(payload).data
        if data.e == "depthUpdate":
            finest = self.finest(data.s)
            finest.see_levels(_levels.decode(data.b))
            finest.see_levels(_levels.decode(data.a))
        elif data.e in ("trade", "aggTrade"):
            self.finest(data.s).see(data.p, data.q)
        elif data.e in ("", "bookTicker") and data.s:
            finest = self.finest(data.s)
            finest.see(_text.decode(data.b), data.B)
            finest.see(_text.decode(data.a), data.A)
        elif data.e == "kline" and data.k is not None:
            finest = self.finest(data.s)
            for price in (data.k.o, data.k.h, data.k.l, data.k.c):
                finest.see(price, data.k.v)

    def _look_exchange(self, payload: bytes) -> None:
        message = _match.decode(payload)
        if not message.product_id:
            return
        finest = self.finest(message.product_id)
        finest.see(message.price, message.size)
        finest.see(message.price, message.last_size)
        finest.see_levels((level[0], level[1]) for level in message.bids)
        finest.see_levels((level[0], level[1]) for level in message.asks)
        finest.see_levels((price, size) for _, price, size in message.changes)

    def _look_advanced(self, payload: bytes) -> None:
        for event in _advanced.decode(payload).events:
            if event.updates:
                self.finest(event.product_id).see_levels(
                    (update.price_level, update.new_quantity) for update in event.updates
                )
            for sale in event.trades:
                self.finest(sale.product_id).see(sale.price, sale.size)
