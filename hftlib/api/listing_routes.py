"""Routes of what venues list: search it, and bring one more of its books while the desk runs."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from hftlib.api import examples
from hftlib.api.bodies import asked_of, body_like
from hftlib.api.replies import documented, refusal, reply
from hftlib.desk.desk import Desk
from hftlib.desk.listing import search
from hftlib.wire.messages import BookRequest

MOST_LISTED: Final = 5_000
EXAMPLE: Final = BookRequest("binance", "DOGEUSDT")


def listing_router(desk: Desk) -> APIRouter:
    """Return the routes that search what venues list and bring books of it."""
    router = APIRouter(tags=["listing"])

    @router.get("/listed", responses=documented(examples.INSTRUMENT, many=True, errors=(422,)))
    async def listed(
        venue: Annotated[str, Query(description="of this venue alone")] = "",
        find: Annotated[
            str, Query(max_length=64, description="symbols and currencies that hold this text")
        ] = "",
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED, description="most instruments")] = 100,
    ) -> Response:
        """List what the venues list, whether the desk brings it or not; a tape lists its own."""
        from hftlib.desk.view import instrument_reply  # late: it brings the kernels

        live = desk.live
        known = desk.view.run.engine.instruments.values() if live is None else live.feeds.known()
        return reply([instrument_reply(one) for one in search(known, venue, find, limit)])

    @router.post(
        "/books",
        responses=documented(examples.INSTRUMENT, errors=(404, 409, 422)),
        openapi_extra=body_like(EXAMPLE),
    )
    async def bring(request: Request) -> Response:
        """Bring one more book of a venue from now on; `feed` tells when it is LIVE."""
        from hftlib.desk.view import instrument_reply  # late: it brings the kernels

        wanted = await asked_of(request, BookRequest)
        live = desk.live
        if live is None:
            desk.view.key(wanted.venue, wanted.symbol)
            return refusal(409, "SOURCE_REFUSED", "a tape brings the books that it holds")
        return reply(instrument_reply(live.feeds.add(wanted.venue, wanted.symbol)))

    return router
