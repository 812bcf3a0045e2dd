"""The matching engine's rows: commands a second, and a peer beside it on the same commands."""

import statistics
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from benchmarks import environments, order_stream
from benchmarks.environments import Absent
from benchmarks.measure import clock
from benchmarks.order_stream import OPENING, Command
from benchmarks.report import Row
from hftlib.market.layout import AMEND, CANCEL, COMMAND_SIZE, PLACE, REPLACE
from hftlib.market.matching import MatchingBook
from hftlib.market.orders import BookSide, Order, OrderKind, Rows, TimeInForce

BATCH: Final = "hftlib matching, all order types, in batch"
DRAINED: Final = "hftlib matching, all order types, events out every 1,000 commands"
PLAIN_BATCH: Final = "hftlib matching, limit, market and cancel, in batch"
PLAIN: Final = "hftlib matching, limit, market and cancel, one call each"
PEER: Final = "bourse (Rust), limit, market and cancel, one call each"
PEER_ENVIRONMENT: Final = "bourse_matching"
UNIT: Final = "commands/s"
_ROUNDS: Final = 5
_PART: Final = 1_000

_KINDS: Final = {
    "limit": (OrderKind.LIMIT, TimeInForce.GTC),
    "market": (OrderKind.MARKET, TimeInForce.GTC),
    "ioc": (OrderKind.LIMIT, TimeInForce.IOC),
    "fok": (OrderKind.LIMIT, TimeInForce.FOK),
    "maker": (OrderKind.LIMIT_MAKER, TimeInForce.GTC),
    "stop": (OrderKind.STOP_LOSS, TimeInForce.GTC),
    "stop_limit": (OrderKind.STOP_LOSS_LIMIT, TimeInForce.GTC),
    "take_profit": (OrderKind.TAKE_PROFIT, TimeInForce.GTC),
}
_WHATS: Final = {"place": PLACE, "cancel": CANCEL, "amend": AMEND, "replace": REPLACE}
Call = tuple[Callable[..., int], tuple[Any, ...]]


class Stream(NamedTuple):
    """Hold a stream as rows, and the answers and the state that it must lead to."""

    rows: Rows
    answers: list[int]
    state_hash: str


class Compared(NamedTuple):
    """Hold the rows, the peer's packages, and every difference in the work done."""

    rows: list[Row]
    packages: dict[str, str]
    complaints: list[str]


def order_of(command: Command) -> Order:
    """Return the order that a command places."""
    kind, force = _KINDS[command.kind]
    side = BookSide.BID if command.is_bid else BookSide.ASK
    sizes = (command.price, command.quantity, command.trigger)
    return Order(command.owner, side, kind, force, *sizes)


def read_stream(commands: Sequence[Command]) -> Stream:
    """Carry the commands out one after another, so that each names the ids that it is about."""
    book = MatchingBook()
    rows = np.zeros((len(commands), COMMAND_SIZE), np.int64)
    ids: list[int] = []
    answers = np.zeros(len(commands), np.int64)
    for number, command in enumerate(commands):
        target = ids[command.target] if command.target >= 0 else 0
        rows[number, :4] = _WHATS[command.what], number, command.owner, target
        if command.what in {"place", "replace"}:
            rows[number, 4:] = order_of(command)[1:]
        else:
            rows[number, 8] = command.quantity
        book.run(rows[number : number + 1], answers[number : number + 1])
        if command.what in {"place", "replace"}:
            ids.append(int(answers[number]))
    return Stream(rows, answers.tolist(), book.state_hash())


