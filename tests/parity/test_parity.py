"""One tape through sockets, player and batch gives one fact hash; a live run proves its tape."""

import asyncio
import time
from functools import partial
from pathlib import Path

import msgspec
import pytest

from hftlib.core.frames import Frame
from hftlib.core.states import BookState, FeedCondition
from hftlib.desk.live_run import LiveRun
from hftlib.desk.opening import TapeRecording, run_of
from hftlib.desk.player import Player
from hftlib.desk.replay import replay
from hftlib.desk.run import Run
from hftlib.desk.verification import verify
from hftlib.engine.engine import Engine
from hftlib.engine.hashing import RunHasher
from hftlib.io.clock import WallClock
from hftlib.io.importers.importer import Order, import_files
from hftlib.io.tape import BlockWriter, LiveTape, Manifest, TapeLimits, TapeReader
from tests.conftest import PROJECT
from tests.parity.faults import handed_over, shortened, with_gap
from tests.parity.playback_venue import Conductor, PlaybackVenue

DOWN = PROJECT / "hftlib" / "data" / "incidents" / "venue_down.tape"
NO_LIMITS = TapeLimits(1 << 40, 1 << 62, 1 << 40, 1 << 62, 0)


class Sockets:
    """What a run over loopback sockets came to."""

    def __init__(self, path: Path, folder: Path, *, strict: bool = False) -> None:
        self.reader = TapeReader(path)
        self.folder = folder
        self.strict = strict
        self.fact_hash = ""
        asyncio.run(self._run())

    async def _run(self) -> None:
        clock, live_hasher, hasher = WallClock(), RunHasher(deferred=True), RunHasher()
        manifest = Manifest(source=self.reader.manifest.source)
        tape = LiveTape(self.folder, manifest, NO_LIMITS, hasher=live_hasher, clock=clock)
        run = Run(partial(Engine, ()), self.reader.manifest.source, "loopback")
        live = LiveRun(run, tape, clock)
        live.listeners += [live_hasher.hear, hasher.hear]
        live.learn(list(self.reader.instruments.values()))
        self.engine = run.engine
        async with PlaybackVenue() as venue:
            conductor = Conductor(venue, live.take, strict=self.strict)
            await conductor.play(list(self.reader.frames()))
            self.fact_hash = hasher.fact_hash()
            self.states = {key: book.state for key, book in run.engine.books.items()}
            await conductor.close()
        self.manifests = await asyncio.to_thread(tape.close)
        self.tapes = sorted(self.folder.glob("*.tape"))


def by_player(path: Path) -> str:
    """Return the fact hash of a desk that plays the tape."""
    reader, hasher = TapeReader(path), RunHasher()
    run = run_of(reader)
    feed = run.feed

    def heard(frame: Frame) -> list:
        facts = feed(frame)
        hasher.hear(frame, facts)
        return facts

    run.feed = heard
    player = Player(TapeRecording(reader), run, speed=0, paused=False, loop=False)
    while not player.ended:
        player.play_slice(time.monotonic, time.monotonic() + 1.0)
    return hasher.fact_hash()


def by_lanes(path: Path, folder: Path) -> list[Path]:
    """Return tapes of one lane each, to be merged again."""
    reader = TapeReader(path)
    writers: dict[str, BlockWriter] = {}
    for frame in reader.frames():
        venue_tape = folder / f"{frame.venue}.tape"
        if frame.venue not in writers:
            writers[frame.venue] = BlockWriter(venue_tape, manifest_of(reader))
        writers[frame.venue].append(frame)
    return [folder / f"{name}.tape" for name, writer in writers.items() if writer.close()]


def manifest_of(reader: TapeReader) -> Manifest:
    held = reader.manifest
    return Manifest(source=held.source, instruments=held.instruments)


@pytest.fixture(scope="module")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A venue that goes down and comes back, cut short: 3 lanes, a reconnect, REST snapshots."""
    folder = tmp_path_factory.mktemp("incident")
    return shortened(DOWN, folder / "short.tape", [range(2_200), range(16_900, 18_600)])


@pytest.fixture(scope="module")
def captured(captures, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames of the exchange: spot and futures, as cryptofeed recorded them."""
    path = tmp_path_factory.mktemp("capture") / "binance.tape"
    files = sorted(captures("cryptofeed-binance-20211012").glob("BINANCE_2021*.gz"))
    import_files(Order("cryptofeed", tuple(files), path, "binance"))
    return path


