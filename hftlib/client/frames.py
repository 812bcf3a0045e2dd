"""Books as DataFrames: one place makes them, for a desk and for a tape alike.

Columns of both: venue, symbol, quote, side ("bid", "ask"), level (0 is the best), price, size,
cumulative (of the sizes from the best level on), state, verified, ts_event, ts_recv (integer
nanoseconds UTC), last_update_id. Prices are in the quote currency of their row.
"""

from typing import Any, Final

import pandas as pd

from hftlib.wire.messages import BookReply, ConsolidatedLevel, ConsolidatedReply

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
_TYPES: Final = {
    "level": "int64",
    "price": "float64",
    "size": "float64",
    "cumulative": "float64",
    "verified": "bool",
    "ts_event": "Int64",
    "ts_recv": "Int64",
    "last_update_id": "int64",
}


def order_book_frame(book: BookReply) -> pd.DataFrame:
    """Return one book, bids then asks, best first; its state also stands in `attrs`."""
    rows: list[dict[str, Any]] = []
    for side, levels in (("bid", book.bids), ("ask", book.asks)):
        cumulative = 0.0
        for level, (price, size) in enumerate(levels):
            cumulative += float(size)
            rows.append(
                {
                    **_identity(book),
                    "side": side,
                    "level": level,
                    "price": float(price),
                    "size": float(size),
                    "cumulative": cumulative,
                }
            )
    frame = _frame(rows, COLUMNS)
    frame.attrs.update(_identity(book), source=str(book.source), origin=book.origin)
    return frame


def consolidated_frame(reply: ConsolidatedReply) -> pd.DataFrame:
    """Return several books in one frame, best first within each currency that can be compared.

    Without rates, level and cumulative run within each quote currency, for prices in different
    currencies have no order. With rates, a column `price_CURRENCY`, price in the common
    currency, is added, and level and cumulative run over all books. Books that are not LIVE are
    left out; `attrs["left_out"]` names them and `attrs["states"]` holds the state of each.
    """
    books = {(book.venue, book.symbol): _identity(book) for book in reply.books}
    rows = [
        row
        for side, levels in (("bid", reply.bids), ("ask", reply.asks))
        for row in _ranked(side, levels, books, reply.currency)
    ]
    common = () if reply.currency is None else (f"price_{reply.currency}",)
    frame = _frame(rows, COLUMNS + common)
    frame.attrs = {
        "currency": reply.currency,
        "left_out": list(reply.left_out),
        "states": {f"{venue}:{symbol}": one["state"] for (venue, symbol), one in books.items()},
        "ts_recv": max((book.ts_recv or 0 for book in reply.books), default=0) or None,
    }
    return frame


def _ranked(
    side: str,
    levels: list[ConsolidatedLevel],
    books: dict[tuple[str, str], dict[str, Any]],
    currency: str | None,
) -> list[dict[str, Any]]:
    rows = []
    ranks: dict[str, tuple[int, float]] = {}
    for level in levels:
        unit = level.quote if currency is None else currency
        rank, cumulative = ranks.get(unit, (0, 0.0))
        cumulative += float(level.size)
        ranks[unit] = rank + 1, cumulative
        row = {
            **books[level.venue, level.symbol],
            "side": side,
            "level": rank,
            "price": float(level.price),
            "size": float(level.size),
            "cumulative": cumulative,
        }
        if currency is not None:
            row[f"price_{currency}"] = level.rated_price
        rows.append(row)
    return rows


def _identity(book: BookReply) -> dict[str, Any]:
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
    added = {name: "float64" for name in columns if name not in COLUMNS}
    return frame.astype({**_TYPES, **added})
