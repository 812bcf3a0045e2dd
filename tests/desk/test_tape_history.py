from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hftlib.client.history import HistoryError
from hftlib.core.errors import TapeError
from hftlib.core.frames import Frame
from hftlib.core.provenance import Provenance
from hftlib.core.states import Source
from hftlib.desk.opening import run_of
from hftlib.desk.questions import Every, Kind, Question
from hftlib.desk.tape_history import TapeHistory
from hftlib.engine.engine import Engine
from hftlib.io.tape import BlockWriter, LiveTape, Manifest, TapeLimits, TapeReader
from tests.desk_support.recording import (
    INSTRUMENTS,
    START_NS,
    STEP_NS,
    SYMBOL,
    VENUE,
    write_tape,
)
from tests.desk_support.varied import GAP_AT, frames, write_varied_tape

SECOND = 1_000_000_000
STEPS = 400
LATER_NS = 300 * SECOND
MANIFEST = Manifest(source=Source.SIMULATED, instruments=INSTRUMENTS)
ASKED = [
    (Kind.FEATURES, {}),
    (Kind.FEATURES, {"every": Every.SECOND}),
    (Kind.BOOKS, {"depth": 2}),
    (Kind.TRADES, {}),
    (Kind.CANDLES, {"interval": "1s"}),
    (Kind.MARKOUTS, {}),
]


def question(kind: Kind = Kind.TRADES, **more: Any) -> Question:
    span = {"start": START_NS, "end": START_NS + 3_600 * SECOND, "limit": 10**6}
    return Question(**{"kind": kind, "venue": VENUE, "symbol": SYMBOL, **span, **more})


def rows(history: TapeHistory, asked: Question) -> list[dict[str, Any]]:
    return history.answer(asked).table.to_pylist()


class HandClock:
    now = START_NS

    def now_ns(self) -> int:
        return self.now


def shifted(by_ns: int) -> Iterator[Frame]:
    for frame in frames(STEPS):
        yield msgspec.structs.replace(frame, ts_recv=frame.ts_recv + by_ns)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tape without a checkpoint."""
    return write_varied_tape(tmp_path_factory.mktemp("whole") / "whole.tape", STEPS)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return the same frames as the tapes of a live run, a new one each ten seconds."""
    folder = tmp_path_factory.mktemp("parts")
    clock, engine = HandClock(), Engine(INSTRUMENTS)
    limits = TapeLimits(1 << 40, 10 * SECOND, 1 << 40, 1 << 62, 0)
    tape = LiveTape(folder, MANIFEST, limits, clock=clock, free_bytes=lambda _: 1 << 40)
    for frame in frames(STEPS):
        clock.now = frame.ts_recv
        tape.append(frame)
        engine.on_event(frame)
        if tape.wants_checkpoint(frame.ts_recv):
            tape.append_checkpoint(frame.ingress_seq, frame.ts_recv, engine.checkpoint())
            tape.flush()  # the tape is followed by another in its own thread
    tape.close()
    found = sorted(folder.glob("*.tape"))
    assert len(found) >= 3
    return found


@pytest.mark.parametrize(("kind", "more"), ASKED)
def test_tapes_of_one_run_go_on_in_each_other(
    whole: Path, parts: list[Path], kind: Kind, more: dict[str, Any]
) -> None:
    asked = question(kind, **more)
    assert rows(TapeHistory(parts), asked) == rows(TapeHistory([whole]), asked)


@pytest.mark.parametrize(("kind", "more"), ASKED)
def test_a_range_is_read_from_the_checkpoint_before_it(
    whole: Path, parts: list[Path], kind: Kind, more: dict[str, Any]
) -> None:
    start, end = START_NS + 27 * SECOND, START_NS + 35 * SECOND
    read = TapeHistory(parts[1:])
    told = rows(read, question(kind, start=start, end=end, **more))
    stamp = "ts_open" if kind is Kind.CANDLES else "ts_recv"
    expected = [
        row
        for row in rows(TapeHistory([whole]), question(kind, **more))
        if start <= row[stamp] < end
    ]
    assert told == expected
    assert told


@pytest.mark.parametrize("kind", [Kind.FEATURES, Kind.TRADES, Kind.MARKOUTS])
def test_a_page_ends_where_the_time_is_over(whole: Path, kind: Kind) -> None:
    ticks = count(0)
    slow = TapeHistory([whole], now_s=lambda: float(next(ticks)))
    asked = question(kind, horizons=(SECOND,))
    told, pages = [], 0
    while True:
        answer = slow.answer(asked, seconds=1.5 * (pages + 1))
        told += answer.table.to_pylist()
        pages += 1
        if answer.next_start is None:
            break
        asked = msgspec.structs.replace(asked, start=answer.next_start)
    assert pages > 1
    assert told == rows(TapeHistory([whole]), question(kind, horizons=(SECOND,)))


def test_a_start_that_is_not_reached_in_time_is_said(whole: Path) -> None:
    slow = TapeHistory([whole], now_s=iter(range(100)).__next__)
    with pytest.raises(HistoryError, match="no checkpoint nearby"):
        slow.answer(question(start=START_NS + 39 * SECOND), seconds=0.5)


