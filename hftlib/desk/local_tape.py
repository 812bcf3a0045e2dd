"""The local market written down: a scenario's run, as frames that clients of its venues got.

Nothing is encoded for the tape alone: clients without sockets connect to the local venues, and
what these send is recorded. The same seed, scenario, books and length give the same tape, byte
for byte.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from hftlib.core.states import Source
from hftlib.desk.tape_clients import Arrival, TapeClient
from hftlib.desk.tape_plans import DEFAULT_PROTOCOLS, plans_for
from hftlib.exchange.accounts import Accounts
from hftlib.exchange.exchanges import Exchanges
from hftlib.exchange.floor import TradingFloor
from hftlib.io.tape import BlockWriter, Manifest
from hftlib.io.tape.segments import LEVEL
from hftlib.market.chance import Chance
from hftlib.market.listings import LISTINGS, Listing
from hftlib.market.world import World

START_NS: Final = 1_767_625_200_000_000_000
"""2026-01-05 15:00:00 UTC: a fixed time, for a tape must not depend on when it was made."""

SECOND_NS: Final = 1_000_000_000
_STEP_NS: Final = 10_000_000
_BLOCK_NS: Final = 2 * SECOND_NS

Progress = Callable[[int, int], None]
"""Called as progress(seconds of the market done, seconds in all)."""


class TapeSummary(NamedTuple):
    """Say what was written."""

    tape: str
    frames: int
    seconds: int
    seed: int
    scenarios: tuple[str, ...]
    tape_bytes: int
    sha256: str


def write_tape(
    path: Path,
    *,
    seed: int,
    scenarios: Sequence[str],
    seconds: int,
    listings: Sequence[Listing] = LISTINGS,
    protocols: Sequence[str] = DEFAULT_PROTOCOLS,
    level: int = LEVEL,
    progress: Progress | None = None,
) -> TapeSummary:
    """Run `scenarios` together for `seconds` and write what clients of the venues got to `path`.

    `level` is zstandard's. Raises KeyError for a scenario that there is not, and TapeError when
    something is at `path` already.
    """
    run = _Run(seed, scenarios, listings, protocols)
    told = f"scenario {'+'.join(scenarios)}, seed {seed}, {seconds} s"
    manifest = Manifest(
        source=Source.SIMULATED,
        origin=(f"hftlib market, {told}",),
        instruments=run.instruments,
        notes=("no exchange sent this: local venues over a seeded market",),
    )
    with BlockWriter(path, manifest, level=level, block_ns=_BLOCK_NS) as writer:
        for arrival in run.arrivals(seconds, progress):
            writer.append(arrival.frame(writer.next_seq))
    written = writer.manifest
    return TapeSummary(
        str(path),
        written.records,
        seconds,
        seed,
        tuple(scenarios),
        written.frames_bytes,
        written.sha256,
    )


class _Run:
    """Let the market run in front of its clients."""

    def __init__(
        self,
        seed: int,
        scenarios: Sequence[str],
        listings: Sequence[Listing],
        protocols: Sequence[str],
    ) -> None:
        world = World(seed, START_NS, tuple(listings))
        floor = TradingFloor(world, seed)
        self._exchanges = Exchanges(floor, Accounts(), _STEP_NS)
        chance = Chance(seed)
        self._clients = [
            TapeClient(self._exchanges.servers[plan.venue], plan, chance.fork())
            for plan in plans_for(listings, protocols)
        ]
        self.instruments = tuple(
            one for client in self._clients for one in client.instruments(START_NS)
        )
        for scenario in scenarios:
            world.start(scenario, START_NS)

    def arrivals(self, seconds: int, progress: Progress | None) -> Iterator[Arrival]:
        """Yield what arrives, in the order of arrival, up to the end of the last second."""
        end_ns = START_NS + seconds * SECOND_NS
        waiting: list[Arrival] = []
        for now_ns in range(START_NS, end_ns, _STEP_NS):
            self._exchanges.step(now_ns)
            for client in self._clients:
                waiting += client.step(now_ns)
            waiting.sort()
            yield from self._arrived(waiting, now_ns)
            if progress is not None and (now_ns - START_NS) % SECOND_NS == 0:
                progress((now_ns - START_NS) // SECOND_NS, seconds)
        yield from waiting

    @staticmethod
    def _arrived(waiting: list[Arrival], now_ns: int) -> Iterator[Arrival]:
        """Take out of what waits all that nothing sent later can come before."""
        ready = 0
        while ready < len(waiting) and waiting[ready].ts_recv < now_ns - _STEP_NS:
            ready += 1
        yield from waiting[:ready]
        del waiting[:ready]
