from hftlib.core.frames import Frame, FrameKind
from hftlib.core.states import FeedCondition
from hftlib.venues.counters import Reporter

FRAME = Frame(1, 5, "binance", "ws", FrameKind.WS, b"")


def test_every_status_is_counted_for_its_connection_and_its_symbol():
    reporter = Reporter("binance", {"BTCUSDT"})
    reporter.status(FRAME, FeedCondition.GAP, "lost", symbol="BTCUSDT", count=7)
    reporter.status(FRAME, FeedCondition.LATE, "late", symbol="BTCUSDT", count=3)
    reporter.status(FRAME, FeedCondition.UNKNOWN, "what", symbol="HOSTILE")
    reporter.status(FRAME, FeedCondition.DUPLICATE, "again")
    reporter.request("ws", 5, "BTCUSDT", "gap")
    reporter.request("ws", 5, "HOSTILE", "gap")
    counts = reporter.of_symbol("BTCUSDT")
    assert (counts.gaps, counts.late, counts.unknown, counts.duplicates) == (1, 3, 0, 0)
    assert list(reporter.of_symbols) == ["BTCUSDT"]
    lane = reporter.of_connection("ws")
    assert (lane.gaps, lane.late, lane.unknown, lane.duplicates) == (1, 3, 1, 1)
    assert (lane.statuses, lane.snapshot_requests, lane.decode_errors) == (4, 2, 1)
    assert reporter.totals()["events"] == 6


def test_a_resync_is_every_sync_after_the_first():
    reporter = Reporter("binance", {"BTCUSDT"})
    assert reporter.of_symbol("BTCUSDT").resyncs == 0
    for expected in (0, 1, 2):
        reporter.status(FRAME, FeedCondition.SYNCED, "snapshot", symbol="BTCUSDT")
        assert reporter.totals()["resyncs"] == expected


def test_a_reason_is_cut():
    status = Reporter("binance", ()).status(FRAME, FeedCondition.MALFORMED, "x" * 1000)
    assert len(status.reason) == 240


def test_counts_survive_a_checkpoint():
    reporter = Reporter("binance", {"BTCUSDT"})
    reporter.status(FRAME, FeedCondition.DROPPED_BEFORE_SYNC, "old", symbol="BTCUSDT", count=2)
    reporter.of_connection("ws").applied += 5
    other = Reporter("binance", {"BTCUSDT"})
    held = other.of_symbol("BTCUSDT")
    other.load(reporter.dump())
    assert other.totals() == reporter.totals()
    assert held.dropped_before_sync == 2
    assert held.as_dict()["dropped_before_sync"] == 2
