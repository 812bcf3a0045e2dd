"""Market makers: a queue at the best price, ladders behind it, and patient orders far away.

Makers see the value late, through a basis and a wandering error of their own, and lean against
their inventory (Ho and Stoll 1981; Avellaneda and Stoikov 2008). While the value stays within
their tolerance of the best prices they only refresh their queues: fewer orders join and more leave
the side that the value approaches. When it passes a best price, quotes there are withdrawn or
taken one after another within milliseconds, and the gap is quoted again, a tick wide.
Distances of patient orders fall off as a power law (Bouchaud, Mezard and Potters 2002) and prefer
round prices.
"""

import math

from hftlib.core.compiled import kernel
from hftlib.market.agents.chance_kernel import (
    below,
    between,
    exponential,
    exponential_of,
    log_normal,
    normal,
    uniform,
)
from hftlib.market.agents.layout import (
    ASSET,
    BASIS_BPS,
    BOOK_FLOATS,
    BOOK_FLOATS_STRIDE,
    BOOK_INTS,
    BOOK_INTS_STRIDE,
    BURST_S,
    CALM_SHARE,
    CHASES,
    CLASS_END,
    CLASS_FARTHEST,
    CLASS_LOTS,
    CLASS_NEAREST,
    CLASS_RATE,
    CLASSES,
    DELAY_S,
    DIAL_ACTIVITY,
    DIAL_DEPTH,
    DIAL_LAG_S,
    DIAL_QUOTE_LAG_S,
    DIAL_TOLERANCE,
    EVEN_CLASSES,
    FOLLOW_S,
    FOLLOW_SIDE,
    FOLLOWERS,
    INVENTORY,
    INVENTORY_SECONDS,
    JOIN_SHARE,
    LEAST_LOTS,
    MAKER_RATE,
    NEAR_CLASSES,
    NO_ASSET,
    NOW,
    OWNER_INFORMED,
    QUOTE,
    QUOTE_LOTS,
    QUOTE_SPREAD,
    SECOND_NS,
    SEEN_NS,
    SIDE_SLOTS,
    SIZE_SPREAD,
    SKEW_BPS,
    SKEW_LOTS,
    SLOTS_AT,
    STIR,
    STIR_STEP,
    TAKEN_SHARE,
    TAKER_LOTS,
    TICKS_PER_UNIT,
    TINY_LOTS,
    TINY_SHARE,
    TOLERANCE_BPS,
    VIEW_BPS,
    VIEW_SPREAD_BPS,
    WILLING,
    WILLING_SPREAD,
    Floats,
    Ints,
)
from hftlib.market.agents.slots_kernel import (
    best_lots,
    best_ticks,
    look_at_slot,
    opposite,
    want_filled,
    want_free,
    want_taken,
)
from hftlib.market.agents.value_kernel import value_seen
from hftlib.market.layout import ASK, BID
from hftlib.market.orders import NO_PRICE

VIEW_SECONDS = 3.0
STIR_SECONDS = 0.3
SETTLED = 0.15
RETREAT_SHARE = 0.7
MOST_QUOTES = 50.0
LARGEST_QUOTE = 36.0
CHANGE_OF_MOOD = 0.15


@kernel
def fair_ticks(ints: Ints, floats: Floats, book: int, late_s: float) -> float:
    """Return a book's worth in ticks, as seen `late_s` seconds late, with the book's basis."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    own = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
    worth = value_seen(ints, floats, ints[block + ASSET], late_s)
    if ints[block + QUOTE] != NO_ASSET:
        quote_late_s = late_s + floats[own + DIAL_QUOTE_LAG_S]
        worth /= value_seen(ints, floats, ints[block + QUOTE], quote_late_s)
    return worth * floats[own + TICKS_PER_UNIT] * (1.0 + 1e-4 * floats[own + BASIS_BPS])  # type: ignore[no-any-return]


@kernel
def makers_view(ints: Ints, floats: Floats, chance: int, book: int) -> float:
    """Return where makers centre their quotes, in ticks; their error wanders, inventory fades."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    own = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
    passed_s = (ints[NOW] - ints[block + SEEN_NS]) / SECOND_NS
    ints[block + SEEN_NS] = ints[NOW]
    pull = min(1.0, passed_s / VIEW_SECONDS)
    floats[own + VIEW_BPS] += -pull * floats[own + VIEW_BPS] + floats[
        own + VIEW_SPREAD_BPS
    ] * math.sqrt(2.0 * pull) * normal(ints, chance)
    floats[own + INVENTORY] *= exponential_of(
        -min(passed_s / floats[own + INVENTORY_SECONDS], 100.0)
    )
    floats[own + STIR] *= exponential_of(-min(passed_s / STIR_SECONDS, 100.0))
    inventory = floats[own + INVENTORY]
    lean = floats[own + SKEW_BPS] * inventory / (floats[own + SKEW_LOTS] + abs(inventory))
    late_s = floats[own + DELAY_S] + floats[own + DIAL_LAG_S]
    worth = fair_ticks(ints, floats, book, late_s)
    return worth * (1.0 + 1e-4 * (floats[own + VIEW_BPS] - lean))  # type: ignore[no-any-return]


