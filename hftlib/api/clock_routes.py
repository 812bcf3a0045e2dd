"""Routes of the run's clock: play, pause, step, seek, speed, loop."""

from typing import Any, Final, TypeVar

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from hftlib.api import examples
from hftlib.api.replies import SCHEMAS, documented, refusal, reply
from hftlib.core.errors import HftlibError
from hftlib.desk.desk import ClockError, Desk
from hftlib.wire.messages import LoopRequest, SeekRequest, SpeedRequest, StepRequest

LARGEST_BODY: Final = 4_096
Asked = TypeVar("Asked", bound=msgspec.Struct)


class BodyError(HftlibError, ValueError):
    """Refuse a request whose body is not what the route takes."""


def clock_router(desk: Desk) -> APIRouter:
    """Return the routes that move a desk's clock; each answers with the clock."""
    router = APIRouter(prefix="/clock", tags=["clock"])
    answers = documented(examples.CLOCK, errors=(409, 422))

    @router.get("", responses=documented(examples.CLOCK))
    async def clock() -> Response:
        """Tell where the clock stands and how it moves."""
        return reply(desk.player.clock())

    @router.post("/play", responses=answers)
    async def play() -> Response:
        """Go on; from the end, begin again."""
        desk.player.play()
        return reply(desk.player.clock())

    @router.post("/pause", responses=answers)
    async def pause() -> Response:
        """Stand still."""
        desk.player.pause()
        return reply(desk.player.clock())

    @router.post("/step", responses=answers, openapi_extra=_body(StepRequest(1)))
    async def step(request: Request) -> Response:
        """Take some events, one where no body is sent, while paused."""
        asked = await _asked(request, StepRequest, StepRequest())
        return _moved(desk, lambda: desk.player.step(asked.events))

    _add_settings(router, desk, answers)
    return router


def _add_settings(router: APIRouter, desk: Desk, answers: dict[Any, Any]) -> None:
    @router.post(
        "/seek", responses=answers, openapi_extra=_body(SeekRequest(1_723_161_300_000_000_000))
    )
    async def seek(request: Request) -> Response:
        """Go to a time; the answer comes at once, `seeking` tells when it is reached."""
        asked = await _asked(request, SeekRequest)
        return _moved(desk, lambda: desk.player.seek(asked.ts))

    @router.post("/speed", responses=answers, openapi_extra=_body(SpeedRequest(5.0)))
    async def speed(request: Request) -> Response:
        """Play at 0.1 to 50 times the recorded pace, or at 0 as fast as possible."""
        asked = await _asked(request, SpeedRequest)
        return _moved(desk, lambda: desk.player.set_speed(asked.speed))

    @router.post("/loop", responses=answers, openapi_extra=_body(LoopRequest(True)))
    async def loop(request: Request) -> Response:
        """Begin again at the end, or stop there."""
        asked = await _asked(request, LoopRequest)
        return _moved(desk, lambda: desk.player.set_loop(asked.loop))


def _moved(desk: Desk, move: Any) -> Response:
    try:
        move()
    except ClockError as error:
        status = 409 if error.is_conflict else 422
        return refusal(status, "CLOCK_REFUSED", str(error))
    return reply(desk.player.clock())


async def _asked(request: Request, kind: type[Asked], default: Asked | None = None) -> Asked:
    """Return the body of a request. Raises BodyError when it is not what the route takes."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise BodyError(f"a body of more than {LARGEST_BODY} bytes")
    if not body and default is not None:
        return default
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BodyError(str(error)) from None


def _body(example: msgspec.Struct) -> dict[str, Any]:
    """Return the OpenAPI description of a body that looks like `example`."""
    return {
        "requestBody": {
            "required": not isinstance(example, StepRequest),
            "content": {
                "application/json": {
                    "schema": {"$ref": SCHEMAS + type(example).__name__},
                    "example": msgspec.to_builtins(example),
                }
            },
        }
    }
