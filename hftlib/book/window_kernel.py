"""The window: a ring of slots around the best price, with a two-level bitmap over it.

The slot of a key is its low bits, so the window moves without moving what stays inside. The base
is a multiple of BLOCK, so no summary word spans both ends of the ring. Every level of a side lies
in the window [base, base + size) or, further from the best price, in the overflow; none lies
before the base.
"""

from typing import Any

import numpy as np

from hftlib.book.bits_kernel import lowest_set_bit, unsigned
from hftlib.book.layout import (
    BASE,
    BEST,
    BLOCK,
    CHUNK,
    CHUNKS,
    FIRSTS_AT,
    LEVELS,
    NO_KEY,
    SIGN,
    SLOTS_AT,
    SUMMARY_AT,
    WINDOW_BITS,
    WORDS_AT,
    Ints,
)
from hftlib.book.overflow_kernel import (
    chunk_at,
    drop_far,
    drop_places,
    find_far,
    put_far,
)
from hftlib.core.compiled import kernel

ONE = np.int64(1)
ALL = np.int64(-1)


@kernel
def next_key(ints: Ints, side: int, key: int) -> int:
    """Return the first key of the window not before `key`, which lies in it; else NO_KEY."""
    mask = (1 << ints[WINDOW_BITS]) - 1
    words = ints[side + WORDS_AT]
    word = ints[words + ((key & mask) >> 6)] & (ALL << (key & 63))
    if word != 0:
        return (key & ~63) + lowest_set_bit(word)
    return next_block_key(ints, side, (key >> 6) + 1)


@kernel
def next_block_key(ints: Ints, side: int, index: int) -> int:
    """Return the first key whose bitmap word is at `index` (key >> 6) or after; else NO_KEY."""
    mask = (1 << ints[WINDOW_BITS]) - 1
    words = ints[side + WORDS_AT]
    summary = ints[side + SUMMARY_AT]
    end = (ints[side + BASE] + mask + 1) >> 6
    while index < end:
        block = ints[summary + ((index & (mask >> 6)) >> 6)] & (ALL << (index & 63))
        if block != 0:
            index = (index & ~63) + lowest_set_bit(block)
            word = ints[words + (index & (mask >> 6))]
            return (index << 6) + lowest_set_bit(word)
        index = (index | 63) + 1
    return NO_KEY


@kernel
def put_near(ints: Ints, side: int, key: int, quanta: int) -> None:
    """Set the slot of a key in the window; zero empties it."""
    mask = (1 << ints[WINDOW_BITS]) - 1
    slot = key & mask
    word_at = ints[side + WORDS_AT] + (slot >> 6)
    summary_at = ints[side + SUMMARY_AT] + (slot >> 12)
    bit = ONE << (slot & 63)
    block_bit = ONE << ((slot >> 6) & 63)
    ints[ints[side + SLOTS_AT] + slot] = quanta
    if quanta != 0:
        ints[word_at] |= bit
        ints[summary_at] |= block_bit
    else:
        ints[word_at] &= ~bit
        if ints[word_at] == 0:
            ints[summary_at] &= ~block_bit


@kernel
def size_near(ints: Ints, side: int, key: int) -> int:
    """Return the quanta in the slot of a key that lies in the window."""
    mask = (1 << ints[WINDOW_BITS]) - 1
    return ints[ints[side + SLOTS_AT] + (key & mask)]  # type: ignore[no-any-return]


@kernel
def base_for(ints: Ints, key: int) -> int:
    """Return the base of a window that has `key` near its better end, with room before it."""
    margin = 1 << (ints[WINDOW_BITS] - 3)
    return (key - margin) & ~(BLOCK - 1)  # type: ignore[no-any-return]


@kernel
def lower_window(ints: Ints, side: int, key: int) -> None:
    """Move the window to a key before its base; levels that fall out go to the overflow."""
    size = 1 << ints[WINDOW_BITS]
    base = base_for(ints, key)
    leaving = max(ints[side + BASE], base + size)
    found = next_key(ints, side, leaving) if leaving < ints[side + BASE] + size else NO_KEY
    while found != NO_KEY:
        put_far(ints, side, found, size_near(ints, side, found))
        put_near(ints, side, found, 0)
        found = next_key(ints, side, found)
    ints[side + BASE] = base


@kernel
def raise_window(ints: Ints, side: int, best: int) -> None:
    """Move the window up to the best key; levels that come into it leave the overflow.

    Nothing lies before `best`, so nothing falls out at the better end.
    """
    ints[side + BASE] = base_for(ints, best)
    end = ints[side + BASE] + (1 << ints[WINDOW_BITS])
    while ints[side + CHUNKS] > 0 and ints[ints[side + FIRSTS_AT]] < end:
        chunk = chunk_at(ints, side, 0)
        count = 0
        while count < ints[chunk] and ints[chunk + 1 + count] < end:
            put_near(ints, side, ints[chunk + 1 + count], ints[chunk + 1 + CHUNK + count])
            count += 1
        drop_places(ints, side, 0, 0, count)


@kernel
def find_best(ints: Ints, side: int, lowest: int) -> None:
    """Store the best key of a side; none in the window lies before `lowest`.

    An emptied window moves to the overflow's first level, and one whose best level has come
    near the far end moves along, so that the best level always lies in the window.
    """
    size = 1 << ints[WINDOW_BITS]
    end = ints[side + BASE] + size
    best = next_key(ints, side, lowest) if lowest < end else NO_KEY
    if best == NO_KEY and ints[side + CHUNKS] > 0:
        best = ints[ints[side + FIRSTS_AT]]
        raise_window(ints, side, best)
    elif best != NO_KEY and best >= end - (size >> 2):
        raise_window(ints, side, best)
    ints[side + BEST] = best


