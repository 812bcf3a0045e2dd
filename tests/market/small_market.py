"""Small markets for tests: three quiet books of one asset and its dollar coin, quick to run."""

from collections.abc import Sequence

import numpy as np

from hftlib.core.venue import BINANCE, COINBASE
from hftlib.market.listings import Listing, listing_of
from hftlib.market.orders import Outflow
from hftlib.market.world import World

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
ADA = listing_of(BINANCE, "ADAUSDT")
ADA_DOLLAR = listing_of(COINBASE, "ADA-USD")
COIN = listing_of(COINBASE, "USDT-USD")
SMALL = (ADA, ADA_DOLLAR, COIN)

Flows = dict[tuple[str, str], Outflow]


def world_of(
    seed: int = 1, listings: Sequence[Listing] = SMALL, scenario: str | None = None
) -> World:
    """Open a market, with a scenario from the start."""
    world = World(seed, START, listings)
    if scenario is not None:
        world.start(scenario, START)
    return world


def run(world: World, seconds: float, cut_s: float = 1.0) -> Flows:
    """Run a market in cuts; return what came out of each book."""
    kept: dict[tuple[str, str], list[Outflow]] = {
        (one.venue, one.symbol): [] for one in world.listings
    }

    def drain() -> None:
        for key, flows in kept.items():
            flows.append(world.book(*key).drain())

    end_ns = world.now_ns + round(seconds * SECOND)
    while world.now_ns < end_ns:
        until_ns = min(end_ns, world.now_ns + round(cut_s * SECOND))
        while not world.advance(until_ns):
            drain()
        drain()
    return {
        key: Outflow(*(np.concatenate(parts) for parts in zip(*flows, strict=True)))
        for key, flows in kept.items()
    }


def mid(world: World, listing: Listing) -> float:
    """Return the mid of a book in units of its quote."""
    book = world.book(listing.venue, listing.symbol)
    assert book.best_bid is not None
    assert book.best_ask is not None
    ticks = (book.best_bid[0] + book.best_ask[0]) / 2
    return ticks * listing.instrument.tick_size
