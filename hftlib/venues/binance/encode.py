"""Binance's frames written the way Binance writes them: for local venues and for tests.

Keys stand in the venue's order and numbers in its form: on spot prices and sizes are padded to 8
decimals, on futures they have as many decimals as the increment's text ("0.10" gives "61800.20",
a lot of "0.001" gives "0.000"), on COIN-M sizes are whole contracts. Stamps are milliseconds, or
microseconds where the connection asked for them.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from hftlib.core.decimals import to_text
from hftlib.core.events import Candle
from hftlib.core.instrument import Instrument
from hftlib.core.states import Side
from hftlib.core.venue import BINANCE, BINANCE_COINM, BINANCE_US
from hftlib.venues import level_text

Levels = Iterable[tuple[int, int]] | level_text.Levels
Quote = tuple[int, int] | None

_SPOT_DECIMALS: Final = 8
_text: Final = msgspec.json.Encoder().encode
_decimal: Final = lru_cache(16_384)(to_text)
"""The numbers of the best levels are written again and again."""


class TradeCounts(msgspec.Struct, frozen=True):
    """Hold what a candle or a day says of its trades; quote figures are decimal text."""

    first_id: int
    last_id: int
    trades: int
    quote_volume: str
    taker_base: str = "0"
    taker_quote: str = "0"


class DayFigures(msgspec.Struct, frozen=True):
    """Hold the figures of a 24 h ticker as decimal text; stamps in nanoseconds."""

    change: str
    change_percent: str
    weighted_average: str
    previous_close: str
    last: str
    last_size: str
    bid: str
    bid_size: str
    ask: str
    ask_size: str
    open: str
    high: str
    low: str
    volume: str
    quote_volume: str
    open_ns: int
    close_ns: int
    counts: TradeCounts


def _written_decimals(text: str) -> int:
    """Return the digits after the point as they are written, trailing zeros included."""
    return len(text.partition(".")[2])


def combined(stream: str, payload: bytes) -> bytes:
    """Return a payload wrapped as a combined stream's frame."""
    return b'{"stream":%b,"data":%b}' % (_text(stream), payload)


def acknowledgement(identifier: int | str | None) -> bytes:
    """Return the answer to SUBSCRIBE, UNSUBSCRIBE and SET_PROPERTY."""
    return b'{"result":null,"id":%b}' % _text(identifier)


def listing(streams: Sequence[str], identifier: int | str | None) -> bytes:
    """Return the answer to LIST_SUBSCRIPTIONS."""
    return b'{"result":%b,"id":%b}' % (_text(list(streams)), _text(identifier))


def refusal(code: int, message: str, identifier: int | str | None) -> bytes:
    """Return a websocket request's error."""
    return b'{"code":%d,"msg":%b,"id":%b}' % (code, _text(message), _text(identifier))


def rest_refusal(code: int, message: str) -> bytes:
    """Return a REST error."""
    return b'{"code":%d,"msg":%b}' % (code, _text(message))


