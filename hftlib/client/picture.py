"""What a stream has told of one topic, put together: a book, features, trades as they stand now."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from hftlib.core.states import BookState
from hftlib.wire.messages import BookReply, FeaturesReply, Level, TradesReply
from hftlib.wire.stream import (
    BodyTopic,
    BookChange,
    BookTopic,
    CandlesTopic,
    ClockTopic,
    FeaturesTopic,
    HealthTopic,
    SignalReply,
    TradesTopic,
)

MOST_TRADES: Final = 2_000
_DELETED: Final = "0"


class Picture:
    """Keep one topic whole from its snapshot and deltas.

    `body` is what a snapshot would hold now, None before the first one. `is_current` is false from
    the moment the stream is lost until the next snapshot: then `body` is what was true last.
    """

    def __init__(self, topic: BodyTopic) -> None:
        """Begin with nothing."""
        self.topic = topic
        self.is_current = False
        self._whole: Any = None
        self._sides: tuple[dict[str, str], dict[str, str]] = ({}, {})
        self._rows: dict[Any, Any] = {}

    @property
    def body(self) -> Any:
        """Return what a snapshot of the topic would hold now, None before the first."""
        if self._whole is None:
            return None
        if isinstance(self.topic, BookTopic):
            bids, asks = self._sides
            return msgspec.structs.replace(
                self._whole, bids=_ordered(bids, best_last=True), asks=_ordered(asks)
            )
        if isinstance(self.topic, CandlesTopic):
            newest = sorted(self._rows)[-self.topic.limit :]
            return msgspec.structs.replace(self._whole, candles=[self._rows[at] for at in newest])
        if isinstance(self._whole, list):
            return list(self._rows.values())
        return self._whole

    @property
    def is_trusted(self) -> bool:
        """Say whether the picture is current and, where it is of a book, the book is LIVE."""
        state = getattr(self._whole, "state", BookState.LIVE)
        return self.is_current and state == BookState.LIVE

    def lose(self) -> None:
        """Note that the stream is lost."""
        self.is_current = False

    def begin(self, body: Any) -> None:
        """Take a snapshot."""
        self.is_current = True
        self._whole = body
        if isinstance(self.topic, BookTopic):
            self._sides = (dict(body.bids), dict(body.asks))
        elif isinstance(self.topic, CandlesTopic):
            self._rows = {bar.ts_open: bar for bar in body.candles}
        elif isinstance(body, list):
            self._rows = {_key_of(one): one for one in body}

    def change(self, body: Any) -> None:
        """Take a delta; one that comes before a snapshot says nothing."""
        if not self.is_current:
            return
        topic = self.topic
        if isinstance(topic, BookTopic):
            self._change_book(body)
        elif isinstance(topic, FeaturesTopic):
            self._whole = _features(self._whole, body)
        elif isinstance(topic, TradesTopic):
            self._whole = _trades(self._whole, body)
        elif isinstance(topic, CandlesTopic):
            self._rows.update({bar.ts_open: bar for bar in body})
        elif isinstance(topic, ClockTopic | HealthTopic):
            self._whole = body
        else:
            self._rows.update({_key_of(one): one for one in body})

    def _change_book(self, change: BookChange) -> None:
        self._whole = msgspec.structs.replace(self._whole, **_standing(change))
        for side, levels in zip(self._sides, (change.bids, change.asks), strict=True):
            for price, size in levels:
                if size == _DELETED:
                    side.pop(price, None)
                else:
                    side[price] = size


def book_of(picture: Picture) -> BookReply:
    """Return the book of a picture. Raises ValueError where it has none."""
    if not isinstance(picture.body, BookReply):
        raise ValueError("nothing of a book was told yet")
    return picture.body


def _standing(change: BookChange) -> dict[str, Any]:
    fields = msgspec.structs.asdict(change)
    return {name: value for name, value in fields.items() if name not in {"bids", "asks"}}


def _ordered(side: Mapping[str, str], *, best_last: bool = False) -> list[Level]:
    return sorted(side.items(), key=lambda level: Decimal(level[0]), reverse=best_last)


def _features(held: FeaturesReply, change: Any) -> FeaturesReply:
    fields = msgspec.structs.asdict(change) | {"features": held.features | change.features}
    return msgspec.structs.replace(held, **fields)


def _trades(held: TradesReply, fresh: Any) -> TradesReply:
    return msgspec.structs.replace(held, trades=(held.trades + fresh)[-MOST_TRADES:])


def _key_of(one: Any) -> tuple[str, str, str]:
    return one.venue, one.symbol, one.signal if isinstance(one, SignalReply) else ""
