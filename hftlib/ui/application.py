"""What app.py puts together: the page frame, the relay, the panels' files, and the desk's life."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from starlette.routing import BaseRoute, WebSocketRoute
from streamlit import config

from hftlib.core.errors import UnavailableError
from hftlib.ui.assets import ASSETS
from hftlib.ui.link import desk_link
from hftlib.ui.relay import Relay

FRAME: Final = Path(__file__).resolve().parent / "frame.py"
FEED_PATH: Final = "/api/feed"


@lru_cache(maxsize=1)
def relay() -> Relay:
    """Return this process's relay."""
    listens_on = str(config.get_option("server.address") or "0.0.0.0")
    return Relay(desk_link().locate, listens_on=listens_on)


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
