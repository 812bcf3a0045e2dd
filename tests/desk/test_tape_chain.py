"""The tapes of one live run replay as one run, each of them alone, and prove themselves."""

import json
import shutil

import msgspec
import pytest

import hftlib
from hftlib.cli.frame import main
from hftlib.core.states import BookState
from hftlib.desk.opening import open_run
from hftlib.desk.replay import replay
from hftlib.desk.settings import DeskSettings
from hftlib.desk.verification import verify
from hftlib.engine.engine import Engine
from hftlib.engine.hashing import RunHasher
from hftlib.io.tape import LiveTape, Manifest, TapeLimits, TapeReader
from hftlib.signals.catalogue import DEFAULT_SIGNALS, settings_of
from hftlib.signals.imbalance import ImbalanceParameters, ImbalanceSignal
from tests.conftest import PROJECT
from tests.desk_support.server import eventually

NEWS = PROJECT / "hftlib" / "data" / "incidents" / "news.tape"
FRAMES = 6_000
PART = 2_000
SECOND = 1_000_000_000


class TapeTime:
    """The clock of a live run that is made of a tape."""

    now = 0

    def now_ns(self):
        return self.now


class MadeLive:
    """Record the first frames of an incident as a live run would, in parts of 2,000 frames."""

    def __init__(self, folder, *, lose=range(0), signals=DEFAULT_SIGNALS):
        reader = TapeReader(NEWS)
        self.hasher = RunHasher(deferred=True)
        self.engine = Engine((), signals=signals)
        self.clock = TapeTime()
        manifest = Manifest(source=reader.manifest.source, signals=settings_of(signals))
        limits = TapeLimits(1 << 40, 1 << 62, 1 << 40, 1 << 62, 0)
        self.tape = LiveTape(folder, manifest, limits, hasher=self.hasher, clock=self.clock)
        self.engine.learn(reader.instruments.values())
        self.tape.add_instruments(reader.instruments.values())
        for frame, _ in zip(reader.frames(), range(FRAMES), strict=False):
            self.take(frame, is_lost=frame.ingress_seq in lose)
        self.manifests = self.tape.close()
        self.paths = sorted(folder.glob("*.tape"))

    def take(self, frame, is_lost):
        self.clock.now = max(self.clock.now, frame.ts_recv)
        if is_lost:
            self.tape._writer._lose(frame, "a test takes it")
        else:
            self.tape.append(frame)
        self.hasher.hear(frame, self.engine.on_event(frame))
        if frame.ingress_seq % PART == PART - 1:
            self.tape._limits = msgspec.structs.replace(self.tape._limits, rotate_ns=0)
            assert self.tape.wants_checkpoint(self.clock.now)
            self.tape.append_checkpoint(frame.ingress_seq, frame.ts_recv, self.engine.checkpoint())
            self.tape._limits = msgspec.structs.replace(self.tape._limits, rotate_ns=1 << 62)
            eventually(lambda: not self.tape._writer.is_switching)


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    return MadeLive(tmp_path_factory.mktemp("tapes"))


def hashes_of(report):
    return {(book.venue, book.symbol): book.state_hash for book in report.books}


def test_the_parts_of_a_run_replay_as_one_run_with_its_hashes(live):
    assert len(live.paths) == FRAMES // PART + 1
    report = replay([live.paths[2], live.paths[0], live.paths[3], live.paths[1]])
    assert (report.run_hash, report.fact_hash) == (
        live.manifests[-1].run_hash,
        live.manifests[-1].fact_hash,
    )
    assert report.frames == FRAMES


def test_every_tape_of_a_whole_run_is_proven_by_all_hashes(live):
    verdicts = verify(live.paths)
    assert [verdict.proven for verdict in verdicts] == [True] * 4
    assert {tuple(verdict.compared) for verdict in verdicts} == {
        ("run_hash", "fact_hash", "part_hash")
    }
    assert sum(verdict.frames for verdict in verdicts) == FRAMES


def test_a_part_is_proven_by_itself_from_the_state_that_it_begins_with(live):
    first, second = verify([live.paths[1], live.paths[3]])
    assert (first.proven, first.compared) == (True, ["part_hash"])
    assert (second.proven, second.compared) == (True, ["part_hash"])


