"""A venue on loopback that says what a tape says, and the conductor that keeps it in step.

The websocket frames go through real sockets to `Lanes`, the REST bodies to `RestClient`, as they
would come from an exchange; who opens, asks and hands over is the code of a live run. Frames of
one lane keep the tape's order. Between two frames that are no websocket message the lanes stream
side by side, each as fast as its socket goes, unless the conductor is told to go frame by frame.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from hftlib.core.frames import Frame, FrameKind
from hftlib.io.feeds.lane import OVERLAP_S
from hftlib.io.feeds.lanes import Lanes
from hftlib.io.rest.client import REST, RestClient, Take
from hftlib.venues.plans import LanePlan, Purpose, RestRequest

DEADLINE_S = 20.0
NEVER_S = 3600.0


class Eager(random.Random):
    """A chance that never makes anybody wait."""

    def uniform(self, a: float, b: float) -> float:
        return a


class StillClock:
    """The lanes' clock: it stands still, so that nothing is handed over before its time."""

    def __init__(self) -> None:
        self.now = 1_000_000_000_000

    def now_ns(self) -> int:
        return self.now


class PlaybackVenue:
    """Accept as many websockets as it is told to, and answer GET requests with what lies ready."""

    def __init__(self) -> None:
        self.arrivals: asyncio.Queue[ServerConnection] = asyncio.Queue()
        self.bodies: dict[str, bytes] = {}
        self.doors = asyncio.Semaphore(0)
        self._server: Server | None = None

    async def __aenter__(self) -> "PlaybackVenue":
        self._server = await serve(
            self._attend,
            "127.0.0.1",
            0,
            process_request=self._answer,
            max_size=None,
            ping_interval=None,
            compression=None,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def url(self, scheme: str, original: str) -> str:
        """Return where this venue serves what `original` named."""
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()[:2]
        parts = urlsplit(original)
        query = f"?{parts.query}" if parts.query else ""
        return f"{scheme}://{host}:{port}{parts.path or '/'}{query}"

    async def _attend(self, connection: ServerConnection) -> None:
        self.arrivals.put_nowait(connection)
        async for _ in connection:
            pass

    async def _answer(self, _connection: ServerConnection, request: Request) -> Response | None:
        if "Upgrade" in request.headers:
            await self.doors.acquire()
            return None
        body = self.bodies.pop(request.path)
        return Response(200, "OK", Headers({"Content-Length": str(len(body))}), body)


class Conductor:
    """Play a tape's frames over sockets into a run."""

    def __init__(self, venue: PlaybackVenue, take: Take, *, strict: bool) -> None:
        """Hand what comes out of the sockets to `take`; with `strict` one frame at a time."""
        self._venue = venue
        self._hand_on = take
        self._strict = strict
        self._sockets: dict[tuple[str, str], ServerConnection] = {}
        self._plans: dict[tuple[str, str], LanePlan] = {}
        self._rest_connection = ""
        self._taken: Counter[tuple[str, str, FrameKind]] = Counter()
        self._sent: Counter[tuple[str, str, FrameKind]] = Counter()
        self._moved = asyncio.Event()
        self._clock = StillClock()
        self.lanes = Lanes(self._take, self._clock, Eager(), lambda _: None)
        self.rest = RestClient(self._take, self._clock, Eager())

    def _take(
        self, venue: str, connection: str, kind: FrameKind, payload: bytes, request: str = ""
    ) -> None:
        name = self._rest_connection if connection == REST else connection
        self._taken[venue, name, kind] += 1
        self._moved.set()
        self._hand_on(venue, name, kind, payload, request)

    async def _until(self, is_so: Callable[[], bool], what: object) -> None:
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not is_so():
                    if self.lanes.broken.done():
                        self.lanes.broken.result()
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            raise AssertionError(f"nothing came of {what!r}") from None

    async def _caught_up(self, frame: Frame) -> None:
        await self._until(lambda: self._taken == self._sent, frame)

    async def play(self, frames: Sequence[Frame]) -> None:
        """Play all frames and wait until every one was taken."""
        for place, frame in enumerate(frames):
            if frame.kind is FrameKind.WS:
                self._sent[frame.venue, frame.connection, frame.kind] += 1
                await self._sockets[frame.venue, frame.connection].send(frame.payload, text=True)
                if self._strict:
                    await self._caught_up(frame)
                continue
            if frame.kind is FrameKind.SENT:
                continue  # the lane has said it when it opened
            await self._caught_up(frame)
            self._sent[frame.venue, frame.connection, frame.kind] += 1
            await self._conduct(frame, frames, place)
            await self._caught_up(frame)
        await self._caught_up(frames[-1])

    async def _conduct(self, frame: Frame, frames: Sequence[Frame], place: int) -> None:
        key = (frame.venue, frame.connection)
        if frame.kind is FrameKind.OPENED:
            await self._open(key, frame, frames[place + 1 :])
        elif frame.kind is FrameKind.REST:
            await self._ask(frame)
        elif frame.kind is FrameKind.CLOSED:
            if frame.request:
                self._clock.now += round((OVERLAP_S + 1) * 1e9)
            else:
                await self._sockets[key].close(1000, frame.payload.decode()[:100])
        else:
            assert frame.kind is FrameKind.TIMER, frame
            self._take(*key, frame.kind, frame.payload)

    async def _open(self, key: tuple[str, str], frame: Frame, rest: Sequence[Frame]) -> None:
        """Open a lane, or wait for one that opens by itself; what it is to say follows on tape."""
        venue, connection = key
        self._venue.doors.release()
        if connection.endswith("+"):
            self.lanes.hand_over(venue, connection.removesuffix("+"), "its time is over")
        elif key not in self._plans:
            self._plans[key] = self._plan(key, frame, rest)
            self.lanes.open(self._plans[key])
        async with asyncio.timeout(DEADLINE_S):
            self._sockets[key] = await self._venue.arrivals.get()
        said = self._plans[venue, connection.removesuffix("+")].sent
        assert said == _said(key, rest)
        if said:
            self._sent[*key, FrameKind.SENT] += len(said)

    def _plan(self, key: tuple[str, str], frame: Frame, rest: Sequence[Frame]) -> LanePlan:
        return LanePlan(
            *key,
            self._venue.url("ws", frame.request),
            ("BTCUSDT",),
            sent=_said(key, rest),
            silence_s=NEVER_S,
        )

    async def _ask(self, frame: Frame) -> None:
        url = self._venue.url("http", frame.request)
        parts = urlsplit(url)
        self._venue.bodies[f"{parts.path}?{parts.query}" if parts.query else parts.path] = (
            frame.payload
        )
        self._rest_connection = frame.connection
        answer = await self.rest.ask(RestRequest(frame.venue, url, 1, Purpose.SNAPSHOT))
        assert answer.trouble == "", answer.trouble

    async def close(self) -> None:
        """Hang up."""
        await self.lanes.close_all()
        await self.rest.close()


def _said(key: tuple[str, str], rest: Sequence[Frame]) -> tuple[bytes, ...]:
    """Return what the tape says was sent upon an opening, before anything came back."""
    said = []
    for frame in rest:
        if (frame.venue, frame.connection) == key:
            if frame.kind is not FrameKind.SENT:
                break
            said.append(frame.payload)
    return tuple(said)
