import numpy as np
import pytest

from hftlib.core.errors import HftlibError
from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE
from hftlib.market.listings import LISTINGS, listing_of
from hftlib.market.orders import FIRST_ACCOUNT, BookSide, Change, Order, OrderKind, Print, Top
from hftlib.market.world import World
from tests.market.small_market import (
    ADA,
    ADA_DOLLAR,
    COIN,
    SECOND,
    SMALL,
    START,
    mid,
    run,
    world_of,
)

BTC = listing_of(BINANCE, "BTCUSDT")


def test_a_seed_gives_one_run_compiled_or_not() -> None:
    # The hash is of agents' floats and of books: any other arithmetic would change it.
    world = world_of(seed=1)
    run(world, 5)
    assert world.state_hash() == "45fb061bf5265c11e9c03f86b44161fbf22ead1c00a6692a178bd0d453cae8b7"


@pytest.mark.parametrize("cut_s", [0.0137, 0.25, 6.0])
def test_a_run_does_not_depend_on_how_time_is_cut(cut_s: float) -> None:
    whole, cut = world_of(seed=2), world_of(seed=2)
    for world in (whole, cut):
        world.start("venue_down", START)
        world.start("news", START + SECOND // 3)
    flows, same = run(whole, 6, 1.0), run(cut, 6, cut_s)
    assert whole.state_hash() == cut.state_hash()
    for key, flow in flows.items():
        for rows, others in zip(flow, same[key], strict=True):
            assert np.array_equal(rows, others)


def test_another_seed_is_another_run() -> None:
    hashes = set()
    for seed in (1, 2, -1):
        world = world_of(seed)
        run(world, 1)
        hashes.add(world.state_hash())
    assert len(hashes) == 3


def test_a_full_log_asks_to_be_drained_and_the_run_goes_on_as_if_it_had_not() -> None:
    world, other = world_of(listings=(BTC,)), world_of(listings=(BTC,))
    assert not world.advance(START + 20 * SECOND)
    assert START < world.now_ns < START + 20 * SECOND
    assert not world.advance(START + 20 * SECOND), "nothing was drained"
    run(world, (START + 20 * SECOND - world.now_ns) / SECOND)
    run(other, 20, 0.1)
    assert world.now_ns == other.now_ns == START + 20 * SECOND
    assert world.state_hash() == other.state_hash()


def test_a_full_log_comes_before_the_next_step_of_a_scenario() -> None:
    world = world_of(listings=(BTC,))
    world.start("parent_order", START + 19 * SECOND)
    assert not world.advance(START + 20 * SECOND)
    run(world, 1)
    assert world.running == ("parent_order",)


def test_a_call_for_a_time_that_has_passed_changes_nothing() -> None:
    world = world_of()
    run(world, 1)
    before = world.state_hash()
    assert world.advance(START)
    assert world.now_ns == START + SECOND
    assert world.state_hash() == before


def test_every_book_of_the_full_set_is_two_sided_uncrossed_and_bounded() -> None:
    world = world_of(seed=5, listings=LISTINGS)
    opened = {key: world.book(*key).order_count for key in ((b.venue, b.symbol) for b in LISTINGS)}
    for key, flow in run(world, 4).items():
        tops = flow.tops
        assert len(tops) > 0
        assert (tops[:, Top.BID_LOTS] > 0).all()
        assert (tops[:, Top.ASK_LOTS] > 0).all()
        assert (tops[:, Top.ASK_TICKS] > tops[:, Top.BID_TICKS]).all()
        assert 0.8 * opened[key] < world.book(*key).order_count <= 1.05 * opened[key]
        ids = flow.changes[:, Change.UPDATE_ID]
        assert np.array_equal(np.diff(ids), np.ones(len(ids) - 1))
        assert (np.diff(flow.changes[:, Change.TIME_NS]) >= 0).all()


def test_books_are_deep_and_prefer_round_prices() -> None:
    world = world_of(listings=(BTC,))
    book = world.book(BTC.venue, BTC.symbol)
    for side in BookSide:
        ticks, _ = book.levels(side)
        assert len(ticks) > 1_500
        assert 0.35 < abs(ticks[-1] / ticks[0] - 1) < 0.65
        assert np.mean(ticks % 100 == 0) > 0.1


def test_an_accounts_orders_meet_the_crowd() -> None:
    world = world_of()
    book = world.book(ADA.venue, ADA.symbol)
    asked = book.best_ask
    assert asked is not None
    order = Order(FIRST_ACCOUNT, BookSide.BID, OrderKind.MARKET, quantity=asked[1] + 5)
    assert book.place(order, START) > 0
    fills = book.drain().reports
    assert len(fills) > 1
    run(world, 20)
    assert book.best_ask is not None
    resting = Order(FIRST_ACCOUNT, BookSide.BID, price_ticks=book.best_ask[0] - 1, quantity=10)
    order_id = book.place(resting, world.now_ns)
    run(world, 60)
    left = book.order(order_id)
    assert left is None or left.remaining < 10, "nobody sold to the account within a minute"


@pytest.mark.parametrize("takers", [[0], [1], [0, 1]])
def test_a_book_that_is_taken_whole_is_quoted_anew(takers: list[int]) -> None:
    world = world_of()
    book = world.book(ADA.venue, ADA.symbol)
    for taker in takers:
        everything = int(book.levels(BookSide(1 - taker))[1].sum())
        order = Order(FIRST_ACCOUNT, BookSide(taker), OrderKind.MARKET, quantity=everything)
        book.place(order, START)
        assert book.levels(BookSide(1 - taker))[0].size == 0
    run(world, 5)
    assert book.best_bid is not None
    assert book.best_ask is not None
    assert book.best_ask[0] > book.best_bid[0]


def test_makers_lean_against_what_they_were_sold() -> None:
    world, other = world_of(listings=(BTC,)), world_of(listings=(BTC,))
    book = world.book(BTC.venue, BTC.symbol)
    wanted = 120 * 10**5
    book.place(Order(FIRST_ACCOUNT, BookSide.BID, OrderKind.MARKET, quantity=wanted), START)
    for each in (world, other):
        run(each, 30)
    assert mid(world, BTC) > mid(other, BTC) * 1.0003


def test_a_still_market_has_empty_books_and_no_scenarios() -> None:
    world = World(1, START, SMALL, agents=False)
    assert world.book(ADA.venue, ADA.symbol).best_bid is None
    assert world.advance(START + SECOND)
    assert world.now_ns == START + SECOND
    assert world.running == ()
    assert world.fees[COINBASE].taker_ppm == 12_000
    assert world.is_up(COINBASE)
    assert len(world.state_hash()) == 64
    with pytest.raises(HftlibError, match="still market"):
        world.start("calm", START)
    with pytest.raises(HftlibError, match="still market"):
        world.stop("calm")


def test_a_scenario_must_be_known() -> None:
    with pytest.raises(KeyError):
        world_of().start("bliss", START)
    with pytest.raises(KeyError):
        world_of().book(BINANCE_USDM, "BTCUSDT")


def test_a_venue_goes_down_and_comes_back() -> None:
    world = world_of(scenario="venue_down")
    run(world, 4)
    assert world.is_up(COINBASE)
    run(world, 2)
    assert not world.is_up(COINBASE)
    assert world.is_up(BINANCE)
    book = world.book(ADA_DOLLAR.venue, ADA_DOLLAR.symbol)
    order = Order(FIRST_ACCOUNT, BookSide.BID, price_ticks=1, quantity=1_000)
    assert book.place(order, world.now_ns) < 0, "a halted book takes no orders"
    down = run(world, 50)
    assert len(down[COINBASE, "ADA-USD"].changes) == 0
    assert len(down[BINANCE, "ADAUSDT"].changes) > 0
    back = run(world, 10)
    assert world.is_up(COINBASE)
    assert len(back[COINBASE, "ADA-USD"].changes) > 50
    gap = mid(world, ADA_DOLLAR) / (mid(world, ADA) * mid(world, COIN)) - 1
    assert abs(gap) < 0.001


def test_a_venue_whose_outage_is_stopped_is_back_at_once() -> None:
    world = world_of(scenario="venue_down")
    run(world, 6)
    assert not world.is_up(COINBASE)
    world.stop("venue_down")
    assert world.is_up(COINBASE)
    assert world.running == ()
    assert world.book(COIN.venue, COIN.symbol).best_bid is not None


def test_trades_name_agents_only_while_nobody_else_trades() -> None:
    flows = run(world_of(seed=3), 30)
    owners = np.concatenate(
        [flow.trades[:, [Print.MAKER_OWNER, Print.TAKER_OWNER]] for flow in flows.values()]
    )
    assert len(owners) > 30
    assert (owners > 0).all()
    assert (owners < FIRST_ACCOUNT).all()
