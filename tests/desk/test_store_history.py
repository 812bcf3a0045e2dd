"""One market, asked of the tape, of a real store and of the desk: the answers are equal.

The store also holds another market's rows of the same book and the same time, as of a desk that
switched its source: none of them may come into an answer.
"""

import asyncio
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from hftlib.client.history import HistoryError
from hftlib.core.instrument import Instrument
from hftlib.core.provenance import Provenance
from hftlib.desk import questions
from hftlib.desk.opening import run_of
from hftlib.desk.questions import Answer, Every, Kind, Question
from hftlib.desk.run import Run
from hftlib.desk.store_history import StoreHistory
from hftlib.desk.store_rows import StoreRows
from hftlib.desk.tape_history import TapeHistory
from hftlib.io.store.settings import StoreSettings
from hftlib.io.store.writer import QueryError, StoreWriter
from hftlib.io.tape.reader import TapeReader
from tests.desk_support.recording import START_NS, STEP_NS, SYMBOL, VENUE, write_tape
from tests.desk_support.varied import write_varied_tape

pytest.importorskip("chdb")
SECOND = 1_000_000_000
END_NS = START_NS + 601 * STEP_NS


class Held:
    """Hold a store with what runs over two tapes said, and the first run as it ended."""

    def __init__(self, folder: Path, tape: Path, exchange: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self.tape = tape
        self.exchange = exchange
        days = 10_000  # the recording is old, and is not to be cleared away as such
        settings = StoreSettings(folder / "chdb", "desk", event_days=days, second_days=days)
        self.writer = StoreWriter(settings, random.Random(1))
        self.running = self.loop.create_task(self.writer.run())
        self.run = run_of(TapeReader(tape))
        self.loop.run_until_complete(self._fill())

    async def _fill(self) -> None:
        async with asyncio.timeout(120):
            while self.writer.status().state != "RUNNING":
                await asyncio.sleep(0.01)
            self.writer.begin_run("run-1", "SIMULATED")
            fill(self.run, self.writer, self.tape)
            self.writer.begin_run("run-2", "EXCHANGE")
            fill(run_of(TapeReader(self.exchange)), self.writer, self.exchange)
            while self.writer.status().queued:
                await asyncio.sleep(0.01)
        assert not self.writer.status().refused, self.writer.status()

    async def query(self, sql: str, parameters: Mapping[str, Any], most: int) -> pa.Table:
        return pa.ipc.open_stream(
            await self.writer.query(sql, parameters, max_rows=most, max_bytes=2**28)
        ).read_all()

    def answer(self, question: Question) -> Answer:
        history = StoreHistory(self.query)
        return self.loop.run_until_complete(history.answer(question, self.instrument))

    def first(self, question: Question) -> int | None:
        return self.loop.run_until_complete(StoreHistory(self.query).first(question))

    def ask(self, sql: str) -> pa.Table:
        asking = self.writer.query(sql, {}, max_rows=1_000, max_seconds=1.0)
        return pa.ipc.open_stream(self.loop.run_until_complete(asking)).read_all()

    @property
    def instrument(self) -> Instrument:
        return self.run.engine.instruments[VENUE, SYMBOL]

    def close(self) -> None:
        self.loop.run_until_complete(self.writer.close())
        self.loop.run_until_complete(self.running)
        self.loop.close()


def fill(run: Run, writer: StoreWriter, tape: Path) -> None:
    """Let a run over a tape tell the store everything, with rows at each whole second."""
    rows = StoreRows(run, writer)
    due: int | None = None
    for frame in TapeReader(tape).frames():
        if due is None:
            due = -(-frame.ts_recv // SECOND) * SECOND
        while due < frame.ts_recv:
            rows.second(due)
            due += SECOND
        rows.note(frame, run.feed(frame))
    rows.end()


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    folder = tmp_path_factory.mktemp("store")
    exchange = write_tape(folder / "exchange.tape")
    made = Held(folder, write_varied_tape(folder / "varied.tape"), exchange)
    yield made
    made.close()


def question(kind: Kind, **more: Any) -> Question:
    span = {"start": START_NS, "end": END_NS, "limit": 100_000}
    book = {"venue": VENUE, "symbol": SYMBOL, "source": Provenance.SIMULATED}
    return Question(**{"kind": kind, **book, **span, **more})


QUESTIONS = [
    question(Kind.FEATURES),
    question(Kind.FEATURES, start=START_NS + 7 * SECOND, end=START_NS + 19 * SECOND),
    question(Kind.FEATURES, every=Every.SECOND),
    question(Kind.BOOKS),
    question(Kind.BOOKS, depth=3, start=START_NS + 5 * SECOND),
    question(Kind.TRADES),
    question(Kind.TRADES, start=START_NS + 33 * SECOND),
    *(question(Kind.CANDLES, interval=name, start=0) for name in questions.INTERVALS_NS),
    question(Kind.CANDLES, interval="1s", start=START_NS + 10 * SECOND, end=START_NS + 20 * SECOND),
    question(Kind.MARKOUTS),
    question(Kind.MARKOUTS, start=START_NS + 30 * SECOND, end=START_NS + 40 * SECOND),
    question(Kind.MARKOUTS, horizons=(SECOND // 20, 3 * SECOND)),
    question(Kind.MARKOUTS, times=tuple(START_NS + number * SECOND // 3 for number in range(250))),
]


@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda one: f"{one.kind} {one.start}")
def test_store_and_tape_answer_alike(held: Held, asked: Question) -> None:
    from_tape = TapeHistory([held.tape]).answer(asked)
    from_store = held.answer(asked)
    assert from_tape.table.num_rows
    assert from_store.table.schema == from_tape.table.schema
    assert from_store.table.to_pylist() == from_tape.table.to_pylist()
    assert (from_store.next_start, from_tape.next_start) == (None, None)
    assert from_store.source is from_tape.source is Provenance.SIMULATED


@pytest.mark.parametrize(
    "asked",
    [
        question(Kind.FEATURES, source=Provenance.EXCHANGE),
        question(Kind.FEATURES, every=Every.SECOND, source=Provenance.EXCHANGE),
        question(Kind.BOOKS, source=Provenance.EXCHANGE),
        question(Kind.TRADES, source=Provenance.EXCHANGE),
        question(Kind.CANDLES, interval="1s", start=0, source=Provenance.EXCHANGE),
        question(Kind.MARKOUTS, source=Provenance.EXCHANGE),
    ],
    ids=lambda one: f"{one.kind} {one.every}",
)
def test_the_other_source_of_the_same_book_answers_for_itself(held: Held, asked: Question) -> None:
    both = TapeHistory([held.tape, held.exchange])
    from_tape, from_store = both.answer(asked), held.answer(asked)
    assert from_tape.table.num_rows
    assert from_store.table.to_pylist() == from_tape.table.to_pylist()
    assert from_store.source is from_tape.source is Provenance.EXCHANGE
    assert held.answer(question(asked.kind, source=Provenance.TESTNET)).table.num_rows == 0


def test_a_store_is_never_asked_for_all_sources_at_once(held: Held) -> None:
    with pytest.raises(HistoryError, match="say of which"):
        held.answer(question(Kind.TRADES, source=None))


def test_a_statement_sees_the_source_and_the_run_of_every_row(held: Held) -> None:
    for table in ("trades", "features_event", "features_1s", "books_1s", "feed_status"):
        told = held.ask(f"SELECT DISTINCT source, run FROM {table} ORDER BY run").to_pylist()
        assert told == [
            {"source": "SIMULATED", "run": "run-1"},
            {"source": "EXCHANGE", "run": "run-2"},
        ]


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(("limit", "seconds"), [(1, 1), (20, 6)])
def test_pages_together_are_the_whole(held: Held, kind: Kind, limit: int, seconds: int) -> None:
    whole = question(kind, interval="1s", end=START_NS + seconds * SECOND)
    expected = TapeHistory([held.tape]).answer(whole).table.to_pylist()
    for answer in (held.answer, TapeHistory([held.tape]).answer):
        rows: list[dict[str, Any]] = []
        begin: int | None = whole.start
        while begin is not None:
            asked = question(kind, interval="1s", start=begin, end=whole.end, limit=limit)
            page = answer(asked)
            rows += page.table.to_pylist()
            begin = page.next_start
        assert rows == expected


def test_the_desk_shows_the_same_bars(held: Held) -> None:
    board = held.run.board((VENUE, SYMBOL))
    for interval in questions.INTERVALS_NS:
        shown = board.candles.bars(interval, 1_000)
        told = held.answer(question(Kind.CANDLES, interval=interval, start=0)).table.to_pylist()
        assert [bar.open_ns for bar in shown] == [row["ts_open"] for row in told]
        assert any(bar.complete for bar in shown) == (interval in ("1s", "1m"))
        for bar, row in zip(shown, told, strict=True):
            if not bar.complete:
                continue
            price, size = held.instrument.price_text, held.instrument.size_text
            assert float(price(bar.open)) == row["open"]
            assert float(price(bar.high)) == row["high"]
            assert float(price(bar.low)) == row["low"]
            assert float(price(bar.close)) == row["close"]
            assert float(size(bar.volume)) == row["volume"]
            assert bar.trades == row["trades"]


def test_the_first_row_tells_where_the_store_begins(held: Held) -> None:
    trades = TapeHistory([held.tape]).answer(question(Kind.TRADES)).table["ts_recv"].to_pylist()
    assert held.first(question(Kind.TRADES)) == trades[0]
    assert held.first(question(Kind.TRADES, start=trades[3])) == trades[3]
    assert held.first(question(Kind.TRADES, start=trades[-1] + 1, end=trades[-1] + 2)) is None


HOSTILE = [
    "DROP TABLE trades",
    "INSERT INTO trades SELECT * FROM trades",
    "ALTER TABLE trades DELETE WHERE 1",
    "CREATE TABLE mine (a Int64) ENGINE = Memory",
    "TRUNCATE TABLE trades",
    "OPTIMIZE TABLE trades",
    "SYSTEM SHUTDOWN",
    "KILL QUERY WHERE 1",
    "SET readonly = 0",
    "SELECT 1; DROP TABLE trades",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 SETTINGS max_execution_time = 1000, max_result_rows = 0",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM `file`('/etc/passwd', 'LineAsString')",
    "SELECT * FROM FILE('/etc/passwd')",
    "SELECT file('/etc/passwd')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1:1/a')",
    "SELECT * FROM remote('127.0.0.1', system.one)",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM executable('id', 'TabSeparated', 'a String')",
    "SELECT * FROM python('x')",
    "WITH a AS (SELECT * FROM url('http://127.0.0.1:1/')) SELECT * FROM a",
    "SELECT * FROM (SELECT * FROM /* */ file /**/ ('/etc/passwd'))",
    "SELECT 1 INTO OUTFILE '/tmp/hftlib-must-not-exist'",
    "SELECT number FROM numbers(100000000) ORDER BY rand() DESC",
    "SELECT * FROM numbers(2000)",
    "SELECT sleepEachRow(3) FROM numbers(100)",
    "DESCRIBE file('/etc/passwd')",
    "EXPLAIN SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "not a statement",
    "",
]


@pytest.mark.parametrize("sql", HOSTILE)
def test_hostile_statements_are_refused_and_the_store_goes_on(held: Held, sql: str) -> None:
    with pytest.raises(QueryError):
        held.ask(sql)
    assert held.ask("SELECT count() AS n FROM trades")["n"][0].as_py() > 0
    assert not Path("/tmp/hftlib-must-not-exist").exists()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "WITH 2 AS two SELECT two",
        "SHOW TABLES",
        "DESCRIBE TABLE trades",
        "EXPLAIN SELECT * FROM trades",
        "SELECT 'DROP TABLE trades; file(1)' AS words",
        "SELECT symbol, count() FROM trades GROUP BY symbol -- a comment",
    ],
)
def test_statements_that_read_are_answered(held: Held, sql: str) -> None:
    assert held.ask(sql).num_rows >= 1
