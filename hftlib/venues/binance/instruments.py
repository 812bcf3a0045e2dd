"""Binance's exchangeInfo turned into instruments.

The wire quantum of spot is 1e-8, the finest decimals that its messages carry: real depth frames
hold sizes below stepSize (25.42618900 at a step of 0.00001), because resting orders keep older
steps. Where stepSize is 1 or more (tokens counted in billions) 1e-8 would not leave 63 bits room
for the sizes; there it is 0.0001. On futures sizes are trimmed to the symbol's precision:
the quantum is the finest power of ten of stepSize and quantityPrecision.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from hftlib.core.decimals import decimals_of, to_text, to_units
from hftlib.core.errors import DecimalError
from hftlib.core.instrument import Instrument
from hftlib.core.venue import BINANCE, BINANCE_COINM, BINANCE_US

_SPOT_DECIMALS: Final = 8
_COUNTED_DECIMALS: Final = 4


class Filter(msgspec.Struct, rename="camel"):
    """Carry the filters that increments come from; the others are skipped."""

    filter_type: str
    tick_size: str = "0"
    step_size: str = "0"
    min_notional: str = ""
    notional: str = ""


class Symbol(msgspec.Struct, rename="camel"):
    """Carry one symbol; futures write contractStatus and contractSize."""

    symbol: str
    base_asset: str
    quote_asset: str
    filters: list[Filter]
    status: str = ""
    contract_status: str = ""
    contract_size: int = 1
    quantity_precision: int = 0


class ExchangeInfo(msgspec.Struct):
    """Carry exchangeInfo."""

    symbols: list[Symbol]


_read: Final = msgspec.json.Decoder(ExchangeInfo).decode


def instruments_from(venue: str, body: bytes) -> list[Instrument]:
    """Return the instruments of an exchangeInfo body, those without a tick left out.

    Raises msgspec.MsgspecError when the body is none.
    """
    return list(_instruments(venue, _read(body).symbols))


def _instruments(venue: str, symbols: list[Symbol]) -> Iterator[Instrument]:
    for symbol in symbols:
        try:
            yield _instrument(venue, symbol)
        except DecimalError:
            continue


def _instrument(venue: str, symbol: Symbol) -> Instrument:
    """Return one instrument. Raises DecimalError when a filter is missing or absurd."""
    filters = {kept.filter_type: kept for kept in symbol.filters}
    none = Filter("")
    step = filters.get("LOT_SIZE", none).step_size
    least = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or none
    return Instrument(
        venue=venue,
        symbol=symbol.symbol,
        base=symbol.base_asset,
        quote=symbol.quote_asset,
        price_increment=filters.get("PRICE_FILTER", none).tick_size,
        size_quantum=_quantum(venue, step, symbol.quantity_precision),
        lot=step,
        minimum_notional=least.min_notional or least.notional or "0",
        multiplier=str(symbol.contract_size),
        inverse=venue == BINANCE_COINM,
        status=symbol.status or symbol.contract_status or "TRADING",
    )


def _quantum(venue: str, step: str, precision: int) -> str:
    decimals = decimals_of(step)
    if venue in (BINANCE, BINANCE_US):
        is_counted = decimals == 0 and to_units(step, 0) >= 1
        return to_text(1, _COUNTED_DECIMALS if is_counted else _SPOT_DECIMALS)
    return to_text(1, min(max(decimals, precision, 0), _SPOT_DECIMALS))
