import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pyarrow as pa
import pytest

from hftlib.client.history import HistoryError
from hftlib.core.errors import UnavailableError
from hftlib.desk.history_worker import TapeQuestion, TapeReply, framed, length_of
from hftlib.desk.questions import Kind, Question
from hftlib.desk.tape_process import TapeProcess
from tests.conftest import PROJECT
from tests.desk_support.recording import START_NS, SYMBOL, VENUE
from tests.desk_support.server import eventually

LONG = Question(Kind.TRADES, VENUE, SYMBOL, START_NS, START_NS + 10**12)


@pytest.fixture
async def reader() -> AsyncIterator[TapeProcess]:
    made = TapeProcess()
    yield made
    await made.close()


async def test_one_process_answers_all_in_turn(
    reader: TapeProcess, tape: Path, tmp_path: Path
) -> None:
    assert reader.process_id is None
    asked = [reader.answer([tape], LONG, 30) for _ in range(12)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    bodies = [one for one in answers if isinstance(one, bytes)]
    refused = [one for one in answers if isinstance(one, UnavailableError)]
    assert (len(bodies), len(refused)) == (8, 4), "too many at once are refused"
    tables = [pa.ipc.open_stream(body).read_all() for body in bodies]
    assert [table.num_rows for table in tables] == [120] * 8
    assert tables[0].schema.metadata[b"where"] == b"tape"
    first = reader.process_id
    with pytest.raises(HistoryError, match="no tape"):
        await reader.answer([tmp_path / "absent.tape"], LONG, 30)
    await reader.answer([tape], LONG, 30)
    assert reader.process_id == first


async def test_one_that_ended_or_was_left_waiting_is_replaced(
    reader: TapeProcess, tape: Path
) -> None:
    await reader.answer([tape], LONG, 30)
    first = reader.process_id
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    waiting = asyncio.create_task(reader.answer([tape], LONG, 30))
    await asyncio.sleep(0)
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    few = Question(Kind.TRADES, VENUE, SYMBOL, START_NS, START_NS + 10**9)
    body = await reader.answer([tape], few, 30)
    assert pa.ipc.open_stream(body).read_all().num_rows == 1, "not the answer before it"
    second = reader.process_id
    assert second not in (None, first)
    os.kill(second, signal.SIGSTOP)
    waiting = asyncio.create_task(reader.answer([tape], LONG, 30))
    await asyncio.sleep(0)
    os.kill(second, signal.SIGKILL)
    with pytest.raises(UnavailableError, match="ask again"):
        await waiting


def test_it_ends_with_its_parent() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "hftlib.desk.history_worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=PROJECT,
    ) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert eventually(lambda: process.poll() is not None)
        assert process.returncode == 0


def test_messages_carry_their_length() -> None:
    asked = TapeQuestion(["a"], LONG, 1.0)
    for message in (asked, TapeReply(5, "why")):
        text = framed(message)
        assert length_of(text[:4]) == len(text) - 4
