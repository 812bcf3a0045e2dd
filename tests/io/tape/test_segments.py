"""Chains of checkpoints: small, sought at once, and no less safe than blocks."""

import os
import random

import pytest

from hftlib.core.errors import TapeError
from hftlib.core.instrument import Instrument
from hftlib.io.tape import BlockWriter, Manifest, TapeReader
from tests.io.tape.frame_factory import numbered

FRAMES = numbered(400)
EVERY = 10


def blob(number):
    """Return a state of 20 kB of which a twentieth differs from the one before."""
    state = bytearray(random.Random(0).randbytes(20_000))
    for place in range(number):
        state[place * 400 : place * 400 + 400] = random.Random(place + 1).randbytes(400)
    return bytes(state)


BLOBS = [blob(number) for number in range(len(FRAMES) // EVERY)]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.tape"
    with BlockWriter(path) as writer:
        add(writer, FRAMES)
    return path


def add(writer, frames):
    for frame in frames:
        writer.append(frame)
        if frame.ingress_seq % EVERY == EVERY - 1:
            state = BLOBS[frame.ingress_seq // EVERY]
            writer.append_checkpoint(frame.ingress_seq, frame.ts_recv, state)


def stored(path):
    reader = TapeReader(path)
    times = [frame.ts_recv for frame in FRAMES]
    found = {}
    for number in range(EVERY, len(FRAMES)):
        checkpoint = reader.checkpoint_before(times[number])
        if checkpoint is not None:
            found[checkpoint.ingress_seq] = checkpoint.blob
    return found


def expected(count):
    return {number * EVERY + EVERY - 1: BLOBS[number] for number in range(count)}


def test_a_chain_is_small_and_every_link_can_be_read(path):
    assert stored(path) == expected(39)
    alone = 20_000 * len(BLOBS)
    assert (path / "checkpoints.zst").stat().st_size < alone / 5


def test_the_index_of_a_chain_can_be_rebuilt(path):
    index = (path / "checkpoints.index").read_bytes()
    (path / "checkpoints.index").unlink()
    assert stored(path) == expected(39)
    BlockWriter(path, append=True).close()
    assert (path / "checkpoints.index").read_bytes() == index


def test_a_chain_torn_anywhere_keeps_its_whole_links(path):
    size = (path / "checkpoints.zst").stat().st_size
    ends = [int(line.split(b",")[0][1:]) for line in (path / "checkpoints.index").open("rb")][1:]
    for cut in range(size - 1, size // 2, -997):
        os.truncate(path / "checkpoints.zst", cut)
        whole = sum(end <= cut for end in ends)
        assert TapeReader(path).checkpoint_count == whole
        assert stored(path) == expected(min(whole, 39))


def test_appending_begins_a_new_chain(tmp_path):
    path = tmp_path / "a.tape"
    for part in (FRAMES[:105], FRAMES[105:]):
        with BlockWriter(path, append=True) as writer:
            add(writer, part)
    assert stored(path) == expected(39)


def test_damage_within_a_chain_is_found(path):
    data = bytearray((path / "checkpoints.zst").read_bytes())
    data[len(data) // 3] ^= 255
    (path / "checkpoints.zst").write_bytes(data)
    with pytest.raises(TapeError, match="at byte"):
        stored(path)


def test_checkpoints_in_other_increments_are_dropped(path):
    bitcoin = Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.01", "0.00001")
    finer = Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.01", "0.000001")
    for one, count in ((bitcoin, 40), (bitcoin, 40), (finer, 0)):
        with BlockWriter(path, append=True) as writer:
            writer.describe(Manifest(instruments=(one,)))
        assert TapeReader(path).checkpoint_count == count
    assert TapeReader(path).manifest.instruments == (finer,)
