"""Binance's user data stream: what happens to an account, told on the sockets that asked.

Events go out the moment they are settled, not on the grid of publications. Fields stand in the
documented order; those that not every order has come after the ones that all have.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from hftlib.exchange.accounts import Account
from hftlib.exchange.binance.order_answers import (
    NO_LIST,
    ZERO,
    Json,
    amount,
    cash_text,
    lots_text,
    price_text,
    quantity_text,
    side_text,
)
from hftlib.exchange.settlement import Execution, Happening

_RENAMED: Final = frozenset({Happening.CANCELED, Happening.REPLACED})
_encode: Final = msgspec.json.encode

Send = Callable[[bytes, int], None]
"""Puts a text, sent at a time, into a connection's outbox."""


class Subscription(NamedTuple):
    """Let one connection hear of one account; times are told in units of `unit_ns`."""

    number: int
    account: Account
    unit_ns: int
    send: Send

    def tell(self, event: Json, now_ns: int) -> None:
        """Send an event."""
        self.send(_encode({"subscriptionId": self.number, "event": event}), now_ns)


class UserData:
    """Know who listens to which account, and write the events."""

    def __init__(self) -> None:
        """Begin without listeners."""
        self._heard: dict[int, list[Subscription]] = {}

    def subscribe(self, subscription: Subscription) -> None:
        """Let a connection hear of an account from now on."""
        self._heard.setdefault(subscription.account.owner, []).append(subscription)

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop telling a connection; it gets no word of that from here."""
        self._heard[subscription.account.owner].remove(subscription)

    def end(self, subscription: Subscription, now_ns: int) -> None:
        """Stop telling a connection, and say so on it."""
        self.unsubscribe(subscription)
        stamp = now_ns // subscription.unit_ns
        subscription.tell({"e": "eventStreamTerminated", "E": stamp}, now_ns)

    # What is heard from settlement and accounts.

    def executed(self, execution: Execution) -> None:
        """Tell an executionReport."""
        self._tell(
            execution.account,
            lambda unit_ns: execution_report(execution, unit_ns),
            execution.time_ns,
        )

    def settled(self, account: Account, assets: tuple[str, ...], time_ns: int) -> None:
        """Tell an outboundAccountPosition of the assets that possibly changed."""
        self._tell(account, lambda unit_ns: _position(account, assets, time_ns, unit_ns), time_ns)

    def deposited(self, account: Account, asset: str, units: int, now_ns: int) -> None:
        """Tell a balanceUpdate, then the position."""
        self.settled(account, (asset,), now_ns)
        self._tell(
            account,
            lambda unit_ns: {
                "e": "balanceUpdate",
                "E": now_ns // unit_ns,
                "a": asset,
                "d": amount(units),
                "T": now_ns // unit_ns,
            },
            now_ns,
        )

    def _tell(self, account: Account, event: Callable[[int], Json], now_ns: int) -> None:
        for subscription in self._heard.get(account.owner, ()):
            subscription.tell(event(subscription.unit_ns), now_ns)


def _position(account: Account, assets: tuple[str, ...], time_ns: int, unit_ns: int) -> Json:
    held = [(asset, account.balance(asset)) for asset in assets]
    return {
        "e": "outboundAccountPosition",
        "E": time_ns // unit_ns,
        "u": account.updated_ns // unit_ns,
        "B": [{"a": asset, "f": amount(one.free), "l": amount(one.locked)} for asset, one in held],
    }


def execution_report(execution: Execution, unit_ns: int) -> Json:
    """Return an executionReport."""
    order, fill = execution.order, execution.fill
    listing, stamp = order.listing, execution.time_ns // unit_ns
    is_renamed = execution.happening in _RENAMED
    new_id = order.cancel_id if execution.happening is Happening.CANCELED else order.client_id
    old_id = order.client_id if execution.happening is Happening.CANCELED else order.cancel_id
    report: Json = {
        "e": "executionReport",
        "E": stamp,
        "s": listing.symbol,
        "c": new_id,
        "S": side_text(order),
        "o": order.kind.name,
        "f": order.time_in_force.name,
        "q": quantity_text(order),
        "p": price_text(listing, order.price_ticks),
        "P": price_text(listing, order.trigger_ticks),
        "F": ZERO,
        "g": NO_LIST,
        "C": old_id if is_renamed else "",
        "x": execution.happening,
        "X": order.status,
        "r": "NONE",
        "i": order.order_id,
        "l": lots_text(listing, fill.lots) if fill else ZERO,
        "z": lots_text(listing, order.executed_lots),
        "L": price_text(listing, fill.ticks) if fill else ZERO,
        "n": amount(fill.fee) if fill else "0",
        "N": fill.fee_asset if fill else None,
        "T": stamp,
        "t": fill.trade_id if fill else -1,
        "I": execution.number,
        "w": order.is_live and order.is_working,
        "m": fill.is_maker if fill else False,
        "M": fill is not None,
        "O": order.created_ns // unit_ns,
        "Z": cash_text(listing, order.executed_cash),
        "Y": cash_text(listing, fill.ticks * fill.lots) if fill else ZERO,
        "Q": cash_text(listing, order.cash),
    }
    return {**report, **_sometimes(execution, unit_ns)}


def _sometimes(execution: Execution, unit_ns: int) -> Json:
    """Return the fields that only some reports have, and the self-trade mode among them."""
    order, match = execution.order, execution.prevented
    told: Json = {}
    if order.strategy_id is not None:
        told["j"] = order.strategy_id
    if order.strategy_type is not None:
        told["J"] = order.strategy_type
    if order.is_working:
        told["W"] = order.working_ns // unit_ns
    told["V"] = order.self_trade.name
    if match is not None:
        is_maker = match.maker_order == order.order_id
        told["v"] = match.match_id
        told["A"] = lots_text(order.listing, order.prevented_lots)
        told["B"] = lots_text(order.listing, execution.prevented_lots)
        told["u"] = -1
        told["U"] = match.taker_order if is_maker else match.maker_order
        told["Cs"] = order.listing.symbol
        told["pl"] = lots_text(order.listing, execution.prevented_lots)
        told["pL"] = price_text(order.listing, match.ticks)
        told["pY"] = cash_text(order.listing, match.ticks * execution.prevented_lots)
    return told
