"""The API's application: routes under /api/v1, errors as {code, message}, an OpenAPI document."""

from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

import hftlib
from hftlib.api import examples, history_examples, operations_examples
from hftlib.api.bodies import BodyError
from hftlib.api.clock_routes import clock_router
from hftlib.api.fanout import Hub
from hftlib.api.guard import Guard
from hftlib.api.history_routes import history_router
from hftlib.api.listing_routes import listing_router
from hftlib.api.operations_routes import metrics_router, operations_router
from hftlib.api.read_routes import read_router
from hftlib.api.replies import add_examples, add_schemas, refusal
from hftlib.api.source_routes import source_router
from hftlib.client.history import HistoryError
from hftlib.core.errors import UnavailableError
from hftlib.desk.desk import ClockError, Desk, NotReadyError, UnknownBookError
from hftlib.wire import history, messages, operations
from hftlib.wire.messages import API_PREFIX

_MESSAGES: Final = tuple(
    kind
    for topic in (messages, history, operations)
    for kind in vars(topic).values()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
)


def create_app(desk: Desk, hub: Hub) -> ASGIApp:
    """Return the guarded application of a desk."""
    return Guard(build(desk, hub), host=desk.settings.host, token=desk.settings.token)


def build(desk: Desk, hub: Hub) -> FastAPI:
    """Return the application without its guard."""
    app = FastAPI(
        title="hftlib desk",
        version=hftlib.__version__,
        description="Order books, features and the clock of one desk. The stream: docs/stream.md.",
        openapi_url=f"{API_PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(read_router(desk, hub), prefix=API_PREFIX)
    app.include_router(clock_router(desk), prefix=API_PREFIX)
    app.include_router(source_router(desk), prefix=API_PREFIX)
    app.include_router(listing_router(desk), prefix=API_PREFIX)
    app.include_router(history_router(desk), prefix=API_PREFIX)
    app.include_router(operations_router(desk), prefix=API_PREFIX)
    app.include_router(metrics_router(desk, hub))
    _add_stream(app, hub)
    _add_errors(app)
    _add_document(app)
    return app


def _add_stream(app: FastAPI, hub: Hub) -> None:
    @app.websocket(f"{API_PREFIX}/stream")
    async def stream(websocket: WebSocket) -> None:
        await hub.serve(websocket)


def _add_errors(app: FastAPI) -> None:
    def answer(status: int, code: str) -> Any:
        async def respond(_: Request, error: Exception) -> Response:
            return refusal(status, code, str(error))

        return respond

    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return refusal(422, "INVALID_REQUEST", "; ".join(_told(one) for one in error.errors()))

    async def unmoved(_: Request, error: Exception) -> Response:
        assert isinstance(error, ClockError)
        return refusal(409 if error.is_conflict else 422, "CLOCK_REFUSED", str(error))

    async def other(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = "NOT_FOUND" if error.status_code == 404 else "REFUSED"
        return refusal(error.status_code, code, str(error.detail))

    app.add_exception_handler(UnknownBookError, answer(404, "UNKNOWN_BOOK"))
    app.add_exception_handler(NotReadyError, answer(503, "NOT_READY"))
    app.add_exception_handler(ClockError, unmoved)
    app.add_exception_handler(BodyError, answer(422, "INVALID_REQUEST"))
    app.add_exception_handler(HistoryError, answer(422, "INVALID_REQUEST"))
    app.add_exception_handler(UnavailableError, answer(503, "UNAVAILABLE"))
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, other)


def _told(error: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in error["loc"][1:])
    return f"{place}: {error['msg']}" if place else str(error["msg"])


def _add_document(app: FastAPI) -> None:
    make = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            add_schemas(make(), _MESSAGES)
            add_examples(make(), (*examples.ALL, *history_examples.ALL, *operations_examples.ALL))
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]
