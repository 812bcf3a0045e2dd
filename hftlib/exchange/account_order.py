"""What an account knows of its own orders, fills and prevented self-trades."""

from enum import StrEnum
from typing import Final, NamedTuple

from hftlib.market.listings import Listing
from hftlib.market.orders import NO_PRICE, BookSide, ExpiryReason, OrderKind, SelfTrade, TimeInForce

ASSET_DECIMALS: Final = 8
"""Balances, fees and locks are counted in units of 1e-8 of their asset."""
ASSET_UNIT: Final = 10**ASSET_DECIMALS

TRIGGERED_KINDS: Final = frozenset(
    {
        OrderKind.STOP_LOSS,
        OrderKind.STOP_LOSS_LIMIT,
        OrderKind.TAKE_PROFIT,
        OrderKind.TAKE_PROFIT_LIMIT,
    }
)


class Status(StrEnum):
    """Name the states of an order, spelled as Binance spells them."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"


LIVE: Final = frozenset({Status.NEW, Status.PARTIALLY_FILLED})


def base_units(listing: Listing, lots: int) -> int:
    """Return lots as units of the base asset. Raises ValueError when a lot is no whole unit."""
    spare = ASSET_DECIMALS - listing.lot_decimals
    if spare < 0:
        raise ValueError(f"a lot of {listing.symbol} is finer than an asset unit")
    return lots * listing.lot_quanta * int(10**spare)


def quote_units(listing: Listing, cash: int) -> int:
    """Return ticks times lots as units of the quote asset.

    Raises ValueError when one tick times one lot is no whole unit.
    """
    spare = ASSET_DECIMALS - listing.cash_decimals
    if spare < 0:
        raise ValueError(f"a tick times a lot of {listing.symbol} is finer than an asset unit")
    return cash * listing.cash_unit * int(10**spare)


class Fill(NamedTuple):
    """Hold one trade of an account: lots at ticks, and the fee in units of `fee_asset`."""

    listing: Listing
    trade_id: int
    order_id: int
    ticks: int
    lots: int
    is_buyer: bool
    is_maker: bool
    fee: int
    fee_asset: str
    time_ns: int


class PreventedMatch(NamedTuple):
    """Hold one trade of an account with itself that did not happen.

    `maker_lots` and `taker_lots` are what the two orders lost by it, None for one that lost none.
    """

    listing: Listing
    match_id: int
    maker_order: int
    taker_order: int
    mode: SelfTrade
    ticks: int
    maker_lots: int | None
    taker_lots: int | None
    time_ns: int


class Amendment(NamedTuple):
    """Hold one time that an order was made smaller, in lots."""

    execution: int
    original_id: str
    new_id: str
    quantity: int
    new_quantity: int
    time_ns: int


class AccountOrder:
    """Follow one order of an account through its life. All sizes are lots, cash is ticks * lots."""

    __slots__ = (
        "amendments",
        "cancel_id",
        "cash",
        "client_id",
        "created_ns",
        "executed_cash",
        "executed_lots",
        "fills",
        "kind",
        "listing",
        "lock_ticks",
        "locked",
        "order_id",
        "prevented_lots",
        "prevented_match",
        "price_ticks",
        "quantity",
        "reason",
        "self_trade",
        "side",
        "status",
        "strategy_id",
        "strategy_type",
        "time_in_force",
        "trigger_ticks",
        "updated_ns",
        "working_ns",
    )

    def __init__(self, listing: Listing, order_id: int, client_id: str, now_ns: int) -> None:
        """Begin to follow order `order_id` of `listing`, accepted at `now_ns`."""
        self.listing = listing
        self.order_id = order_id
        self.client_id = client_id
        self.cancel_id = ""
        self.created_ns = now_ns
        self.updated_ns = now_ns
        self.working_ns = -1
        self.side = BookSide.BID
        self.kind = OrderKind.LIMIT
        self.time_in_force = TimeInForce.GTC
        self.self_trade = SelfTrade.NONE
        self.price_ticks = NO_PRICE
        self.trigger_ticks = NO_PRICE
        self.quantity = 0
        self.cash = 0
        self.strategy_id: int | None = None
        self.strategy_type: int | None = None
        self.status = Status.NEW
        self.reason = ExpiryReason.NONE
        self.executed_lots = 0
        self.executed_cash = 0
        self.prevented_lots = 0
        self.prevented_match: int | None = None
        self.amendments: list[Amendment] = []
        self.fills: list[Fill] = []
        self.lock_ticks = NO_PRICE
        self.locked = 0

    @property
    def is_buy(self) -> bool:
        """Say whether the order buys the base asset."""
        return self.side == BookSide.BID

    @property
    def is_live(self) -> bool:
        """Say whether the order rests in the book or waits for its trigger."""
        return self.status in LIVE

    @property
    def is_algorithmic(self) -> bool:
        """Say whether the order waits, or waited, for a trigger."""
        return self.kind in TRIGGERED_KINDS

    @property
    def is_working(self) -> bool:
        """Say whether the order is, or was, in the book."""
        return self.working_ns >= 0

    @property
    def remaining(self) -> int:
        """Return the lots that can still trade; 0 for an order that names its cash."""
        return max(self.quantity - self.executed_lots - self.prevented_lots, 0)

    @property
    def locked_asset(self) -> str:
        """Return the asset that the order pays with."""
        instrument = self.listing.instrument
        return instrument.quote if self.is_buy else instrument.base
