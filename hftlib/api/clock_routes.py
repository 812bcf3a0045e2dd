"""Routes of the run's clock: play, pause, step, seek, speed, loop."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from hftlib.api import examples
from hftlib.api.bodies import asked_of, body_like
from hftlib.api.replies import documented, reply
from hftlib.desk.desk import Desk
from hftlib.wire.messages import LoopRequest, SeekRequest, SpeedRequest, StepRequest


def clock_router(desk: Desk) -> APIRouter:
    """Return the routes that move a desk's clock; each answers with the clock."""
    router = APIRouter(prefix="/clock", tags=["clock"])
    answers = documented(examples.CLOCK, errors=(409, 422))

    @router.get("", responses=documented(examples.CLOCK, errors=(409,)))
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

    @router.post(
        "/step", responses=answers, openapi_extra=body_like(StepRequest(1), required=False)
    )
    async def step(request: Request) -> Response:
        """Take some events, one where no body is sent, while paused."""
        asked = await asked_of(request, StepRequest, StepRequest())
        desk.player.step(asked.events)
        return reply(desk.player.clock())

    _add_settings(router, desk, answers)
    return router


def _add_settings(router: APIRouter, desk: Desk, answers: dict[Any, Any]) -> None:
    @router.post(
        "/seek", responses=answers, openapi_extra=body_like(SeekRequest(1_723_161_300_000_000_000))
    )
    async def seek(request: Request) -> Response:
        """Go to a time; the answer comes at once, `seeking` tells when it is reached."""
        asked = await asked_of(request, SeekRequest)
        desk.player.seek(asked.ts)
        return reply(desk.player.clock())

    @router.post("/speed", responses=answers, openapi_extra=body_like(SpeedRequest(5.0)))
    async def speed(request: Request) -> Response:
        """Play at 0.1 to 50 times the recorded pace, or at 0 as fast as possible."""
        asked = await asked_of(request, SpeedRequest)
        desk.player.set_speed(asked.speed)
        return reply(desk.player.clock())

    @router.post("/loop", responses=answers, openapi_extra=body_like(LoopRequest(True)))
    async def loop(request: Request) -> Response:
        """Begin again at the end, or stop there."""
        asked = await asked_of(request, LoopRequest)
        desk.player.set_loop(asked.loop)
        return reply(desk.player.clock())
