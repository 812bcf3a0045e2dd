"""The stream's messages: one definition, in JSON or msgpack, for the desk and for who follows it.

docs/stream.md has the rules. The body of a snapshot or a delta is left as it was encoded (`Raw`):
the desk encodes it once for all who follow a topic, and clients decode it by the topic's types.
Nothing here knows about sockets.
"""

import struct
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, get_args

import msgspec
from msgspec import Meta

from hftlib.core.errors import HftlibError
from hftlib.core.states import BookState
from hftlib.wire.history import CandleReply, CandlesReply
from hftlib.wire.messages import (
    BookReply,
    ClockReply,
    FeaturesReply,
    FeedReply,
    Health,
    Level,
    StatisticsReply,
    TradeReply,
    TradesReply,
)

LARGEST_REQUEST: Final = 4_096
"""Bytes of a client's message; a longer one is answered with an error."""

MOST_DEPTH: Final = 1_000
MOST_TRADES: Final = 2_000
MOST_CANDLES: Final = 1_500
MOST_ROW_TICKS: Final = 10**12
_PREFIX: Final = struct.Struct("<II")

Name = Annotated[str, Meta(min_length=1, max_length=80)]
Identity = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Depth = Annotated[int, Meta(ge=1, le=MOST_DEPTH)]


class StreamFormatError(HftlibError, ValueError):
    """Refuse a message that is none of the stream's; `code` is for programs to test."""

    def __init__(self, code: str, message: str, identity: int | None = None) -> None:
        """Say what is wrong, and with which subscription where that can be read."""
        super().__init__(message)
        self.code = code
        self.identity = identity


class Encoding(StrEnum):
    """Name how the messages of a connection are written."""

    JSON = "json"
    MSGPACK = "msgpack"


class _Topic(msgspec.Struct, frozen=True, tag_field="name", forbid_unknown_fields=True):
    """Name what is followed, with its parameters."""


class BookTopic(_Topic, frozen=True, tag="book"):
    """Follow the best levels of one book, `depth` a side."""

    venue: Name
    symbol: Name
    depth: Depth = 50


class FeaturesTopic(_Topic, frozen=True, tag="features"):
    """Follow the features of one book."""

    venue: Name
    symbol: Name


class TradesTopic(_Topic, frozen=True, tag="trades"):
    """Follow the trades of one symbol, beginning with the last `limit`."""

    venue: Name
    symbol: Name
    limit: Annotated[int, Meta(ge=1, le=MOST_TRADES)] = 100


class CandlesTopic(_Topic, frozen=True, tag="candles"):
    """Follow the bars of one symbol, beginning with the last `limit`."""

    venue: Name
    symbol: Name
    interval: Literal["1s", "1m", "5m", "15m", "1h"] = "1m"
    limit: Annotated[int, Meta(ge=1, le=MOST_CANDLES)] = 100


class SignalsTopic(_Topic, frozen=True, tag="signals"):
    """Follow the side that each signal takes on each book."""


class StatisticsTopic(_Topic, frozen=True, tag="stats24h"):
    """Follow the venues' own 24 h figures of every symbol."""


class FeedTopic(_Topic, frozen=True, tag="feed"):
    """Follow how the feed of every book does, once a second."""


class HealthTopic(_Topic, frozen=True, tag="health"):
    """Follow how the desk is, once a second."""


class ClockTopic(_Topic, frozen=True, tag="clock"):
    """Follow the clock of a tape that is played."""


class HeatmapTopic(_Topic, frozen=True, tag="heatmap"):
    """Follow the binary messages of one book's heatmap, ladder and trades (hftlib/wire/feed.py).

    Without `row_ticks` the desk chooses the height of a row.
    """

    venue: Name
    symbol: Name
    row_ticks: Annotated[int, Meta(ge=1, le=MOST_ROW_TICKS)] | None = None
    depth: Depth = 25


BodyTopic = (
    BookTopic
    | FeaturesTopic
    | TradesTopic
    | CandlesTopic
    | SignalsTopic
    | StatisticsTopic
    | FeedTopic
    | HealthTopic
    | ClockTopic
)
"""Topics that come as snapshot and deltas."""

Topic = BodyTopic | HeatmapTopic
TOPIC_NAMES: Final = tuple(kind.__struct_config__.tag for kind in get_args(Topic))


