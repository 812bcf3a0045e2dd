"""What a connection is still to get, and what faults make of a frame on its way there."""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from hftlib.exchange.fault_kinds import FaultSpec
from hftlib.exchange.fault_text import garbage, oversized, skewed
from hftlib.exchange.messages import Connection, Message, Outgoing
from hftlib.exchange.planted import SECOND_NS


class Line:
    """Hold what a connection is still to get: delayed in order, late out of order, swapped."""

    __slots__ = ("close_at", "delayed", "late", "swapped")

    def __init__(self) -> None:
        self.delayed: deque[tuple[int, Outgoing]] = deque()
        self.late: list[tuple[int, Message]] = []
        self.swapped: dict[str, Message] = {}
        self.close_at: int | None = None

    def due(self, now_ns: int) -> list[Outgoing]:
        """Take what is due."""
        out: list[Outgoing] = []
        while self.delayed and self.delayed[0][0] <= now_ns:
            out.append(self.delayed.popleft()[1])
        out += [message for due_ns, message in self.late if due_ns <= now_ns]
        self.late = [entry for entry in self.late if entry[0] > now_ns]
        return out

    def queue(self, items: Sequence[Outgoing], out: list[Outgoing]) -> None:
        """Let items through, or behind what is delayed."""
        if self.delayed:
            last = self.delayed[-1][0]
            self.delayed.extend((last, item) for item in items)
        else:
            out.extend(items)

    @property
    def is_empty(self) -> bool:
        """Say whether nothing waits."""
        return not (self.delayed or self.late or self.swapped) and self.close_at is None


class Spot(NamedTuple):
    """Say where a frame is: whose, what waits there, when."""

    connection: Connection
    line: Line
    now_ns: int


Became = Sequence[Message] | None
"""What a fault makes of a frame: nothing, one or two frames; None where it does not apply."""


def wait_ns(spec: FaultSpec) -> int:
    """Return the time that a fault takes, never negative."""
    return int(max(spec.seconds, 0) * SECOND_NS)


def retold(message: Message, text: bytes | None) -> Became:
    """Return a message of one client's own with another text; None where there is no text."""
    return None if text is None else (Message(text, message.sent_ns, message.topic),)


def reorder(_: FaultSpec, spot: Spot, message: Message) -> Became:
    """Keep a frame until the next of its stream has passed, one at a time."""
    if message.topic in spot.line.swapped:
        return None
    spot.line.swapped[message.topic] = message
    return ()


def delay(spec: FaultSpec, spot: Spot, message: Message) -> Became:
    """Keep a frame, and what comes behind it, for a while."""
    due_ns = spot.now_ns + wait_ns(spec)
    delayed = spot.line.delayed
    delayed.append((max(due_ns, delayed[-1][0]) if delayed else due_ns, message))
    return ()


def late(spec: FaultSpec, spot: Spot, message: Message) -> Became:
    """Keep a heartbeat for a while; nothing waits behind it."""
    if "heartbeat" not in message.topic and b'"heartbeat' not in message.text[:200]:
        return None
    due_ns = spot.now_ns + wait_ns(spec)
    spot.line.late.append((due_ns, message))
    return ()


def rubbish(_: FaultSpec, __: Spot, message: Message) -> Became:
    """Cut a frame's text and put rubbish behind it."""
    return retold(message, garbage(message.text))


def giant(spec: FaultSpec, _: Spot, message: Message) -> Became:
    """Blow a frame up."""
    return retold(message, oversized(message.text, spec.bytes))


def skew(spec: FaultSpec, _: Spot, message: Message) -> Became:
    """Let the venue's clock be wrong."""
    return retold(message, skewed(message.text, int(spec.seconds * SECOND_NS)))
