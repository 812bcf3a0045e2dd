"""Binance spot's market streams over the books of the floor."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from hftlib.core.venue import BINANCE
from hftlib.exchange.binance.numbers import BookNumbers
from hftlib.exchange.binance.sources import (
    MILLISECOND_NS,
    AggregateTrades,
    AllFigures,
    BookFigures,
    BookTickers,
    DiffDepth,
    Klines,
    PartialDepth,
    Source,
    Trades,
    average_figures,
    day_figures,
    mini_figures,
    window_figures,
)
from hftlib.exchange.binance.stream_connection import SPOT_RULES, StreamConnection, StreamRules
from hftlib.exchange.binance.stream_hub import StreamHub
from hftlib.exchange.binance.topic import Topic
from hftlib.exchange.book_feed import BookFeed
from hftlib.exchange.layout import SECOND_NS
from hftlib.exchange.messages import Connection, Opening, Response
from hftlib.exchange.periods import INTERVALS

Feeds = Mapping[tuple[str, str], BookFeed]
"""The floor's feeds by venue and symbol."""

_PACES: Final = {"": 1_000, "1000ms": 1_000, "100ms": 100}
_DEPTHS: Final = (5, 10, 20)
_ZONES: Final = {"": 0, "+08:00": 8 * 3_600_000 * MILLISECOND_NS}
WINDOWS: Final = {"1h": 60, "4h": 240, "1d": 1_440}
"""The rolling windows of the streams, in minutes."""

_FIGURES: Final = {
    "ticker": day_figures,
    "miniTicker": mini_figures,
    "avgPrice": average_figures,
    **{f"ticker_{name}": window_figures(name, minutes) for name, minutes in WINDOWS.items()},
}
_ARRAYS: Final = {
    "!miniTicker@arr": mini_figures,
    **{f"!ticker_{name}@arr": window_figures(name, minutes) for name, minutes in WINDOWS.items()},
}

Make = Callable[[Topic, BookNumbers], Source]


def _spot_channels() -> dict[str, Make]:
    """Return what stands behind a symbol's name and @, with the maker of its source."""
    channels: dict[str, Make] = {
        "trade": Trades,
        "aggTrade": AggregateTrades,
        "bookTicker": BookTickers,
    }
    for name, write in _FIGURES.items():
        channels[name] = partial(BookFigures, write=write, has_quotes=name == "ticker")
    for suffix, pace in _PACES.items():
        end, pace_ns = f"@{suffix}" if suffix else "", pace * MILLISECOND_NS
        channels[f"depth{end}"] = partial(DiffDepth, pace_ns=pace_ns)
        for levels in _DEPTHS:
            channels[f"depth{levels}{end}"] = partial(PartialDepth, pace_ns=pace_ns, levels=levels)
    for interval, period in INTERVALS.items():
        for zone, offset_ns in _ZONES.items():
            end = f"@{zone}" if zone else ""
            pace_ns = SECOND_NS if interval == "1s" else 2 * SECOND_NS
            channels[f"kline_{interval}{end}"] = partial(
                Klines, interval=interval, period=period, pace_ns=pace_ns, offset_ns=offset_ns
            )
    return channels


_CHANNELS: Final = _spot_channels()


class SpotStreams:
    """Serve the market streams of spot."""

    def __init__(self, feeds: Feeds, rules: StreamRules = SPOT_RULES) -> None:
        """Publish the spot books among `feeds`; connections follow `rules`."""
        self._books = {
            symbol.lower(): BookNumbers(feed)
            for (venue, symbol), feed in feeds.items()
            if venue == BINANCE
        }
        self.hub = StreamHub(BINANCE, rules, self._source)

    def _source(self, name: str) -> Source | None:
        array = _ARRAYS.get(name)
        if array is not None:
            return AllFigures(Topic(name), self._books.values(), array)
        symbol, _, channel = name.partition("@")
        book, make = self._books.get(symbol), _CHANNELS.get(channel)
        return make(Topic(name), book) if book is not None and make is not None else None

    def connect(self, opening: Opening) -> Connection | Response:
        """Open a connection at /ws..., /stream...; refuse other paths."""
        return self.hub.connect(opening)

    def disconnect(self, connection: StreamConnection) -> None:
        """Forget a connection whose socket is gone."""
        self.hub.disconnect(connection)

    def publish(self, now_ns: int) -> None:
        """Put what happened up to `now_ns` into the outboxes."""
        self.hub.publish(now_ns)

    def shutdown(self, now_ns: int) -> None:
        """Tell every connection that the server is going to be shut down."""
        first = next(iter(self._books.values()), None)
        if first is not None:
            self.hub.shutdown(first.writers, now_ns)