class Subscribe(
    msgspec.Struct, frozen=True, tag_field="op", tag="subscribe", forbid_unknown_fields=True
):
    """Ask for a topic under a number of the client's choice."""

    id: Identity
    topic: Topic


class Unsubscribe(
    msgspec.Struct, frozen=True, tag_field="op", tag="unsubscribe", forbid_unknown_fields=True
):
    """End a subscription."""

    id: Identity


class Ping(msgspec.Struct, frozen=True, tag_field="op", tag="ping", forbid_unknown_fields=True):
    """Ask whether the desk is there."""

    id: Identity


Request = Subscribe | Unsubscribe | Ping


class Subscribed(msgspec.Struct, frozen=True, tag_field="type", tag="subscribed"):
    """Say that a topic is followed; its snapshot comes next."""

    id: int
    topic: Topic


class Unsubscribed(msgspec.Struct, frozen=True, tag_field="type", tag="unsubscribed"):
    """Say that no more of a subscription comes."""

    id: int


class Pong(msgspec.Struct, frozen=True, tag_field="type", tag="pong"):
    """Answer a ping; `ts_desk` is the desk's wall clock, integer nanoseconds UTC."""

    id: int
    ts_desk: int


class Refused(msgspec.Struct, frozen=True, tag_field="type", tag="error"):
    """Say what was wrong; `id` is None where the request had none that could be read."""

    id: int | None
    code: str
    message: str


class Snapshot(msgspec.Struct, frozen=True, tag_field="type", tag="snapshot"):
    """Carry all of a topic; what came before is void.

    `skipped` counts the deltas that this client was too slow for and did not get.
    """

    id: int
    sequence: Literal[0]
    skipped: int
    body: msgspec.Raw


class Delta(msgspec.Struct, frozen=True, tag_field="type", tag="delta"):
    """Carry what changed since the message before it, whose `sequence` is one less."""

    id: int
    sequence: int
    body: msgspec.Raw


Message = Subscribed | Unsubscribed | Pong | Refused | Snapshot | Delta


class BookChange(msgspec.Struct, frozen=True):
    """Tell how a book stands now and which of its levels have another size; size "0" deletes.

    Everything but `bids` and `asks` replaces what `BookReply` told before. A level that fell out
    of the depth followed is deleted too.
    """

    state: BookState
    reason: str
    state_since: int | None
    verified: bool
    last_update_id: int
    ts_event: int | None
    ts_recv: int | None
    bid_levels: int
    ask_levels: int
    bids: list[Level]
    asks: list[Level]


class FeaturesChange(msgspec.Struct, frozen=True):
    """Tell which features have other values now; one that is not defined any more is None."""

    state: BookState
    ts_event: int | None
    ts_recv: int | None
    last_update_id: int
    features: dict[str, float | None]


class SignalReply(msgspec.Struct, frozen=True):
    """Tell which side a signal takes on a book: BUY, SELL or NEUTRAL, since `ts_recv`.

    `score` is in the signal's own unit, `confidence` from 0 to 1. What is not known is None.
    """

    venue: str
    symbol: str
    signal: str
    side: str
    score: float | None
    confidence: float | None
    spread_bps: float | None
    reason: str
    ts_event: int | None
    ts_recv: int


BODIES: Final[dict[type, tuple[Any, Any]]] = {
    BookTopic: (BookReply, BookChange),
    FeaturesTopic: (FeaturesReply, FeaturesChange),
    TradesTopic: (TradesReply, list[TradeReply]),
    CandlesTopic: (CandlesReply, list[CandleReply]),
    SignalsTopic: (list[SignalReply], list[SignalReply]),
    StatisticsTopic: (list[StatisticsReply], list[StatisticsReply]),
    FeedTopic: (list[FeedReply], list[FeedReply]),
    HealthTopic: (Health, Health),
    ClockTopic: (ClockReply, ClockReply),
}
"""What the bodies of a topic's snapshot and of its deltas are."""


def encode(message: object, encoding: Encoding) -> bytes:
    """Return a message, or the body of one, as bytes."""
    return _ENCODE[encoding](message)


