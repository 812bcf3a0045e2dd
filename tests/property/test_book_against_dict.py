"""The compiled book equals a plain dict book over generated histories, structure and all."""

import json
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from hftlib.book.book import Book, Outcome
from hftlib.book.layout import ASK, BID, CROSSED, MAXIMUM_TICKS, TOP_DEPTH
from hftlib.core.events import BookDelta, BookSnapshot, Layout
from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState
from tests.book.book_events import (
    SMALL_WINDOW,
    SYMBOL,
    VENUE,
    assert_structure,
    levels_of,
    top_of,
)
from tests.reference.dict_book import DictBook

INSTRUMENTS = (
    Instrument(VENUE, SYMBOL, "BTC", "USDT", "0.01", "0.00000001"),
    Instrument(VENUE, SYMBOL, "BTC", "USDT", "0.5", "1"),
    Instrument(VENUE, SYMBOL, "BTC", "USDT", "1", "0.001"),
    Instrument(VENUE, SYMBOL, "BTC", "USDT", "0.0000000025", "0.0000000001"),
)

MIDDLE = 40_000
near = st.integers(MIDDLE - 40, MIDDLE + 40)
around = st.integers(1, 2 * MIDDLE)
anywhere = st.integers(1, 2**33) | st.integers(MAXIMUM_TICKS // 32 - 3, MAXIMUM_TICKS // 32)
sizes = st.just(0) | st.integers(1, 9) | st.integers(0, 10**9)
layouts = st.sampled_from(list(Layout))


@st.composite
def level_lists(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    """Draw (side, ticks, quanta): scattered levels, or one long run that fills the overflow."""
    if draw(st.integers(0, 3)) == 0:
        first, step = draw(around), draw(st.sampled_from((1, 2, 97, 1000)))
        count, side, size = draw(st.integers(60, 200)), draw(st.integers(0, 1)), draw(sizes)
        run = [(side, first + step * index, size) for index in range(count)]
        return run[::-1] if draw(st.booleans()) else run
    return draw(
        st.lists(st.tuples(st.integers(0, 1), near | around | anywhere, sizes), max_size=30)
    )


steps = st.lists(st.tuples(st.integers(0, 5), layouts, level_lists()), min_size=1, max_size=12)


def write(instrument: Instrument, layout: Layout, levels, quoted: bool) -> dict[str, bytes]:
    """Return the texts of levels in a layout."""
    rows: dict[str, list] = {"bids": [], "asks": [], "changes": []}
    for side, ticks, quanta in levels:
        number = str if quoted else _Bare
        price = number(instrument.price_text(ticks))
        size = number(instrument.size_text(quanta))
        if layout is Layout.PAIRS:
            rows["asks" if side else "bids"].append([price, size, 3])
        elif layout is Layout.OBJECTS:
            rows["asks" if side else "bids"].append({"size": size, "price": price, "n": [1]})
        elif layout is Layout.CHANGES:
            rows["changes"].append(["sell" if side else "buy", price, size])
        else:
            word = "offer" if side else "bid"
            rows["changes"].append({"side": word, "price_level": price, "new_quantity": size})
    return {name: _dump(items) for name, items in rows.items()}


class _Bare(str):
    """A number to be written without quotes."""

    __slots__ = ()


def _dump(value) -> bytes:
    if isinstance(value, list):
        return b"[ " + b" ,\n".join(map(_dump, value)) + b"]"
    if isinstance(value, dict):
        members = (json.dumps(key).encode() + b" : " + _dump(item) for key, item in value.items())
        return b"{" + b",\t".join(members) + b" }"
    return value.encode() if isinstance(value, _Bare) else json.dumps(value).encode()


def event_of(number: int, instrument: Instrument, step, quoted: bool):
    """Return a step as an event; every sixth or so is a snapshot."""
    kind, layout, levels = step
    texts = write(instrument, layout, levels, quoted)
    if kind == 0:
        return BookSnapshot(VENUE, SYMBOL, number, number, number, layout, **texts)
    return BookDelta(VENUE, SYMBOL, number, number, number, number, layout, **texts)


def assert_equal(book: Book, plain: DictBook) -> None:
    """Assert that both hold the same, whichever way it is read."""
    assert_structure(book.ints)
    for side, bids in ((BID, True), (ASK, False)):
        levels = plain.levels(bids)
        assert levels_of(book, side) == levels
        assert levels_of(book, side, 3) == levels[:3]
        assert top_of(book, side) == levels[:TOP_DEPTH]
    assert (book.best_bid, book.best_ask) == (plain.best_bid, plain.best_ask)
    assert (book.bid_levels, book.ask_levels) == (len(plain.bids), len(plain.asks))
    assert book.unknown_deletes == plain.unknown_deletes
    assert bool(book.ints[CROSSED]) == plain.is_crossed
    assert book.state_hash() == plain.state_hash()


@given(steps, st.sampled_from(INSTRUMENTS), st.booleans())
def test_the_book_equals_the_dict_book_after_every_event(history, instrument, quoted) -> None:
    book, plain = Book(instrument, window_bits=SMALL_WINDOW), DictBook(instrument)
    for number, step in enumerate(history, 1):
        event = event_of(number, instrument, step, quoted)
        outcome = (
            book.apply_snapshot(event)
            if isinstance(event, BookSnapshot)
            else book.apply_delta(event)
        )
        plain.apply(event)
        assert outcome is (Outcome.CROSSED if plain.is_crossed else Outcome.APPLIED)
        assert (book.state is BookState.CROSSED) >= plain.is_crossed
        assert_equal(book, plain)


@given(steps, st.sampled_from(INSTRUMENTS), st.lists(around))
def test_single_sizes_equal_the_dict_book(history, instrument, asked) -> None:
    book, plain = Book(instrument, window_bits=SMALL_WINDOW), DictBook(instrument)
    for number, step in enumerate(history, 1):
        event = event_of(number, instrument, step, True)
        book._change(event, isinstance(event, BookSnapshot))
        plain.apply(event)
    for side, held in ((BID, plain.bids), (ASK, plain.asks)):
        assert all(book.size_at(side, ticks) == held.get(ticks, 0) for ticks in asked)
    for side, held in ((BID, plain.bids), (ASK, plain.asks)):
        assert all(book.size_at(side, ticks) == quanta for ticks, quanta in held.items())


@given(steps, st.sampled_from(INSTRUMENTS))
def test_a_checkpoint_brings_back_the_same_book(history, instrument) -> None:
    book = Book(instrument, window_bits=SMALL_WINDOW)
    for number, step in enumerate(history, 1):
        book.apply_delta(event_of(number, instrument, (1, *step[1:]), True))
    other = Book(instrument, window_bits=SMALL_WINDOW + 1)
    other.load(book.dump())
    assert_structure(other.ints)
    assert other.state_hash() == book.state_hash()
    assert other.top() == book.top()
    assert other.dump() == book.dump()


@settings(max_examples=20)
@given(st.integers(0, 600), st.integers(14, 40), st.integers(0, 2**32))
def test_a_scattered_book_survives_insertion_and_deletion_in_any_order(count, bits, seed) -> None:
    random = Random(seed)
    ticks = random.sample(range(1, 2**bits), count)
    instrument = INSTRUMENTS[2]
    book, plain = Book(instrument, window_bits=SMALL_WINDOW), DictBook(instrument)
    for round_number, size in enumerate((5, 0, 7, 0), 1):
        random.shuffle(ticks)
        for start in range(0, len(ticks), 97):
            chosen = ticks[start : start + (97 if size or round_number == 4 else 60)]
            levels = [(start // 97 % 2, price, size) for price in chosen]
            event = event_of(round_number, instrument, (1, Layout.CHANGES, levels), True)
            book._change(event, replace=0)
            plain.apply(event)
            book.last_update_id = plain.last_update_id
            assert_equal(book, plain)
