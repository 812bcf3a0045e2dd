"""Routes of what was: candles, history of every kind, and SQL over the store."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from hftlib.api import history_examples as examples
from hftlib.api.bodies import asked_of, body_like
from hftlib.api.replies import documented, refusal, reply
from hftlib.api.tables import Format, arrow_reply, documented_arrow, read_stream, rows_of
from hftlib.client.history import HistoryError, SourceName, nanoseconds
from hftlib.core.errors import UnavailableError
from hftlib.core.provenance import Provenance
from hftlib.desk.desk import Desk
from hftlib.wire.history import HistoryReply, SqlColumn, SqlReply, SqlRequest

if TYPE_CHECKING:
    from hftlib.desk.questions import Question

MOST_CANDLES: Final = 1_500
MOST_JSON_ROWS: Final = 10_000
MOST_ARROW_ROWS: Final = 200_000
LARGEST_STATEMENT: Final = 100_000
LARGEST_RESULT: Final = 32 * 2**20
_LATEST: Final = 2**62
_SECOND: Final = 1_000_000_000
Interval = Literal["1s", "1m", "5m", "15m", "1h"]

Start = Annotated[
    str | None,
    Query(
        max_length=40,
        description="first moment: integer nanoseconds UTC or ISO text; the earliest when left out",
        examples=["2024-08-08T23:54:00Z", "1723161240000000000"],
    ),
]
End = Annotated[
    str | None,
    Query(max_length=40, description="moment after the last, as start; the latest when left out"),
]
Limit = Annotated[
    int,
    Query(
        ge=1,
        le=MOST_ARROW_ROWS,
        description=f"most rows; {MOST_JSON_ROWS} at most as JSON. Where more follow, the answer "
        "says with which start to ask for them",
    ),
]
Of = Annotated[
    SourceName | None,
    Query(
        alias="source",
        description="market that all rows are of; the one that the desk shows when left out. "
        "A next page is asked for with the source that the first one told",
    ),
]
As = Annotated[Format, Query(alias="format", description="json, or an Arrow IPC stream")]


def history_router(desk: Desk) -> APIRouter:
    """Return the routes that read what was."""
    router = APIRouter(tags=["history"])

    @router.get(
        "/candles/{venue}/{symbol}", responses=documented(examples.CANDLES, errors=(404, 422))
    )
    async def candles(
        venue: str,
        symbol: str,
        interval: Annotated[Interval, Query(description="length of a bar")] = "1m",
        limit: Annotated[int, Query(ge=1, le=MOST_CANDLES, description="most bars")] = 500,
    ) -> Response:
        """Show the last bars, oldest first: from trades, else the venue's own."""
        return reply(desk.view.candles(venue, symbol, interval, limit))

    _add_history(router, desk)
    _add_sql(router, desk)
    return router


def _add_history(router: APIRouter, desk: Desk) -> None:
    def route(kind: str) -> Callable[[Any], Any]:
        told = documented_arrow(documented(examples.HISTORY, errors=(404, 422)))
        return router.get(f"/history/{kind}/{{venue}}/{{symbol}}", responses=told)

    @route("features")
    async def features(
        venue: str,
        symbol: str,
        start: Start = None,
        end: End = None,
        limit: Limit = 1_000,
        source: Of = None,
        form: As = "json",
        every: Annotated[
            Literal["event", "1s"],
            Query(description="after every book update, or all features once a second"),
        ] = "event",
    ) -> Response:
        """Show features as they were, oldest first."""
        span = (start, end, limit, source)
        return await _told(desk, form, "features", venue, symbol, span, every=every)

    @route("books")
    async def books(
        venue: str,
        symbol: str,
        start: Start = None,
        end: End = None,
        limit: Limit = 1_000,
        source: Of = None,
        form: As = "json",
        depth: Annotated[int, Query(ge=1, le=20, description="levels a side")] = 20,
    ) -> Response:
        """Show the best levels of every second."""
        span = (start, end, limit, source)
        return await _told(desk, form, "books", venue, symbol, span, depth=depth)

    @route("trades")
    async def trades(
        venue: str,
        symbol: str,
        start: Start = None,
        end: End = None,
        limit: Limit = 1_000,
        source: Of = None,
        form: As = "json",
    ) -> Response:
        """Show every trade in the order of arrival."""
        span = (start, end, limit, source)
        return await _told(desk, form, "trades", venue, symbol, span)

    @route("candles")
    async def past_candles(
        venue: str,
        symbol: str,
        start: Start = None,
        end: End = None,
        limit: Limit = 1_000,
        source: Of = None,
        form: As = "json",
        interval: Annotated[Interval, Query(description="length of a bar")] = "1m",
    ) -> Response:
        """Show bars that begin within the range."""
        span = (start, end, limit, source)
        return await _told(desk, form, "candles", venue, symbol, span, interval=interval)

    @route("markouts")
    async def markouts(
        venue: str,
        symbol: str,
        start: Start = None,
        end: End = None,
        limit: Limit = 1_000,
        source: Of = None,
        form: As = "json",
        horizon: Annotated[
            list[Annotated[float, Field(gt=0, le=3_600)]] | None,
            Query(max_length=16, description="seconds after the trade, once for each horizon"),
        ] = None,
        time: Annotated[
            list[str] | None,
            Query(max_length=1_000, description="moments to measure from, in place of trades"),
        ] = None,
    ) -> Response:
        """Show how far the mid moved after each trade, in bps in the aggressor's favour."""
        more: dict[str, Any] = {}
        if horizon:
            more["horizons"] = tuple(round(one * _SECOND) for one in horizon)
        if time:
            moments = tuple(nanoseconds(one) for one in time)
            more["times"] = moments
            start, end = str(min(moments)), str(max(moments) + 1)
        span = (start, end, limit, source)
        return await _told(desk, form, "markouts", venue, symbol, span, **more)


