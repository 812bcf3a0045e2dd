"""Coinbase Advanced Trade's messages turned into market events, websocket and REST alike."""

from typing import Final

from hftlib.core.events import (
    BestBidOffer,
    Candle,
    MarketEvent,
    PartialDepth,
    Statistics24h,
    Trade,
)
from hftlib.core.frames import Frame
from hftlib.core.venue import COINBASE
from hftlib.venues.coinbase import advanced_messages as messages
from hftlib.venues.coinbase.trades import aggressor
from hftlib.venues.failures import MalformedError
from hftlib.venues.scale import Scales
from hftlib.venues.stamps import iso_ns

_SECOND_NS: Final = 1_000_000_000
PARTIAL_LEVELS: Final = 500
CHANNEL_INTERVAL: Final = "FIVE_MINUTE"
INTERVAL_SECONDS: Final = {
    "ONE_MINUTE": 60,
    "FIVE_MINUTE": 300,
    "FIFTEEN_MINUTE": 900,
    "THIRTY_MINUTE": 1_800,
    "ONE_HOUR": 3_600,
    "TWO_HOUR": 7_200,
    "FOUR_HOUR": 14_400,
    "SIX_HOUR": 21_600,
    "ONE_DAY": 86_400,
}


class AdvancedMarket:
    """Make market events of messages; raises one of DECODE_FAILURES, never else."""

    def __init__(self, scales: Scales) -> None:
        self._scales = scales

    def symbol(self, product_id: str) -> str:
        """Return the symbol that is known for a product.

        -USDC products are answered as -USD: where only BTC-USDC is known, BTC-USD means it.
        """
        if product_id not in self._scales and product_id.endswith("-USD"):
            alias = product_id + "C"
            return alias if alias in self._scales else product_id
        return product_id

    def require(self, product_id: str) -> str:
        """Return the symbol of a product. Raises NotKnownError when there is no instrument."""
        symbol = self.symbol(product_id)
        _ = self._scales[symbol]
        return symbol

    def trade(self, row: messages.MarketTrade, frame: Frame, *, historical: bool) -> Trade:
        """Return one trade; the venue writes the maker's side, the event has the aggressor's."""
        symbol = self.symbol(row.product_id)
        scale = self._scales[symbol]
        return Trade(
            COINBASE,
            symbol,
            iso_ns(row.time),
            frame.ts_recv,
            int(row.trade_id),
            scale.price(row.price),
            scale.size(row.size),
            aggressor(row.side),
            historical=historical,
        )

    def ticker(self, row: messages.Ticker, frame: Frame, ts_event: int) -> list[MarketEvent]:
        """Return a ticker's best bid and offer, where it has them, and its statistics."""
        symbol = self.symbol(row.product_id)
        scale = self._scales[symbol]
        statistics = Statistics24h(
            COINBASE,
            symbol,
            ts_event,
            frame.ts_recv,
            row.price,
            None,
            row.high_24_h,
            row.low_24_h,
            row.volume_24_h,
            None,
        )
        if row.best_bid is None and row.best_ask is None:
            return [statistics]
        best = BestBidOffer(
            COINBASE,
            symbol,
            ts_event,
            frame.ts_recv,
            None,
            *scale.quote(row.best_bid, row.best_bid_quantity),
            *scale.quote(row.best_ask, row.best_ask_quantity),
        )
        return [best, statistics]

    def candle(
        self,
        row: messages.CandleRow,
        frame: Frame,
        *,
        product_id: str = "",
        interval: str = CHANNEL_INTERVAL,
        ts_event: int | None = None,
    ) -> MarketEvent:
        """Return one candle; it is closed when its end lies before the message's time.

        REST carries no time of its own: there the time of arrival judges.
        """
        seconds = INTERVAL_SECONDS.get(interval)
        if seconds is None:
            raise MalformedError(f"unknown interval {interval[:40]!r}")
        symbol = self.symbol(row.product_id or product_id)
        scale = self._scales[symbol]
        open_ns = int(row.start) * _SECOND_NS
        close_ns = open_ns + seconds * _SECOND_NS
        return Candle(
            COINBASE,
            symbol,
            ts_event,
            frame.ts_recv,
            interval,
            open_ns,
            close_ns,
            scale.price(row.open),
            scale.price(row.high),
            scale.price(row.low),
            scale.price(row.close),
            scale.size(row.volume),
            close_ns <= (frame.ts_recv if ts_event is None else ts_event),
        )

    def candles(self, row: messages.CandleRow, frame: Frame, ts_event: int) -> list[MarketEvent]:
        """Return one candle of the channel."""
        return [self.candle(row, frame, ts_event=ts_event)]

    def product_book(self, book: messages.PriceBook, frame: Frame) -> MarketEvent:
        """Return REST's product book as its top levels: it joins to no stream."""
        symbol = self.symbol(book.product_id)
        scale = self._scales[symbol]
        bids, asks = (
            tuple((scale.price(row.price), scale.size(row.size)) for row in side[:PARTIAL_LEVELS])
            for side in (book.bids, book.asks)
        )
        ts_event = None if book.time is None else iso_ns(book.time)
        return PartialDepth(COINBASE, symbol, ts_event, frame.ts_recv, 0, bids, asks)

    def best_prices(
        self, product_id: str, body: messages.TickerBody, frame: Frame
    ) -> list[MarketEvent]:
        """Return the best prices of REST's ticker, which shows no sizes."""
        symbol = self.symbol(product_id)
        scale = self._scales[symbol]
        if not body.best_bid and not body.best_ask:
            return []
        return [
            BestBidOffer(
                COINBASE,
                symbol,
                None,
                frame.ts_recv,
                None,
                *scale.quote(body.best_bid, None),
                *scale.quote(body.best_ask, None),
            )
        ]
