"""The digit scanner: JSON text of levels into integer ticks and quanta, without a parser between.

Every index is proven in range before it is read: whoever moves `at` on compares it with the
length of the text first. A scan writes nothing but scratch, so a malformed text changes nothing.

Numbers are plain decimals, quoted or bare: no sign, no exponent. Prices must be positive.
"""

from typing import Any, TypeAlias

import numpy as np

from hftlib.book.bits_kernel import lowest_set_bit, unsigned, word_at
from hftlib.book.layout import (
    ASK_SIDE,
    BID_SIDE,
    CHANGES,
    MALFORMED,
    MAXIMUM_TICKS,
    NEEDS_ROOM,
    OBJECTS,
    OFF_QUANTUM,
    PAIRS,
    PRICE_DECIMALS,
    SCRATCH_AT,
    SCRATCH_ROOM,
    SCRATCH_WANTED,
    SIZE_DECIMALS,
    TICK_UNITS,
    TOO_LARGE,
    UPDATES,
    Ints,
)
from hftlib.core.compiled import kernel

Text: TypeAlias = Any
"""JSON text: whatever shows its bytes (bytes, msgspec.Raw), see `core.compiled.TEXT`."""

_TENTH = (2**63 - 1) // 10
_LAST_DIGIT = (2**63 - 1) % 10

_QUOTE, _COMMA, _DOT, _ZERO, _NINE = (ord(sign) for sign in '",.09')
_COLON, _BACKSLASH = ord(":"), ord("\\")
_OPEN_LIST, _CLOSE_LIST, _OPEN_OBJECT, _CLOSE_OBJECT = (ord(sign) for sign in "[]{}")
_DEEPEST = 60

ONE: Any = np.int64(1)
_SCALES = np.array([10**decimals for decimals in range(9)], np.int64)
_ZEROS = 0x3030303030303030
_LOWER_HALVES = 0x0F0F0F0F0F0F0F0F
_UPPER_HALVES = ~_LOWER_HALVES
_SIXES = 0x0606060606060606
_PAIRS_OF_DIGITS = 0x00FF00FF00FF00FF
_FOURS_OF_DIGITS = 0x0000FFFF0000FFFF
_EIGHT_DIGITS = 0x00000000FFFFFFFF

_OPENING, _BETWEEN, _NEXT = (int.from_bytes(sign, "little") for sign in (b'["', b'","', b'"],["'))
_POINT = _DOT ^ _ZERO

_SIDE, _BID, _OFFER, _BUY, _SELL, _PRICE, _SIZE, _PRICE_LEVEL, _NEW_QUANTITY = (
    np.frombuffer(f'"{word}"'.encode(), np.uint8)
    for word in "side bid offer buy sell price size price_level new_quantity".split()
)


@kernel
def skip_space(text: Text, at: int) -> int:
    """Return the first place from `at` on that holds no JSON whitespace."""
    while at < len(text) and (text[at] == 32 or text[at] == 10 or text[at] == 13 or text[at] == 9):
        at += 1
    return at


@kernel
def expect(text: Text, at: int, sign: int) -> int:
    """Return the place after `sign` and whitespace around it, or MALFORMED."""
    at = skip_space(text, at)
    if at >= len(text) or text[at] != sign:
        return MALFORMED
    return skip_space(text, at + 1)


@kernel
def holds(text: Text, at: int, sign: int) -> bool:
    """Say whether `sign` stands at a place."""
    return at < len(text) and text[unsigned(at)] == sign


@kernel
def byte_at(text: Text, at: int) -> int:
    """Return the byte at a place as an int64, which mixes with other integers."""
    return np.int64(text[unsigned(at)])  # type: ignore[return-value]


@kernel
def is_digit(text: Text, at: int) -> bool:
    """Say whether a digit stands at a place."""
    return at < len(text) and text[unsigned(at)] >= _ZERO and text[unsigned(at)] <= _NINE


