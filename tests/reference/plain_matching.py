"""A matching engine in plain Python, written to be read: what `hftlib.market.matching` must equal.

Levels are dictionaries from a price to a list of orders, first come first; nothing is faster than
it has to be, and nothing is shared with the compiled engine but the names of the numbers.
"""

import hashlib
from dataclasses import dataclass, field

import numpy as np

from hftlib.market.orders import (
    FIRST_ACCOUNT,
    NO_PRICE,
    BookSide,
    ExpiryReason,
    Order,
    OrderKind,
    Refusal,
    ReportKind,
    SelfTrade,
    TimeInForce,
)

MAXIMUM_PRICE = 2**40
MAXIMUM_LOTS = 2**44
MAXIMUM_CASH = 2**62

RISE_FIRST = {
    (BookSide.BID, OrderKind.STOP_LOSS),
    (BookSide.BID, OrderKind.STOP_LOSS_LIMIT),
    (BookSide.ASK, OrderKind.TAKE_PROFIT),
    (BookSide.ASK, OrderKind.TAKE_PROFIT_LIMIT),
}
WAITING_KINDS = {
    OrderKind.STOP_LOSS,
    OrderKind.STOP_LOSS_LIMIT,
    OrderKind.TAKE_PROFIT,
    OrderKind.TAKE_PROFIT_LIMIT,
}
PRICELESS_KINDS = {OrderKind.MARKET, OrderKind.STOP_LOSS, OrderKind.TAKE_PROFIT}


@dataclass(eq=False)
class Live:
    """One order and what became of it."""

    order_id: int
    asked: Order
    time_ns: int
    quantity: int
    remaining: int
    cash: int
    executed_lots: int = 0
    executed_cash: int = 0

    @property
    def owner(self) -> int:
        return self.asked.owner

    @property
    def side(self) -> BookSide:
        return self.asked.side

    @property
    def is_rising(self) -> bool:
        return (self.side, self.asked.kind) in RISE_FIRST

    def crosses(self, ticks: int) -> bool:
        """Say whether this order would trade at a price of the other side."""
        limit = self.asked.price_ticks
        if limit == NO_PRICE:
            return True
        return ticks <= limit if self.side == BookSide.BID else ticks >= limit

    def is_fired_by(self, last: int) -> bool:
        """Say whether a trade at a price fires this waiting order."""
        trigger = self.asked.trigger_ticks
        return last >= trigger if self.is_rising else last <= trigger


