"""The store's process as a child: who starts it in vain, and how it ends with its parent."""

import os
import signal
import subprocess
import sys

import pytest

from hftlib.core.errors import UnavailableError
from hftlib.io.store import writer as writer_module
from tests.conftest import PROJECT
from tests.desk_support.server import eventually
from tests.store_support.living import Latest, LivingStore, is_alive
from tests.store_support.rows import trade_row

pytest.importorskip("chdb", reason="chDB has no wheel for this system")


def put_trades(living, count):
    living.put("trades", *map(trade_row, range(count)))


def test_an_unreachable_server_is_told_without_its_password(tmp_path):
    dsn = "clickhouse://anna:hush@127.0.0.1:9/market"
    with LivingStore(tmp_path, dsn=dsn, chance=Latest()) as living:
        eventually(lambda: living.status().state == "DOWN")
        status = living.status()
        assert status.trouble
        assert "hush" not in status.trouble
        with pytest.raises(UnavailableError, match="the store is"):
            living.ask("SELECT 1")
        put_trades(living, 3)
        assert living.status().queued == 3
    assert living.writer.status().refused == 3


def test_a_dsn_that_cannot_be_read_turns_the_store_off(tmp_path):
    with LivingStore(tmp_path, dsn="ftp://anna:hush@h") as living:
        eventually(lambda: living.status().state == "OFF")
        assert "clickhouse_dsn" in living.status().trouble
        assert "hush" not in living.status().trouble
        put_trades(living, 3)
        assert living.status().queued == 0


def test_without_chdb_there_is_no_store_and_a_word_why(tmp_path, monkeypatch):
    monkeypatch.setattr(writer_module.importlib.util, "find_spec", lambda name: None)
    with LivingStore(tmp_path) as living:
        eventually(lambda: living.status().state == "OFF")
        assert "no chDB" in living.status().trouble
        put_trades(living, 3)
        assert living.status().queued == 0


PARENT = """
import asyncio, random, sys
from pathlib import Path
from hftlib.io.store.settings import StoreSettings
from hftlib.io.store.writer import StoreWriter

async def main():
    writer = StoreWriter(StoreSettings(Path(sys.argv[1]), "desk", "run"), random.Random())
    running = asyncio.create_task(writer.run())
    while writer.process_id is None or writer.status().state != sys.argv[2]:
        await asyncio.sleep(0.001)
    print(writer.process_id, flush=True)
    await running

asyncio.run(main())
"""


def orphaned(folder, state, *, stopped=False):
    """Return a store's process whose parent was killed when the store was in a state."""
    command = [sys.executable, "-c", PARENT, str(folder), state]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT)
    child = int(parent.stdout.readline())
    assert is_alive(child)
    if stopped:
        os.kill(child, signal.SIGSTOP)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    return child


def test_the_process_ends_with_its_parent_and_the_folder_is_free_again(tmp_path):
    folder = tmp_path / "chdb"
    child = orphaned(folder, "RUNNING")
    eventually(lambda: not is_alive(child))
    left = tmp_path / "passing" / "left behind"
    left.write_text("a file that an insert passed through")
    with LivingStore(folder) as living:
        living.until_running()
        put_trades(living, 1)
        living.until_confirmed(1)
    assert not left.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child that cannot look")
@pytest.mark.parametrize(("state", "stopped"), [("STARTING", False), ("RUNNING", True)])
def test_the_process_ends_with_its_parent_even_where_it_cannot_look(tmp_path, state, stopped):
    child = orphaned(tmp_path / "chdb", state, stopped=stopped)
    eventually(lambda: not is_alive(child), within_s=10)
