"""A venue's time as it stands on the wire, turned into integer nanoseconds UTC."""

from functools import lru_cache
from typing import Annotated, Final

from msgspec import Meta

from hftlib.core.errors import HftlibError

MILLISECONDS_LIMIT: Final = 9_223_372_036_854
"""Largest stamp read as milliseconds; above it (the year 2262) a stamp is in microseconds."""

Stamp = Annotated[int, Meta(ge=0, le=9_223_372_036_854_775)]
"""Milliseconds or microseconds since the epoch whose nanoseconds fit 63 bits."""


class StampError(HftlibError, ValueError):
    """Refuse text that is no time."""


_SECOND_NS: Final = 1_000_000_000
_DAYS_BEFORE_EPOCH: Final = 719_468
_DATE_LENGTH: Final = 10
_SECONDS_LENGTH: Final = 19
_LAST_YEAR: Final = 2261


def stamp_ns(stamp: int) -> int:
    """Return a stamp in milliseconds or microseconds, told apart by magnitude, as nanoseconds."""
    return stamp * 1_000_000 if stamp <= MILLISECONDS_LIMIT else stamp * 1_000


@lru_cache(maxsize=64)
def _midnight_ns(date: str) -> int:
    """Return the start of a day written YYYY-MM-DD, by the proleptic Gregorian calendar."""
    year, month, day = _digits(date[:4]), _digits(date[5:7]), _digits(date[8:])
    sane = date[4] == date[7] == "-" and 1970 <= year <= _LAST_YEAR
    if not (sane and 1 <= month <= 12 and 1 <= day <= 31):
        raise StampError(f"not a date: {date!r}")
    shifted = year - (month <= 2)
    era, year_of_era = divmod(shifted, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return (era * 146_097 + day_of_era - _DAYS_BEFORE_EPOCH) * 86_400 * _SECOND_NS


def _digits(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise StampError(f"not digits: {text[:40]!r}")
    return int(text)


def midnight_ns(date: str) -> int:
    """Return the nanoseconds UTC at which a day written YYYY-MM-DD begins.

    Raises StampError when the text is no date from 1970 to 2261.
    """
    if len(date) != _DATE_LENGTH:
        raise StampError(f"not a date: {date[:40]!r}")
    return _midnight_ns(date)


def iso_ns(text: str) -> int:
    """Return an ISO-8601 time in UTC, such as 2026-08-09T21:05:48.228568804Z, as nanoseconds.

    Up to nine digits after the point are kept. Raises StampError when the text is no such time.
    """
    if len(text) <= _SECONDS_LENGTH or text[-1] != "Z" or text[10] not in "T ":
        raise StampError(f"not a UTC time: {text[:40]!r}")
    hour, minute, second = _digits(text[11:13]), _digits(text[14:16]), _digits(text[17:19])
    sane = text[13] == text[16] == ":" and hour < 24 and minute < 60 and second <= 60
    if not sane:
        raise StampError(f"not a UTC time: {text[:40]!r}")
    seconds = hour * 3_600 + minute * 60 + second
    return midnight_ns(text[:10]) + seconds * _SECOND_NS + _fraction_ns(text[_SECONDS_LENGTH:-1])


def _fraction_ns(fraction: str) -> int:
    if not fraction:
        return 0
    if fraction[0] != "." or not 2 <= len(fraction) <= 10:
        raise StampError(f"not a fraction of a second: {fraction[:40]!r}")
    return _digits(fraction[1:].ljust(9, "0"))


def iso_text(stamp: int, digits: int) -> str:
    """Return nanoseconds UTC as ISO-8601 text with `digits` digits (0 to 9) after the point."""
    seconds, fraction = divmod(stamp, _SECOND_NS)
    days, second = divmod(seconds, 86_400)
    era, day_of_era = divmod(days + _DAYS_BEFORE_EPOCH, 146_097)
    year_of_era = (
        day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = (shifted + 2) % 12 + 1
    year = era * 400 + year_of_era + (month <= 2)
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    point = f".{fraction:09d}"[: digits + 1] if digits else ""
    return f"{year:04d}-{month:02d}-{day:02d}T{clock}{point}Z"
