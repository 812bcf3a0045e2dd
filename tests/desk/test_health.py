"""The judgement: what is amiss now, in words, the gravest first."""

import pytest
from msgspec.structs import replace

from hftlib.core.states import BookState, Source
from hftlib.desk.health import BROKEN, DEGRADED, OK, judge, seconds
from hftlib.desk.tallies import BookTally
from hftlib.wire.messages import (
    BudgetStatus,
    GcPauses,
    Health,
    LaneStatus,
    LedgerStatus,
    StoreStatus,
    TapeStatus,
)

LANE = LaneStatus("binance", "depth-0", "OPEN", "", ["BTCUSDT"], 5, 0, 1.0, 2.0)
BUDGET = BudgetStatus("binance", 100, 6_000, 3, 0, 0, None, 3.0, "")
TAPE = TapeStatus("t.tape", 10, 5, 0, 0, 0, 0, "")
STORE = StoreStatus("RUNNING", "embedded", 10, 0, 0, 0, "")
LEDGER = LedgerStatus("ledger.sqlite", 1, 1, 0, 0.2, 0.4, "")
WELL = Health(
    state="running",
    done=0,
    total=0,
    reason="",
    version="1",
    pid=1,
    source=Source.SIMULATED,
    origin="local",
    uptime_s=5.0,
    first_book_s=1.0,
    clients=0,
    topics=0,
    history_bytes=0,
    gc=GcPauses(0, 0.0, 0.0),
    lanes=[LANE],
    budgets=[BUDGET],
    tape=TAPE,
    store=STORE,
    ledger=LEDGER,
)


def book(symbol: str, state: BookState = BookState.LIVE, **rest: object) -> BookTally:
    told = {"venue": "binance", "reason": "", "since_ms": 1_500.0, "verified": True} | rest
    return BookTally(symbol=symbol, state=state, **told)


BOOKS = [book("BTCUSDT"), book("ETHUSDT")]


def test_a_desk_that_is_well_has_no_reasons() -> None:
    assert judge(WELL, BOOKS) == (OK, [])
    assert judge(replace(WELL, lanes=[], budgets=[], tape=None, store=None), BOOKS) == (OK, [])
    assert judge(replace(WELL, store=replace(STORE, state="OFF")), BOOKS) == (OK, [])


@pytest.mark.parametrize("state", ["starting", "compiling", "loading", "opening"])
def test_a_desk_that_starts_is_not_judged_by_its_books(state: str) -> None:
    starting = replace(WELL, state=state, lanes=[replace(LANE, state="OPENING")])
    assert judge(starting, [book("BTCUSDT", BookState.SYNCING)]) == (OK, [])


def test_without_a_live_book_it_is_broken() -> None:
    books = [
        book("BTCUSDT", BookState.GAP, reason="7 follows 5"),
        book("ETHUSDT", BookState.SYNCING, since_ms=None),
    ]
    assert judge(WELL, books) == (
        BROKEN,
        ["no book is LIVE: BTCUSDT GAP for 1.5 s (7 follows 5); ETHUSDT SYNCING"],
    )


def test_some_books_lost_are_named_by_venue() -> None:
    lost = [book(f"S{number}", BookState.STALE) for number in range(5)]
    other = book("BTC-USD", BookState.DOWN, venue="coinbase", since_ms=300_000.0)
    assert judge(WELL, [*BOOKS, *lost, other]) == (
        DEGRADED,
        [
            (
                "binance: 5 of 7 books not LIVE: S0 STALE for 1.5 s; S1 STALE for 1.5 s; "
                "S2 STALE for 1.5 s; and 2 more"
            ),
            "coinbase: 1 of 1 books not LIVE: BTC-USD DOWN for 5 min",
        ],
    )


@pytest.mark.parametrize(
    ("change", "condition", "reason"),
    [
        (
            {"lanes": [LANE, replace(LANE, state="WAITING", reason="attempt 3 in 4 s")]},
            DEGRADED,
            "binance: connection depth-0 is WAITING: attempt 3 in 4 s",
        ),
        (
            {"lanes": [replace(LANE, state="CLOSED")]},
            DEGRADED,
            "binance: connection depth-0 is CLOSED",
        ),
        ({"budgets": [replace(BUDGET, trouble="banned for 35 s")]}, DEGRADED, "binance: banned"),
        ({"budgets": [replace(BUDGET, used=5_400.0)]}, DEGRADED, "5400 of 6000 requests used"),
        ({"budgets": [replace(BUDGET, clock_offset_ms=-1_276.0)]}, DEGRADED, "clock is -1.3 s off"),
        ({"tape": replace(TAPE, trouble="disk full", lost=1_200)}, DEGRADED, "disk full (1,200"),
        ({"store": replace(STORE, state="DOWN", queued=7, trouble="gone")}, DEGRADED, "7 rows"),
        ({"store": replace(STORE, state="BEHIND")}, DEGRADED, "store is BEHIND, 0 rows wait"),
        ({"store": replace(STORE, trouble="slow")}, DEGRADED, "store: slow"),
        ({"ledger": replace(LEDGER, trouble="the disk is full")}, BROKEN, "ledger: the disk"),
        ({"state": "failed", "reason": "no tape"}, BROKEN, "no tape"),
        ({"state": "failed"}, BROKEN, "the source failed"),
    ],
)
def test_each_part_that_fails_is_told(change: dict, condition: str, reason: str) -> None:
    found, reasons = judge(replace(WELL, **change), BOOKS)
    assert found == condition
    (told,) = reasons
    assert reason in told


def test_the_gravest_comes_first() -> None:
    health = replace(
        WELL,
        tape=replace(TAPE, trouble="low disk"),
        ledger=replace(LEDGER, trouble="disk full"),
    )
    condition, reasons = judge(health, [*BOOKS, book("X", BookState.GAP)])
    assert condition == BROKEN
    assert [reason.split(":")[0] for reason in reasons] == ["ledger", "binance", "tape"]


@pytest.mark.parametrize(
    ("ms", "told"),
    [(310, "0.3 s"), (11_600, "12 s"), (240_000, "4 min"), (10_800_000, "3 h")],
)
def test_durations_are_told_shortly(ms: float, told: str) -> None:
    assert seconds(ms) == told


def test_without_any_venue_it_is_broken() -> None:
    waiting = LaneStatus("binance", "rest", "WAITING", "no connection", [], 0, 0, None, None)
    condition, reasons = judge(replace(WELL, lanes=[waiting]), [])
    assert condition == BROKEN
    assert reasons[0] == "there is no book: no venue has come up"
    assert "binance: connection rest is WAITING: no connection" in reasons
