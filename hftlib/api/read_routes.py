"""Routes that read: health, what there is, books, features, trades, statistics, feeds."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from hftlib.api import examples
from hftlib.api.fanout import Hub
from hftlib.api.replies import documented, refusal, reply
from hftlib.desk.desk import Desk

MOST_LEVELS: Final = 5_000
MOST_TRADES: Final = 2_000
_QUICK_LEVELS: Final = 200

Depth = Annotated[
    int | None, Query(ge=1, le=MOST_LEVELS, description="levels a side; all when it is left out")
]


def read_router(desk: Desk, hub: Hub) -> APIRouter:
    """Return the routes that read a desk."""
    router = APIRouter(tags=["read"])

    @router.get("/health", responses=documented(examples.HEALTH))
    async def health() -> Response:
        """Tell what the desk is doing; it answers from its first moment on."""
        return reply(desk.health(clients=hub.client_count, topics=hub.topic_count))

    @router.get("/venues", responses=documented(examples.VENUE, many=True))
    async def venues() -> Response:
        """List the venues of the run and their symbols."""
        return reply(desk.view.venues())

    @router.get("/instruments", responses=documented(examples.INSTRUMENT, many=True))
    async def instruments() -> Response:
        """List the instruments of the run with their increments."""
        return reply(desk.view.instruments())

    _add_books(router, desk)
    _add_feeds(router, desk)
    return router


def _add_books(router: APIRouter, desk: Desk) -> None:
    @router.get("/book/{venue}/{symbol}", responses=documented(examples.BOOK, errors=(404, 422)))
    async def book(venue: str, symbol: str, depth: Depth = None) -> Response:
        """Show one book, best levels first; only in state LIVE it is trusted."""
        view = desk.view
        standing = view.standing(venue, symbol, depth)
        return await _told(depth, lambda: reply(view.told(standing)))

    @router.get("/consolidated", responses=documented(examples.CONSOLIDATED, errors=(404, 422)))
    async def consolidated(
        book: Annotated[
            list[str],
            Query(
                min_length=1,
                max_length=64,
                description="VENUE:SYMBOL, once for each book",
                examples=[["binance:BTCUSDT", "coinbase:BTC-USD"]],
            ),
        ],
        rate: Annotated[
            list[str] | None,
            Query(
                max_length=64,
                description="CURRENCY=RATE, what one unit is worth in the common currency; without "
                "rates each quote currency stands alone",
                examples=[["USDT=0.9998", "USD=1"]],
            ),
        ] = None,
        depth: Depth = None,
    ) -> Response:
        """Show several books side by side; a USDT and a USD price are different units."""
        view = desk.view
        try:
            pairs = [_pair(text, ":", "VENUE:SYMBOL") for text in book]
            rates = dict(_pair(text, "=", "CURRENCY=RATE") for text in rate or [])
            standing = [view.standing(venue, symbol, depth) for venue, symbol in pairs]
            return await _told(depth, lambda: reply(view.told_together(standing, rates, depth)))
        except ValueError as error:
            return refusal(422, "INVALID_REQUEST", str(error))

    @router.get(
        "/features/{venue}/{symbol}", responses=documented(examples.FEATURES, errors=(404,))
    )
    async def features(venue: str, symbol: str) -> Response:
        """Show the features of one book as they stand; one not defined now is null."""
        return reply(desk.view.features(venue, symbol))


def _add_feeds(router: APIRouter, desk: Desk) -> None:
    @router.get(
        "/trades/{venue}/{symbol}", responses=documented(examples.TRADES, errors=(404, 422))
    )
    async def trades(
        venue: str,
        symbol: str,
        limit: Annotated[int, Query(ge=1, le=MOST_TRADES, description="most trades")] = 100,
    ) -> Response:
        """Show the last trades, oldest first."""
        return reply(desk.view.trades(venue, symbol, limit))

    @router.get("/feed", responses=documented(examples.FEED, many=True))
    async def feeds() -> Response:
        """Tell how each feed does: state, counters, age of its messages."""
        return reply(desk.view.feeds(desk.clock()))

    @router.get("/stats24h", responses=documented(examples.STATISTICS, many=True))
    async def statistics() -> Response:
        """Show the venues' own 24 h figures, null where a venue sent none."""
        return reply(desk.view.statistics())


async def _told(depth: int | None, tell: Callable[[], Response]) -> Response:
    """Return the answer of `tell`, made by a thread where it is of many levels."""
    if depth is not None and depth <= _QUICK_LEVELS:
        return tell()
    return await asyncio.to_thread(tell)


def _pair(text: str, separator: str, form: str) -> tuple[str, str]:
    first, found, second = text.partition(separator)
    if not (first and found and second):
        raise ValueError(f"{text!r} is not of the form {form}")
    return first, second
