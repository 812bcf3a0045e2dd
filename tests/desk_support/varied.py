"""A tape on which everything happens: moving prices, both sides, a gap, candles of the venue's.

Nothing is random: prices, sizes and sides walk by fixed rules.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from hftlib.core.frames import Frame, FrameKind
from hftlib.core.states import Source
from hftlib.io.tape import BlockWriter, Manifest
from tests.desk_support.recording import INSTRUMENTS, START_NS, STEP_NS, SYMBOL, VENUE

FIRST_ID = 5_000
MINUTE_NS = 60_000_000_000
GAP_AT = 300
"""The step at which one depth frame is missing; a snapshot follows three steps later."""


def best_bid(number: int) -> int:
    """Return the best bid, in ticks of 0.01, after a step."""
    return 3_000_000 + (number * 7 % 23) - (number * 3 % 11)


def _price(ticks: int) -> str:
    return f"{ticks / 100:.2f}"


def _snapshot(number: int) -> dict[str, object]:
    bid = best_bid(number)
    sizes = [f"{1 + level}.00000000" for level in range(30)]
    return {
        "lastUpdateId": FIRST_ID + number,
        "bids": [[_price(bid - place), size] for place, size in enumerate(sizes)],
        "asks": [[_price(bid + 1 + place), size] for place, size in enumerate(sizes)],
    }


def _depth(number: int) -> dict[str, object]:
    """Return the change from the book of one step to that of the next."""
    old, new = best_bid(number - 1), best_bid(number)
    bids = [[_price(old - place), "0.00000000"] for place in range(30)]
    asks = [[_price(old + 1 + place), "0.00000000"] for place in range(30)]
    fresh = f"{1 + number % 9}.5{number % 10}000000"
    bids += [[_price(new - place), fresh] for place in range(30)]
    asks += [[_price(new + 1 + place), fresh] for place in range(30)]
    stamp = (START_NS + number * STEP_NS) // 1_000_000 - 2
    update = FIRST_ID + number
    body = {"e": "depthUpdate", "E": stamp, "s": SYMBOL, "U": update, "u": update}
    return {"stream": "btcusdt@depth@100ms", "data": {**body, "b": bids, "a": asks}}


def _trade(number: int, trade_id: int) -> dict[str, object]:
    is_sell = number % 3 == 0
    stamp = (START_NS + number * STEP_NS) // 1_000_000 - 1
    ticks = best_bid(number) + (0 if is_sell else 1)
    body = {"e": "trade", "E": stamp, "s": SYMBOL, "t": trade_id, "p": _price(ticks)}
    size = {"q": f"0.0{1 + number % 8}000000", "T": stamp, "m": is_sell, "M": True}
    return {"stream": "btcusdt@trade", "data": {**body, **size}}


def _klines() -> list[list[object]]:
    """Return the five minutes before the minute in which the tape begins, as REST tells them."""
    first = START_NS - START_NS % MINUTE_NS - 5 * MINUTE_NS
    rows: list[list[object]] = []
    for number in range(6):
        open_ms = (first + number * MINUTE_NS) // 1_000_000
        prices = [_price(3_000_000 + number + step) for step in (0, 9, -9, 3)]
        tail = ["0.0", 5, "0.0", "0.0", "0"]
        rows.append([open_ms, *prices, f"{number + 1}.00000000", open_ms + 59_999, *tail])
    return rows


def frames(steps: int) -> Iterator[Frame]:
    """Yield the frames of a session of that many steps of 100 ms, in arrival order."""
    seq = 0

    def frame(offset_ns: int, kind: FrameKind, body: object, request: str = "") -> Frame:
        nonlocal seq
        payload = b"" if body is None else msgspec.json.encode(body)
        made = Frame(seq, START_NS + offset_ns, VENUE, "ws-1", kind, payload, request)
        seq += 1
        return made

    rest = "https://api.binance.com/api/v3/"
    streams = "btcusdt@depth@100ms/btcusdt@trade"
    url = f"wss://stream.binance.com:9443/stream?streams={streams}"
    yield frame(0, FrameKind.OPENED, None, url)
    yield frame(1_000, FrameKind.REST, _klines(), f"{rest}klines?symbol={SYMBOL}&interval=1m")
    trades = 0
    for number in range(1, steps + 1):
        at = number * STEP_NS
        if number != GAP_AT:
            yield frame(at, FrameKind.WS, _depth(number))
        if number in (1, GAP_AT + 4):
            body = _snapshot(number)
            yield frame(at + 500, FrameKind.REST, body, f"{rest}depth?symbol={SYMBOL}&limit=5000")
        for _ in range(number % 4):
            trades += 1
            yield frame(at + 1_000, FrameKind.WS, _trade(number, 9_000 + trades))


def write_varied_tape(path: Path, steps: int = 600) -> Path:
    """Write the session as a tape and return its path."""
    manifest = Manifest(source=Source.SIMULATED, origin=("varied",), instruments=INSTRUMENTS)
    with BlockWriter(path, manifest) as writer:
        for one in frames(steps):
            writer.append(one)
    return path
