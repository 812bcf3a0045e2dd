"""Arbitrageurs: they see two books of one asset, and act on what they saw a little later.

They compare prices in dollars, after the taker fees of both sides, and send an order at the price
they saw to each book when a gap is worth it; by then it may be gone.
"""

import math

from hftlib.core.compiled import kernel
from hftlib.market.agents.chance_kernel import exponential
from hftlib.market.agents.layout import (
    BOOK_FLOATS,
    BOOK_FLOATS_STRIDE,
    BOOK_INTS,
    BOOK_INTS_STRIDE,
    IS_UP,
    LEAST_LOTS,
    LOTS_PER_UNIT,
    NO_ASSET,
    OWNER_ARBITRAGE,
    PAIR_BUY_LOTS,
    PAIR_BUY_TICKS,
    PAIR_CHEAP,
    PAIR_COST_BPS,
    PAIR_DEAR,
    PAIR_FLOATS,
    PAIR_FLOATS_STRIDE,
    PAIR_INTS,
    PAIR_INTS_STRIDE,
    PAIR_LATENCY_S,
    PAIR_LOOKS_PER_SECOND,
    PAIR_MOST_UNITS,
    PAIR_PHASE,
    PAIR_SELL_LOTS,
    PAIR_SELL_TICKS,
    PAIR_TRADES,
    QUOTE,
    TICKS_PER_UNIT,
    Floats,
    Ints,
)
from hftlib.market.agents.slots_kernel import best_lots, best_ticks, state_of, want_taken
from hftlib.market.agents.value_kernel import value_seen
from hftlib.market.layout import ASK, BID
from hftlib.market.orders import NO_PRICE

LOOKS = 0
SENDS = 1


@kernel
def act_as_arbitrageur(ints: Ints, floats: Floats, books: Ints, chance: int, pair: int) -> float:
    """Look at a pair of books, or send what was decided; return the seconds until the next act."""
    at = PAIR_INTS + pair * PAIR_INTS_STRIDE
    own = PAIR_FLOATS + pair * PAIR_FLOATS_STRIDE
    first = ints[at + PAIR_CHEAP]
    second = ints[at + PAIR_DEAR]
    wait_s = exponential(ints, chance, 1.0 / floats[own + PAIR_LOOKS_PER_SECOND])
    if not (_is_up(ints, first) and _is_up(ints, second)):
        ints[at + PAIR_PHASE] = LOOKS
        return wait_s
    if ints[at + PAIR_PHASE] == SENDS:
        _send_both(ints, at)
        ints[at + PAIR_PHASE] = LOOKS
        return wait_s
    if _decide(ints, floats, books, pair, first, second):
        return floats[own + PAIR_LATENCY_S]  # type: ignore[no-any-return]
    if _decide(ints, floats, books, pair, second, first):
        return floats[own + PAIR_LATENCY_S]  # type: ignore[no-any-return]
    return wait_s


@kernel
def _is_up(ints: Ints, book: int) -> bool:
    """Say whether a book takes orders."""
    return ints[BOOK_INTS + book * BOOK_INTS_STRIDE + IS_UP] != 0  # type: ignore[no-any-return]


@kernel
def _dollars_per_tick(ints: Ints, floats: Floats, book: int) -> float:
    """Return what a tick of a book is worth in dollars."""
    quote = ints[BOOK_INTS + book * BOOK_INTS_STRIDE + QUOTE]
    tick = 1.0 / floats[BOOK_FLOATS + book * BOOK_FLOATS_STRIDE + TICKS_PER_UNIT]
    return tick if quote == NO_ASSET else tick * value_seen(ints, floats, quote, 0.0)  # type: ignore[no-any-return]


@kernel
def _decide(ints: Ints, floats: Floats, books: Ints, pair: int, cheap: int, dear: int) -> bool:
    """Decide to buy in one book and sell in the other when the gap pays for the fees."""
    at = PAIR_INTS + pair * PAIR_INTS_STRIDE
    own = PAIR_FLOATS + pair * PAIR_FLOATS_STRIDE
    cheap_state = state_of(ints, books, cheap)
    dear_state = state_of(ints, books, dear)
    ask = best_ticks(cheap_state, ASK)
    bid = best_ticks(dear_state, BID)
    if ask == NO_PRICE or bid == NO_PRICE:
        return False
    paid = ask * _dollars_per_tick(ints, floats, cheap)
    received = bid * _dollars_per_tick(ints, floats, dear)
    if received < paid * (1.0 + 1e-4 * floats[own + PAIR_COST_BPS]):
        return False
    cheap_lots = floats[BOOK_FLOATS + cheap * BOOK_FLOATS_STRIDE + LOTS_PER_UNIT]
    dear_lots = floats[BOOK_FLOATS + dear * BOOK_FLOATS_STRIDE + LOTS_PER_UNIT]
    units = min(
        floats[own + PAIR_MOST_UNITS],
        best_lots(cheap_state, ASK) / cheap_lots,
        best_lots(dear_state, BID) / dear_lots,
    )
    ints[at + PAIR_CHEAP] = cheap
    ints[at + PAIR_DEAR] = dear
    ints[at + PAIR_BUY_TICKS] = ask
    ints[at + PAIR_SELL_TICKS] = bid
    ints[at + PAIR_BUY_LOTS] = _lots(ints, cheap, units * cheap_lots)
    ints[at + PAIR_SELL_LOTS] = _lots(ints, dear, units * dear_lots)
    ints[at + PAIR_PHASE] = SENDS
    return True


@kernel
def _lots(ints: Ints, book: int, lots: float) -> int:
    """Return whole lots, at least the least that the book takes."""
    return max(ints[BOOK_INTS + book * BOOK_INTS_STRIDE + LEAST_LOTS], math.floor(lots))  # type: ignore[no-any-return]


@kernel
def _send_both(ints: Ints, at: int) -> None:
    """Send both orders of what was decided."""
    want_taken(
        ints,
        ints[at + PAIR_CHEAP],
        OWNER_ARBITRAGE,
        BID,
        ints[at + PAIR_BUY_TICKS],
        ints[at + PAIR_BUY_LOTS],
    )
    want_taken(
        ints,
        ints[at + PAIR_DEAR],
        OWNER_ARBITRAGE,
        ASK,
        ints[at + PAIR_SELL_TICKS],
        ints[at + PAIR_SELL_LOTS],
    )
    ints[at + PAIR_TRADES] += 1
