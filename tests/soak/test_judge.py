"""The judge finds a wrong book, an unnoticed fault and a slow resync, and excuses what it must."""

import pytest

from tests.soak.judge import NOTICED_WITHIN_S, SECOND, Judge, Planted
from tests.soak.menu import MENU
from tests.soak.report import results_of

T = 1_800_000_000 * SECOND
KINDS = {kind.name: kind for kind in MENU}
ABOUT = {"seconds": 3_600.0, "seed": 1, "machine": "test"}
BOOK = ("binance", "BTCUSDT")


@pytest.fixture
def judge() -> Judge:
    judge = Judge()
    state(judge, 0, "LIVE")
    for _ in range(100):
        judge.hear(["second", second(100_000_000)])
    return judge


def second(resident, **more):
    return {"resident_bytes": resident, "frames": 1, "statuses": {}, **more}


def state(judge, at_s, name, key=BOOK):
    judge.hear(["state", T + int(at_s * SECOND), *key, name, "why"])


def plant(judge, name, at_s, venue="binance", topic="btcusdt@depth@100ms", **spec):
    kind = KINDS[name]
    number = len(judge.planted) + 1
    asked = {"venue": venue, "for_s": 10.0, "status": 503, "retry_after_s": 2, **spec}
    judge.planted[number] = Planted(kind, asked, T + int(at_s * SECOND))
    judge.events.append(
        {
            "number": number,
            "fault": number,
            "time_ns": T + int(at_s * SECOND),
            "kind": spec.get("kind", name),
            "venue": venue,
            "topic": topic,
            "detail": "",
        }
    )


def notice(judge, at_s, condition="GAP", symbol="BTCUSDT", venue="binance"):
    judge.hear(["notice", T + int(at_s * SECOND), venue, symbol, condition])


def check(judge, at_s, digest="aa", venue="binance", symbol="BTCUSDT", at=7):
    judge.hear(["check", venue, symbol, at, digest, None, T + int(at_s * SECOND)])


def broken(judge):
    return results_of(judge, ABOUT, [])["broken_rules"]


def test_a_calm_run_breaks_no_rule(judge):
    check(judge, 1)
    ((key, checks),) = judge.due(T + 2 * SECOND).items()
    assert key == (*BOOK, None)
    judge.compare(checks, ["aa"])
    assert judge.compared == {"binance": 1}
    assert broken(judge) == []


def test_checks_wait_until_the_market_can_know_them(judge):
    check(judge, 1)
    assert judge.due(T) == {}
    assert len(judge.waiting) == 1


def test_a_wrong_book_breaks_a_rule(judge):
    check(judge, 1)
    for checks in judge.due(T + 2 * SECOND).values():
        judge.compare(checks, ["bb"])
    assert broken(judge) == ["1 LIVE books of binance were wrong"]


def test_a_book_that_is_not_kept_is_counted_and_not_judged(judge):
    check(judge, 1)
    for checks in judge.due(T + 2 * SECOND).values():
        judge.compare(checks, [None])
    assert judge.unknown == {"binance": 1}
    assert broken(judge) == []


def test_a_wrong_book_after_a_fault_that_nothing_shows_is_counted_apart(judge):
    key = ("coinbase", "BTC-USD")
    state(judge, 0, "LIVE", key)
    plant(judge, "stale snapshot", 1, venue="coinbase", topic="level2:BTC-USD")
    check(judge, 3, venue="coinbase", symbol="BTC-USD", at=T + 3 * SECOND)
    for checks in judge.due(T + 4 * SECOND).values():
        judge.compare(checks, ["bb"])
    told = results_of(judge, ABOUT, [])
    assert told["wrong_while_live"] == {}
    assert told["wrong_by_hidden_faults"] == {"coinbase": 1}
    # Heard again after a silence, it is still the same book.
    judge.hear(["state", T + 9 * SECOND, *key, "STALE", "silent"])
    judge.hear(["state", T + 10 * SECOND, *key, "LIVE", "connection heard again"])
    check(judge, 11, venue="coinbase", symbol="BTC-USD", at=T + 11 * SECOND)
    for checks in judge.due(T + 12 * SECOND).values():
        judge.compare(checks, ["bb"])
    assert results_of(judge, ABOUT, [])["wrong_by_hidden_faults"] == {"coinbase": 2}
    # A snapshot later, the same excuse does not hold.
    state(judge, 20, "GAP", key)
    state(judge, 21, "LIVE", key)
    check(judge, 22, venue="coinbase", symbol="BTC-USD", at=T + 22 * SECOND)
    for checks in judge.due(T + 23 * SECOND).values():
        judge.compare(checks, ["bb"])
    assert results_of(judge, ABOUT, [])["wrong_while_live"] == {"coinbase": 1}


