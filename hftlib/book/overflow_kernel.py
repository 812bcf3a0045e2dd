"""The ordered overflow: levels beyond the window, in sorted chunks under a sorted directory.

A chunk holds up to CHUNK levels in key order. ORDER_AT lists the chunks' numbers: the first
CHUNKS of them are in use, in key order, the rest are free. FIRSTS_AT holds each used chunk's
first key in the same order. Two neighbouring chunks together always hold more than CHUNK / 2
levels (`layout.chunks_for` rests on that), and no used chunk is empty.
"""

from hftlib.book.layout import (
    CHUNK,
    CHUNK_SIZE,
    CHUNKS,
    CHUNKS_AT,
    FIRSTS_AT,
    ORDER_AT,
    Ints,
)
from hftlib.core.compiled import kernel


@kernel
def chunk_at(ints: Ints, side: int, position: int) -> int:
    """Return where the chunk at a position of the directory begins."""
    number = ints[ints[side + ORDER_AT] + position]
    return ints[side + CHUNKS_AT] + number * CHUNK_SIZE  # type: ignore[no-any-return]


@kernel
def chunk_for(ints: Ints, side: int, key: int) -> int:
    """Return the position of the last chunk that begins at or before `key`, or 0."""
    firsts = ints[side + FIRSTS_AT]
    low = 0
    high = ints[side + CHUNKS]
    while high - low > 1:
        middle = (low + high) >> 1
        if ints[firsts + middle] <= key:
            low = middle
        else:
            high = middle
    return low


@kernel
def place_for(ints: Ints, chunk: int, key: int) -> int:
    """Return the place within a chunk of the first key that is not before `key`."""
    low = 0
    high = ints[chunk]
    while low < high:
        middle = (low + high) >> 1
        if ints[chunk + 1 + middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def open_chunk(ints: Ints, side: int, position: int) -> int:
    """Put a free, empty chunk into the directory at `position`; return where it begins."""
    order = ints[side + ORDER_AT]
    firsts = ints[side + FIRSTS_AT]
    used = ints[side + CHUNKS]
    number = ints[order + used]
    for index in range(used, position, -1):
        ints[order + index] = ints[order + index - 1]
        ints[firsts + index] = ints[firsts + index - 1]
    ints[order + position] = number
    ints[side + CHUNKS] = used + 1
    chunk = ints[side + CHUNKS_AT] + number * CHUNK_SIZE
    ints[chunk] = 0
    return chunk  # type: ignore[no-any-return]


@kernel
def close_chunk(ints: Ints, side: int, position: int) -> None:
    """Take the chunk at `position` out of the directory and back among the free ones."""
    order = ints[side + ORDER_AT]
    firsts = ints[side + FIRSTS_AT]
    last = ints[side + CHUNKS] - 1
    number = ints[order + position]
    for index in range(position, last):
        ints[order + index] = ints[order + index + 1]
        ints[firsts + index] = ints[firsts + index + 1]
    ints[order + last] = number
    ints[side + CHUNKS] = last


@kernel
def split_chunk(ints: Ints, side: int, position: int) -> None:
    """Move the upper half of a full chunk into a new one right after it."""
    half = CHUNK >> 1
    upper = open_chunk(ints, side, position + 1)
    lower = chunk_at(ints, side, position)
    for index in range(half):
        ints[upper + 1 + index] = ints[lower + 1 + half + index]
        ints[upper + 1 + CHUNK + index] = ints[lower + 1 + CHUNK + half + index]
    ints[lower] = half
    ints[upper] = half
    ints[ints[side + FIRSTS_AT] + position + 1] = ints[upper + 1]


@kernel
def join_next(ints: Ints, side: int, position: int) -> bool:
    """Join a chunk with the next one where both together fill no more than half a chunk."""
    if position < 0 or position + 1 >= ints[side + CHUNKS]:
        return False
    lower = chunk_at(ints, side, position)
    upper = chunk_at(ints, side, position + 1)
    count = ints[lower]
    extra = ints[upper]
    if count + extra > CHUNK >> 1:
        return False
    for index in range(extra):
        ints[lower + 1 + count + index] = ints[upper + 1 + index]
        ints[lower + 1 + CHUNK + count + index] = ints[upper + 1 + CHUNK + index]
    ints[lower] = count + extra
    close_chunk(ints, side, position + 1)
    return True


@kernel
def settle(ints: Ints, side: int, position: int) -> None:
    """Restore the overflow's invariant after levels have left the chunk at `position`."""
    chunk = chunk_at(ints, side, position)
    if ints[chunk] == 0:
        close_chunk(ints, side, position)
        return
    ints[ints[side + FIRSTS_AT] + position] = ints[chunk + 1]
    join_next(ints, side, position)
    join_next(ints, side, position - 1)


@kernel
def put_far(ints: Ints, side: int, key: int, quanta: int) -> int:
    """Set a level of the overflow; return 1 when it is new, else 0."""
    if ints[side + CHUNKS] == 0:
        open_chunk(ints, side, 0)
    position = chunk_for(ints, side, key)
    chunk = chunk_at(ints, side, position)
    place = place_for(ints, chunk, key)
    if place < ints[chunk] and ints[chunk + 1 + place] == key:
        ints[chunk + 1 + CHUNK + place] = quanta
        return 0
    if ints[chunk] == CHUNK:
        split_chunk(ints, side, position)
        if place > CHUNK >> 1:
            position += 1
            place -= CHUNK >> 1
            chunk = chunk_at(ints, side, position)
    for index in range(ints[chunk], place, -1):
        ints[chunk + 1 + index] = ints[chunk + index]
        ints[chunk + 1 + CHUNK + index] = ints[chunk + CHUNK + index]
    ints[chunk + 1 + place] = key
    ints[chunk + 1 + CHUNK + place] = quanta
    ints[chunk] += 1
    ints[ints[side + FIRSTS_AT] + position] = ints[chunk + 1]
    return 1


@kernel
def find_far(ints: Ints, side: int, key: int) -> int:
    """Return the quanta of a level of the overflow, 0 when there is none."""
    if ints[side + CHUNKS] == 0:
        return 0
    chunk = chunk_at(ints, side, chunk_for(ints, side, key))
    place = place_for(ints, chunk, key)
    if place < ints[chunk] and ints[chunk + 1 + place] == key:
        return ints[chunk + 1 + CHUNK + place]  # type: ignore[no-any-return]
    return 0


@kernel
def drop_places(ints: Ints, side: int, position: int, first: int, count: int) -> None:
    """Take `count` levels from place `first` on out of the chunk at `position`."""
    chunk = chunk_at(ints, side, position)
    for index in range(first, ints[chunk] - count):
        ints[chunk + 1 + index] = ints[chunk + 1 + index + count]
        ints[chunk + 1 + CHUNK + index] = ints[chunk + 1 + CHUNK + index + count]
    ints[chunk] -= count
    settle(ints, side, position)


@kernel
def drop_far(ints: Ints, side: int, key: int) -> int:
    """Delete a level of the overflow; return 1 when it was there, else 0."""
    if ints[side + CHUNKS] == 0:
        return 0
    position = chunk_for(ints, side, key)
    chunk = chunk_at(ints, side, position)
    place = place_for(ints, chunk, key)
    if place == ints[chunk] or ints[chunk + 1 + place] != key:
        return 0
    drop_places(ints, side, position, place, 1)
    return 1
