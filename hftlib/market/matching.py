"""The matching book as Python holds it: one order at a time, or commands by the million.

What an account is told of its order (the columns are `orders.Report`): NEW when it is accepted;
TRADE for each fill, the last with REMAINING 0; CANCELED and EXPIRED at its end, with the lots that
ended unfilled as REMAINING; REPLACED when it was made smaller, TRIGGERED when its trigger fired.
PREVENTED says that it met an order of the same owner and lost LOTS; when it had no others, EXPIRED
(SELF_TRADE) follows. TICKS is then the price at which they met.

An order by cash has REMAINING lots as far as its cash would pay at the last price. It has ended
when that is 0; or when the next price is above what is left (EXPIRED, reason NONE: it is
complete); or when nobody was left to trade with (EXPIRED, NO_LIQUIDITY).

The logs hold the outcomes of any one command. `MatchingBook` empties them in time by itself; a
kernel that calls `place` and its kin asks `needs_drain` and lets Python drain: where it does not,
commands are refused with BOOK_FULL before a row could be lost.
"""

import hashlib
import struct
from typing import Final, NamedTuple

import numpy as np

from hftlib.book.layout import LEVELS, Ints
from hftlib.core.compiled import direct
from hftlib.market.command_kernel import find, read_levels, read_lots, read_orders, run_commands
from hftlib.market.layout import (
    AMEND,
    ASK_QUEUE,
    BID_QUEUE,
    CANCEL,
    COMMAND_SIZE,
    EXECUTED_CASH,
    EXECUTED_LOTS,
    FORCE_SHIFT,
    HALTED,
    ID,
    KIND_SHIFT,
    LAST_TICKS,
    LAST_TIME,
    LIVE,
    LOGS,
    NEXT_ORDER,
    NEXT_TRADE,
    ORDER_SIZE,
    OWNER,
    PLACE,
    PREVIOUS,
    PRICE,
    QUANTITY,
    QUEUE,
    QUEUES,
    REMAINING,
    REPLACE,
    SELF_SHIFT,
    TIME_NS,
    TOP_ASK_LOTS,
    TOP_ASK_TICKS,
    TOP_BID_LOTS,
    TOP_BID_TICKS,
    TRAITS,
    TRIGGER,
    UP_QUEUE,
    UPDATE_ID,
    initialise,
    size_of_state,
)
from hftlib.market.orders import (
    BookSide,
    Order,
    OrderKind,
    Outflow,
    Rows,
    SelfTrade,
    TimeInForce,
)

# One call for a whole command: assigning to a slice of an array costs three times as much.
_pack_into: Final = struct.Struct(f"{COMMAND_SIZE}q").pack_into
_HASHED: Final = (UPDATE_ID, NEXT_ORDER, NEXT_TRADE, LAST_TICKS, LAST_TIME, HALTED)
_HASHED_OF_ORDER: Final = (
    ID,
    OWNER,
    TRAITS,
    PRICE,
    QUANTITY,
    TRIGGER,
    REMAINING,
    EXECUTED_LOTS,
    EXECUTED_CASH,
    TIME_NS,
)


class OrderState(NamedTuple):
    """Show a live order. `waits` says that its trigger has not fired yet."""

    order_id: int
    owner: int
    side: BookSide
    kind: OrderKind
    time_in_force: TimeInForce
    self_trade: SelfTrade
    price_ticks: int
    quantity: int
    trigger_ticks: int
    remaining: int
    executed_lots: int
    executed_cash: int
    time_ns: int
    waits: bool


NOTHING: Final = Outflow(*(np.empty((0, columns), np.int64) for _, _, columns in LOGS))
"""What a quiet book answers: most steps of most books."""