@dataclass
class PlainMatching:
    """Match by price, then time; the logs are lists of tuples in the columns of `orders`."""

    order_room: int = 16_384
    trigger_room: int = 1_024
    next_order: int = 1
    next_trade: int = 1
    update_id: int = 0
    halted: bool = False
    last: tuple[int, int] = (NO_PRICE, 0)
    sides: dict[BookSide, dict[int, list[Live]]] = field(
        default_factory=lambda: {BookSide.BID: {}, BookSide.ASK: {}}
    )
    waiting: list[Live] = field(default_factory=list)
    fired: list[Live] = field(default_factory=list)
    changes: list[tuple[int, ...]] = field(default_factory=list)
    trades: list[tuple[int, ...]] = field(default_factory=list)
    tops: list[tuple[int, ...]] = field(default_factory=list)
    reports: list[tuple[int, ...]] = field(default_factory=list)
    told_top: tuple[int, ...] = (NO_PRICE, 0, NO_PRICE, 0)
    live: dict[int, Live] = field(default_factory=dict)

    # Commands.

    def place(self, asked: Order, now_ns: int) -> int:
        answer = self._accept(asked, now_ns)
        self._tell_top(now_ns)
        return answer

    def _accept(self, asked: Order, now_ns: int) -> int:
        refusal = self._refusal_of(asked)
        if refusal:
            return -refusal
        order = Live(self.next_order, asked, now_ns, asked.quantity, asked.quantity, asked.cash)
        self.next_order += 1
        self._report(now_ns, ReportKind.NEW, order)
        if asked.kind in WAITING_KINDS:
            self.waiting.append(order)
            self.live[order.order_id] = order
            return order.order_id
        self._execute(order, now_ns)
        while self.fired:
            order_fired = self.fired.pop(0)
            del self.live[order_fired.order_id]
            self._report(now_ns, ReportKind.TRIGGERED, order_fired)
            self._execute(order_fired, now_ns)
        return order.order_id

    def cancel(self, owner: int, order_id: int, now_ns: int) -> int:
        answer = self._withdraw(owner, order_id, now_ns)
        self._tell_top(now_ns)
        return answer

    def _withdraw(self, owner: int, order_id: int, now_ns: int) -> int:
        refusal = self._refusal_of_access(owner, order_id)
        if refusal:
            return -refusal
        order = self.live.pop(order_id)
        if order in self.waiting:
            self.waiting.remove(order)
        else:
            self._level_of(order).remove(order)
            self._change(order.side, order.asked.price_ticks, now_ns)
        self._report(now_ns, ReportKind.CANCELED, order)
        return order.remaining

    def amend(self, owner: int, order_id: int, quantity: int, now_ns: int) -> int:
        if self.halted:
            return -Refusal.HALTED
        refusal = self._refusal_of_access(owner, order_id)
        if refusal:
            return -refusal
        order = self.live[order_id]
        gone = order.quantity - quantity
        if gone <= 0:
            return -Refusal.NOT_SMALLER
        if quantity <= 0 or gone >= order.remaining:
            return -Refusal.BAD_QUANTITY
        order.quantity = quantity
        order.remaining -= gone
        self._report(now_ns, ReportKind.REPLACED, order, lots=gone)
        if order not in self.waiting:
            self._change(order.side, order.asked.price_ticks, now_ns)
            self._tell_top(now_ns)
        return order.remaining

    def replace(self, order_id: int, asked: Order, now_ns: int) -> int:
        if self.halted:
            return -Refusal.HALTED
        answer = self._withdraw(asked.owner, order_id, now_ns)
        if answer >= 0:
            answer = self._accept(asked, now_ns)
        self._tell_top(now_ns)
        return answer

    # Refusals.

    def _refusal_of_access(self, owner: int, order_id: int) -> Refusal:
        if order_id not in self.live:
            return Refusal.UNKNOWN_ORDER
        return Refusal.NONE if self.live[order_id].owner == owner else Refusal.NOT_OWNER

    def _refusal_of(self, asked: Order) -> Refusal:
        if self.halted:
            return Refusal.HALTED
        return _refusal_of_form(asked) or _refusal_of_size(asked) or self._refusal_now(asked)

    def _refusal_now(self, asked: Order) -> Refusal:
        best = self.best(BookSide(1 - asked.side))
        is_full = len(self.live) >= self.order_room
        if asked.kind in WAITING_KINDS:
            if is_full or len(self.waiting) >= self.trigger_room:
                return Refusal.BOOK_FULL
            order = Live(0, asked, 0, 0, 0, 0)
            has_traded = self.last[0] != NO_PRICE
            if has_traded and order.is_fired_by(self.last[0]):
                return Refusal.WOULD_TRIGGER
        elif asked.kind == OrderKind.MARKET:
            if best is None:
                return Refusal.NO_LIQUIDITY
            if 0 < asked.cash < best:
                return Refusal.BAD_QUANTITY
        elif is_full:
            return Refusal.BOOK_FULL
        elif asked.kind == OrderKind.LIMIT_MAKER:
            is_taker = best is not None and Live(0, asked, 0, 0, 0, 0).crosses(best)
            return Refusal.WOULD_TAKE if is_taker else Refusal.NONE
        return Refusal.NONE

    # Matching.

    def _execute(self, order: Live, now_ns: int) -> None:
        asked = order.asked
        has_price = asked.price_ticks != NO_PRICE
        if has_price and asked.time_in_force == TimeInForce.FOK and not self._can_fill(order):
            self._expire(order, ExpiryReason.NOT_FILLABLE, now_ns)
            return
        if self._take(order, now_ns):
            return
        best = self.best(BookSide(1 - order.side))
        if best is not None and order.crosses(best):
            out_of_cash = ExpiryReason.NONE if order.cash else ExpiryReason.NO_LIQUIDITY
            self._expire(order, out_of_cash, now_ns)
        elif not has_price:
            self._expire(order, ExpiryReason.NO_LIQUIDITY, now_ns)
        elif asked.time_in_force != TimeInForce.GTC:
            self._expire(order, ExpiryReason.IMMEDIATE_REST, now_ns)
        else:
            self.live[order.order_id] = order
            self.sides[order.side].setdefault(asked.price_ticks, []).append(order)
            self._change(order.side, asked.price_ticks, now_ns)

    def _can_fill(self, order: Live) -> bool:
        """Say whether a fill-or-kill order could be filled whole right now."""
        wanted, cash = order.remaining, MAXIMUM_CASH
        for ticks in self.prices(BookSide(1 - order.side)):
            if not order.crosses(ticks):
                break
            for maker in self.sides[BookSide(1 - order.side)][ticks]:
                if wanted and self._is_own(order, maker):
                    if order.asked.self_trade == SelfTrade.EXPIRE_MAKER:
                        continue
                    return False
                lots = min(wanted, maker.remaining)
                wanted -= lots
                cash -= lots * ticks
        return wanted == 0 and cash >= 0

    def _take(self, taker: Live, now_ns: int) -> bool:
        """Fill an order as far as it goes; say whether it has ended thereby."""
        side = BookSide(1 - taker.side)
        while (ticks := self.best(side)) is not None and taker.crosses(ticks):
            room = (taker.cash or MAXIMUM_CASH) - taker.executed_cash
            room //= ticks
            if taker.cash and room:
                taker.remaining = min(room, MAXIMUM_LOTS)
            room = min(room, taker.remaining)
            if room == 0:
                return False
            self._take_level(taker, side, ticks, room, now_ns)
            if taker.remaining == 0:
                return True
        return False

    def _take_level(self, taker: Live, side: BookSide, ticks: int, room: int, now_ns: int) -> None:
        makers = self.sides[side][ticks]
        before, trade_before = self.lots_at(side, ticks), self.next_trade
        while makers and room and taker.remaining:
            maker = makers[0]
            remaining_before = taker.remaining
            if self._is_own(taker, maker):
                self._prevent(taker, maker, ticks, now_ns)
            else:
                self._trade(taker, maker, ticks, min(room, maker.remaining), now_ns)
            room -= remaining_before - taker.remaining
            if maker.remaining == 0:
                makers.pop(0)
                del self.live[maker.order_id]
        if self.lots_at(side, ticks) != before:
            self._change(side, ticks, now_ns)
        if self.next_trade != trade_before:
            self._gather_fired(ticks)

    def _is_own(self, taker: Live, maker: Live) -> bool:
        return taker.asked.self_trade != SelfTrade.NONE and taker.owner == maker.owner

    def _trade(self, taker: Live, maker: Live, ticks: int, lots: int, now_ns: int) -> None:
        trade_id = self.next_trade
        self.next_trade += 1
        self.last = (ticks, now_ns)
        parties = (maker.order_id, taker.order_id, maker.owner, taker.owner)
        row = (now_ns, trade_id, ticks, lots, taker.side, *parties, self.update_id + 1)
        self.trades.append(row)
        for order in (maker, taker):
            order.remaining -= lots
            order.executed_lots += lots
            order.executed_cash += lots * ticks
        for order, counter in ((maker, taker), (taker, maker)):
            self._report(
                now_ns,
                ReportKind.TRADE,
                order,
                ticks=ticks,
                lots=lots,
                trade_id=trade_id,
                is_maker=order is maker,
                counter=counter,
            )

    def _prevent(self, taker: Live, maker: Live, ticks: int, now_ns: int) -> None:
        rule = taker.asked.self_trade
        shared = min(taker.remaining, maker.remaining)
        losses: list[tuple[Live, Live, int]] = []
        if rule == SelfTrade.DECREMENT:
            losses = [(maker, taker, shared), (taker, maker, shared)]
            if taker.cash:
                taker.cash -= shared * ticks
        if rule in {SelfTrade.EXPIRE_MAKER, SelfTrade.EXPIRE_BOTH}:
            losses.append((maker, taker, maker.remaining))
        if rule in {SelfTrade.EXPIRE_TAKER, SelfTrade.EXPIRE_BOTH}:
            losses.append((taker, maker, taker.remaining))
        for order, counter, lots in losses:
            order.remaining -= lots
            self._report(
                now_ns,
                ReportKind.PREVENTED,
                order,
                ticks=ticks,
                lots=lots,
                is_maker=order is maker,
                reason=ExpiryReason.SELF_TRADE,
                counter=counter,
            )
            if order.remaining == 0:
                self._expire(order, ExpiryReason.SELF_TRADE, now_ns)

    def _gather_fired(self, ticks: int) -> None:
        """Put those that a trade fires in line: rising triggers from the lowest, then falling."""
        fired = [order for order in self.waiting if order.is_fired_by(ticks)]
        rising = sorted(
            (order for order in fired if order.is_rising), key=lambda one: one.asked.trigger_ticks
        )
        falling = sorted(
            (order for order in fired if not order.is_rising),
            key=lambda one: -one.asked.trigger_ticks,
        )
        self.fired += rising + falling
        self.waiting = [order for order in self.waiting if order not in fired]

    def _expire(self, order: Live, reason: ExpiryReason, now_ns: int) -> None:
        if order.cash:
            order.remaining = 0
        self._report(now_ns, ReportKind.EXPIRED, order, reason=reason)

    # What is told.

    def _change(self, side: BookSide, ticks: int, now_ns: int) -> None:
        self.update_id += 1
        self.changes.append((now_ns, self.update_id, side, ticks, self.lots_at(side, ticks)))
        if not self.sides[side][ticks]:
            del self.sides[side][ticks]

    def _tell_top(self, now_ns: int) -> None:
        top: tuple[int, ...] = ()
        for side in BookSide:
            ticks = self.best(side)
            top += (NO_PRICE, 0) if ticks is None else (ticks, self.lots_at(side, ticks))
        if top != self.told_top:
            self.told_top = top
            self.tops.append((now_ns, self.update_id, *top))

    def _report(
        self,
        now_ns: int,
        kind: ReportKind,
        order: Live,
        *,
        ticks: int = 0,
        lots: int = 0,
        trade_id: int = 0,
        is_maker: bool = False,
        reason: ExpiryReason = ExpiryReason.NONE,
        counter: Live | None = None,
    ) -> None:
        if order.owner < FIRST_ACCOUNT:
            return
        done = (order.remaining, order.executed_lots, order.executed_cash)
        other = (counter.owner, counter.order_id) if counter else (0, 0)
        self.reports.append(
            (
                now_ns,
                kind,
                order.order_id,
                order.owner,
                order.side,
                ticks,
                lots,
                *done,
                trade_id,
                int(is_maker),
                reason,
                *other,
            )
        )

    # Questions.

    def prices(self, side: BookSide) -> list[int]:
        """Return the prices of a side, best first."""
        return sorted(self.sides[side], reverse=side == BookSide.BID)

    def best(self, side: BookSide) -> int | None:
        held = self.sides[side]
        if not held:
            return None
        return max(held) if side == BookSide.BID else min(held)

    def lots_at(self, side: BookSide, ticks: int) -> int:
        return sum(order.remaining for order in self.sides[side].get(ticks, []))

    def _level_of(self, order: Live) -> list[Live]:
        return self.sides[order.side][order.asked.price_ticks]

    def queue_ahead(self, order_id: int) -> int | None:
        order = self.live.get(order_id)
        if order is None:
            return None
        line = [
            one
            for one in self.waiting
            if one.is_rising == order.is_rising
            and one.asked.trigger_ticks == order.asked.trigger_ticks
        ]
        if order not in self.waiting:
            line = self._level_of(order)
        return sum(one.remaining for one in line[: line.index(order)])

    def queues(self) -> list[list[Live]]:
        """Return all live orders by priority: bids, asks, rising triggers, falling triggers."""
        rising = [order for order in self.waiting if order.is_rising]
        falling = [order for order in self.waiting if not order.is_rising]
        return [
            *(
                [one for ticks in self.prices(side) for one in self.sides[side][ticks]]
                for side in BookSide
            ),
            sorted(rising, key=lambda one: one.asked.trigger_ticks),
            sorted(falling, key=lambda one: -one.asked.trigger_ticks),
        ]

    def state_hash(self) -> str:
        """Return the hash that `MatchingBook.state_hash` has for the same state."""
        digest = hashlib.sha256()

        def add(*numbers: int) -> None:
            for number in numbers:
                digest.update(int(number).to_bytes(8, "little", signed=True))

        add(self.update_id, self.next_order, self.next_trade, *self.last, self.halted)
        for orders in self.queues():
            add(len(orders))
            for one in orders:
                asked = one.asked
                traits = (
                    asked.side
                    + (asked.kind << 1)
                    + (asked.time_in_force << 4)
                    + (asked.self_trade << 6)
                )
                add(one.order_id, one.owner, traits, asked.price_ticks, one.quantity)
                add(asked.trigger_ticks, one.remaining, one.executed_lots, one.executed_cash)
                add(one.time_ns)
        return digest.hexdigest()

    def drain(self) -> tuple[np.ndarray, ...]:
        """Return the logs as arrays and empty them."""
        logs = (self.changes, self.trades, self.tops, self.reports)
        arrays = tuple(
            np.array(log, np.int64).reshape(len(log), columns)
            for log, columns in zip(logs, (5, 10, 6, 15), strict=True)
        )
        for log in logs:
            log.clear()
        return arrays


