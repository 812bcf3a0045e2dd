"""A source that breaks while it plays: the desk says so, and no book of it looks alive."""

from pathlib import Path

from hftlib.core.states import BookState
from hftlib.io.tape import TapeReader
from tests.desk_support.recording import SYMBOL, VENUE, write_tape
from tests.desk_support.server import eventually, playing


def damaged(path: Path) -> Path:
    """Return a tape with a block in its middle overwritten."""
    write_tape(path, steps=1_500)
    blocks = TapeReader(path).blocks
    block = blocks[len(blocks) // 2]
    frames = path / "frames.zst"
    content = bytearray(frames.read_bytes())
    content[block.offset + 12 : block.offset + 60] = bytes(48)
    frames.write_bytes(content)
    return path


def test_a_tape_that_breaks_takes_its_books_down(tmp_path: Path) -> None:
    tape = damaged(tmp_path / "broken.tape")
    with playing(tape, tmp_path / "data", speed=0.0, stays_up=True) as running:
        connection = running.connection()
        health = eventually(lambda: (h := connection.health()).state == "failed" and h)
        book = connection.book(VENUE, SYMBOL, 1)
        status = connection.feeds()[0].status
    assert "frames.zst" in health.reason
    assert book.state is BookState.DOWN
    assert (status.state, status.reason) == (BookState.DOWN, health.reason)