def test_nothing_reaches_across_runs(whole: Path, tmp_path: Path) -> None:
    later = tmp_path / "later.tape"
    with BlockWriter(later, MANIFEST) as writer:
        for frame in shifted(LATER_NS):
            writer.append(frame)
    both = TapeHistory([later, whole])
    horizon = LATER_NS
    asked = question(Kind.MARKOUTS, horizons=(horizon, SECOND))
    told = rows(both, asked)
    assert len(told) == 2 * len(rows(TapeHistory([whole]), asked))
    ends = START_NS + STEPS * STEP_NS
    late = [row for row in told if ends - SECOND < row["ts_recv"] < ends + SECOND]
    assert late
    assert all(row["markout_1s"] is None for row in late)
    first = next(row for row in told if row["mid"] is not None)
    again = next(row for row in told if row["ts_recv"] == first["ts_recv"] + LATER_NS)
    assert first["markout_300s"] == 0.0, "both runs are the same"
    assert again["mid"] == first["mid"]


def test_a_tape_that_cannot_be_read_is_left_out_only_where_others_may_do(
    whole: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.tape"
    broken.mkdir()
    assert TapeHistory([broken, whole], whole=False).instruments
    with pytest.raises(TapeError, match="broken"):
        TapeHistory([broken, whole])


def test_a_tape_without_frames_answers_with_nothing(tmp_path: Path) -> None:
    with BlockWriter(tmp_path / "empty.tape", MANIFEST):
        pass
    with pytest.raises(HistoryError, match="they hold nothing"):
        TapeHistory([tmp_path / "empty.tape"]).answer(question())


def test_frames_of_other_venues_do_not_matter(whole: Path, tmp_path: Path) -> None:
    other = msgspec.structs.replace(INSTRUMENTS[0], venue="binance_us")
    mixed = tmp_path / "mixed.tape"
    with BlockWriter(mixed, MANIFEST.with_instruments([other])) as writer:
        seq = count()
        for frame in frames(STEPS):
            for venue in (VENUE, "binance_us", "binance_us"):
                writer.append(msgspec.structs.replace(frame, venue=venue, ingress_seq=next(seq)))
    asked = question(Kind.FEATURES)
    plain, told = rows(TapeHistory([whole]), asked), rows(TapeHistory([mixed]), asked)
    for row in plain + told:
        del row["ingress_seq"]
    assert told == plain


def test_a_checkpoint_that_cannot_be_read_is_passed_over(whole: Path, tmp_path: Path) -> None:
    spoilt = tmp_path / "spoilt.tape"
    with BlockWriter(spoilt, MANIFEST) as writer:
        for frame in frames(STEPS):
            writer.append(frame)
            if frame.ingress_seq == 500:
                writer.append_checkpoint(500, frame.ts_recv, b"of another version")
    asked = question(start=START_NS + 35 * SECOND)
    assert rows(TapeHistory([spoilt]), asked) == rows(TapeHistory([whole]), asked)


def test_candles_of_before_the_tape_are_the_venues(whole: Path) -> None:
    told = rows(TapeHistory([whole]), question(Kind.CANDLES, start=0))
    assert [row["origin"] for row in told] == ["venue"] * 5 + ["trades"]
    assert [row["volume"] for row in told[:5]] == [1.0, 2.0, 3.0, 4.0, 5.0]
    five = rows(TapeHistory([whole]), question(Kind.CANDLES, start=0, interval="5m"))
    assert five[0]["origin"] == "venue"


def test_the_features_are_those_that_the_run_shows(whole: Path) -> None:
    run = run_of(TapeReader(whole))
    for frame in TapeReader(whole).frames():
        run.feed(frame)
    last = rows(TapeHistory([whole]), question(Kind.FEATURES))[-1]
    shown = run.engine.vector_of(VENUE, SYMBOL).as_dict()
    for name in ("mid", "imbalance_5", "ofi_1", "micro_price"):
        assert last[name] == shown[name]


def test_where_the_book_was_lost_there_is_no_mid(whole: Path) -> None:
    told = rows(TapeHistory([whole]), question(Kind.MARKOUTS, horizons=(SECOND // 10,)))
    lost = [row["ts_recv"] for row in told if row["mid"] is None]
    begin, end = START_NS + (GAP_AT + 1) * STEP_NS, START_NS + (GAP_AT + 4) * STEP_NS
    assert lost
    assert all(begin <= at < end or at >= START_NS + STEPS * STEP_NS for at in lost)
    before = [row for row in told if begin - STEP_NS <= row["ts_recv"] < begin]
    assert all(row["mid"] is not None and row["markout_100ms"] is None for row in before)


def test_tapes_of_two_sources_are_never_mixed(whole: Path, tmp_path: Path) -> None:
    real = write_tape(tmp_path / "real.tape", 100, Source.EXCHANGE)
    both = TapeHistory([whole, real])
    for path, source in ((whole, Provenance.SIMULATED), (real, Provenance.EXCHANGE)):
        for kind, more in ASKED:
            asked = question(kind, source=source, **more)
            alone = TapeHistory([path]).answer(question(kind, **more))
            told = both.answer(asked)
            assert told.table.to_pylist() == alone.table.to_pylist() != []
            assert told.source is alone.source is source
    with pytest.raises(HistoryError, match="EXCHANGE and SIMULATED: say which"):
        both.answer(question())
    nothing = both.answer(question(source=Provenance.TESTNET))
    assert (nothing.table.num_rows, nothing.next_start) == (0, None)
    assert nothing.source is Provenance.TESTNET


def test_tapes_are_checked_for_the_source_that_is_asked_for(whole: Path) -> None:
    history = TapeHistory([whole])
    assert history.check_source(None) is Provenance.SIMULATED
    assert history.check_source(Provenance.SIMULATED) is Provenance.SIMULATED
    with pytest.raises(HistoryError, match="this is SIMULATED: it has nothing of EXCHANGE"):
        history.check_source(Provenance.EXCHANGE)
