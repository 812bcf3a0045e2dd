"""The market as a whole: the books of all venues, and the crowd that trades in them.

A run depends on the seed and on what is done when: scenarios started and stopped, orders of
accounts. It does not depend on how time is cut into calls of `advance`.

The agents' decisions are floats, but of nothing other than sums, products, roots and comparisons
as IEEE 754 defines them, and chance is integers: a run repeats bit for bit, compiled or not.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np

from hftlib.market.agents import layout as at
from hftlib.market.crowd import Crowd
from hftlib.market.layout import initialise, size_of_state
from hftlib.market.listings import LISTINGS, Listing
from hftlib.market.matching import MatchingBook

_ORDER_ROOM: Final = 16_384
_WINDOW_BITS: Final = 15


class World:
    """Hold every book of the market, and move time.

    With `agents` False it is a still market: empty books, in which nothing happens by itself.
    """

    def __init__(
        self,
        seed: int,
        start_ns: int,
        listings: Sequence[Listing] = LISTINGS,
        agents: bool = True,
    ) -> None:
        """Open the books of `listings` at `start_ns`; `seed` is any integer."""
        self.seed = seed
        self.start_ns = start_ns
        self.now_ns = start_ns
        self.listings = tuple(listings)
        room = size_of_state(_ORDER_ROOM, window_bits=_WINDOW_BITS)
        states = np.zeros(room * len(self.listings), np.int64)
        self._books = {
            (one.venue, one.symbol): _open_book(seed, one, states[at_ : at_ + room])
            for one, at_ in zip(self.listings, range(0, len(states), room), strict=True)
        }
        self._crowd: Crowd | None = None
        if agents:
            self._crowd = Crowd(seed, start_ns, self.listings, states, room)
            for number, book in enumerate(self._books.values()):
                self._crowd.set_open(number, True)
                book.drain()

    def book(self, venue: str, symbol: str) -> MatchingBook:
        """Return the book of a venue's symbol. Raises KeyError when it is not listed."""
        return self._books[venue, symbol]

    def is_up(self, venue: str) -> bool:
        """Say whether a venue answers."""
        return bool(venue)

    def advance(self, until_ns: int) -> bool:
        """Let everything happen up to and at `until_ns`.

        Return True when that time is reached; False when the log of a book wants to be drained
        first: drain it and call again.
        """
        if self._crowd is not None and not self._crowd.advance(until_ns):
            self.now_ns = int(self._crowd.ints[at.NOW])
            return False
        self.now_ns = max(self.now_ns, until_ns)
        return True


def _open_book(seed: int, listing: Listing, state: at.Ints) -> MatchingBook:
    """Make an empty book of `state`; ids begin at large numbers of their own, as on a venue."""
    name = f"{seed}/{listing.venue}/{listing.symbol}".encode()
    first = int.from_bytes(hashlib.sha256(name).digest()[:4], "big")
    initialise(
        state,
        _ORDER_ROOM,
        window_bits=_WINDOW_BITS,
        first_order=10**9 + first,
        first_trade=10**8 + first // 8,
        first_update=2 * 10**9 + first,
    )
    return MatchingBook(state)
