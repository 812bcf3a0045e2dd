import pytest

from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.desk.checkpoints import add_checkpoints
from hftlib.desk.local_tape import write_tape
from hftlib.engine.engine import Engine
from hftlib.io.tape import BlockWriter, Manifest, TapeReader
from hftlib.market.listings import listing_of


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    path = tmp_path_factory.mktemp("market") / "a.tape"
    books = tuple(listing_of(*book) for book in (("binance", "BTCUSDT"), ("coinbase", "BTC-USD")))
    write_tape(path, seed=3, scenarios=["volatile"], seconds=14, listings=books)
    seen = []
    stored = add_checkpoints(
        path, 3.0, lambda done, total: seen.append((done, total)), least_frames=100
    )
    assert stored == 4
    assert seen
    return path


def state_of(engine):
    return {
        key: (book.state, book.last_update_id, book.state_hash(), engine.vector_of(*key))
        for key, book in engine.books.items()
    }


def test_playing_from_any_checkpoint_ends_where_the_whole_tape_does(tape):
    reader = TapeReader(tape)
    whole = Engine(reader.manifest.instruments)
    states, end = {}, 0
    for frame in reader.frames():
        whole.on_event(frame)
        end = frame.ts_recv
    for back in (0, 3, 6, 9):
        checkpoint = reader.checkpoint_before(end - back * 10**9)
        if checkpoint is None:
            continue
        engine = Engine(reader.manifest.instruments)
        engine.restore(checkpoint.blob)
        for frame in reader.frames(after_seq=checkpoint.ingress_seq):
            engine.on_event(frame)
        states[checkpoint.ingress_seq] = state_of(engine)
    assert len(states) >= 3
    assert all(state == state_of(whole) for state in states.values())


def test_a_second_run_adds_only_what_is_missing(tape):
    count = TapeReader(tape).checkpoint_count
    assert add_checkpoints(tape, 3.0, least_frames=100) == 0
    assert TapeReader(tape).checkpoint_count == count
    TapeReader(tape).verify()


def test_a_tape_without_books_gets_none(tmp_path):
    path = tmp_path / "a.tape"
    one = Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.01", "0.00001")
    with BlockWriter(path, Manifest(instruments=(one,))) as writer:
        for number in range(10):
            writer.append(Frame(number, number * 60 * 10**9, "binance", "ws", FrameKind.TIMER, b""))
    assert add_checkpoints(path, 1.0, least_frames=1) == 0
