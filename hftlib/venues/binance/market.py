"""Binance's messages turned into market events, stream and REST alike.

`ts_event` is E, the time at which the venue made the message, for books, tickers, candles and
statistics, and T, the time of the trade itself, for trades. Spot's bookTicker and partial depth
carry no time at all: None.
"""

from typing import Final

import msgspec

from hftlib.core.events import (
    BestBidOffer,
    Candle,
    MarketEvent,
    MarkPrice,
    PartialDepth,
    Statistics24h,
    Trade,
)
from hftlib.core.frames import Frame
from hftlib.core.states import Side
from hftlib.core.venue import BINANCE_COINM
from hftlib.venues.binance import messages
from hftlib.venues.failures import MalformedError, NotModelledError
from hftlib.venues.scale import Scale, Scales
from hftlib.venues.stamps import stamp_ns

_PARTIAL_LEVELS: Final = 20
_read_levels: Final = msgspec.json.Decoder(messages.LevelRows).decode

Levels = tuple[tuple[int, int], ...]


def levels_of(text: msgspec.Raw, scale: Scale) -> Levels:
    """Return the top levels of JSON text [["price","size"],...] as (ticks, quanta), at most 20."""
    rows = _read_levels(text)[:_PARTIAL_LEVELS]
    return tuple((scale.price(price), scale.size(size)) for price, size in rows)


