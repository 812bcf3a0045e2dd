"""Channels of the stream: a topic is encoded once, each subscription is sent what it can take.

A subscription holds what its client was not sent yet, within bounds. Beyond them nothing more is
held: the client is sent the newest snapshot instead, as soon as it takes one.
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec

from hftlib.api.stream_tellers import ANEW, Teller
from hftlib.wire.messages import ClockReply
from hftlib.wire.outbox import Outbox
from hftlib.wire.stream import Delta, Encoding, Snapshot, encode, wrap_heatmap

if TYPE_CHECKING:
    from hftlib.desk.topic import Topic

MOST_WAITING: Final = 40
"""Deltas that may wait for a client: two seconds at 20 Hz."""

MOST_WAITING_BYTES: Final = 128 * 1024

Notify = Callable[["BodySubscription | HeatmapSubscription"], None]


class BodySubscription:
    """Hold the snapshot and the deltas that wait for one client, with its own sequence."""

    def __init__(
        self, identity: int, channel: "Channel", encoding: Encoding, notify: Notify
    ) -> None:
        """Begin with a snapshot due; `notify` is called when there is something to be sent."""
        self.encoding = encoding
        self._identity = identity
        self._channel = channel
        self._notify = notify
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._sequence = 0
        self._skipped = 0
        self._is_due = True
        self._has_begun = False

    def begin(self) -> None:
        """Join the channel: the snapshot comes first."""
        self._channel.members.add(self)
        self._notify(self)

    def put(self, body: bytes) -> None:
        """Add a delta, or skip to a snapshot where too much waits already."""
        if self._is_due:
            self._skipped += self._has_begun
            return
        if (
            len(self._waiting) >= MOST_WAITING
            or self._waiting_bytes + len(body) > MOST_WAITING_BYTES
        ):
            self._skipped += 1
            self.renew()
            return
        self._waiting.append(body)
        self._waiting_bytes += len(body)
        self._notify(self)

    def renew(self) -> None:
        """Void what waits: a snapshot is to be sent instead."""
        self._skipped += len(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
        self._is_due = True
        self._notify(self)

    def pop(self) -> bytes | None:
        """Return the next message, None where none waits."""
        if self._is_due:
            return self._snapshot()
        if not self._waiting:
            return None
        body = self._waiting.popleft()
        self._waiting_bytes -= len(body)
        self._sequence += 1
        return encode(Delta(self._identity, self._sequence, msgspec.Raw(body)), self.encoding)

    def leave(self) -> None:
        """Be sent no more."""
        self._channel.members.discard(self)

    def _snapshot(self) -> bytes:
        skipped, self._skipped, self._sequence = self._skipped, 0, 0
        self._is_due, self._has_begun = False, True
        body = msgspec.Raw(self._channel.snapshot(self.encoding))
        return encode(Snapshot(self._identity, 0, skipped, body), self.encoding)


class Channel:
    """Publish one topic to its subscriptions, encoded once for each encoding."""

    def __init__(self, teller: Teller) -> None:
        """Begin without subscriptions."""
        self.members: set[BodySubscription] = set()
        self._teller = teller
        self._snapshots: dict[Encoding, bytes] = {}
        self._next_s = 0.0

    def publish(self, now_s: float) -> None:
        """Hand what changed to every subscription, when it is time to look."""
        if now_s < self._next_s:
            return
        self._next_s = now_s + self._teller.period_s
        change = self._teller.change()
        if change is not None:
            self._hand_out(change)

    def snapshot(self, encoding: Encoding) -> bytes:
        """Return all that was published, encoded."""
        if encoding not in self._snapshots:
            self._snapshots[encoding] = encode(self._teller.all(), encoding)
        return self._snapshots[encoding]

    def _hand_out(self, change: object) -> None:
        self._snapshots.clear()
        bodies: dict[Encoding, bytes] = {}
        for member in self.members:
            if change is ANEW:
                member.renew()
                continue
            encoding = member.encoding
            if encoding not in bodies:
                bodies[encoding] = encode(change, encoding)
            member.put(bodies[encoding])


class HeatmapSubscription:
    """Hold what waits of a heatmap for one client: joined while the client is behind."""

    def __init__(self, identity: int | None, channel: "HeatmapChannel", notify: Notify) -> None:
        """Begin empty; without an identity nothing is put before the messages."""
        self._identity = identity
        self._channel = channel
        self._notify = notify
        self._outbox = Outbox()
        self._taken: deque[bytes] = deque()

    def begin(self) -> None:
        """Join the channel: description and history come first."""
        self._channel.members.add(self)
        self.put(self._channel.greeting())

    def put(self, messages: list[bytes]) -> None:
        """Add messages of the feed to what waits."""
        for message in messages:
            self._outbox.put(message)
        self._notify(self)

    def pop(self) -> bytes | None:
        """Return the next message, None where none waits."""
        if not self._taken:
            self._taken.extend(self._outbox.take())
        if not self._taken:
            return None
        message = self._taken.popleft()
        return message if self._identity is None else wrap_heatmap(self._identity, message)

    def leave(self) -> None:
        """Be sent no more."""
        self._channel.members.discard(self)


class HeatmapChannel:
    """Publish the binary messages of one book's heatmap."""

    def __init__(self, topic: "Topic", clock: Callable[[], ClockReply | None]) -> None:
        """Begin without subscriptions."""
        self.members: set[HeatmapSubscription] = set()
        self._topic = topic
        self._clock = clock

    def publish(self, now_s: float) -> None:
        """Hand what is new to every subscription."""
        messages = self._topic.changes(self._clock(), now_s)
        if messages:
            for member in self.members:
                member.put(messages)

    def greeting(self) -> list[bytes]:
        """Return what a newcomer is sent first."""
        return self._topic.greeting(self._clock())
