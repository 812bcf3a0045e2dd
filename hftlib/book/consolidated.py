"""Several books side by side as one ladder, in exact decimals.

Prices in different currencies are different units: a USDT price and a USD price stand in separate
groups until a rate between them is given. So do sizes that count different things (coins,
contracts of 100 USD). Only books in state LIVE lend levels; the others are named with their state.
"""

from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Final, Protocol

import msgspec

from hftlib.book.layout import ASK, BID, Ints
from hftlib.core.decimals import decimals_of, to_text, to_units
from hftlib.core.errors import DecimalError
from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState

COINS: Final = "coins"


class ReadableBook(Protocol):
    """Describe what is read of a book: the engine's own will do, and so will a copy of it."""

    @property
    def instrument(self) -> Instrument:
        """Return the instrument."""
        ...

    @property
    def state(self) -> BookState:
        """Return whether the book may be trusted."""
        ...

    @property
    def state_reason(self) -> str:
        """Return why it is in its state."""
        ...

    @property
    def verified(self) -> bool:
        """Return whether the venue's protocol lets us prove it."""
        ...

    @property
    def ts_event(self) -> int | None:
        """Return the venue's stamp of the last change."""
        ...

    @property
    def ts_recv(self) -> int | None:
        """Return our stamp of the last change."""
        ...

    @property
    def last_update_id(self) -> int:
        """Return the id of the last change."""
        ...

    def levels(self, side: int, depth: int | None = None) -> tuple[Ints, Ints]:
        """Return ticks and quanta of a side, best first."""
        ...


class Contributor(msgspec.Struct, frozen=True):
    """Name a book that was asked for; only a trusted one lends levels."""

    venue: str
    symbol: str
    quote: str
    state: BookState
    state_reason: str
    verified: bool
    trusted: bool
    ts_event: int | None
    ts_recv: int | None
    last_update_id: int


class ConsolidatedLevel(msgspec.Struct, frozen=True):
    """Show one level of one venue; `level` counts from 1 within the group's side.

    `price` is the venue's own, in `quote`; `common_price` the same in the group's currency; both,
    `size` and `cumulative` (all sizes of the side up to this level) are exact decimal text.
    """

    venue: str
    symbol: str
    quote: str
    side: int
    level: int
    price: str
    common_price: str
    size: str
    cumulative: str


class Group(msgspec.Struct, frozen=True):
    """Hold levels that can be compared: one base, one currency, one unit of size.

    Bids and asks are ordered best first; where prices are equal, in the order of the books asked
    for. Venues may cross each other: that is no error.
    """

    base: str
    currency: str
    size_unit: str
    bids: tuple[ConsolidatedLevel, ...]
    asks: tuple[ConsolidatedLevel, ...]

    @property
    def best_bid(self) -> ConsolidatedLevel | None:
        """Return the best bid of all trusted books, None where there is none."""
        return self.bids[0] if self.bids else None

    @property
    def best_ask(self) -> ConsolidatedLevel | None:
        """Return the best ask of all trusted books, None where there is none."""
        return self.asks[0] if self.asks else None


class ConsolidatedBook(msgspec.Struct, frozen=True):
    """Hold every book asked for, trusted or not, and the groups of those that are.

    `currency` is the common currency of the rates given, None without rates.
    """

    currency: str | None
    contributors: tuple[Contributor, ...]
    groups: tuple[Group, ...]


class _Rate(msgspec.Struct, frozen=True):
    units: int
    decimals: int


_PAR: Final = _Rate(1, 0)


def consolidate(
    books: Iterable[ReadableBook], rates: Mapping[str, str] | None = None, depth: int | None = None
) -> ConsolidatedBook:
    """Return books as groups of comparable levels, at most `depth` levels a side and group.

    `rates` says, as decimal text, what one unit of a quote currency is worth in a common currency:
    that whose rate is 1 or, where none is, the only quote currency without one. A quote currency
    without a rate keeps a group of its own. Raises ValueError for a rate that is not a positive
    decimal and where the rates name no common currency.
    """
    chosen = tuple(books)
    known = {currency: _rate(currency, text) for currency, text in (rates or {}).items()}
    common = _common_currency(known, chosen) if known else None
    if common is not None:
        known.setdefault(common, _PAR)
    members: dict[tuple[str, str, str], list[ReadableBook]] = {}
    for book in chosen:
        if book.state is BookState.LIVE:
            quote = book.instrument.quote
            currency = common if common is not None and quote in known else quote
            key = (book.instrument.base, currency, size_unit(book.instrument))
            members.setdefault(key, []).append(book)
    groups = (_group(*key, of_key, known, depth) for key, of_key in members.items())
    return ConsolidatedBook(common, tuple(map(_contributor, chosen)), tuple(groups))


