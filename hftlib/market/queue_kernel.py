"""Levels in price order, orders within a level in the order of their arrival, and order ids.

A queue's map leads from a key (ask and UP: the price; bid and DOWN: its negative) to the level's
record. The table of ids is open addressing with linear probing; eight neighbouring ids share one
line of memory, and the eights are scattered (Knuth's multiplicative hashing).
"""

from hftlib.book.layout import (
    BASE,
    BEST,
    CHUNKS,
    FIRSTS_AT,
    LEVELS,
    NO_KEY,
    WINDOW_BITS,
    Ints,
)
from hftlib.book.overflow_kernel import chunk_at, chunk_for, drop_far, place_for, put_far
from hftlib.book.window_kernel import (
    base_for,
    find_best,
    lower_window,
    next_key,
    put_near,
    size_near,
    size_of,
)
from hftlib.core.compiled import kernel
from hftlib.market.layout import (
    FIRST,
    FREE_LEVEL,
    FREE_ORDER,
    ID,
    IDS_AT,
    IDS_BITS,
    KEY,
    LAST,
    LEVEL,
    LEVEL_SIZE,
    LIVE,
    NEXT,
    ORDER_SIZE,
    PREVIOUS,
    QUEUE,
    REMAINING,
    TOTAL,
)

SPREAD = 0x9E3779B1
LOW_28 = (1 << 28) - 1
LOW_32 = (1 << 32) - 1


@kernel
def level_at(book: Ints, queue: int, key: int) -> int:
    """Return the record of the level at a key, 0 when there is none."""
    return size_of(book, queue, key)


@kernel
def best_level(book: Ints, queue: int) -> int:
    """Return the record of a queue's first level, 0 when it is empty."""
    if book[queue + LEVELS] == 0:
        return 0
    return size_near(book, queue, book[queue + BEST])


@kernel
def open_level(book: Ints, queue: int, key: int) -> int:
    """Add an empty level at a key that has none; return its record."""
    level = book[FREE_LEVEL]
    book[FREE_LEVEL] = level + LEVEL_SIZE + book[level + FIRST]
    book[level + TOTAL] = 0
    book[level + FIRST] = 0
    book[level + LAST] = 0
    book[level + KEY] = key
    if book[queue + LEVELS] == 0:
        book[queue + BASE] = base_for(book, key)
    if key < book[queue + BASE]:
        lower_window(book, queue, key)
    if (key - book[queue + BASE]) >> book[WINDOW_BITS] == 0:
        put_near(book, queue, key, level)
    else:
        put_far(book, queue, key, level)
    book[queue + LEVELS] += 1
    if key < book[queue + BEST]:
        book[queue + BEST] = key
    return level  # type: ignore[no-any-return]


@kernel
def close_level(book: Ints, queue: int, level: int) -> None:
    """Take an empty level out of its queue and free its record."""
    key = book[level + KEY]
    if (key - book[queue + BASE]) >> book[WINDOW_BITS] == 0:
        put_near(book, queue, key, 0)
    else:
        drop_far(book, queue, key)
    book[queue + LEVELS] -= 1
    if key == book[queue + BEST]:
        find_best(book, queue, key)
    book[level + FIRST] = book[FREE_LEVEL] - level - LEVEL_SIZE
    book[FREE_LEVEL] = level


@kernel
def key_after(book: Ints, queue: int, key: int) -> int:
    """Return the key of the level behind that at `key`, NO_KEY behind the last."""
    end = book[queue + BASE] + (1 << book[WINDOW_BITS])
    if key + 1 < end:
        found = next_key(book, queue, key + 1)
        if found != NO_KEY:
            return found
    if book[queue + CHUNKS] == 0:
        return NO_KEY
    if key < book[book[queue + FIRSTS_AT]]:
        return book[book[queue + FIRSTS_AT]]  # type: ignore[no-any-return]
    position = chunk_for(book, queue, key)
    chunk = chunk_at(book, queue, position)
    place = place_for(book, chunk, key + 1)
    if place < book[chunk]:
        return book[chunk + 1 + place]  # type: ignore[no-any-return]
    if position + 1 < book[queue + CHUNKS]:
        return book[book[queue + FIRSTS_AT] + position + 1]  # type: ignore[no-any-return]
    return NO_KEY


@kernel
def append(book: Ints, queue: int, key: int, order: int) -> int:
    """Put an order at the end of the level at a key; return the level's record."""
    level = level_at(book, queue, key)
    if level == 0:
        level = open_level(book, queue, key)
    last = book[level + LAST]
    book[order + NEXT] = 0
    book[order + PREVIOUS] = last
    book[order + LEVEL] = level
    book[order + QUEUE] = queue
    if last == 0:
        book[level + FIRST] = order
    else:
        book[last + NEXT] = order
    book[level + LAST] = order
    book[level + TOTAL] += book[order + REMAINING]
    return level


@kernel
def unlink(book: Ints, level: int, order: int) -> None:
    """Take an order out of its level's list; the level's total and the level itself stay."""
    before = book[order + PREVIOUS]
    after = book[order + NEXT]
    if before == 0:
        book[level + FIRST] = after
    else:
        book[before + NEXT] = after
    if after == 0:
        book[level + LAST] = before
    else:
        book[after + PREVIOUS] = before


@kernel
def home_of(book: Ints, order_id: int) -> int:
    """Return the place in the table of ids where the search for an id begins, from 0."""
    scattered = ((((order_id >> 3) & LOW_28) * SPREAD) & LOW_32) >> (35 - book[IDS_BITS])
    return (scattered << 3) | (order_id & 7)  # type: ignore[no-any-return]


@kernel
def find_order(book: Ints, order_id: int) -> int:
    """Return the record of a live order, 0 when there is none of that id."""
    mask = (1 << book[IDS_BITS]) - 1
    table = book[IDS_AT]
    place = home_of(book, order_id)
    order = book[table + place]
    while order != 0 and book[order + ID] != order_id:
        place = (place + 1) & mask
        order = book[table + place]
    return order  # type: ignore[no-any-return]


@kernel
def enter_id(book: Ints, order: int) -> None:
    """Count an order among the living and let it be found by its id."""
    mask = (1 << book[IDS_BITS]) - 1
    table = book[IDS_AT]
    place = home_of(book, book[order + ID])
    while book[table + place] != 0:
        place = (place + 1) & mask
    book[table + place] = order
    book[LIVE] += 1


@kernel
def strike_id(book: Ints, order: int) -> None:
    """Take a live order's id out of the table, and close the gap behind it."""
    mask = (1 << book[IDS_BITS]) - 1
    table = book[IDS_AT]
    gap = home_of(book, book[order + ID])
    while book[table + gap] != order:
        gap = (gap + 1) & mask
    place = (gap + 1) & mask
    follower = book[table + place]
    while follower != 0:
        # Who lives at or before the gap moves into it, or would not be found any more.
        if (place - home_of(book, book[follower + ID])) & mask >= (place - gap) & mask:
            book[table + gap] = follower
            gap = place
        place = (place + 1) & mask
        follower = book[table + place]
    book[table + gap] = 0
    book[LIVE] -= 1


@kernel
def take_order(book: Ints) -> int:
    """Return a free record for an order."""
    order = book[FREE_ORDER]
    book[FREE_ORDER] = order + ORDER_SIZE + book[order + NEXT]
    return order  # type: ignore[no-any-return]


@kernel
def free_order(book: Ints, order: int) -> None:
    """Give an order's record back."""
    book[order + NEXT] = book[FREE_ORDER] - order - ORDER_SIZE
    book[FREE_ORDER] = order
