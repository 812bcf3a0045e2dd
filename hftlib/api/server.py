"""Serve a desk: bind, own the data folder, leave word where it answers, run until told to stop."""

import asyncio
import errno
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from hftlib.api.app import create_app
from hftlib.api.fanout import Hub
from hftlib.client.endpoint import write_endpoint, write_token
from hftlib.core.errors import HftlibError
from hftlib.desk.desk import Desk
from hftlib.desk.glance import p99_us, stages_of, tallies_of
from hftlib.desk.ownership import owning
from hftlib.desk.parent import watch_parent
from hftlib.desk.settings import DeskSettings, check
from hftlib.desk.watch import Watch
from hftlib.io import logs
from hftlib.io.loops import loop_factory
from hftlib.wire.messages import Endpoint, Health

_PORTS_TRIED: Final = 50
_BACKLOG: Final = 128
_INVALID_TEXT: Final = 1007
_LARGEST_FROM_CLIENT: Final = 65_536
"""Bytes of a websocket message beyond which the connection is cut; the stream answers to less."""


class StrictWebsocket(WebSocketsSansIOProtocol):
    """End a connection that sends text which is no UTF-8; uvicorn's own way ends in a traceback."""

    def send_receive_event_to_app(self) -> None:
        """Hand a message on where it is what it says."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.fail(_INVALID_TEXT, "text that is no UTF-8")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()


class DeskServer(uvicorn.Server):
    """Serve without uvicorn's own signal handling, which ends the process before it tidied up."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    def stop(self) -> None:
        """Answer what is open, then end."""
        self.should_exit = True


def run(settings: DeskSettings, *, with_parent: bool = False, started_s: float) -> None:
    """Run a desk until it is told to stop, or its parent is gone where `with_parent` is set.

    `started_s` is the perf_counter of the process's start. Raises ConfigurationError when no desk
    can run with the settings, OwnedElsewhereError when another desk has the data folder, and what
    kept the source from being played unless the desk is to stay up then.
    """

    def prepare(server: DeskServer) -> None:
        loop = asyncio.get_running_loop()
        _stop_on_signals(loop, server)
        if with_parent:
            watch_parent(lambda: loop.call_soon_threadsafe(server.stop))

    check(settings)
    with (
        owning(settings.data_dir),
        logs.kept_in(settings.data_dir),
        bind(settings.host, settings.port) as listener,
        asyncio.Runner(loop_factory=loop_factory()) as runner,
    ):
        runner.run(serve(settings, listener, prepare, started_s=started_s))


async def serve(
    settings: DeskSettings,
    listener: socket.socket,
    prepare: Callable[[DeskServer], None],
    *,
    started_s: float,
) -> None:
    """Serve a desk on a socket that listens until the server given to `prepare` is stopped.

    Raises what ended the desk's own work, where that failed in a way it cannot report.
    """
    desk = Desk(settings, started_s=started_s)
    hub = Hub(desk)
    server = DeskServer(_uvicorn(desk, hub))
    prepare(server)
    work = (desk.work(), hub.run(), _watch(desk, hub).run())
    background = [asyncio.create_task(one) for one in work]
    for task in background:
        task.add_done_callback(lambda done: _stop_on_failure(done, server))
    _leave_word(settings, _url(settings.host, listener.getsockname()[1]))
    try:
        await server.serve([listener])
    finally:
        for task in background:
            task.cancel()
        results = await asyncio.gather(*background, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


def _watch(desk: Desk, hub: Hub) -> Watch:
    def health() -> Health:
        told = desk.health(clients=hub.client_count, topics=hub.topic_count)
        if desk.parts is not None:
            desk.parts.keep_health(told)
        return told

    return Watch(health, lambda: tallies_of(desk), lambda: p99_us(stages_of(desk)))


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the port or the next free one. Raises HftlibError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, port + _PORTS_TRIED) if port else [0]:
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            if os.name == "posix":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host.strip("[]"), candidate))
            listener.listen(_BACKLOG)
        except OSError as error:
            listener.close()
            if error.errno != errno.EADDRINUSE:
                raise HftlibError(f"cannot listen on {host}:{candidate}: {error}") from None
        else:
            return listener
    raise HftlibError(f"no free port from {port} to {port + _PORTS_TRIED - 1} on {host}")


def _leave_word(settings: DeskSettings, url: str) -> None:
    token_file = str(write_token(settings.data_dir, settings.token)) if settings.token else ""
    endpoint = Endpoint(url, os.getpid(), settings.source, token_file)
    write_endpoint(settings.data_dir, endpoint)
    print(f"hftlib desk at {url}, source {settings.source}", file=sys.stderr, flush=True)


def _uvicorn(desk: Desk, hub: Hub) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(desk, hub),
        http="auto",
        ws=StrictWebsocket,
        ws_per_message_deflate=False,
        ws_max_size=_LARGEST_FROM_CLIENT,
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=2,
    )


def _url(host: str, port: int) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
    return f"http://{f'[{reachable}]' if ':' in reachable.strip('[]') else reachable}:{port}"


def _stop_on_signals(loop: asyncio.AbstractEventLoop, server: DeskServer) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, server.stop)
        except NotImplementedError:  # Windows' loop has no such thing
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(server.stop))


def _stop_on_failure(done: "asyncio.Task[None]", server: DeskServer) -> None:
    if not done.cancelled() and done.exception() is not None:
        server.stop()
