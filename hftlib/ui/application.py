"""What app.py puts together: the page frame, the relay, the panels' files, and the desk's life."""

import asyncio
import contextlib
import gc
import os
from collections.abc import AsyncIterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from starlette.middleware import Middleware
from starlette.routing import BaseRoute, WebSocketRoute
from streamlit import config

from hftlib.core.callers import is_loopback
from hftlib.core.configuration_files import load
from hftlib.core.errors import ConfigurationError, UnavailableError
from hftlib.ui.assets import ASSETS
from hftlib.ui.door import Door
from hftlib.ui.link import desk_link
from hftlib.ui.relay import Relay

FRAME: Final = Path(__file__).resolve().parent / "frame.py"
FEED_PATH: Final = "/api/feed"


@lru_cache(maxsize=1)
def relay() -> Relay:
    """Return this process's relay."""
    return Relay(desk_link().locate, listens_on=listens_on())


def listens_on() -> str:
    """Return the address that the app listens on."""
    return str(config.get_option("server.address") or "0.0.0.0")


@lru_cache(maxsize=1)
def token() -> str:
    """Return the token that is demanded beyond loopback, empty where none is configured."""
    try:
        return load(os.environ, Path.cwd()).configuration.api.token
    except ConfigurationError:
        return ""


def middleware() -> list[Middleware]:
    """Return what stands before everything that the app serves.

    Ends the process where the app would be open to the network without a token.
    """
    if not is_loopback(listens_on()) and not token():
        raise SystemExit(
            f"hftlib: refusing to listen on {listens_on()} without a token: set HFT_API_TOKEN"
        )
    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return [
        Middleware(
            Door,
            listens_on=listens_on(),
            token=token,
            base_path=f"/{base}" if base else "",
        )
    ]


def routes() -> list[BaseRoute]:
    """Return the routes that the app serves beside Streamlit's own."""
    return [WebSocketRoute(FEED_PATH, relay().endpoint), *ASSETS.routes()]


@contextlib.asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[None]:
    """Have the desk start before the first page asks for it; at the end let it go."""
    gc.collect()
    gc.freeze()
    starting = asyncio.create_task(_start_desk())
    try:
        yield
    finally:
        starting.cancel()
        relay().close()
        desk_link().close()


async def _start_desk() -> None:
    """Join or start the desk; why it cannot be had, the page that asks for it says."""
    with contextlib.suppress(UnavailableError):
        await desk_link().locate()
