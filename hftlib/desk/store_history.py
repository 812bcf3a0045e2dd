"""History from the store: questions as SQL, rows as the same tables that a tape gives."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hftlib.client.history import HistoryError
from hftlib.core.instrument import Instrument
from hftlib.core.provenance import Provenance
from hftlib.core.states import BookState
from hftlib.desk import history_rows, questions
from hftlib.desk.history_rows import Floats, Ints, Prices, TradeRows
from hftlib.desk.questions import Answer, Every, Kind, Question
from hftlib.desk.tape_keepers import BEYOND_NS, LATEST_NS, candle_page
from hftlib.features.batch import HOT_NAMES
from hftlib.features.catalogue import NAMES

STORE: Final = "store"
LOOK_BACK_NS: Final = 3_600 * questions.SECOND
"""How far before the first trade the mid that stood then is looked for."""

_LATE_PAST_NS: Final = 86_400 * questions.SECOND
_MORE: Final = 10_000
_MOST_TOLD: Final = 5_000_000
Query = Callable[[str, Mapping[str, Any], int], Awaitable[pa.Table]]
"""Asks for the result of one statement: its text, its parameters, the most rows."""

_IS_BOOK: Final = "venue = {venue:String} AND symbol = {symbol:String} AND source = {source:String}"
_TABLES: Final = {
    Kind.TRADES: "trades",
    Kind.MARKOUTS: "trades",
    Kind.CANDLES: "trades",
    Kind.BOOKS: "books_1s",
}


class StoreHistory:
    """Answer questions from the tables of the store; each says of which source."""

    def __init__(self, query: Query) -> None:
        """Ask through `query`, which raises what the store's writer raises."""
        self._query = query

    async def first(self, question: Question) -> int | None:
        """Return the stamp of the first row within the range, None where there is none."""
        table = await self._query(
            f"SELECT toUnixTimestamp64Nano(min(ts_recv)) AS first, count() AS rows "
            f"FROM {table_of(question)} WHERE {_IS_BOOK} AND {_between('ts_recv')}",
            _parameters(question),
            1,
        )
        return int(table["first"][0].as_py()) if table["rows"][0].as_py() else None

    async def settled(self, question: Question) -> int:
        """Return the start of what the store may not know yet: its rows come a little late.

        A markout is settled when the mid at its last horizon is, a bar when no late trade can
        change it.
        """
        features = msgspec.structs.replace(question, kind=Kind.FEATURES)
        table = table_of(features if question.kind is Kind.MARKOUTS else question)
        rows = await self._query(
            f"SELECT toUnixTimestamp64Nano(max(ts_recv)) AS last FROM {table} WHERE {_IS_BOOK}",
            _parameters(question),
            1,
        )
        last = int(rows["last"][0].as_py())
        if question.kind is Kind.MARKOUTS:
            return last - max(question.horizons)
        if question.kind is Kind.CANDLES:
            length = questions.INTERVALS_NS[question.interval]
            return (last - LATEST_NS) // length * length
        return last + 1

    async def answer(self, question: Question, instrument: Instrument) -> Answer:
        """Return a page of rows; increments are those of each row's own time."""
        answer = await self._answer(question, instrument)
        return msgspec.structs.replace(answer, source=_source_of(question))

    async def _answer(self, question: Question, instrument: Instrument) -> Answer:
        if question.kind is Kind.CANDLES:
            return await self._candles(question, instrument)
        if question.kind is Kind.MARKOUTS:
            return await self._markouts(question, instrument)
        rows = await self._page(question)
        return await asyncio.to_thread(_answer, rows, question, instrument)

    async def _page(self, question: Question) -> pa.Table:
        columns = ", ".join(_columns_of(question))
        table: pa.Table = await self._query(
            f"SELECT toUnixTimestamp64Nano(ts_recv) AS recv_ns, "
            f"toUnixTimestamp64Nano(ts_event) AS event_ns, {columns} FROM {table_of(question)} "
            f"WHERE {_IS_BOOK} AND {_between('ts_recv')} "
            "ORDER BY ts_recv LIMIT {most:UInt64} WITH TIES",
            _parameters(question, most=question.limit + 1, depth=question.depth),
            question.limit + _MORE,
        )
        order = [(name, "ascending") for name in _order_of(table)]
        return await asyncio.to_thread(table.sort_by, order)

    async def _candles(self, question: Question, instrument: Instrument) -> Answer:
        length = questions.INTERVALS_NS[question.interval]
        empty = questions.CANDLES.empty_table()
        told = empty
        for interval in questions.told_intervals(question.interval):
            asked = _parameters(
                question,
                interval=interval,
                length=length,
                late=question.end + length,
                most=(question.limit + 1) * (length // questions.INTERVALS_NS[interval]),
            )
            rows = await self._query(_TOLD, asked, _MOST_TOLD)
            made = _together(empty, _told, rows, question, instrument)
            told = history_rows.direct_or_rolled(told, made)
        own = await self._query(
            _BARS,
            _parameters(
                question,
                length=length,
                early=question.start - LATEST_NS,
                late=question.end + _LATE_PAST_NS,
                most=question.limit + 1,
            ),
            question.limit + _MORE,
        )
        table = history_rows.merged_candles(
            _together(empty, _bars, own, question, instrument), told
        )
        return candle_page(table, question, None, STORE)

    async def _markouts(self, question: Question, instrument: Instrument) -> Answer:
        reach = max(question.horizons)
        following = None
        parts: list[tuple[Instrument, TradeRows | None]] = [(instrument, None)]
        if question.times is not None:
            first, last = min(question.times), max(question.times)
        else:
            of_trades = msgspec.structs.replace(question, kind=Kind.TRADES)
            rows = await self._page(of_trades)
            stamps = _ints(rows, "recv_ns")
            count, following = questions.page_of(stamps, question.limit, None)
            rows = rows.slice(0, count)
            if not count:
                return Answer(questions.schema_of(question).empty_table(), None, STORE)
            first, last = int(stamps[0]), int(stamps[count - 1])
            parts = [(one, _trade_rows(part)) for one, part in _by_increments(rows, instrument)]
        mid_times, mids = await self._mids(question, first, last + reach)

        def measure() -> pa.Table:
            return pa.concat_tables(
                history_rows.markout_table(question, one, trades, mid_times, mids)
                for one, trades in parts
            )

        return Answer(await asyncio.to_thread(measure), following, STORE)

    async def _mids(self, question: Question, first: int, last: int) -> tuple[Ints, Floats]:
        """Return when which mid stood, from the one at `first` to the one after `last`."""
        asked = _parameters(
            question, first=first, last=last, back=first - LOOK_BACK_NS, on=last + BEYOND_NS
        )
        most = 5_000_000
        updates = await self._query(_MIDS, asked, most)
        beyond = await self._query(_MID_BEYOND, asked, 1)
        moves = await self._query(_MOVES, asked, most)
        return mid_steps(pa.concat_tables([updates, beyond]), moves)


def _answer(rows: pa.Table, question: Question, instrument: Instrument) -> Answer:
    """Return a page of rows; a thread does this, beside the loop of a desk."""
    count, following = questions.page_of(_ints(rows, "recv_ns"), question.limit, None)
    rows = rows.slice(0, count)
    if question.kind is Kind.FEATURES:
        return Answer(_features(rows, question, instrument), following, STORE)
    make = _trades if question.kind is Kind.TRADES else _books
    parts = [make(part, one) for one, part in _by_increments(rows, instrument)]
    empty = questions.schema_of(question).empty_table()
    return Answer(pa.concat_tables([empty, *parts]), following, STORE)


def mid_steps(updates: pa.Table, moves: pa.Table) -> tuple[Ints, Floats]:
    """Return mids with their times, in order; NaN from where a book left LIVE or its run ended.

    `updates` are (recv_ns, mid, run) after updates of a LIVE book, in order, `moves` (recv_ns,
    state) of a book's states. A book that left LIVE and came back within an instant is LIVE after.
    """
    times = _ints(updates, "recv_ns")
    mids = updates["mid"].cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
    runs = updates["run"].to_pylist()
    ends = [times[place] + 1 for place in range(len(runs) - 1) if runs[place] != runs[place + 1]]
    is_live = np.array([state == BookState.LIVE for state in moves["state"].to_pylist()], np.bool_)
    moved = _ints(moves, "recv_ns")
    breaks = np.concatenate([moved[~is_live], np.array(ends, dtype=np.int64)])
    ranks = np.where(np.isin(breaks, moved[is_live]), -1, 1)
    all_times = np.concatenate([times, breaks])
    all_mids = np.concatenate([mids, np.full(breaks.size, np.nan)])
    order = np.lexsort((np.r_[np.zeros(times.size, np.int64), ranks], all_times))
    return all_times[order], all_mids[order]


def _ints(rows: pa.Table, name: str) -> Ints:
    return np.asarray(rows[name].to_numpy(), dtype=np.int64)


def _together(
    empty: pa.Table,
    make: Callable[[pa.Table, Question, Instrument], pa.Table],
    rows: pa.Table,
    question: Question,
    instrument: Instrument,
) -> pa.Table:
    """Return rows made by stretches of one set of increments, as one table."""
    made = [make(part, question, one) for one, part in _by_increments(rows, instrument)]
    return pa.concat_tables([empty, *made])


def table_of(question: Question) -> str:
    """Return the table that a question reads first."""
    if question.kind is Kind.FEATURES:
        return "features_event" if question.every is Every.EVENT else "features_1s"
    return _TABLES[question.kind]


def _columns_of(question: Question) -> list[str]:
    if question.kind is Kind.FEATURES and question.every is Every.EVENT:
        return ["ingress_seq", "last_update_id", *HOT_NAMES]
    if question.kind is Kind.FEATURES:
        return ["state", "last_update_id", *NAMES]
    if question.kind is Kind.BOOKS:
        levels = [f"{side}_{what}" for side in ("bid", "ask") for what in ("ticks", "quanta")]
        standing = ["state", "verified", "last_update_id", "bid_levels", "ask_levels"]
        cut = [f"arraySlice({name}, 1, {{depth:UInt64}}) AS best_{name}" for name in levels]
        return [*standing, "price_increment", "size_quantum", *cut]
    return [
        "ingress_seq",
        "trade_id",
        "side",
        "price_ticks",
        "size_quanta",
        "price_increment",
        "size_quantum",
        "aggregate",
        "historical",
    ]


def _order_of(table: pa.Table) -> list[str]:
    return [
        name
        for name in ("recv_ns", "ingress_seq", "last_update_id", "trade_id")
        if name in table.column_names
    ]


def _between(column: str, start: str = "start", end: str = "end") -> str:
    return (
        f"{column} >= fromUnixTimestamp64Nano({{{start}:Int64}}, 'UTC') "
        f"AND {column} < fromUnixTimestamp64Nano({{{end}:Int64}}, 'UTC')"
    )


def _parameters(question: Question, **more: Any) -> dict[str, Any]:
    return {
        "venue": question.venue,
        "symbol": question.symbol,
        "source": _source_of(question).stored,
        "start": question.start,
        "end": question.end,
        **more,
    }


def _source_of(question: Question) -> Provenance:
    """Return the source that is asked for: the store holds several, which are never mixed."""
    if question.source is None:
        raise HistoryError("the store holds rows of several sources: say of which")
    return question.source


def _by_increments(rows: pa.Table, instrument: Instrument) -> Iterator[tuple[Instrument, pa.Table]]:
    """Yield stretches of rows with the instrument as it was then: a venue may change its tick."""
    ticks, quanta = rows["price_increment"], rows["size_quantum"]
    if not rows.num_rows:
        return
    changes = pc.or_(
        pc.not_equal(ticks.slice(1), ticks.slice(0, rows.num_rows - 1)),
        pc.not_equal(quanta.slice(1), quanta.slice(0, rows.num_rows - 1)),
    )
    begins = [0, *(np.flatnonzero(changes.to_numpy()) + 1).tolist(), rows.num_rows]
    for begin, end in pairwise(begins):
        then = msgspec.structs.replace(
            instrument,
            price_increment=ticks[begin].as_py(),
            size_quantum=quanta[begin].as_py(),
        )
        yield then, rows.slice(begin, end - begin)


def _trade_rows(rows: pa.Table) -> TradeRows:
    return TradeRows(
        rows["event_ns"].cast(pa.int64()).combine_chunks(),
        _ints(rows, "recv_ns"),
        _ints(rows, "ingress_seq"),
        _ints(rows, "trade_id"),
        np.asarray(pc.equal(rows["side"].cast(pa.string()), "BUY").to_numpy(), dtype=np.bool_),
        _ints(rows, "price_ticks"),
        _ints(rows, "size_quanta"),
        np.asarray(rows["aggregate"].to_numpy(zero_copy_only=False), dtype=np.bool_),
        np.asarray(rows["historical"].to_numpy(zero_copy_only=False), dtype=np.bool_),
    )


def _trades(rows: pa.Table, instrument: Instrument) -> pa.Table:
    return history_rows.trade_table(_trade_rows(rows), instrument)


def _features(rows: pa.Table, question: Question, instrument: Instrument) -> pa.Table:
    schema = questions.schema_of(question)
    held = {field.name: rows[field.name] for field in schema if field.name in rows.column_names}
    return history_rows.table_of(
        schema,
        instrument,
        rows.num_rows,
        ts_event=rows["event_ns"],
        ts_recv=rows["recv_ns"],
        **held,
    )


def _books(rows: pa.Table, instrument: Instrument) -> pa.Table:
    prices = Prices(instrument)
    columns: dict[str, Any] = {}
    for side in ("bid", "ask"):
        for name, what, turned in (
            ("prices", "ticks", prices.prices),
            ("sizes", "quanta", prices.sizes),
        ):
            lists = rows[f"best_{side}_{what}"].combine_chunks()
            values = turned(np.asarray(lists.flatten().to_numpy(), dtype=np.int64))
            offsets = pc.subtract(lists.offsets, lists.offsets[0]) if len(lists) else lists.offsets
            columns[f"{side}_{name}"] = pa.ListArray.from_arrays(offsets, pa.array(values))
    for name in ("state", "verified", "last_update_id", "bid_levels", "ask_levels"):
        columns[name] = rows[name]
    return history_rows.table_of(
        questions.BOOKS,
        instrument,
        rows.num_rows,
        ts_event=rows["event_ns"],
        ts_recv=rows["recv_ns"],
        **columns,
    )


def _ticks(rows: pa.Table) -> tuple[Ints, Ints, Ints, Ints]:
    opened, high, low, close = (_ints(rows, name) for name in ("open", "high", "low", "close"))
    return opened, high, low, close


def _bars(rows: pa.Table, question: Question, instrument: Instrument) -> pa.Table:
    return history_rows.bar_table(
        question,
        instrument,
        ts_open=_ints(rows, "open_ns"),
        ticks=_ticks(rows),
        volumes=rows["volume"].to_pylist(),
        products=[int(text) for text in rows["product"].to_pylist()],
        bought=rows["bought"].to_pylist(),
        trades=rows["trades"].to_pylist(),
        origin="trades",
    )


def _told(rows: pa.Table, question: Question, instrument: Instrument) -> pa.Table:
    return history_rows.told_table(
        question, instrument, _ints(rows, "open_ns"), _ticks(rows), rows["volume"].to_pylist()
    )


_ARRIVED: Final = f"{_IS_BOOK} AND {_between('ts_recv', 'early', 'late')}"
_BARS: Final = f"""
SELECT intDiv(at_ns, {{length:Int64}}) * {{length:Int64}} AS open_ns,
    argMin(price_ticks, (at_ns, ingress_seq, trade_id)) AS open,
    max(price_ticks) AS high,
    min(price_ticks) AS low,
    argMax(price_ticks, (at_ns, ingress_seq, trade_id)) AS close,
    sum(size_quanta) AS volume,
    toString(sum(toInt128(price_ticks) * size_quanta)) AS product,
    sumIf(size_quanta, side = 'BUY') AS bought,
    toInt64(count()) AS trades,
    any(price_increment) AS price_increment,
    any(size_quantum) AS size_quantum
FROM (
    SELECT toUnixTimestamp64Nano(coalesce(ts_event, ts_recv)) AS at_ns, *
    FROM trades
    WHERE {_ARRIVED}
        AND at_ns >= {{start:Int64}} AND at_ns < {{end:Int64}}
        AND aggregate = (
            SELECT min(aggregate) FROM trades WHERE {_ARRIVED}
                AND toUnixTimestamp64Nano(coalesce(ts_event, ts_recv)) >= {{start:Int64}}
                AND toUnixTimestamp64Nano(coalesce(ts_event, ts_recv)) < {{end:Int64}}
        )
    ORDER BY historical, ingress_seq
    LIMIT 1 BY trade_id
)
GROUP BY open_ns
ORDER BY open_ns
LIMIT {{most:UInt64}}
"""
_TOLD: Final = f"""
SELECT toUnixTimestamp64Nano(ts_open) AS open_ns, open_ticks AS open, high_ticks AS high,
    low_ticks AS low, close_ticks AS close, volume_quanta AS volume, price_increment, size_quantum
FROM candles FINAL
WHERE {_IS_BOOK} AND {_between("ts_open", "start", "late")} AND origin = 'venue'
    AND interval = {{interval:String}} AND closed AND volume_quanta > 0
    AND intDiv(open_ns, {{length:Int64}}) * {{length:Int64}} >= {{start:Int64}}
    AND intDiv(open_ns, {{length:Int64}}) * {{length:Int64}} < {{end:Int64}}
ORDER BY ts_open, ts_recv DESC
LIMIT 1 BY ts_open
LIMIT {{most:UInt64}}
"""
_MIDS: Final = f"""
SELECT toUnixTimestamp64Nano(ts_recv) AS recv_ns, mid, run
FROM features_event
WHERE {_IS_BOOK} AND {_between("ts_recv", "back", "last")} AND ts_recv >= (
    SELECT max(ts_recv) FROM features_event
    WHERE {_IS_BOOK} AND ts_recv > fromUnixTimestamp64Nano({{back:Int64}}, 'UTC')
        AND ts_recv <= fromUnixTimestamp64Nano({{first:Int64}}, 'UTC')
)
ORDER BY ts_recv, ingress_seq
"""
_MID_BEYOND: Final = f"""
SELECT toUnixTimestamp64Nano(ts_recv) AS recv_ns, mid, run
FROM features_event
WHERE {_IS_BOOK} AND {_between("ts_recv", "last", "on")}
ORDER BY ts_recv, ingress_seq
LIMIT 1
"""
_MOVES: Final = f"""
SELECT toUnixTimestamp64Nano(ts_recv) AS recv_ns, state
FROM feed_status
WHERE {_IS_BOOK} AND {_between("ts_recv", "back", "on")} AND condition = 'BOOK'
ORDER BY ts_recv
"""
