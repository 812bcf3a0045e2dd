"""What a fault makes of a text: garbage, a giant, other stamps, another update id."""

import re
from typing import Final

from hftlib.venues.stamps import iso_ns, iso_text

_EPOCH: Final = re.compile(
    rb'("(?:E|T|W|O|C|serverTime|time|transactTime|updateTime|workingTime|closeTime|openTime'
    rb'|epochMillis)":"?)(\d{16}|\d{13})\b'
)
_EPOCH_SECONDS: Final = re.compile(rb'("(?:epochSeconds|epoch)":"?)(\d{10})\b')
_ISO: Final = re.compile(rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?Z"')
_UPDATE_ID: Final = re.compile(rb'("lastUpdateId":)(\d+)')
_MILLISECONDS: Final = 13
_RUBBISH: Final = b'\\u00\x07"}}]{"e'
HEAD: Final = 160
"""Characters of a frame that the log of faults keeps."""


def garbage(text: bytes) -> bytes:
    """Return a text cut in its middle, with rubbish behind: no JSON, but still UTF-8."""
    return text[: len(text) // 2].decode(errors="ignore").encode() + _RUBBISH


def oversized(text: bytes, size: int) -> bytes:
    """Return a text with blanks behind it, `size` bytes in all: JSON as before, and a giant."""
    return text.ljust(size)


def skewed(text: bytes, skew_ns: int) -> bytes:
    """Return a text whose stamps are `skew_ns` later; ids and other numbers stay."""

    def epoch(found: re.Match[bytes]) -> bytes:
        digits = found[2]
        unit = 1_000_000 if len(digits) == _MILLISECONDS else 1_000
        return b"%b%d" % (found[1], int(digits) + skew_ns // unit)

    def seconds(found: re.Match[bytes]) -> bytes:
        return b"%b%d" % (found[1], int(found[2]) + skew_ns // 1_000_000_000)

    def iso(found: re.Match[bytes]) -> bytes:
        stamp, digits = iso_ns(found[0][1:-1].decode()), max(len(found[2] or b".") - 1, 0)
        # The venue's way of saying "no time" (1970) is no stamp of its clock.
        later = stamp + skew_ns if stamp else 0
        return f'"{iso_text(later, digits)}"'.encode()

    return _ISO.sub(iso, _EPOCH_SECONDS.sub(seconds, _EPOCH.sub(epoch, text)))


def shifted_id(text: bytes, shift: int) -> bytes | None:
    """Return a snapshot whose update id is `shift` away, at least 1; None when it has none."""
    found = _UPDATE_ID.search(text)
    if found is None:
        return None
    changed = max(int(found[2]) + shift, 1)
    return b"%b%b%d%b" % (text[: found.start()], found[1], changed, text[found.end() :])


def head_of(text: bytes) -> str:
    """Return the beginning of a text, for the log."""
    return text[:HEAD].decode(errors="replace")
