"""Faults on purpose, between what a venue says and what goes on the socket; each one is logged.

A frame passes the planted faults in the order in which they were planted. Without planted faults
everything passes at the cost of one test.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, runtime_checkable

from hftlib.exchange.fault_answers import refusal, timeout_answer, writes_orders
from hftlib.exchange.fault_kinds import FaultEvent, FaultKind, FaultSpec, FaultState, OrderAnswer
from hftlib.exchange.fault_line import (
    Became,
    Line,
    Spot,
    delay,
    giant,
    late,
    reorder,
    retold,
    rubbish,
    skew,
    wait_ns,
)
from hftlib.exchange.fault_text import head_of, shifted_id, skewed
from hftlib.exchange.forgery import Forger
from hftlib.exchange.messages import (
    Close,
    Connection,
    Message,
    Opening,
    Outgoing,
    Ping,
    Request,
    Response,
    VenueServer,
)
from hftlib.exchange.planted import SECOND_NS, Planted
from hftlib.exchange.truth import Truth

LOG_LENGTH: Final = 20_000
_SWEEP_NS: Final = SECOND_NS
_GOING_AWAY: Final = 1001
_POLICY: Final = 1008
_LASTING: Final = frozenset({FaultKind.STALL, FaultKind.CLOCK_SKEW})
"""Kinds that hit every frame: logged once for each lane, counted every time."""


@runtime_checkable
class ClockOwner(Protocol):
    """Be a venue whose own clock judges the stamps of its clients."""

    clock_skew_ns: int


class Withheld:
    """Stand for an answer that never comes."""


class Faults:
    """Plant faults and carry them out."""

    def __init__(self, seed: int, truth: Truth | None = None) -> None:
        """Draw from `seed`; wrong levels and old snapshots need the books of `truth`."""
        self.counts: Counter[FaultKind] = Counter()
        self._seed = seed
        self._forger = Forger(truth)
        self._planted: list[Planted] = []
        self._over: deque[Planted] = deque(maxlen=1_000)
        self._lines: dict[str, Line] = {}
        self._paths: dict[str, str] = {}
        self._log: deque[FaultEvent] = deque(maxlen=LOG_LENGTH)
        self._numbers = 0
        self._logged = 0
        self._sweep_at = 0
        self._acts: Mapping[FaultKind, Callable[[FaultSpec, Spot, Message], Became]] = {
            FaultKind.DROP: lambda *_: (),
            FaultKind.DUPLICATE: lambda _spec, _spot, message: (message, message),
            FaultKind.STALL: lambda *_: (),
            FaultKind.REORDER: reorder,
            FaultKind.DELAY: delay,
            FaultKind.LATE_HEARTBEAT: late,
            FaultKind.GARBAGE: rubbish,
            FaultKind.OVERSIZED: giant,
            FaultKind.CLOCK_SKEW: skew,
            FaultKind.CROSSED: self._crossed,
            FaultKind.UNKNOWN_DELETE: self._unknown_delete,
            FaultKind.STALE_SNAPSHOT: self._stale_pushed,
        }

    def add(self, spec: FaultSpec, now_ns: int) -> int:
        """Plant a fault; return its number."""
        self._numbers += 1
        self._planted.append(Planted(self._numbers, spec, self._seed, now_ns))
        return self._numbers

    def remove(self, number: int) -> bool:
        """Take a fault back; say whether there was one. What it holds back comes in its time."""
        return self._withdraw([one for one in self._planted if one.number == number]) > 0

    def clear(self) -> int:
        """Take all faults back; return how many there were."""
        return self._withdraw(self._planted[:])

    def _withdraw(self, faults: list[Planted]) -> int:
        for planted in faults:
            planted.is_withdrawn = True
            self._planted.remove(planted)
        self._over.extend(faults)
        return len(faults)

    def states(self, now_ns: int) -> list[FaultState]:
        """Return the faults that are planted, and those that are over, oldest first."""
        states = [planted.state(now_ns) for planted in (*self._over, *self._planted)]
        return sorted(states, key=lambda state: state.fault)

    def log(self, after: int = 0) -> list[FaultEvent]:
        """Return the events logged after number `after`, oldest first."""
        return [event for event in self._log if event.number > after]

    def connect(self, server: VenueServer, opening: Opening) -> Connection | Response:
        """Open a websocket, unless a fault of HTTP whose topic begins with ws: refuses it."""
        topic = f"ws:{opening.path}"
        for planted in self._of(FaultKind.HTTP):
            asked = planted.spec.topic.startswith("ws:")
            if asked and planted.meets(server.name, opening.address, topic, opening.now_ns):
                self._note(planted, server.name, opening.address, topic, opening.now_ns)
                return refusal(server.name, planted.spec, opening.now_ns)
        connection = server.connect(opening)
        if not isinstance(connection, Response):
            self._paths[connection.name] = opening.path
        return connection

    def set_clock(self, server: VenueServer, now_ns: int) -> None:
        """Let a venue judge its clients' stamps by the clock that it shows now.

        Call it before the venue hears of anything that a client sent.
        """
        if isinstance(server, ClockOwner):
            skews = [
                int(planted.spec.seconds * SECOND_NS)
                for planted in self._of(FaultKind.CLOCK_SKEW)
                if planted.covers(server.name, "", "", now_ns)
            ]
            server.clock_skew_ns = sum(skews)

    def forget(self, connection: Connection) -> None:
        """Let go of a connection that is gone."""
        self._lines.pop(connection.name, None)
        self._paths.pop(connection.name, None)
        for planted in self._planted:
            planted.forget(connection.name)

    def is_mute(self, connection: Connection, now_ns: int) -> bool:
        """Say whether a stall keeps even pings and pongs back."""
        return any(
            planted.spec.mute and planted.covers(connection.venue, connection.name, "", now_ns)
            for planted in self._of(FaultKind.STALL)
        )

    def take(self, connection: Connection, now_ns: int) -> list[Outgoing]:
        """Empty a connection's outbox; return what goes on the socket now."""
        outgoing = connection.outbox[:]
        connection.outbox.clear()
        if not self._planted and connection.name not in self._lines:
            return outgoing
        if now_ns >= self._sweep_at:
            self._sweep(now_ns)
        spot = Spot(connection, self._lines.setdefault(connection.name, Line()), now_ns)
        out = spot.line.due(now_ns)
        for item in outgoing:
            spot.line.queue(self._passed(spot, item), out)
        out += self._ending(spot)
        if spot.line.is_empty and not self._planted:
            del self._lines[connection.name]
        return out

    def _passed(self, spot: Spot, item: Outgoing) -> Sequence[Outgoing]:
        if isinstance(item, Close):
            return (item,)
        if isinstance(item, Ping):
            return () if self.is_mute(spot.connection, spot.now_ns) else (item,)
        waiting = item.topic in spot.line.swapped
        passed = self._through(spot, item, self._planted)
        if waiting and passed:
            passed.append(spot.line.swapped.pop(item.topic))
        return passed

    def _through(self, spot: Spot, message: Message, faults: Sequence[Planted]) -> list[Message]:
        """Return what becomes of a frame that passes `faults` in order."""
        venue, lane, now_ns = spot.connection.venue, spot.connection.name, spot.now_ns
        for place, planted in enumerate(faults):
            act = self._acts.get(planted.spec.kind)
            if act is None or not planted.meets(venue, lane, message.topic, now_ns):
                continue
            became = act(planted.spec, spot, message)
            if became is not None:
                told = head_of(message.text)
                self._note(planted, venue, lane, message.topic, now_ns, told)
                rest = faults[place + 1 :]
                return [last for one in became for last in self._through(spot, one, rest)]
        return [message]

    def _ending(self, spot: Spot) -> list[Outgoing]:
        """Return the end of a connection that a fault wants to end."""
        line, now_ns = spot.line, spot.now_ns
        if line.close_at is not None and now_ns >= line.close_at:
            line.close_at = None
            return [Close(_GOING_AWAY, "the server shuts down")]
        lane = spot.connection.name
        for planted in self._planted:
            kind = planted.spec.kind
            if kind not in _ENDINGS or lane in planted.noted:
                continue
            if planted.covers(spot.connection.venue, lane, "", now_ns):
                planted.noted.add(lane)
                if planted.strikes(lane):
                    self._note(planted, spot.connection.venue, lane, "", now_ns)
                    return self._end_by(planted.spec, spot)
        return []

    def _end_by(self, spec: FaultSpec, spot: Spot) -> list[Outgoing]:
        if spec.kind is not FaultKind.SHUTDOWN:
            return [_ENDINGS[spec.kind]]
        spot.line.close_at = spot.now_ns + wait_ns(spec)
        return self._shutdown_notice(spot)

    def _shutdown_notice(self, spot: Spot) -> list[Outgoing]:
        """Return the frame that announces a shutdown; Coinbase has none."""
        if not spot.connection.venue.startswith("binance"):
            return []
        text = b'{"e":"serverShutdown","E":%d}' % (spot.now_ns // 1_000_000)
        path = self._paths.get(spot.connection.name, "")
        if "ws-api" in path:
            text = b'{"event":%b}' % text
        elif "/stream" in path:
            text = b'{"stream":"!serverShutdown","data":%b}' % text
        return [Message(text, spot.now_ns, "!serverShutdown")]

    def answer(self, server: VenueServer, request: Request) -> Response | Withheld:
        """Answer a request as the venue does, or as the planted faults want it."""
        if not self._planted:
            return server.request(request)
        for planted in self._of(FaultKind.HTTP):
            if _meets_request(planted, server, request):
                self._note_request(planted, server, request)
                return refusal(server.name, planted.spec, request.now_ns)
        answer: Response | Withheld = server.request(request)
        for planted in self._planted:
            if isinstance(answer, Withheld) or planted.spec.kind not in _CHANGING_ANSWERS:
                continue
            if not _meets_request(planted, server, request):
                continue
            changed = self._changed(planted.spec, server, request, answer)
            if changed is not None:
                self._note_request(planted, server, request)
                answer = changed
        return answer

    def _changed(
        self, spec: FaultSpec, server: VenueServer, request: Request, answer: Response
    ) -> Response | Withheld | None:
        """Return the answer that a fault makes of an answer; None where it does not apply."""
        if spec.kind is FaultKind.ORDER_TIMEOUT:
            if not writes_orders(request) or answer.status != 200:
                return None
            silent = spec.answer is OrderAnswer.SILENCE
            return Withheld() if silent else timeout_answer(spec.answer)
        body = self._changed_body(spec, server, request, answer)
        return None if body is None else answer._replace(body=body)

    def _changed_body(
        self, spec: FaultSpec, server: VenueServer, request: Request, answer: Response
    ) -> bytes | None:
        if spec.kind is FaultKind.CLOCK_SKEW:
            return skewed(answer.body, int(spec.seconds * SECOND_NS))
        if answer.status != 200 or not request.path.endswith("/depth"):
            return None
        if spec.kind is FaultKind.UNRELATED_SNAPSHOT:
            return shifted_id(answer.body, spec.shift)
        return self._forger.old_answer(server.name, request, int(spec.seconds * SECOND_NS))

    def _crossed(self, _: FaultSpec, spot: Spot, message: Message) -> Became:
        return retold(message, self._forger.crossed(spot.connection.venue, message.text))

    def _unknown_delete(self, _: FaultSpec, spot: Spot, message: Message) -> Became:
        return retold(message, self._forger.unknown_delete(spot.connection.venue, message.text))

    def _stale_pushed(self, spec: FaultSpec, spot: Spot, message: Message) -> Became:
        then_ns = spot.now_ns - int(spec.seconds * SECOND_NS)
        text = self._forger.old_snapshot(spot.connection.venue, message.text, then_ns)
        return retold(message, text)

    def _of(self, kind: FaultKind) -> list[Planted]:
        return [planted for planted in self._planted if planted.spec.kind is kind]

    def _sweep(self, now_ns: int) -> None:
        """Set aside the faults that are over, so that they cost nothing."""
        self._sweep_at = now_ns + _SWEEP_NS
        self._over.extend(planted for planted in self._planted if planted.is_over(now_ns))
        self._planted = [planted for planted in self._planted if not planted.is_over(now_ns)]

    def _note_request(self, planted: Planted, server: VenueServer, request: Request) -> None:
        told = f"{request.method} {request.path}?{request.query}"[:160]
        self._note(planted, server.name, request.address, request.path, request.now_ns, told)

    def _note(
        self, planted: Planted, venue: str, lane: str, topic: str, now_ns: int, detail: str = ""
    ) -> None:
        """Count a hit, and log it."""
        kind = planted.spec.kind
        planted.hits += 1
        self.counts[kind] += 1
        if kind in _LASTING:
            if lane in planted.noted:
                return
            planted.noted.add(lane)
        self._logged += 1
        self._log.append(
            FaultEvent(self._logged, planted.number, now_ns, kind, venue, lane, topic, detail)
        )


_ENDINGS: Final[Mapping[FaultKind, Close]] = {
    FaultKind.CUT: Close(abrupt=True),
    FaultKind.NO_PONG: Close(_POLICY, "Pong timeout"),
    FaultKind.LIFETIME: Close(_GOING_AWAY, "the connection's time is over"),
    FaultKind.SHUTDOWN: Close(_GOING_AWAY, "the server shuts down"),
}
_CHANGING_ANSWERS: Final = frozenset(
    {
        FaultKind.CLOCK_SKEW,
        FaultKind.STALE_SNAPSHOT,
        FaultKind.UNRELATED_SNAPSHOT,
        FaultKind.ORDER_TIMEOUT,
    }
)


def _meets_request(planted: Planted, server: VenueServer, request: Request) -> bool:
    return planted.meets(server.name, request.address, request.path, request.now_ns)
