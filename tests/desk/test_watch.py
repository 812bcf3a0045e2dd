"""The watch: figures every second look, a change of condition at once."""

import logging

import pytest
from msgspec.structs import replace

from hftlib.core.states import BookState
from hftlib.desk.statistics_line import StatisticsLine
from hftlib.desk.tallies import BookTally, Tallies
from hftlib.desk.watch import Watch
from tests.desk.test_health import LANE, WELL

BOOK = BookTally("binance", "BTCUSDT", BookState.LIVE, "", 5.0, True)
TALLIES = Tallies((BOOK, replace(BOOK, state=BookState.GAP)), 1_000, 900, 3, 4, 1, 0, 0)


def test_the_first_line_has_no_rates_and_the_next_has() -> None:
    line = StatisticsLine()
    first = line.figures(100.0, WELL, TALLIES, {"decoded": 12.345})
    assert (first["frames_per_s"], first["new_gaps"], first["gaps"]) == (0.0, 0, 3)
    later = replace(TALLIES, frames=6_000, gaps=5, resyncs=5)
    second = line.figures(110.0, WELL, later, {})
    assert (second["frames_per_s"], second["new_gaps"], second["new_resyncs"]) == (500.0, 2, 1)
    assert "decoded_p99_us" not in second
    assert first["decoded_p99_us"] == 12.3


def test_a_run_that_begins_anew_gives_no_negative_rate() -> None:
    line = StatisticsLine()
    line.figures(100.0, WELL, TALLIES, {})
    assert line.figures(110.0, WELL, replace(TALLIES, frames=5, gaps=0), {})["frames_per_s"] == 0
    third = line.figures(120.0, WELL, replace(TALLIES, frames=55, gaps=1), {})
    assert (third["frames_per_s"], third["new_gaps"]) == (5.0, 1)


def test_every_part_has_its_figures() -> None:
    told = StatisticsLine().figures(
        0.0, replace(WELL, lanes=[LANE, replace(LANE, state="WAITING")]), TALLIES, {}
    )
    assert told["books"] == "GAP:1,LIVE:1"
    assert told["lanes"] == "1/2"
    assert told["weights"] == "binance:100/6000"
    assert (told["store"], told["rows_confirmed"], told["tape_lost"]) == ("RUNNING", 10, 0)
    assert (told["ledger_entries"], told["sync_p99_ms"]) == (1, 0.4)
    bare = replace(WELL, lanes=[], budgets=[], tape=None, store=None, ledger=None)
    assert set(StatisticsLine().figures(0.0, bare, None, {})) == {
        "state",
        "condition",
        "gc_longest_ms",
    }
    none = StatisticsLine().figures(0.0, bare, replace(TALLIES, books=()), {})
    assert none["books"] == "none"


def test_figures_come_every_second_look_and_changes_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [WELL]
    watch = Watch(lambda: now[0], lambda: TALLIES, dict, lambda: 0.0)
    caplog.set_level(logging.INFO, "hftlib.desk.watch")

    def told() -> list[tuple[str, str]]:
        watch.look()
        lines = [(record.levelname, record.getMessage()) for record in caplog.records]
        caplog.clear()
        return lines

    assert told() == [("INFO", "statistics")]
    assert told() == []
    now[0] = replace(WELL, condition="DEGRADED", reasons=["tape: full", "store: slow"])
    assert told() == [("WARNING", "condition changed"), ("INFO", "statistics")]
    assert told() == []
    now[0] = WELL
    watch.look()
    changed = caplog.records[0]
    assert (changed.levelname, changed.condition, changed.before) == ("INFO", "OK", "DEGRADED")