def _add_sql(router: APIRouter, desk: Desk) -> None:
    @router.post(
        "/sql",
        responses=documented_arrow(documented(examples.SQL, errors=(422,))),
        openapi_extra=body_like(examples.SQL_REQUEST),
    )
    async def sql(request: Request, form: As = "json") -> Response:
        """Ask the store with one statement that reads; limits on rows, bytes and seconds hold."""
        from hftlib.io.store.writer import QueryError

        asked = await asked_of(request, SqlRequest, largest=LARGEST_STATEMENT)
        store = None if desk.parts is None else desk.parts.store
        if store is None:
            raise UnavailableError(
                "this desk has no store: it keeps one for a source that runs, unless store.mode "
                "is off"
            )
        try:
            body = await store.query(
                asked.sql,
                asked.parameters,
                max_rows=asked.max_rows,
                max_seconds=asked.max_seconds,
                max_bytes=LARGEST_RESULT,
            )
        except QueryError as error:
            return refusal(422, "STATEMENT_REFUSED", str(error))
        if form == "arrow":
            return arrow_reply(body)
        return await asyncio.to_thread(_result, body)


def _result(body: bytes) -> Response:
    table = read_stream(body)
    columns = [SqlColumn(field.name, str(field.type)) for field in table.schema]
    return reply(SqlReply(columns, rows_of(table)))


def _end_of(desk: Desk) -> int:
    """Return the moment after the last one: of feeds that run it is now."""
    return _LATEST if desk.clock() is not None else desk.view.run.now_ns + 1


def _moment(text: str | None, default: int) -> int:
    return default if text is None else nanoseconds(text)


async def _told(
    desk: Desk,
    form: Format,
    kind: str,
    venue: str,
    symbol: str,
    span: tuple[str | None, str | None, int, SourceName | None],
    **more: Any,
) -> Response:
    from hftlib.desk.history import History
    from hftlib.desk.questions import Every, Kind, Question

    desk.view.key(venue, symbol)
    start, end, limit, source = span
    if form == "json" and limit > MOST_JSON_ROWS:
        raise HistoryError(f"limit {limit}: {MOST_JSON_ROWS} rows at most as JSON")
    if "every" in more:
        more["every"] = Every(more["every"])
    if source is not None:
        more["source"] = Provenance(source)
    question = Question(
        Kind(kind), venue, symbol, _moment(start, 0), _moment(end, _end_of(desk)), limit, **more
    )
    assert desk.parts is not None
    body = await History(desk, desk.parts.tapes).answer(question)
    if form == "arrow":
        return arrow_reply(body)
    return await asyncio.to_thread(_as_json, body, question)


def _as_json(body: bytes, question: "Question") -> Response:
    """Return rows as JSON; a thread does this, beside the loop of the desk."""
    table = read_stream(body)
    told = table.schema.metadata
    return reply(
        HistoryReply(
            question.kind,
            question.venue,
            question.symbol,
            told[b"where"].decode(),
            Provenance(told[b"source"].decode()),
            int(told[b"next"]) if told[b"next"] else None,
            table.column_names,
            rows_of(table),
        )
    )
