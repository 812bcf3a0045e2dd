"""Where everything stands in the two flat arrays of the agents, and what its numbers mean.

The int64 array holds times, order ids, prices, generators; the float64 array values, habits and
dials. Each begins with a head, then one block a book, one a pair of arbitrage, one an asset. The
slots of orders stand at the end of the int64 array: agents keep their orders there,
so the number of the agents' live orders is bounded by construction.

Distances and tolerances are in basis points of the price (bps), sizes in lots, times in ns or
seconds as their names say, values in US dollars.

The compiled kernels bake these numbers in: `core.compiled` hashes this file with the kernels.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hftlib.book.layout import Ints

Floats = NDArray[np.float64]
"""The flat array of the agents' values, habits and dials."""

__all__ = ["Floats", "Ints"]

SECOND_NS: Final = 1_000_000_000
STEP_NS: Final = 10_000_000
"""How often the values move."""
STEPS_PER_SECOND: Final = 100

MOST_BOOKS: Final = 16
MOST_ASSETS: Final = 8
MOST_PAIRS: Final = 16
MOST_LANES: Final = 96
CLASSES: Final = 10
"""Slots are of classes by their distance from the best price; class 0 quotes the best itself."""
EVEN_CLASSES: Final = 6
"""Distances of the first classes are evenly spread, those of the others by their logarithm."""
NEAR_CLASSES: Final = 5
"""Orders of the first classes leave when the value passes them; others wait to be taken."""
PARENTS: Final = 6
"""Room for the parent orders that are worked at once in a book."""
PARENTS_AT_WORK: Final = 2
SPOOF_ORDERS: Final = 4

# What a lane does.
LANE_VALUES: Final = 0
LANE_MAKERS: Final = 1
LANE_TAKERS: Final = 2
LANE_ARBITRAGE: Final = 3
LANE_SPOOFER: Final = 4
LANE_WORKER: Final = 5

# Who owns an order; accounts begin far above (orders.FIRST_ACCOUNT).
OWNER_MAKERS: Final = 1
OWNER_NOISE: Final = 2
OWNER_INFORMED: Final = 3
OWNER_ARBITRAGE: Final = 4
OWNER_SPOOFER: Final = 5
OWNER_WORKER: Final = 6

# The head of the ints.
NOW: Final = 0
BOOKS: Final = 1
LANES: Final = 2
STEPS: Final = 3
ASSETS: Final = 4
LANE_NEXT: Final = 8
LANE_KIND: Final = LANE_NEXT + MOST_LANES
LANE_SUBJECT: Final = LANE_KIND + MOST_LANES
LANE_CHANCE: Final = LANE_SUBJECT + MOST_LANES

# What the agent whose turn it is wants done; the loop carries it out when the turn is over.
WANTED_COUNT: Final = LANE_CHANCE + MOST_LANES
WANTED: Final = WANTED_COUNT + 1
MOST_WANTED: Final = 8
WANTED_KIND: Final = 0
WANTED_BOOK: Final = 1
WANTED_SLOT: Final = 2
WANTED_SIDE: Final = 3
WANTED_TICKS: Final = 4
WANTED_LOTS: Final = 5
WANTED_OWNER: Final = 6
WANTED_STRIDE: Final = 8

FILL_SLOT: Final = 0
FREE_SLOT: Final = 1
TAKE: Final = 2
SHOW: Final = 3
WITHDRAW: Final = 4

# A book's block of ints.
BOOK_INTS: Final = WANTED + MOST_WANTED * WANTED_STRIDE
STATE_FROM: Final = 0
STATE_TO: Final = 1
ASSET: Final = 2
QUOTE: Final = 3
IS_UP: Final = 4
SLOTS_AT: Final = 5
SIDE_SLOTS: Final = 6
LEAST_LOTS: Final = 7
SEEN_NS: Final = 8
FOLLOWERS: Final = 9
FOLLOW_SIDE: Final = 10
TAKEN_NS: Final = 11
SPOOF_ORDER: Final = 12
"""Four orders of the spoofer."""
SPOOF_SIDE: Final = 16
SPOOF_LEFT: Final = 17
TREND_NS: Final = 18
SPOOF_FIRST_TICKS: Final = 19
CHASES: Final = 20
CLASS_END: Final = 21
PARENT_SIDE: Final = CLASS_END + CLASSES
PARENT_LEFT: Final = PARENT_SIDE + PARENTS
BOOK_INTS_STRIDE: Final = PARENT_LEFT + PARENTS

# A pair's block of ints.
PAIR_INTS: Final = BOOK_INTS + MOST_BOOKS * BOOK_INTS_STRIDE
PAIR_CHEAP: Final = 0
PAIR_DEAR: Final = 1
PAIR_PHASE: Final = 2
PAIR_BUY_TICKS: Final = 3
PAIR_SELL_TICKS: Final = 4
PAIR_BUY_LOTS: Final = 5
PAIR_SELL_LOTS: Final = 6
PAIR_TRADES: Final = 7
PAIR_INTS_STRIDE: Final = 8

