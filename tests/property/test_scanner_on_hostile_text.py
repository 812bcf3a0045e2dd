"""Cut, flipped and invented level text: never out of bounds, never applied in part.

With the compiler off, texts and arrays are guarded: an index out of range fails the test. Compiled,
each text lies between signs that would change the result if they were read.
"""

import json

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.book import kernel
from hftlib.book.book import Book
from hftlib.book.layout import ASK, BID, MALFORMED, TOO_LARGE
from hftlib.core.compiled import direct
from hftlib.core.decimals import to_text
from hftlib.core.events import Layout
from hftlib.core.instrument import Instrument
from tests.book.book_events import SMALL_WINDOW, assert_structure, levels_of, text_delta
from tests.reference.dict_book import DictBook, RefusedError

INSTRUMENT = Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.01", "0.00000001")

PAIRS = (
    b'[["61737.63000000","0.00000000"],["61730.17000000","1.54698000"],["5.1","12345678.5"]]',
    b'[["61737.63000000","0.00000000"],["61730.17000000","1.54698000"],["61730.17","22"]]',
    b"[[61737.6, 0.25], [1, 2.50000000] ]",
    b'[["0.7900","450.0",3],["0.81","2635.4","id-1"],["12345678.00","0.1",4]]',
)
OTHERS = (
    (Layout.OBJECTS, b'[{"price":"9.5","size":"1.25"},{"size":3,"n":[1,{"a":"]"}],"price":7.25}]'),
    (Layout.CHANGES, b'[["buy","0.79","468.0"],["sell", "0.81", "0.00"]]'),
    (
        Layout.UPDATES,
        b'[{"side":"bid","event_time":"T21:06:00Z","price_level":"1918.64","new_quantity":"0.05"}'
        b',{"side":"offer","price_level":"1920","new_quantity":"0"}]'.strip(),
    ),
)


