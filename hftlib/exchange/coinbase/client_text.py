"""What clients send, read without trust: JSON messages, queries, numbers, times."""

from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from hftlib.venues.stamps import StampError, iso_ns

_SECOND_NS: Final = 1_000_000_000
_LAST_SECOND: Final = 9_000_000_000
_LONGEST_NUMBER: Final = 18
_read: Final = msgspec.json.Decoder().decode


def message_of(text: str) -> dict[str, Any] | None:
    """Return a client's JSON object; None when the text is none."""
    try:
        message = _read(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def words_of(value: object) -> list[str] | None:
    """Return a list of texts; None when it is anything else."""
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return value
    return None


class Query:
    """Look at the parameters of a request; where a name comes twice the last one holds."""

    def __init__(self, raw: str) -> None:
        """Read the raw text after the question mark."""
        self._pairs = parse_qsl(raw, keep_blank_values=True)
        self._last = dict(self._pairs)

    def text(self, name: str) -> str | None:
        """Return a parameter, None when it is missing or empty."""
        return self._last.get(name) or None

    def texts(self, *names: str) -> list[str]:
        """Return every value given under one of the names."""
        return [value for name, value in self._pairs if name in names and value]

    def whole(self, name: str) -> int | None:
        """Return a parameter as a whole number, None when missing. Raises ValueError."""
        text = self.text(name)
        return None if text is None else whole_of(text)


def whole_of(text: str) -> int:
    """Return plain digits as a number. Raises ValueError for all else."""
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise ValueError(f"no whole number: {text[:40]!r}")
    return int(text)


def moment_ns(text: str) -> int:
    """Return a time as nanoseconds: seconds since 1970, or ISO-8601 in UTC.

    Raises ValueError for all else, and for times after 2255.
    """
    if text.isdigit():
        seconds = whole_of(text)
        if seconds > _LAST_SECOND:
            raise ValueError(f"too late a time: {text}")
        return seconds * _SECOND_NS
    plain = text.replace("+00:00", "Z").replace(" 00:00", "Z")
    zoned = plain if plain.endswith("Z") else f"{plain}Z"
    try:
        time_ns = iso_ns(zoned)
    except StampError as error:
        raise ValueError(str(error)) from error
    if time_ns > _LAST_SECOND * _SECOND_NS:
        raise ValueError(f"too late a time: {text[:40]}")
    return time_ns