def in_batch(stream: Stream, part: int, drains: bool) -> float:
    """Return the commands a second in batches of `part`. Raises RuntimeError for other answers."""
    answers = np.zeros(len(stream.rows), np.int64)
    timed = stream.rows[OPENING:]
    seconds = []
    for _ in range(_ROUNDS + 1):
        book = MatchingBook()
        book.run(stream.rows[:OPENING], answers[:OPENING])
        book.drain()

        def carry_out(book: MatchingBook = book) -> None:
            for start in range(0, len(timed), part):
                book.run(timed[start : start + part], answers[OPENING:][start : start + part])
                if drains:
                    book.drain()

        seconds.append(clock(carry_out))
        if book.state_hash() != stream.state_hash or answers.tolist() != stream.answers:
            raise RuntimeError("the batch led to another state than the single commands")
    return len(timed) / statistics.median(seconds[1:])


def one_by_one(commands: Sequence[Command], stream: Stream) -> tuple[float, dict[str, int]]:
    """Return the commands a second by one Python call each, and the sums of what it led to."""
    orders = [order_of(one) if one.what == "place" else None for one in commands]
    targets = stream.rows[:, 3].tolist()
    told = [(one.owner, target) for one, target in zip(commands, targets, strict=True)]
    work = list(zip(orders, told, range(len(commands)), strict=True))
    seconds = []
    for _ in range(_ROUNDS + 1):
        book = MatchingBook()

        def carry_out(part: Sequence[Any], book: MatchingBook = book) -> None:
            place, cancel = book.place, book.cancel
            for order, (owner, target), now_ns in part:
                if order is not None:
                    place(order, now_ns)
                else:
                    cancel(owner, target, now_ns)

        carry_out(work[:OPENING])
        seconds.append(clock(lambda do=carry_out: do(work[OPENING:])))
    return (len(work) - OPENING) / statistics.median(seconds[1:]), sums_of(book)


def sums_of(book: MatchingBook) -> dict[str, int]:
    """Return what two engines that did the same work have in common."""
    trades = book.drain().trades
    return {
        "trades": len(trades),
        "lots": int(trades[:, 3].sum()),
        "cash": int((trades[:, 2] * trades[:, 3]).sum()),
        "bid lots": int(book.levels(BookSide.BID)[1].sum()),
        "ask lots": int(book.levels(BookSide.ASK)[1].sum()),
    }


def measure(say: Callable[[str], None], with_peer: bool) -> Compared:
    """Measure the engine, and the peer where it is asked for."""
    say(BATCH)
    everything = read_stream(list(order_stream.commands(is_plain=False)))
    plain = list(order_stream.commands(is_plain=True))
    stream = read_stream(plain)
    rate, sums = one_by_one(plain, stream)
    rows = [
        Row(BATCH, in_batch(everything, len(everything.rows), False), UNIT, "", None),
        Row(DRAINED, in_batch(everything, _PART, True), UNIT, "", None),
        Row(PLAIN_BATCH, in_batch(stream, len(stream.rows), False), UNIT, "", None),
        Row(PLAIN, rate, UNIT, "", None),
    ]
    if not with_peer:
        return Compared(rows, {}, [])
    say(f"{PEER_ENVIRONMENT}: installing, measuring")
    return beside(rows, sums, environments.measure(PEER_ENVIRONMENT))


def beside(rows: list[Row], sums: dict[str, int], told: dict[str, Any] | Absent) -> Compared:
    """Return hftlib's rows with the peer's behind them, rates over one another."""
    if isinstance(told, Absent):
        absent = Row(f"{PEER} (absent: {told.reason})", None, UNIT, PLAIN, None)
        return Compared([*rows, absent], {}, [])
    rate = told["commands_per_s"]
    compared = [
        Row(row.name, row.value, UNIT, PEER, row.value / rate)
        if row.name in {PLAIN, PLAIN_BATCH} and row.value is not None
        else row
        for row in rows
    ]
    own = next(row.value for row in rows if row.name == PLAIN)
    compared.append(Row(PEER, rate, UNIT, PLAIN, rate / own if own else None))
    complaints = [
        f"{PEER}: {name} are {told['sums'][name]}, those of '{PLAIN}' {value}"
        for name, value in sums.items()
        if told["sums"][name] != value
    ]
    return Compared(compared, told["packages"], complaints)
