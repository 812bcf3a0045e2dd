"""A stream of orders for matching engines: the same for every subject, drawn from a seed.

45 % limit orders near the touch, 40 % cancellations, 10 % orders that take at once, 5 % of the
other kinds; or, for engines that know nothing else, only limit orders, market orders (15 %) and
cancellations. The middle wanders by a tick now and then, so that resting orders are run over, and
some cancellations come too late. No engine is asked: an order is named by its number in the
stream, whatever id it gets.
"""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

MIDDLE = 6_400_000
OPENING = 2_000
"""The limit orders that come first and fill the book; they are not timed."""
COUNT = 200_000
"""The commands after them."""
_RECENT = 3_000
_NO_PRICE = -1


class Command(NamedTuple):
    """Hold one command.

    `what` is place, cancel, amend or replace; `kind` limit, market, ioc, fok, maker, stop,
    stop_limit or take_profit; `target` is the number of the order it is about.
    """

    what: str
    owner: int
    is_bid: bool
    kind: str
    price: int
    quantity: int
    trigger: int
    target: int


class _Source:
    """Draw commands and remember the orders that nobody has cancelled."""

    def __init__(self, seed: int) -> None:
        """Begin at the middle with no orders."""
        self.random = Random(seed)
        self.middle = MIDDLE
        self.placed: list[Command] = []
        self.held: list[int] = []

    def place(self, kind: str, most: int = 100, what: str = "place", target: int = -1) -> Command:
        """Return an order of a kind, near the touch where it has a price."""
        random = self.random
        is_bid = random.random() < 0.5
        away = 1 + int(random.expovariate(0.1))
        price = trigger = _NO_PRICE
        if kind in {"limit", "maker", "fok", "stop_limit"}:
            price = self.middle - away if is_bid else self.middle + away
        if kind == "ioc":
            price = self.middle + 3 if is_bid else self.middle - 3
        if kind in {"stop", "stop_limit", "take_profit"}:
            rises = is_bid == (kind != "take_profit")
            trigger = self.middle + 40 if rises else self.middle - 40
        owner = random.randrange(1, 900) if target < 0 else self.placed[target].owner
        command = Command(
            what, owner, is_bid, kind, price, random.randint(1, most), trigger, target
        )
        if kind not in {"market", "ioc", "fok"}:
            self.held.append(len(self.placed))
        self.placed.append(command)
        return command

    def cancel(self) -> Command:
        """Return a cancellation of one of the later orders."""
        held = self.held
        at = self.random.randrange(max(0, len(held) - _RECENT), len(held))
        held[at], held[-1] = held[-1], held[at]
        return self._about("cancel", held.pop(), 0)

    def other(self) -> Command:
        """Return one of the rarer kinds."""
        kinds = ("maker", "fok", "stop", "stop_limit", "take_profit", "amend", "replace")
        kind = self.random.choice(kinds)
        if kind == "amend":
            target = self.held[-1]
            return self._about("amend", target, max(1, self.placed[target].quantity - 1))
        if kind == "replace":
            return self.place("limit", what="replace", target=self.held.pop())
        return self.place(kind)

    def _about(self, what: str, target: int, quantity: int) -> Command:
        owner = self.placed[target].owner
        return Command(what, owner, False, "", _NO_PRICE, quantity, _NO_PRICE, target)


def commands(is_plain: bool, count: int = COUNT, seed: int = 1) -> Iterator[Command]:
    """Yield OPENING limit orders, then `count` commands; plain ones are of three kinds only."""
    source = _Source(seed)
    for _ in range(OPENING):
        yield source.place("limit")
    for _ in range(count):
        if source.random.random() < 0.02:
            source.middle += source.random.choice((-1, 1))
        draw = source.random.random()
        if draw < 0.45:
            yield source.place("limit")
        elif draw < 0.85:
            yield source.cancel()
        elif is_plain or draw < 0.92:
            yield source.place("market", 30)
        elif draw < 0.95:
            yield source.place("ioc", 30)
        else:
            yield source.other()