class GuardedText:
    """Bytes that refuse every place outside of them, negative ones as well."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    def __len__(self) -> int:
        return len(self.text)

    def __getitem__(self, at):
        if isinstance(at, slice):
            assert 0 <= at.start <= at.stop <= len(self.text)
        else:
            assert 0 <= at < len(self.text)
        return self.text[at]


class GuardedInts(np.ndarray):
    """An array that refuses every place outside of it, negative ones as well."""

    def __getitem__(self, at):
        assert isinstance(at, slice) or 0 <= at < self.size
        return super().__getitem__(at)

    def __setitem__(self, at, value) -> None:
        assert isinstance(at, slice) or 0 <= at < self.size
        super().__setitem__(at, value)


def change(ints: np.ndarray, bids: bytes, asks: bytes, changes: bytes, layout: Layout) -> int:
    """Apply texts, guarded as far as the mode allows."""
    texts = (bids, asks, changes)
    if numba.config.DISABLE_JIT:
        guarded = [GuardedText(text) for text in texts]
        call = kernel.change_book.__wrapped__
        return int(call(ints.view(GuardedInts), *guarded, int(layout), 0))
    between = [
        memoryview(b'9"],[9' + text + b'9"],["9","9"]]')[6 : 6 + len(text)] for text in texts
    ]
    return direct(kernel.change_book)(ints, *between, layout, 0)


def assert_all_or_nothing(book: Book, layout: Layout, text: bytes) -> int:
    """Apply hostile text; assert that it is applied as json reads it, or not at all."""
    before = [levels_of(book, side) for side in (BID, ASK)]
    plain = DictBook(book.instrument)
    plain.bids, plain.asks = map(dict, before)
    event = text_delta(layout, bids=text) if layout <= Layout.OBJECTS else None
    event = event or text_delta(layout, changes=text)
    code = change(book.ints, event.bids, event.asks, event.changes, layout)
    try:
        plain.apply(event)
        assert code >= 0, (code, text)
    except RefusedError:
        if layout is Layout.PAIRS and code >= 0:
            assert is_lenient(text), text
            return code
    if code < 0:
        assert [levels_of(book, side) for side in (BID, ASK)] == before, text
    elif layout is Layout.PAIRS:
        assert [levels_of(book, side) for side in (BID, ASK)] == [
            plain.levels(True),
            plain.levels(False),
        ]
    return code


def is_lenient(text: bytes) -> bool:
    """Say whether json refuses text for what the scanner does not mind.

    That is leading zeros and a bare trailing point in bare numbers, and anything at all in the
    elements after price and size.
    """
    return b'"]' not in text or b'",3]' in text or b"id-1" in text


def fresh() -> Book:
    book = Book(INSTRUMENT, window_bits=SMALL_WINDOW)
    assert change(book.ints, b'[["5.00","1"],["4.99","2"]]', b'[["5.02","3"]]', b"", Layout.PAIRS)
    return book


CASES = [(Layout.PAIRS, text) for text in PAIRS] + list(OTHERS)
IDS = [f"{layout.name.lower()}-{number}" for number, (layout, _) in enumerate(CASES)]


@pytest.mark.parametrize(("layout", "text"), CASES, ids=IDS)
def test_text_cut_at_any_byte_is_refused_and_changes_nothing(layout: Layout, text: bytes) -> None:
    book = fresh()
    for end in range(len(text)):
        assert assert_all_or_nothing(book, layout, text[:end]) == MALFORMED
    assert_structure(book.ints)
    assert assert_all_or_nothing(book, layout, text) > 0


@pytest.mark.parametrize(("layout", "text"), CASES, ids=IDS)
def test_a_flipped_byte_is_applied_as_json_reads_it_or_not_at_all(
    layout: Layout, text: bytes
) -> None:
    for at in range(len(text)):
        book = fresh()
        for flip in (1, 2, 4, 8, 16, 32, 64, 128, 0x12, 0x7E):
            changed = bytearray(text)
            changed[at] ^= flip
            assert_all_or_nothing(book, layout, bytes(changed))
        assert_structure(book.ints)


SIGNS = [b'"', b"[", b"]", b"{", b"}", b",", b":", b".", b"-", b"e", b" ", b"\\", b"\x00", b"\xff"]
WORDS = [
    b"0", b"1", b"12.5", b'"3.25"', b'"0.000000001"', b'"12345678.12345678"', b'"123456789.1"',
    b'"99999999999999999999"', b'["1.5","2"]', b'["buy","1","2"]', b'{"price":"1","size":"2"}',
    b'{"side":"bid","price_level":"1","new_quantity":"1"}', b'"price"', b'"side"', b"null",
]  # fmt: skip


@given(st.sampled_from(list(Layout)), st.lists(st.sampled_from(SIGNS + WORDS), max_size=30))
def test_invented_text_is_applied_whole_or_not_at_all(layout: Layout, pieces: list[bytes]) -> None:
    book = fresh()
    for text in (b"".join(pieces), b"[" + b",".join(pieces) + b"]"):
        code = change(book.ints, text, text, text, layout)
        if code < 0:
            assert levels_of(book, BID) == [(500, 10**8), (499, 2 * 10**8)]
            assert levels_of(book, ASK) == [(502, 3 * 10**8)]
        else:
            book = fresh()
    assert_structure(book.ints)


@given(st.binary(max_size=60), st.sampled_from(list(Layout)))
def test_any_bytes_are_survived(text: bytes, layout: Layout) -> None:
    book = fresh()
    code = change(book.ints, text, b"[]", text, layout)
    assert code <= 0 or text.strip()[:1] == b"["


usual = st.from_regex(r"[0-9]{1,8}\.[0-9]{1,9}", fullmatch=True)


@given(
    st.lists(st.tuples(usual, usual), min_size=1, max_size=6),
    st.integers(0, 9),
    st.integers(0, 9),
    st.sampled_from([1, 5, 25]),
)
def test_levels_as_binance_writes_them_are_read_as_decimals(
    rows, price_decimals, size_decimals, tick
) -> None:
    increments = (to_text(tick, price_decimals), to_text(1, size_decimals))
    instrument = Instrument("binance", "X", "A", "B", *increments)
    rows = [
        (_cut(price, price_decimals, keep), _cut(size, size_decimals, keep))
        for keep, (price, size) in enumerate(rows)
    ]
    text = json.dumps(rows, separators=(",", ":")).encode()
    book, plain = Book(instrument, window_bits=SMALL_WINDOW), DictBook(instrument)
    code = change(book.ints, text, b"[]", b"", Layout.PAIRS)
    try:
        plain.apply(text_delta(Layout.PAIRS, bids=text))
    except RefusedError:
        assert code < 0
    assert levels_of(book, BID) == plain.levels(True)


def _cut(text: str, decimals: int, keep: int) -> str:
    """Write zeros for the digits beyond the decimals, but for every sixth number."""
    whole, _, fraction = text.partition(".")
    return text if keep == 5 else f"{whole}.{fraction[:decimals].ljust(len(fraction), '0')}"


numbers = st.from_regex(r"[0-9]{1,22}(\.[0-9]{0,12})?", fullmatch=True)


@given(
    st.lists(st.tuples(numbers, numbers), max_size=4),
    st.booleans(),
    st.sampled_from(
        [("0.01", "0.00000001"), ("0.5", "1"), ("1", "0.1"), ("0.00000025", "0.000000001")]
    ),
)
def test_numbers_are_read_as_exact_decimals_read_them(rows, quoted, increments) -> None:
    instrument = Instrument("binance", "X", "A", "B", *increments)
    book, plain = Book(instrument, window_bits=SMALL_WINDOW), DictBook(instrument)
    if not quoted:
        rows = [tuple(_as_json_number(number) for number in row) for row in rows]
    frame = '"' if quoted else ""
    text = "[" + ",".join(f"[{frame}{a}{frame},{frame}{b}{frame}]" for a, b in rows) + "]"
    code = change(book.ints, text.encode(), b"[]", b"", Layout.PAIRS)
    try:
        plain.apply(text_delta(Layout.PAIRS, bids=text.encode()))
    except RefusedError:
        assert code < 0
    else:
        assert code == len(rows)
    assert levels_of(book, BID) == plain.levels(True)


def _as_json_number(text: str) -> str:
    whole, _, fraction = text.partition(".")
    return (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")


@pytest.mark.parametrize(
    ("price", "size", "code"),
    [
        ("1", "9223372036854775807", 1),
        ("1", "9223372036854775808", TOO_LARGE),
        ("1", "92233720368547758070", TOO_LARGE),
        ("2305843009213693952", "1", 1),
        ("2305843009213693953", "1", TOO_LARGE),
        ("00000000000000000000000000000000001", "1", 1),
    ],
)
def test_the_largest_numbers_fit_and_the_next_ones_do_not(price, size, code) -> None:
    instrument = Instrument("binance", "X", "A", "B", "1", "1")
    book = Book(instrument, window_bits=SMALL_WINDOW)
    text = json.dumps([[price, size]]).encode()
    assert change(book.ints, b"[]", text, b"", Layout.PAIRS) == code
    assert_structure(book.ints)