def decode_message(data: bytes | str, encoding: Encoding) -> Message:
    """Return a message of the desk. Raises StreamFormatError for anything else."""
    if isinstance(data, str) and encoding is Encoding.MSGPACK:
        raise StreamFormatError("INVALID_MESSAGE", "text came where msgpack was to come")
    try:
        message: Message = _MESSAGES[encoding].decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise StreamFormatError("INVALID_MESSAGE", str(error)) from None
    return message


def decode_body(topic: BodyTopic, message: Snapshot | Delta, encoding: Encoding) -> Any:
    """Return the body of a snapshot or delta by the topic's types.

    Raises StreamFormatError where it is none.
    """
    kind = BODIES[type(topic)][isinstance(message, Delta)]
    try:
        if encoding is Encoding.JSON:
            return msgspec.json.decode(message.body, type=kind)
        return msgspec.msgpack.decode(message.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise StreamFormatError("INVALID_MESSAGE", str(error), message.id) from None


def decode_request(data: bytes | str) -> Request:
    """Return what a client asks for: text is JSON, bytes are msgpack.

    Raises StreamFormatError, with the subscription's number where that can be read.
    """
    size = len(data)
    if size > LARGEST_REQUEST:
        raise StreamFormatError(
            "TOO_LARGE", f"a message of {size} is longer than {LARGEST_REQUEST}"
        )
    encoding = Encoding.JSON if isinstance(data, str) else Encoding.MSGPACK
    try:
        request: Request = _REQUESTS[encoding].decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _explained(data, encoding, str(error)) from None
    return request


def topic_of(query: dict[str, str]) -> Topic:
    """Return the topic that the address of a connection names: `name` and its parameters.

    Raises StreamFormatError.
    """
    try:
        topic: Topic = msgspec.convert(query, Topic, strict=False)
    except msgspec.MsgspecError as error:
        raise _error_of(str(error)) from None
    return topic


def wrap_heatmap(identity: int, message: bytes) -> bytes:
    """Return a message of a heatmap with its subscription's number before it."""
    return _PREFIX.pack(0, identity) + message


def unwrap_heatmap(data: bytes) -> tuple[int, bytes] | None:
    """Return the number and the message of a heatmap, None where the bytes are msgpack."""
    if len(data) < _PREFIX.size or data[0] != 0:
        return None
    return _PREFIX.unpack_from(data)[1], data[_PREFIX.size :]


class _Readable(msgspec.Struct):
    """What can be read of a request that is refused."""

    id: Any = None


def _explained(data: bytes | str, encoding: Encoding, problem: str) -> StreamFormatError:
    """Return the error of a request that cannot be read, with whatever can."""
    try:
        found = _READABLE[encoding].decode(data).id
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        found = None
    identity = found if type(found) is int and 0 <= found < 2**32 else None
    return _error_of(problem, identity)


def _error_of(problem: str, identity: int | None = None) -> StreamFormatError:
    """Return the error for what the decoder found wrong."""
    if problem.endswith("`$.op`") or "field `op`" in problem:
        told = f"{problem}; there is subscribe, unsubscribe, ping"
        return StreamFormatError("UNKNOWN_OP", told, identity)
    if problem.endswith(("`$.topic.name`", "`$.name`")) or "field `name`" in problem:
        told = f"{problem}; there is {', '.join(TOPIC_NAMES)}"
        return StreamFormatError("UNKNOWN_TOPIC", told, identity)
    return StreamFormatError("INVALID_MESSAGE", problem, identity)


_ENCODE: Final = {
    Encoding.JSON: msgspec.json.Encoder().encode,
    Encoding.MSGPACK: msgspec.msgpack.Encoder().encode,
}
_MESSAGES: Final[dict[Encoding, Any]] = {
    Encoding.JSON: msgspec.json.Decoder(Message),
    Encoding.MSGPACK: msgspec.msgpack.Decoder(Message),
}
_REQUESTS: Final[dict[Encoding, Any]] = {
    Encoding.JSON: msgspec.json.Decoder(Request),
    Encoding.MSGPACK: msgspec.msgpack.Decoder(Request),
}
_READABLE: Final[dict[Encoding, Any]] = {
    Encoding.JSON: msgspec.json.Decoder(_Readable),
    Encoding.MSGPACK: msgspec.msgpack.Decoder(_Readable),
}