class MatchingBook:
    """Match the orders of one instrument by price, then by time.

    `state` is the flat array of the book (`market.layout`), its own or a slice of a larger one
    that kernels work on as well.
    """

    def __init__(
        self,
        state: Ints | None = None,
        *,
        orders: int = 16_384,
        triggers: int = 1_024,
        window_bits: int = 14,
        log_rows: int = 4_096,
        first_order: int = 1,
        first_trade: int = 1,
        first_update: int = 0,
    ) -> None:
        """Look at the book in `state`, or make an empty one; see `layout.initialise`."""
        if state is None:
            room = (orders, triggers, window_bits, log_rows)
            state = np.zeros(size_of_state(*room), np.int64)
            initialise(
                state,
                *room,
                first_order=first_order,
                first_trade=first_trade,
                first_update=first_update,
            )
        self.state: Ints = state
        self._kept: list[Outflow] = []
        self._command = np.zeros(COMMAND_SIZE, np.int64)
        self._columns = self._command.data
        self._answer = np.zeros(1, np.int64)
        self._run = direct(run_commands)

    def place(self, order: Order, now_ns: int) -> int:
        """Place an order; return its id, or a negated Refusal.

        Raises struct.error, as every command does, for numbers that do not fit 64 bits.
        """
        return self._do(PLACE, now_ns, order.owner, 0, *order[1:])

    def cancel(self, owner: int, order_id: int, now_ns: int) -> int:
        """Cancel a live order; return the lots it had left, or a negated Refusal."""
        return self._do(CANCEL, now_ns, owner, order_id, 0, 0, 0, 0, 0, 0, 0, 0)

    def amend(self, owner: int, order_id: int, quantity: int, now_ns: int) -> int:
        """Make an order smaller in its place; return the lots left, or a negated Refusal."""
        return self._do(AMEND, now_ns, owner, order_id, 0, 0, 0, 0, quantity, 0, 0, 0)

    def replace(self, order_id: int, order: Order, now_ns: int) -> int:
        """Cancel an order and place another of its owner; return its id, or a negated Refusal.

        Where the cancelling is refused nothing happens; where the placing is, the old is gone.
        """
        return self._do(REPLACE, now_ns, order.owner, order_id, *order[1:])

    def _do(self, *columns: int) -> int:
        _pack_into(self._columns, 0, *columns)
        self._run_all(self._command, self._answer)
        return self._answer.item()

    def run(self, commands: Rows, results: Ints) -> None:
        """Carry out commands, rows of COMMAND_SIZE columns (`layout`), in order.

        Each answer goes to `results`. What they brought about waits for `drain`.
        """
        self._run_all(np.ascontiguousarray(commands, np.int64).reshape(-1), results)

    def _run_all(self, commands: Ints, results: Ints) -> None:
        done = self._run(self.state, commands, results, 0)
        while done < len(results):
            self._kept.append(self._emptied())
            done = self._run(self.state, commands, results, done)

    def drain(self) -> Outflow:
        """Return what happened since the last drain, as copies, and empty the logs."""
        if not self._kept and not any(self.state.item(count) for count, _, _ in LOGS):
            return NOTHING
        self._kept.append(self._emptied())
        kept, self._kept = self._kept, []
        if len(kept) == 1:
            return kept[0]
        return Outflow(*(np.concatenate(parts) for parts in zip(*kept, strict=True)))

    def _emptied(self) -> Outflow:
        logs = []
        for count, at, columns in LOGS:
            start, rows = self.state.item(at), self.state.item(count)
            logs.append(self.state[start : start + rows * columns].reshape(rows, columns).copy())
            self.state[count] = 0
        return Outflow(*logs)

    def levels(self, side: int, depth: int | None = None) -> tuple[Ints, Ints]:
        """Return ticks and lots of a side (a BookSide), best first, at most `depth` levels."""
        count = self.state.item((ASK_QUEUE if side else BID_QUEUE) + LEVELS)
        if depth is not None:
            count = max(0, min(count, depth))
        ticks, lots = np.empty(count, np.int64), np.empty(count, np.int64)
        read_levels(self.state, int(side), ticks, lots)
        return ticks, lots

    @property
    def best_bid(self) -> tuple[int, int] | None:
        """Return the best bid as (ticks, lots), None where there is none."""
        lots = self.state.item(TOP_BID_LOTS)
        return (self.state.item(TOP_BID_TICKS), lots) if lots else None

    @property
    def best_ask(self) -> tuple[int, int] | None:
        """Return the best ask as (ticks, lots), None where there is none."""
        lots = self.state.item(TOP_ASK_LOTS)
        return (self.state.item(TOP_ASK_TICKS), lots) if lots else None

    def lots_at(self, side: int, ticks: int) -> int:
        """Return the lots that rest on a side (a BookSide) at a price."""
        return int(read_lots(self.state, int(side), int(ticks)))

    @property
    def update_id(self) -> int:
        """Return the id of the last level change."""
        return self.state.item(UPDATE_ID)

    @property
    def last_trade(self) -> tuple[int, int] | None:
        """Return the last trade's (ticks, time in nanoseconds), None before the first."""
        ticks = self.state.item(LAST_TICKS)
        return (ticks, self.state.item(LAST_TIME)) if ticks > 0 else None

    @property
    def order_count(self) -> int:
        """Return how many orders live, resting or waiting for their trigger."""
        return self.state.item(LIVE)

    def order(self, order_id: int) -> OrderState | None:
        """Return a live order, None when it is gone or never was."""
        at = int(find(self.state, int(order_id)))
        if at == 0:
            return None
        record = self.state[at : at + ORDER_SIZE].tolist()
        traits = record[TRAITS]
        return OrderState(
            order_id=record[ID],
            owner=record[OWNER],
            side=BookSide(traits & 1),
            kind=OrderKind(traits >> KIND_SHIFT & 7),
            time_in_force=TimeInForce(traits >> FORCE_SHIFT & 3),
            self_trade=SelfTrade(traits >> SELF_SHIFT),
            price_ticks=record[PRICE],
            quantity=record[QUANTITY],
            trigger_ticks=record[TRIGGER],
            remaining=record[REMAINING],
            executed_lots=record[EXECUTED_LOTS],
            executed_cash=record[EXECUTED_CASH],
            time_ns=record[TIME_NS],
            waits=record[QUEUE] >= UP_QUEUE,
        )

    def queue_ahead(self, order_id: int) -> int | None:
        """Return the lots that stand before an order in its level, None when it is gone."""
        at = int(find(self.state, int(order_id)))
        if at == 0:
            return None
        lots = 0
        while at := self.state.item(at + PREVIOUS):
            lots += self.state.item(at + REMAINING)
        return lots

    def halt(self, halted: bool) -> None:
        """Refuse everything but cancelling from now on, or go on."""
        self.state[HALTED] = int(halted)

    def state_hash(self) -> str:
        """Return SHA-256 (hex) over counters, last trade and every live order, best first."""
        digest = hashlib.sha256(self.state[list(_HASHED)].astype("<i8").tobytes())
        rows = np.empty((self.order_count, ORDER_SIZE), np.int64)
        flat = rows.reshape(-1)
        for queue in QUEUES:
            count = read_orders(self.state, queue, flat)
            digest.update(count.to_bytes(8, "little"))
            digest.update(rows[:count, _HASHED_OF_ORDER].astype("<i8").tobytes())
        return digest.hexdigest()
