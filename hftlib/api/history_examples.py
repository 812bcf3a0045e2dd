"""Example answers of the routes of what was."""

from typing import Final

from hftlib.core.provenance import Provenance
from hftlib.core.states import Source
from hftlib.wire.history import (
    CandleReply,
    CandlesReply,
    HistoryReply,
    SqlColumn,
    SqlReply,
    SqlRequest,
)

_OPEN: Final = 1_723_161_240_000_000_000

CANDLES: Final = CandlesReply(
    "binance",
    "BTCUSDT",
    "1m",
    Source.TAPE,
    [
        CandleReply(
            ts_open=_OPEN,
            open="61830.01",
            high="61834.00",
            low="61829.99",
            close="61830.00",
            volume="4.21",
            quote_volume="260311.7042",
            trades=212,
            buy_volume="2.5",
            ts_first=_OPEN + 12_000_000,
            ts_last=_OPEN + 59_871_000_000,
            closed=True,
            complete=True,
            origin="trades",
        )
    ],
)

HISTORY: Final = HistoryReply(
    kind="trades",
    venue="binance",
    symbol="BTCUSDT",
    where="store",
    source=Provenance.EXCHANGE,
    next_start=_OPEN + 5_000_000_000,
    columns=["ts_recv", "side", "price", "size"],
    rows=[[_OPEN + 12_000_000, "BUY", 61830.01, 0.002]],
)

SQL_REQUEST: Final = SqlRequest(
    "SELECT symbol, count() AS trades FROM trades "
    "WHERE source = {source:String} AND venue = {venue:String} GROUP BY symbol",
    {"source": "EXCHANGE", "venue": "binance"},
)

SQL: Final = SqlReply(
    [SqlColumn("symbol", "string"), SqlColumn("trades", "uint64")], [["BTCUSDT", 212]]
)

ALL: Final = (CANDLES, HISTORY, SQL)
