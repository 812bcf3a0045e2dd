"""What was, whoever knows it: the store where it has the rows, else the tapes.

An answer is of one source: the one asked for, else the one that the desk shows.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from hftlib.client.history import HistoryError
from hftlib.core.errors import UnavailableError
from hftlib.core.instrument import Instrument
from hftlib.core.provenance import Provenance, provenance_of
from hftlib.desk import questions
from hftlib.desk.choices import TAPES
from hftlib.desk.desk import Desk
from hftlib.desk.history_worker import stream_of
from hftlib.desk.questions import Answer, Kind, Question
from hftlib.desk.settings import is_running_source, tape_path
from hftlib.desk.store_history import StoreHistory
from hftlib.desk.tape_process import TapeProcess
from hftlib.io.store.writer import QueryError, StoreWriter
from hftlib.io.tape.manifest import load

SECONDS: Final = 20.0
"""How long a page may take."""

LARGEST_BYTES: Final = 256 * 2**20
RECENT_NS: Final = 60 * questions.SECOND
"""A range that ends later than that before now may end in what the store does not know yet."""

_SLACK_NS: Final = 2 * questions.SECOND
"""A store whose first row is not later than that after the start has the range from its start."""


class History:
    """Answer questions about the source that a desk shows."""

    def __init__(self, desk: Desk, tapes: TapeProcess) -> None:
        """Answer for a desk; tapes are read by a process of their own."""
        self._desk = desk
        self._reader = tapes

    def tapes(self) -> list[Path]:
        """Return the tape that is played, or those of live runs, in order."""
        if not is_running_source(self._desk.source):
            return [tape_path(self._desk.source)]
        return sorted((self._desk.settings.data_dir / TAPES).glob("*.tape"))

    async def answer(self, question: Question, seconds: float = SECONDS) -> bytes:
        """Return a page of rows as an Arrow stream; its schema says where the next page starts.

        Raises HistoryError for what cannot be answered, UnavailableError where nobody can now.
        """
        question = await self._of_one_source(question)
        store = self.store()
        known = self._desk.view.run.engine.instruments
        instrument = known.get((question.venue, question.symbol))
        if store is not None and instrument is not None:
            try:
                found = await self._from_store(store, question, instrument, seconds)
            except QueryError as error:
                raise HistoryError(f"the store: {error}") from error
            except UnavailableError:
                found = None  # the tapes know it too
            if found is not None:
                return found
        return await self._reader.answer(self.tapes(), question, seconds)

    def store(self) -> StoreWriter | None:
        """Return the store of a source that runs, None where there is none that answers."""
        if not is_running_source(self._desk.source) or self._desk.parts is None:
            return None
        store = self._desk.parts.store
        return store if store is not None and store.status().state != "OFF" else None

    async def _of_one_source(self, question: Question) -> Question:
        """Return the question with the source that it is about, that of the desk unless it says.

        A tape that is played says its own. Raises HistoryError where another one is asked for.
        """
        if is_running_source(self._desk.source):
            source = question.source or self._present()
            return msgspec.structs.replace(question, source=source)
        if question.source is not None:
            manifest = await asyncio.to_thread(load, tape_path(self._desk.source))
            if manifest.provenance is not question.source:
                raise HistoryError(
                    f"this tape is {manifest.provenance}: it has nothing of {question.source}"
                )
        return question

    def _present(self) -> Provenance:
        run = self._desk.view.run
        return provenance_of(run.source, [run.origin])

    async def _from_store(
        self, store: StoreWriter, question: Question, instrument: Instrument, seconds: float
    ) -> bytes | None:
        """Return a page of the store's rows, or of the tapes' where these begin earlier."""

        async def query(sql: str, parameters: Mapping[str, Any], most: int) -> pa.Table:
            body = await store.query(
                sql, parameters, max_rows=most, max_seconds=seconds, max_bytes=LARGEST_BYTES
            )
            return pa.ipc.open_stream(body).read_all()

        history = StoreHistory(query)
        first = await history.first(question)
        if first is None:
            return None
        begin = first
        slack = _SLACK_NS
        if question.kind is Kind.CANDLES:
            slack = questions.INTERVALS_NS[question.interval]
            begin -= begin % slack
        if begin - question.start > slack:
            earlier = await self._before(question, begin, seconds)
            if earlier is not None:
                return earlier
        answer = await self._as_far_as_known(history, question, instrument, seconds)
        if answer is None:
            return None
        return await asyncio.to_thread(stream_of, answer.as_table(question.end))

    async def _as_far_as_known(
        self, history: StoreHistory, question: Question, instrument: Instrument, seconds: float
    ) -> Answer | None:
        """Return a page of the store's rows that will not change; None where that is empty.

        The store is behind by a second or more; what it does not know yet the tapes do.
        """
        answer = await history.answer(question, instrument)
        is_recent = question.end > self._desk.view.run.now_ns - RECENT_NS
        if answer.next_start is not None or not is_recent:
            return answer
        settled = await history.settled(question)
        if settled >= question.end:
            return answer
        is_past = question.source is not self._present()
        if is_past and not await self._goes_on(question, settled, seconds):
            return answer
        if question.times is not None:
            return None
        name = "ts_open" if question.kind is Kind.CANDLES else "ts_recv"
        known = answer.table.filter(pc.less(answer.table[name], settled))
        if not known.num_rows:
            return None
        return msgspec.structs.replace(answer, table=known, next_start=settled)

    async def _goes_on(self, question: Question, settled: int, seconds: float) -> bool:
        """Say whether the tapes of a source that is not shown know more than the store."""
        if question.times is not None:
            return False
        asked = msgspec.structs.replace(question, start=settled, limit=1)
        try:
            body = await self._reader.answer(self.tapes(), asked, seconds)
        except HistoryError:
            return False
        table: pa.Table = pa.ipc.open_stream(body).read_all()
        return bool(table.num_rows)

    async def _before(self, question: Question, begin: int, seconds: float) -> bytes | None:
        """Return what the tapes hold of the range before the store begins, None for nothing."""
        if question.times is not None:
            return await self._reader.answer(self.tapes(), question, seconds)
        asked = msgspec.structs.replace(question, end=begin)
        try:
            body = await self._reader.answer(self.tapes(), asked, seconds)
        except HistoryError:
            return None
        table = pa.ipc.open_stream(body).read_all()
        if table.schema.metadata[b"next"]:
            return body
        if not table.num_rows:
            return None
        assert question.source is not None
        return stream_of(Answer(table, begin, "tape", question.source).as_table(question.end))
