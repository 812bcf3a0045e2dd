"""The one compiled loop of the market: whose turn it is next, and the turn.

Each lane knows when it acts next; the earliest acts, of equal times the first lane. What happens
depends on nothing but the arrays, so time may be cut into calls anyhow.
"""

import math

from hftlib.core.compiled import FLOATS, INT, INTS, entry, kernel
from hftlib.market.agents.arbitrage_kernel import act_as_arbitrageur
from hftlib.market.agents.layout import (
    BOOK_FLOATS,
    BOOK_FLOATS_STRIDE,
    BOOK_INTS,
    BOOK_INTS_STRIDE,
    BOOKS,
    CLASS_END,
    DELAY_S,
    IS_UP,
    LANE_ARBITRAGE,
    LANE_CHANCE,
    LANE_KIND,
    LANE_MAKERS,
    LANE_NEXT,
    LANE_SPOOFER,
    LANE_SUBJECT,
    LANE_TAKERS,
    LANE_VALUES,
    LANES,
    LOG_FILLING,
    NEAR_CLASSES,
    NOW,
    PAIR_CHEAP,
    PAIR_DEAR,
    PAIR_INTS,
    PAIR_INTS_STRIDE,
    REACHED,
    SECOND_NS,
    SIDE_SLOTS,
    SLOTS_AT,
    STEP_NS,
    Floats,
    Ints,
)
from hftlib.market.agents.maker_kernel import act_as_makers, fair_ticks, place_ladder, quote_size
from hftlib.market.agents.scheme_kernel import act_as_spoofer, act_as_worker
from hftlib.market.agents.slots_kernel import carry_out, state_of, want_filled, want_free
from hftlib.market.agents.taker_kernel import act_as_takers
from hftlib.market.agents.value_kernel import step_values
from hftlib.market.log_kernel import needs_drain

DOWN_S = 0.05


@entry(INTS, FLOATS, INTS, INT)
def run_lanes(ints: Ints, floats: Floats, books: Ints, until_ns: int) -> int:
    """Let every lane act whose time is at most `until_ns`; return REACHED or LOG_FILLING."""
    for book in range(ints[BOOKS]):
        if needs_drain(state_of(ints, books, book)):
            return LOG_FILLING
    while True:
        lane = _next_lane(ints)
        time_ns = ints[LANE_NEXT + lane]
        if time_ns > until_ns:
            ints[NOW] = max(ints[NOW], until_ns)
            return REACHED
        ints[NOW] = time_ns
        ints[LANE_NEXT + lane] = time_ns + _act(ints, floats, books, lane)
        carry_out(ints, floats, books)
        if _fills_log(ints, books, lane):
            return LOG_FILLING


@kernel
def _next_lane(ints: Ints) -> int:
    """Return the lane that acts next."""
    first = 0
    earliest = ints[LANE_NEXT]
    for lane in range(1, ints[LANES]):
        if ints[LANE_NEXT + lane] < earliest:
            earliest = ints[LANE_NEXT + lane]
            first = lane
    return first


@kernel
def _act(ints: Ints, floats: Floats, books: Ints, lane: int) -> int:
    """Let a lane act; return the nanoseconds until it acts again."""
    kind = ints[LANE_KIND + lane]
    subject = ints[LANE_SUBJECT + lane]
    chance = LANE_CHANCE + lane
    if kind == LANE_VALUES:
        step_values(ints, floats, chance)
        return STEP_NS
    if kind == LANE_ARBITRAGE:
        wait_s = act_as_arbitrageur(ints, floats, books, chance, subject)
    elif ints[BOOK_INTS + subject * BOOK_INTS_STRIDE + IS_UP] == 0:
        wait_s = DOWN_S
    else:
        state = state_of(ints, books, subject)
        if kind == LANE_MAKERS:
            wait_s = act_as_makers(ints, floats, state, chance, subject)
        elif kind == LANE_TAKERS:
            wait_s = act_as_takers(ints, floats, state, chance, subject)
        elif kind == LANE_SPOOFER:
            wait_s = act_as_spoofer(ints, floats, state, chance, subject)
        else:
            wait_s = act_as_worker(ints, floats, state, chance, subject)
    return 1 + int(wait_s * SECOND_NS)


@kernel
def _fills_log(ints: Ints, books: Ints, lane: int) -> bool:
    """Say whether a log of a book that a lane may have acted on wants to be drained."""
    kind = ints[LANE_KIND + lane]
    if kind == LANE_VALUES:
        return False
    if kind != LANE_ARBITRAGE:
        return needs_drain(state_of(ints, books, ints[LANE_SUBJECT + lane]))
    pair = PAIR_INTS + ints[LANE_SUBJECT + lane] * PAIR_INTS_STRIDE
    first = needs_drain(state_of(ints, books, ints[pair + PAIR_CHEAP]))
    return first or needs_drain(state_of(ints, books, ints[pair + PAIR_DEAR]))


@entry(INTS, FLOATS, INTS, INT, INT)
def set_open(ints: Ints, floats: Floats, books: Ints, book: int, is_open: int) -> None:
    """Quote a book that opens around what it is worth, or withdraw its makers from one that closes.

    Makers leave what stands near the best prices; patient orders stay.
    """
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    own = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
    side_slots = ints[block + SIDE_SLOTS]
    ints[block + IS_UP] = is_open
    bid = max(1, math.floor(fair_ticks(ints, floats, book, floats[own + DELAY_S])))
    for slot in range(2 * side_slots):
        ticks = ints[ints[block + SLOTS_AT] + slot + 2 * side_slots]
        is_passed = ticks > bid if slot < side_slots else ticks <= bid
        is_near = slot % side_slots < ints[block + CLASS_END + NEAR_CLASSES - 1]
        if is_passed or (is_near and is_open == 0):
            want_free(ints, book, slot)
            carry_out(ints, floats, books)
    if is_open != 0:
        _fill_slots(ints, floats, books, book, bid)


@kernel
def _fill_slots(ints: Ints, floats: Floats, books: Ints, book: int, bid: int) -> None:
    """Rest an order in every empty slot, the best prices first."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    side_slots = ints[block + SIDE_SLOTS]
    chance = _maker_chance(ints, book)
    slot_class = 0
    for place_in_side in range(side_slots):
        while place_in_side >= ints[block + CLASS_END + slot_class]:
            slot_class += 1
        for side in range(2):
            slot = side * side_slots + place_in_side
            if ints[ints[block + SLOTS_AT] + slot] != 0:
                continue
            if slot_class == 0:
                lots = quote_size(ints, floats, chance, book)
                want_filled(ints, book, slot, bid + side, lots)
            else:
                place_ladder(ints, floats, chance, book, slot, slot_class, bid, bid + 1)
            carry_out(ints, floats, books)


@kernel
def _maker_chance(ints: Ints, book: int) -> int:
    """Return the place of the generator of a book's makers."""
    lane = 0
    while ints[LANE_KIND + lane] != LANE_MAKERS or ints[LANE_SUBJECT + lane] != book:
        lane += 1
    return LANE_CHANCE + lane
