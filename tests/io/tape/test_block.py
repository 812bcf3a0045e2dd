import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.core.errors import TapeError
from hftlib.core.frames import Frame, FrameKind
from hftlib.io.tape.block import BlockBuilder, read_frames, read_header

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
bodies = st.tuples(
    st.integers(-(2**63), 2**63 - 1),
    texts,
    texts,
    st.sampled_from(FrameKind),
    st.one_of(st.binary(max_size=60), texts.map(str.encode)),
    texts,
)


def built(frames: list[Frame]) -> bytes:
    block = BlockBuilder()
    for frame in frames:
        block.add(frame)
    return block.text()


@given(st.lists(bodies, min_size=1, max_size=20))
def test_what_goes_in_comes_out(rows):
    frames = [
        Frame(number, ts, venue, connection, kind, payload, request)
        for number, (ts, venue, connection, kind, payload, request) in enumerate(rows)
    ]
    text = built(frames)
    assert list(read_frames(text)) == frames
    header = read_header(text)
    assert (header.first_seq, header.last_seq, header.records) == (0, len(rows) - 1, len(rows))
    assert header.max_ts == max(frame.ts_recv for frame in frames)
    assert sum(lane[4] for lane in header.lanes) == len(rows)


def test_a_notebook_reads_records_with_json_alone():
    frames = [
        Frame(4, 10, "binance", "ws", FrameKind.WS, b'{"a":"\xc3\xa9\\n"}'),
        Frame(9, 11, "binance", "rest", FrameKind.REST, b"\xff\n\x00", "/api/v3/depth?symbol=X"),
    ]
    head, first, second = (json.loads(line) for line in built(frames).splitlines())
    assert head["lanes"] == [
        ["binance", "ws", "ws", "", 1],
        ["binance", "rest", "rest", "/api/v3/depth?symbol=X", 1],
    ]
    assert first == [4, 10, 0, '{"a":"é\\n"}']
    assert second[:3] == [9, 11, 1]
    assert second[4] == 1
    assert base64.b64decode(second[3]) == b"\xff\n\x00"


def test_a_lane_is_written_once_however_often_it_speaks():
    frames = [
        Frame(number, number, "binance", "connection-of-a-long-name", FrameKind.WS, b"{}")
        for number in range(50)
    ]
    assert built(frames).count(b"connection-of-a-long-name") == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not a block"),
        (b"[]\n", "not a block"),
        (b'{"schema":1}\n', "not a block"),
        (
            built([Frame(1, 2, "b", "c", FrameKind.WS, b"")]).replace(b'ma":1', b'ma":99'),
            "newer",
        ),
    ],
)
def test_a_header_that_cannot_be_read_is_refused(text, reason):
    with pytest.raises(TapeError, match=reason):
        read_header(text)


@pytest.mark.parametrize(
    "record",
    [b'[1,2,7,"no such lane"]', b"[1,2]", b"nonsense", b'[1,2,0,"not base64!",1]', b'["x",2,0,""]'],
)
def test_a_record_that_cannot_be_read_is_refused(record):
    text = built([Frame(1, 2, "binance", "ws", FrameKind.WS, b"{}")])
    with pytest.raises(TapeError, match="record"):
        list(read_frames(text + record + b"\n"))


def test_a_kind_of_the_future_is_refused():
    text = built([Frame(1, 2, "binance", "ws", FrameKind.WS, b"{}")])
    with pytest.raises(TapeError, match="record"):
        list(read_frames(text.replace(b'"ws","ws"', b'"ws","telepathy"')))
