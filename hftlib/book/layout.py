"""Where everything stands in the one flat int64 array of a book.

The array begins with a head of named places, then two blocks, one a side, then the room that
the head's offsets point at: per side a ring of slots (sizes by price), a two-level bitmap over
the slots, the ordered overflow beyond the ring, and scratch that a frame is scanned into.

Both sides share one code path through a *key*: an ask's key is its tick, a bid's the negated
tick, so the best level of either side has the smallest key.

The compiled kernels bake these numbers in: `core.compiled` hashes this file with the kernels.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hftlib.core.events import Layout
from hftlib.core.instrument import Instrument

Ints = NDArray[np.int64]
"""The flat array of a book, or columns of ticks and quanta."""

TOP_DEPTH: Final = 20
"""How many levels a side `refresh_top` keeps unpacked."""

# The head.
WINDOW_BITS: Final = 0
CHUNK_ROOM: Final = 1
SCRATCH_ROOM: Final = 2
PRICE_DECIMALS: Final = 3
TICK_UNITS: Final = 4
SIZE_DECIMALS: Final = 5
UNKNOWN_DELETES: Final = 6
LEVELS_APPLIED: Final = 7
CROSSED: Final = 8
SCRATCH_WANTED: Final = 9
LEVELS_WANTED: Final = 10
BID_TOP_COUNT: Final = 11
ASK_TOP_COUNT: Final = 12
BID_SIDE: Final = 16
ASK_SIDE: Final = 32
BID_TOP_TICKS: Final = 48
BID_TOP_QUANTA: Final = BID_TOP_TICKS + TOP_DEPTH
ASK_TOP_TICKS: Final = BID_TOP_QUANTA + TOP_DEPTH
ASK_TOP_QUANTA: Final = ASK_TOP_TICKS + TOP_DEPTH
HEAD_SIZE: Final = ASK_TOP_QUANTA + TOP_DEPTH

# Places within a side's block; the kernels are handed the block's start as `side`.
SIGN: Final = 0
LEVELS: Final = 1
BASE: Final = 2
BEST: Final = 3
CHUNKS: Final = 4
SLOTS_AT: Final = 5
WORDS_AT: Final = 6
SUMMARY_AT: Final = 7
FIRSTS_AT: Final = 8
ORDER_AT: Final = 9
CHUNKS_AT: Final = 10
SCRATCH_AT: Final = 11
TOP_COUNT_AT: Final = 12
TOP_TICKS_AT: Final = 13

BID_LEVELS: Final = BID_SIDE + LEVELS
ASK_LEVELS: Final = ASK_SIDE + LEVELS

BID: Final = 0
ASK: Final = 1
SIDES: Final = (BID_SIDE, ASK_SIDE)
"""The blocks of the two sides, by BID and ASK, the names that Python callers use."""

MINIMUM_WINDOW_BITS: Final = 13
MAXIMUM_WINDOW_BITS: Final = 24
BLOCK: Final = 4096
"""Ticks under one summary word; the window's base is a multiple of it."""

CHUNK: Final = 64
"""Levels that one chunk of the overflow holds."""
CHUNK_SIZE: Final = 1 + 2 * CHUNK
"""A chunk in the array: its count, then its keys, then its quanta."""

MAXIMUM_TICKS: Final = 2**61
"""Prices above this many ticks are refused, so that no sum of keys can overflow."""
NO_KEY: Final = 2**62
"""Stands for the best key of an empty side: worse than every key."""

# What apply_text answers when it does not answer a count.
MALFORMED: Final = -1
OFF_QUANTUM: Final = -2
TOO_LARGE: Final = -3
NEEDS_ROOM: Final = -4

PAIRS: Final = int(Layout.PAIRS)
OBJECTS: Final = int(Layout.OBJECTS)
CHANGES: Final = int(Layout.CHANGES)
UPDATES: Final = int(Layout.UPDATES)


def chunks_for(levels: int) -> int:
    """Return how many chunks hold `levels` levels of one side in the worst case.

    Two neighbouring chunks together always hold more than half a chunk, so n chunks hold more
    than (n // 2) * CHUNK / 2 levels; one more is room for a split.
    """
    return 4 * levels // CHUNK + 2


def allocate(instrument: Instrument, window_bits: int, levels: int, scratch: int) -> Ints:
    """Return the array of an empty book with room for `levels` levels a side.

    `window_bits` is the binary logarithm of the window in ticks, `scratch` the levels a side that
    one frame may carry. Raises ValueError when the window is out of bounds.
    """
    if not MINIMUM_WINDOW_BITS <= window_bits <= MAXIMUM_WINDOW_BITS:
        raise ValueError(
            f"window_bits must be {MINIMUM_WINDOW_BITS} to {MAXIMUM_WINDOW_BITS}, not {window_bits}"
        )
    window, chunks = 1 << window_bits, chunks_for(levels)
    sizes = {
        SLOTS_AT: window,
        WORDS_AT: window // 64,
        SUMMARY_AT: window // BLOCK,
        FIRSTS_AT: chunks,
        ORDER_AT: chunks,
        CHUNKS_AT: chunks * CHUNK_SIZE,
        SCRATCH_AT: 2 * scratch,
    }
    ints = np.zeros(HEAD_SIZE + 2 * sum(sizes.values()), np.int64)
    ints[WINDOW_BITS], ints[CHUNK_ROOM], ints[SCRATCH_ROOM] = window_bits, chunks, scratch
    ints[PRICE_DECIMALS], ints[TICK_UNITS] = instrument.price_decimals, instrument.tick_units
    ints[SIZE_DECIMALS] = instrument.size_decimals
    ints[ASK_SIDE + SIGN], ints[BID_SIDE + SIGN] = 1, -1
    ints[BID_SIDE + TOP_COUNT_AT], ints[BID_SIDE + TOP_TICKS_AT] = BID_TOP_COUNT, BID_TOP_TICKS
    ints[ASK_SIDE + TOP_COUNT_AT], ints[ASK_SIDE + TOP_TICKS_AT] = ASK_TOP_COUNT, ASK_TOP_TICKS
    place = HEAD_SIZE
    for side in SIDES:
        ints[side + BEST] = NO_KEY
        for name, size in sizes.items():
            ints[side + name] = place
            place += size
        order = ints[side + ORDER_AT]
        ints[order : order + chunks] = np.arange(chunks)
    return ints
