"""Coinbase Advanced Trade's side of the sample: one connection, one sequence counter."""

from collections.abc import Iterator
from typing import Final

import msgspec

from hftlib.core.frames import FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import Side
from hftlib.core.venue import COINBASE
from hftlib.desk.sample_feed import Day, Request, Sent, Wire
from hftlib.market.chance import Chance
from hftlib.market.queue_book import Fill, Level
from hftlib.market.running import Happening, RunningMarket
from hftlib.venues.coinbase.encode import (
    AdvancedWriter,
    DayText,
    PrintedTrade,
    advanced_heartbeat,
    advanced_subscriptions,
)

_PRODUCT: Final = "BTC-USD"
_HOST: Final = "https://coinbase.simulated"
_SOCKET: Final = "wss://coinbase.simulated"
_CHANNELS: Final = ("market_trades", "ticker", "level2", "heartbeats")
_LEVEL2_NS: Final = 50_000_000
_TRADES_NS: Final = 250_000_000
_HEARTBEAT_NS: Final = 1_000_000_000
_SNAPSHOT_NS: Final = 400_000_000
_SEND_GAP_NS: Final = 200_000
_DELAY_NS: Final = 22_000_000
_JITTER_NS: Final = 2_000_000
_REST_DELAY_NS: Final = 60_000_000
_DAY_VOLUME: Final = 620_000_000_000
_DAY_CHANGE: Final = 0.987
_FIRST_TRADE: Final = 912_000_000


def products() -> Request:
    """Return the list of products, with the increments of the real one."""
    product = {
        "product_id": _PRODUCT,
        "base_increment": "0.00000001",
        "quote_increment": "0.01",
        "quote_min_size": "1",
        "quote_max_size": "150000000",
        "base_min_size": "0.00000001",
        "base_max_size": "3400",
        "base_name": "Bitcoin",
        "quote_name": "US Dollar",
        "status": "online",
        "trading_disabled": False,
        "product_type": "SPOT",
        "quote_currency_id": "USD",
        "base_currency_id": "BTC",
        "price_increment": "0.01",
    }
    body = {"products": [product], "num_products": 1}
    return Request(f"{_HOST}/api/v3/brokerage/market/products", msgspec.json.encode(body))


class CoinbaseFeed:
    """Turn a running market into the frames of one connection."""

    def __init__(self, market: RunningMarket, instrument: Instrument, chance: Chance) -> None:
        """Serve one product."""
        self._market = market
        self._writer = AdvancedWriter(instrument)
        self._wire = Wire(COINBASE, chance.fork(), _DELAY_NS, _JITTER_NS)
        self._rest = Wire(COINBASE, chance.fork(), _REST_DELAY_NS, _JITTER_NS)
        self._number = -1
        self._beats = 0
        self._trade_id = _FIRST_TRADE
        self._trades: list[PrintedTrade] = []
        self._is_traded = False
        bid = market.book.best(Side.BUY)
        opened = bid.ticks if bid is not None else 0
        self._day = Day(round(opened * _DAY_CHANGE), _DAY_VOLUME)
        self._start_ns = 0

    def open(self, now_ns: int) -> Iterator[Sent]:
        """Yield the list of products, the opening, what is subscribed, and the answers."""
        self._start_ns = now_ns
        listed = products()
        yield self._rest.send(now_ns - 400_000_000, listed.payload, FrameKind.REST, listed.request)
        yield self._wire.send(now_ns, b"", FrameKind.OPENED, _SOCKET)
        for place, channel in enumerate(_CHANNELS, 1):
            asked = {"type": "subscribe", "product_ids": [_PRODUCT], "channel": channel}
            sent_ns = now_ns + place * _SEND_GAP_NS
            yield self._wire.send(sent_ns, msgspec.json.encode(asked), FrameKind.SENT)
        for place in range(1, len(_CHANNELS) + 1):
            subscribed = {channel: [_PRODUCT] for channel in _CHANNELS[:place]}
            at_ns = now_ns + _LEVEL2_NS + place * _SEND_GAP_NS
            yield self._wire.send(at_ns, advanced_subscriptions(self._next(), at_ns, subscribed))

    def advance(self, until_ns: int, value: float) -> Iterator[Sent]:
        """Run the market up to `until_ns` and yield what is sent meanwhile."""
        for happening in self._market.advance(until_ns, value):
            self._note(happening)
        since_ns = until_ns - self._start_ns
        if since_ns == _SNAPSHOT_NS:
            yield self._snapshot(until_ns)
        elif since_ns > _SNAPSHOT_NS and since_ns % _LEVEL2_NS == 0:
            yield from self._level2(until_ns)
        if since_ns > _SNAPSHOT_NS and since_ns % _TRADES_NS == 0 and self._trades:
            batch, self._trades = self._trades, []
            yield self._wire.send(
                until_ns, self._writer.market_trades(self._next(), until_ns, batch)
            )
        if since_ns % _HEARTBEAT_NS == 0:
            self._beats += 1
            yield self._wire.send(until_ns, advanced_heartbeat(self._next(), until_ns, self._beats))

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _note(self, happening: Happening) -> None:
        for fill in happening.fills:
            self._print(fill, happening.ts_ns)

    def _print(self, fill: Fill, ts_ns: int) -> None:
        self._day.trade(fill)
        self._trade_id += 1
        self._is_traded = True
        self._trades.append(
            PrintedTrade(self._trade_id, fill.ticks, fill.quanta, fill.aggressor, ts_ns)
        )

    def _snapshot(self, now_ns: int) -> Sent:
        book = self._market.book
        book.take_changes()
        levels = [*book.levels(Side.BUY), *book.levels(Side.SELL)]
        frame = self._writer.level2(self._next(), now_ns, levels, snapshot=True)
        return self._wire.send(now_ns, frame)

    def _level2(self, now_ns: int) -> Iterator[Sent]:
        """Yield the levels that changed, and the ticker when there was a trade."""
        changes = self._market.book.take_changes()
        if changes:
            yield self._wire.send(now_ns, self._writer.level2(self._next(), now_ns, changes))
        if self._is_traded:
            self._is_traded = False
            yield self._wire.send(now_ns, self._ticker(now_ns))

    def _ticker(self, now_ns: int) -> bytes:
        day, writer, book = self._day, self._writer, self._market.book
        figures = DayText(
            writer.price(day.last),
            writer.price(day.open),
            writer.price(day.high),
            writer.price(day.low),
            writer.size(day.volume),
        )
        best = (_pair(book.best(Side.BUY)), _pair(book.best(Side.SELL)))
        return writer.ticker(self._next(), now_ns, figures, best)


def _pair(level: Level | None) -> tuple[int, int] | None:
    return None if level is None else (level.ticks, level.quanta)
