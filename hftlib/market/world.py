"""The market as a whole: the books of all venues, and the crowd that trades in them.

A run depends on the seed and on what is done when: scenarios started and stopped, orders of
accounts. It does not depend on how time is cut into calls of `advance`.

The agents' decisions are floats, but of nothing other than sums, products, roots and comparisons
as IEEE 754 defines them, and chance is integers: a run repeats bit for bit, compiled or not.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from hftlib.core.errors import HftlibError
from hftlib.market.agents import layout as at
from hftlib.market.crowd import Crowd
from hftlib.market.layout import initialise, size_of_state
from hftlib.market.listings import LISTINGS, Listing
from hftlib.market.matching import MatchingBook
from hftlib.market.scenario import SCENARIOS
from hftlib.market.script import FEE_TIERS, Fee
from hftlib.market.stage import USUAL_TIER, Stage

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
            (one.venue, one.symbol): _open_book(seed, one, states[first : first + room])
            for one, first in zip(self.listings, range(0, len(states), room), strict=True)
        }
        self._numbers = {key: number for number, key in enumerate(self._books)}
        self._down: set[str] = set()
        self._crowd: Crowd | None = None
        self._stage: Stage | None = None
        if agents:
            self._crowd = Crowd(seed, start_ns, self.listings, states, room)
            self._stage = Stage(self._crowd)
            for number, book in enumerate(self._books.values()):
                self._crowd.set_open(number, True)
                book.drain()

    @property
    def running(self) -> tuple[str, ...]:
        """Return the names of the scenarios that run, in the order of their start."""
        return self._stage.running if self._stage is not None else ()

    @property
    def fees(self) -> Mapping[str, Fee]:
        """Return what fills cost on each venue: the tier of the last scenario that has its own."""
        return self._stage.fees if self._stage is not None else FEE_TIERS[USUAL_TIER]

    def book(self, venue: str, symbol: str) -> MatchingBook:
        """Return the book of a venue's symbol. Raises KeyError when it is not listed."""
        return self._books[venue, symbol]

    def is_up(self, venue: str) -> bool:
        """Say whether a venue answers."""
        return venue not in self._down

    def start(self, name: str, now_ns: int) -> None:
        """Start a scenario at a time, at once when that has passed.

        Raises KeyError when there is none of that name, ValueError when it runs already, and
        HftlibError in a market without agents.
        """
        scenario = SCENARIOS[name]
        self._required_stage().start(scenario, max(now_ns, self.now_ns))
        self._play()

    def stop(self, name: str) -> None:
        """Stop a scenario now. Raises ValueError when it does not run."""
        self._required_stage().stop(name)
        self._play()

    def advance(self, until_ns: int) -> bool:
        """Let everything happen up to and at `until_ns`.

        Return True when that time is reached; False when the log of a book wants to be drained
        first: drain it and call again.
        """
        if self._crowd is not None and self._stage is not None:
            while (cue_ns := self._stage.next_ns) is not None and cue_ns <= until_ns:
                if not self._run(self._crowd, cue_ns):
                    return False
                self._play()
            if not self._run(self._crowd, until_ns):
                return False
        self.now_ns = max(self.now_ns, until_ns)
        return True

    def state_hash(self) -> str:
        """Return a hash of all books and of all that agents know."""
        whole = hashlib.sha256()
        for book in self._books.values():
            whole.update(str(book.state_hash()).encode())
        if self._crowd is not None:
            whole.update(self._crowd.digest().encode())
        return whole.hexdigest()

    def _run(self, crowd: Crowd, until_ns: int) -> bool:
        reached = crowd.advance(until_ns)
        self.now_ns = max(self.now_ns, int(crowd.ints[at.NOW]))
        return reached

    def _required_stage(self) -> Stage:
        if self._stage is None:
            raise HftlibError("a still market has no scenarios")
        return self._stage

    def _play(self) -> None:
        """Do what scenarios do now; halt the books of venues that fail, open those that return."""
        stage = self._required_stage()
        stage.play(self.now_ns)
        for venue in sorted({one.venue for one in self.listings}):
            if stage.is_down(venue) != (venue in self._down):
                self._set_up(venue, venue in self._down)

    def _set_up(self, venue: str, is_up: bool) -> None:
        self._down ^= {venue}
        for (name, _), number in self._numbers.items():
            if name == venue and self._crowd is not None:
                book = list(self._books.values())[number]
                book.halt(False)
                self._crowd.set_open(number, is_up)
                book.halt(not is_up)


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
