"""A desk that shows local venues and then exchanges: what it keeps of both is never mixed.

The exchange is the same local market under the addresses of the real one: only what the desk calls
its source differs, so that nothing else could tell the rows apart.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hftlib.client.connection import DeskConnection
from hftlib.core.states import BookState, Source
from hftlib.desk import sources
from hftlib.desk.choices import TAPES
from hftlib.desk.settings import DeskSettings
from hftlib.io.tape.manifest import load
from tests.desk_support.server import DeskInThread, eventually
from tests.local_support.market_process import MarketProcess, market_process

pytest.importorskip("chdb", reason="chDB has no wheel for this system")
VENUE, SYMBOL = "binance", "BTCUSDT"
KINDS = ("features", "trades", "books")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarketProcess]:
    with market_process(tmp_path_factory.mktemp("market")) as running:
        yield running


@pytest.fixture
def settings(
    tmp_path: Path, market: MarketProcess, monkeypatch: pytest.MonkeyPatch
) -> DeskSettings:
    """Return settings under which both sources are the local market."""
    addresses, _ = sources.local_addresses(market.addresses, [VENUE])
    local = sources.RunningSource("live", Source.SIMULATED, "local venues", "", addresses)
    monkeypatch.setattr(sources, "LIVE_ADDRESSES", addresses)
    monkeypatch.setattr(sources, "_local", lambda _: local)
    return DeskSettings(
        source="local",
        venues=(VENUE,),
        symbols=f"{VENUE}:{SYMBOL}",
        data_dir=tmp_path,
        stays_up=True,
    )


def is_live(connection: DeskConnection) -> bool:
    if connection.health().state != "running":
        return False
    return [one.status.state for one in connection.feeds()] == [BookState.LIVE]


def stored(connection: DeskConnection, source: str) -> int:
    """Return how many trades of a source the store has, 0 while it is not there yet."""
    status = connection.health().store
    if status is None or status.state != "RUNNING":
        return 0
    sql = "SELECT count() AS rows FROM trades WHERE source = {source:String}"
    return int(connection.sql(sql, {"source": source})["rows"].iloc[0])


def test_what_two_sources_told_is_kept_apart(settings: DeskSettings) -> None:
    with DeskInThread(settings) as running:
        connection = running.connection()
        eventually(lambda: is_live(connection))
        eventually(lambda: stored(connection, "SIMULATED") > 3)
        connection.switch_source("live")
        eventually(lambda: connection.source().generation == 2)
        eventually(lambda: is_live(connection))
        eventually(lambda: stored(connection, "EXCHANGE") > 3)
        runs = connection.sql("SELECT DISTINCT source, run FROM features_1s")
        assert sorted(runs["source"]) == ["EXCHANGE", "SIMULATED"]
        assert runs["run"].nunique() == 2
        for kind in KINDS:
            past = getattr(connection, kind)(SYMBOL, source="SIMULATED")
            present = getattr(connection, kind)(SYMBOL)
            assert [one.attrs["source"] for one in (past, present)] == ["SIMULATED", "EXCHANGE"]
            assert past["ts_recv"].max() < present["ts_recv"].min()
    tapes = sorted((settings.data_dir / TAPES).glob("*.tape"))
    assert [load(path).provenance for path in tapes] == ["SIMULATED", "EXCHANGE"]
