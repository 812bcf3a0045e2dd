"""Routes of the desk's source: what it shows, what it could show, and the switch between them."""

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from hftlib.api import examples
from hftlib.api.bodies import asked_of, body_like
from hftlib.api.replies import documented, refusal, reply
from hftlib.core.errors import ConfigurationError
from hftlib.desk.choices import choices
from hftlib.desk.desk import Desk
from hftlib.wire.messages import SourceReply, SourceRequest

EXAMPLE: Final = SourceRequest("incident:news")


def source_router(desk: Desk) -> APIRouter:
    """Return the routes that tell and switch a desk's source."""
    router = APIRouter(prefix="/source", tags=["source"])

    @router.get("", responses=documented(examples.SOURCE))
    async def source() -> Response:
        """Tell what the desk shows and what else it can show."""
        return reply(_told(desk))

    @router.post(
        "", responses=documented(examples.SOURCE, errors=(422,)), openapi_extra=body_like(EXAMPLE)
    )
    async def switch(request: Request) -> Response:
        """Show another source; the answer comes at once, `health` tells when it runs."""
        wanted = await asked_of(request, SourceRequest)
        try:
            desk.switch(wanted.source)
        except ConfigurationError as error:
            return refusal(422, "SOURCE_REFUSED", str(error))
        return reply(_told(desk))

    return router


def _told(desk: Desk) -> SourceReply:
    return SourceReply(desk.source, desk.generation, choices(desk.settings.data_dir))
