"""Where everything lies in the flat float64 array of a measurer.

First the features themselves, in the order of the catalogue, then parameters, then state: sums,
rings and tables of fixed capacity. NaN stands for "missing" in the first part. The kernels freeze
these numbers when they are compiled.

Times are nanoseconds since the origin (a whole second at or before the first event), so that a
float holds them exactly for 104 days. Sums of sizes are in quanta, exact up to 2**53.
"""

from typing import Final

# The features of every depth frame.
BEST_BID_PRICE: Final = 0
BEST_BID_SIZE: Final = 1
BEST_ASK_PRICE: Final = 2
BEST_ASK_SIZE: Final = 3
MID: Final = 4
SPREAD: Final = 5
SPREAD_TICKS: Final = 6
SPREAD_BPS: Final = 7
WEIGHTED_MID: Final = 8
IMBALANCE_1: Final = 9
IMBALANCE_5: Final = 10
IMBALANCE_10: Final = 11
IMBALANCE_20: Final = 12
MICRO_PRICE: Final = 13
OFI_10: Final = 14
OFI_1: Final = 15  # levels 2 to 10 follow
OFI_LEVELS: Final = 10
OFI_RESTARTS: Final = 25
HOT_COUNT: Final = 26

# The features of every trade.
LAST_TRADE_PRICE: Final = 26
LAST_TRADE_SIZE: Final = 27
TRADE_COUNT: Final = 28
BUY_VOLUME: Final = 29
SELL_VOLUME: Final = 30
VOLUME_DELTA: Final = 31
TRADE_FLOW_1S: Final = 32
TRADE_FLOW_10S: Final = 33
TRADE_FLOW_100: Final = 34
TRADE_VOLUME_1S: Final = 35
TRADE_VOLUME_10S: Final = 36
TRADE_WINDOW_OVERFLOWS: Final = 37
VPIN: Final = 38
VPIN_BUCKET: Final = 39
EFFECTIVE_SPREAD: Final = 40
REALISED_SPREAD: Final = 41
PRICE_IMPACT: Final = 42
REALISED_SPREAD_OVERFLOWS: Final = 43

# The features of every closed bar of one second of event time.
REALISED_VOLATILITY: Final = 44
BIPOWER_VOLATILITY: Final = 45
JUMP_SHARE: Final = 46
KYLE_LAMBDA: Final = 47
AMIHUD: Final = 48
CANCEL_TO_TRADE: Final = 49
BARS_HELD: Final = 50

# The features of the whole depth, on demand: BANDS columns from each of the first three starts,
# COST_SIZES columns from each of the last four.
BANDS: Final = 5
BAND_BPS: Final = (5.0, 10.0, 25.0, 50.0, 100.0)
SLOPE_BPS: Final = 25.0
COST_SIZES: Final = 3
BID_DEPTH: Final = 51
ASK_DEPTH: Final = 56
BAND_IMBALANCE: Final = 61
BID_SLOPE: Final = 66
ASK_SLOPE: Final = 67
BUY_PRICE: Final = 68
BUY_COST: Final = 71
SELL_PRICE: Final = 74
SELL_COST: Final = 77
FEATURE_COUNT: Final = 80

# Parameters, written once by the measurer.
TICK_UNITS: Final = 80
PRICE_SCALE: Final = 81
SIZE_SCALE: Final = 82
MULTIPLIER: Final = 83
INVERSE: Final = 84
WINDOW_BARS: Final = 85
COST_SIZE: Final = 86  # COST_SIZES sizes, in quanta
MICRO_FIXED: Final = 89  # 1 where the table was given and is never estimated again

# Event time.
ORIGIN_S: Final = 96  # NaN before the first event
NOW: Final = 97
NEXT_BAR: Final = 98
NEXT_EXPIRY: Final = 99
NEXT_DEADLINE: Final = 100
TIME_RESTARTS: Final = 101
SECOND: Final = 1_000_000_000
PATIENCE: Final = 60 * SECOND  # a stamp older than this restarts the windows
FLOW_WINDOWS: Final = 2
FLOW_WINDOW_NS: Final = (1 * SECOND, 10 * SECOND)
FLOW_COUNT: Final = 100
HORIZON: Final = 5 * SECOND

# Order flow: whether there is a frame to compare with, cumulative sums, and its ten levels a side.
HAS_PREVIOUS: Final = 104
OFI_SUMS: Final = 105
PREVIOUS_BID_TICKS: Final = 116
PREVIOUS_BID_QUANTA: Final = 126
PREVIOUS_ASK_TICKS: Final = 136
PREVIOUS_ASK_QUANTA: Final = 146

