"""What Binance allows on a spot symbol: one table, told by exchangeInfo and held by orders.

Filters that nothing here enforces are not told either: no iceberg, trailing, pegged or list
orders exist on the local venue.
"""

from functools import cache
from typing import Final, NamedTuple

from hftlib.core.decimals import to_text
from hftlib.exchange.account_order import (
    ASSET_DECIMALS,
    ASSET_UNIT,
    TRIGGERED_KINDS,
    AccountOrder,
    base_units,
    quote_units,
)
from hftlib.exchange.binance.refusal import BinanceError
from hftlib.market.listings import Listing
from hftlib.market.orders import BookSide, OrderKind, SelfTrade

ORDER_TYPES: Final = tuple(kind.name for kind in OrderKind)
SELF_TRADE_MODES: Final = tuple(mode.name for mode in SelfTrade)
DEFAULT_SELF_TRADE: Final = SelfTrade.EXPIRE_MAKER.name

MAX_NUM_ORDERS: Final = 200
MAX_NUM_ALGO_ORDERS: Final = 5
MAX_NUM_ORDER_AMENDS: Final = 10
AVERAGE_MINUTES: Final = 5
_UP: Final = 5
_DOWN_TENTHS: Final = 2
_TENTHS: Final = 10
_LARGEST_NOTIONAL: Final = 9_000_000
_HIGHEST_TICKS: Final = 10**8
_MARKET_SHARE: Final = 10
"""A market order may have a tenth of the lots of a limit order."""

Described = dict[str, str | int | bool]


def failure(name: str) -> BinanceError:
    """Return the refusal of an order that fails a filter."""
    return BinanceError(-1013, f"Filter failure: {name}")


class Average(NamedTuple):
    """Hold the average price of the last minutes as a ratio: cash / lots is in ticks."""

    cash: int
    lots: int


class Filters(NamedTuple):
    """Hold the bounds of one symbol: prices in units of 1e-8, sizes in units of 1e-8."""

    tick: int
    highest_price: int
    step: int
    smallest: int
    largest: int
    market_largest: int
    least_notional: int
    listing: Listing

    def described(self) -> list[Described]:
        """Return the filters as exchangeInfo tells them."""
        ticks = {"minPrice": self.tick, "maxPrice": self.highest_price, "tickSize": self.tick}
        lots = {"minQty": self.smallest, "maxQty": self.largest, "stepSize": self.step}
        market = {"minQty": 0, "maxQty": self.market_largest, "stepSize": 0}
        return [
            {"filterType": "PRICE_FILTER", **_texts(ticks)},
            {"filterType": "LOT_SIZE", **_texts(lots)},
            {"filterType": "MARKET_LOT_SIZE", **_texts(market)},
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": str(_UP),
                "bidMultiplierDown": f"0.{_DOWN_TENTHS}",
                "askMultiplierUp": str(_UP),
                "askMultiplierDown": f"0.{_DOWN_TENTHS}",
                "avgPriceMins": AVERAGE_MINUTES,
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": to_text(self.least_notional, ASSET_DECIMALS),
                "applyMinToMarket": True,
                "maxNotional": to_text(_LARGEST_NOTIONAL * ASSET_UNIT, ASSET_DECIMALS),
                "applyMaxToMarket": False,
                "avgPriceMins": AVERAGE_MINUTES,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": MAX_NUM_ORDERS},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": MAX_NUM_ALGO_ORDERS},
            {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": MAX_NUM_ORDER_AMENDS},
        ]

    def ticks(self, price: int) -> int:
        """Return a price of 1e-8 units in ticks. Raises BinanceError (PRICE_FILTER)."""
        ticks, rest = divmod(price, self.tick)
        if rest or not self.tick <= price <= self.highest_price:
            raise failure("PRICE_FILTER")
        return ticks

    def lots(self, quantity: int, *, is_market: bool = False) -> int:
        """Return a quantity of 1e-8 units in lots. Raises BinanceError (LOT_SIZE and kin)."""
        lots, rest = divmod(quantity, self.step)
        if rest or not self.smallest <= quantity <= self.largest:
            raise failure("LOT_SIZE")
        if is_market and quantity > self.market_largest:
            raise failure("MARKET_LOT_SIZE")
        return lots

    def check_percent(self, ticks: int, average: Average) -> None:
        """Hold a limit price against the average. Raises BinanceError.

        The two sides have the same multipliers here.
        """
        price = ticks * average.lots
        too_low = price * _TENTHS < average.cash * _DOWN_TENTHS
        if too_low or price > average.cash * _UP:
            raise failure("PERCENT_PRICE_BY_SIDE")

    def check_notional(self, notional: int, *, is_market: bool) -> None:
        """Hold price times quantity (quote units of 1e-8) against its range."""
        too_large = notional > _LARGEST_NOTIONAL * ASSET_UNIT and not is_market
        if notional < self.least_notional or too_large:
            raise failure("NOTIONAL")

    def check_count(self, live: list[AccountOrder], kind: OrderKind) -> None:
        """Hold one more live order against the number allowed on the symbol."""
        if len(live) >= MAX_NUM_ORDERS:
            raise failure("MAX_NUM_ORDERS")
        waiting = sum(one.is_algorithmic for one in live)
        if kind in TRIGGERED_KINDS and waiting >= MAX_NUM_ALGO_ORDERS:
            raise failure("MAX_NUM_ALGO_ORDERS")


@cache
def filters_of(listing: Listing) -> Filters:
    """Return the filters of a spot symbol."""
    instrument = listing.instrument
    tick = instrument.tick_units * 10 ** (ASSET_DECIMALS - instrument.price_decimals)
    step = base_units(listing, 1)
    return Filters(
        tick=tick,
        highest_price=tick * _HIGHEST_TICKS,
        step=step,
        smallest=listing.minimum_lots * step,
        largest=listing.maximum_lots * step,
        market_largest=listing.maximum_lots // _MARKET_SHARE * step,
        least_notional=int(instrument.minimum_notional) * ASSET_UNIT,
        listing=listing,
    )


def notional_at(listing: Listing, lots: int, average: Average) -> int:
    """Return the worth of lots at the average price, in quote units of 1e-8, cut off."""
    return quote_units(listing, lots * average.cash) // average.lots


def symbol_rules(listing: Listing) -> dict[str, object]:
    """Return what exchangeInfo tells of a symbol's orders: types, permissions, filters."""
    instrument = listing.instrument
    return {
        "symbol": instrument.symbol,
        "status": instrument.status,
        "baseAsset": instrument.base,
        "baseAssetPrecision": ASSET_DECIMALS,
        "quoteAsset": instrument.quote,
        "quotePrecision": ASSET_DECIMALS,
        "quoteAssetPrecision": ASSET_DECIMALS,
        "baseCommissionPrecision": ASSET_DECIMALS,
        "quoteCommissionPrecision": ASSET_DECIMALS,
        "orderTypes": list(ORDER_TYPES),
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": filters_of(listing).described(),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": DEFAULT_SELF_TRADE,
        "allowedSelfTradePreventionModes": list(SELF_TRADE_MODES),
    }


def side_of(text: str) -> BookSide:
    """Return the side that BUY or SELL means."""
    return BookSide.BID if text == "BUY" else BookSide.ASK


def _texts(amounts: dict[str, int]) -> Described:
    return {name: to_text(units, ASSET_DECIMALS) for name, units in amounts.items()}
