"""Trials are named by their seed, and a tape without a fault shows none."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from hftlib.core.states import BookState
from hftlib.desk.clean_run import CleanRun, Shadow, digest_of
from hftlib.desk.fault_line import Library, line_of, writers_of
from hftlib.desk.fault_trials import places_of, trials
from hftlib.engine.engine import Engine
from hftlib.io.faults import Fault
from hftlib.io.importers.importer import Order, import_files
from hftlib.io.tape.reader import TapeReader


@pytest.fixture(scope="module")
def clean(captures: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> CleanRun:
    tape = tmp_path_factory.mktemp("tape") / "exchange"
    files = tuple(captures("coinbase-exchange-20210417").glob("*.gz"))
    import_files(Order("cryptofeed", files, tape, "coinbase_exchange"))
    reader = TapeReader(tape)
    return CleanRun(reader.manifest.instruments, reader.frames())


def test_the_same_seed_gives_the_same_trials(clean: CleanRun) -> None:
    faults = (Fault.FLIP, Fault.TRUNCATE)
    one = list(trials(clean, places_of(clean, 4, "a"), "a", faults))
    assert one == list(trials(clean, places_of(clean, 4, "a"), "a", faults))
    assert [trial.place for trial in one] != [
        trial.place for trial in trials(clean, places_of(clean, 4, "b"), "b", faults)
    ]


def test_fewer_places_than_asked_for_are_all_of_them(clean: CleanRun) -> None:
    assert len(places_of(clean, 10**6, "a")) < len(clean.frames)
    assert places_of(clean, 10**6, "a") == places_of(clean, 10**7, "b")


def test_comparing_a_sound_book_with_rest_never_finds_drift(clean: CleanRun) -> None:
    place, key = places_of(clean, 10**6, "a")[0]
    before = Engine(clean.instruments)
    for frame in clean.frames[:place]:
        before.on_event(frame)
    engine = Engine(clean.instruments)
    engine.restore(before.checkpoint())
    library = Library(clean, Shadow(clean, place, before), writers_of(clean.instruments))
    line = line_of(library, key, clean.frames[place], Fault.DROP, Random("a"))
    bodies = 0
    for frame in clean.frames[place:]:
        for answer in line.due(frame.ts_recv):
            bodies += 1
            engine.on_event(answer)
        engine.on_event(frame)
    assert bodies > 3
    assert engine.books[key].state is BookState.LIVE
    assert digest_of(engine.books[key]) == clean.at_place(key, len(clean.frames))
