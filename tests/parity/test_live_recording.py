"""A desk's live run on the local venues, faults planted, tapes rotated: it proves its own tapes."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from hftlib.core.compiled import compile_all
from hftlib.core.states import BookState, FeedCondition
from hftlib.desk.live_show import LiveShow, open_live
from hftlib.desk.opened_source import open_source
from hftlib.desk.replay import ReplayReport, replay
from hftlib.desk.settings import DeskSettings
from hftlib.desk.verification import TapeVerdict, verify
from hftlib.io.tape import TapeReader
from tests.local_support.market_process import MarketProcess, market_process

DEADLINE_S = 60.0
DROP = {"kind": "drop", "venue": "binance", "topic": "btcusdt@depth@100ms", "count": 2}
DROP_PUSHED = {"kind": "drop", "venue": "coinbase", "count": 3}
CUT = {"kind": "cut", "venue": "coinbase", "count": 1}


class Recorded:
    """A live run over local venues and what became of it."""

    def __init__(self, market: MarketProcess, folder: Path) -> None:
        self._market = market
        settings = DeskSettings(source="local", data_dir=folder, symbols="BTC,ETH")
        asyncio.run(self._run(settings))
        self.paths = sorted((folder / "tapes").glob("*.tape"))
        self.verdicts: list[TapeVerdict] = verify(self.paths)
        self.report: ReplayReport = replay(self.paths)

    async def _run(self, settings: DeskSettings) -> None:
        self.show = show = await open_live(settings, await open_source(settings, "local"))
        playing = asyncio.create_task(show.play(asyncio.Event()))
        try:
            await until(lambda: is_whole(show))
            await self._plant(show)
            await rotate(show)
            await until(lambda: is_whole(show))
            await asyncio.to_thread(self._market.control, "POST", "server-shutdown", {"venue": "*"})
            await until(lambda: count(show, FeedCondition.HANDED_OVER) > 0)
            await rotate(show)
            seen = show.live_run.frames
            await until(lambda: is_whole(show) and show.live_run.frames > seen + 500)
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
            await show.close()

    async def _plant(self, show: LiveShow) -> None:
        for spec in (DROP, DROP_PUSHED, CUT):
            await asyncio.to_thread(self._market.control, "POST", "faults", spec)
        await until(lambda: count(show, FeedCondition.GAP) > 0)
        await until(lambda: count(show, FeedCondition.CLOSED) > 0)


def count(show: LiveShow, condition: FeedCondition) -> int:
    return show.live_run.run.engine.count(condition)


def is_whole(show: LiveShow) -> bool:
    engine = show.live_run.run.engine
    states = [book.state for book in engine.books.values()]
    return len(states) == len(engine.instruments) > 3 and set(states) == {BookState.LIVE}


async def until(is_so: Callable[[], bool]) -> None:
    """Let the run go on until something is so."""
    async with asyncio.timeout(DEADLINE_S):
        while not is_so():
            await asyncio.sleep(0.01)


async def rotate(show: LiveShow) -> None:
    """Have the next tape begin now, as at a size or an age."""
    tape = show.live_run.tape
    limits, before = tape._limits, tape.status().rotations
    tape._limits = msgspec.structs.replace(limits, rotate_ns=0)
    await until(lambda: tape._writer.is_switching or tape.status().rotations > before)
    tape._limits = limits
    await until(lambda: tape.status().rotations > before)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    compile_all()
    folder = tmp_path_factory.mktemp("desk")
    with market_process(folder) as market:
        return Recorded(market, folder)


def test_the_run_met_gaps_a_reconnect_and_a_hand_over(recorded: Recorded) -> None:
    met = recorded.report.conditions
    assert met["GAP"] > 0
    assert met["HANDED_OVER"] > 0
    assert met["OPENED"] > 3
    assert recorded.report.resyncs > 0


def test_every_tape_of_the_run_is_proven(recorded: Recorded) -> None:
    assert len(recorded.paths) >= 3
    assert [verdict.reason for verdict in recorded.verdicts] == [""] * len(recorded.paths)
    assert all("run_hash" in verdict.compared for verdict in recorded.verdicts)


def test_the_tapes_replay_as_one_run(recorded: Recorded) -> None:
    last = TapeReader(recorded.paths[-1]).manifest
    assert recorded.report.run_hash == last.run_hash
    assert recorded.report.fact_hash == last.fact_hash
    assert recorded.report.frames == recorded.show.live_run.frames


def test_the_last_tape_is_proven_alone(recorded: Recorded) -> None:
    (verdict,) = verify(recorded.paths[-1:])
    assert (verdict.proven, verdict.compared) == (True, ["part_hash"])


def test_every_stage_was_measured(recorded: Recorded) -> None:
    stages = recorded.show.live_run.latency.stages()
    assert all(stage.count > 100 for stage in stages.values())
    medians = [stage.quantile_ns(0.5) for stage in stages.values()]
    assert medians == sorted(medians)
