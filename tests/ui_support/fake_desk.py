"""A desk made up for tests of the page: the routes that it reads, and a feed of invented numbers.

`python -m tests.ui_support.fake_desk PORT` runs it alone.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from hftlib.core.states import BookState, Source
from hftlib.wire import feed
from hftlib.wire.feed import Kind
from hftlib.wire.messages import (
    ClockReply,
    Description,
    ErrorReply,
    GcPauses,
    Health,
    InstrumentReply,
    MessageAge,
    SourceChoice,
    SourceReply,
    SourceRequest,
    Statistics,
    Status,
    VenueReply,
)
from tests.ui_support.market import Market

START_MS = 1_723_161_600_000.0
LENGTH_MS = 1_800_000.0
HISTORY = 600
VENUE, SYMBOL = "binance", "BTCUSDT"


class FakeDesk:
    """Hold the invented run: a market, its clock, and the faults that a test asks for."""

    def __init__(self) -> None:
        """Begin with a minute of history."""
        self.market = Market()
        self.time_ms = START_MS
        self.paused = False
        self.speed = 1.0
        self.state = BookState.LIVE
        self.health_state = "running"
        self.reason = ""
        self.kernels = 9
        self.multiplier = "1"
        self.inverse = False
        self.silent = False
        self.shown = "incident:calm"
        self.columns: list[bytes] = []
        self.trades: list[feed.TradeMark] = []
        self.epoch = 0
        self.frames = 0
        self.commands: list[tuple[str, Any]] = []
        self._sequence = 0
        for _ in range(HISTORY):
            self.step()

    def step(self) -> None:
        """Advance the run by one column."""
        self.time_ms += 100
        gap = self.state is not BookState.LIVE
        column, trades = self.market.step(self.time_ms, gap=gap)
        self.columns.append(feed.encode_column(column))
        self.trades = (self.trades + trades)[-1_000:]
        self.frames += 10

    def seek(self, time_ms: float) -> None:
        """Jump: the history is drawn anew up to there."""
        self.time_ms = max(START_MS, time_ms - HISTORY * 100)
        self.columns.clear()
        self.trades.clear()
        self.epoch += 1
        for _ in range(HISTORY):
            self.step()

    async def run(self) -> None:
        """Advance ten times a second while not paused."""
        while True:
            await asyncio.sleep(0.1)
            if not self.paused:
                for _ in range(max(1, round(self.speed))):
                    self.step()

    def clock(self) -> ClockReply:
        """Return where the clock stands."""
        return ClockReply(
            self.time_ms, START_MS, START_MS + LENGTH_MS, self.speed, self.paused, loop=True
        )

    def pack(self, kind: Kind, body: bytes, flags: int = 0) -> bytes:
        """Return one message of the feed."""
        self._sequence += 1
        return feed.pack(kind, body, sequence=self._sequence, time_ms=self.time_ms, flags=flags)

    def description(self, row_ticks: int) -> Description:
        """Return what the feed shows."""
        return Description(
            VENUE, SYMBOL, "BTC", "USDT", Source.SIMULATED, "fake desk", 2, "0.01", 5, row_ticks,
            240, 100,
        )  # fmt: skip

    def status(self) -> Status:
        """Return the state of the book with invented features."""
        bid, ask = self.market.best()
        mid = (bid + ask) / 200
        wave = self.market._drift / 40
        features: dict[str, float | None] = {
            "mid": mid,
            "spread": (ask - bid) / 100,
            "spread_ticks": float(ask - bid),
            "spread_bps": (ask - bid) / 100 / mid * 1e4,
            "imbalance_1": max(-1.0, min(1.0, wave * 1.4)),
            "imbalance_10": max(-1.0, min(1.0, wave)),
            "weighted_mid": mid + wave * 0.01,
            "micro_price": mid + wave * 0.006,
            "ofi_10": self.market.mid / 50,
            "trade_flow_10s": max(-1.0, min(1.0, wave * 0.8)),
            "trade_volume_10s": 3.2 + wave,
        }
        return Status(
            state=self.state, verified=True, reason="", state_since_ms=START_MS,
            source=Source.SIMULATED, origin="fake desk", age_ms=12.0, frames=self.frames,
            frames_per_s=10.0, gaps=0, resyncs=0, decode_errors=0, dropped_before_sync=2,
            unknown_deletes=26_140, crossed=0, message_age_ms=MessageAge(6.1, 21.9),
            features=features,
            statistics=Statistics(last=mid, change_24h=812.4, change_24h_pct=1.29),
            clock=self.clock(), bid_levels=1_971, ask_levels=2_962,
            last_update_id=self.market.last_update_id,
        )  # fmt: skip

    def greeting(self, row_ticks: int, depth: int) -> list[bytes]:
        """Return what a newcomer is sent."""
        pack = self.pack
        return [
            pack(Kind.DESCRIPTION, feed.encode_json(self.description(row_ticks))),
            pack(Kind.COLUMNS, feed.join_columns(self.columns[-1_800:]), feed.HISTORY),
            pack(Kind.LADDER, feed.encode_ladder(self.market.ladder(depth, state=self.state))),
            pack(Kind.TRADES, feed.encode_trades(self.trades)),
            pack(Kind.STATUS, feed.encode_json(self.status())),
        ]

    def health(self) -> Health:
        """Return how the desk is."""
        return Health(
            self.health_state, 3, self.kernels, self.reason, "0", 0, Source.SIMULATED, "fake",
            1.0,
            0.1, 0, 0, 0, GcPauses(0, 0.0, 0.0),
        )  # fmt: skip

    async def feed(self, websocket: WebSocket) -> None:
        """Serve the feed to one client."""
        await websocket.accept()
        depth = int(websocket.query_params.get("depth", "25"))
        row_ticks = int(websocket.query_params.get("row_ticks", "0")) or self.market.row_ticks
        if websocket.query_params.get("symbol") != SYMBOL:
            error = feed.encode_json(ErrorReply("UNKNOWN_BOOK", "no such book in this run"))
            await websocket.send_bytes(self.pack(Kind.ERROR, error))
            await websocket.close(1008)
            return
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await self._stream(websocket, row_ticks, depth)

    async def _stream(self, websocket: WebSocket, row_ticks: int, depth: int) -> None:
        epoch, sent, trades_sent, beat = -1, 0, 0.0, 0
        while True:
            if epoch != self.epoch:
                for message in self.greeting(row_ticks, depth):
                    await websocket.send_bytes(message)
                epoch, sent, trades_sent = self.epoch, len(self.columns), self.time_ms
            fresh = self.columns[sent:]
            if fresh and not self.silent:
                sent = len(self.columns)
                await websocket.send_bytes(self.pack(Kind.COLUMNS, feed.join_columns(fresh)))
                ladder = feed.encode_ladder(self.market.ladder(depth, state=self.state))
                await websocket.send_bytes(self.pack(Kind.LADDER, ladder))
                trades = [trade for trade in self.trades if trade.time_ms > trades_sent - 100]
                trades_sent = self.time_ms
                if trades:
                    body = feed.encode_trades(trades)
                    await websocket.send_bytes(self.pack(Kind.TRADES, body))
            beat += 1
            if beat % 5 == 0 and not self.silent:
                body = feed.encode_json(self.status())
                await websocket.send_bytes(self.pack(Kind.STATUS, body))
            await asyncio.sleep(0.05)

    def instrument(self) -> InstrumentReply:
        """Return the one instrument."""
        return InstrumentReply(
            VENUE, SYMBOL, "BTC", "USDT", "0.01", "0.00001", "0.00001", "5", self.multiplier,
            self.inverse, "TRADING", "file",
        )  # fmt: skip

    async def command(self, request: Request) -> Response:
        """Move the clock as asked."""
        action = request.path_params["action"]
        body = msgspec.json.decode(await request.body() or b"{}")
        self.commands.append((action, body))
        if action in {"play", "pause"}:
            self.paused = action == "pause"
        elif action == "step":
            self.step()
        elif action == "speed":
            self.speed = body["speed"]
        elif action == "seek":
            self.seek(body["ts"] / 1e6)
        elif action == "state":
            self.state = BookState(body["state"])
        elif action == "silent":
            self.silent = body["silent"]
        return reply(self.clock())

    async def source(self, request: Request) -> Response:
        """Tell the source, and take another one."""
        if request.method == "POST":
            self.shown = msgspec.json.decode(await request.body(), type=SourceRequest).source
        named = ("auto", "local", "incident:calm", "incident:news")
        return reply(SourceReply(self.shown, 1, [SourceChoice(one, one, "") for one in named]))

    def app(self) -> Starlette:
        """Return the application."""

        def fixed(make: Any) -> Any:
            async def answer(_: Request) -> Response:
                return reply(make())

            return answer

        @contextlib.asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            task = asyncio.create_task(self.run())
            yield
            task.cancel()

        routes = [
            Route("/api/v1/health", fixed(self.health)),
            Route("/api/v1/venues", fixed(lambda: [VenueReply(VENUE, [SYMBOL, "ETHUSDT"])])),
            Route("/api/v1/instruments", fixed(lambda: [self.instrument()])),
            Route("/api/v1/source", self.source, methods=["GET", "POST"]),
            Route("/api/v1/clock", fixed(self.clock)),
            Route("/api/v1/clock/{action}", self.command, methods=["POST"]),
            WebSocketRoute("/api/v1/stream", self.feed),
        ]
        return Starlette(routes=routes, lifespan=lifespan)


def reply(body: Any) -> Response:
    """Return a JSON answer."""
    return Response(msgspec.json.encode(body), media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(FakeDesk().app(), port=int(sys.argv[1]), log_level="warning")
