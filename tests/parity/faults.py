"""Tapes for the parity suite: cut short, with frames missing, with a lane handed over."""

import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from hftlib.book.layout import ASK, BID
from hftlib.core.frames import Frame, FrameKind
from hftlib.engine.engine import Engine
from hftlib.io.tape import BlockWriter, Manifest, TapeReader


def write(path: Path, source: TapeReader, frames: Iterable[Frame]) -> Path:
    """Write frames as a tape of their own, numbered anew."""
    held = source.manifest
    with BlockWriter(path, Manifest(source=held.source, instruments=held.instruments)) as writer:
        for number, frame in enumerate(frames):
            writer.append(msgspec.structs.replace(frame, ingress_seq=number))
    return path


def shortened(tape: Path, path: Path, places: Sequence[range]) -> Path:
    """Return a tape of some stretches of another; what lies between is lost, as in an outage."""
    reader = TapeReader(tape)
    kept = set(itertools.chain(*places))
    return write(path, reader, (one for one in reader.frames() if one.ingress_seq in kept))


def _depths(frames: Sequence[Frame], venue: str, symbol: str) -> list[int]:
    begins = f'{{"stream":"{symbol.lower()}@depth'.encode()
    return [
        place
        for place, one in enumerate(frames)
        if one.venue == venue and one.payload.startswith(begins)
    ]


def with_gap(tape: Path, path: Path, venue: str, symbol: str) -> Path:
    """Return a tape with three depth frames missing, and the REST body that mends the book."""
    reader = TapeReader(tape)
    frames = list(reader.frames())
    depths = _depths(frames, venue, symbol)
    lost, mended = depths[20:23], depths[40]
    engine = Engine(reader.instruments.values())
    for frame in frames[: mended + 1]:
        engine.on_event(frame)
    body = _snapshot(engine, venue, symbol)
    like = next(one for one in frames if "/depth" in one.request and one.venue == venue)
    rest = msgspec.structs.replace(like, payload=body, ts_recv=frames[mended].ts_recv)
    kept = [one for place, one in enumerate(frames) if place not in lost]
    return write(path, reader, [*kept[: mended - 2], rest, *kept[mended - 2 :]])


def _snapshot(engine: Engine, venue: str, symbol: str) -> bytes:
    book = engine.books[venue, symbol]
    one = book.instrument
    sides = {
        name: [
            [one.price_text(ticks), one.size_text(quanta)]
            for ticks, quanta in zip(
                *(levels.tolist() for levels in book.levels(side)), strict=True
            )
        ]
        for name, side in (("bids", BID), ("asks", ASK))
    }
    return json.dumps({"lastUpdateId": book.last_update_id, **sides}).encode()


def handed_over(tape: Path, path: Path, venue: str, connection: str) -> Path:
    """Return a tape on which a lane is streamed twice for a while and then only by its heir."""
    reader = TapeReader(tape)
    frames = list(reader.frames())
    own = [
        place
        for place, one in enumerate(frames)
        if (one.venue, one.connection, one.kind) == (venue, connection, FrameKind.WS)
    ]
    begin, end = own[120], own[160]
    opened = next(
        one
        for one in frames
        if (one.venue, one.connection, one.kind) == (venue, connection, FrameKind.OPENED)
    )
    heir = f"{connection}+"
    made: list[Frame] = []
    for place, frame in enumerate(frames[: own[280]]):
        is_own = place in own and place >= begin
        moved = msgspec.structs.replace(frame, connection=heir)
        if place == begin:
            made.append(msgspec.structs.replace(opened, connection=heir, ts_recv=frame.ts_recv))
        if not is_own or place < end:
            made.append(frame)
        if is_own:
            made.append(moved)
        if place == end:
            made.append(
                Frame(0, frame.ts_recv, venue, connection, FrameKind.CLOSED, b"handed over", heir)
            )
    return write(path, reader, made)
