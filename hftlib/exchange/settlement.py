"""Settle what the matching engine reports with the accounts: fills, fees, locks, states.

A fee is taken from what is received, cut off after 8 decimals, as Binance spot does. What an
order has locked always covers what it can still cost: at its limit for a buyer, its base for a
seller; what a better price leaves over is free at once.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from hftlib.exchange.account_order import (
    AccountOrder,
    Amendment,
    Fill,
    PreventedMatch,
    Status,
    base_units,
    quote_units,
)
from hftlib.exchange.accounts import Account, Accounts
from hftlib.exchange.book_feed import BookFeed
from hftlib.market.orders import ExpiryReason, OrderKind, Report, ReportKind, Rows
from hftlib.market.script import Fee

_MILLION: Final = 1_000_000
_SELF_TRADE: Final = int(ExpiryReason.SELF_TRADE)


class Happening(StrEnum):
    """Name what an execution report tells, spelled as Binance spells it."""

    NEW = "NEW"
    TRADE = "TRADE"
    CANCELED = "CANCELED"
    REPLACED = "REPLACED"
    EXPIRED = "EXPIRED"
    PREVENTED = "TRADE_PREVENTION"


class Execution(NamedTuple):
    """Tell one thing that happened to an order; the order itself is as it was just then."""

    account: Account
    order: AccountOrder
    happening: Happening
    time_ns: int
    number: int
    fill: Fill | None = None
    prevented: PreventedMatch | None = None
    prevented_lots: int = 0


Listener = Callable[[Execution], None]
Settled = Callable[[Account, tuple[str, ...], int], None]


class Settlement:
    """Apply reports to accounts, and tell who listens."""

    def __init__(
        self, accounts: Accounts, rates: Callable[[], Fee], told: Listener, settled: Settled
    ) -> None:
        """Settle with `accounts` at the `rates` of the moment.

        `told` hears every execution, `settled` once for each account and feed which assets have
        possibly changed.
        """
        self._accounts = accounts
        self._rates = rates
        self._told = told
        self._settled = settled
        self._next_match = 1
        self._executions = 0

    def settle(self, feed: BookFeed, reports: Rows) -> None:
        """Take the reports of one book in, in their order."""
        touched: dict[int, tuple[Account, int]] = {}
        for row in _completed(reports.tolist()):
            account = self._accounts.owner(row[Report.OWNER])
            if row[Report.KIND] == ReportKind.EXPIRED and row[Report.REASON] == _SELF_TRADE:
                continue  # The PREVENTED before it took its last lots, and ended it.
            order = account.live[feed.listing.symbol, row[Report.ORDER]]
            time_ns = row[Report.TIME_NS]
            order.updated_ns = account.updated_ns = time_ns
            touched[account.owner] = (account, time_ns)
            self._apply(account, order, row)
        instrument = feed.listing.instrument
        for account, time_ns in touched.values():
            self._settled(account, (instrument.base, instrument.quote), time_ns)

    def lock(self, account: Account, order: AccountOrder, units: int) -> None:
        """Move `units` of what the order pays with from free to locked."""
        balance = account.balance(order.locked_asset)
        balance.free -= units
        balance.locked += units
        order.locked += units

    def _apply(self, account: Account, order: AccountOrder, row: list[int]) -> None:
        kind, time_ns = row[Report.KIND], row[Report.TIME_NS]
        if kind == ReportKind.TRADE:
            self._trade(account, order, row)
        elif kind == ReportKind.NEW:
            if not order.is_algorithmic:
                order.working_ns = time_ns
            self._tell(account, order, Happening.NEW, time_ns)
        elif kind == ReportKind.TRIGGERED:
            order.working_ns = time_ns
            self._tell(account, order, Happening.NEW, time_ns)
        elif kind == ReportKind.REPLACED:
            self._amend(account, order, row)
        elif kind == ReportKind.PREVENTED:
            self._prevent(account, order, row)
        elif kind == ReportKind.CANCELED:
            self._end(account, order, Status.CANCELED)
            self._tell(account, order, Happening.CANCELED, time_ns)
        else:
            self._expire(account, order, row)

    def _trade(self, account: Account, order: AccountOrder, row: list[int]) -> None:
        fill = self._fill(order, row)
        self._move(account, order, fill)
        order.fills.append(fill)
        account.fills.append(fill)
        order.executed_lots += fill.lots
        order.executed_cash += fill.ticks * fill.lots
        if row[Report.REMAINING]:
            order.status = Status.PARTIALLY_FILLED
            self._relock(account, order)
        else:
            self._end(account, order, Status.FILLED)
        self._tell(account, order, Happening.TRADE, fill.time_ns, fill)

    def _fill(self, order: AccountOrder, row: list[int]) -> Fill:
        """Return the fill with its fee: a rate of what is received, cut off."""
        listing, is_maker = order.listing, bool(row[Report.IS_MAKER])
        ticks, lots, rates = row[Report.TICKS], row[Report.LOTS], self._rates()
        received = base_units(listing, lots) if order.is_buy else quote_units(listing, ticks * lots)
        return Fill(
            listing,
            row[Report.TRADE_ID],
            order.order_id,
            ticks,
            lots,
            order.is_buy,
            is_maker,
            received * (rates.maker_ppm if is_maker else rates.taker_ppm) // _MILLION,
            listing.instrument.base if order.is_buy else listing.instrument.quote,
            row[Report.TIME_NS],
        )

    def _move(self, account: Account, order: AccountOrder, fill: Fill) -> None:
        """Pay out of what is locked, receive less the fee; the street is the other end of both."""
        base = base_units(fill.listing, fill.lots)
        quote = quote_units(fill.listing, fill.ticks * fill.lots)
        paid, received = (quote, base) if fill.is_buyer else (base, quote)
        order.locked -= paid
        account.balance(order.locked_asset).locked -= paid
        account.balance(fill.fee_asset).free += received - fill.fee
        self._accounts.street_pays(order.locked_asset, -paid)
        self._accounts.street_pays(fill.fee_asset, received)
        self._accounts.take_fee(fill.fee_asset, fill.fee)

    def _prevent(self, account: Account, order: AccountOrder, row: list[int]) -> None:
        """Take the lots away that would have traded with an order of the same account."""
        lots = row[Report.LOTS]
        order.prevented_lots += lots
        match = self._match(account, order, row)
        order.prevented_match = match.match_id
        if row[Report.REMAINING]:
            self._relock(account, order)
        else:
            self._end(account, order, Status.EXPIRED_IN_MATCH)
        self._tell(account, order, Happening.PREVENTED, match.time_ns, None, match, lots)

    def _match(self, account: Account, order: AccountOrder, row: list[int]) -> PreventedMatch:
        """Record the match; what its second order loses joins what the first one lost."""
        is_maker, lots, time_ns = row[Report.IS_MAKER], row[Report.LOTS], row[Report.TIME_NS]
        pair = (order.order_id, row[Report.COUNTER_ORDER])
        maker, taker = pair if is_maker else pair[::-1]
        last = account.prevented[-1] if account.prevented else None
        if last and (last.listing, last.maker_order, last.taker_order, last.time_ns) == (
            order.listing,
            maker,
            taker,
            time_ns,
        ):
            account.prevented.pop()
            match = last
        else:
            by = account.live[order.listing.symbol, taker]
            match = PreventedMatch(
                order.listing,
                self._next_match,
                maker,
                taker,
                by.self_trade,
                row[Report.TICKS],
                None,
                None,
                time_ns,
            )
            self._next_match += 1
        match = match._replace(maker_lots=lots) if is_maker else match._replace(taker_lots=lots)
        account.prevented.append(match)
        return match

    def _expire(self, account: Account, order: AccountOrder, row: list[int]) -> None:
        order.reason = ExpiryReason(row[Report.REASON])
        self._end(account, order, Status.EXPIRED)
        self._tell(account, order, Happening.EXPIRED, row[Report.TIME_NS])

    def _amend(self, account: Account, order: AccountOrder, row: list[int]) -> None:
        """Make an order smaller; whoever asked for it has set its ids, the old as cancel id."""
        before, time_ns = order.quantity, row[Report.TIME_NS]
        order.quantity -= row[Report.LOTS]
        number = self._executions + 1
        ids = (order.cancel_id, order.client_id)
        order.amendments.append(Amendment(number, *ids, before, order.quantity, time_ns))
        self._relock(account, order)
        self._tell(account, order, Happening.REPLACED, time_ns)

    def _tell(
        self,
        account: Account,
        order: AccountOrder,
        happening: Happening,
        time_ns: int,
        fill: Fill | None = None,
        match: PreventedMatch | None = None,
        lots: int = 0,
    ) -> None:
        self._executions += 1
        number = self._executions
        self._told(Execution(account, order, happening, time_ns, number, fill, match, lots))

    def _relock(self, account: Account, order: AccountOrder) -> None:
        """Free what the order no longer needs; a market order needs all it has until it ends."""
        if order.kind == OrderKind.MARKET:
            return
        if order.is_buy:
            needed = quote_units(order.listing, order.remaining * order.lock_ticks)
        else:
            needed = base_units(order.listing, order.remaining)
        self._release(account, order, order.locked - needed)

    def _end(self, account: Account, order: AccountOrder, status: Status) -> None:
        order.status = status
        self._release(account, order, order.locked)
        account.close(order)

    def _release(self, account: Account, order: AccountOrder, units: int) -> None:
        balance = account.balance(order.locked_asset)
        balance.locked -= units
        balance.free += units
        order.locked -= units


def _completed(rows: list[list[int]]) -> list[list[int]]:
    """Let the last trade of an order by cash end it where its cash bought no further lot.

    The engine says so by an EXPIRED without a reason, which the venue does not tell; an order
    that has not traded at all expires.
    """
    ended: dict[int, list[int]] = {}
    for row in reversed(rows):
        order = row[Report.ORDER]
        if row[Report.KIND] == ReportKind.EXPIRED and row[Report.REASON] == ExpiryReason.NONE:
            ended[order] = row
        elif row[Report.KIND] == ReportKind.TRADE and order in ended:
            row[Report.REMAINING] = 0
            ended.pop(order).clear()
    return [row for row in rows if row]
