"""Where everything stands in the one flat int64 array of a book's market data.

A head of named places, then four rings: candles of a second, candles of a minute, trades, and
aggregated trades. A candle's row is its bucket (time divided by width) modulo the ring's rows;
a trade's row is its running number modulo the ring's rows.

The compiled kernel bakes these numbers in: `core.compiled` hashes this file with the kernels.
"""

from typing import Final

# The head.
LAST_SECOND: Final = 0
LAST_MINUTE: Final = 1
FIRST_SECOND: Final = 2
FIRST_MINUTE: Final = 3
LAST_TICKS: Final = 4
LAST_LOTS: Final = 5
LAST_NS: Final = 6
LAST_TRADE_ID: Final = 7
TRADES: Final = 8
AGGREGATES: Final = 9
HEAD_SIZE: Final = 16

# The columns of a candle. A candle without trades stands at the price before it.
BUCKET: Final = 0
OPEN: Final = 1
HIGH: Final = 2
LOW: Final = 3
CLOSE: Final = 4
LOTS: Final = 5
CASH: Final = 6
COUNT: Final = 7
TAKER_LOTS: Final = 8
TAKER_CASH: Final = 9
LAST_ID: Final = 10
CANDLE_WIDTH: Final = 11

# The columns of an aggregated trade: one taker's order at one price at one time.
AGGREGATE_ID: Final = 0
AGGREGATE_NS: Final = 1
AGGREGATE_TICKS: Final = 2
AGGREGATE_LOTS: Final = 3
FIRST_TRADE: Final = 4
LAST_TRADE: Final = 5
AGGREGATE_SIDE: Final = 6
TAKER_ORDER: Final = 7
AGGREGATE_WIDTH: Final = 8

TRADE_WIDTH: Final = 10
"""As many columns as a print of the matching engine has."""

SECOND_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * SECOND_NS
SECOND_ROWS: Final = 3_600
MINUTE_ROWS: Final = 11_520
"""Eight days: the past has seven."""
TRADE_ROWS: Final = 10_240
AGGREGATE_ROWS: Final = 10_240

SECONDS_AT: Final = HEAD_SIZE
MINUTES_AT: Final = SECONDS_AT + SECOND_ROWS * CANDLE_WIDTH
TRADES_AT: Final = MINUTES_AT + MINUTE_ROWS * CANDLE_WIDTH
AGGREGATES_AT: Final = TRADES_AT + TRADE_ROWS * TRADE_WIDTH
STATE_SIZE: Final = AGGREGATES_AT + AGGREGATE_ROWS * AGGREGATE_WIDTH
