"""Coinbase's product lists turned into instruments, Exchange's and Advanced Trade's.

Ticks are quote_increment; where Advanced Trade gives a price_increment, that. The wire quantum
and the lot are base_increment: the venue's books carry no finer sizes.
"""

from typing import Final

import msgspec

from hftlib.core.errors import DecimalError
from hftlib.core.instrument import Instrument
from hftlib.core.venue import COINBASE


class ExchangeProduct(msgspec.Struct):
    """Carry one product of Exchange's /products."""

    id: str
    base_currency: str
    quote_currency: str
    quote_increment: str
    base_increment: str
    min_market_funds: str = "0"
    status: str = "online"
    trading_disabled: bool = False


class AdvancedProduct(msgspec.Struct):
    """Carry one product of Advanced Trade's /market/products."""

    product_id: str
    quote_increment: str
    base_increment: str
    base_currency_id: str = ""
    quote_currency_id: str = ""
    base_display_symbol: str = ""
    quote_display_symbol: str = ""
    price_increment: str = ""
    quote_min_size: str = "0"
    status: str = "online"
    is_disabled: bool = False
    trading_disabled: bool = False


class AdvancedProducts(msgspec.Struct):
    """Carry Advanced Trade's list of products."""

    products: list[AdvancedProduct]


_read_exchange: Final = msgspec.json.Decoder(list[ExchangeProduct] | ExchangeProduct).decode
_read_list: Final = msgspec.json.Decoder(AdvancedProducts).decode
_read_one: Final = msgspec.json.Decoder(AdvancedProduct).decode


def instruments_from(venue: str, body: bytes) -> list[Instrument]:
    """Return the instruments of a list of products or of one, those without increments left out.

    Raises msgspec.MsgspecError when the body is neither.
    """
    products: list[Instrument | None]
    if venue == COINBASE:
        try:
            rows = _read_list(body).products
        except msgspec.ValidationError:
            rows = [_read_one(body)]
        products = [_advanced(row) for row in rows]
    else:
        found = _read_exchange(body)
        products = [
            _exchange(row, venue) for row in (found if isinstance(found, list) else [found])
        ]
    return [instrument for instrument in products if instrument is not None]


def _status(status: str, *, is_closed: bool) -> str:
    return "TRADING" if status == "online" and not is_closed else "HALT"


def _exchange(row: ExchangeProduct, venue: str) -> Instrument | None:
    try:
        return Instrument(
            venue=venue,
            symbol=row.id,
            base=row.base_currency,
            quote=row.quote_currency,
            price_increment=row.quote_increment,
            size_quantum=row.base_increment,
            lot=row.base_increment,
            minimum_notional=row.min_market_funds,
            status=_status(row.status, is_closed=row.trading_disabled),
        )
    except DecimalError:
        return None


def _advanced(row: AdvancedProduct) -> Instrument | None:
    base, _, quote = row.product_id.partition("-")
    is_closed = row.trading_disabled or row.is_disabled
    try:
        return Instrument(
            venue=COINBASE,
            symbol=row.product_id,
            base=row.base_currency_id or row.base_display_symbol or base,
            quote=row.quote_currency_id or row.quote_display_symbol or quote,
            price_increment=row.price_increment or row.quote_increment,
            size_quantum=row.base_increment,
            lot=row.base_increment,
            minimum_notional=row.quote_min_size or "0",
            status=_status(row.status, is_closed=is_closed),
        )
    except DecimalError:
        return None