def test_stamps_that_a_fault_moves_are_not_compared(judge):
    plant(judge, "clock skew", 1, venue="coinbase", topic="", for_s=4.0)
    check(judge, 2, venue="coinbase", symbol="BTC-USD", at=T + 2 * SECOND)
    check(judge, 2, at=7)
    assert list(judge.due(T + 9 * SECOND)) == [(*BOOK, None)]
    check(judge, 17, venue="coinbase", symbol="BTC-USD", at=T + 17 * SECOND)
    assert len(judge.due(T + 18 * SECOND)) == 1


@pytest.mark.parametrize(
    ("at_s", "symbol", "venue", "found"),
    [
        (5.1, "BTCUSDT", "binance", True),
        (5.1, "", "binance", True),
        (5.1, "ETHUSDT", "binance", False),
        (5.1, "BTCUSDT", "coinbase", False),
        (4.9, "BTCUSDT", "binance", False),
        (5.2 + NOTICED_WITHIN_S, "BTCUSDT", "binance", False),
    ],
)
def test_a_notice_is_of_the_same_place_and_in_time(judge, at_s, symbol, venue, found):
    plant(judge, "drop", 5)
    notice(judge, at_s, symbol=symbol, venue=venue)
    assert (judge.noticed(judge.events[0]) is not None) is found
    assert broken(judge) == ([] if found else ["drop on binance: 1 unnoticed"])


def test_a_fault_on_a_book_that_was_down_need_not_be_noticed(judge):
    state(judge, 4, "GAP")
    plant(judge, "drop", 5)
    assert broken(judge) == []
    state(judge, 5.5, "LIVE")
    assert broken(judge) == []


def test_a_fault_before_the_first_book_need_not_be_noticed(judge):
    plant(judge, "drop", 1, venue="coinbase", topic="level2:BTC-USD")
    state(judge, 2, "LIVE", ("coinbase", "BTC-USD"))
    assert broken(judge) == []


def test_a_fault_that_nothing_shows_need_not_be_noticed(judge):
    plant(judge, "delay", 5, seconds=1.0)
    assert broken(judge) == []


def test_a_snapshot_that_is_pushed_twice_need_not_be_noticed(judge):
    key = ("coinbase_exchange", "BTC-USD")
    state(judge, 0, "LIVE", key)
    plant(judge, "duplicate", 5, venue=key[0], topic="level2_batch:BTC-USD")
    assert broken(judge) == ["duplicate on coinbase_exchange: 1 unnoticed"]
    judge.events[0]["detail"] = '{"type":"snapshot","product_id":"BTC-USD"'
    assert broken(judge) == []


def test_a_fault_that_lasts_is_one_fault(judge):
    plant(judge, "stall", 5, topic="", for_s=45.0, kind="stall")
    judge.events.append({**judge.events[0], "time_ns": T + 9 * SECOND})
    assert len(list(judge.struck())) == 1
    notice(judge, 45, "CLOSED", "")
    assert broken(judge) == []


def test_a_resync_counts_from_when_the_venue_would_answer_again(judge):
    state(judge, 10, "DOWN")
    plant(judge, "HTTP 429", 11, topic="/api/v3/depth", kind="http", status=429)
    state(judge, 14, "LIVE")
    ((seconds, outage),) = judge.resyncs_s()
    assert outage.key == BOOK
    assert seconds == pytest.approx(1.0)
    assert broken(judge) == []


def test_a_slow_resync_breaks_a_rule_where_there_is_no_excuse(judge):
    state(judge, 10, "DOWN")
    plant(judge, "HTTP 429", 11, venue="binance_usdm", kind="http", status=429)
    state(judge, 14, "LIVE")
    assert broken(judge) == ["resync p95 is 4.0 s"]
    assert judge.not_live([BOOK]) == []


def test_more_refusals_than_planted_break_a_rule(judge):
    plant(judge, "HTTP 429", 11, topic="/api/v3/depth", kind="http", status=429)
    judge.hear(["second", second(100_000_000, statuses={"429": 1})])
    assert broken(judge) == []
    judge.hear(["second", second(100_000_000, statuses={"429": 1, "418": 1})])
    assert broken(judge) == ["2 requests refused, 1 planted"]


def test_memory_that_grows_in_the_last_half_breaks_a_rule(judge):
    for number in range(100):
        judge.hear(["second", second(100_000_000 + 60_000 * number)])
    assert broken(judge) == ["memory grew by 5.4 %"]
    short = results_of(judge, {**ABOUT, "seconds": 60.0}, [])
    assert short["broken_rules"] == []


def test_a_book_that_did_not_come_back_is_named(judge):
    state(judge, 10, "GAP")
    assert judge.not_live([BOOK, ("coinbase", "BTC-USD")]) == [BOOK, ("coinbase", "BTC-USD")]
    assert judge.reasons[BOOK] == "why"
