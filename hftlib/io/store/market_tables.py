"""Tables of what the market did and how its feeds do."""

from typing import Final

from hftlib.features.catalogue import CATALOGUE, Feature
from hftlib.features.layout import HOT_COUNT
from hftlib.io.store.schema import (
    STEPS,
    Column,
    Keep,
    Kind,
    Table,
    book_name,
    flag,
    increments,
    name,
    number,
    several,
    stamp,
    stamps,
    text,
    whole,
)


def _feature(feature: Feature) -> Column:
    return number(feature.name, f"{feature.formula} ({feature.unit})", nullable=True)


FEATURES_1S: Final = Table(
    "features_1s",
    "every feature of every book, once a second; a book that is not LIVE has none",
    (
        *stamps(),
        *book_name(),
        name("state", "state of the book; only LIVE is trusted"),
        whole("last_update_id", "update that the book stands at"),
        *map(_feature, CATALOGUE),
    ),
    ("venue", "symbol", "ts_recv"),
    Keep.SECOND,
)

FEATURES_EVENT: Final = Table(
    "features_event",
    "the features of every depth frame, after each update of a LIVE book",
    (
        *stamps(),
        *book_name(),
        whole("ingress_seq", "arrival number of the frame on the tape"),
        whole("last_update_id", "update that the book stands at"),
        *map(_feature, CATALOGUE[:HOT_COUNT]),
    ),
    ("venue", "symbol", "ts_recv"),
    Keep.EVENT,
)

BOOKS_1S: Final = Table(
    "books_1s",
    "the best levels of every book, once a second; none while the book is not LIVE",
    (
        *stamps(),
        *book_name(),
        name("state", "state of the book; only LIVE is trusted"),
        flag("verified", "whether the venue's protocol proves the book"),
        whole("last_update_id", "update that the book stands at"),
        *increments(),
        whole("bid_levels", "bid levels held in all"),
        whole("ask_levels", "ask levels held in all"),
        several("bid_ticks", Kind.WHOLES, "prices of the best bids in ticks, best first", STEPS),
        several("bid_quanta", Kind.WHOLES, "their sizes in quanta"),
        several("ask_ticks", Kind.WHOLES, "prices of the best asks in ticks, best first", STEPS),
        several("ask_quanta", Kind.WHOLES, "their sizes in quanta"),
    ),
    ("venue", "symbol", "ts_recv"),
    Keep.SECOND,
)

TRADES: Final = Table(
    "trades",
    "every trade, as the venue reported it",
    (
        *stamps(),
        *book_name(),
        whole("ingress_seq", "arrival number of the frame on the tape"),
        whole("trade_id", "the venue's number of the trade"),
        name("side", "side of the aggressor, BUY or SELL"),
        whole("price_ticks", "price in ticks"),
        whole("size_quanta", "size in quanta"),
        *increments(),
        flag("aggregate", "an aggregate of several fills of one order (Binance aggTrade)"),
        flag("historical", "not seen live: the venue told it afterwards"),
    ),
    ("venue", "symbol", "ts_recv", "trade_id"),
    Keep.SECOND,
)

CANDLES: Final = Table(
    "candles",
    "closed candles; told again (back-fill), the later row replaces the earlier",
    (
        *stamps(),
        *book_name(),
        name("interval", "length: 1s, 1m, 5m, 15m, 1h or the venue's word"),
        name("origin", "trades (made of trades here) or venue (told by it)"),
        stamp("ts_open", "beginning of the candle"),
        stamp("ts_close", "end of the candle"),
        whole("open_ticks", "first price in ticks"),
        whole("high_ticks", "highest price in ticks"),
        whole("low_ticks", "lowest price in ticks"),
        whole("close_ticks", "last price in ticks"),
        whole("volume_quanta", "volume in quanta"),
        whole("buy_quanta", "volume that buyers took, in quanta", nullable=True),
        whole("trades", "number of trades", nullable=True),
        *increments(),
        flag("closed", "nothing more comes into it"),
    ),
    ("venue", "symbol", "interval", "origin", "ts_open", "source"),
    Keep.SECOND,
    stamp="ts_open",
    newest_wins=True,
)

LATENCY: Final = Table(
    "latency",
    "how long each stage took, once a second: the histogram's quantiles and its buckets",
    (
        *stamps(),
        name("stage", "what was timed"),
        name("venue", "venue, empty where all are meant"),
        whole("count", "how many were timed in this second"),
        whole("p50_ns", "median", nullable=True),
        whole("p90_ns", "90th percentile", nullable=True),
        whole("p99_ns", "99th percentile", nullable=True),
        whole("p999_ns", "99.9th percentile", nullable=True),
        whole("max_ns", "longest", nullable=True),
        several("edges_ns", Kind.WHOLES, "upper edges of the buckets that hold something", STEPS),
        several("counts", Kind.WHOLES, "how many each of them holds"),
    ),
    ("stage", "venue", "ts_recv"),
    Keep.EVENT,
    sharded_by=("desk",),
)

FEED_STATUS: Final = Table(
    "feed_status",
    "what feeds did and how the states of books moved; frequent conditions once a second, counted",
    (
        *stamps(),
        *book_name(),
        name("connection", "connection of the venue; empty for a book's own move"),
        name("condition", "what the feed did, or BOOK where a book's state moved"),
        name("state", "state that the book moved to; empty for what a feed did"),
        whole("count", "how often, or how many were missed"),
        text("reason", "why, in words"),
    ),
    ("venue", "symbol", "ts_recv"),
    Keep.SECOND,
)

HEALTH: Final = Table(
    "health",
    "how the desk was, every few seconds",
    (
        *stamps(),
        name("state", "state of the desk"),
        name("condition", "OK, DEGRADED or BROKEN"),
        several("reasons", Kind.TEXTS, "what was amiss, in words"),
        whole("rss_bytes", "memory of the desk's process", nullable=True),
        text("report", "the whole health message as JSON"),
    ),
    ("desk", "ts_recv"),
    Keep.SECOND,
    sharded_by=("desk",),
)

MARKET_TABLES: Final = (
    FEATURES_1S,
    FEATURES_EVENT,
    BOOKS_1S,
    TRADES,
    CANDLES,
    LATENCY,
    FEED_STATUS,
    HEALTH,
)
