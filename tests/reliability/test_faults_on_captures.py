"""Faults at random places of every capture: found where the protocol shows them, never wrong."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hftlib.core.venue import COINBASE, COINBASE_EXCHANGE
from hftlib.desk.fault_report import COMPARED, SEEN, FaultRow, expected_of, rows_of
from hftlib.desk.fault_trials import Trial, trials_of_tape
from hftlib.io.faults import Fault
from hftlib.io.importers.importer import Order, import_files

PLACES = int(os.environ.get("HFT_FAULT_PLACES", "25"))
SEED = "tests"
LEVELS = {"data.b", "data.a", "events.updates.price_level", "events.updates.new_quantity"}
"""Values of which nobody can say that a digit was flipped."""

TAPES = {
    "binance": ("hftbacktest", "binance-spot-btc-20240808", "*.gz"),
    "binance_usdm": ("hftbacktest", "binance-3venue-btc-20240808", "usdm_*.gz"),
    "binance_coinm": ("hftbacktest", "binance-3venue-btc-20240808", "coinm_*.gz"),
    "binance_us": ("cryptofeed", "cryptofeed-binance-20211012", "BINANCE_US_*.gz"),
    "coinbase": ("cryptofeed", "coinbase-adv-20260809", "*.gz"),
    "coinbase_exchange": ("cryptofeed", "coinbase-exchange-20210417", "*.gz"),
}


@pytest.fixture(scope="module", params=TAPES)
def trials(
    request: pytest.FixtureRequest, captures: Callable[[str], Path], tmp_path_factory
) -> list[Trial]:
    """Plant every fault at the seeded places of one venue's capture."""
    importer, name, pattern = TAPES[request.param]
    tape = tmp_path_factory.mktemp("tape") / request.param
    files = tuple(sorted(captures(name).glob(pattern)))
    import_files(Order(importer, files, tape, request.param))
    return trials_of_tape(tape, places_for(request.param), SEED, (0, 1))


def places_for(venue: str) -> int:
    """Return how many places of a capture are tried; Coinbase's 5 MB snapshots take their time."""
    return max(PLACES // 3, 4) if venue == COINBASE else PLACES


@pytest.fixture
def rows(trials: list[Trial]) -> list[FaultRow]:
    return rows_of(trials)


def test_every_fault_was_planted_at_every_place(rows: list[FaultRow]) -> None:
    assert [row.fault for row in rows] == list(Fault)
    assert {row.trials for row in rows} == {places_for(rows[0].venue)}


def test_what_the_protocol_shows_is_detected_every_time(rows: list[FaultRow]) -> None:
    assert [(row.fault, row.trials - row.detected) for row in rows if row.expected == SEEN] == [
        (row.fault, 0) for row in rows if row.expected == SEEN
    ]


def test_a_live_book_is_never_wrong_where_the_protocol_shows_the_fault(trials: list[Trial]) -> None:
    for trial in trials:
        if expected_of(trial.venue, trial.fault) == SEEN:
            assert not trial.wrong, trial


def test_a_flipped_byte_goes_unnoticed_only_in_a_number_of_a_level(trials: list[Trial]) -> None:
    levels = LEVELS | {"changes"}
    for trial in trials:
        if trial.fault is Fault.FLIP and trial.wrong:
            assert trial.struck in levels, trial


def test_the_book_is_live_again_within_a_second(rows: list[FaultRow]) -> None:
    assert [(row.fault, row.late) for row in rows] == [(fault, 0) for fault in Fault]


def test_a_book_without_a_sequence_is_right_again_by_itself_or_by_comparison(
    trials: list[Trial],
) -> None:
    blind = [trial for trial in trials if expected_of(trial.venue, trial.fault) == COMPARED]
    for trial in blind:
        if trial.venue == COINBASE_EXCHANGE and trial.horizon_ns > 10_000_000_000:
            assert trial.settled_ns is not None, trial
