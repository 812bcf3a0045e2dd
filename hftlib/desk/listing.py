"""Search what venues list."""

from collections.abc import Iterable

from hftlib.core.instrument import Instrument


def search(
    known: Iterable[Instrument], venue: str = "", find: str = "", limit: int = 100
) -> list[Instrument]:
    """Return instruments whose symbol or currencies hold `find`, the closest first.

    Closest is an exact symbol, then an exact base currency, then a beginning, then the rest, and
    among equals those that trade now and the shorter names.
    """
    wanted = find.upper()
    found = [one for one in known if venue in ("", one.venue) and wanted in _text(one)]
    return sorted(found, key=lambda one: _distance(one, wanted))[:limit]


def _text(one: Instrument) -> str:
    return f"{one.symbol} {one.base} {one.quote}".upper()


def _distance(one: Instrument, wanted: str) -> tuple[int, bool, int, str, str]:
    symbol = one.symbol.upper()
    ranks = (symbol == wanted, one.base.upper() == wanted, symbol.startswith(wanted), True)
    return ranks.index(True), one.status != "TRADING", len(symbol), symbol, one.venue
