import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.core.states import BookState, Source
from hftlib.wire import feed
from hftlib.wire.feed import Column, FeedFormatError, Kind, Ladder, TradeMark
from hftlib.wire.messages import ClockReply, Description, ErrorReply, MessageAge, Statistics, Status

TICKS = st.integers(0, 2**53)
SIZES = st.floats(0.0, 1e9, width=32)

DESCRIPTION = Description(
    "binance", "BTCUSDT", "BTC", "USDT", Source.TAPE, "a tape", 2, "0.01", 8, 50, 240, 100
)
STATUS = Status(
    state=BookState.GAP,
    verified=True,
    reason="u jumped",
    state_since_ms=1.5,
    source=Source.SIMULATED,
    origin="sample",
    age_ms=None,
    frames=7,
    frames_per_s=3.5,
    gaps=1,
    resyncs=0,
    decode_errors=0,
    dropped_before_sync=2,
    unknown_deletes=4,
    crossed=0,
    message_age_ms=MessageAge(1.0, None),
    features={"mid": 1.5, "vpin": None},
    statistics=Statistics(last=2.0),
    clock=ClockReply(1.0, 0.0, 2.0, 1.0, True),
    bid_levels=3,
    ask_levels=4,
    last_update_id=2**52,
)


@st.composite
def columns(draw: st.DrawFn) -> Column:
    count = draw(st.integers(0, 5))
    rows = draw(st.lists(st.integers(-(2**40), 2**40), min_size=count, max_size=count))
    sizes = draw(st.lists(st.floats(-1e9, 1e9, width=32), min_size=count, max_size=count))
    return Column(
        draw(st.floats(0, 2e12)),
        draw(st.none() | TICKS),
        draw(st.none() | TICKS),
        draw(st.booleans()),
        np.array(rows, np.float64),
        np.array(sizes, np.float32),
    )


def same_column(one: Column, other: Column) -> bool:
    return (
        one[:4] == other[:4]
        and np.array_equal(one.rows, other.rows)
        and np.array_equal(one.sizes, other.sizes)
    )


def sent(kind: Kind, body: bytes, flags: int = 0) -> bytes:
    return feed.pack(kind, body, sequence=2**32 + 5, time_ms=12.25, flags=flags)


@given(st.lists(columns(), max_size=4))
def test_columns_come_back_as_they_were(given_columns: list[Column]) -> None:
    body = feed.join_columns([feed.encode_column(column) for column in given_columns])
    head, decoded = feed.decode(sent(Kind.COLUMNS, body, feed.HISTORY))
    assert head == (Kind.COLUMNS, feed.HISTORY, 5, 12.25)
    assert len(decoded) == len(given_columns)
    assert all(map(same_column, decoded, given_columns))


@given(
    st.sampled_from(feed.STATES),
    st.booleans(),
    TICKS,
    st.lists(st.tuples(TICKS, SIZES), max_size=5),
    st.lists(st.tuples(TICKS, SIZES), max_size=5),
)
def test_a_ladder_comes_back_as_it_was(state, verified, update_id, bids, asks) -> None:
    arrays = [
        np.array([pair[place] for pair in side], kind)
        for side in (bids, asks)
        for place, kind in ((0, np.int64), (1, np.float64))
    ]
    ladder = Ladder(state, verified, update_id, *arrays)
    _, decoded = feed.decode(sent(Kind.LADDER, feed.encode_ladder(ladder)))
    assert decoded[:3] == ladder[:3]
    for one, other in zip(decoded[3:], ladder[3:], strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


@given(st.lists(st.builds(TradeMark, st.floats(0, 2e12), TICKS, SIZES, st.sampled_from((1, 2)))))
def test_trades_come_back_as_they_were(trades) -> None:
    _, decoded = feed.decode(sent(Kind.TRADES, feed.encode_trades(trades)))
    assert decoded == trades


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Kind.DESCRIPTION, DESCRIPTION),
        (Kind.STATUS, STATUS),
        (Kind.ERROR, ErrorReply("UNKNOWN_BOOK", "there is no such book")),
    ],
)
def test_json_bodies_come_back_as_they_were(kind, body) -> None:
    assert feed.decode(sent(kind, feed.encode_json(body)))[1] == body