def _refusal_of_form(asked: Order) -> Refusal:
    if asked.side not in {0, 1} or not 0 <= asked.kind <= 6:
        return Refusal.BAD_COMBINATION
    if not 0 <= asked.time_in_force <= 2 or not 0 <= asked.self_trade <= 4:
        return Refusal.BAD_COMBINATION
    if asked.kind == OrderKind.LIMIT_MAKER and asked.time_in_force != TimeInForce.GTC:
        return Refusal.BAD_COMBINATION
    if asked.kind in PRICELESS_KINDS and asked.price_ticks != NO_PRICE:
        return Refusal.BAD_COMBINATION
    if asked.kind not in PRICELESS_KINDS and not 0 < asked.price_ticks <= MAXIMUM_PRICE:
        return Refusal.BAD_PRICE
    if asked.kind not in WAITING_KINDS and asked.trigger_ticks != NO_PRICE:
        return Refusal.BAD_COMBINATION
    if asked.kind in WAITING_KINDS and not 0 < asked.trigger_ticks <= MAXIMUM_PRICE:
        return Refusal.BAD_PRICE
    if asked.cash and asked.kind != OrderKind.MARKET:
        return Refusal.BAD_COMBINATION
    return Refusal.NONE


def _refusal_of_size(asked: Order) -> Refusal:
    if not 0 <= asked.quantity <= MAXIMUM_LOTS or not 0 <= asked.cash <= MAXIMUM_CASH:
        return Refusal.BAD_QUANTITY
    if asked.quantity and asked.cash:
        return Refusal.BAD_COMBINATION
    if not asked.quantity and not asked.cash:
        return Refusal.BAD_QUANTITY
    if asked.price_ticks != NO_PRICE and asked.quantity * asked.price_ticks > MAXIMUM_CASH:
        return Refusal.BAD_QUANTITY
    return Refusal.NONE
