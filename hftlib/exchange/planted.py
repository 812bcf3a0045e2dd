"""One planted fault: when it is on, whom it meets, how often it has hit."""

import re
from fnmatch import translate
from hashlib import blake2b
from typing import Final

from hftlib.exchange.fault_kinds import FaultSpec, FaultState
from hftlib.market.chance import Chance

SECOND_NS: Final = 1_000_000_000


class Planted:
    """Hold one fault and its state. Each lane (a connection, an address) has its own chance."""

    def __init__(self, number: int, spec: FaultSpec, seed: int, now_ns: int) -> None:
        """Plant `spec` at `now_ns`."""
        self.number = number
        self.spec = spec
        self.hits = 0
        self.noted: set[str] = set()
        self.is_withdrawn = False
        self._seed = seed
        self._planted_ns = now_ns
        self._begins_ns = now_ns + int(spec.after_s * SECOND_NS)
        self._ends_ns = self._begins_ns + int(spec.for_s * SECOND_NS) if spec.for_s else None
        self._chances: dict[str, Chance] = {}
        self._patterns = [
            re.compile(translate(pattern)) for pattern in (spec.venue, spec.connection, spec.topic)
        ]

    def is_over(self, now_ns: int) -> bool:
        """Say whether it can never hit again."""
        spent = 0 < self.spec.count <= self.hits
        ended = self.is_withdrawn or spent
        return ended or (self._ends_ns is not None and now_ns >= self._ends_ns)

    def covers(self, venue: str, lane: str, topic: str, now_ns: int) -> bool:
        """Say whether it is on and means such a frame or request."""
        if now_ns < self._begins_ns or self.is_over(now_ns):
            return False
        told = zip(self._patterns, (venue, lane, topic), strict=True)
        return all(pattern.match(text) for pattern, text in told)

    def strikes(self, lane: str) -> bool:
        """Draw whether it hits this time."""
        if self.spec.probability >= 1:
            return True
        chance = self._chances.get(lane)
        if chance is None:
            chance = self._chances[lane] = Chance(self._seed_of(lane))
        return chance.uniform() < self.spec.probability

    def meets(self, venue: str, lane: str, topic: str, now_ns: int) -> bool:
        """Say whether it is on, means such a frame or request, and hits this time."""
        return self.covers(venue, lane, topic, now_ns) and self.strikes(lane)

    def forget(self, lane: str) -> None:
        """Let go of a lane that is gone."""
        self._chances.pop(lane, None)
        self.noted.discard(lane)

    def state(self, now_ns: int) -> FaultState:
        """Return what there is to tell of it."""
        over = self.is_over(now_ns)
        return FaultState(self.number, self.spec, self._planted_ns, self.hits, over)

    def _seed_of(self, lane: str) -> int:
        text = f"{self._seed}/{self.number}/{lane}".encode()
        return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")
