"""The browser's reader of the binary feed against the desk's encoder, message by message."""

import base64
from typing import Any

import numpy as np
import pytest

from hftlib.core.states import BookState, Source
from hftlib.ui.assets import ASSETS
from hftlib.wire import feed
from hftlib.wire.feed import BUY, SELL, Column, Kind, Ladder, TradeMark
from hftlib.wire.messages import Description, ErrorReply
from tests.e2e.conftest import Watched
from tests.ui_support.fake_desk import FakeDesk

READ = """async ([module, text]) => {
  const { readMessage } = await import(module);
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const plain = (key, value) => ArrayBuffer.isView(value) ? Array.from(value) : value;
  try { return JSON.parse(JSON.stringify(readMessage(bytes.buffer), plain)); }
  catch (error) { return error.name; }
}"""


@pytest.fixture
def read(watched: Watched, fake_app: tuple[str, FakeDesk]) -> Any:
    url = fake_app[0]
    watched.page.goto(f"{url}/_stcore/health")

    def ask(message: bytes) -> Any:
        text = base64.b64encode(message).decode()
        return watched.page.evaluate(READ, [f"{url}{ASSETS.path}feed.js", text])

    return ask


def pack(kind: Kind, body: bytes, flags: int = 0) -> bytes:
    return feed.pack(kind, body, sequence=4_294_967_290, time_ms=1_723_161_600_123.5, flags=flags)


def test_head_and_columns(read: Any) -> None:
    columns = [
        Column(1000.5, 6_404_670, None, True, np.array([]), np.array([], np.float32)),
        Column(
            1100.5, None, 2**52 + 1, False, np.array([-5.0, 128_093.0]),
            np.array([-0.25, 17.5], np.float32),
        ),
    ]  # fmt: skip
    body = feed.join_columns([feed.encode_column(column) for column in columns])
    message = read(pack(Kind.COLUMNS, body, feed.HISTORY))
    assert message == {
        "kind": 2, "flags": 1, "sequence": 4_294_967_290, "timeMs": 1_723_161_600_123.5,
        "body": [
            {"timeMs": 1000.5, "bid": 6_404_670, "ask": None, "gap": True, "rows": [],
             "sizes": []},
            {"timeMs": 1100.5, "bid": None, "ask": 2**52 + 1, "gap": False,
             "rows": [-5, 128_093], "sizes": [-0.25, 17.5]},
        ],
    }  # fmt: skip


@pytest.mark.parametrize("state", feed.STATES)
def test_ladder(read: Any, state: BookState) -> None:
    ladder = Ladder(
        state, True, 50_093_239_218, np.array([10, 9]), np.array([1.5, 2.5]), np.array([11]),
        np.array([0.125]),
    )  # fmt: skip
    body = read(pack(Kind.LADDER, feed.encode_ladder(ladder)))["body"]
    assert body == {
        "state": state, "verified": True, "lastUpdateId": 50_093_239_218,
        "bids": [{"ticks": 10, "size": 1.5}, {"ticks": 9, "size": 2.5}],
        "asks": [{"ticks": 11, "size": 0.125}],
    }  # fmt: skip


def test_trades(read: Any) -> None:
    trades = [TradeMark(5.5, 7, 0.25, BUY), TradeMark(6.5, 8, 1e-8, SELL)]
    assert read(pack(Kind.TRADES, feed.encode_trades(trades)))["body"] == [
        {"timeMs": 5.5, "ticks": 7, "size": 0.25, "buy": True},
        {"timeMs": 6.5, "ticks": 8, "size": 1e-8, "buy": False},
    ]


def test_json_bodies(read: Any) -> None:
    description = Description(
        "binance", "BTCUSDT", "BTC", "USDT", Source.TAPE, "Zürich", 2, "0.01", 5, 50, 240, 100
    )
    body = read(pack(Kind.DESCRIPTION, feed.encode_json(description)))["body"]
    assert (body["origin"], body["row_ticks"], body["tick"]) == ("Zürich", 50, "0.01")
    body = read(pack(Kind.ERROR, feed.encode_json(ErrorReply("GONE", "it went"))))["body"]
    assert body == {"code": "GONE", "message": "it went"}


@pytest.mark.parametrize(
    "message", [b"", b"\x01" * 15, b"\x02" + bytes(15), b"\x01\x09" + bytes(14)]
)
def test_what_is_no_message_is_refused(read: Any, message: bytes) -> None:
    assert read(message) == "RangeError"
