"""The stream's messages: there and back in both encodings, and whatever is none of them refused."""

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.wire.messages import ClockReply
from hftlib.wire.stream import (
    LARGEST_REQUEST,
    BookTopic,
    ClockTopic,
    Delta,
    Encoding,
    HealthTopic,
    HeatmapTopic,
    Message,
    Ping,
    Pong,
    Refused,
    Request,
    Snapshot,
    StreamFormatError,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
    decode_body,
    decode_message,
    decode_request,
    encode,
    topic_of,
    unwrap_heatmap,
    wrap_heatmap,
)

BOOK = BookTopic("binance", "BTCUSDT", 20)
CLOCK = ClockReply(1.0, 0.0, 2.0, 1.0, False)


def sent(message: object, encoding: Encoding) -> bytes | str:
    data = encode(message, encoding)
    return data.decode() if encoding is Encoding.JSON else data


@pytest.mark.parametrize("encoding", list(Encoding))
@pytest.mark.parametrize("request_", [Subscribe(1, BOOK), Unsubscribe(0), Ping(2**32 - 1)])
def test_requests_go_there_and_back(request_: Request, encoding: Encoding) -> None:
    assert decode_request(sent(request_, encoding)) == request_


@pytest.mark.parametrize("encoding", list(Encoding))
@pytest.mark.parametrize(
    "message",
    [Subscribed(1, BOOK), Unsubscribed(2), Pong(3, 4), Refused(None, "CODE", "words")],
)
def test_messages_go_there_and_back(message: Message, encoding: Encoding) -> None:
    assert decode_message(encode(message, encoding), encoding) == message


@pytest.mark.parametrize("encoding", list(Encoding))
def test_bodies_are_carried_as_they_were_encoded(encoding: Encoding) -> None:
    raw = msgspec.Raw(encode(CLOCK, encoding))
    for message in (Snapshot(1, 0, 3, raw), Delta(1, 4, raw)):
        back = decode_message(encode(message, encoding), encoding)
        assert isinstance(back, Snapshot | Delta)
        assert decode_body(ClockTopic(), back, encoding) == CLOCK
        with pytest.raises(StreamFormatError) as refused:
            decode_body(HealthTopic(), back, encoding)
        assert refused.value.identity == 1


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"", Encoding.JSON),
        (b"\xff", Encoding.JSON),
        (b"[]", Encoding.JSON),
        (b"[" * 100_000, Encoding.JSON),
        (b'{"type": "snapshot", "id": 1, "sequence": 1, "skipped": 0, "body": 1}', Encoding.JSON),
        (b"\xc1", Encoding.MSGPACK),
        (b"\x91" * 100_000, Encoding.MSGPACK),
        ("{}", Encoding.MSGPACK),
    ],
)
def test_what_is_no_message_is_refused(data: bytes | str, encoding: Encoding) -> None:
    with pytest.raises(StreamFormatError) as refused:
        decode_message(data, encoding)
    assert refused.value.code == "INVALID_MESSAGE"


def refusal_of(data: bytes | str) -> StreamFormatError:
    with pytest.raises(StreamFormatError) as refused:
        decode_request(data)
    return refused.value


def test_a_refusal_says_what_there_is_and_whose_request_it_was() -> None:
    refused = refusal_of('{"op": "shout", "id": 7}')
    assert (refused.code, refused.identity) == ("UNKNOWN_OP", 7)
    assert "subscribe, unsubscribe, ping" in str(refused)
    refused = refusal_of('{"op": "subscribe", "id": 7, "topic": {"name": "boook"}}')
    assert (refused.code, refused.identity) == ("UNKNOWN_TOPIC", 7)
    assert "book, features, trades, candles, signals" in str(refused)
    refused = refusal_of('{"op": "ping", "id": 4294967296}')
    assert (refused.code, refused.identity) == ("INVALID_MESSAGE", None)


def test_a_request_that_is_too_large_is_not_read() -> None:
    assert refusal_of(" " * (LARGEST_REQUEST + 1)).code == "TOO_LARGE"
    assert refusal_of(b" " * LARGEST_REQUEST).code == "INVALID_MESSAGE"


@pytest.mark.parametrize("data", ["", "\ud800", "[" * 4_000, "9" * 4_000, b"\xff", b"\x91" * 4_000])
def test_whatever_is_no_request_is_refused(data: bytes | str) -> None:
    refused = refusal_of(data)
    assert (refused.code, refused.identity) == ("INVALID_MESSAGE", None)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_no_bytes_and_no_text_do_more_than_be_refused(data: bytes | str) -> None:
    with contextlib.suppress(StreamFormatError):
        assert isinstance(decode_request(data), Request)


def test_an_address_names_a_topic() -> None:
    query = {"name": "heatmap", "venue": "v", "symbol": "s", "row_ticks": "50", "depth": "9"}
    assert topic_of(query) == HeatmapTopic("v", "s", 50, 9)
    assert topic_of({"name": "clock"}) == ClockTopic()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "UNKNOWN_TOPIC"),
        ({"name": "x"}, "UNKNOWN_TOPIC"),
        ({"name": "book", "venue": "v"}, "INVALID_MESSAGE"),
        ({"name": "book", "venue": "", "symbol": "s"}, "INVALID_MESSAGE"),
        ({"name": "book", "venue": "v", "symbol": "s", "depth": "x"}, "INVALID_MESSAGE"),
        ({"name": "book", "venue": "v", "symbol": "s", "depth": "1001"}, "INVALID_MESSAGE"),
        ({"name": "clock", "venue": "v"}, "INVALID_MESSAGE"),
    ],
)
def test_an_address_that_names_none_is_refused(query: dict[str, Any], code: str) -> None:
    with pytest.raises(StreamFormatError) as refused:
        topic_of(query)
    assert refused.value.code == code


def test_a_heatmap_carries_its_number() -> None:
    data = wrap_heatmap(2**32 - 1, b"\x01rest")
    assert unwrap_heatmap(data) == (2**32 - 1, b"\x01rest")
    assert len(data) == 8 + 5
    for message in (Pong(0, 0), Refused(None, "", ""), Unsubscribed(0)):
        assert unwrap_heatmap(encode(message, Encoding.MSGPACK)) is None
    assert unwrap_heatmap(b"\x00\x00") is None
