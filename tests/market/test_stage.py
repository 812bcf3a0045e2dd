import numpy as np
import pytest

from hftlib.core.venue import BINANCE, COINBASE
from hftlib.market.agents import layout as at
from hftlib.market.crowd import Crowd
from hftlib.market.layout import initialise, size_of_state
from hftlib.market.scenario import SCENARIOS
from hftlib.market.script import FEE_TIERS, LEADER, Dial, Scenario, Step
from hftlib.market.stage import Stage
from tests.market.small_market import SECOND, SMALL, START

ROOM = 4_096


def a_crowd() -> Crowd:
    size = size_of_state(ROOM)
    states = np.zeros(size * len(SMALL), np.int64)
    for number in range(len(SMALL)):
        initialise(states[number * size : (number + 1) * size], ROOM)
    return Crowd(1, START, SMALL, states, size)


def dial(crowd: Crowd, place: int, book: int = 0) -> float:
    return float(crowd.floats[crowd.book_place(book, place)])


def loud(crowd: Crowd, asset: int) -> float:
    return float(crowd.floats[crowd.asset_place(asset, at.DIAL_VOLATILITY)])


def a_scenario(name: str, *steps: Step, tier: str = "retail", lasts_s: float = 10.0) -> Scenario:
    return Scenario(name, "A test's.", lasts_s, steps, tier)


def test_dials_of_scenarios_combine_and_go_back() -> None:
    crowd = a_crowd()
    stage = Stage(crowd)
    stage.start(a_scenario("a", Step(0, Dial.DEPTH, 0.5), Step(0, Dial.LAG, 1.0, COINBASE)), START)
    stage.start(a_scenario("b", Step(0, Dial.DEPTH, 0.5, "ADA"), Step(0, Dial.LAG, 2.0)), START)
    stage.play(START)
    assert [dial(crowd, at.DIAL_DEPTH, book) for book in range(3)] == [0.25, 0.25, 0.5]
    assert [dial(crowd, at.DIAL_LAG_S, book) for book in range(3)] == [2.0, 3.0, 3.0]
    stage.stop("b")
    assert dial(crowd, at.DIAL_DEPTH) == 0.5
    stage.play(START + 10 * SECOND)
    assert stage.running == ()
    assert stage.next_ns is None
    assert dial(crowd, at.DIAL_DEPTH) == 1.0
    assert dial(crowd, at.DIAL_LAG_S, 1) == 0.0


def test_steps_are_played_when_their_time_comes_and_replace_each_other() -> None:
    crowd = a_crowd()
    stage = Stage(crowd)
    steps = (Step(2, Dial.TAKERS, 3.0), Step(1, Dial.TAKERS, 2.0), Step(1, Dial.TAKERS, 4.0))
    stage.start(a_scenario("a", *steps), START)
    seen = []
    for seconds in (0, 1, 2):
        stage.play(START + seconds * SECOND)
        seen.append(dial(crowd, at.DIAL_TAKERS))
        assert stage.running == ("a",)
    assert seen == [1.0, 4.0, 3.0]
    assert stage.next_ns == START + 10 * SECOND


def test_a_dial_of_an_asset_is_turned_where_it_says() -> None:
    crowd = a_crowd()
    stage = Stage(crowd)
    stage.start(a_scenario("a", Step(0, Dial.VOLATILITY, 9.0, "USDT")), START)
    stage.play(START)
    assert crowd.assets == ("ADA", "USDT")
    assert [loud(crowd, 0), loud(crowd, 1)] == [1.0, 9.0]


def test_a_jump_happens_once_and_stays() -> None:
    crowd = a_crowd()
    stage = Stage(crowd)
    stage.start(a_scenario("a", Step(0, Dial.JUMP, 50.0, "ADA", 0.5)), START)
    stage.play(START)
    stage.stop("a")
    assert crowd.floats[crowd.asset_place(0, at.PENDING)] == 50.0
    assert crowd.floats[crowd.asset_place(0, at.RELEASE_SECONDS)] == 0.5
    assert crowd.floats[crowd.asset_place(1, at.PENDING)] == 0.0


def test_the_leader_is_the_first_asset() -> None:
    crowd = a_crowd()
    stage = Stage(crowd)
    stage.start(a_scenario("a", Step(0, Dial.DRIFT, 0.5, LEADER)), START)
    stage.play(START)
    drifts = [crowd.floats[crowd.asset_place(number, at.DIAL_DRIFT)] for number in range(2)]
    assert drifts == [0.5, 0.0]


def test_the_last_scenario_with_a_tier_of_its_own_sets_the_fees() -> None:
    stage = Stage(a_crowd())
    assert stage.fees == FEE_TIERS["retail"]
    stage.start(a_scenario("cheap", tier="low"), START)
    stage.start(a_scenario("plain"), START)
    assert stage.fees == FEE_TIERS["low"]
    stage.stop("cheap")
    assert stage.fees == FEE_TIERS["retail"]


def test_a_scenario_runs_once_at_a_time() -> None:
    stage = Stage(a_crowd())
    stage.start(SCENARIOS["calm"], START)
    with pytest.raises(ValueError, match="calm runs already"):
        stage.start(SCENARIOS["calm"], START)
    stage.stop("calm")
    with pytest.raises(ValueError, match="calm does not run"):
        stage.stop("calm")
    stage.start(SCENARIOS["calm"], START)


def test_stopping_finds_the_one_that_is_named() -> None:
    stage = Stage(a_crowd())
    for name in ("calm", "trending"):
        stage.start(SCENARIOS[name], START)
    stage.stop("trending")
    assert stage.running == ("calm",)


def test_a_venue_is_down_while_a_scenario_says_so() -> None:
    stage = Stage(a_crowd())
    stage.start(
        a_scenario("a", Step(0, Dial.DOWN, 1.0, COINBASE), Step(5, Dial.DOWN, 0.0, COINBASE)),
        START,
    )
    stage.play(START)
    assert stage.is_down(COINBASE)
    assert not stage.is_down(BINANCE)
    stage.play(START + 5 * SECOND)
    assert not stage.is_down(COINBASE)
