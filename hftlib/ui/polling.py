"""The feed by another way: the desk's answers over HTTP, put into the messages of the binary feed.

Used where a page's websocket is refused (a proxy, too many tabs). Once a second the panels get the
same kinds of messages that the socket would have brought, so they draw the same.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from hftlib.client.connection import DeskConnection
from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState, Side
from hftlib.ui.panels import Topic
from hftlib.wire import feed
from hftlib.wire.feed import BUY, SELL, Column, Kind, Ladder, TradeMark
from hftlib.wire.messages import BookReply, Description, FeedReply, Level, TradeReply

LEVELS: Final = 1_000
TRADES: Final = 200
PERIOD_MS: Final = 1_000
_LADDER: Final = 25
_ROWS: Final = 240
_NS_PER_MS: Final = 1_000_000

Levels = tuple[NDArray[np.int64], NDArray[np.float64]]


def messages(connection: DeskConnection, topic: Topic) -> list[bytes]:
    """Return one round of messages of a topic. Raises what the connection raises."""
    book = connection.book(topic.venue, topic.symbol, LEVELS)
    instrument = next(
        _instrument(msgspec.to_builtins(reply))
        for reply in connection.instruments()
        if (reply.venue, reply.symbol) == (topic.venue, topic.symbol)
    )
    reply = _status_of(connection.feeds(), topic)
    clock = reply.status.clock
    time_ms = clock.time_ms if clock else (book.ts_recv or 0) / _NS_PER_MS
    bids, asks = _side(instrument, book.bids), _side(instrument, book.asks)
    row_ticks = topic.row_ticks or _row_ticks(bids, asks)
    trades = connection.latest_trades(topic.venue, topic.symbol, TRADES).trades
    column = feed.encode_column(_column(book, time_ms, row_ticks, bids, asks))
    bodies = [
        (Kind.DESCRIPTION, feed.encode_json(_description(book, instrument, row_ticks))),
        (Kind.COLUMNS, feed.join_columns([column])),
        (Kind.LADDER, feed.encode_ladder(_ladder(book, bids, asks))),
        (Kind.TRADES, feed.encode_trades(_marks(instrument, trades))),
        (Kind.STATUS, feed.encode_json(reply.status)),
    ]
    return [feed.pack(kind, body, sequence=0, time_ms=time_ms) for kind, body in bodies]


def _instrument(fields: dict[str, object]) -> Instrument:
    return msgspec.convert(fields, Instrument)


def _status_of(replies: Sequence[FeedReply], topic: Topic) -> FeedReply:
    return next(r for r in replies if (r.venue, r.symbol) == (topic.venue, topic.symbol))


def _side(instrument: Instrument, levels: Sequence[Level]) -> Levels:
    ticks = np.array([instrument.price_ticks(price) for price, _ in levels], np.int64)
    return ticks, np.array([float(size) for _, size in levels], np.float64)


def _row_ticks(bids: Levels, asks: Levels) -> int:
    """Return a round row height: 240 rows cover 0.2 % of the price."""
    best = max((int(side[0][0]) for side in (bids, asks) if len(side[0])), default=1)
    wanted = best * 0.002 / _ROWS
    power = int(10 ** max(0, len(str(int(wanted))) - 1))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= wanted)


def _description(book: BookReply, instrument: Instrument, row_ticks: int) -> Description:
    return Description(
        venue=book.venue,
        symbol=book.symbol,
        base=book.base,
        quote=book.quote,
        source=book.source,
        origin=book.origin,
        price_decimals=instrument.price_decimals,
        tick=instrument.price_increment,
        size_decimals=instrument.size_decimals,
        row_ticks=row_ticks,
        rows=_ROWS,
        column_ms=PERIOD_MS,
    )


def _column(book: BookReply, time_ms: float, row_ticks: int, bids: Levels, asks: Levels) -> Column:
    (bid_rows, bid_sizes), (ask_rows, ask_sizes) = (_rows(s, row_ticks) for s in (bids, asks))
    return Column(
        time_ms - time_ms % PERIOD_MS,
        int(bids[0][0]) if len(bids[0]) else None,
        int(asks[0][0]) if len(asks[0]) else None,
        book.state is not BookState.LIVE,
        np.concatenate((bid_rows, ask_rows)).astype(np.float64),
        np.concatenate((-bid_sizes, ask_sizes)).astype(np.float32),
    )


def _rows(side: Levels, row_ticks: int) -> Levels:
    """Return the rows that a side's levels fall into, and their summed sizes."""
    rows, places = np.unique(side[0] // row_ticks, return_inverse=True)
    return rows, np.bincount(places, side[1], len(rows)).astype(np.float64)


def _ladder(book: BookReply, bids: Levels, asks: Levels) -> Ladder:
    (bid_ticks, bid_sizes), (ask_ticks, ask_sizes) = bids, asks
    return Ladder(
        book.state,
        book.verified,
        book.last_update_id,
        bid_ticks[:_LADDER],
        bid_sizes[:_LADDER],
        ask_ticks[:_LADDER],
        ask_sizes[:_LADDER],
    )


def _marks(instrument: Instrument, trades: Sequence[TradeReply]) -> list[TradeMark]:
    return [
        TradeMark(
            trade.ts_recv / _NS_PER_MS,
            instrument.price_ticks(trade.price),
            float(trade.size),
            BUY if trade.side is Side.BUY else SELL,
        )
        for trade in trades
    ]