@kernel
def change_outside(ints: Ints, side: int, key: int, quanta: int) -> int:
    """Change a level beyond the window; return 1 for a new one, -1 for a deleted one, else 0."""
    if quanta != 0:
        return put_far(ints, side, key, quanta)
    return -drop_far(ints, side, key)


@kernel
def apply_side(
    ints: Ints,
    side: int,
    ticks: Ints,
    first_tick: int,
    quanta: Ints,
    first_quantum: int,
    count: int,
) -> int:
    """Apply `count` absolute levels to a side, zero deletes; return the unknown deletes.

    There must be room (`layout.chunks_for`) for all of them in the overflow.
    """
    if count == 0:
        return 0
    sign = ints[side + SIGN]
    mask = (1 << ints[WINDOW_BITS]) - 1
    slots = ints[side + SLOTS_AT]
    words = ints[side + WORDS_AT]
    summary = ints[side + SUMMARY_AT]
    levels = ints[side + LEVELS]
    lowest = ints[side + BEST]
    if levels == 0:
        ints[side + BASE] = base_for(ints, sign * ticks[first_tick])
    base = ints[side + BASE]
    unknown = 0
    for index in range(count):
        key = sign * ticks[unsigned(first_tick + index)]
        size = quanta[unsigned(first_quantum + index)]
        if key > base + mask or key < base:
            if key < base and size != 0:
                lower_window(ints, side, key)
                base = ints[side + BASE]
            else:
                change = change_outside(ints, side, key, size) if key > base else 0
                levels += change
                unknown += size == 0 and change == 0
                continue
        # No branch from here on: inserting, changing and deleting come in no foreseeable order.
        slot = key & mask
        now: Any = np.int64(size != 0)
        was = np.int64(ints[unsigned(slots + slot)] != 0)
        ints[unsigned(slots + slot)] = size
        word_at = unsigned(words + (slot >> 6))
        word = (ints[word_at] & ~(ONE << (slot & 63))) | (now << (slot & 63))
        ints[word_at] = word
        block_at = unsigned(summary + (slot >> 12))
        bit = (slot >> 6) & 63
        ints[block_at] = (ints[block_at] & ~(ONE << bit)) | (np.int64(word != 0) << bit)
        levels += now - was
        unknown += (now | was) ^ 1
        held: Any = key if now != 0 else NO_KEY
        lowest = min(lowest, held)
    ints[side + LEVELS] = levels
    find_best(ints, side, lowest)
    return unknown


@kernel
def clear_side(ints: Ints, side: int) -> None:
    """Take every level out of a side, leaving its window where it is."""
    mask = (1 << ints[WINDOW_BITS]) - 1
    key = next_key(ints, side, ints[side + BEST]) if ints[side + LEVELS] > 0 else NO_KEY
    while key != NO_KEY:
        ints[ints[side + SLOTS_AT] + (key & mask)] = 0
        key = next_key(ints, side, key + 1) if key + 1 < ints[side + BASE] + mask + 1 else NO_KEY
    for index in range((mask + 1) >> 6):
        ints[ints[side + WORDS_AT] + index] = 0
    for index in range((mask + 1) >> 12):
        ints[ints[side + SUMMARY_AT] + index] = 0
    ints[side + LEVELS] = 0
    ints[side + CHUNKS] = 0
    ints[side + BEST] = NO_KEY


@kernel
def copy_levels(
    ints: Ints,
    side: int,
    ticks: Ints,
    first_tick: int,
    quanta: Ints,
    first_quantum: int,
    depth: int,
) -> int:
    """Copy up to `depth` levels of a side, best first; return how many there were."""
    sign = ints[side + SIGN]
    mask = (1 << ints[WINDOW_BITS]) - 1
    slots = ints[side + SLOTS_AT]
    words = ints[side + WORDS_AT]
    summary = ints[side + SUMMARY_AT]
    depth = min(depth, ints[side + LEVELS])
    end = (ints[side + BASE] + mask + 1) >> 12
    area = ints[side + BEST] >> 12
    count = 0
    while count < depth and area < end:
        block = ints[summary + (area & (mask >> 12))]
        index = (area << 6) + lowest_set_bit(block)
        word = ints[words + (index & (mask >> 6))]
        while block != 0 and count < depth:
            key = (index << 6) + lowest_set_bit(word)
            ticks[unsigned(first_tick + count)] = sign * key
            quanta[unsigned(first_quantum + count)] = ints[unsigned(slots + (key & mask))]
            count += 1
            word ^= ONE << (key & 63)
            # The next word is read ahead and taken when this one is spent: how many levels share
            # a word cannot be foreseen, and a branch on it would often be guessed wrong.
            rest = block ^ (ONE << (index & 63))
            following = (area << 6) + (lowest_set_bit(rest) & 63)
            ahead = ints[unsigned(words + (following & (mask >> 6)))]
            index = index if word != 0 else following
            block = block if word != 0 else rest
            word = word if word != 0 else ahead
        area += 1
    position = 0
    while count < depth:
        chunk = chunk_at(ints, side, position)
        taken = min(ints[chunk], depth - count)
        for place in range(taken):
            ticks[first_tick + count + place] = sign * ints[chunk + 1 + place]
            quanta[first_quantum + count + place] = ints[chunk + 1 + CHUNK + place]
        count += taken
        position += 1
    return count


@kernel
def size_of(ints: Ints, side: int, key: int) -> int:
    """Return the quanta that a side holds at a key, 0 when there is no level."""
    offset = key - ints[side + BASE]
    if ints[side + LEVELS] == 0 or offset < 0:
        return 0
    if offset >> ints[WINDOW_BITS] == 0:
        return size_near(ints, side, key)
    return find_far(ints, side, key)
