"""Binance's side of the sample: combined streams of diff depth, tickers and trades, and REST."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from hftlib.core.decimals import to_text
from hftlib.core.frames import FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import Side
from hftlib.core.venue import BINANCE
from hftlib.desk.sample_feed import Day, Request, Sent, Wire
from hftlib.market.chance import Chance
from hftlib.market.queue_book import Level
from hftlib.market.running import Happening, RunningMarket
from hftlib.venues.binance.encode import BinanceWriter, DayFigures, TradeCounts, combined

_HOST: Final = "https://binance.simulated"
_SOCKET: Final = "wss://binance.simulated/stream?streams="
_STREAMS: Final = ("depth@100ms", "bookTicker", "trade", "ticker")
_DEPTH_NS: Final = 100_000_000
_TICKER_NS: Final = 1_000_000_000
_SNAPSHOT_NS: Final = 350_000_000
_SNAPSHOT_LEVELS: Final = 1_000
_DAY_NS: Final = 86_400_000_000_000
_DELAY_NS: Final = 4_000_000
_JITTER_NS: Final = 700_000
_REST_DELAY_NS: Final = 40_000_000
_FIRST_TRADE: Final = 3_700_000_000
_ASSETS: Final = {"BTCUSDT": ("BTC", "0.00001000"), "ETHUSDT": ("ETH", "0.00010000")}
_DAY_VOLUME: Final = {"BTCUSDT": 1_800_000_000_000, "ETHUSDT": 24_000_000_000_000}
_DAY_CHANGE: Final = {"BTCUSDT": 0.987, "ETHUSDT": 0.979}


def exchange_info() -> Request:
    """Return exchangeInfo of the symbols, with the increments of the real ones."""
    symbols = [
        {
            "symbol": symbol,
            "status": "TRADING",
            "baseAsset": base,
            "baseAssetPrecision": 8,
            "quoteAsset": "USDT",
            "quotePrecision": 8,
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": "0.01000000",
                    "maxPrice": "1000000.00000000",
                    "tickSize": "0.01000000",
                },
                {
                    "filterType": "LOT_SIZE",
                    "minQty": step,
                    "maxQty": "9000.00000000",
                    "stepSize": step,
                },
                {"filterType": "NOTIONAL", "minNotional": "5.00000000"},
            ],
        }
        for symbol, (base, step) in _ASSETS.items()
    ]
    body = {"timezone": "UTC", "rateLimits": [], "exchangeFilters": [], "symbols": symbols}
    names = ",".join(f"%22{symbol}%22" for symbol in _ASSETS)
    return Request(f"{_HOST}/api/v3/exchangeInfo?symbols=[{names}]", msgspec.json.encode(body))


class BinanceFeed:
    """Turn running markets into the frames of one combined connection."""

    def __init__(
        self,
        markets: Mapping[str, RunningMarket],
        instruments: Mapping[str, Instrument],
        chance: Chance,
    ) -> None:
        """Serve the markets by symbol."""
        self._wire = Wire(BINANCE, chance.fork(), _DELAY_NS, _JITTER_NS)
        self._rest = Wire(BINANCE, chance.fork(), _REST_DELAY_NS, _JITTER_NS)
        self._symbols = {
            symbol: _Symbol(market, instruments[symbol], self._wire, self._rest)
            for symbol, market in markets.items()
        }

    def open(self, now_ns: int) -> Iterator[Sent]:
        """Yield exchangeInfo and the opening of the connection."""
        info = exchange_info()
        yield self._rest.send(now_ns - 500_000_000, info.payload, FrameKind.REST, info.request)
        streams = "/".join(
            f"{symbol.lower()}@{stream}" for symbol in self._symbols for stream in _STREAMS
        )
        yield self._wire.send(now_ns, b"", FrameKind.OPENED, _SOCKET + streams)
        self._start_ns = now_ns

    def advance(self, until_ns: int, values: Mapping[str, float]) -> Iterator[Sent]:
        """Run the markets up to `until_ns` and yield what is sent meanwhile."""
        for symbol, one in self._symbols.items():
            yield from one.advance(until_ns, values[symbol], until_ns - self._start_ns)


class _Symbol:
    """Send the streams of one symbol."""

    def __init__(
        self, market: RunningMarket, instrument: Instrument, wire: Wire, rest: Wire
    ) -> None:
        self._market = market
        self._symbol = instrument.symbol
        self._instrument = instrument
        self._writer = BinanceWriter(instrument)
        self._wire = wire
        self._rest = rest
        self._last_id = market.update_id
        self._trade_id = _FIRST_TRADE
        bid = market.book.best(Side.BUY)
        opened = bid.ticks if bid is not None else 0
        change = _DAY_CHANGE[self._symbol]
        self._day = Day(round(opened * change), _DAY_VOLUME[self._symbol])

    def advance(self, until_ns: int, value: float, since_ns: int) -> Iterator[Sent]:
        for happening in self._market.advance(until_ns, value):
            yield from self._tell(happening)
        if since_ns % _DEPTH_NS == 0:
            yield from self._depth(until_ns)
        if since_ns % _TICKER_NS == 0:
            yield self._send(
                until_ns, "ticker", self._writer.ticker(until_ns, self._figures(until_ns))
            )
        if since_ns == _SNAPSHOT_NS:
            yield self._snapshot(until_ns)

    def _send(self, now_ns: int, stream: str, payload: bytes) -> Sent:
        return self._wire.send(now_ns, combined(f"{self._symbol.lower()}@{stream}", payload))

    def _tell(self, happening: Happening) -> Iterator[Sent]:
        now = happening.ts_ns
        for fill in happening.fills:
            self._day.trade(fill)
            self._trade_id += 1
            payload = self._writer.trade(
                now, now, self._trade_id, fill.ticks, fill.quanta, fill.aggressor
            )
            yield self._send(now, "trade", payload)
        if happening.is_new_best:
            ticker = self._writer.book_ticker(
                happening.update_id, _pair(happening.bid), _pair(happening.ask)
            )
            yield self._send(now, "bookTicker", ticker)

    def _depth(self, now_ns: int) -> Iterator[Sent]:
        """Yield the levels that changed since the last time, if any did."""
        changes = self._market.book.take_changes()
        if not changes:
            return
        bids, asks = (
            [(level.ticks, level.quanta) for level in changes if level.side is side]
            for side in (Side.BUY, Side.SELL)
        )
        ids = (self._last_id + 1, self._market.update_id, self._last_id)
        self._last_id = self._market.update_id
        update = self._writer.depth_update(now_ns, ids, bids, asks)
        yield self._send(now_ns, "depth@100ms", update)

    def _snapshot(self, now_ns: int) -> Sent:
        book = self._market.book
        bids, asks = (
            [(level.ticks, level.quanta) for level in book.levels(side, _SNAPSHOT_LEVELS)]
            for side in (Side.BUY, Side.SELL)
        )
        body = self._writer.snapshot(self._market.update_id, bids, asks)
        request = f"{_HOST}/api/v3/depth?symbol={self._symbol}&limit={_SNAPSHOT_LEVELS}"
        return self._rest.send(now_ns, body, FrameKind.REST, request)

    def _figures(self, now_ns: int) -> DayFigures:
        day, writer = self._day, self._writer
        book = self._market.book
        bid, ask = book.best(Side.BUY), book.best(Side.SELL)
        change = day.last - day.open
        trades = self._trade_id - _FIRST_TRADE
        quote_volume = to_text(
            day.turnover,
            self._instrument.price_decimals + self._instrument.size_decimals,
            pad=False,
        )
        return DayFigures(
            change=("-" if change < 0 else "") + writer.price(abs(change)),
            change_percent=to_text(round(100_000 * change / day.open), 3),
            weighted_average=writer.price(day.turnover // day.volume),
            previous_close=writer.price(day.open),
            last=writer.price(day.last),
            last_size=writer.size(day.last_quanta),
            bid=writer.price(bid.ticks if bid else 0),
            bid_size=writer.size(bid.quanta if bid else 0),
            ask=writer.price(ask.ticks if ask else 0),
            ask_size=writer.size(ask.quanta if ask else 0),
            open=writer.price(day.open),
            high=writer.price(day.high),
            low=writer.price(day.low),
            volume=writer.size(day.volume),
            quote_volume=quote_volume,
            open_ns=now_ns - _DAY_NS,
            close_ns=now_ns,
            counts=TradeCounts(_FIRST_TRADE, self._trade_id, trades, quote_volume),
        )


def _pair(level: Level | None) -> tuple[int, int] | None:
    return None if level is None else (level.ticks, level.quanta)