def size_unit(instrument: Instrument) -> str:
    """Return what the sizes of an instrument count: coins of the base, or contracts of a value."""
    if not instrument.inverse and to_units(instrument.multiplier, 18) == 10**18:
        return COINS
    unit = "quote" if instrument.inverse else "base"
    return f"contracts of {instrument.multiplier} {getattr(instrument, unit)}"


def _rate(currency: str, text: str) -> _Rate:
    try:
        decimals = decimals_of(text)
        units = to_units(text, decimals)
    except DecimalError as error:
        raise ValueError(f"rate of {currency} is no decimal: {text[:40]!r}") from error
    if units <= 0:
        raise ValueError(f"rate of {currency} must be positive, not {text[:40]!r}")
    return _Rate(units, decimals)


def _common_currency(known: dict[str, _Rate], books: tuple[ReadableBook, ...]) -> str:
    for currency, rate in known.items():
        if rate == _PAR:
            return currency
    unrated = {book.instrument.quote for book in books} - known.keys()
    if len(unrated) != 1:
        raise ValueError("rates name no common currency: give it the rate 1")
    return unrated.pop()


def _contributor(book: ReadableBook) -> Contributor:
    return Contributor(
        book.instrument.venue,
        book.instrument.symbol,
        book.instrument.quote,
        book.state,
        book.state_reason,
        book.verified,
        book.state is BookState.LIVE,
        book.ts_event,
        book.ts_recv,
        book.last_update_id,
    )


def _group(
    base: str,
    currency: str,
    unit: str,
    books: list[ReadableBook],
    known: dict[str, _Rate],
    depth: int | None,
) -> Group:
    scale = _Scale(books, currency, known)
    return Group(
        base,
        currency,
        unit,
        _ladder(BID, books, scale, depth),
        _ladder(ASK, books, scale, depth),
    )


class _Scale:
    """Bring prices and sizes of several instruments to one count of decimals each."""

    def __init__(self, books: list[ReadableBook], currency: str, known: dict[str, _Rate]) -> None:
        instruments = [book.instrument for book in books]
        rates = [_rate_of(item, currency, known) for item in instruments]
        self.price_decimals = max(
            item.price_decimals + rate.decimals for item, rate in zip(instruments, rates)
        )
        self.size_decimals = max(item.size_decimals for item in instruments)
        self.price_factors = [
            item.tick_units
            * rate.units
            * 10 ** (self.price_decimals - item.price_decimals - rate.decimals)
            for item, rate in zip(instruments, rates)
        ]
        self.size_factors = [
            10 ** (self.size_decimals - item.size_decimals) for item in instruments
        ]


def _rate_of(instrument: Instrument, currency: str, known: dict[str, _Rate]) -> _Rate:
    return _PAR if instrument.quote == currency else known[instrument.quote]


def _ladder(
    side: int, books: list[ReadableBook], scale: _Scale, depth: int | None
) -> tuple[ConsolidatedLevel, ...]:
    rows = []
    for number, book in enumerate(books):
        ticks, quanta = book.levels(side, depth)
        factor = scale.price_factors[number]
        rows += [
            (tick * factor, number, tick, size)
            for tick, size in zip(ticks.tolist(), quanta.tolist())
        ]
    rows.sort(key=lambda row: (-row[0] if side == BID else row[0], row[1]))
    del rows[len(rows) if depth is None else max(depth, 0) :]
    sums = accumulate(size * scale.size_factors[number] for _, number, _, size in rows)
    return tuple(
        _level(side, level, books[row[1]].instrument, row, total, scale)
        for level, (row, total) in enumerate(zip(rows, sums), 1)
    )


def _level(
    side: int,
    level: int,
    instrument: Instrument,
    row: tuple[int, int, int, int],
    total: int,
    scale: _Scale,
) -> ConsolidatedLevel:
    common_price, _, ticks, quanta = row
    return ConsolidatedLevel(
        instrument.venue,
        instrument.symbol,
        instrument.quote,
        side,
        level,
        instrument.price_text(ticks),
        to_text(common_price, scale.price_decimals, pad=False),
        instrument.size_text(quanta),
        to_text(total, scale.size_decimals, pad=False),
    )