class BinanceWriter:
    """Write the messages of one instrument on one Binance market.

    Times are integer nanoseconds UTC, levels (ticks, quanta), or columns of them, which a
    compiled kernel writes.
    """

    def __init__(self, instrument: Instrument, *, microseconds: bool = False) -> None:
        self._instrument = instrument
        self._is_spot = instrument.venue in (BINANCE, BINANCE_US)
        self._is_coinm = instrument.venue == BINANCE_COINM
        self._unit = 1_000 if microseconds else 1_000_000
        self._symbol = _text(instrument.symbol).decode()
        self._pair = _text(instrument.symbol.partition("_")[0]).decode()
        self._price_decimals, self._size_decimals = self._decimals()
        self._tick = instrument.tick_units * 10 ** (
            self._price_decimals - instrument.price_decimals
        )
        self._size_shift = 10 ** max(self._size_decimals - instrument.size_decimals, 0)
        self._writer = level_text.LevelWriter(
            level_text.Number(self._tick, self._price_decimals, True),
            level_text.Number(self._size_shift, self._size_decimals, True),
        )

    def _decimals(self) -> tuple[int, int]:
        instrument = self._instrument
        if self._is_spot:
            return _SPOT_DECIMALS, _SPOT_DECIMALS
        step = _written_decimals(instrument.lot or instrument.size_quantum)
        price = _written_decimals(instrument.price_increment)
        return max(price, instrument.price_decimals), max(step, instrument.size_decimals)

    def price(self, ticks: int) -> str:
        """Return a price as the venue writes it."""
        return _decimal(ticks * self._tick, self._price_decimals)

    def size(self, quanta: int) -> str:
        """Return a size as the venue writes it."""
        return _decimal(quanta * self._size_shift, self._size_decimals)

    def _stamp(self, stamp_ns: int) -> int:
        return stamp_ns // self._unit

    def _levels(self, levels: Levels) -> str:
        if isinstance(levels, level_text.Levels):
            return f"[{self._writer.pairs(levels)}]"
        rows = (f'["{self.price(ticks)}","{self.size(quanta)}"]' for ticks, quanta in levels)
        return f"[{','.join(rows)}]"

    def depth_update(
        self,
        event_ns: int,
        ids: tuple[int, int, int],
        bids: Levels,
        asks: Levels,
        transaction_ns: int = 0,
    ) -> bytes:
        """Return a diff depth event (and futures' partial depth); `ids` are U, u and pu.

        Spot has neither pu nor the transaction time.
        """
        first, last, previous = ids
        head = f'{{"e":"depthUpdate","E":{self._stamp(event_ns)},'
        if self._is_spot:
            head += f'"s":{self._symbol},"U":{first},"u":{last},'
        else:
            pair = f'"ps":{self._pair},' if self._is_coinm else ""
            head += f'"T":{self._stamp(transaction_ns)},"s":{self._symbol},{pair}'
            head += f'"U":{first},"u":{last},"pu":{previous},'
        return f'{head}"b":{self._levels(bids)},"a":{self._levels(asks)}}}'.encode()

    def snapshot(
        self,
        last_update_id: int,
        bids: Levels,
        asks: Levels,
        event_ns: int = 0,
        transaction_ns: int = 0,
    ) -> bytes:
        """Return REST's depth, which is spot's partial depth too; futures add E, T (and names)."""
        stamps = ""
        if not self._is_spot:
            stamps = f'"E":{self._stamp(event_ns)},"T":{self._stamp(transaction_ns)},'
        if self._is_coinm:
            stamps += f'"symbol":{self._symbol},"pair":{self._pair},'
        sides = f'"bids":{self._levels(bids)},"asks":{self._levels(asks)}'
        return f'{{"lastUpdateId":{last_update_id},{stamps}{sides}}}'.encode()

    def book_ticker(
        self,
        update_id: int,
        bid: Quote,
        ask: Quote,
        event_ns: int = 0,
        transaction_ns: int = 0,
    ) -> bytes:
        """Return a bookTicker; an empty side is written as zeros."""
        (bid_ticks, bid_quanta), (ask_ticks, ask_quanta) = bid or (0, 0), ask or (0, 0)
        best = (
            f'"b":"{self.price(bid_ticks)}","B":"{self.size(bid_quanta)}",'
            f'"a":"{self.price(ask_ticks)}","A":"{self.size(ask_quanta)}"'
        )
        if self._is_spot:
            return f'{{"u":{update_id},"s":{self._symbol},{best}}}'.encode()
        stamps = f'"T":{self._stamp(transaction_ns)},"E":{self._stamp(event_ns)}'
        if self._is_coinm:
            names = f'"u":{update_id},"e":"bookTicker","s":{self._symbol},"ps":{self._pair}'
        else:
            names = f'"e":"bookTicker","u":{update_id},"s":{self._symbol}'
        return f"{{{names},{best},{stamps}}}".encode()

    def trade(
        self, event_ns: int, trade_ns: int, trade_id: int, price: int, size: int, side: Side
    ) -> bytes:
        """Return a trade; `side` is the aggressor's, `price` in ticks, `size` in quanta."""
        maker = "true" if side is Side.SELL else "false"
        figures = f'"p":"{self.price(price)}","q":"{self.size(size)}"'
        event, when = self._stamp(event_ns), self._stamp(trade_ns)
        if self._is_spot:
            return (
                f'{{"e":"trade","E":{event},"s":{self._symbol},"t":{trade_id},{figures},'
                f'"T":{when},"m":{maker},"M":true}}'
            ).encode()
        return (
            f'{{"e":"trade","E":{event},"T":{when},"s":{self._symbol},"t":{trade_id},{figures},'
            f'"X":"MARKET","m":{maker}}}'
        ).encode()

    def aggregate_trade(
        self,
        event_ns: int,
        trade_ns: int,
        ids: tuple[int, int, int],
        price: int,
        size: int,
        side: Side,
    ) -> bytes:
        """Return an aggTrade; `ids` are its own, and those of its first and last trade."""
        number, first, last = ids
        maker = "true" if side is Side.SELL else "false"
        best_match = ',"M":true' if self._is_spot else ""
        return (
            f'{{"e":"aggTrade","E":{self._stamp(event_ns)},"s":{self._symbol},"a":{number},'
            f'"p":"{self.price(price)}","q":"{self.size(size)}","f":{first},"l":{last},'
            f'"T":{self._stamp(trade_ns)},"m":{maker}{best_match}}}'
        ).encode()

    def kline(self, event_ns: int, candle: Candle, counts: TradeCounts) -> bytes:
        """Return a kline event."""
        closed = "true" if candle.closed else "false"
        prices = {
            name: self.price(ticks)
            for name, ticks in (
                ("o", candle.open_ticks),
                ("c", candle.close_ticks),
                ("h", candle.high_ticks),
                ("l", candle.low_ticks),
            )
        }
        figures = ",".join(f'"{name}":"{text}"' for name, text in prices.items())
        return (
            f'{{"e":"kline","E":{self._stamp(event_ns)},"s":{self._symbol},"k":{{'
            f'"t":{self._stamp(candle.open_ns)},"T":{self._stamp(candle.close_ns)},'
            f'"s":{self._symbol},"i":"{candle.interval}","f":{counts.first_id},'
            f'"L":{counts.last_id},{figures},"v":"{self.size(candle.volume_quanta)}",'
            f'"n":{counts.trades},"x":{closed},"q":"{counts.quote_volume}",'
            f'"V":"{counts.taker_base}","Q":"{counts.taker_quote}","B":"0"}}}}'
        ).encode()

    def ticker(self, event_ns: int, day: DayFigures) -> bytes:
        """Return a 24hrTicker; futures leave the previous close and the best levels out."""
        counts = day.counts
        close = f'"x":"{day.previous_close}",' if self._is_spot else ""
        best = ""
        if self._is_spot:
            best = f'"b":"{day.bid}","B":"{day.bid_size}","a":"{day.ask}","A":"{day.ask_size}",'
        return (
            f'{{"e":"24hrTicker","E":{self._stamp(event_ns)},"s":{self._symbol},'
            f'"p":"{day.change}","P":"{day.change_percent}","w":"{day.weighted_average}",{close}'
            f'"c":"{day.last}","Q":"{day.last_size}",{best}{self._day(day)},'
            f'"O":{self._stamp(day.open_ns)},"C":{self._stamp(day.close_ns)},'
            f'"F":{counts.first_id},"L":{counts.last_id},"n":{counts.trades}}}'
        ).encode()

    def mini_ticker(self, event_ns: int, day: DayFigures) -> bytes:
        """Return a 24hrMiniTicker."""
        return (
            f'{{"e":"24hrMiniTicker","E":{self._stamp(event_ns)},"s":{self._symbol},'
            f'"c":"{day.last}",{self._day(day)}}}'
        ).encode()

    def window_ticker(self, event_ns: int, window: str, day: DayFigures) -> bytes:
        """Return a rolling window's ticker (1hTicker, 4hTicker, 1dTicker)."""
        counts = day.counts
        return (
            f'{{"e":"{window}Ticker","E":{self._stamp(event_ns)},"s":{self._symbol},'
            f'"p":"{day.change}","P":"{day.change_percent}","o":"{day.open}","h":"{day.high}",'
            f'"l":"{day.low}","c":"{day.last}","w":"{day.weighted_average}",'
            f'"v":"{day.volume}","q":"{day.quote_volume}",'
            f'"O":{self._stamp(day.open_ns)},"C":{self._stamp(day.close_ns)},'
            f'"F":{counts.first_id},"L":{counts.last_id},"n":{counts.trades}}}'
        ).encode()

    def average_price(self, event_ns: int, interval: str, price: str, trade_ns: int) -> bytes:
        """Return an avgPrice event; `price` is decimal text, `trade_ns` the last trade's time."""
        return (
            f'{{"e":"avgPrice","E":{self._stamp(event_ns)},"s":{self._symbol},"i":"{interval}",'
            f'"w":"{price}","T":{self._stamp(trade_ns)}}}'
        ).encode()

    def _day(self, day: DayFigures) -> str:
        return (
            f'"o":"{day.open}","h":"{day.high}","l":"{day.low}",'
            f'"v":"{day.volume}","q":"{day.quote_volume}"'
        )

    def mark_price(self, event_ns: int, prices: tuple[str, str, str], next_ns: int) -> bytes:
        """Return a markPriceUpdate; `prices` are mark, index and funding rate as text."""
        mark, index, rate = prices
        return (
            f'{{"e":"markPriceUpdate","E":{self._stamp(event_ns)},"s":{self._symbol},'
            f'"p":"{mark}","i":"{index}","P":"{mark}","r":"{rate}",'
            f'"T":{self._stamp(next_ns)}}}'
        ).encode()

    def server_shutdown(self, event_ns: int) -> bytes:
        """Return a serverShutdown, bare as a raw stream carries it."""
        return f'{{"e":"serverShutdown","E":{self._stamp(event_ns)}}}'.encode()
