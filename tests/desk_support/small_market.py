"""A small seeded market: its outcomes as rows, and the same as frames of Binance on a tape.

Ten levels a side without a hole, one tick apart. Every 20 ms one thing happens: a touch is set
anew, a taker trades, or the price steps by a tick.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import Source
from hftlib.io.tape import BlockWriter, Manifest
from hftlib.market.orders import BookSide, Change, Print, Rows, Top

START_NS = 1_700_000_000_000_000_000
EVENT_NS = 20_000_000
FRAME_NS = 100_000_000
DEPTH = 10
FIRST_BID = 6_000_000

SPOT = Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.01", "0.00001")
PERPETUAL = Instrument("binance_usdm", "BTCUSDT", "BTC", "USDT", "0.01", "0.00001")


class Happened(NamedTuple):
    """Hold what happened, in the columns of market.orders, and the levels at the start."""

    changes: Rows
    trades: Rows
    tops: Rows
    opening: tuple[Rows, Rows]


def _rows(rows: list[tuple[int, ...]], columns: int) -> Rows:
    found = np.zeros((len(rows), columns), np.int64)
    for place, row in enumerate(rows):
        found[place, : len(row)] = row
    return found


def happen(seconds: int, seed: int = 1, begin_ns: int = START_NS) -> Happened:
    """Let the market run for a while."""
    chance = np.random.default_rng(seed)
    sides = (
        {FIRST_BID - place: 1000 + 10 * place for place in range(DEPTH)},
        {FIRST_BID + 1 + place: 1000 + 10 * place for place in range(DEPTH)},
    )
    opening = tuple(
        (np.array(list(side), np.int64), np.array(list(side.values()), np.int64)) for side in sides
    )
    changes: list[tuple[int, ...]] = []
    trades: list[tuple[int, ...]] = []
    tops: list[tuple[int, ...]] = []

    def set_level(now: int, side: int, ticks: int, lots: int) -> None:
        if lots:
            sides[side][ticks] = lots
        else:
            del sides[side][ticks]
        changes.append((now, len(changes) + 1, side, ticks, lots))

    for number in range(1, seconds * 1_000_000_000 // EVENT_NS):
        now = begin_ns + number * EVENT_NS
        side, kind = int(chance.integers(2)), chance.random()
        best = max(sides[0]) if side == BookSide.BID else min(sides[1])
        if kind < 0.6:
            set_level(now, side, best, int(chance.integers(1, 3000)))
        elif kind < 0.9:
            lots = int(min(sides[side][best] - 1, 1 + chance.pareto(1.5) * 20))
            if lots:
                trades.append((now, len(trades), best, lots, 1 - side))
                set_level(now, side, best, sides[side][best] - lots)
        else:
            step = 1 if side == BookSide.ASK else -1
            set_level(now, side, best, 0)
            set_level(now, side, best + step * DEPTH, 1500)
            set_level(now, 1 - side, best, 700)
            set_level(now, 1 - side, best - step * DEPTH, 0)
        bid, ask = max(sides[0]), min(sides[1])
        tops.append((now, len(changes), bid, sides[0][bid], ask, sides[1][ask]))
    return Happened(
        _rows(changes, len(Change)),
        _rows(trades, len(Print)),
        _rows(tops, len(Top)),
        (opening[0], opening[1]),
    )


def _told(market: Happened, one: Instrument) -> Iterator[tuple[int, FrameKind, object, str]]:
    """Yield (time, kind, body, request) of everything that the venue tells, out of order."""
    symbol, stream = one.symbol, one.symbol.lower()
    base = "fapi.binance.com/fapi/v1" if one.venue == "binance_usdm" else "api.binance.com/api/v3"

    def level(ticks: int, lots: int) -> list[str]:
        return [one.price_text(int(ticks)), one.size_text(int(lots))]

    def pairs(side: tuple[Rows, Rows]) -> list[list[str]]:
        return [level(ticks, lots) for ticks, lots in zip(*side, strict=True)]

    begin = int(market.tops[0, Top.TIME_NS]) - EVENT_NS
    bids, asks = map(pairs, market.opening)
    body: object = {"lastUpdateId": 0, "bids": bids, "asks": asks}
    yield begin, FrameKind.REST, body, f"https://{base}/depth?symbol={symbol}&limit=1000"
    last = (int(market.tops[-1, Top.TIME_NS]) - begin) // FRAME_NS
    for number in range(1, last + 1):
        now = begin + number * FRAME_NS
        since = market.changes[:, Change.TIME_NS]
        inside = market.changes[(since >= now - FRAME_NS) & (since < now)]
        net = {(row[2], row[3]): row[4] for row in inside.tolist()}
        sides = [[level(t, lots) for (s, t), lots in net.items() if s == side] for side in (0, 1)]
        data: dict[str, object] = {"e": "depthUpdate", "E": now // 1_000_000, "s": symbol}
        data |= {"T": now // 1_000_000, "U": number, "u": number, "pu": number - 1}
        data |= {"b": sides[0], "a": sides[1]}
        yield now, FrameKind.WS, {"stream": f"{stream}@depth@100ms", "data": data}, ""
    for row in market.tops.tolist():
        data = {"e": "bookTicker", "u": row[1], "s": symbol, "E": row[0] // 1_000_000}
        data |= {"T": row[0] // 1_000_000}
        data |= dict(zip("bB", level(*row[2:4]), strict=True))
        data |= dict(zip("aA", level(*row[4:6]), strict=True))
        yield row[0], FrameKind.WS, {"stream": f"{stream}@bookTicker", "data": data}, ""
    for row in market.trades.tolist():
        stamp = row[0] // 1_000_000
        price, size = level(*row[2:4])
        data = {"e": "trade", "E": stamp, "T": stamp, "s": symbol, "t": row[1], "p": price}
        data |= {"q": size, "X": "MARKET", "m": row[4] == BookSide.ASK, "M": True}
        yield row[0], FrameKind.WS, {"stream": f"{stream}@trade", "data": data}, ""


def _quoted(one: Instrument, number: int, bid: int, ask: int) -> tuple[int, FrameKind, object, str]:
    """Return a whole book of Coinbase with one level a side, at the start of the market."""
    at = "2023-11-14T22:13:20.000000Z"
    updates = [
        {"side": side, "event_time": at, "price_level": one.price_text(ticks), "new_quantity": "1"}
        for side, ticks in (("bid", bid), ("offer", ask))
    ]
    event = {"type": "snapshot", "product_id": one.symbol, "updates": updates}
    body = {"channel": "l2_data", "client_id": "", "timestamp": at, "sequence_num": number}
    return START_NS, FrameKind.WS, body | {"events": [event]}, ""


def write_round_trip(path: Path, happened: Happened, gain_ticks: int) -> Path:
    """Write the spot market, and Coinbase standing still with a bid so far above its open."""
    bitcoin = Instrument("coinbase", "BTC-USD", "BTC", "USD", "0.01", "0.00000001")
    tether = Instrument("coinbase", "USDT-USD", "USDT", "USD", "0.00001", "0.01")
    bid = FIRST_BID + gain_ticks
    told = [
        (happened, SPOT, [*_told(happened, SPOT)]),
        (happened, bitcoin, [_quoted(bitcoin, 0, bid, bid + 1)]),
        (happened, tether, [_quoted(tether, 1, 99_999, 100_001)]),
    ]
    frames = [(time, one.venue, *rest) for _, one, frames in told for time, *rest in frames]
    # A second update, equal to the first, lets the still books be sampled.
    for number, (one, levels) in enumerate(
        ((bitcoin, (bid, bid + 1)), (tether, (99_999, 100_001)))
    ):
        _, kind, body, request = _quoted(one, number + 2, *levels)
        body["events"][0]["type"] = "update"  # type: ignore[index]
        frames.append((START_NS + FRAME_NS, one.venue, kind, body, request))
    return _write(path, frames, (SPOT, bitcoin, tether), "round trip")


def write_market(path: Path, *told: tuple[Happened, Instrument], origin: str = "small") -> Path:
    """Write markets on one tape and return its path."""
    frames = [
        (time, one.venue, *rest) for happened, one in told for time, *rest in _told(happened, one)
    ]
    return _write(path, frames, tuple(one for _, one in told), origin)


def _write(
    path: Path,
    frames: list[tuple[int, str, FrameKind, object, str]],
    instruments: tuple[Instrument, ...],
    origin: str,
) -> Path:
    manifest = Manifest(source=Source.SIMULATED, origin=(origin,), instruments=instruments)
    frames.sort(key=lambda frame: frame[0])
    with BlockWriter(path, manifest) as writer:
        for number, (time, venue, kind, body, request) in enumerate(frames):
            payload = msgspec.json.encode(body)
            writer.append(Frame(number, time, venue, "ws-1", kind, payload, request))
    return path
