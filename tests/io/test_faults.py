"""Damage to frames: repeatable, and exactly what it says."""

from random import Random

import pytest

from hftlib.core.frames import Frame, FrameKind
from hftlib.io.faults import Fault, damaged, flipped, struck, truncated

PAYLOAD = b'{"data":{"u":12,"b":[["1.00","2.5"],["0.99","0"]]}}'


def frames() -> list[tuple[int, Frame]]:
    return [
        (place, Frame(place, 100 * place, "binance", "ws", FrameKind.WS, b"%d" % place))
        for place in range(5)
    ]


def payloads(fault: Fault, other: int = 1) -> list[bytes]:
    return [frame.payload for _, frame in damaged(fault, frames(), other, Random("x"))]


def test_frames_are_dropped_doubled_and_overtaken() -> None:
    assert payloads(Fault.DROP) == [b"1", b"2", b"3", b"4"]
    assert payloads(Fault.DUPLICATE) == [b"0", b"0", b"1", b"2", b"3", b"4"]
    assert payloads(Fault.REORDER, 2) == [b"1", b"2", b"0", b"3", b"4"]
    late = damaged(Fault.REORDER, frames(), 2, Random("x"))[2]
    assert (late[0], late[1].ts_recv) == (2, 200), "it comes when the one that overtook it came"


def test_one_frame_is_cut_or_has_one_bit_turned() -> None:
    for fault in (Fault.TRUNCATE, Fault.FLIP):
        changed = damaged(fault, [(0, Frame(0, 0, "", "", FrameKind.WS, PAYLOAD))], 0, Random("x"))
        again = damaged(fault, [(0, Frame(0, 0, "", "", FrameKind.WS, PAYLOAD))], 0, Random("x"))
        assert changed == again != [(0, PAYLOAD)]
    assert PAYLOAD.startswith(truncated(PAYLOAD, Random("x")))
    other = flipped(PAYLOAD, Random("x"))
    bits = int.from_bytes(PAYLOAD, "big") ^ int.from_bytes(other, "big")
    assert bits.bit_count() == 1
    assert truncated(b"", Random("x")) == flipped(b"", Random("x")) == b""


def test_a_fault_of_snapshots_is_for_whoever_answers() -> None:
    with pytest.raises(ValueError, match="no fault of one frame"):
        damaged(Fault.STALE_SNAPSHOT, frames(), 1, Random("x"))


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (b"12", b"13", "data.u"),
        (b"2.5", b"2.4", "data.b"),
        (b'"u"', b'"w"', None),
        (b"12", b"[1]", None),
        (b'["0.99","0"]', b'"0.99"', None),
        (b"2.5", b"2.5", None),
        (b"}}", b"}", None),
        (b"2.5", b"\xff.5", None),
    ],
)
def test_the_struck_value_is_named_where_a_reader_cannot_tell(
    old: bytes, new: bytes, path: str | None
) -> None:
    assert struck(PAYLOAD, PAYLOAD.replace(old, new, 1)) == path
