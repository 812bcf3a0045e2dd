"""Rows of the store's tables for tests, and a real store in a thread of the test."""

from typing import Any

RECV_NS = 1_700_000_000_000_000_000


def trade_row(
    number: int, *, ts_recv: int = RECV_NS, ts_event: int | None = RECV_NS + 1
) -> tuple[Any, ...]:
    """Return a row of the table of trades."""
    stamps = (ts_event, ts_recv)
    book = ("binance", "BTCUSDT")
    said = (number, number, "BUY", 6_000_000 + number, 5_000)
    return (*stamps, *book, *said, "0.01", "0.00000001", False, False)