@kernel
def act_as_makers(ints: Ints, floats: Floats, state: Ints, chance: int, book: int) -> float:
    """Do one thing a maker does; return the seconds until the next."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    own = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
    view = makers_view(ints, floats, chance, book)
    tolerance = max(0.35, view * 1e-4 * floats[own + TOLERANCE_BPS] * floats[own + DIAL_TOLERANCE])
    bid = best_ticks(state, BID)
    ask = best_ticks(state, ASK)
    burst_s = exponential(ints, chance, floats[own + BURST_S])
    if bid == NO_PRICE or ask == NO_PRICE:
        _quote_empty_side(ints, floats, chance, book, view, bid, ask)
        return burst_s
    is_open = ask - bid > 1
    retreats = not is_open or uniform(ints, chance) < RETREAT_SHARE
    patience = tolerance if ints[block + CHASES] == 0 else SETTLED * tolerance
    if view > ask + patience or view < bid - patience:
        if ints[block + CHASES] == 0:
            ints[block + CHASES] = 1
            if uniform(ints, chance) < CHANGE_OF_MOOD:
                floats[own + WILLING] = log_normal(ints, chance, 1.0, floats[own + WILLING_SPREAD])
        if retreats:
            side = ASK if view > ask else BID
            _retreat(ints, floats, state, chance, book, side, ask if side == ASK else bid)
            return burst_s
    else:
        ints[block + CHASES] = 0
    if is_open:
        _narrow(ints, floats, chance, book, view, bid, ask)
        return burst_s
    if ints[block + FOLLOWERS] > 0:
        ints[block + FOLLOWERS] -= 1
        _join(ints, floats, chance, book, ints[block + FOLLOW_SIDE], bid, ask)
        return exponential(ints, chance, floats[own + FOLLOW_S])
    stir = floats[own + CALM_SHARE] + floats[own + STIR]
    approach = (2.0 * view - bid - ask) / (2.0 * tolerance + 1.0)
    _refresh(ints, floats, state, chance, book, approach, bid, ask)
    rate = floats[own + MAKER_RATE] * floats[own + DIAL_ACTIVITY] * stir
    return exponential(ints, chance, 1.0 / rate)


@kernel
def _quote_empty_side(
    ints: Ints,
    floats: Floats,
    chance: int,
    book: int,
    view: float,
    bid: int,
    ask: int,
) -> None:
    """Quote a side on which nothing stands, and never through the other."""
    if bid == NO_PRICE:
        ticks = math.floor(view)
        if ask != NO_PRICE:
            ticks = min(ticks, ask - 1)
        side = BID
        ticks = max(1, ticks)
    else:
        ticks = max(math.ceil(view), bid + 1)
        side = ASK
    slot = _touch_slot(ints, book, side, ticks)
    want_filled(ints, book, slot, ticks, quote_size(ints, floats, chance, book))


@kernel
def _retreat(
    ints: Ints, floats: Floats, state: Ints, chance: int, book: int, side: int, stale: int
) -> None:
    """Withdraw one order at the stale best price, or see the informed take what stands there."""
    own = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    slot = _near_slot_at(ints, book, side, stale)
    if slot >= 0 and uniform(ints, chance) >= floats[own + TAKEN_SHARE]:
        want_free(ints, book, slot)
        return
    offered = 1.0 * best_lots(state, side)
    if slot < 0:
        most = MOST_QUOTES * floats[own + QUOTE_LOTS]
        want_taken(ints, book, OWNER_INFORMED, opposite(side), stale, int(min(offered, most)))
        return
    lots = log_normal(ints, chance, 2.0 * floats[own + TAKER_LOTS], 2.5)
    lots = max(float(ints[block + LEAST_LOTS]), min(lots, offered))
    want_taken(ints, book, OWNER_INFORMED, opposite(side), stale, int(lots))


@kernel
def _near_slot_at(ints: Ints, book: int, side: int, ticks: int) -> int:
    """Return a slot of a near class whose order was placed at that price, -1 when none was."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    side_slots = ints[block + SIDE_SLOTS]
    first = ints[block + SLOTS_AT] + side * side_slots
    for slot in range(ints[block + CLASS_END + NEAR_CLASSES - 1]):
        if ints[first + 2 * side_slots + slot] == ticks and ints[first + slot] != 0:
            return side * side_slots + slot  # type: ignore[no-any-return]
    return -1


