"""Who answers: the store, the tapes, or one after the other."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from hftlib.client.history import HistoryError
from hftlib.core.errors import UnavailableError
from hftlib.core.provenance import Provenance
from hftlib.core.states import Source
from hftlib.desk.history import History
from hftlib.desk.history_worker import stream_of
from hftlib.desk.questions import Answer, Kind, Question
from hftlib.io.store.writer import QueryError
from tests.desk_support.recording import INSTRUMENTS, SYMBOL, VENUE, write_tape

SECOND = 1_000_000_000
NOW = 1_000 * SECOND
KEY = (VENUE, SYMBOL)


def stored(stamps: Sequence[int]) -> pa.Table:
    count = len(stamps)
    return pa.table(
        {
            "recv_ns": pa.array(stamps, pa.int64()),
            "event_ns": pa.nulls(count, pa.int64()),
            "ingress_seq": pa.array(stamps, pa.int64()),
            "trade_id": pa.array(stamps, pa.int64()),
            "side": ["BUY"] * count,
            "price_ticks": pa.array([100] * count, pa.int64()),
            "size_quanta": pa.array([1] * count, pa.int64()),
            "price_increment": ["0.01"] * count,
            "size_quantum": ["0.001"] * count,
            "aggregate": pa.array([False] * count, pa.bool_()),
            "historical": pa.array([False] * count, pa.bool_()),
        }
    )


class Store:
    """Hold trades, and answer the three statements that History asks about them."""

    def __init__(
        self,
        stamps: Sequence[int],
        failure: Exception | None = None,
        exchange: Sequence[int] = (),
    ) -> None:
        self.held = {"SIMULATED": sorted(stamps), "EXCHANGE": sorted(exchange)}
        self.failure = failure

    def status(self) -> SimpleNamespace:
        return SimpleNamespace(state="RUNNING")

    async def query(self, sql: str, parameters: Mapping[str, Any], **_: Any) -> bytes:
        if self.failure is not None:
            raise self.failure
        stamps = self.held.get(parameters["source"], [])
        within = [at for at in stamps if parameters["start"] <= at < parameters["end"]]
        if "min(ts_recv)" in sql:
            first = within[0] if within else 0
            return stream_of(pa.table({"first": [first], "rows": [len(within)]}))
        if "max(ts_recv)" in sql:
            return stream_of(pa.table({"last": [stamps[-1]]}))
        return stream_of(stored(within[: parameters["most"]]))


class Tapes:
    """Hold trades on tapes."""

    def __init__(self, stamps: Sequence[int], exchange: Sequence[int] | None = None) -> None:
        self.stamps = sorted(stamps)
        self.exchange = exchange
        self.asked: list[tuple[list[Path], Question]] = []

    async def answer(self, paths: list[Path], question: Question, seconds: float) -> bytes:
        self.asked.append((paths, question))
        stamps: Sequence[int] | None = self.stamps
        if question.source is Provenance.EXCHANGE:
            stamps = self.exchange
        within = [at for at in stamps or () if question.start <= at < question.end]
        if not stamps:
            raise HistoryError("no such book on the tapes")
        table = pa.table({"ts_recv": pa.array(within, pa.int64())})
        source = question.source or Provenance.UNKNOWN
        return stream_of(Answer(table, None, "tape", source).as_table(question.end))


def history(store: Store | None, tapes: Tapes, source: str = "local") -> History:
    run = SimpleNamespace(
        now_ns=NOW,
        source=Source.SIMULATED,
        origin="local venues",
        engine=SimpleNamespace(instruments={KEY: INSTRUMENTS[0]}),
    )
    desk = SimpleNamespace(
        source=source,
        settings=SimpleNamespace(data_dir=Path("nowhere")),
        parts=SimpleNamespace(store=store),
        view=SimpleNamespace(run=run),
    )
    return History(desk, tapes)  # type: ignore[arg-type]


def question(start: int, end: int, source: Provenance | None = None, limit: int = 100) -> Question:
    return Question(Kind.TRADES, VENUE, SYMBOL, start, end, limit, source=source)


async def read(
    asked: History, start: int, end: int, source: Provenance | None = None, limit: int = 100
) -> tuple[list[int], list[str]]:
    """Return all stamps, and who told them, page by page; all of the source asked for."""
    told: list[int] = []
    where: list[str] = []
    begin: int | None = start
    while begin is not None:
        body = await asked.answer(question(begin, end, source, limit))
        table = pa.ipc.open_stream(body).read_all()
        assert table.schema.metadata[b"source"].decode() == (source or Provenance.SIMULATED)
        told += table["ts_recv"].to_pylist()
        where.append(table.schema.metadata[b"where"].decode())
        following = table.schema.metadata[b"next"]
        assert not following or int(following) > begin
        begin = int(following) if following else None
    return told, where


async def test_the_store_answers_where_it_has_the_rows() -> None:
    tapes = Tapes(range(10, 20))
    told = await read(history(Store([SECOND, 2 * SECOND]), tapes), SECOND, 100 * SECOND)
    assert told == ([SECOND, 2 * SECOND], ["store"])
    assert not tapes.asked


async def test_the_tapes_answer_where_it_has_none() -> None:
    tapes = Tapes([5, 6])
    assert await read(history(Store([]), tapes), 1, 100) == ([5, 6], ["tape"])
    assert await read(history(None, tapes), 1, 100) == ([5, 6], ["tape"])


async def test_what_was_before_the_store_began_is_on_the_tapes() -> None:
    tapes = Tapes([number * SECOND for number in range(1, 20)])
    store = Store([number * SECOND for number in range(10, 20)])
    told, where = await read(history(store, tapes), 0, 100 * SECOND)
    assert told == tapes.stamps
    assert where == ["tape", "store"]


async def test_a_gap_before_the_first_row_that_is_on_no_tape_is_no_matter() -> None:
    store = Store([50 * SECOND])
    for tapes in (Tapes([90 * SECOND]), Tapes([])):
        assert await read(history(store, tapes), 0, 80 * SECOND) == ([50 * SECOND], ["store"])


async def test_what_the_store_does_not_know_yet_is_on_the_tapes() -> None:
    stamps = [NOW - number * SECOND for number in range(20, 0, -1)]
    told, where = await read(history(Store(stamps[:15]), Tapes(stamps)), stamps[0], NOW + 1)
    assert told == stamps
    assert where == ["store", "tape"]


async def test_a_store_that_does_not_answer_leaves_it_to_the_tapes() -> None:
    gone = Store([1], UnavailableError("the store is DOWN"))
    assert await read(history(gone, Tapes([5])), 1, 100) == ([5], ["tape"])


async def test_a_limit_of_the_store_is_told() -> None:
    small = Store([1], QueryError("too many rows", 396))
    with pytest.raises(HistoryError, match="too many rows"):
        await history(small, Tapes([5])).answer(question(1, 100))


async def test_a_tape_that_is_played_is_asked_alone(tmp_path: Path) -> None:
    tapes = Tapes([5])
    played = history(Store([7]), tapes, f"tape:{tmp_path}/a.tape")
    body = await played.answer(question(1, 100))
    assert pa.ipc.open_stream(body).read_all()["ts_recv"].to_pylist() == [5]
    paths, asked = tapes.asked[0]
    assert (paths, asked.source) == ([tmp_path / "a.tape"], None)


async def test_a_tape_that_is_played_has_nothing_of_another_source(tmp_path: Path) -> None:
    tape = write_tape(tmp_path / "a.tape", 10, Source.SIMULATED)
    played = history(None, Tapes([5]), f"tape:{tape}")
    await played.answer(question(1, 100, Provenance.SIMULATED))
    with pytest.raises(HistoryError, match="this tape is SIMULATED: it has nothing of EXCHANGE"):
        await played.answer(question(1, 100, Provenance.EXCHANGE))


async def test_the_sources_of_a_store_and_its_tapes_are_never_mixed() -> None:
    ours = [number * SECOND for number in range(100, 110)]
    theirs = [number * SECOND + 1 for number in range(95, 108)]
    store = Store(ours[3:], exchange=theirs[4:])
    tapes = Tapes(ours, exchange=theirs)
    for limit in (1, 3, 100):
        told, _ = await read(history(store, tapes), SECOND, NOW - 100 * SECOND, limit=limit)
        assert told == ours
        asked = (SECOND, NOW - 100 * SECOND, Provenance.EXCHANGE, limit)
        assert (await read(history(store, tapes), *asked))[0] == theirs


@pytest.mark.parametrize("on_tape", [0, 4])
async def test_a_source_of_before_is_told_as_far_as_store_and_tapes_know(on_tape: int) -> None:
    theirs = [NOW - number * SECOND for number in range(30, 20, -1)]
    later = [theirs[-1] + number * SECOND for number in range(1, on_tape + 1)]
    # Of a source that is not shown there may be no tape at all any more.
    tapes = Tapes([NOW - SECOND], exchange=[*theirs, *later] if on_tape else None)
    store = Store([NOW - 5 * SECOND], exchange=theirs)
    asked = (theirs[0], NOW + 1, Provenance.EXCHANGE)
    told, where = await read(history(store, tapes), *asked)
    assert told == theirs + later
    assert where == (["store", "tape"] if on_tape else ["store"])
