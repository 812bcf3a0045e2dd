"""What can be entered in the ledger: nothing in it is a float, and nothing is ever taken out.

Orders are named by their account and client order id, so that one submission can hold an order, its
fills and the cash that they move, before any of them has a number on the disk.
"""

from enum import StrEnum

import msgspec

from hftlib.core.states import Side


class OrderState(StrEnum):
    """Name the state of an order."""

    PENDING_NEW = "PENDING_NEW"
    OPEN = "OPEN"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    PENDING_CANCEL = "PENDING_CANCEL"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


class CashKind(StrEnum):
    """Name why cash moves."""

    DEPOSIT = "DEPOSIT"
    WITHDRAWAL = "WITHDRAWAL"
    TRADE = "TRADE"
    FEE = "FEE"
    FUNDING = "FUNDING"
    RESET = "RESET"


class MarkEntry(msgspec.Struct, frozen=True):
    """Remember a moment of a run: `ts_ns` is the moment, `taken_ns` when it was marked.

    `source` says what the desk showed, in the words of its settings.
    """

    ts_ns: int
    taken_ns: int
    label: str
    note: str
    source: str


class OrderEntry(msgspec.Struct, frozen=True):
    """Place an order; `client_order_id` is unique within the account.

    Prices in ticks, sizes in lots of the instrument. `terms` holds what further describes the
    order, as JSON.
    """

    account: str
    client_order_id: str
    venue: str
    symbol: str
    side: Side
    kind: str
    time_in_force: str
    size_lots: int
    ts_ns: int
    price_ticks: int | None = None
    stop_ticks: int | None = None
    state: OrderState = OrderState.PENDING_NEW
    terms: str = ""


class OrderChange(msgspec.Struct, frozen=True):
    """Move an order to another state; `filled_lots` is how much of it is filled by then."""

    account: str
    client_order_id: str
    ts_ns: int
    state: OrderState
    filled_lots: int
    reason: str = ""


class FillEntry(msgspec.Struct, frozen=True):
    """Fill a part of an order; the fee is in minor units of its currency, positive when paid."""

    account: str
    client_order_id: str
    ts_ns: int
    price_ticks: int
    size_lots: int
    is_maker: bool
    fee_currency: str
    fee_units: int


class CashEntry(msgspec.Struct, frozen=True):
    """Move cash of an account at a venue by minor units of a currency, negative when it leaves.

    `client_order_id` names the order that moved it, where one did.
    """

    account: str
    venue: str
    currency: str
    units: int
    kind: CashKind
    ts_ns: int
    client_order_id: str | None = None
    note: str = ""


Entry = MarkEntry | OrderEntry | OrderChange | FillEntry | CashEntry


class StoredMark(msgspec.Struct, frozen=True):
    """Show a mark with its number."""

    mark_id: int
    mark: MarkEntry


class StoredOrder(msgspec.Struct, frozen=True):
    """Show an order as it was placed, and how it stands."""

    order_id: int
    order: OrderEntry
    state: OrderState
    filled_lots: int
    changed_ns: int
    reason: str


class StoredFill(msgspec.Struct, frozen=True):
    """Show a fill with its number."""

    fill_id: int
    fill: FillEntry
