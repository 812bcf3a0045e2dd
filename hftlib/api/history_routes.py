"""Routes of what was: candles."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from hftlib.api import history_examples as examples
from hftlib.api.replies import documented, reply
from hftlib.desk.desk import Desk

MOST_CANDLES: Final = 1_500
Interval = Literal["1s", "1m", "5m", "15m", "1h"]


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

    return router
