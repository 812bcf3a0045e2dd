"""A desk on local venues: what it shows, what it survives, what it leaves behind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from hftlib.client.connection import DeskConnection, RefusedError
from hftlib.core.configuration import StoreSection
from hftlib.core.states import BookState, Source
from hftlib.desk.choices import TAPES
from hftlib.desk.replay import replay
from hftlib.desk.settings import DeskSettings
from hftlib.io.tape.reader import TapeReader
from tests.desk_support.recording import write_tape
from tests.desk_support.server import DeskInThread, eventually
from tests.local_support.market_process import MarketProcess, market_process

SYMBOLS = "BTC,binance:ETHUSDT"
BOOKS = {("binance", "BTCUSDT"), ("binance", "ETHUSDT"), ("coinbase", "BTC-USD")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("live")


@pytest.fixture(scope="module")
def market(folder: Path) -> Iterator[MarketProcess]:
    with market_process(folder) as running:
        yield running


def settings(folder: Path, **rest: Any) -> DeskSettings:
    given: dict[str, Any] = {
        "source": "local",
        "symbols": SYMBOLS,
        "data_dir": folder,
        "store": StoreSection(mode="off"),
    }
    return DeskSettings(**{**given, "stays_up": True, **rest})


@pytest.fixture(scope="module")
def desk(folder: Path, market: MarketProcess) -> Iterator[DeskInThread]:
    with DeskInThread(settings(folder)) as running:
        yield running


@pytest.fixture
def connection(desk: DeskInThread, market: MarketProcess) -> Iterator[DeskConnection]:
    market.control("DELETE", "faults")
    with desk.connection() as connected:
        eventually(lambda: states(connected) == {BookState.LIVE})
        yield connected


def states(connection: DeskConnection) -> set[BookState]:
    """Return the states of all books; none while there are none."""
    if connection.health().state != "running":
        return set()
    feeds = connection.feeds()
    known = {(one.venue, one.symbol) for one in feeds} >= BOOKS
    return {one.status.state for one in feeds} if known else set()


def lanes(connection: DeskConnection) -> dict[str, Any]:
    return {one.venue: one for one in connection.health().lanes}


def test_the_books_that_were_wished_are_live_and_proven(connection: DeskConnection) -> None:
    for venue, symbol in BOOKS:
        book = connection.book(venue, symbol, 5)
        assert book.verified
        assert book.source is Source.SIMULATED
        assert len(book.bids) == len(book.asks) == 5
        assert float(book.bids[0][0]) < float(book.asks[0][0])


def test_health_tells_lanes_budgets_tape_and_ledger(connection: DeskConnection) -> None:
    health = eventually(lambda: (h := connection.health()).condition == "OK" and h)
    assert {(one.venue, one.state) for one in health.lanes} == {
        ("binance", "OPEN"),
        ("coinbase", "OPEN"),
    }
    weights = {one.venue: one for one in health.budgets}
    assert 0 < weights["binance"].used < weights["binance"].limit
    assert health.tape is not None
    assert health.tape.lost == 0
    assert health.ledger is not None
    assert health.reasons == []


def test_a_cut_connection_takes_its_books_down_and_brings_them_back(
    connection: DeskConnection, market: MarketProcess
) -> None:
    before = lanes(connection)["binance"].reconnects
    resyncs = {one.symbol: one.status.resyncs for one in connection.feeds()}
    market.control("POST", "faults", {"kind": "cut", "venue": "binance", "count": 1})
    eventually(lambda: lanes(connection)["binance"].reconnects == before + 1)
    eventually(lambda: states(connection) == {BookState.LIVE})
    after = {one.symbol: one.status.resyncs for one in connection.feeds()}
    assert after["BTCUSDT"] == resyncs["BTCUSDT"] + 1
    assert after["BTC-USD"] == resyncs["BTC-USD"]


def test_a_lost_frame_is_a_gap_and_a_new_snapshot(
    connection: DeskConnection, market: MarketProcess
) -> None:
    def gaps() -> int:
        return sum(one.status.gaps for one in connection.feeds() if one.venue == "binance")

    before = gaps()
    fault = {"kind": "drop", "venue": "binance", "topic": "btcusdt@depth*", "count": 1}
    market.control("POST", "faults", fault)
    eventually(lambda: gaps() > before)
    eventually(lambda: states(connection) == {BookState.LIVE})


def test_where_no_websocket_opens_the_books_are_polled(
    connection: DeskConnection, market: MarketProcess
) -> None:
    refused = {"kind": "http", "venue": "binance", "topic": "ws:*", "status": 503}
    market.control("POST", "faults", refused)
    market.control("POST", "faults", {"kind": "cut", "venue": "binance", "count": 1})

    def is_polled() -> bool:
        book = connection.book("binance", "BTCUSDT", 1)
        return book.state is BookState.LIVE and not book.verified

    eventually(is_polled)
    market.control("DELETE", "faults")
    eventually(lambda: connection.book("binance", "BTCUSDT", 1).verified)


def test_one_more_book_can_be_brought(connection: DeskConnection) -> None:
    found = connection.listed(find="SOL")
    assert ("binance", "SOLUSDT") in {(one.venue, one.symbol) for one in found}
    told = connection.bring("coinbase", "SOL-USD")
    assert (told.base, told.quote) == ("SOL", "USD")
    eventually(lambda: connection.book("coinbase", "SOL-USD", 1).state is BookState.LIVE)
    assert connection.bring("coinbase", "SOL-USD") == told
    with pytest.raises(RefusedError, match="binance lists no SOLUSDX; did you mean SOLUSDT"):
        connection.bring("binance", "SOLUSDX")
    with pytest.raises(RefusedError, match="there is no venue kraken; there is binance, coinbase"):
        connection.bring("kraken", "SOL/USD")


def test_a_live_desk_has_no_clock_to_move(desk: DeskInThread, connection: DeskConnection) -> None:
    answer = requests.post(f"{desk.url}/api/v1/clock/pause", timeout=5)
    assert answer.status_code == 409
    assert "cannot be moved" in answer.json()["message"]


def test_an_unknown_symbol_is_refused_in_words(folder: Path, market: MarketProcess) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "market.json").write_bytes((folder / "market.json").read_bytes())
    with DeskInThread(settings(elsewhere, symbols="BTC,NOSUCH")) as running:
        connection = running.connection()
        health = eventually(lambda: (h := connection.health()).state == "failed" and h)
    assert "no venue trades NOSUCH" in health.reason


def test_what_was_recorded_replays_and_the_source_can_be_switched(
    folder: Path, market: MarketProcess, tmp_path: Path
) -> None:
    own = folder / "switching"
    own.mkdir()
    (own / "market.json").write_bytes((folder / "market.json").read_bytes())
    tape = write_tape(tmp_path / "played.tape")
    with DeskInThread(settings(own)) as running:
        connection = running.connection()
        eventually(lambda: states(connection) == {BookState.LIVE})
        connection.switch_source(f"tape:{tape}")
        eventually(lambda: connection.source().generation == 2)
        assert connection.health().lanes == []
        connection.switch_source("local")
        eventually(lambda: connection.source().generation == 3)
        eventually(lambda: states(connection) == {BookState.LIVE})
    tapes = sorted((own / TAPES).glob("*.tape"))
    assert len(tapes) == 2
    for path in tapes:
        assert TapeReader(path).manifest.closed
        report = replay([path])
        assert report.gaps == 0
        assert {(one.venue, one.symbol) for one in report.books} == BOOKS
