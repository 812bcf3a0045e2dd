"""What Coinbase says of its products and currencies, for both of its protocols."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from hftlib.core.decimals import to_text
from hftlib.exchange.coinbase.book_view import BookView, percent_text
from hftlib.market.listings import Listing


class Currency(NamedTuple):
    """Describe a currency; `decimals` is what its smallest amount needs."""

    code: str
    name: str
    is_crypto: bool
    decimals: int
    symbol: str
    order: int
    minimum: str


CURRENCIES: Final = {
    one.code: one
    for one in (
        Currency("BTC", "Bitcoin", True, 8, "₿", 3, "0.00000001"),
        Currency("ETH", "Ethereum", True, 8, "Ξ", 25, "0.00000001"),
        Currency("SOL", "Solana", True, 9, "SOL", 315, "0.00000001"),
        Currency("ADA", "Cardano", True, 6, "ADA", 200, "0.00000001"),
        Currency("USDT", "Tether", True, 6, "USDT", 80, "0.000001"),
        Currency("USDC", "USDC", True, 6, "USDC", 80, "0.000001"),
        Currency("USD", "United States Dollar", False, 2, "$", 1, "0.01"),
    )
}

_SLIPPAGE: Final = {"BTC": "0.02000000", "ETH": "0.02000000", "USDT": "0.01000000"}
_OTHER_SLIPPAGE: Final = "0.03000000"
_NEW_AT: Final = "2023-01-01T00:00:00Z"
_QUOTE_MAXIMUM: Final = {"BTC": "150000000", "ETH": "150000000", "SOL": "25000000"}
_OTHER_MAXIMUM: Final = "10000000"
_VENUE: Final = "CBE"
_encode: Final = msgspec.json.encode


def alias_of(listing: Listing) -> str:
    """Return the -USDC product that stands for a -USD one, empty where there is none."""
    instrument = listing.instrument
    is_stable = CURRENCIES[instrument.base].code in {"USDT", "USDC"}
    return "" if is_stable or instrument.quote != "USD" else f"{instrument.base}-USDC"


# Exchange.


def exchange_product(listing: Listing) -> dict[str, Any]:
    """Return a product as Exchange describes it."""
    instrument = listing.instrument
    return {
        "id": listing.symbol,
        "base_currency": instrument.base,
        "quote_currency": instrument.quote,
        "quote_increment": instrument.price_increment,
        "base_increment": instrument.lot,
        "display_name": listing.symbol,
        "min_market_funds": instrument.minimum_notional,
        "margin_enabled": False,
        "post_only": False,
        "limit_only": False,
        "cancel_only": False,
        "status": "online",
        "status_message": "",
        "trading_disabled": False,
        "fx_stablecoin": False,
        "max_slippage_percentage": _SLIPPAGE.get(instrument.base, _OTHER_SLIPPAGE),
        "auction_mode": False,
        "high_bid_limit_percentage": "",
    }


def exchange_currency(currency: Currency) -> dict[str, Any]:
    """Return a currency as Exchange describes it."""
    kind = "crypto" if currency.is_crypto else "fiat"
    return {
        "id": currency.code,
        "name": currency.name,
        "min_size": currency.minimum,
        "status": "online",
        "message": "",
        "max_precision": currency.minimum,
        "convertible_to": ["USD"] if currency.code == "USDC" else [],
        "details": {"type": kind, "symbol": currency.symbol, "sort_order": currency.order},
        "default_network": "",
        "supported_networks": [],
        "display_name": "",
    }


def exchange_status(listings: Sequence[Listing]) -> bytes:
    """Return the message of the feed's status channel."""
    return _encode(
        {
            "type": "status",
            "products": [exchange_product(listing) for listing in listings],
            "currencies": [exchange_currency(one) for one in CURRENCIES.values()],
        }
    )


# Advanced Trade.


