"""docs/stream.md against a running desk: the tables of the document decode what it sends."""

import os
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest
import requests
from websockets.sync.client import connect

import hftlib
from hftlib.api.fanout import MOST_CLIENTS, MOST_TOPICS
from hftlib.api.stream_channels import MOST_WAITING, MOST_WAITING_BYTES
from hftlib.api.stream_client import MOST_SUBSCRIPTIONS, REQUESTS_BURST, REQUESTS_PER_S
from hftlib.client.connection import feed_url
from hftlib.wire import feed
from hftlib.wire.feed import Kind
from hftlib.wire.messages import API_PREFIX, Description
from hftlib.wire.stream import LARGEST_REQUEST, TOPIC_NAMES, Message, Topic
from tests.desk_support.recording import START_NS, STEP_NS, SYMBOL, VENUE
from tests.desk_support.server import DeskInThread, eventually, playing

PROJECT = Path(__file__).parents[2]
DOCUMENT = (PROJECT / "docs" / "stream.md").read_text(encoding="utf-8")
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
    document = requests.get(f"{desk.url}{API_PREFIX}/openapi.json", timeout=5).json()
    known = {
        (method.upper(), path.removeprefix(API_PREFIX))
        for path, methods in document["paths"].items()
        for method in methods
    }
    table = DOCUMENT[DOCUMENT.index("## REST in one table") : DOCUMENT.index("## The stream")]
    told = set(re.findall(r"`(GET|POST) (/[^`?& ]+)", table))
    moves = re.findall(r", `(/(?:pause|step|seek|speed|loop))", table)
    told |= {("POST", f"/clock{path}") for path in moves}
    assert told == known


def rows(title: str) -> list[list[str]]:
    """Return the cells of the first table after a title, without its head."""
    table = DOCUMENT[DOCUMENT.index(title) :]
    lines = re.findall(
        r"^\|(.+)\|$", table[: table.index("\n\n", table.index("\n|"))], re.MULTILINE
    )
    return [[cell.strip() for cell in line.split("|")] for line in lines[2:]]


def test_topics_and_their_parameters_are_as_told() -> None:
    told = {cells[0].strip("`"): cells[1] for cells in rows("### Topics")}
    kinds = {kind.__struct_config__.tag: kind for kind in get_args(Topic)}
    assert list(told) == list(TOPIC_NAMES)
    for name, kind in kinds.items():
        defaults = {field.name: field.default for field in msgspec.structs.fields(kind)}
        stated = [
            name if default in (msgspec.NODEFAULT, None) else f"{name} = {default}"
            for name, default in defaults.items()
        ]
        assert told[name] == ", ".join(stated)


def test_messages_and_their_fields_are_as_told() -> None:
    told = {cells[0].strip("`"): cells[1].split(", ") for cells in rows("| the desk says")}
    known = {kind.__struct_config__.tag: list(kind.__struct_fields__) for kind in get_args(Message)}
    assert told == known


def test_codes_are_as_told() -> None:
    told = {code for cells in rows("| code | meaning") for code in re.findall("[A-Z_]+", cells[0])}
    sources = [Path(hftlib.__file__).parent / "api" / name for name in SAYS_CODES]
    sources.append(Path(hftlib.__file__).parent / "wire" / "stream.py")
    said = "".join(path.read_text(encoding="utf-8") for path in sources)
    known = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', said))
    assert told == known


SAYS_CODES = ("fanout.py", "stream_client.py")


def test_bounds_are_as_told() -> None:
    rules = DOCUMENT[DOCUMENT.index("### Rules\n") : DOCUMENT.index("| code | meaning")]
    for bound in (
        f"{MOST_WAITING} deltas or {MOST_WAITING_BYTES // 1024} kB",
        f"({LARGEST_REQUEST:,} bytes)",
        f"More than {REQUESTS_PER_S:.0f} requests a second ({REQUESTS_BURST:.0f} at once)",
        f"{MOST_CLIENTS} clients, {MOST_SUBSCRIPTIONS} subscriptions a client",
        f"{MOST_TOPICS} topics in all",
    ):
        assert bound in rules


def snippets(language: str) -> list[str]:
    found = re.findall(rf"```{language}\n(.+?)```", DOCUMENT, re.DOTALL)
    assert found
    return found


@pytest.fixture(scope="module")
def played(tape: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskInThread]:
    """Return a desk that plays."""
    with playing(tape, tmp_path_factory.mktemp("played"), speed=5.0) as running:
        running.until_running()
        yield running


@pytest.mark.parametrize("snippet", snippets("python"))
def test_python_runs_as_it_stands(played: DeskInThread, snippet: str, tmp_path: Path) -> None:
    text = snippet.replace("127.0.0.1:8710", f"127.0.0.1:{played.port}")
    ended = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=30, check=False,
        cwd=tmp_path, env={**os.environ, "HFT_API_URL": played.url, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "30000.00" in ended.stdout
