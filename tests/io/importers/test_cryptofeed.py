import json

import pytest

from hftlib.core.frames import FrameKind
from hftlib.io.importers import Order, import_files
from hftlib.io.tape import TapeReader

MATCH = json.dumps(
    {"type": "match", "product_id": "BTC-USD", "price": "1.25", "size": "0.001", "trade_id": 1}
)


def imported(tmp_path, *lines, venue="coinbase_exchange"):
    path = tmp_path / "recording.jsonl"
    path.write_bytes(
        b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    )
    order = Order(format="cryptofeed", files=(path,), output=tmp_path / "o.tape", venue=venue)
    return import_files(order), list(TapeReader(tmp_path / "o.tape").frames())


def test_each_type_of_line_becomes_its_kind_of_frame(tmp_path):
    lines = [
        {"t": "connect", "ts": 1.5, "addr": "wss://x/ws"},
        {"t": "send", "ts": 2, "addr": "wss://x/ws", "data": "{}"},
        {"t": "http", "conn": "http.1", "ts": 3.000000001, "url": "https://x/time", "data": "{}"},
        {"t": "recv", "conn": "ws.2", "ts": 4, "data": MATCH},
        {"t": "close", "conn": "ws.2", "ts": 5, "data": "gone"},
    ]
    _, frames = imported(tmp_path, *lines)
    told = [(f.kind, f.connection, f.request, f.ts_recv, f.payload) for f in frames]
    assert told == [
        (FrameKind.OPENED, "ws", "wss://x/ws", 1_500_000_000, b""),
        (FrameKind.SENT, "ws", "", 2_000_000_000, b"{}"),
        (FrameKind.REST, "http.1", "https://x/time", 3_000_000_001, b"{}"),
        (FrameKind.WS, "ws.2", "", 4_000_000_000, MATCH.encode()),
        (FrameKind.CLOSED, "ws.2", "", 5_000_000_000, b"gone"),
    ]


def test_the_header_goes_into_the_notes(tmp_path):
    summary, frames = imported(
        tmp_path, {"t": "header", "format": 2}, {"t": "recv", "ts": 1, "data": MATCH}
    )
    assert len(frames) == 1
    assert summary.notes == ('recording.jsonl: {"t": "header", "format": 2}',)


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"t":"recv","ts":1,"data":{}}',
        b'{"t":"recv","data":"{}"}',
        b'{"t":"recv","ts":"soon","data":"{}"}',
        b'{"t":"recv","ts":-1,"data":"{}"}',
        b'{"t":"recv","ts":1e400,"data":"{}"}',
        b'{"t":"recv","ts":99999999999999,"data":"{}"}',
        b'{"t":"dream","ts":1,"data":"{}"}',
        b'{"t":"recv","ts":1,"data":"\xff"}',
        b"\xff\xfe",
    ],
)
def test_a_bad_line_is_named(tmp_path, line):
    summary, frames = imported(tmp_path, line, {"t": "recv", "ts": 1, "data": MATCH})
    assert len(frames) == 1
    assert summary.bad_lines == 1
    assert summary.bad_line_places[0].line == 1
    assert summary.bad_line_places[0].reason


def test_text_of_any_script_comes_through(tmp_path):
    text = json.dumps({"type": "这是测试币", "product_id": ""}, ensure_ascii=False) + "\n\t\x00"
    _, frames = imported(tmp_path, {"t": "recv", "ts": 1, "data": text})
    assert frames[0].payload == text.encode()


def test_a_list_of_products_that_cannot_be_read_is_noted(tmp_path):
    summary, _ = imported(
        tmp_path,
        {"t": "http", "ts": 1, "url": "https://x/products", "data": "[{}]"},
        {"t": "recv", "ts": 1, "data": MATCH},
    )
    assert any("no increments in https://x/products" in note for note in summary.notes)
    assert summary.instruments[0].origin == "observed"


def product(increment):
    return {
        "id": "BTC-USD",
        "base_currency": "BTC",
        "quote_currency": "USD",
        "quote_increment": increment,
        "base_increment": "0.00000001",
    }


def test_the_venues_own_increments_win_and_are_made_finer_where_frames_are(tmp_path):
    body = json.dumps([product("0.5"), {**product("0.01"), "id": "ETH-USD"}])
    summary, _ = imported(
        tmp_path,
        {"t": "http", "ts": 1, "url": "https://x/products", "data": body},
        {"t": "recv", "ts": 1, "data": MATCH},
    )
    (one,) = summary.instruments
    assert (one.symbol, one.origin) == ("BTC-USD", "venue")
    assert (one.price_increment, one.size_quantum) == ("0.01", "0.00000001")
    assert summary.notes == ("BTC-USD price_increment 0.5 (venue) made finer: 0.01 was seen",)


def test_a_capture_without_market_data_keeps_the_instruments_listed(tmp_path):
    summary, _ = imported(
        tmp_path,
        {"t": "http", "ts": 1, "url": "https://x/products", "data": json.dumps([product("0.01")])},
    )
    assert [one.symbol for one in summary.instruments] == ["BTC-USD"]
