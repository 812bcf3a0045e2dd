"""Binance's streams whose every message is one event: decoders and makers of each, in one table."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

import msgspec

from hftlib.core.events import Event, MarketEvent
from hftlib.core.frames import Frame
from hftlib.core.states import FeedCondition
from hftlib.venues.binance import messages
from hftlib.venues.binance.market import MarketReader
from hftlib.venues.binance.repetitions import Repetitions
from hftlib.venues.binance.streams import StreamKind, StreamName
from hftlib.venues.counters import Counters, Reporter
from hftlib.venues.failures import DECODE_FAILURES, condition_of

Message = TypeVar("Message")
OneOrMany = Callable[[msgspec.Raw], Message | list[Message]]
Wrapped = Callable[[bytes], messages.Combined[Message]]

_decoder: Final = msgspec.json.Decoder


class Channel(Generic[Message]):
    """Decode one kind of message, bare, in an array or wrapped by a combined stream."""

    def __init__(
        self,
        one_or_many: OneOrMany[Message],
        wrapped: Wrapped[Message],
        make: Callable[[Message, Frame], MarketEvent],
        reporter: Reporter,
        repetitions: Repetitions | None = None,
    ) -> None:
        """Count with `reporter`; what `repetitions` holds already is reported and not told."""
        self._one_or_many = one_or_many
        self._wrapped = wrapped
        self._make = make
        self._reporter = reporter
        self._repetitions = repetitions

    def receive(self, frame: Frame, lane: Counters) -> list[Event]:
        """Return the event of a combined frame that carries one message."""
        try:
            event = self._make(self._wrapped(frame.payload).data, frame)
        except DECODE_FAILURES as failure:
            return [self._fail(frame, failure)]
        if self._repetitions is not None and self._repetitions.holds(event, frame.connection):
            return [self._again(frame, event)]
        lane.market_events += 1
        return [event]

    def read(self, data: msgspec.Raw, frame: Frame, _name: StreamName) -> list[Event]:
        """Return the events of a message or of an array; a row that fails spoils no other.

        Raises msgspec.MsgspecError when the text is neither.
        """
        found = self._one_or_many(data)
        rows = found if isinstance(found, list) else [found]
        if not rows:
            return [self._reporter.status(frame, FeedCondition.ACKNOWLEDGED, "empty array")]
        return [self._each(row, frame) for row in rows]

    def _each(self, row: Message, frame: Frame) -> Event:
        try:
            event = self._make(row, frame)
        except DECODE_FAILURES as failure:
            return self._fail(frame, failure)
        if self._repetitions is not None and self._repetitions.holds(event, frame.connection):
            return self._again(frame, event)
        self._reporter.of_connection(frame.connection).market_events += 1
        return event

    def _again(self, frame: Frame, event: MarketEvent) -> Event:
        reason = f"{type(event).__name__} told already"
        return self._reporter.status(frame, FeedCondition.DUPLICATE, reason, symbol=event.symbol)

    def _fail(self, frame: Frame, failure: Exception) -> Event:
        reason = f"{type(failure).__name__}: {failure}"
        return self._reporter.status(frame, condition_of(failure), reason)


def channels_of(
    market: MarketReader, reporter: Reporter, repetitions: Repetitions
) -> dict[StreamKind, Channel[object]]:
    """Return the channels of a session by the kind of their stream."""
    day = Channel(
        _decoder(messages.DayTicker | list[messages.DayTicker]).decode,
        _decoder(messages.Combined[messages.DayTicker]).decode,
        market.statistics,
        reporter,
    )
    return {
        StreamKind.TICKER: day,
        StreamKind.MINI_TICKER: day,
        StreamKind.BOOK_TICKER: Channel(
            _decoder(messages.Ticker | list[messages.Ticker]).decode,
            _decoder(messages.Combined[messages.Ticker]).decode,
            market.best,
            reporter,
            repetitions,
        ),
        StreamKind.TRADE: Channel(
            _decoder(messages.SingleTrade | list[messages.SingleTrade]).decode,
            _decoder(messages.Combined[messages.SingleTrade]).decode,
            market.trade,
            reporter,
            repetitions,
        ),
        StreamKind.AGGREGATE_TRADE: Channel(
            _decoder(messages.AggregateTrade | list[messages.AggregateTrade]).decode,
            _decoder(messages.Combined[messages.AggregateTrade]).decode,
            market.aggregate,
            reporter,
            repetitions,
        ),
        StreamKind.KLINE: Channel(
            _decoder(messages.Kline | list[messages.Kline]).decode,
            _decoder(messages.Combined[messages.Kline]).decode,
            market.candle,
            reporter,
        ),
        StreamKind.MARK_PRICE: Channel(
            _decoder(messages.Mark | list[messages.Mark]).decode,
            _decoder(messages.Combined[messages.Mark]).decode,
            market.mark,
            reporter,
        ),
    }
