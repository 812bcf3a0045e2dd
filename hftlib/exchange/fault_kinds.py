"""What can be planted: the kinds of faults, what a planted fault asks for, what was done."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta


class FaultKind(StrEnum):
    """Name what is done on purpose to a connection, a frame or an answer."""

    DROP = "drop"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    DELAY = "delay"
    STALL = "stall"
    GARBAGE = "garbage"
    OVERSIZED = "oversized"
    CROSSED = "crossed"
    UNKNOWN_DELETE = "unknown-delete"
    LATE_HEARTBEAT = "late-heartbeat"
    CLOCK_SKEW = "clock-skew"
    CUT = "cut"
    NO_PONG = "no-pong"
    LIFETIME = "lifetime"
    SHUTDOWN = "shutdown"
    STALE_SNAPSHOT = "stale-snapshot"
    UNRELATED_SNAPSHOT = "unrelated-snapshot"
    HTTP = "http"
    ORDER_TIMEOUT = "order-timeout"


MEANINGS: Final = {
    FaultKind.DROP: "a frame never comes",
    FaultKind.DUPLICATE: "a frame comes twice",
    FaultKind.REORDER: "a frame comes right behind the next one of its stream",
    FaultKind.DELAY: "a frame, and whatever is behind it, comes `seconds` late",
    FaultKind.STALL: "no frame comes, the socket stays open; with `mute` no pings and pongs either",
    FaultKind.GARBAGE: "a frame is cut and ends in rubbish",
    FaultKind.OVERSIZED: "a frame is blown up to `bytes`",
    FaultKind.CROSSED: "a depth frame carries a bid above the best ask",
    FaultKind.UNKNOWN_DELETE: "a depth frame deletes a level that the book does not have",
    FaultKind.LATE_HEARTBEAT: "heartbeats come `seconds` late, other frames in time",
    FaultKind.CLOCK_SKEW: "the venue's stamps are `seconds` ahead (negative: behind)",
    FaultKind.CUT: "the connection is cut without a close frame",
    FaultKind.NO_PONG: "the connection is closed as after a pong that never came",
    FaultKind.LIFETIME: "the connection is closed as after its longest life",
    FaultKind.SHUTDOWN: "the venue announces that it shuts down, then closes",
    FaultKind.STALE_SNAPSHOT: "a snapshot shows the book as it was `seconds` ago",
    FaultKind.UNRELATED_SNAPSHOT: "a REST snapshot's update id is `shift` away from the stream's",
    FaultKind.HTTP: "a REST request is answered with `status`",
    FaultKind.ORDER_TIMEOUT: "an order is placed, but its answer never comes (or is `answer`)",
}


class OrderAnswer(StrEnum):
    """Name what the client of an accepted order gets instead of the answer."""

    SILENCE = "silence"
    GATEWAY_TIMEOUT = "504"
    BACKEND_TIMEOUT = "-1007"


_Seconds = Annotated[float, Meta(ge=0, le=86_400)]


class FaultSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Ask for a fault. Patterns are those of a shell: * stands for anything.

    `connection` is matched with a websocket's name (binance-17), for requests with the client's
    address; `topic` with the stream's name, for requests with the path, for handshakes with ws:
    and the path (the kind http means handshakes only where its topic begins so).

    A fault begins `after_s` seconds from now and lasts `for_s` (0: until it is taken back), hits
    with `probability`, and at most `count` times (0: without limit). `seconds`, `shift`, `bytes`,
    `status`, `retry_after_s`, `answer` and `mute` belong to the kinds that name them.
    """

    kind: FaultKind
    venue: str = "*"
    connection: str = "*"
    topic: str = "*"
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0
    count: Annotated[int, Meta(ge=0)] = 0
    after_s: _Seconds = 0.0
    for_s: _Seconds = 0.0
    seconds: Annotated[float, Meta(ge=-86_400, le=86_400)] = 5.0
    shift: int = -1_000_000_000
    bytes: Annotated[int, Meta(ge=1, le=64 * 1024 * 1024)] = 16 * 1024 * 1024
    status: Annotated[int, Meta(ge=400, le=599)] = 503
    retry_after_s: Annotated[int, Meta(ge=0, le=86_400)] = 5
    answer: OrderAnswer = OrderAnswer.SILENCE
    mute: bool = False


class FaultEvent(msgspec.Struct, frozen=True):
    """Tell of one injected fault. `fault` is the planted fault's number, `number` this event's."""

    number: int
    fault: int
    time_ns: int
    kind: FaultKind
    venue: str
    connection: str
    topic: str
    detail: str


class FaultState(msgspec.Struct, frozen=True):
    """Tell of one planted fault and how often it has hit."""

    fault: int
    spec: FaultSpec
    planted_ns: int
    hits: int
    is_over: bool
