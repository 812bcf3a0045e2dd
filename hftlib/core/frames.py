"""The frame: raw input, stamped once where it enters, recorded before it is parsed."""

from enum import StrEnum

import msgspec


class FrameKind(StrEnum):
    """Name the way a frame came in."""

    WS = "ws"
    REST = "rest"
    POLL = "poll"
    SENT = "sent"
    OPENED = "opened"
    CLOSED = "closed"
    TIMER = "timer"
    OPERATOR = "operator"


class Frame(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Carry one raw input of a run.

    `ingress_seq` is the global arrival order; `ts_recv` integer nanoseconds UTC of arrival;
    `connection` names the lane within the venue. `request` is the URL that a REST body answers
    or the URL of an opened connection, else empty. A CLOSED frame's payload is the reason, a
    TIMER frame's payload is empty and its `ts_recv` is the time that it tells. A POLL frame is a
    REST body that stands for a whole book because no websocket gets through. A CLOSED frame whose
    `request` is not empty names the connection of the same venue that has taken over.
    """

    ingress_seq: int
    ts_recv: int
    venue: str
    connection: str
    kind: FrameKind
    payload: bytes
    request: str = ""