def test_the_layout_is_the_documented_one_byte_for_byte() -> None:
    column = Column(3.0, 7, None, True, np.array([9.0]), np.array([-2.5], np.float32))
    message = sent(Kind.COLUMNS, feed.join_columns([feed.encode_column(column)]))
    assert message == (
        struct.pack("<BBHId", 1, 2, 0, 5, 12.25)
        + struct.pack("<H", 1)
        + struct.pack("<dBBHIdd", 3.0, 1, 0, 1, 1, 7.0, 0.0)
        + struct.pack("<df", 9.0, -2.5)
    )
    ladder = Ladder(
        BookState.LIVE, True, 11, np.array([5]), np.array([1.5]), np.array([6]), np.array([2.0])
    )
    assert feed.encode_ladder(ladder) == struct.pack(
        "<BBHHHd4d", 1, 1, 1, 1, 0, 11.0, 5.0, 1.5, 6.0, 2.0
    )
    trades = feed.encode_trades([TradeMark(1.0, 2, 3.0, feed.SELL)])
    assert trades == struct.pack("<HdddB7x", 1, 1.0, 2.0, 3.0, 2)


def test_an_empty_ladder_says_its_state() -> None:
    _, ladder = feed.decode(
        sent(Kind.LADDER, feed.encode_ladder(feed.empty_ladder(BookState.DOWN)))
    )
    assert (ladder.state, len(ladder.bid_ticks), len(ladder.ask_sizes)) == (BookState.DOWN, 0, 0)


def test_joined_trades_keep_the_newest() -> None:
    bodies = [feed.encode_trades([TradeMark(float(n), n, 1.0, feed.BUY)]) for n in range(4)]
    _, trades = feed.decode(sent(Kind.TRADES, feed.join_trades(bodies, most=3)))
    assert [trade.ticks for trade in trades] == [1, 2, 3]


def test_more_columns_than_can_be_counted_lose_the_oldest() -> None:
    blocks = [bytes([index % 256]) for index in range(feed.MOST_COLUMNS + 2)]
    body = feed.join_columns(blocks)
    assert len(body) == 2 + feed.MOST_COLUMNS
    assert body[2] == 2


def test_a_column_of_too_many_cells_is_refused() -> None:
    rows = np.zeros(feed.MOST_CELLS + 1)
    with pytest.raises(FeedFormatError, match="exceeds"):
        feed.encode_column(Column(0.0, None, None, False, rows, rows.astype(np.float32)))


ONE_COLUMN = feed.join_columns(
    [feed.encode_column(Column(0.0, 1, 2, False, np.ones(2), np.ones(2, np.float32)))]
)


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (b"\x01\x02", "shorter than its head"),
        (b"\x02" + bytes(15), "version 2"),
        (b"\x01\x09" + bytes(14), "unknown kind"),
        (sent(Kind.COLUMNS, b"\x01"), "shorter than its count"),
        (sent(Kind.COLUMNS, ONE_COLUMN[:20]), "within a column"),
        (sent(Kind.COLUMNS, ONE_COLUMN[:-1]), "within its cells"),
        (sent(Kind.COLUMNS, ONE_COLUMN + b"\0"), "to spare"),
        (sent(Kind.LADDER, b"\x01"), "LADDER"),
        (sent(Kind.LADDER, b"\x09" + bytes(15)), "state 9"),
        (sent(Kind.LADDER, b"\x01\x01\x01" + bytes(13)), "does not hold"),
        (sent(Kind.TRADES, b"\x02\x00"), "does not hold"),
        (sent(Kind.STATUS, b"{}"), "STATUS"),
        (sent(Kind.ERROR, b"\xff"), "ERROR"),
    ],
)
def test_what_is_no_message_is_refused(message: bytes, complaint: str) -> None:
    with pytest.raises(FeedFormatError, match=complaint):
        feed.decode(message)


@given(st.sampled_from(list(Kind)), st.binary(max_size=80))
def test_no_bytes_raise_anything_else(kind: Kind, body: bytes) -> None:
    try:
        head, _ = feed.decode(sent(kind, body))
    except FeedFormatError:
        return
    assert head.kind is kind


def test_infinite_ticks_are_refused() -> None:
    column = Column(0.0, 1, None, False, np.empty(0), np.empty(0, np.float32))
    block = bytearray(feed.encode_column(column))
    block[16:24] = struct.pack("<d", math.inf)
    with pytest.raises(FeedFormatError):
        feed.decode(sent(Kind.COLUMNS, feed.join_columns([bytes(block)])))
