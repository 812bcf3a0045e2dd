"""Books as DataFrames: one place makes them, for a desk and for a tape alike.

Columns of both: venue, symbol, quote, side ("bid", "ask"), level (1 is the best), price, size,
cumulative (of the sizes from the best level on), state, verified, ts_event, ts_recv (integer
nanoseconds UTC), last_update_id. Prices are in the quote currency of their row.
"""

from decimal import Decimal
from itertools import accumulate
from typing import Any, Final

import pandas as pd

from hftlib.wire.messages import (
    BookReply,
    BookStanding,
    ConsolidatedGroup,
    ConsolidatedLevel,
    ConsolidatedReply,
)

COLUMNS: Final = (
    "venue",
    "symbol",
    "quote",
    "side",
    "level",
    "price",
    "size",
    "cumulative",
    "state",
    "verified",
    "ts_event",
    "ts_recv",
    "last_update_id",
)
CONSOLIDATED_COLUMNS: Final = (*COLUMNS, "base", "currency", "common_price", "size_unit")
_TYPES: Final = {
    "level": "int64",
    "price": "float64",
    "common_price": "float64",
    "size": "float64",
    "cumulative": "float64",
    "verified": "bool",
    "ts_event": "Int64",
    "ts_recv": "Int64",
    "last_update_id": "int64",
}


def order_book_frame(book: BookReply) -> pd.DataFrame:
    """Return one book, bids then asks, best first; its state also stands in `attrs`."""
    standing = _standing(book)
    rows: list[dict[str, Any]] = []
    for side, levels in (("bid", book.bids), ("ask", book.asks)):
        sums = accumulate(Decimal(size) for _, size in levels)
        rows += [
            {
                **standing,
                "side": side,
                "level": level,
                "price": float(price),
                "size": float(size),
                "cumulative": float(total),
            }
            for level, ((price, size), total) in enumerate(zip(levels, sums, strict=True), 1)
        ]
    frame = _frame(rows, COLUMNS)
    frame.attrs.update(standing, source=str(book.source), origin=book.origin)
    return frame


def consolidated_frame(reply: ConsolidatedReply) -> pd.DataFrame:
    """Return several books in one frame: group by group, bids then asks, best first.

    A group holds what can be compared: one base, one `currency`, one `size_unit`. Without rates
    each quote currency is a group of its own; level and cumulative run within a group's side.
    `common_price` is the price in the group's currency. Books that are not LIVE lend no rows:
    `attrs["states"]` holds the state of every book asked for.
    """
    standings = {(book.venue, book.symbol): _standing(book) for book in reply.books}
    rows = [
        row
        for group in reply.groups
        for side, levels in (("bid", group.bids), ("ask", group.asks))
        for row in _levels(group, side, levels, standings)
    ]
    frame = _frame(rows, CONSOLIDATED_COLUMNS)
    frame.attrs.update(
        currency=reply.currency,
        source=str(reply.source),
        states={f"{venue}:{symbol}": one["state"] for (venue, symbol), one in standings.items()},
    )
    return frame


def _levels(
    group: ConsolidatedGroup,
    side: str,
    levels: list[ConsolidatedLevel],
    standings: dict[tuple[str, str], dict[str, Any]],
) -> list[dict[str, Any]]:
    return [
        {
            **standings[level.venue, level.symbol],
            "base": group.base,
            "currency": group.currency,
            "size_unit": group.size_unit,
            "side": side,
            "level": level.level,
            "price": float(level.price),
            "common_price": float(level.common_price),
            "size": float(level.size),
            "cumulative": float(level.cumulative),
        }
        for level in levels
    ]


def _standing(book: BookReply | BookStanding) -> dict[str, Any]:
    return {
        "venue": book.venue,
        "symbol": book.symbol,
        "quote": book.quote,
        "state": str(book.state),
        "verified": book.verified,
        "ts_event": book.ts_event,
        "ts_recv": book.ts_recv,
        "last_update_id": book.last_update_id,
    }


def _frame(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({name: kind for name, kind in _TYPES.items() if name in columns})