@kernel
def push_digit(units: int, digit: int) -> int:
    """Return units * 10 + digit, or TOO_LARGE, which sticks, when that does not fit 63 bits."""
    if units < 0 or units > _TENTH or (units == _TENTH and digit > _LAST_DIGIT):
        return TOO_LARGE
    return units * 10 + digit


@kernel
def other_signs(word: int) -> int:
    """Mark the bytes of a word that are no digits (0 to 9, not ASCII) in their upper halves."""
    return (word | ((word & _LOWER_HALVES) + _SIXES)) & _UPPER_HALVES


@kernel
def join_digits(word: int) -> int:
    """Return the number whose eight digits are the bytes of a word, the lowest byte first."""
    word = (word * 10 + (word >> 8)) & _PAIRS_OF_DIGITS
    word = (word * 100 + (word >> 16)) & _FOURS_OF_DIGITS
    return (word * 10000 + (word >> 32)) & _EIGHT_DIGITS


@kernel
def scan_quickly(text: Text, at: int, decimals: int, scale: int) -> tuple[int, int]:
    """Scan `"1234567.12345678"` or shorter, eight signs at a time; decimals are 1 to 8.

    Returns the count of 10**-decimals and the place after it; a negative count says that the
    number has another form, which `scan_number` is to judge.
    """
    if at + 9 > len(text) or text[at] != _QUOTE:
        return MALFORMED, at
    word = word_at(text, at + 1) ^ _ZEROS
    marks = other_signs(word)
    if marks == 0:
        return MALFORMED, at
    whole = lowest_set_bit(marks) & 56
    dot = at + 1 + (whole >> 3)
    if whole == 0 or dot + 9 >= len(text) or text[dot] != _DOT:
        return MALFORMED, at
    units = join_digits(word << (64 - whole)) * scale
    word = word_at(text, dot + 1) ^ _ZEROS
    marks = other_signs(word)
    end = dot + 9
    if marks != 0:
        places = lowest_set_bit(marks) & 56
        word &= (ONE << places) - 1
        end = dot + 1 + (places >> 3)
    if text[end] != _QUOTE:
        return MALFORMED, at
    if decimals < 8:
        if word >> (8 * decimals) != 0:
            return MALFORMED, at
        word <<= 64 - 8 * decimals
    return units + join_digits(word), end + 1


@kernel
def scan_number(text: Text, at: int, decimals: int) -> tuple[int, int]:
    """Scan one plain decimal; return its count of 10**-decimals and the place after it.

    The count is a negative code when the number is refused; it is MALFORMED before anything else.
    """
    if decimals > 0 and decimals <= 8:
        units, after = scan_quickly(text, at, decimals, _SCALES[decimals])
        if units >= 0:
            return units, after
    quoted = holds(text, at, _QUOTE)
    at += quoted
    if not is_digit(text, at):
        return MALFORMED, at
    units = 0
    while is_digit(text, at):
        units = push_digit(units, byte_at(text, at) - _ZERO)
        at += 1
    places = 0
    lost = False
    if holds(text, at, _DOT):
        at += 1
        while is_digit(text, at):
            digit = byte_at(text, at) - _ZERO
            if places < decimals:
                units = push_digit(units, digit)
                places += 1
            elif digit != 0:
                lost = True
            at += 1
    if quoted:
        if not holds(text, at, _QUOTE):
            return MALFORMED, at
        at += 1
    for _ in range(places, decimals):
        units = push_digit(units, 0)
    if lost and units >= 0:
        units = OFF_QUANTUM
    return units, at


@kernel
def scan_price(text: Text, at: int, ints: Ints) -> tuple[int, int]:
    """Scan a price; return its ticks, or a negative code, and the place after it."""
    units, at = scan_number(text, at, ints[PRICE_DECIMALS])
    tick = ints[TICK_UNITS]
    if units < 0:
        return units, at
    if units == 0:
        return MALFORMED, at
    if tick != 1:
        if units % tick != 0:
            return OFF_QUANTUM, at
        units //= tick
    if units > MAXIMUM_TICKS:
        return TOO_LARGE, at
    return units, at