@kernel
def _touch_slot(ints: Ints, book: int, side: int, ticks: int) -> int:
    """Return the slot of class 0 that is empty, or else the one farthest behind `ticks`."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    side_slots = ints[block + SIDE_SLOTS]
    first = ints[block + SLOTS_AT] + side * side_slots
    chosen = 0
    farthest = -1
    for slot in range(ints[block + CLASS_END]):
        if ints[first + slot] == 0:
            return side * side_slots + slot  # type: ignore[no-any-return]
        behind = abs(ints[first + 2 * side_slots + slot] - ticks)
        if behind > farthest:
            farthest = behind
            chosen = slot
    return side * side_slots + chosen  # type: ignore[no-any-return]


@kernel
def _narrow(
    ints: Ints,
    floats: Floats,
    chance: int,
    book: int,
    view: float,
    bid: int,
    ask: int,
) -> None:
    """Quote inside an open spread: beside the other side, or at the view."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    own = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
    side = BID if 2.0 * view > bid + ask else ASK
    if uniform(ints, chance) < floats[own + JOIN_SHARE]:
        ticks = ask - 1 if side == BID else bid + 1
    elif side == BID:
        ticks = max(bid + 1, min(ask - 1, math.floor(view)))
    else:
        ticks = min(ask - 1, max(bid + 1, math.ceil(view)))
    slot = _touch_slot(ints, book, side, ticks)
    lots = floats[own + WILLING] * quote_size(ints, floats, chance, book)
    lots = min(lots, LARGEST_QUOTE * floats[own + QUOTE_LOTS])
    want_filled(ints, book, slot, ticks, max(ints[block + LEAST_LOTS], int(lots)))
    ints[block + FOLLOWERS] = below(ints, chance, 2 * ints[block + CLASS_END])
    ints[block + FOLLOW_SIDE] = side
    floats[own + STIR] += floats[own + STIR_STEP]


@kernel
def _join(
    ints: Ints, floats: Floats, chance: int, book: int, side: int, bid: int, ask: int
) -> None:
    """Bring a quote that is behind, or a new one, to the best price of a side."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    side_slots = ints[block + SIDE_SLOTS]
    ticks = bid if side == BID else ask
    slot = _touch_slot(ints, book, side, ticks)
    at = ints[block + SLOTS_AT] + slot
    if ints[at] == 0 or ints[at + 2 * side_slots] != ticks:
        want_filled(ints, book, slot, ticks, quote_size(ints, floats, chance, book))


@kernel
def _refresh(
    ints: Ints,
    floats: Floats,
    state: Ints,
    chance: int,
    book: int,
    approach: float,
    bid: int,
    ask: int,
) -> None:
    """Renew one order of one class; `approach` is 1 when the value is about to pass the ask."""
    own = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
    draw = uniform(ints, chance) * floats[own + MAKER_RATE]
    chosen = 0
    while chosen < CLASSES - 1 and draw >= floats[own + CLASS_RATE + chosen]:
        draw -= floats[own + CLASS_RATE + chosen]
        chosen += 1
    side = BID if uniform(ints, chance) < 0.5 else ASK
    if chosen == 0:
        threat = approach if side == ASK else -approach
        _refresh_quote(ints, floats, state, chance, book, side, threat, bid, ask)
    else:
        _refresh_ladder(ints, floats, chance, book, side, chosen, bid, ask)


@kernel
def _refresh_quote(
    ints: Ints,
    floats: Floats,
    state: Ints,
    chance: int,
    book: int,
    side: int,
    threat: float,
    bid: int,
    ask: int,
) -> None:
    """Join the queue at the best price or leave it: the more it is threatened, the rather leave."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    side_slots = ints[block + SIDE_SLOTS]
    slot = side * side_slots + below(ints, chance, ints[block + CLASS_END])
    at = ints[block + SLOTS_AT] + slot
    look_at_slot(ints, floats, state, book, slot)
    ticks = bid if side == BID else ask
    stays = uniform(ints, chance) > 0.5 + 0.45 * max(-1.0, min(1.0, threat))
    settled = ints[at] != 0 and ints[at + 2 * side_slots] == ticks
    if stays and not settled:
        want_filled(ints, book, slot, ticks, quote_size(ints, floats, chance, book))
    elif ints[at] != 0 and not stays:
        want_free(ints, book, slot)