def advanced_product(view: BookView, now_ns: int, alias: str = "") -> dict[str, Any]:
    """Return a product as Advanced Trade describes it; `alias` is the -USDC one's own id."""
    listing, instrument, day = view.listing, view.instrument, view.day(now_ns)
    base, dollar_alias = CURRENCIES[instrument.base], alias_of(listing)
    quote_name = "USDC" if alias else "US Dollar"
    turnover = to_text(
        day.cash * listing.cash_unit // 10 ** max(listing.cash_decimals - 2, 0), 2, pad=False
    )
    return {
        "product_id": alias or listing.symbol,
        "price": view.short_price(day.last_ticks),
        "price_percentage_change_24h": percent_text(day.last_ticks, day.open_ticks),
        "volume_24h": view.size(day.lots),
        "volume_percentage_change_24h": _volume_change(view, now_ns),
        "base_increment": instrument.lot,
        "quote_increment": instrument.price_increment,
        "quote_min_size": instrument.minimum_notional,
        "quote_max_size": _QUOTE_MAXIMUM.get(base.code, _OTHER_MAXIMUM),
        "base_min_size": view.size(listing.minimum_lots),
        "base_max_size": view.size(listing.maximum_lots),
        "base_name": base.name,
        "quote_name": quote_name,
        **_FLAGS,
        "product_type": "SPOT",
        "quote_currency_id": "USDC" if alias else instrument.quote,
        "base_currency_id": instrument.base,
        "fcm_trading_session_details": None,
        "mid_market_price": "",
        "alias": listing.symbol if alias else "",
        "alias_to": [dollar_alias] if dollar_alias and not alias else [],
        "base_display_symbol": instrument.base,
        "quote_display_symbol": "USD",
        "view_only": False,
        "price_increment": instrument.price_increment,
        "display_name": alias or listing.symbol,
        "product_venue": _VENUE,
        "approximate_quote_24h_volume": turnover,
        "new_at": _NEW_AT,
        **_UNSAID,
        "high_24h": view.short_price(day.high_ticks),
        "low_24h": view.short_price(day.low_ticks),
    }


_FLAGS: Final = {
    "watched": False,
    "is_disabled": False,
    "new": False,
    "status": "online",
    "cancel_only": False,
    "limit_only": False,
    "post_only": False,
    "trading_disabled": False,
    "auction_mode": False,
}
_UNSAID: Final = {
    "market_cap": "",
    "base_cbrn": "",
    "quote_cbrn": "",
    "product_cbrn": "",
    "icon_color": "",
    "icon_url": "",
    "display_name_overwrite": "",
    "is_alpha_testing": False,
    "about_description": "",
    "best_bid_price": "",
    "best_ask_price": "",
}
"""What production leaves empty in its public list."""
_DAY_MINUTES: Final = 1_440


def _volume_change(view: BookView, now_ns: int) -> str:
    """Return how far the day's volume is from the day before, in percent."""
    today = view.day(now_ns).lots
    return percent_text(today, view.feed.data.window(2 * _DAY_MINUTES, now_ns).lots - today)


def advanced_status_row(listing: Listing) -> dict[str, Any]:
    """Return a product as the status channel of Advanced Trade describes it."""
    instrument = listing.instrument
    return {
        "product_type": "SPOT",
        "id": listing.symbol,
        "base_currency": instrument.base,
        "quote_currency": instrument.quote,
        "base_increment": instrument.lot,
        "quote_increment": instrument.price_increment,
        "display_name": f"{instrument.base}/{instrument.quote}",
        "status": "online",
        "status_message": "",
        "min_market_funds": instrument.minimum_notional,
    }


# The API of coinbase.com itself.


def plain_currency(currency: Currency) -> dict[str, Any]:
    """Return a fiat currency as /v2/currencies lists it."""
    return {"id": currency.code, "name": currency.name, "min_size": "0.01000000"}


def crypto_currency(currency: Currency) -> dict[str, Any]:
    """Return a currency as /v2/currencies/crypto lists it."""
    name = hashlib.blake2b(currency.code.encode(), digest_size=16).hexdigest()
    return {
        "asset_id": f"{name[:8]}-{name[8:12]}-5{name[13:16]}-a{name[17:20]}-{name[20:]}",
        "code": currency.code,
        "name": currency.name,
        "color": f"#{name[:6].upper()}",
        "sort_index": currency.order,
        "exponent": currency.decimals,
        "type": "crypto",
        "address_regex": "",
    }