@kernel
def skip_string(text: Text, at: int) -> int:
    """Return the place after the string that begins at `at` with a quote, or MALFORMED."""
    at += 1
    while at < len(text) and text[at] != _QUOTE:
        if text[at] < 32:
            return MALFORMED
        at += 1 + (text[at] == _BACKSLASH)
    return at + 1 if at < len(text) else MALFORMED


@kernel
def is_bare(sign: int) -> bool:
    """Say whether a sign may stand in a bare JSON number or literal."""
    letter = sign | 32
    return (
        (sign >= _ZERO and sign <= _NINE)
        or (letter >= 97 and letter <= 122)
        or sign == 43
        or sign == 45
        or sign == 46
    )


@kernel
def skip_bare(text: Text, at: int) -> int:
    """Return the place after a bare number or literal, or MALFORMED when there is none."""
    first = at
    while at < len(text) and is_bare(byte_at(text, at)):
        at += 1
    return at if at > first else MALFORMED


@kernel
def skip_value(text: Text, at: int) -> int:
    """Return the place after any JSON value, or MALFORMED; brackets must match, within limits."""
    depth = 0
    objects = 0
    while at < len(text):
        sign = byte_at(text, at)
        if sign == _QUOTE:
            at = skip_string(text, at)
        elif sign == _OPEN_LIST or sign == _OPEN_OBJECT:
            if depth == _DEEPEST:
                return MALFORMED
            depth += 1
            objects = (objects << 1) | (sign == _OPEN_OBJECT)
            at += 1
        elif depth > 0 and (sign == _CLOSE_LIST or sign == _CLOSE_OBJECT):
            if (objects & 1) != (sign == _CLOSE_OBJECT):
                return MALFORMED
            depth -= 1
            objects >>= 1
            at += 1
        elif depth > 0 and (sign == _COMMA or sign == _COLON):
            at += 1
        else:
            at = skip_bare(text, at)
        if at < 0:
            return MALFORMED
        if depth == 0:
            return at
        at = skip_space(text, at)
    return MALFORMED


@kernel
def matches(text: Text, at: int, end: int, word: Text) -> bool:
    """Say whether the text from `at` up to `end` is exactly `word`."""
    if end - at != word.size:
        return False
    for index in range(word.size):
        if text[at + index] != word[index]:
            return False
    return True


@kernel
def store(ints: Ints, side: int, count: int, ticks: int, quanta: int) -> int:
    """Put a scanned level into a side's scratch; return the new count or NEEDS_ROOM."""
    room = ints[SCRATCH_ROOM]
    if count >= room:
        return NEEDS_ROOM
    scratch = ints[side + SCRATCH_AT]
    ints[scratch + count] = ticks
    ints[scratch + room + count] = quanta
    return count + 1


