"""Increments of an imported tape: from its own REST bodies, from a file, or the finest seen."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from hftlib.core.errors import TapeError
from hftlib.core.instrument import Instrument
from hftlib.core.venue import BINANCE_COINM, LOBSTER
from hftlib.io.importers.observed import Finest

VENUE: Final = "venue"
FILE: Final = "file"
OBSERVED: Final = "observed"

_QUOTES: Final = (
    "FDUSD",
    "USDT",
    "USDC",
    "BUSD",
    "TUSD",
    "USDP",
    "BIDR",
    "IDRT",
    "USDS",
    "DAI",
    "EUR",
    "GBP",
    "AUD",
    "TRY",
    "BRL",
    "RUB",
    "UAH",
    "NGN",
    "ZAR",
    "JPY",
    "PLN",
    "RON",
    "ARS",
    "MXN",
    "COP",
    "CZK",
    "BTC",
    "ETH",
    "BNB",
    "XRP",
    "TRX",
    "DOGE",
    "SOL",
    "USD",
    "PAX",
    "BVND",
    "VAI",
)


class Increments(NamedTuple):
    """Hold the instruments of a tape and what should be said about them."""

    instruments: tuple[Instrument, ...]
    notes: tuple[str, ...]


def read_file(path: Path, venue: str) -> list[Instrument]:
    """Read instruments from TOML (tables `[[instruments]]`) or JSON (a list of objects).

    Keys are those of Instrument; venue may be left out and is then `venue`. Raises TapeError
    when the file cannot be read, a key is unknown or an increment is no decimal.
    """
    try:
        text = path.read_bytes()
        is_toml = path.suffix.lower() == ".toml"
        rows = tomllib.loads(text.decode()) if is_toml else msgspec.json.decode(text)
        if isinstance(rows, dict):
            rows = rows.get("instruments", [])
        return [_from_row(row, venue) for row in rows]
    except OSError as error:
        raise TapeError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, TypeError, msgspec.MsgspecError) as error:
        raise TapeError(f"{path}: {error}") from error


def _from_row(row: Mapping[str, object], venue: str) -> Instrument:
    named = {"venue": venue, "base": "", "quote": "", **row, "origin": FILE}
    if not named["base"]:
        base, quote = split_symbol(str(named.get("symbol", "")))
        named.update(base=base, quote=named["quote"] or quote)
    return msgspec.convert(named, Instrument)


def settle(
    venue: str,
    seen: Mapping[str, Finest],
    *told_by: Iterable[Instrument],
) -> Increments:
    """Return one instrument per symbol seen: the one told last, else the finest seen.

    A venue's own increments are made finer where its frames carry finer numbers (order steps
    do not bind the sizes of a book), and a note says so; a file's are left, with a note.
    """
    told = {one.symbol: one for told in told_by for one in told if one.venue == venue}
    notes: list[str] = []
    instruments = [
        _settled(venue, symbol, finest, told.get(symbol), notes)
        for symbol, finest in sorted(seen.items())
    ]
    if not instruments:
        instruments = list(told.values())
    return Increments(tuple(instruments), tuple(notes))


def _settled(
    venue: str, symbol: str, finest: Finest, told: Instrument | None, notes: list[str]
) -> Instrument:
    if told is None:
        return observed(venue, symbol, finest)
    finer: dict[str, str] = {}
    if finest.price > told.price_decimals:
        finer["price_increment"] = _step(finest.price)
    if finest.size > told.size_decimals:
        finer["size_quantum"] = _step(finest.size)
    for field, step in finer.items():
        what = "kept" if told.origin == FILE else "made finer"
        notes.append(
            f"{symbol} {field} {getattr(told, field)} ({told.origin}) {what}: {step} was seen"
        )
    return told if told.origin == FILE else msgspec.structs.replace(told, **finer)


def observed(venue: str, symbol: str, finest: Finest) -> Instrument:
    """Return the instrument that the finest decimals seen speak for."""
    base, quote = split_symbol(symbol)
    is_inverse = venue == BINANCE_COINM
    multiplier = ("100" if base == "BTC" else "10") if is_inverse else "1"
    if venue == LOBSTER:
        base, quote = symbol, "USD"
    return Instrument(
        venue=venue,
        symbol=symbol,
        base=base,
        quote=quote,
        price_increment=_step(finest.price),
        size_quantum=_step(finest.size),
        multiplier=multiplier,
        inverse=is_inverse,
        origin=OBSERVED,
    )


def split_symbol(symbol: str) -> tuple[str, str]:
    """Return (base, quote) of a symbol; the quote is empty where the symbol does not tell."""
    if "-" in symbol:
        base, _, quote = symbol.partition("-")
        return base, quote
    pair = symbol.partition("_")[0]
    for quote in _QUOTES:
        if pair.endswith(quote) and len(pair) > len(quote):
            return pair.removesuffix(quote), quote
    return pair, ""


def _step(decimals: int) -> str:
    return f"0.{'0' * (decimals - 1)}1" if decimals else "1"
