"""Choose what is traded: from words such as BTC,ETH,kraken:SOL/USD to instruments."""

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from hftlib.core import venue as names
from hftlib.core.errors import ConfigurationError
from hftlib.core.instrument import Instrument

_TRADING: Final = "TRADING"
_DOLLARS: Final = ("USDT", "USD", "USDC", "FDUSD")
_USUAL_QUOTES: Final = {
    names.BINANCE: ("USDT", "USDC", "FDUSD"),
    names.BINANCE_US: ("USDT", "USD", "USDC"),
    names.BINANCE_USDM: ("USDT", "USDC"),
    names.BINANCE_COINM: ("USD",),
    names.COINBASE: ("USD", "USDC", "USDT"),
    names.COINBASE_EXCHANGE: ("USD", "USDC", "USDT"),
}
"""Quotes by venue, the one with the deepest books first."""


def choose(instruments: Iterable[Instrument], wanted: str) -> list[Instrument]:
    """Return what the `symbols` of a configuration mean, in their order, each once.

    A base currency means, at every venue that trades it, its book in the venue's most usual quote
    (USDT on Binance, USD on Coinbase; elsewhere the dollar that most of its books are quoted in);
    a venue that does not trade it is left out. VENUE:SYMBOL means exactly that book. Raises
    ConfigurationError, with the nearest known name, for what no venue has.
    """
    known = list(instruments)
    chosen: dict[tuple[str, str], Instrument] = {}
    for word in filter(None, (part.strip() for part in wanted.split(","))):
        for one in _meant(known, word):
            chosen.setdefault((one.venue, one.symbol), one)
    return list(chosen.values())


def _meant(known: Sequence[Instrument], word: str) -> list[Instrument]:
    venue, colon, symbol = word.partition(":")
    if colon:
        exact = [one for one in known if (one.venue, one.symbol) == (venue.lower(), symbol)]
        found = exact[:1]
    else:
        found = _by_base(known, word.upper())
    if not found:
        raise ConfigurationError(f"symbols: no venue trades {word}{_nearest(known, word)}")
    return found


def _by_base(known: Sequence[Instrument], base: str) -> list[Instrument]:
    """Return one book of a base currency for every venue that trades it."""
    venues = dict.fromkeys(one.venue for one in known)
    found = []
    for venue in venues:
        traded = [one for one in known if one.venue == venue and one.status == _TRADING]
        books = [one for one in traded if one.base.upper() == base]
        if books:
            found.append(_most_usual(venue, traded, books))
    return found


def _most_usual(
    venue: str, traded: Sequence[Instrument], books: Sequence[Instrument]
) -> Instrument:
    """Return the book in the usual quote; of several the plainest name, no dated contract."""
    quotes = _USUAL_QUOTES.get(venue) or _by_number(traded)
    ranks = {quote: rank for rank, quote in enumerate(quotes)}

    def order(one: Instrument) -> tuple[int, bool, int, str]:
        is_dated = one.symbol[-1:].isdigit()
        return ranks.get(one.quote.upper(), len(ranks)), is_dated, len(one.symbol), one.symbol

    return min(books, key=order)


def _by_number(traded: Sequence[Instrument]) -> tuple[str, ...]:
    """Return the dollars by how many books are quoted in them, the most first."""
    numbers = Counter(one.quote.upper() for one in traded)
    return tuple(sorted(_DOLLARS, key=lambda quote: -numbers[quote]))


def _nearest(known: Sequence[Instrument], word: str) -> str:
    """Return a hint: the names that are nearest to a word that nobody knows."""
    same = [f"{one.venue}:{one.symbol}" for one in known if one.symbol.upper() == word.upper()]
    if same:
        return f"; did you mean {same[0]}?"
    bases = {one.base.upper() for one in known}
    exact = {f"{one.venue}:{one.symbol}" for one in known}
    close = difflib.get_close_matches(
        word, sorted(exact if ":" in word else bases), n=1, cutoff=0.5
    )
    return f"; did you mean {close[0]}?" if close else ""
