"""Frames of a small Binance spot session: a snapshot, diff depth every 100 ms, trades.

Nothing is random: sizes walk by a fixed rule, so that tests can say what they expect.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import Source
from hftlib.io.tape import BlockWriter, Manifest

START_NS = 1_700_000_000_000_000_000
STEP_NS = 100_000_000
VENUE, SYMBOL = "binance", "BTCUSDT"
FIRST_ID = 1_000
BEST_BID = 3_000_000
"""The best bid in ticks of 0.01; the best ask stands one tick above."""

INSTRUMENTS = (
    Instrument(VENUE, SYMBOL, "BTC", "USDT", "0.01", "0.00000001"),
    Instrument(VENUE, "ETHUSDT", "ETH", "USDT", "0.01", "0.0001"),
)


def _frame(seq: int, offset_ns: int, kind: FrameKind, body: object, request: str = "") -> Frame:
    payload = b"" if body is None else msgspec.json.encode(body)
    return Frame(seq, START_NS + offset_ns, VENUE, "ws-1", kind, payload, request)


def _price(ticks: int) -> str:
    return f"{ticks / 100:.2f}"


def snapshot_body(levels: int = 50) -> dict[str, object]:
    """Return a REST snapshot: `levels` a side, sizes 1, 2, 3 ... from the best on."""
    sizes = [f"{1 + level}.00000000" for level in range(levels)]
    return {
        "lastUpdateId": FIRST_ID + 1,
        "bids": [[_price(BEST_BID - place), size] for place, size in enumerate(sizes)],
        "asks": [[_price(BEST_BID + 1 + place), size] for place, size in enumerate(sizes)],
    }


def depth_body(number: int) -> dict[str, object]:
    """Return the diff of one step: one size on each side is set anew."""
    event_ms = (START_NS + number * STEP_NS) // 1_000_000 - 2
    return {
        "stream": "btcusdt@depth@100ms",
        "data": {
            "e": "depthUpdate",
            "E": event_ms,
            "s": SYMBOL,
            "U": FIRST_ID + number,
            "u": FIRST_ID + number,
            "b": [[_price(BEST_BID - number % 20), f"{1 + number % 7}.50000000"]],
            "a": [[_price(BEST_BID + 1 + number % 20), f"{1 + number % 5}.25000000"]],
        },
    }


def trade_body(number: int) -> dict[str, object]:
    """Return a trade at the best ask, the buyer being the aggressor."""
    event_ms = (START_NS + number * STEP_NS) // 1_000_000 - 1
    return {
        "stream": "btcusdt@trade",
        "data": {
            "e": "trade",
            "E": event_ms,
            "s": SYMBOL,
            "t": 7_000 + number,
            "p": _price(BEST_BID + 1),
            "q": "0.01000000",
            "T": event_ms,
            "m": False,
            "M": True,
        },
    }


def frames(steps: int) -> Iterator[Frame]:
    """Yield the frames of a session of that many steps of 100 ms, in arrival order."""
    url = "wss://stream.binance.com:9443/stream?streams=btcusdt@depth@100ms/btcusdt@trade"
    yield _frame(0, 0, FrameKind.OPENED, None, url)
    yield _frame(1, STEP_NS, FrameKind.WS, depth_body(1))
    rest = f"https://api.binance.com/api/v3/depth?symbol={SYMBOL}&limit=5000"
    yield _frame(2, STEP_NS + 1_000_000, FrameKind.REST, snapshot_body(), rest)
    seq = 3
    for number in range(2, steps + 1):
        yield _frame(seq, number * STEP_NS, FrameKind.WS, depth_body(number))
        seq += 1
        if number % 5 == 0:
            yield _frame(seq, number * STEP_NS + 1_000, FrameKind.WS, trade_body(number))
            seq += 1


def write_tape(path: Path, steps: int = 600, source: Source = Source.EXCHANGE) -> Path:
    """Write the session as a tape and return its path."""
    manifest = Manifest(source=source, origin=("test session",), instruments=INSTRUMENTS)
    with BlockWriter(path, manifest) as writer:
        for frame in frames(steps):
            writer.append(frame)
    return path
