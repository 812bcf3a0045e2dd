"""Generated histories of commands for matching engines: mixed, hostile, and aware of the book."""

from collections.abc import Iterator
from random import Random

import numpy as np

from hftlib.market.layout import AMEND, CANCEL, COMMAND_SIZE, PLACE, REPLACE
from hftlib.market.orders import NO_PRICE, BookSide, Order, OrderKind, SelfTrade, TimeInForce
from tests.reference.plain_matching import PRICELESS_KINDS, WAITING_KINDS, PlainMatching

OWNERS = (1, 2, 999, 1000, 1001, 1002)

Command = tuple[int, int, int, int, Order | None, int]
"""What, time, owner, order id, the order to be placed, the quantity of an amendment."""


class CommandSource:
    """Draw commands that suit the state of a plain engine, and some that do not."""

    def __init__(self, plain: PlainMatching, seed: int, middle: int, reach: int) -> None:
        self.plain = plain
        self.random = Random(seed)
        self.reach = reach
        self.middle = middle
        self.now_ns = 0

    def draw(self) -> Command:
        self.now_ns += self.random.randrange(3)
        if self.random.random() < 0.02:
            far = 3000 if self.random.random() < 0.01 else 10
            self.middle += self.random.choice((-1, 1)) * self.random.choice((1, 3, far))
            self.middle = max(20, self.middle)
        draw = self.random.random()
        if draw < 0.74:
            return (PLACE, self.now_ns, *self._order_of(0))
        order_id, owner = self._target()
        if draw < 0.88:
            return CANCEL, self.now_ns, owner, order_id, None, 0
        if draw < 0.94:
            return AMEND, self.now_ns, owner, order_id, None, self._smaller(order_id)
        _, _, order, _ = self._order_of(order_id, owner)
        return REPLACE, self.now_ns, owner, order_id, order, 0

    def _target(self) -> tuple[int, int]:
        random = self.random
        if not self.plain.live or random.random() < 0.03:
            return random.randrange(self.plain.next_order + 5), random.choice(OWNERS)
        held = self.plain.live
        # A dictionary has no place to draw from: try ids among the last ones, then any.
        for _ in range(20):
            order_id = self.plain.next_order - 1 - random.randrange(400)
            if order_id in held:
                break
        else:
            order_id = next(iter(held))
        wrong = random.random() < 0.03
        return order_id, random.choice(OWNERS) if wrong else held[order_id].owner

    def _smaller(self, order_id: int) -> int:
        held = self.plain.live.get(order_id)
        return self.random.randint(-1, held.quantity + 1) if held else 3

    def _order_of(self, order_id: int, owner: int | None = None) -> tuple[int, int, Order, int]:
        random = self.random
        owner = random.choice(OWNERS) if owner is None else owner
        order = self._sound(owner)
        if random.random() < 0.03:
            order = self._spoilt(order)
        return owner, order_id, order, 0

    def _sound(self, owner: int) -> Order:
        random = self.random
        kind = random.choices(list(OrderKind), (68, 8, 6, 4, 5, 4, 5))[0]
        side = random.choice(list(BookSide))
        price = trigger = NO_PRICE
        cash, quantity = 0, random.choice((1, 2, 5, random.randint(1, 60)))
        if kind not in PRICELESS_KINDS:
            away = int(random.expovariate(1 / self.reach)) - 2
            away = away * 97 if random.random() < 0.03 else away
            away = away * 2000 if random.random() < 0.01 else away
            price = max(1, self.middle - away if side is BookSide.BID else self.middle + away)
        if kind in WAITING_KINDS:
            trigger = max(1, self.middle + int(random.gauss(0, self.reach)))
        if kind is OrderKind.MARKET and random.random() < 0.4:
            cash, quantity = random.randint(1, random.choice((5, 40)) * self.middle), 0
        force = random.choices(list(TimeInForce), (86, 7, 7))[0]
        if kind is OrderKind.LIMIT_MAKER:
            force = TimeInForce.GTC
        rule = random.choice(list(SelfTrade))
        return Order(owner, side, kind, force, price, quantity, trigger, cash, rule)

    def _spoilt(self, order: Order) -> Order:
        name = self.random.choice(order._fields[1:])
        value = self.random.choice((-1, -2, 0, 1, 2, 3, 7, 2**41, 2**45, 2**62, 2**63 - 1))
        return order._replace(**{name: value})


def do_plainly(plain: PlainMatching, command: Command) -> int:
    """Carry a command out on the plain engine; return its answer."""
    what, now_ns, owner, order_id, order, quantity = command
    if what == CANCEL:
        return plain.cancel(owner, order_id, now_ns)
    if what == AMEND:
        return plain.amend(owner, order_id, quantity, now_ns)
    if what == PLACE:
        return plain.place(order, now_ns)
    return plain.replace(order_id, order, now_ns)


def rows_of(commands: list[Command]) -> np.ndarray:
    """Return commands as the rows that `MatchingBook.run` takes."""
    rows = np.zeros((len(commands), COMMAND_SIZE), np.int64)
    for row, (what, now_ns, owner, order_id, order, quantity) in zip(rows, commands, strict=True):
        row[:4] = what, now_ns, owner, order_id
        if order is not None:
            row[4:] = order[1:]
        elif what == AMEND:
            row[8] = quantity
    return rows


def history(
    plain: PlainMatching, seed: int, count: int, middle: int, reach: int
) -> Iterator[tuple[list[Command], list[int]]]:
    """Run `count` generated commands on a plain engine; yield them in parts with the answers.

    Prices lie around `middle`, mostly within a few times `reach`.
    """
    source = CommandSource(plain, seed, middle, reach)
    while count:
        commands, answers = [], []
        for _ in range(min(count, source.random.choice((1, 7, 60, 500, 2000)))):
            command = source.draw()
            commands.append(command)
            answers.append(do_plainly(plain, command))
        count -= len(commands)
        yield commands, answers