class MarketReader:
    """Make market events of one venue's messages; raises one of DECODE_FAILURES, never else."""

    def __init__(self, venue: str, scales: Scales) -> None:
        self.venue = venue
        self._scales = scales

    def best(self, data: messages.Ticker, frame: Frame) -> MarketEvent:
        """Return a bookTicker's best bid and offer."""
        scale = self._scales[data.symbol]
        stamp = data.event_time
        return BestBidOffer(
            self.venue,
            data.symbol,
            None if stamp is None else stamp_ns(stamp),
            frame.ts_recv,
            data.update_id,
            *scale.quote(data.bid, data.bid_size),
            *scale.quote(data.ask, data.ask_size),
        )

    def partial(
        self,
        symbol: str,
        update_id: int,
        stamp: int | None,
        sides: tuple[msgspec.Raw, msgspec.Raw],
        frame: Frame,
    ) -> MarketEvent:
        """Return a partial depth; `sides` are the bids' and the asks' text."""
        scale = self._scales[symbol]
        ts_event = None if stamp is None else stamp_ns(stamp)
        bids, asks = levels_of(sides[0], scale), levels_of(sides[1], scale)
        return PartialDepth(self.venue, symbol, ts_event, frame.ts_recv, update_id, bids, asks)

    def trade(self, data: messages.SingleTrade, frame: Frame) -> MarketEvent:
        """Return a trade; m = true says that the buyer rested, so the aggressor sold.

        Futures also report what no order book did (insurance fund, deleveraging): not modelled.
        """
        if data.origin != "MARKET":
            raise NotModelledError(f"trade {data.trade_id} of {data.origin[:40]}")
        scale = self._scales[data.symbol]
        return Trade(
            self.venue,
            data.symbol,
            stamp_ns(data.trade_time),
            frame.ts_recv,
            data.trade_id,
            scale.price(data.price),
            scale.size(data.size),
            Side.SELL if data.buyer_is_maker else Side.BUY,
        )

    def aggregate(
        self, data: messages.AggregateTrade, frame: Frame, symbol: str = ""
    ) -> MarketEvent:
        """Return an aggTrade; `symbol` is given where REST leaves it out, and marks a backfill."""
        name = symbol or data.symbol
        scale = self._scales[name]
        return Trade(
            self.venue,
            name,
            stamp_ns(data.trade_time),
            frame.ts_recv,
            data.trade_id,
            scale.price(data.price),
            scale.size(data.size),
            Side.SELL if data.buyer_is_maker else Side.BUY,
            aggregate=True,
            historical=bool(symbol),
        )

    def past_trade(self, data: messages.TradeBody, frame: Frame, symbol: str) -> MarketEvent:
        """Return one row of REST trades."""
        scale = self._scales[symbol]
        return Trade(
            self.venue,
            symbol,
            stamp_ns(data.time),
            frame.ts_recv,
            data.trade_id,
            scale.price(data.price),
            scale.size(data.size),
            Side.SELL if data.buyer_is_maker else Side.BUY,
            historical=True,
        )

    def candle(self, data: messages.Kline, frame: Frame) -> MarketEvent:
        """Return a kline event's candle."""
        bar = data.bar
        scale = self._scales[data.symbol]
        return Candle(
            self.venue,
            data.symbol,
            stamp_ns(data.event_time),
            frame.ts_recv,
            bar.interval,
            stamp_ns(bar.open_time),
            stamp_ns(bar.close_time),
            scale.price(bar.open),
            scale.price(bar.high),
            scale.price(bar.low),
            scale.price(bar.close),
            scale.size(bar.volume),
            bar.closed,
        )

    def past_candle(
        self, row: messages.KlineRow, frame: Frame, symbol: str, interval: str
    ) -> MarketEvent:
        """Return one row of REST klines; it is closed when its close lies before its arrival."""
        scale = self._scales[symbol]
        close_ns = stamp_ns(row[6])
        prices = [scale.price(text) for text in row[1:5]]
        return Candle(
            self.venue,
            symbol,
            None,
            frame.ts_recv,
            interval,
            stamp_ns(row[0]),
            close_ns,
            prices[0],
            prices[1],
            prices[2],
            prices[3],
            scale.size(row[5]),
            close_ns < frame.ts_recv,
        )

    def statistics(self, data: messages.DayTicker, frame: Frame) -> MarketEvent:
        """Return 24 h statistics; no instrument is needed, the figures stay text."""
        base, quote = self._volumes(data.volume, data.quote_volume)
        return Statistics24h(
            self.venue,
            data.symbol,
            stamp_ns(data.event_time),
            frame.ts_recv,
            data.last,
            data.open,
            data.high,
            data.low,
            base,
            quote,
        )

    def _volumes(self, volume: str, second: str | None) -> tuple[str | None, str | None]:
        """Return base and quote volume; COIN-M writes contracts first and the base second."""
        return (second, None) if self.venue == BINANCE_COINM else (volume, second)

    def past_statistics(self, body: messages.DayTickerBody, frame: Frame) -> MarketEvent:
        """Return REST 24 h statistics."""
        second = body.base_volume if self.venue == BINANCE_COINM else body.quote_volume
        base, quote = self._volumes(body.volume, second)
        stamp = body.close_time
        return Statistics24h(
            self.venue,
            body.symbol,
            None if stamp is None else stamp_ns(stamp),
            frame.ts_recv,
            body.last_price,
            body.open_price,
            body.high_price,
            body.low_price,
            base,
            quote,
        )

    def past_best(self, body: messages.BookTickerBody, frame: Frame) -> MarketEvent:
        """Return REST's best bid and offer; spot gives it no update id."""
        scale = self._scales[body.symbol]
        return BestBidOffer(
            self.venue,
            body.symbol,
            None if body.time is None else stamp_ns(body.time),
            frame.ts_recv,
            body.update_id,
            *scale.quote(body.bid, body.bid_size),
            *scale.quote(body.ask, body.ask_size),
        )

    def mark(self, data: messages.Mark, frame: Frame) -> MarketEvent:
        """Return a perpetual's mark price, index price and funding."""
        return MarkPrice(
            self.venue,
            data.symbol,
            stamp_ns(data.event_time),
            frame.ts_recv,
            data.mark,
            data.index,
            data.rate,
            stamp_ns(data.next_funding),
        )


def in_order(data: messages.DiffDepth) -> None:
    """Refuse an event whose first id is above its last. Raises MalformedError."""
    if data.first > data.last:
        raise MalformedError(f"first id {data.first} above last id {data.last}")