def test_a_later_part_begins_with_the_books_of_the_one_before(live):
    alone = replay([live.paths[1]])
    assert alone.gaps == replay([live.paths[0]]).gaps
    assert all(book.state is BookState.LIVE for book in alone.books)
    assert hashes_of(alone) == hashes_of(replay(live.paths[:2]))


def test_a_run_that_lost_frames_is_proven_again_from_the_next_part_on(tmp_path):
    live = MadeLive(tmp_path, lose=range(2_500, 2_510))
    verdicts = verify(live.paths)
    assert [verdict.proven for verdict in verdicts] == [True, False, True, True]
    assert verdicts[1].reason == "10 frames are missing on this tape"
    assert verdicts[2].compared == ["part_hash"]
    assert hashes_of(replay(live.paths[2:])) == hashes_of(replay(live.paths))


def test_a_tape_that_tells_something_else_is_not_proven(live, tmp_path):
    path = tmp_path / live.paths[1].name
    shutil.copytree(live.paths[1], path)
    text = json.loads((path / "manifest.json").read_text())
    text["part_hash"] = "0" * 64
    (path / "manifest.json").write_text(json.dumps(text))
    (verdict,) = verify([path])
    assert not verdict.proven
    assert verdict.reason == "part_hash of this replay differ from the live run's"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"closed": False}, "the tape was not closed, so it holds no hashes"),
        ({}, "the tape holds no hashes: no engine ran when it was written"),
    ],
)
def test_a_tape_without_hashes_is_not_proven(live, tmp_path, change, reason):
    path = tmp_path / live.paths[0].name
    shutil.copytree(live.paths[0], path)
    text = json.loads((path / "manifest.json").read_text())
    text |= {"run_hash": "", "fact_hash": "", "part_hash": ""} | change
    (path / "manifest.json").write_text(json.dumps(text))
    (verdict,) = verify([path])
    assert (verdict.proven, verdict.reason) == (False, reason)


def test_the_replay_evaluates_the_signals_that_the_live_run_did(tmp_path):
    eager = ImbalanceSignal(ImbalanceParameters(levels=1, threshold=0.5, most_spread_bps=50.0))
    live = MadeLive(tmp_path, signals=(eager,))
    assert all(verdict.proven for verdict in verify(live.paths))


def test_the_command_line_tells_and_exits_with_what_it_found(live, capsys):
    assert main(["replay", "--verify", str(live.paths[0])]) == 0
    assert "2,000 frames  proven by run_hash, fact_hash, part_hash" in capsys.readouterr().out
    assert main(["replay", "--verify", "--json", str(NEWS)]) == 1
    (verdict,) = json.loads(capsys.readouterr().out)
    assert verdict["proven"] is False


def test_a_later_part_plays_from_its_first_frame_with_its_books_live(live):
    settings = DeskSettings(data_dir=live.paths[0].parent, paused=True)
    view, player = open_run(live.paths[2], settings)
    assert {book.state for book in view.run.engine.books.values()} == {BookState.LIVE}
    start = TapeReader(live.paths[2]).manifest.first_ts
    player.seek(start + SECOND)
    assert {book.state for book in view.run.engine.books.values()} == {BookState.LIVE}


def test_a_notebook_reads_the_books_of_a_later_part(live):
    opened = hftlib.open_tape(live.paths[1])
    (venue, symbol), *_ = sorted(TapeReader(live.paths[1]).instruments)
    expected = {(book.venue, book.symbol): book for book in replay(live.paths[:2]).books}
    assert opened.view.book(venue, symbol, 1).last_update_id == (
        expected[venue, symbol].last_update_id
    )
    opened.go_to(opened.start)
    assert opened.view.book(venue, symbol, 1).state is BookState.LIVE


def test_features_of_a_later_part_are_those_of_the_whole_run(live):
    """What depends on the book alone is the same from the first frame on."""
    venue, symbol = "binance", "BTCUSDT"
    names = ("mid", "imbalance_20", "spread_bps")
    whole = TapeReader(NEWS)
    last = TapeReader(live.paths[1]).manifest.last_seq
    later = hftlib.open_tape(live.paths[1]).measure(venue, symbol, names)
    engine = Engine(whole.instruments.values())
    for frame in whole.frames():
        engine.on_event(frame)
        if frame.ingress_seq == last:
            break
    expected = [engine.measurers[venue, symbol].value(name) for name in names]
    assert later[list(names)].iloc[-1].tolist() == pytest.approx(expected)
    assert later["mid"].notna().all()
    assert len(later) > 50
