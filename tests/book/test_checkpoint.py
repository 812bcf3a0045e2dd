"""Checkpoints come back whole or not at all."""

import msgspec
import numpy as np
import pytest

from hftlib.book.book import Book
from hftlib.book.checkpoint import Checkpoint, PackedLevels, pack_levels, unpack_levels
from hftlib.core.errors import TapeError
from hftlib.core.states import BookState
from tests.book.book_events import INSTRUMENT, SMALL_WINDOW, delta, levels_of, snapshot


@pytest.fixture
def book() -> Book:
    book = Book(INSTRUMENT, window_bits=SMALL_WINDOW)
    book.apply_snapshot(snapshot([(100, 5), (99, 6), (7, 7)], [(101, 8), (5_000_000, 9)]))
    book.apply_delta(delta([(98, 0), (100, 4)], []))
    return book


def changed(book: Book, **fields) -> bytes:
    """Return the book's checkpoint with some fields changed."""
    checkpoint = msgspec.msgpack.decode(book.dump(), type=Checkpoint)
    return msgspec.msgpack.encode(msgspec.structs.replace(checkpoint, **fields))


def test_a_loaded_book_is_the_dumped_one(book: Book) -> None:
    book.set_state(BookState.STALE, 77, "silent")
    other = Book(INSTRUMENT)
    other.load(book.dump())
    assert other.top() == book.top()
    assert other.state_hash() == book.state_hash()
    assert (other.state_since, other.state_reason) == (77, "silent")
    assert (other.unknown_deletes, other.bid_levels, other.ask_levels) == (1, 3, 2)
    assert other.dump() == book.dump()


def test_levels_are_packed_as_steps() -> None:
    ticks, quanta = np.array([9, 7, 2]), np.array([1, 2, 3])
    packed = pack_levels(ticks, quanta)
    assert np.frombuffer(packed.steps, "<i8").tolist() == [9, -2, -5]
    again = unpack_levels(packed, -1)
    assert [column.tolist() for column in again] == [[9, 7, 2], [1, 2, 3]]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"version": 9}, "version 9"),
        ({"symbol": "ETHUSDT"}, "ETHUSDT"),
        ({"price_increment": "0.1"}, "not of"),
        ({"bids": PackedLevels(b"1234567", b"1234567")}, "broken levels"),
        ({"asks": PackedLevels(bytes(8), bytes(16))}, "broken levels"),
        ({"asks": pack_levels(np.array([5, 4]), np.array([1, 1]))}, "out of order"),
        ({"bids": pack_levels(np.array([5, 5]), np.array([1, 1]))}, "out of order"),
        ({"bids": pack_levels(np.array([5]), np.array([0]))}, "out of range"),
        ({"bids": pack_levels(np.array([0]), np.array([1]))}, "out of range"),
        ({"asks": pack_levels(np.array([2**62]), np.array([1]))}, "out of range"),
    ],
)
def test_a_checkpoint_that_does_not_fit_changes_nothing(
    book: Book, fields: dict, words: str
) -> None:
    before = book.state_hash(), book.top()
    with pytest.raises(TapeError, match=words):
        book.load(changed(book, **fields))
    assert (book.state_hash(), book.top()) == before


def test_bytes_that_are_no_checkpoint_are_refused(book: Book) -> None:
    with pytest.raises(TapeError, match="not a book checkpoint"):
        book.load(b"nonsense")


def test_a_large_checkpoint_makes_room(book: Book) -> None:
    ticks = np.arange(1, 40_001) * 50_000
    asks = pack_levels(ticks, np.ones_like(ticks))
    book.load(changed(book, asks=asks))
    assert book.ask_levels == 40_000
    assert levels_of(book, 1, 2) == [(50_000, 1), (100_000, 1)]
