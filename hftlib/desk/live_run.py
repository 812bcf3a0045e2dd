"""The frame path of a live run: stamped once, recorded, then through the engine, in one call.

There is no queue between a socket and the engine: what waits, waits in the kernel's buffers. What
the engine asks for goes to `Answers`, which owns the way out (subscriptions, REST).
"""

from collections.abc import Callable
from typing import Final, Protocol

from hftlib.core.clock import Clock
from hftlib.core.events import FeedStatus, SnapshotRequest
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import FeedCondition
from hftlib.desk.latency import Latency
from hftlib.desk.run import Run
from hftlib.engine.facts import Fact
from hftlib.io.tape.live import LiveTape

_WS: Final = FrameKind.WS
_ACTED_UPON: Final = frozenset({FeedCondition.STALE, FeedCondition.SHUTDOWN_ANNOUNCED})

Listener = Callable[[Frame, list[Fact]], None]
"""Called with every frame and its facts, after the boards have them."""


class Answers(Protocol):
    """Do what the engine asks for."""

    def want(self, request: SnapshotRequest) -> None:
        """Get a book anew: over REST, or by a new subscription."""
        ...

    def act(self, status: FeedStatus) -> None:
        """Do something about a connection that is silent or about to be cut."""
        ...


class LiveRun:
    """Own the arrival order of a live run and hand each frame to tape, engine and listeners."""

    def __init__(
        self, run: Run, tape: LiveTape, clock: Clock, latency: Latency | None = None
    ) -> None:
        """Begin at arrival 0; `answers` is set before the first frame comes.

        `latency` is the engine's stopwatch; frames of websockets are measured.
        """
        self.run = run
        self.tape = tape
        self.clock = clock
        self.latency = latency or Latency(clock.now_ns)
        self.answers: Answers | None = None
        self.listeners: list[Listener] = []
        self._next_seq = 0

    @property
    def frames(self) -> int:
        """Return how many frames came in."""
        return self._next_seq

    def take(
        self, venue: str, connection: str, kind: FrameKind, payload: bytes, request: str = ""
    ) -> None:
        """Stamp, record and process what has just come in; nothing of it waits."""
        frame = Frame(
            self._next_seq, self.clock.now_ns(), venue, connection, kind, payload, request
        )
        self._next_seq += 1
        self.tape.append(frame)
        self.latency.begin(frame.ts_recv if kind is _WS else 0)
        facts = self.run.feed(frame)
        for listener in self.listeners:
            listener(frame, facts)
        for fact in facts:
            kind_of_fact = type(fact)
            if kind_of_fact is SnapshotRequest or kind_of_fact is FeedStatus:
                self._answer(fact)

    def learn(self, instruments: list[Instrument]) -> None:
        """Let books of these instruments come; frames of others are counted and dropped."""
        self.run.engine.learn(instruments)
        self.tape.add_instruments(instruments)

    def second(self) -> None:
        """Keep a checkpoint on the tape where one is due."""
        now_ns = self.clock.now_ns()
        if self._next_seq and self.tape.wants_checkpoint(now_ns):
            blob = self.run.engine.checkpoint()
            self.tape.append_checkpoint(self._next_seq - 1, self.run.now_ns, blob)

    def _answer(self, fact: Fact) -> None:
        if self.answers is None:
            return
        if isinstance(fact, SnapshotRequest):
            self.answers.want(fact)
        elif isinstance(fact, FeedStatus) and fact.condition in _ACTED_UPON:
            self.answers.act(fact)
