import numpy as np
import pytest

from hftlib.core.venue import BINANCE, COINBASE
from hftlib.market.agents.layout import OWNER_SPOOFER, OWNER_WORKER
from hftlib.market.listings import Listing, listing_of
from hftlib.market.orders import BookSide, Print
from hftlib.market.scenario import SCENARIOS
from hftlib.market.script import FEE_TIERS, Fee
from hftlib.market.world import World
from tests.market.small_market import (
    ADA,
    COIN,
    SECOND,
    mid,
    run,
    world_of,
)

BTC = listing_of(BINANCE, "BTCUSDT")
TRIANGLE = (listing_of(BINANCE, "SOLUSDT"), listing_of(COINBASE, "SOL-USD"), COIN)
LAGGARDS = (BTC, listing_of(COINBASE, "BTC-USD"), COIN)
LOW = Fee(0, 100)


def gaps_bps(world: World, seconds: int, triangle: tuple[Listing, ...]) -> list[float]:
    """Return by how much selling on Coinbase beats buying on Binance, or the other way, at 1 bp.

    In bps after both takers' fees and the change of coins into dollars at its best bid or ask,
    twice a second.
    """
    gaps = []
    for _ in range(2 * seconds):
        run(world, 0.5)
        (bid, ask), (other_bid, other_ask), (coin_bid, coin_ask) = map(best, [world] * 3, triangle)
        east = other_bid / (ask * coin_ask)
        west = bid * coin_bid / other_ask
        gaps.append((max(east, west) - 1) * 1e4 - 3.0)
    return gaps


def best(world: World, listing: Listing) -> tuple[float, float]:
    """Return the best bid and ask of a book in units of its quote."""
    book, tick = world.book(listing.venue, listing.symbol), listing.instrument.tick_size
    assert book.best_bid is not None
    assert book.best_ask is not None
    return book.best_bid[0] * tick, book.best_ask[0] * tick


def path(world: World, seconds: int) -> np.ndarray:
    """Return the mid of ADA on Binance once a second."""
    mids = [mid(world, ADA)]
    for _ in range(seconds):
        run(world, 1)
        mids.append(mid(world, ADA))
    return np.array(mids)


def spread_of(values: np.ndarray) -> float:
    return float(np.std(np.diff(np.log(values))) * 1e4)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_scenario_says_what_it_does(name: str) -> None:
    scenario = SCENARIOS[name]
    assert scenario.name == name
    assert 80 < len(scenario.description) < 300
    assert scenario.description.endswith(".")
    assert scenario.fee_tier in FEE_TIERS
    assert all(0 <= step.at_s < scenario.duration_s for step in scenario.steps)


def test_the_scenarios_are_those_of_the_classroom() -> None:
    assert list(SCENARIOS) == [
        "calm",
        "trending",
        "volatile",
        "news",
        "flash_crash",
        "thin_weekend",
        "depeg",
        "lagging_venue",
        "venue_down",
        "spoofing",
        "parent_order",
    ]


def test_a_trend_rises() -> None:
    calm, rising = world_of(4, (ADA,)), world_of(4, (ADA,), scenario="trending")
    assert path(rising, 90)[-1] > path(calm, 90)[-1] * 1.0005


def test_volatility_is_multiplied() -> None:
    calm, loud = path(world_of(4, (ADA,)), 60), path(world_of(4, (ADA,), scenario="volatile"), 60)
    assert spread_of(loud) > 1.8 * spread_of(calm)


def test_news_makes_the_price_jump() -> None:
    mids = path(world_of(4, (ADA,), scenario="news"), 14)
    assert mids[14] > mids[9] * 1.004


def test_a_crash_is_deep_and_comes_back() -> None:
    mids = path(world_of(4, (ADA,), scenario="flash_crash"), 130)
    assert mids[25:45].min() < mids[0] * 0.965
    assert mids[-1] > mids[0] * 0.98


