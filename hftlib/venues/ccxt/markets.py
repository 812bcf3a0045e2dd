"""What ccxt tells of a market turned into increments, and the recorded list into instruments.

ccxt's `precision` means three things, by the exchange's `precisionMode`: a step (TICK_SIZE), a
number of decimals (DECIMAL_PLACES), or a number of significant digits (SIGNIFICANT_DIGITS), from
which a step follows only near a price. Numbers come as floats; their shortest text is what the
venue wrote.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from hftlib.core.errors import DecimalError
from hftlib.core.instrument import Instrument
from hftlib.venues.ccxt.messages import MarketRow, Markets

ORIGIN: Final = "ccxt"
DECIMAL_PLACES: Final = 2
SIGNIFICANT_DIGITS: Final = 3
TICK_SIZE: Final = 4
MOST_DECIMALS: Final = 12
SIZE_DECIMALS: Final = 8
"""Books carry sizes finer than the lot; ccxt does not say how fine, so this many are kept."""
COARSE_SIZE_DECIMALS: Final = 2
"""The same where a lot is a whole number: such books hold sizes of many digits before the point."""
_read: Final = msgspec.json.Decoder(Markets).decode


def plain(value: object) -> str:
    """Return a number as plain decimal text, without exponent and without float dirt.

    Raises DecimalError when it is no number, or not finite.
    """
    try:
        number = Decimal(value if isinstance(value, str) else repr(value))
    except InvalidOperation as error:
        raise DecimalError(f"no number: {value!r}"[:80]) from error
    if not number.is_finite():
        raise DecimalError(f"not finite: {value!r}")
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def step(precision: object, mode: int) -> str:
    """Return the step that a precision stands for, "" where none follows from it."""
    if precision is None or mode not in (DECIMAL_PLACES, TICK_SIZE):
        return ""
    text = plain(precision)
    if mode == DECIMAL_PLACES:
        places = int(text)
        return power_of_ten(places) if 0 <= places <= MOST_DECIMALS else ""
    return text if Decimal(text) > 0 else ""


def step_near(digits: object, price: object) -> str:
    """Return a step fine enough for prices of so many significant digits near `price`.

    One digit is to spare, so that the price may fall below the next power of ten. "" where either
    is not told.
    """
    if digits is None or price is None or not (last := Decimal(plain(price))) > 0:
        return ""
    decimals = int(plain(digits)) - last.adjusted()
    return power_of_ten(min(max(decimals, 0), MOST_DECIMALS))


def power_of_ten(decimals: int) -> str:
    """Return 10**-decimals as text."""
    return f"0.{'0' * (decimals - 1)}1" if decimals else "1"


def size_quantum(lot: str) -> str:
    """Return the finest size that is kept of a book whose orders step by `lot`."""
    is_whole = bool(lot) and Decimal(lot) >= 1
    least = COARSE_SIZE_DECIMALS if is_whole else SIZE_DECIMALS
    return power_of_ten(min(max(least, decimals_in(lot or "0")), MOST_DECIMALS))


def decimals_in(text: str) -> int:
    """Return the digits behind the point of plain text."""
    return len(text.partition(".")[2])


def row_of(market: Mapping[str, Any], mode: int, last: object = None) -> MarketRow:
    """Return one of ccxt's markets as a row; an increment that is not told is left empty.

    `last` is its last price, wanted where precision is told in significant digits. Raises
    DecimalError when a figure is no number.
    """
    precision, limits = market.get("precision") or {}, market.get("limits") or {}
    price = precision.get("price")
    tick = step_near(price, last) if mode == SIGNIFICANT_DIGITS else step(price, mode)
    lot = step(precision.get("amount"), mode)
    least_cost = (limits.get("cost") or {}).get("min")
    return MarketRow(
        symbol=str(market["symbol"]),
        base=str(market.get("base") or ""),
        quote=str(market.get("quote") or ""),
        price_increment=tick,
        size_quantum=size_quantum(lot),
        lot=lot,
        minimum_notional=plain(least_cost or 0),
        multiplier=plain(market.get("contractSize") or 1),
        inverse=bool(market.get("inverse")),
        status="HALT" if market.get("active") is False else "TRADING",
    )


def instruments_from(venue: str, body: bytes) -> list[Instrument]:
    """Return the instruments of a recorded list, rows without usable increments left out.

    Raises msgspec.MsgspecError when the body is no such list.
    """
    found = (_instrument(venue, row) for row in _read(body).markets)
    return [instrument for instrument in found if instrument is not None]


def _instrument(venue: str, row: MarketRow) -> Instrument | None:
    try:
        return Instrument(venue, origin=ORIGIN, **msgspec.structs.asdict(row))
    except DecimalError:
        return None
