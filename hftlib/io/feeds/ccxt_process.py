"""The process that runs ccxt for one exchange: orders come in on its input, frames leave by lines.

Started as `python -m hftlib.io.feeds.ccxt_process`. It ends when its input does, that is with its
parent, however that dies. One line is one row: [kind, connection, request, payload] as JSON, where
payload is the frame's JSON itself, or a text for frames that carry words.
"""

import asyncio
import difflib
import os
import random
import sys
import threading
from typing import Any, Final

import msgspec

from hftlib.core.frames import FrameKind
from hftlib.io.feeds.ccxt_watch import Watcher

LACKS: Final = "lacks"
REFUSED: Final = "refused"
_NICE: Final = 10


class Order(msgspec.Struct):
    """Tell the process what to do: open an exchange, watch symbols, or renew one's book."""

    do: str
    venue: str = ""
    exchange: str = ""
    settings: dict[str, Any] = {}
    symbols: list[str] = []


_read_order: Final = msgspec.json.Decoder(Order).decode


def write_row(kind: str, connection: str = "", request: str = "", payload: bytes = b'""') -> None:
    """Write one row to the output; blocks while the reader does not read."""
    row = msgspec.json.encode((kind, connection, request, msgspec.Raw(payload)))
    sys.stdout.buffer.write(row + b"\n")
    sys.stdout.buffer.flush()


def _emit(kind: FrameKind, connection: str, request: str, payload: bytes) -> None:
    is_words = kind in (FrameKind.OPENED, FrameKind.CLOSED)
    body = msgspec.json.encode(payload.decode()) if is_words else payload
    write_row(kind, connection, request, body)


def nearest(wanted: str, known: list[str]) -> str:
    """Return a sentence that refuses an exchange, with the nearest known one."""
    close = difflib.get_close_matches(wanted, known, n=1, cutoff=0.6)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"ccxt knows no exchange {wanted!r}{hint}"


def make_exchange(order: Order) -> tuple[Any, tuple[type[Exception], ...]]:
    """Return ccxt's exchange object, with sockets where ccxt has them, and ccxt's own errors.

    Raises LookupError when ccxt does not know it.
    """
    import ccxt.async_support
    import ccxt.pro

    for room in (ccxt.pro, ccxt.async_support):
        if order.exchange in room.exchanges:
            usual = {"aiohttp_trust_env": True, "newUpdates": True}
            return getattr(room, order.exchange)(usual | order.settings), (ccxt.pro.BaseError,)
    raise LookupError(nearest(order.exchange, ccxt.async_support.exchanges))


def _revive_upon_failure(watcher: Watcher) -> None:
    """Begin connections anew when one of ccxt's callbacks has failed: it reads no more."""
    loop = asyncio.get_running_loop()
    reviving: set[asyncio.Task[None]] = set()

    def note(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if "handle" not in context or reviving:
            return
        error = context.get("exception")
        task = loop.create_task(watcher.revive(f"{type(error).__name__} within ccxt: {error}"))
        reviving.add(task)
        task.add_done_callback(reviving.discard)

    loop.set_exception_handler(note)


async def _serve(orders: "asyncio.Queue[bytes]") -> None:
    order = _read_order(await orders.get())
    try:
        exchange, failures = make_exchange(order)
    except LookupError as error:
        write_row(REFUSED, payload=msgspec.json.encode(str(error.args[0])))
        return
    watcher = Watcher(exchange, order.venue, _emit, random.Random(), failures=failures)
    _revive_upon_failure(watcher)
    write_row(LACKS, payload=msgspec.json.encode("; ".join(watcher.lacks())))
    await watcher.list_markets()
    while True:
        order = _read_order(await orders.get())
        if order.do == "start":
            watcher.start(order.symbols)
        for symbol in order.symbols if order.do == "renew" else ():
            await watcher.renew(symbol)


def _listen(loop: asyncio.AbstractEventLoop, orders: "asyncio.Queue[bytes]") -> None:
    for line in sys.stdin.buffer:
        loop.call_soon_threadsafe(orders.put_nowait, line)
    os._exit(0)


async def _run() -> None:
    orders: asyncio.Queue[bytes] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    threading.Thread(target=_listen, args=(loop, orders), daemon=True).start()
    await _serve(orders)


def main() -> None:
    """Serve one parent until it goes."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    asyncio.run(_run())


if __name__ == "__main__":
    main()
