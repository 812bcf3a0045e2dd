"""Bodies of requests: bounded, decoded into what a route takes, documented by an example."""

from typing import Any, Final, TypeVar

import msgspec
from fastapi import Request

from hftlib.api.replies import SCHEMAS
from hftlib.core.errors import HftlibError

LARGEST_BODY: Final = 4_096
Asked = TypeVar("Asked", bound=msgspec.Struct)


class BodyError(HftlibError, ValueError):
    """Refuse a request whose body is not what the route takes."""


async def asked_of(
    request: Request,
    kind: type[Asked],
    default: Asked | None = None,
    *,
    largest: int = LARGEST_BODY,
) -> Asked:
    """Return the body of a request. Raises BodyError when it is not what the route takes."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > largest:
            raise BodyError(f"a body of more than {largest} bytes")
    if not body and default is not None:
        return default
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BodyError(str(error)) from None


def body_like(example: msgspec.Struct, *, required: bool = True) -> dict[str, Any]:
    """Return the OpenAPI description of a body that looks like `example`."""
    return {
        "requestBody": {
            "required": required,
            "content": {
                "application/json": {
                    "schema": {"$ref": SCHEMAS + type(example).__name__},
                    "example": msgspec.to_builtins(example),
                }
            },
        }
    }
