"""Trials add up to rows, rows to a table."""

from msgspec.structs import replace

from hftlib.core.states import FeedCondition
from hftlib.desk.fault_report import COMPARED, PARTLY, SEEN, expected_of, rows_of, table_of
from hftlib.desk.fault_trials import SECOND, Trial
from hftlib.io.faults import Fault


def trial(venue: str = "binance", fault: Fault = Fault.FLIP, **given: object) -> Trial:
    told = {
        "venue": venue,
        "symbol": "X",
        "fault": fault,
        "place": 1,
        "detected_ns": None,
        "how": None,
        "down_ns": 0,
        "recovery_ns": 0,
        "wrong_ns": 0,
        "wrong": 0,
        "comparisons": 5,
        "settled_ns": 1,
        "horizon_ns": 10 * SECOND,
    }
    return Trial(**{**told, **given})  # type: ignore[arg-type]


def test_what_a_protocol_shows() -> None:
    assert expected_of("binance", Fault.DROP) == SEEN
    assert expected_of("binance", Fault.FLIP) == PARTLY
    assert expected_of("coinbase_exchange", Fault.DROP) == COMPARED
    assert expected_of("coinbase", Fault.STALE_SNAPSHOT) == COMPARED


def test_trials_add_up() -> None:
    gap = FeedCondition.GAP
    found = {"detected_ns": SECOND, "how": gap}
    (row,) = rows_of(
        [
            trial(**found, down_ns=2 * SECOND, recovery_ns=2 * SECOND),
            trial(wrong=3, wrong_ns=4 * SECOND, settled_ns=None, struck="data.b"),
            trial(**found, wrong=1, wrong_ns=SECOND, down_ns=SECOND, recovery_ns=SECOND),
            trial(),
        ]
    )
    assert (row.trials, row.detected, row.harmless, row.wrong, row.silent) == (4, 2, 1, 2, 1)
    assert (row.late, row.unsettled, row.live_share) == (1, 1, 1 - 3 / 40)
    assert (row.detect_p50_s, row.detect_max_s) == (1.0, 1.0)
    assert (row.recovery_p50_s, row.recovery_max_s, row.down_max_s) == (2.0, 2.0, 2.0)
    assert (row.wrong_p50_s, row.wrong_max_s) == (4.0, 4.0)
    assert row.how == {"GAP": 2}
    assert row.struck_unseen == {"data.b": 1, "": 1}


def test_a_row_without_any_of_it_is_empty_there() -> None:
    (row,) = rows_of([trial(horizon_ns=0)])
    assert (row.detect_p50_s, row.down_max_s, row.live_share) == (None, None, 1.0)


def test_the_table_says_all_or_how_many() -> None:
    seen = {"detected_ns": 0, "how": FeedCondition.DUPLICATE}
    rows = rows_of([trial(fault=Fault.DUPLICATE, **seen), trial(), trial(**seen)])
    lines = table_of([replace(row, tape="spot") for row in rows]).splitlines()
    assert len(lines) == 4
    assert lines[2].startswith("| spot | binance | duplicate | 1 | shows it | all | 0 |  | 0 |")
    assert "| spot | binance | flip a byte | 2 | may show it | 1 (50.0 %) |" in lines[3]
