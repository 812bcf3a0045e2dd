"""bourse: its Rust order book, one call from Python for each command of the plain stream.

It keeps every order and trade for later questions; hftlib forgets orders and keeps outcomes.
"""

import json
import statistics
import sys
from collections.abc import Sequence
from importlib import metadata

from bourse.core import OrderBook

from benchmarks.measure import clock
from benchmarks.order_stream import OPENING, Command, commands

PACKAGES = ("bourse",)


class Bourse:
    """Carry the stream out on a fresh book. Ids count from 0, as the numbers in the stream do."""

    def __init__(self, stream: Sequence[Command]) -> None:
        """Keep what each call is handed."""
        self.calls = [
            (one.is_bid, one.quantity, one.owner, one.price if one.kind == "limit" else None, None)
            if one.what == "place"
            else (False, 0, 0, None, one.target)
            for one in stream
        ]

    def start(self) -> None:
        """Open a book and fill it with the orders that are not timed."""
        self.book = OrderBook(0, 1)
        self.now_ns = 0
        self.carry_out(self.calls[:OPENING])
        self.now_ns = OPENING

    def run(self) -> None:
        """Carry out the rest."""
        self.carry_out(self.timed)

    def carry_out(self, calls: Sequence[tuple]) -> None:
        """Make one call for each command."""
        place, cancel = self.book.place_order, self.book.cancel_order
        set_time = self.book.set_time
        for now_ns, (is_bid, quantity, owner, price, target) in enumerate(calls, self.now_ns):
            set_time(now_ns)
            if target is None:
                place(is_bid, quantity, owner, price)
            else:
                cancel(target)

    def sums(self) -> dict[str, int]:
        """Return what it led to."""
        trades = self.book.get_trades()
        return {
            "trades": len(trades),
            "lots": sum(trade[3] for trade in trades),
            "cash": sum(trade[2] * trade[3] for trade in trades),
            "bid lots": self.book.bid_vol(),
            "ask lots": self.book.ask_vol(),
        }


def main(rounds: int = 5) -> None:
    """Measure and print JSON."""
    subject = Bourse(list(commands(is_plain=True)))
    subject.timed = subject.calls[OPENING:]
    seconds = []
    for turn in range(rounds + 1):
        subject.start()
        taken = clock(subject.run)
        if turn:
            seconds.append(taken)
    report = {
        "subject_s": seconds,
        "commands_per_s": len(subject.timed) / statistics.median(seconds),
        "sums": subject.sums(),
        "python": sys.version.split()[0],
        "packages": {name: metadata.version(name) for name in PACKAGES},
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
