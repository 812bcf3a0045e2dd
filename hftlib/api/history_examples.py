"""Example answers of the routes of what was."""

from typing import Final

from hftlib.core.states import Source
from hftlib.wire.history import CandleReply, CandlesReply

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

ALL: Final = (CANDLES,)
