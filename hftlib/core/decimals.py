"""Exact conversion between decimal text and integer counts of a power of ten."""

import re
from typing import Final

from hftlib.core.errors import DecimalError

_PLAIN: Final = re.compile(r"([+-]?)(\d+)(?:\.(\d*))?", re.ASCII)
MAXIMUM: Final = 2**63 - 1


def to_units(text: str, decimals: int) -> int:
    """Return `text` as an exact count of 10**-decimals.

    Raises DecimalError when the text is no plain decimal (exponents included), when digits
    beyond `decimals` are not zero, or when the count does not fit 63 bits.
    """
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise DecimalError(f"not a plain decimal: {text[:40]!r}")
    sign, whole, fraction = match.group(1), match.group(2), match.group(3) or ""
    if fraction[decimals:].strip("0"):
        raise DecimalError(f"{text[:40]!r} has more than {decimals} decimals")
    units = int(whole + fraction[:decimals].ljust(decimals, "0"))
    if units > MAXIMUM:
        raise DecimalError(f"{text[:40]!r} does not fit 63 bits at {decimals} decimals")
    return -units if sign == "-" else units


def to_text(units: int, decimals: int, *, pad: bool = True) -> str:
    """Return the decimal text of `units` counts of 10**-decimals.

    With `pad` the text has exactly `decimals` digits after the point; without it trailing
    zeros, and then the point, are dropped.
    """
    if decimals == 0:
        return str(units)
    sign = "-" if units < 0 else ""
    whole, fraction = divmod(abs(units), 10**decimals)
    digits = f"{fraction:0{decimals}d}"
    if not pad:
        digits = digits.rstrip("0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def decimals_of(text: str) -> int:
    """Return how many digits after the point `text` needs, trailing zeros left out.

    Raises DecimalError when the text is no plain decimal.
    """
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise DecimalError(f"not a plain decimal: {text[:40]!r}")
    return len((match.group(3) or "").rstrip("0"))
