"""Coinbase Exchange's messages turned into market events, websocket and REST alike."""

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
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
from hftlib.core.venue import COINBASE_EXCHANGE
from hftlib.venues.coinbase import exchange_messages as messages
from hftlib.venues.coinbase.trades import aggressor
from hftlib.venues.failures import MalformedError
from hftlib.venues.scale import Scale, Scales
from hftlib.venues.stamps import iso_ns

_SECOND_NS: Final = 1_000_000_000
PARTIAL_LEVELS: Final = 500
_LARGEST_EXPONENT: Final = 30


def plain(number: Decimal) -> str:
    """Return a JSON number as plain decimal text. Raises MalformedError when it is absurd."""
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise MalformedError(f"number out of reason: {str(number)[:40]}")
    return f"{number:f}"


class ExchangeMarket:
    """Make market events of messages; raises one of DECODE_FAILURES, never else."""

    def __init__(self, scales: Scales) -> None:
        self._scales = scales

    def require(self, symbol: str) -> str:
        """Return a symbol. Raises NotKnownError when there is no instrument."""
        _ = self._scales[symbol]
        return symbol

    def trade(
        self,
        row: messages.Match | messages.TradeBody,
        symbol: str,
        frame: Frame,
        *,
        historical: bool,
    ) -> Trade:
        """Return a trade; the venue writes the maker's side, the event has the aggressor's."""
        scale = self._scales[symbol]
        return Trade(
            COINBASE_EXCHANGE,
            symbol,
            iso_ns(row.time),
            frame.ts_recv,
            row.trade_id,
            scale.price(row.price),
            scale.size(row.size),
            aggressor(row.side),
            historical=historical,
        )

    def ticker(self, row: messages.Ticker, frame: Frame) -> list[MarketEvent]:
        """Return a ticker's best bid and offer, and its statistics."""
        scale = self._scales[row.product_id]
        ts_event = None if row.time is None else iso_ns(row.time)
        best = BestBidOffer(
            COINBASE_EXCHANGE,
            row.product_id,
            ts_event,
            frame.ts_recv,
            None,
            *scale.quote(row.best_bid, row.best_bid_size),
            *scale.quote(row.best_ask, row.best_ask_size),
        )
        statistics = Statistics24h(
            COINBASE_EXCHANGE,
            row.product_id,
            ts_event,
            frame.ts_recv,
            row.price,
            row.open_24h,
            row.high_24h,
            row.low_24h,
            row.volume_24h,
            None,
        )
        return [best, statistics]

    def book(self, body: messages.BookBody, symbol: str, frame: Frame) -> MarketEvent:
        """Return REST's book as its top levels: its sequence joins to no level2 stream."""
        scale = self._scales[symbol]
        bids, asks = (
            tuple((scale.price(row[0]), scale.size(row[1])) for row in side)
            for side in (body.bids, body.asks)
        )
        ts_event = None if body.time is None else iso_ns(body.time)
        return PartialDepth(
            COINBASE_EXCHANGE, symbol, ts_event, frame.ts_recv, body.sequence, bids, asks
        )

    def best_prices(self, body: messages.TickerBody, symbol: str, frame: Frame) -> MarketEvent:
        """Return the best prices of REST's ticker, which shows no sizes."""
        scale = self._scales[symbol]
        return BestBidOffer(
            COINBASE_EXCHANGE,
            symbol,
            iso_ns(body.time),
            frame.ts_recv,
            None,
            *scale.quote(body.bid, None),
            *scale.quote(body.ask, None),
        )

    def statistics(self, body: messages.StatisticsBody, symbol: str, frame: Frame) -> MarketEvent:
        """Return REST's 24 h statistics."""
        return Statistics24h(
            COINBASE_EXCHANGE,
            symbol,
            None,
            frame.ts_recv,
            body.last,
            body.open,
            body.high,
            body.low,
            body.volume,
            None,
        )

    def candle(
        self, row: messages.CandleRow, symbol: str, seconds: int, frame: Frame
    ) -> MarketEvent:
        """Return one candle of REST: low stands before high, and the figures are JSON numbers.

        The venue adds volumes up in floats; they are rounded to the size quantum.
        """
        scale = self._scales[symbol]
        start, low, high, open_, close, volume = row
        close_ns = (start + seconds) * _SECOND_NS
        return Candle(
            COINBASE_EXCHANGE,
            symbol,
            None,
            frame.ts_recv,
            str(seconds),
            start * _SECOND_NS,
            close_ns,
            scale.price(plain(open_)),
            scale.price(plain(high)),
            scale.price(plain(low)),
            scale.price(plain(close)),
            _rounded(volume, scale),
            close_ns <= frame.ts_recv,
        )


def _rounded(volume: Decimal, scale: Scale) -> int:
    """Return a volume in quanta, rounded half to even."""
    plain(volume)
    step = Decimal(scale.instrument.size_quantum)
    try:
        rounded = volume.quantize(step, ROUND_HALF_EVEN)
    except InvalidOperation as error:
        raise MalformedError(f"volume out of reason: {str(volume)[:40]}") from error
    return scale.size(f"{rounded:f}")
