"""What a desk does with its store: begun with a live run, told in its health, closed last."""

import asyncio
import platform
from functools import partial

import msgspec
import pytest

from hftlib.core.configuration import StoreSection
from hftlib.core.states import Source
from hftlib.desk.latency import Latency
from hftlib.desk.parts import Parts, store_settings
from hftlib.desk.run import Run
from hftlib.desk.settings import DeskSettings
from hftlib.engine.engine import Engine
from hftlib.io.clock import WallClock
from hftlib.wire.messages import GcPauses, Health
from tests.desk_support.recording import INSTRUMENTS, START_NS, frames

UNREADABLE = "ftp://anna:hush@nowhere"
"""A store that turns itself off: nothing of it needs the engine of a database."""


class Live:
    """Stand for a live run: a run, its stopwatch, and whoever listens."""

    def __init__(self, source=Source.SIMULATED, origin="test"):
        self.run = Run(partial(Engine, INSTRUMENTS), source, origin)
        self.latency = Latency(lambda: START_NS)
        self.listeners = []
        self.clock = WallClock()


@pytest.fixture
def settings(tmp_path):
    return DeskSettings(data_dir=tmp_path, clickhouse_dsn=UNREADABLE)


def test_a_store_is_started_as_the_configuration_says(settings):
    told = store_settings(settings)
    assert told.desk == (platform.node() or "desk")
    assert told.folder == settings.data_dir / "store" / "chdb"
    assert told.queue_bytes == 64 * 2**20
    assert (told.event_days, told.second_days) == (7, 90)
    named = msgspec.structs.replace(settings, store=StoreSection(desk="north"))
    assert store_settings(named).desk == "north"


async def test_a_live_run_is_listened_to_until_it_ends(settings):
    parts, live = Parts(settings), Live()
    assert "store" not in parts.statuses()
    parts.run_begins(live)
    (listener,) = live.listeners
    for frame in frames(20):
        listener(frame, live.run.feed(frame))
    parts.second(live.run.now_ns)
    # a book's move, 4 trades, 20 updates and the two rows of a second wait at least
    assert parts.statuses()["store"].queued > 20
    parts.run_ends()
    assert live.listeners == []
    parts.second(live.run.now_ns)
    async with asyncio.timeout(30):
        while parts.statuses()["store"].state != "OFF":
            await asyncio.sleep(0)
    told = parts.statuses()["store"]
    assert "clickhouse_dsn" in told.trouble
    assert told.queued == 0
    assert told.refused > 20
    await parts.close()


async def test_how_the_desk_is_is_kept_while_a_run_is(settings):
    parts, live = Parts(settings), Live()
    health = Health(
        *("running", 0, 0, "", "1.0", 1, Source.SIMULATED, "x", 1.0, None, 0, 0, 0),
        GcPauses(0, 0.0, 0.0),
    )
    parts.keep_health(health)
    parts.run_begins(live)
    parts.keep_health(health)
    assert parts.statuses()["store"].queued == 1
    parts.run_ends()
    parts.keep_health(health)
    await parts.close()
    assert parts.statuses()["store"].refused == 1


async def test_a_second_live_run_writes_to_the_same_store(settings):
    parts = Parts(settings)
    parts.run_begins(Live())
    store = parts.store
    parts.run_ends()
    parts.run_begins(Live())
    assert parts.store is store
    await parts.close()


async def test_each_live_run_has_a_name_of_its_own_and_says_its_market(settings, monkeypatch):
    told = []
    parts = Parts(settings)
    parts.run_begins(Live())
    monkeypatch.setattr(parts.store, "begin_run", lambda *marks: told.append(marks))
    for source, origin in (
        (Source.EXCHANGE, "live: binance"),
        (Source.EXCHANGE, "testnet: binance"),
        (Source.SIMULATED, "local venues"),
    ):
        parts.run_ends()
        parts.run_begins(Live(source, origin))
    assert [source for _, source in told] == ["EXCHANGE", "TESTNET", "SIMULATED"]
    assert len({run for run, _ in told}) == 3
    await parts.close()


async def test_a_store_that_is_switched_off_is_never_begun(settings):
    section = StoreSection(mode="off")
    parts, live = Parts(msgspec.structs.replace(settings, store=section)), Live()
    parts.run_begins(live)
    assert parts.store is None
    assert live.listeners == []
    parts.second(START_NS)
    parts.run_ends()
    await parts.close()
