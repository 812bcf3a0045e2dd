"""docs/stream.md against a running desk: the tables of the document decode what it sends."""

import re
import struct
from pathlib import Path

import pytest
import requests
from websockets.sync.client import connect

from hftlib.client.connection import feed_url
from hftlib.wire import feed
from hftlib.wire.feed import Kind
from hftlib.wire.messages import API_PREFIX, Description
from tests.desk_support.recording import START_NS, STEP_NS, SYMBOL, VENUE
from tests.desk_support.server import DeskInThread, eventually, playing

DOCUMENT = (Path(__file__).parents[2] / "docs" / "stream.md").read_text(encoding="utf-8")
CODES = {"u8": "B", "u16": "H", "u32": "I", "f64": "d", "f32": "f", "7 x u8": "7x"}


def layout(title: str) -> struct.Struct:
    """Return the layout of the first table after a line that begins with `title`."""
    text = DOCUMENT[DOCUMENT.index(f"\n{title}") :]
    rows = re.findall(r"^\| (\d+) \| ([^|]+?) \| ", text.split("\n\n")[1], re.MULTILINE)
    made = struct.Struct("<" + "".join(CODES[kind] for _, kind in rows))
    codes = [CODES[kind] for _, kind in rows]
    offsets = [struct.calcsize("<" + "".join(codes[:place])) for place in range(len(codes))]
    assert offsets == [int(offset) for offset, _ in rows], title
    return made


HEAD, COLUMN, CELL = layout("Head, 16"), layout("Column, 32"), layout("Cell, 12")
LADDER, LEVEL, TRADE = layout("Ladder head, 16"), layout("Level, 16"), layout("Trade, 32")


def test_sizes_are_as_told() -> None:
    sizes = [each.size for each in (HEAD, COLUMN, CELL, LADDER, LEVEL, TRADE)]
    assert sizes == [16, 32, 12, 16, 16, 32]


def test_kinds_and_states_are_numbered_as_told() -> None:
    for kind in Kind:
        assert f"| {kind.value} | {kind.name} |" in DOCUMENT
    for number, state in enumerate(feed.STATES):
        assert f"{number} {state.value}" in DOCUMENT
    fields = ", ".join(Description.__struct_fields__)
    assert f"JSON: {fields} |" in DOCUMENT


@pytest.fixture(scope="module")
def messages(tape: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Kind, bytes]:
    """Return the greeting of a desk that has played half a minute."""
    with playing(tape, tmp_path_factory.mktemp("data"), paused=True) as running:
        connection = running.until_running()
        connection.seek(START_NS + 300 * STEP_NS)
        eventually(lambda: not connection.clock().seeking)
        address = feed_url(running.url, VENUE, SYMBOL, row_ticks=5, depth=3)
        with connect(address, compression=None, max_size=None, proxy=None) as opened:
            greeting = [opened.recv(timeout=30) for _ in range(5)]
    return {Kind(message[1]): message for message in greeting}


def test_columns_decode_by_the_tables(messages: dict[Kind, bytes]) -> None:
    message = messages[Kind.COLUMNS]
    assert HEAD.unpack_from(message)[:3] == (1, 2, 1)
    (count,) = struct.unpack_from("<H", message, HEAD.size)
    offset = HEAD.size + 2
    _, decoded = feed.decode(message)
    assert count == len(decoded) > 250
    for column in decoded:
        time_ms, has_bid, has_ask, cells, gap, bid, ask = COLUMN.unpack_from(message, offset)
        assert (time_ms, gap) == (column.time_ms, column.gap)
        assert (has_bid, has_ask, bid, ask) == (1, 1, column.best_bid_ticks, column.best_ask_ticks)
        offset += COLUMN.size
        rows = [CELL.unpack_from(message, offset + CELL.size * cell) for cell in range(cells)]
        assert rows == list(zip(column.rows.tolist(), column.sizes.tolist(), strict=True))
        offset += cells * CELL.size
    assert offset == len(message)


def test_the_ladder_decodes_by_the_tables(messages: dict[Kind, bytes]) -> None:
    message = messages[Kind.LADDER]
    state, verified, bids, asks, zero, update_id = LADDER.unpack_from(message, HEAD.size)
    _, decoded = feed.decode(message)
    assert (state, verified, bids, asks, zero) == (1, 1, 3, 3, 0)
    assert update_id == decoded.last_update_id
    first = LEVEL.unpack_from(message, HEAD.size + LADDER.size)
    assert first == (decoded.bid_ticks[0], decoded.bid_sizes[0])
    assert len(message) == HEAD.size + LADDER.size + 6 * LEVEL.size


def test_trades_decode_by_the_table(messages: dict[Kind, bytes]) -> None:
    message = messages[Kind.TRADES]
    (count,) = struct.unpack_from("<H", message, HEAD.size)
    _, decoded = feed.decode(message)
    assert count == len(decoded) == 59
    last = TRADE.unpack_from(message, HEAD.size + 2 + (count - 1) * TRADE.size)
    assert last == tuple(decoded[-1])


def test_every_route_is_in_the_table_and_the_other_way_round(desk: DeskInThread) -> None:
    paths = requests.get(f"{desk.url}{API_PREFIX}/openapi.json", timeout=5).json()["paths"]
    table = DOCUMENT[DOCUMENT.index("## REST in one table") : DOCUMENT.index("## The feed")]
    told = {path.rstrip("`") for path in re.findall(r"(?:GET|POST) (/[^`?& ]+)", table)}
    told |= {f"/clock{path}" for path in re.findall(r", `(/(?:pause|step|seek|speed|loop))", table)}
    assert told == {path.removeprefix(API_PREFIX) for path in paths}
