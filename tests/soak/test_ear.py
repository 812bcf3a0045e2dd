"""The ear says how LIVE books stand, as deep as they are known, and what told of faults."""

import json

import pytest

from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.engine.engine import Engine
from tests.soak.ear import Ear, Horizon, digest, time_told

SYMBOL = "BTCUSDT"
START_NS = 1_800_000_000_000_000_000
BIDS = [[f"{100 - number}.00", "1.00000000"] for number in range(12)]
ASKS = [[f"{101 + number}.00", "2.00000000"] for number in range(12)]


class Desk:
    """Hold an engine with an ear, fed by hand."""

    def __init__(self) -> None:
        self.engine = Engine([Instrument("binance", SYMBOL, "BTC", "USDT", "0.01", "0.00000001")])
        self.rows: list[tuple] = []
        self.ear = Ear(lambda: self.engine, self.rows.append)
        self.count = 0

    def feed(self, kind, body, request=""):
        self.count += 1
        at = START_NS + self.count * 1_000_000
        payload = (
            body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
        )
        frame = Frame(self.count, at, "binance", "ws", kind, payload, request)
        self.ear.hear(frame, self.engine.on_event(frame))

    def depth(self, first, last, bids=(), asks=()):
        data = {"e": "depthUpdate", "E": 1_800_000_000_000, "s": SYMBOL, "U": first, "u": last}
        data |= {"b": list(bids), "a": list(asks)}
        self.feed(FrameKind.WS, {"stream": f"{SYMBOL.lower()}@depth@100ms", "data": data})

    def snapshot(self, limit):
        body = {"lastUpdateId": 10, "bids": BIDS, "asks": ASKS}
        self.feed(FrameKind.REST, body, f"https://x/api/v3/depth?symbol={SYMBOL}&limit={limit}")

    def said(self, name):
        return [row[1:] for row in self.rows if row[0] == name]


@pytest.fixture
def desk():
    desk = Desk()
    url = f"wss://x/stream?streams={SYMBOL.lower()}@depth@100ms"
    desk.feed(FrameKind.OPENED, b"", url)
    desk.depth(9, 11)
    return desk


def test_a_book_is_said_once_it_is_live_and_changed(desk):
    desk.snapshot(5_000)
    assert desk.said("check") == []
    desk.depth(12, 13, [["100.00", "3.00000000"]])
    ((venue, symbol, at, told, depth, _seen),) = desk.said("check")
    assert (venue, symbol, at, depth) == ("binance", SYMBOL, 13, None)
    assert told == digest(desk.engine.books["binance", SYMBOL], Horizon(None, None))[0]
    assert [row[3] for row in desk.said("state")][-1] == "LIVE"


def test_a_shallow_snapshot_is_compared_as_deep_as_it_went(desk):
    desk.snapshot(12)
    # Below the snapshot's last level nobody knows what is missing.
    desk.depth(12, 13, [["80.00", "3.00000000"]])
    assert desk.said("check")[-1][4] == 10
    gone = [[price, "0.00000000"] for price, _ in BIDS[:8]]
    desk.depth(14, 15, gone)
    assert desk.said("shallow") == [("binance", SYMBOL)]


def test_what_tells_of_a_fault_is_a_notice(desk):
    desk.snapshot(5_000)
    desk.depth(20, 21)
    assert desk.said("notice")[-1][1:] == ("binance", SYMBOL, "GAP")
    desk.feed(FrameKind.CLOSED, b"gone")
    assert ("binance", "", "CLOSED") in [row[1:] for row in desk.said("notice")]


@pytest.mark.parametrize(
    ("venue", "payload", "expected"),
    [
        ("coinbase", b'{"timestamp":"1970-01-01T00:00:01.000000005Z"}', 1_000_000_005),
        ("coinbase_exchange", b'{"time":"1970-01-01T00:00:01.000001Z"}', 1_000_001_999),
        ("coinbase", b"{}", None),
        ("coinbase", b'{"timestamp":"soon"}', None),
        ("coinbase", b'{"timestamp":"', None),
    ],
)
def test_a_frame_tells_its_time_or_none(venue, payload, expected):
    assert time_told(venue, payload) == expected