@kernel
def want_scratch(ints: Ints, at: int, size: int) -> None:
    """Tell Python how much scratch a text of `size` bytes wants that ran out of it at `at`."""
    room = ints[SCRATCH_ROOM]
    ints[SCRATCH_WANTED] = max(2 * room, room * size // at)


@kernel
def scan_level(text: Text, at: int, ints: Ints, side: int, count: int) -> tuple[int, int]:
    """Scan `"price", "size"` and whatever more stands up to the closing bracket.

    Returns the new count, or a negative code, and the place after the bracket.
    """
    ticks, at = scan_price(text, at, ints)
    if ticks < 0:
        return ticks, at
    at = expect(text, at, _COMMA)
    if at < 0:
        return MALFORMED, at
    quanta, at = scan_number(text, at, ints[SIZE_DECIMALS])
    if quanta < 0:
        return quanta, at
    at = skip_space(text, at)
    while holds(text, at, _COMMA):
        at = skip_value(text, skip_space(text, at + 1))
        if at < 0:
            return MALFORMED, at
        at = skip_space(text, at)
    at = expect(text, at, _CLOSE_LIST)
    if at < 0:
        return MALFORMED, at
    return store(ints, side, count, ticks, quanta), at


@kernel
def scan_change(text: Text, at: int, ints: Ints, bids: int, asks: int) -> tuple[int, int, int]:
    """Scan `"buy"|"sell", "price", "size"]`; return both new counts and the place after it.

    A negative count is a code.
    """
    end = skip_string(text, at) if holds(text, at, _QUOTE) else MALFORMED
    if end < 0:
        return MALFORMED, MALFORMED, at
    is_bid = matches(text, at, end, _BUY)
    if not is_bid and not matches(text, at, end, _SELL):
        return MALFORMED, MALFORMED, at
    at = expect(text, end, _COMMA)
    if at < 0:
        return MALFORMED, MALFORMED, at
    if is_bid:
        bids, at = scan_level(text, at, ints, BID_SIDE, bids)
    else:
        asks, at = scan_level(text, at, ints, ASK_SIDE, asks)
    return bids, asks, at


@kernel
def scan_object(
    text: Text, at: int, ints: Ints, price_key: Text, size_key: Text
) -> tuple[int, int, int, int]:
    """Scan the members of one object up to and with its closing brace.

    Returns ticks, quanta, the side's block (0 where no side stands) and the place after it; the
    ticks are a negative code when anything is wrong. Keys may come in any order, unknown ones
    are skipped, of a repeated one the last counts.
    """
    ticks = MALFORMED
    quanta = MALFORMED
    side = 0
    while holds(text, at, _QUOTE):
        end = skip_string(text, at)
        value = expect(text, end, _COLON) if end > 0 else MALFORMED
        if value < 0:
            return MALFORMED, 0, 0, at
        if matches(text, at, end, price_key):
            ticks, at = scan_price(text, value, ints)
            if ticks < 0:
                return ticks, 0, 0, at
        elif matches(text, at, end, size_key):
            quanta, at = scan_number(text, value, ints[SIZE_DECIMALS])
            if quanta < 0:
                return quanta, 0, 0, at
        else:
            named = matches(text, at, end, _SIDE)
            at = skip_value(text, value)
            if at < 0:
                return MALFORMED, 0, 0, at
            if named and matches(text, value, at, _BID):
                side = BID_SIDE
            elif named and matches(text, value, at, _OFFER):
                side = ASK_SIDE
            elif named:
                return MALFORMED, 0, 0, at
        at = skip_space(text, at)
        if not holds(text, at, _COMMA):
            break
        at = skip_space(text, at + 1)
        if not holds(text, at, _QUOTE):
            return MALFORMED, 0, 0, at
    if quanta < 0 or not holds(text, at, _CLOSE_OBJECT):
        return MALFORMED, 0, 0, at
    return ticks, quanta, side, at + 1


@kernel
def scan_item(
    text: Text, at: int, ints: Ints, layout: int, only: int, bids: int, asks: int
) -> tuple[int, int, int]:
    """Scan one level in any layout but pairs; return both new counts and the place after it.

    `only` is the side of a text that holds one side, else 0. A negative count is a code.
    """
    if layout == CHANGES:
        at = expect(text, at, _OPEN_LIST)
        if at < 0:
            return MALFORMED, MALFORMED, at
        return scan_change(text, at, ints, bids, asks)
    at = expect(text, at, _OPEN_OBJECT)
    if at < 0:
        return MALFORMED, MALFORMED, at
    if layout == OBJECTS:
        ticks, quanta, _, at = scan_object(text, at, ints, _PRICE, _SIZE)
        side = only
    else:
        ticks, quanta, side, at = scan_object(text, at, ints, _PRICE_LEVEL, _NEW_QUANTITY)
    if ticks < 0:
        return ticks, ticks, at
    if side == BID_SIDE:
        bids = store(ints, side, bids, ticks, quanta)
    elif side == ASK_SIDE:
        asks = store(ints, side, asks, ticks, quanta)
    else:
        return MALFORMED, MALFORMED, at
    return bids, asks, at


@kernel
def scan_list(
    text: Text, ints: Ints, layout: int, only: int, bids: int, asks: int
) -> tuple[int, int]:
    """Scan a whole text of levels, in any layout but pairs, into scratch; return both new counts.

    A negative count is a code: MALFORMED, OFF_QUANTUM, TOO_LARGE or NEEDS_ROOM.
    """
    at = expect(text, 0, _OPEN_LIST)
    if at < 0:
        return MALFORMED, MALFORMED
    if holds(text, at, _CLOSE_LIST):
        return (bids, asks) if skip_space(text, at + 1) == len(text) else (MALFORMED, MALFORMED)
    while True:
        bids, asks, at = scan_item(text, at, ints, layout, only, bids, asks)
        if bids < 0 or asks < 0:
            if min(bids, asks) == NEEDS_ROOM:
                want_scratch(ints, at, len(text))
            return bids, asks
        at = skip_space(text, at)
        if not holds(text, at, _COMMA):
            break
        at = skip_space(text, at + 1)
    at = expect(text, at, _CLOSE_LIST)
    return (bids, asks) if at == len(text) else (MALFORMED, MALFORMED)


@kernel
def compose(word: int, width: int, fraction: int, shift: int, scale: int) -> int:
    """Return the number of `width` bits of digits before the point, as one count with `fraction`.

    `fraction` has the decimals that count in its upper bytes, from bit `shift` on; `scale` is ten
    to their number.
    """
    if width <= shift:
        return join_digits(((word << (64 - width)) >> (64 - shift)) | fraction)
    if width == 8:
        return (word & 15) * scale + join_digits(fraction)
    return join_digits(word << (64 - width)) * scale + join_digits(fraction)


@kernel
def scan_run(text: Text, at: int, ints: Ints, side: int, count: int) -> tuple[int, int, bool]:
    """Scan `["61737.63000000","0.25000000"],["` and its like as long as they come.

    This is the form in which Binance writes thousands of levels a second: quoted, no space, up to
    7 digits before the point and 8 after. Returns the new count, a place and whether it stands
    after a level that no other follows at once; else it is where a level of another form begins,
    which `scan_level` is to judge.

    The digits before the point are guessed to be as many as in the level before: the processor
    then need not wait for one number to find where the next one begins.
    """
    price_decimals = ints[PRICE_DECIMALS]
    size_decimals = ints[SIZE_DECIMALS]
    size = len(text)
    if at + 16 > size or word_at(text, at) & 0xFFFF != _OPENING:
        return count, at, False
    if min(price_decimals, size_decimals) < 1 or max(price_decimals, size_decimals) > 8:
        return count, at, False
    tick = ints[TICK_UNITS]
    room = ints[SCRATCH_ROOM]
    scratch = ints[side + SCRATCH_AT]
    price_scale = _SCALES[price_decimals]
    size_scale = _SCALES[size_decimals]
    price_shift = 64 - 8 * price_decimals
    size_shift = 64 - 8 * size_decimals
    price_width = ONE * 8
    size_width = ONE * 8
    while at + 16 <= size and count < room:
        word = word_at(text, at + 2) ^ _ZEROS
        marks = other_signs(word)
        if marks & ((ONE << price_width) - 1) != 0 or (word >> price_width) & 0xFF != _POINT:
            price_width = lowest_set_bit(marks) & 56
            if price_width == 0 or (word >> price_width) & 0xFF != _POINT:
                break
        end = at + 3 + (price_width >> 3)
        if end + 16 > size:
            break
        tail = word_at(text, end) ^ _ZEROS
        marks = other_signs(tail)
        if marks == 0:
            end += 8
        else:
            places = lowest_set_bit(marks) & 56
            tail &= (ONE << places) - 1
            end += places >> 3
        fraction = tail << price_shift
        if fraction >> price_shift != tail or word_at(text, end) & 0xFFFFFF != _BETWEEN:
            break
        units = compose(word, price_width, fraction, price_shift, price_scale)
        end += 3
        if end + 8 > size:
            break
        word = word_at(text, end) ^ _ZEROS
        marks = other_signs(word)
        if marks & ((ONE << size_width) - 1) != 0 or (word >> size_width) & 0xFF != _POINT:
            size_width = lowest_set_bit(marks) & 56
            if size_width == 0 or (word >> size_width) & 0xFF != _POINT:
                break
        end += 1 + (size_width >> 3)
        if end + 10 > size:
            break
        tail = word_at(text, end) ^ _ZEROS
        marks = other_signs(tail)
        if marks == 0:
            end += 8
        else:
            places = lowest_set_bit(marks) & 56
            tail &= (ONE << places) - 1
            end += places >> 3
        fraction = tail << size_shift
        if fraction >> size_shift != tail or units == 0:
            break
        quanta = compose(word, size_width, fraction, size_shift, size_scale)
        if tick != 1:
            if units % tick != 0:
                break
            units //= tick
        ints[unsigned(scratch + count)] = units
        ints[unsigned(scratch + room + count)] = quanta
        if end + 8 > size or word_at(text, end) & 0xFFFFFFFFFF != _NEXT:
            if not holds(text, end, _QUOTE) or not holds(text, end + 1, _CLOSE_LIST):
                break
            return count + 1, end + 2, True
        count += 1
        at = end + 3
    return count, at, False


@kernel
def scan_pairs(text: Text, ints: Ints, side: int) -> int:
    """Scan a text of [price, size] pairs into a side's scratch; return the count or a code."""
    at = expect(text, 0, _OPEN_LIST)
    if at < 0:
        return MALFORMED
    if holds(text, at, _CLOSE_LIST):
        return 0 if skip_space(text, at + 1) == len(text) else MALFORMED
    count = 0
    while True:
        count, at, is_after = scan_run(text, at, ints, side, count)
        if not is_after:
            at = expect(text, at, _OPEN_LIST)
            if at < 0:
                return MALFORMED
            count, at = scan_level(text, at, ints, side, count)
            if count < 0:
                if count == NEEDS_ROOM:
                    want_scratch(ints, at, len(text))
                return count
        at = skip_space(text, at)
        if not holds(text, at, _COMMA):
            break
        at = skip_space(text, at + 1)
    at = expect(text, at, _CLOSE_LIST)
    return count if at == len(text) else MALFORMED


@kernel
def scan_frame(ints: Ints, bids: Text, asks: Text, changes: Text, layout: int) -> tuple[int, int]:
    """Scan the texts that a layout uses into scratch; return the counts of both sides.

    A negative count is a code: MALFORMED, OFF_QUANTUM, TOO_LARGE or NEEDS_ROOM.
    """
    if layout == CHANGES or layout == UPDATES:
        return scan_list(changes, ints, layout, 0, 0, 0)
    if layout != PAIRS and layout != OBJECTS:
        return MALFORMED, MALFORMED
    if layout == PAIRS:
        bid_count = scan_pairs(bids, ints, BID_SIDE)
        if bid_count < 0:
            return bid_count, bid_count
        return bid_count, scan_pairs(asks, ints, ASK_SIDE)
    bid_count, ask_count = scan_list(bids, ints, layout, BID_SIDE, 0, 0)
    if bid_count < 0:
        return bid_count, ask_count
    return scan_list(asks, ints, layout, ASK_SIDE, bid_count, ask_count)