@kernel
def _refresh_ladder(
    ints: Ints,
    floats: Floats,
    chance: int,
    book: int,
    side: int,
    chosen: int,
    bid: int,
    ask: int,
) -> None:
    """Move one order of a class behind the best price to a new distance."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    first = ints[block + CLASS_END + chosen - 1]
    count = ints[block + CLASS_END + chosen] - first
    slot = side * ints[block + SIDE_SLOTS] + first + below(ints, chance, count)
    place_ladder(ints, floats, chance, book, slot, chosen, bid, ask)


@kernel
def place_ladder(
    ints: Ints,
    floats: Floats,
    chance: int,
    book: int,
    slot: int,
    chosen: int,
    bid: int,
    ask: int,
) -> None:
    """Place a slot's order at a distance of its class from the best price."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    own = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
    nearest = floats[own + CLASS_NEAREST + chosen]
    farthest = floats[own + CLASS_FARTHEST + chosen]
    if chosen < EVEN_CLASSES:
        bps = nearest + (farthest - nearest) * uniform(ints, chance)
    else:
        bps = between(ints, chance, nearest, farthest)
    side = BID if slot < ints[block + SIDE_SLOTS] else ASK
    touch = bid if side == BID else ask
    distance = 1 + int(touch * bps * 1e-4)
    ticks = touch - distance if side == BID else touch + distance
    if chosen >= NEAR_CLASSES:
        ticks = _rounded(ints, chance, ticks)
        ticks = min(ticks, bid - 1) if side == BID else max(ticks, ask + 1)
    lots = (
        log_normal(ints, chance, floats[own + CLASS_LOTS + chosen], floats[own + SIZE_SPREAD])
        * floats[own + DIAL_DEPTH]
    )
    least = ints[block + LEAST_LOTS]
    want_filled(ints, book, slot, max(1, ticks), max(least, int(lots)))


@kernel
def _rounded(ints: Ints, chance: int, ticks: int) -> int:
    """Return a price as people choose it: often round, the rounder the rarer."""
    draw = uniform(ints, chance)
    if draw < 0.06:
        return _nearest(ticks, 10_000)
    if draw < 0.12:
        return _nearest(ticks, 1_000)
    if draw < 0.15:
        return _nearest(ticks, 500)
    if draw < 0.23:
        return _nearest(ticks, 100)
    if draw < 0.32:
        return _nearest(ticks, 10)
    return ticks


@kernel
def _nearest(ticks: int, step: int) -> int:
    """Return the nearest multiple of `step`, as long as prices are fine beside it."""
    if ticks < 50 * step:
        return ticks
    return (ticks + step // 2) // step * step


@kernel
def quote_size(ints: Ints, floats: Floats, chance: int, book: int) -> int:
    """Return the lots of a quote at the best price: many are tiny, some are large."""
    own = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
    if uniform(ints, chance) < floats[own + TINY_SHARE]:
        lots = log_normal(ints, chance, floats[own + TINY_LOTS], 1.0)
    else:
        lots = log_normal(ints, chance, floats[own + QUOTE_LOTS], floats[own + QUOTE_SPREAD])
        lots = min(lots, LARGEST_QUOTE * floats[own + QUOTE_LOTS])
        lots *= floats[own + DIAL_DEPTH]
    return max(ints[BOOK_INTS + book * BOOK_INTS_STRIDE + LEAST_LOTS], int(lots))  # type: ignore[no-any-return]