@pytest.fixture(scope="module")
def pushed(captures, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames of the exchange whose books are pushed."""
    path = tmp_path_factory.mktemp("capture") / "coinbase.tape"
    files = sorted(captures("coinbase-adv-20260809").glob("*.gz"))
    import_files(Order("cryptofeed", tuple(files), path, "coinbase"))
    return path


@pytest.mark.parametrize("name", ["incident", "captured", "pushed"])
def test_sockets_player_and_batch_give_one_fact_hash(name, request, tmp_path):
    path = request.getfixturevalue(name)
    batch = replay([path])
    sockets = Sockets(path, tmp_path / "live")
    assert sockets.engine.frames > batch.frames - 1
    assert sockets.fact_hash == batch.fact_hash
    assert by_player(path) == batch.fact_hash
    assert BookState.LIVE in sockets.states.values()


def test_tapes_of_one_venue_each_merge_to_the_same_facts(incident, tmp_path):
    assert replay(by_lanes(incident, tmp_path)).fact_hash == replay([incident]).fact_hash


def test_a_gap_is_the_same_gap_everywhere(incident, tmp_path):
    path = with_gap(incident, tmp_path / "gap.tape", "binance", "BTCUSDT")
    batch = replay([path])
    assert batch.gaps == replay([incident]).gaps + 1
    assert batch.resyncs >= 1
    sockets = Sockets(path, tmp_path / "live")
    assert sockets.fact_hash == batch.fact_hash == by_player(path)
    assert sockets.fact_hash != replay([incident]).fact_hash
    assert sockets.engine.count(FeedCondition.GAP) == batch.gaps


def test_a_hand_over_is_seamless_everywhere(incident, tmp_path):
    path = handed_over(incident, tmp_path / "over.tape", "binance", "ws")
    batch = replay([path])
    assert batch.conditions["HANDED_OVER"] == 1
    assert batch.gaps == 0
    sockets = Sockets(path, tmp_path / "live", strict=True)
    assert sockets.engine.count(FeedCondition.HANDED_OVER) == 1
    assert sockets.fact_hash == batch.fact_hash == by_player(path)
    assert sockets.states["binance", "BTCUSDT"] is BookState.LIVE


@pytest.mark.parametrize("fault", ["none", "gap", "hand over"])
def test_a_recorded_live_run_replays_to_its_own_hashes(fault, incident, tmp_path):
    path = incident
    if fault == "gap":
        path = with_gap(incident, tmp_path / "gap.tape", "binance", "BTCUSDT")
    elif fault == "hand over":
        path = handed_over(incident, tmp_path / "over.tape", "binance", "ws")
    sockets = Sockets(path, tmp_path / "live", strict=fault == "hand over")
    (verdict,) = verify(sockets.tapes)
    assert verdict.proven, verdict.reason
    assert verdict.compared == ["run_hash", "fact_hash", "part_hash"]
    assert replay(sockets.tapes).run_hash == sockets.manifests[-1].run_hash


def test_one_byte_of_one_frame_is_another_run(incident, tmp_path):
    frames = list(TapeReader(incident).frames())
    place = next(n for n, one in enumerate(frames) if b"@depth" in one.payload and n > 1_000)
    payload = frames[place].payload.replace(b'"U":', b'"U": ', 1)
    changed = msgspec.structs.replace(frames[place], payload=payload)
    assert changed.payload != frames[place].payload
    sizes = frames[place].payload.rsplit(b'"', 2)
    other = msgspec.structs.replace(frames[place], payload=b'7"'.join([sizes[0], sizes[2]]))
    hashes = []
    for name, frame in (("same", changed), ("other", other)):
        path = tmp_path / f"{name}.tape"
        with BlockWriter(path, manifest_of(TapeReader(incident))) as writer:
            for one in [*frames[:place], frame, *frames[place + 1 :]]:
                writer.append(one)
        hashes.append(replay([path]).fact_hash)
    assert hashes[0] == replay([incident]).fact_hash, "white space is no fact"
    assert hashes[1] != hashes[0]