SLOT_ROOM: Final = PAIR_INTS + MOST_PAIRS * PAIR_INTS_STRIDE

# An asset's block of floats: its value, the moods of its volatility, its dials.
ASSET_FLOATS: Final = 16
VALUE: Final = 0
MOOD_FAST: Final = 1
MOOD_SLOW: Final = 2
SIGMA_BPS: Final = 3
BETA: Final = 4
JUMPS_PER_SECOND: Final = 5
JUMP_BPS: Final = 6
PEG: Final = 7
PEG_SECONDS: Final = 8
PENDING: Final = 9
RELEASE_SECONDS: Final = 10
MOOD_FAST_SPREAD: Final = 11
MOOD_SLOW_SPREAD: Final = 12
DIAL_VOLATILITY: Final = 13
DIAL_DRIFT: Final = 14
DIAL_PEG: Final = 15
DIAL_PULL: Final = 16
ASSET_STRIDE: Final = 20

# A book's block of floats: state, then habits, then dials.
BOOK_FLOATS: Final = ASSET_FLOATS + MOST_ASSETS * ASSET_STRIDE
INVENTORY: Final = 0
VIEW_BPS: Final = 1
BASIS_BPS: Final = 2
HEAT: Final = 3
TREND: Final = 4
TREND_MID: Final = 5
WILLING: Final = 6
TICKS_PER_UNIT: Final = 7
LOTS_PER_UNIT: Final = 8
DELAY_S: Final = 9
TOLERANCE_BPS: Final = 10
VIEW_SPREAD_BPS: Final = 11
BASIS_MEAN_BPS: Final = 12
BASIS_SPREAD_BPS: Final = 13
BASIS_SECONDS: Final = 14
SKEW_BPS: Final = 15
SKEW_LOTS: Final = 16
INVENTORY_SECONDS: Final = 17
IMPACT_BPS: Final = 18
TAKERS_PER_SECOND: Final = 19
EXCITEMENT: Final = 20
EXCITED_SECONDS: Final = 21
TAKER_LOTS: Final = 22
TAKER_SPREAD: Final = 23
CHILD_SPREAD: Final = 24
PARENT_TAIL: Final = 25
INFORMED_SHARE: Final = 26
MOMENTUM: Final = 27
TINY_SHARE: Final = 28
TINY_LOTS: Final = 29
QUOTE_LOTS: Final = 30
QUOTE_SPREAD: Final = 31
BURST_S: Final = 32
FOLLOW_S: Final = 33
TAKEN_SHARE: Final = 34
JOIN_SHARE: Final = 35
SIZE_SPREAD: Final = 36
DIAL_ACTIVITY: Final = 37
DIAL_DEPTH: Final = 38
DIAL_TOLERANCE: Final = 39
DIAL_TAKERS: Final = 40
DIAL_LAG_S: Final = 41
DIAL_QUOTE_LAG_S: Final = 42
DIAL_LEAN: Final = 43
DIAL_SPOOF: Final = 44
DIAL_WORKED: Final = 45
MAKER_RATE: Final = 46
TAKER_BOUND: Final = 47
STIR: Final = 48
STIR_STEP: Final = 49
CALM_SHARE: Final = 50
WILLING_SPREAD: Final = 51
CLASS_RATE: Final = 52
CLASS_NEAREST: Final = CLASS_RATE + CLASSES
CLASS_FARTHEST: Final = CLASS_NEAREST + CLASSES
CLASS_LOTS: Final = CLASS_FARTHEST + CLASSES
PARENT_LOTS: Final = CLASS_LOTS + CLASSES
BOOK_FLOATS_STRIDE: Final = PARENT_LOTS + PARENTS

# A pair's block of floats.
PAIR_FLOATS: Final = BOOK_FLOATS + MOST_BOOKS * BOOK_FLOATS_STRIDE
PAIR_COST_BPS: Final = 0
PAIR_LATENCY_S: Final = 1
PAIR_LOOKS_PER_SECOND: Final = 2
PAIR_MOST_UNITS: Final = 3
PAIR_FLOATS_STRIDE: Final = 4

RING: Final = PAIR_FLOATS + MOST_PAIRS * PAIR_FLOATS_STRIDE
RING_SIZE: Final = 8_192
"""How many past values an asset keeps, for whoever sees it late: 82 s."""
FLOATS_SIZE: Final = RING + MOST_ASSETS * RING_SIZE

NO_ASSET: Final = -1
"""The quote asset of books in US dollars, in which values are told."""

# What a run of the agents ended with.
REACHED: Final = 0
LOG_FILLING: Final = 1