def test_a_weekend_is_thin() -> None:
    calm, thin = world_of(4, (ADA,)), world_of(4, (ADA,), scenario="thin_weekend")
    changes = [len(run(world, 60)[ADA.venue, ADA.symbol].changes) for world in (calm, thin)]
    assert changes[1] < 0.6 * changes[0]
    depth = [
        float(world.book(ADA.venue, ADA.symbol).levels(BookSide.BID, 3)[1].sum())
        for world in (calm, thin)
    ]
    assert depth[1] < depth[0]


def test_a_coin_loses_its_peg_and_the_triangle_pays_at_low_fees() -> None:
    world = world_of(seed=4, listings=TRIANGLE, scenario="depeg")
    assert world.fees[BINANCE] == world.fees[COINBASE] == LOW
    before = mid(world, TRIANGLE[0])
    gaps = gaps_bps(world, 90, TRIANGLE)
    assert mid(world, COIN) < 0.99
    assert mid(world, TRIANGLE[0]) > before * 1.005, "what is quoted in the coin rises"
    assert max(gaps) > 0.0


def test_a_lagging_venue_pays_at_low_fees_and_a_calm_market_never_at_retail_fees() -> None:
    lagging = world_of(seed=2, listings=LAGGARDS, scenario="lagging_venue")
    assert lagging.fees[COINBASE] == LOW
    assert max(gaps_bps(lagging, 12, LAGGARDS)) > 0.0
    calm = world_of(seed=4, listings=LAGGARDS, scenario="calm")
    assert (calm.fees[BINANCE].taker_ppm, calm.fees[COINBASE].taker_ppm) == (1_000, 12_000)
    retail_bps = 10.0 + 120.0 - 2.0
    assert max(gaps_bps(calm, 10, LAGGARDS)) < retail_bps


def test_the_spoofer_shows_large_orders_and_never_trades() -> None:
    world = world_of(seed=4, listings=(BTC,), scenario="spoofing")
    book = world.book(BTC.venue, BTC.symbol)
    largest = []
    traded: set[int] = set()
    for _ in range(100):
        flows = run(world, 0.2)
        traded |= set(flows[BTC.venue, BTC.symbol].trades[:, Print.MAKER_OWNER].tolist())
        largest.append([float(np.sort(book.levels(side, 60)[1])[-4:].sum()) for side in BookSide])
    shown = np.array(largest)
    assert OWNER_SPOOFER not in traded
    for side in BookSide:
        assert shown[:, side].max() > 2.0 * shown[:, side].min(), "shown, then withdrawn"
    world.stop("spoofing")
    run(world, 2)
    left = [float(np.sort(book.levels(side, 60)[1])[-4:].sum()) for side in BookSide]
    assert max(left) < shown.max()


def test_a_parent_order_is_worked_on_its_side() -> None:
    world = world_of(seed=4, listings=(BTC,), scenario="parent_order")
    trades = run(world, 30)[BTC.venue, BTC.symbol].trades
    worked = trades[trades[:, Print.TAKER_OWNER] == OWNER_WORKER]
    assert len(worked) > 5
    assert (worked[:, Print.AGGRESSOR] == BookSide.BID).all()
    assert 2.0 < worked[:, Print.LOTS].sum() / 10**BTC.lot_decimals < 15.0
    world.stop("parent_order")
    assert world.running == ()
    after = run(world, 10)[BTC.venue, BTC.symbol].trades
    assert OWNER_WORKER not in after[:, Print.TAKER_OWNER]


def test_scenarios_are_combined_and_end_by_themselves() -> None:
    world = world_of(seed=4)
    world.start("venue_down", world.now_ns + SECOND)
    world.start("lagging_venue", world.now_ns)
    run(world, 7)
    assert world.running == ("venue_down", "lagging_venue")
    assert not world.is_up(COINBASE)
    run(world, 115)
    assert world.running == ("lagging_venue",)
    assert world.is_up(COINBASE)
