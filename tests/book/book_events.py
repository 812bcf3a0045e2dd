"""Events, texts and structure checks that the book's tests share."""

import json
from itertools import pairwise

import numpy as np

from hftlib.book import layout as place
from hftlib.book.layout import ASK, BID, SIDES
from hftlib.core.events import BookDelta, BookSnapshot, Layout
from hftlib.core.instrument import Instrument

VENUE = "binance"
SYMBOL = "BTCUSDT"
INSTRUMENT = Instrument(VENUE, SYMBOL, "BTC", "USDT", "0.01", "0.001")
SMALL_WINDOW = place.MINIMUM_WINDOW_BITS

Levels = list[tuple[int, int]]


def pairs_text(levels: Levels, instrument: Instrument = INSTRUMENT) -> bytes:
    """Return levels of one side as Binance writes them."""
    rows = [[instrument.price_text(ticks), instrument.size_text(size)] for ticks, size in levels]
    return json.dumps(rows, separators=(",", ":")).encode()


def snapshot(bids: Levels, asks: Levels, *, update_id: int = 1, ts: int = 10) -> BookSnapshot:
    """Return a snapshot in pairs."""
    return BookSnapshot(
        VENUE, SYMBOL, ts, ts + 1, update_id, Layout.PAIRS, pairs_text(bids), pairs_text(asks)
    )


def delta(bids: Levels, asks: Levels, *, update_id: int = 2, ts: int = 20) -> BookDelta:
    """Return a delta in pairs."""
    return BookDelta(
        VENUE,
        SYMBOL,
        ts,
        ts + 1,
        update_id,
        update_id,
        Layout.PAIRS,
        pairs_text(bids),
        pairs_text(asks),
    )


def text_delta(
    layout: Layout, bids: bytes = b"[]", asks: bytes = b"[]", changes: bytes = b""
) -> BookDelta:
    """Return a delta of raw texts."""
    return BookDelta(VENUE, SYMBOL, 20, 21, 2, 2, layout, bids, asks, changes)


def levels_of(book, side: int, depth: int | None = None) -> Levels:
    """Return a book's levels as a list."""
    ticks, quanta = book.levels(side, depth)
    return list(zip(ticks.tolist(), quanta.tolist(), strict=True))


def top_of(book, side: int) -> Levels:
    """Return the unpacked top of a side, straight from the array."""
    count_at, ticks_at, quanta_at = (
        (place.BID_TOP_COUNT, place.BID_TOP_TICKS, place.BID_TOP_QUANTA),
        (place.ASK_TOP_COUNT, place.ASK_TOP_TICKS, place.ASK_TOP_QUANTA),
    )[side]
    count = book.ints[count_at]
    ticks = book.ints[ticks_at : ticks_at + count].tolist()
    return list(zip(ticks, book.ints[quanta_at : quanta_at + count].tolist(), strict=True))


def assert_structure(ints: np.ndarray) -> None:
    """Assert every invariant that the kernels' docstrings promise."""
    for side in (BID, ASK):
        _assert_side(ints, SIDES[side])


def _assert_side(ints: np.ndarray, side: int) -> None:
    size = 1 << int(ints[place.WINDOW_BITS])
    base, best = int(ints[side + place.BASE]), int(ints[side + place.BEST])
    assert base % place.BLOCK == 0
    slots = ints[ints[side + place.SLOTS_AT] :][:size]
    words = ints[ints[side + place.WORDS_AT] :][: size // 64].view(np.uint64)
    summary = ints[ints[side + place.SUMMARY_AT] :][: size // place.BLOCK].view(np.uint64)
    held = np.unpackbits(words.view(np.uint8), bitorder="little").astype(bool)
    assert np.array_equal(held, slots != 0)
    blocks = np.unpackbits(summary.view(np.uint8), bitorder="little").astype(bool)
    assert np.array_equal(blocks, words != 0)
    near = sorted(base + (int(slot) - base) % size for slot in np.flatnonzero(held))
    far = _far_keys(ints, side)
    assert far == sorted(set(far))
    assert not far or far[0] >= base + size
    assert ints[side + place.LEVELS] == len(near) + len(far)
    assert best == (near[0] if near else place.NO_KEY)
    assert near or not far, "the best level always lies in the window"


def _far_keys(ints: np.ndarray, side: int) -> list[int]:
    used, room = int(ints[side + place.CHUNKS]), int(ints[place.CHUNK_ROOM])
    order = ints[ints[side + place.ORDER_AT] :][:room]
    assert sorted(order.tolist()) == list(range(room)), "a permutation of all chunks"
    keys: list[int] = []
    counts: list[int] = []
    for position in range(used):
        at = int(ints[side + place.CHUNKS_AT] + order[position] * place.CHUNK_SIZE)
        counts.append(int(ints[at]))
        chunk = ints[at + 1 : at + 1 + counts[-1]].tolist()
        assert ints[ints[side + place.FIRSTS_AT] + position] == chunk[0]
        assert (ints[at + 1 + place.CHUNK : at + 1 + place.CHUNK + counts[-1]] > 0).all()
        keys += chunk
    assert all(0 < count <= place.CHUNK for count in counts)
    assert all(a + b > place.CHUNK // 2 for a, b in pairwise(counts))
    return keys
