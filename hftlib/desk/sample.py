"""The sample tape: a simulated market written down as the frames of two real venues.

Three books run under three order flows around one wandering bitcoin value (and one for ether).
Their venues' encoders turn what happens into Binance's and Coinbase Advanced Trade's frames, with
REST bodies, snapshots and acknowledgements where the venues would send them. Everything follows
from the seed: the same seed and length give the same tape, byte for byte.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import Source
from hftlib.core.venue import BINANCE, COINBASE
from hftlib.desk.sample_binance import BinanceFeed, exchange_info
from hftlib.desk.sample_coinbase import CoinbaseFeed, products
from hftlib.desk.sample_feed import Sent
from hftlib.io.tape import BlockWriter, Manifest
from hftlib.market.chance import Chance
from hftlib.market.flow import SECOND_NS, Habits, LatentValue
from hftlib.market.running import RunningMarket
from hftlib.venues.registry import instruments_from

SEED: Final = 20_260_105
SECONDS: Final = 240
START_NS: Final = 1_767_625_200_000_000_000
"""2026-01-05 15:00:00 UTC: a fixed time, for the tape must not depend on when it was made."""

_STEP_NS: Final = 10_000_000
_LEVEL: Final = 15
_BLOCK_NS: Final = 2 * SECOND_NS
_BASIS_TICKS: Final = -700.0
_BASIS_VOLATILITY: Final = 12.0
_BITCOIN_TICKS: Final = 6_400_000.0
_ETHER_TICKS: Final = 320_000.0

BITCOIN: Final = Habits(
    events_per_second=150,
    deep_ticks=900,
    reach_ticks=14_000,
    round_ticks=100,
    wall_step_ticks=500,
    quanta=12_000_000,
    lump=1_000,
    wall_quanta=1_600_000_000,
    volatility_ticks=270,
    deep_seconds=60.0,
    touch_seconds=3.0,
    wall_seconds=90.0,
    walls_per_second=0.4,
    taker_share=0.07,
    touch_share=0.35,
)
ETHER: Final = BITCOIN._replace(
    events_per_second=80,
    deep_ticks=60,
    reach_ticks=1_500,
    round_ticks=10,
    wall_step_ticks=50,
    quanta=150_000_000,
    lump=10_000,
    wall_quanta=20_000_000_000,
    volatility_ticks=14,
)
BITCOIN_DOLLARS: Final = BITCOIN._replace(
    events_per_second=90,
    deep_ticks=1_100,
    quanta=6_000_000,
    lump=1,
    wall_quanta=900_000_000,
    touch_seconds=2.0,
)

Progress = Callable[[int, int], None]
"""Called as progress(seconds of the market done, seconds in all)."""


class SampleSummary(NamedTuple):
    """Say what was written."""

    tape: str
    frames: int
    seconds: int
    seed: int
    tape_bytes: int
    sha256: str


def write_sample(
    path: Path, *, seconds: int = SECONDS, seed: int = SEED, progress: Progress | None = None
) -> SampleSummary:
    """Generate the sample tape at `path`, `seconds` of market long.

    Raises TapeError when something is there already.
    """
    listings = ((BINANCE, exchange_info()), (COINBASE, products()))
    instruments = tuple(
        one
        for venue, body in listings
        for one in instruments_from(venue, body.request, body.payload)
    )
    manifest = Manifest(
        source=Source.SIMULATED,
        origin=(f"hftlib sample, seed {seed}, {seconds} s",),
        instruments=instruments,
        notes=("no exchange sent this: a seeded order flow, encoded as venue frames",),
    )
    sent = sorted(_sent(instruments, seconds, seed, progress), key=lambda one: one.ts_recv)
    with BlockWriter(path, manifest, level=_LEVEL, block_ns=_BLOCK_NS) as writer:
        for one in sent:
            writer.append(_frame(writer.next_seq, one))
    written = writer.manifest
    return SampleSummary(
        str(path), written.records, seconds, seed, written.frames_bytes, written.sha256
    )


def _frame(number: int, sent: Sent) -> Frame:
    return Frame(
        number,
        sent.ts_recv,
        sent.venue,
        "rest" if sent.kind is FrameKind.REST else "ws",
        sent.kind,
        sent.payload,
        sent.request,
    )


def _sent(
    instruments: tuple[Instrument, ...], seconds: int, seed: int, progress: Progress | None
) -> Iterator[Sent]:
    """Yield what the venues send, in the order in which each venue sends it."""
    chance = Chance(seed)
    bitcoin = LatentValue(chance.fork(), _BITCOIN_TICKS, BITCOIN.volatility_ticks)
    ether = LatentValue(chance.fork(), _ETHER_TICKS, ETHER.volatility_ticks)
    basis = LatentValue(chance.fork(), _BASIS_TICKS, _BASIS_VOLATILITY)
    bitcoin_dollars = bitcoin.ticks + basis.ticks
    binance = BinanceFeed(
        {
            "BTCUSDT": RunningMarket(
                BITCOIN, chance.fork(), bitcoin.ticks, START_NS, 61_000_000_000
            ),
            "ETHUSDT": RunningMarket(ETHER, chance.fork(), ether.ticks, START_NS, 47_000_000_000),
        },
        {one.symbol: one for one in instruments if one.venue == BINANCE},
        chance.fork(),
    )
    coinbase = CoinbaseFeed(
        RunningMarket(BITCOIN_DOLLARS, chance.fork(), bitcoin_dollars, START_NS),
        next(one for one in instruments if one.venue == COINBASE),
        chance.fork(),
    )
    yield from binance.open(START_NS)
    yield from coinbase.open(START_NS)
    steps = seconds * SECOND_NS // _STEP_NS
    for step in range(1, steps + 1):
        until_ns = START_NS + step * _STEP_NS
        value, ether_value = (
            bitcoin.advance(_STEP_NS / SECOND_NS),
            ether.advance(_STEP_NS / SECOND_NS),
        )
        premium = basis.advance(_STEP_NS / SECOND_NS)
        yield from binance.advance(until_ns, {"BTCUSDT": value, "ETHUSDT": ether_value})
        yield from coinbase.advance(until_ns, value + premium)
        if progress is not None and step * _STEP_NS % SECOND_NS == 0:
            progress(step * _STEP_NS // SECOND_NS, seconds)
