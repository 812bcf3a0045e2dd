"""Routes of operations: marks that an operator sets, acknowledged once they are on the disk."""

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from hftlib.api import operations_examples as examples
from hftlib.api.bodies import asked_of, body_like
from hftlib.api.fanout import Hub
from hftlib.api.replies import documented, refusal, reply
from hftlib.desk.desk import Desk, NotReadyError
from hftlib.desk.glance import stages_of, tallies_of
from hftlib.desk.marks import Marks, Take
from hftlib.io.clock import WallClock
from hftlib.io.ledger.schema import LedgerError
from hftlib.wire.operations import LATEST_NS, MarkRequest

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from hftlib.api.metrics import Snapshot

MOST_MARKS: Final = 1_000
_LARGEST_BODY: Final = 16_384


def operations_router(desk: Desk) -> APIRouter:
    """Return the routes that operate a desk."""
    router = APIRouter(tags=["operations"])
    _add_setting(router, desk)
    _add_listing(router, desk)
    return router


def _marks_of(desk: Desk) -> Marks:
    ledger = None if desk.parts is None else desk.parts.ledger
    if ledger is None:
        raise NotReadyError("the ledger is not open yet")
    return Marks(ledger, WallClock())


def _add_setting(router: APIRouter, desk: Desk) -> None:
    @router.post(
        "/marks",
        responses=documented(examples.MARK, errors=(422,)),
        openapi_extra=body_like(examples.MARK_REQUEST),
    )
    async def mark(request: Request) -> Response:
        """Mark a moment of the run; the answer comes once the mark is on the disk."""
        asked = await asked_of(request, MarkRequest, largest=_LARGEST_BODY)
        try:
            told = await _marks_of(desk).add(
                asked, source=desk.source, moment_ns=_moment(desk), take=_take(desk)
            )
        except LedgerError as error:
            return refusal(503, "LEDGER_REFUSED", str(error))
        return reply(told)


def _add_listing(router: APIRouter, desk: Desk) -> None:
    @router.get("/marks", responses=documented(examples.MARK, many=True, errors=(422,)))
    async def listed(
        limit: Annotated[int, Query(ge=1, le=MOST_MARKS, description="most marks")] = 100,
        before: Annotated[
            int | None,
            Query(ge=0, le=LATEST_NS, description="only marks with a lower mark_id: the next page"),
        ] = None,
    ) -> Response:
        """List the marks of this data folder, the newest first."""
        kept = _marks_of(desk)
        try:
            return reply(await asyncio.to_thread(kept.last, limit, before))
        except LedgerError as error:
            return refusal(503, "LEDGER_REFUSED", str(error))


def metrics_router(desk: Desk, hub: Hub) -> APIRouter:
    """Return the route that Prometheus asks; it is no part of the API under /api/v1."""
    router = APIRouter()

    @cache
    def registry() -> "CollectorRegistry":
        from hftlib.api.metrics import registry_of

        def look() -> "Snapshot":
            health = desk.health(clients=hub.client_count, topics=hub.topic_count)
            return health, tallies_of(desk), stages_of(desk)

        return registry_of(look)

    @router.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        from hftlib.api.metrics import CONTENT_TYPE, metrics_text

        return Response(metrics_text(registry()), media_type=CONTENT_TYPE)

    return router


def _moment(desk: Desk) -> int | None:
    """Return where the tape that is played stands, None where the clock is the world's."""
    return None if desk.clock() is None else desk.view.run.now_ns


def _take(desk: Desk) -> Take | None:
    """Return what records a frame on the tape of a live run."""
    return None if desk.live is None else desk.live.live_run.take