# The bar under way, and the last one's mid.
BAR_SIGNED: Final = 160
BAR_VOLUME: Final = 161
BAR_NOTIONAL: Final = 162
BAR_REMOVED: Final = 163
BAR_MID: Final = 164
BAR_HEAD: Final = 165

# Trades: sums in quanta, and a triple (tail, signed, volume) for each time window and the count.
BOUGHT: Final = 168
SOLD: Final = 169
TRADE_HEAD: Final = 170
TAIL: Final = 0
SIGNED: Final = 1
VOLUME: Final = 2
WINDOWS: Final = 171
COUNT_WINDOW: Final = 177
PENDING_HEAD: Final = 180
PENDING_TAIL: Final = 181
EFFECTIVE_HEAD: Final = 182
REALISED_HEAD: Final = 183

# VPIN.
BUCKET_SIZE: Final = 184  # 0 until it is given or calibrated
BUCKET_BOUGHT: Final = 185
BUCKET_SOLD: Final = 186
BUCKET_HEAD: Final = 187
CALIBRATION_TRADES: Final = 188
CALIBRATION_VOLUME: Final = 189
BUCKETS: Final = 50
CALIBRATION: Final = 500
TRADES_A_BUCKET: Final = 20

# Micro-price: states are (spread, imbalance), and a state and its mirror image share a pair.
MICRO_STATE: Final = 192  # -1 where there is no frame to compare with
MICRO_MID: Final = 193  # bid + ask in ticks
MICRO_MOVES: Final = 194
MICRO_WAIT: Final = 195
MICRO_READY: Final = 196
IMBALANCE_STATES: Final = 10
SPREAD_STATES: Final = 3
STATES: Final = 30
PAIRS: Final = 15
MINIMUM_MOVES: Final = 100
ESTIMATE_EVERY: Final = 1_000

# The walk through one side of the book.
WALK_SIZE: Final = 208
WALK_VALUE: Final = 209
WALK_BAND: Final = 210
WALK_COST: Final = 211
WALK_JOINT: Final = 212
WALK_SQUARE: Final = 213
WALK_LIMIT: Final = 214  # the distance beyond which a band ends
WALK_TARGET: Final = 215  # the size at which a cost is known

# Rings and tables. Capacities are powers of two where a mask does the wrapping.
TRADE_CAPACITY: Final = 8_192
PENDING_CAPACITY: Final = 8_192
BAR_CAPACITY: Final = 512
SPREAD_CAPACITY: Final = 100
MINIMUM_BARS: Final = 10

EFFECTIVE_RING: Final = 256
REALISED_RING: Final = EFFECTIVE_RING + SPREAD_CAPACITY
IMPACT_RING: Final = REALISED_RING + SPREAD_CAPACITY
BUCKET_RING: Final = IMPACT_RING + SPREAD_CAPACITY
MICRO_TABLE: Final = 640
MICRO_SEEN: Final = MICRO_TABLE + STATES
MICRO_SHIFT: Final = MICRO_SEEN + PAIRS
MICRO_ANSWER: Final = MICRO_SHIFT + PAIRS
MICRO_STEPS: Final = MICRO_ANSWER + PAIRS
MICRO_WORK: Final = MICRO_STEPS + PAIRS * PAIRS
BAR_RETURN: Final = 1_280
BAR_CHANGE: Final = BAR_RETURN + BAR_CAPACITY
BAR_SIGNED_RING: Final = BAR_CHANGE + BAR_CAPACITY
BAR_VOLUME_RING: Final = BAR_SIGNED_RING + BAR_CAPACITY
BAR_NOTIONAL_RING: Final = BAR_VOLUME_RING + BAR_CAPACITY
BAR_REMOVED_RING: Final = BAR_NOTIONAL_RING + BAR_CAPACITY
TRADE_TIME: Final = BAR_REMOVED_RING + BAR_CAPACITY
TRADE_SIGNED: Final = TRADE_TIME + TRADE_CAPACITY
PENDING_DEADLINE: Final = TRADE_SIGNED + TRADE_CAPACITY
PENDING_PRICE: Final = PENDING_DEADLINE + PENDING_CAPACITY
PENDING_MID: Final = PENDING_PRICE + PENDING_CAPACITY
PENDING_FACTOR: Final = PENDING_MID + PENDING_CAPACITY
LENGTH: Final = PENDING_FACTOR + PENDING_CAPACITY

# What a row of the batch's columns is.
DELTA: Final = 0
SNAPSHOT: Final = 1
TRADE: Final = 2
FORGET: Final = 3
