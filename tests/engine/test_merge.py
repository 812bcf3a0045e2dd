"""Merging recordings: by (ts_recv, lane, seq), the same way every time."""

from hftlib.core.frames import Frame, FrameKind
from hftlib.engine.merge import merge


def frame(seq: int, ts_recv: int, venue: str = "binance", connection: str = "a") -> Frame:
    return Frame(seq, ts_recv, venue, connection, FrameKind.WS, b"%d" % seq)


def test_one_recording_passes_through_unchanged() -> None:
    frames = [frame(7, 30), frame(8, 10)]
    assert list(merge([frames])) == frames


def test_two_recordings_are_merged_by_time_and_renumbered() -> None:
    first = [frame(0, 10), frame(1, 30)]
    second = [frame(0, 20, "coinbase"), frame(1, 40, "coinbase")]
    merged = list(merge([first, second]))
    assert [item.ts_recv for item in merged] == [10, 20, 30, 40]
    assert [item.ingress_seq for item in merged] == [0, 1, 2, 3]


def test_ties_are_broken_by_lane_not_by_the_order_given() -> None:
    first, second = [frame(0, 10, "coinbase")], [frame(0, 10, "binance")]
    one = [item.venue for item in merge([first, second])]
    other = [item.venue for item in merge([second, first])]
    assert one == other == ["binance", "coinbase"]


def test_identical_lanes_and_stamps_keep_the_order_given() -> None:
    first, second = [frame(1, 10)], [frame(2, 10)]
    assert [item.payload for item in merge([first, second])] == [b"1", b"2"]


def test_a_clock_set_back_does_not_reorder_its_own_recording() -> None:
    first = [frame(0, 50), frame(1, 10), frame(2, 60)]
    second = [frame(0, 40, "coinbase"), frame(1, 55, "coinbase")]
    merged = list(merge([first, second]))
    own = [item.payload for item in merged if item.venue == "binance"]
    assert own == [b"0", b"1", b"2"]
    assert [item.venue for item in merged] == [
        "coinbase",
        "binance",
        "binance",
        "coinbase",
        "binance",
    ]
