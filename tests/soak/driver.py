"""The driver: sockets in, frames to the engine, and what the sessions ask for is done."""

import asyncio
import time
from collections.abc import Callable

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from hftlib.core.events import FeedStatus, SnapshotRequest
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.states import FeedCondition
from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE, COINBASE_EXCHANGE
from hftlib.engine.engine import Engine
from hftlib.engine.facts import Fact
from tests.soak.lanes import Lane

LARGEST_FRAME = 8 * 1024 * 1024
BACKOFF_S = 0.25
POLL_S = 2.0
PATIENCE_S = 3.0
TRIES = 20
_ASKED_OVER_REST = (BINANCE, BINANCE_USDM)
_POLLED = (COINBASE, COINBASE_EXCHANGE)

Hear = Callable[[Lane, Frame, list[Fact]], None]


class Driver:
    """Hold the connections of every lane and hand the engine what they bring."""

    def __init__(self, engine: Engine, lanes: list[Lane], hear: Hear) -> None:
        """Drive `engine`; `hear` gets each frame with its facts."""
        self.engine = engine
        self.lanes = lanes
        self.frames = 0
        self.reconnects = dict.fromkeys((lane.venue for lane in lanes), 0)
        self._hear = hear
        self._anchor = time.time_ns() - time.monotonic_ns()
        self._sockets: dict[str, ClientConnection] = {}
        self._asking: set[tuple[str, str]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._http = httpx.AsyncClient(timeout=PATIENCE_S, trust_env=False)

    def now_ns(self) -> int:
        """Return the time, on the wall clock's anchor."""
        return self._anchor + time.monotonic_ns()

    async def run(self) -> None:
        """Keep every lane open until cancelled."""
        runs = [self._keep_open(lane) for lane in self.lanes]
        runs += [self._poll(lane) for lane in self.lanes if lane.venue in _POLLED]
        try:
            await asyncio.gather(*runs, self._tell_time())
        finally:
            for task in self._tasks:
                task.cancel()
            await self._http.aclose()

    async def _keep_open(self, lane: Lane) -> None:
        while True:
            reason = "closed"
            try:
                async with connect(
                    lane.url,
                    max_size=LARGEST_FRAME,
                    compression=None,
                    ping_interval=None,
                    open_timeout=PATIENCE_S,
                    close_timeout=0.2,
                ) as socket:
                    await self._read(lane, socket)
            except (OSError, WebSocketException) as error:
                reason = str(error)
            if self._sockets.pop(lane.name, None) is not None:
                self._take(lane, FrameKind.CLOSED, reason.encode())
            self.reconnects[lane.venue] += 1
            await asyncio.sleep(BACKOFF_S)

    async def _read(self, lane: Lane, socket: ClientConnection) -> None:
        self._sockets[lane.name] = socket
        self._take(lane, FrameKind.OPENED, b"", lane.url)
        for text in lane.sent:
            await socket.send(text.decode())
            self._take(lane, FrameKind.SENT, text)
        while True:
            self._take(lane, FrameKind.WS, await socket.recv(decode=False))

    def _take(self, lane: Lane, kind: FrameKind, payload: bytes, request: str = "") -> None:
        """Hand one frame to the engine, and do what it asks for."""
        self.frames += 1
        rest = kind is FrameKind.REST
        name = f"{lane.name}-rest" if rest else lane.name
        frame = Frame(self.frames, self.now_ns(), lane.venue, name, kind, payload, request)
        facts = self.engine.on_event(frame)
        self._hear(lane, frame, facts)
        for fact in facts:
            if isinstance(fact, SnapshotRequest):
                self._begin_anew(self._lane_of(fact.venue), fact.symbol)
            elif isinstance(fact, FeedStatus) and fact.condition is FeedCondition.STALE:
                self._reconnect(self._lane_of(fact.venue))

    def _lane_of(self, venue: str) -> Lane:
        return next(lane for lane in self.lanes if lane.venue == venue)

    def _begin_anew(self, lane: Lane, symbol: str) -> None:
        if lane.venue not in _ASKED_OVER_REST:
            self._reconnect(lane)
        elif (lane.venue, symbol) not in self._asking:
            self._asking.add((lane.venue, symbol))
            self._start(self._snapshot(lane, symbol))

    def _reconnect(self, lane: Lane) -> None:
        socket = self._sockets.get(lane.name)
        if socket is not None:
            socket.transport.abort()

    def _start(self, work: "asyncio.coroutines.Coroutine[None, None, None]") -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _snapshot(self, lane: Lane, symbol: str) -> None:
        """Ask until an answer comes; the session judges it, and asks again if need be."""
        url = lane.book_url.format(symbol)
        for _ in range(TRIES):
            answer = await self._get(url)
            if answer is not None:
                if answer.status_code == 200:
                    break
                self._take(lane, FrameKind.REST, answer.content, url)
            await asyncio.sleep(_pause_s(answer))
        self._asking.discard((lane.venue, symbol))
        if answer is not None and answer.status_code == 200:
            self._take(lane, FrameKind.REST, answer.content, url)

    async def _get(self, url: str) -> httpx.Response | None:
        try:
            return await self._http.get(url)
        except httpx.HTTPError:
            return None

    async def _poll(self, lane: Lane) -> None:
        """Compare with REST, the only defence of books without a sequence."""
        while True:
            await asyncio.sleep(POLL_S)
            for symbol in lane.symbols:
                url = lane.book_url.format(symbol)
                answer = await self._get(url)
                if answer is not None and answer.status_code == 200:
                    self._take(lane, FrameKind.REST, answer.content, url)

    async def _tell_time(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            for lane in self.lanes:
                self._take(lane, FrameKind.TIMER, b"")


def _pause_s(answer: httpx.Response | None) -> float:
    """Return how long to wait after a refusal: what it says, a second at most."""
    told = "" if answer is None else answer.headers.get("Retry-After", "")
    return min(float(told), 1.0) if told.isdigit() else 0.5
