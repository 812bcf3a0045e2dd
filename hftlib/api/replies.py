"""Replies and their place in the OpenAPI document: msgspec types in, JSON out."""

from collections.abc import Iterable
from typing import Any, Final, cast

import msgspec
from starlette.responses import Response

from hftlib.wire.messages import ErrorReply

SCHEMAS: Final = "#/components/schemas/"


def reply(body: object, status: int = 200) -> Response:
    """Return a JSON response of a message."""
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def refusal(status: int, code: str, message: str) -> Response:
    """Return an error response: {code, message}."""
    return reply(ErrorReply(code, message), status)


def documented(example: Any, *, many: bool = False, errors: tuple[int, ...] = ()) -> dict[Any, Any]:
    """Return the `responses` of a route whose good answer looks like `example`.

    With `many` the answer is a list of such messages. The example itself is put in by
    `add_examples`: FastAPI would drop every null from it.
    """
    schema: dict[str, Any] = {"$ref": SCHEMAS + type(example).__name__}
    responses: dict[Any, Any] = {
        200: {
            "description": (type(example).__doc__ or "").strip().splitlines()[0],
            "content": {
                "application/json": {
                    "schema": {"type": "array", "items": schema} if many else schema,
                }
            },
        }
    }
    for status in (401, 403, 503, *errors):
        responses[status] = {
            "description": _MEANINGS[status],
            "content": {"application/json": {"schema": {"$ref": SCHEMAS + "ErrorReply"}}},
        }
    return responses


def add_examples(document: dict[str, Any], examples: Iterable[object]) -> None:
    """Put an example into every good answer of an OpenAPI document, by the answer's schema."""
    bodies = {SCHEMAS + type(one).__name__: msgspec.to_builtins(one) for one in examples}
    for methods in document["paths"].values():
        for route in methods.values():
            content = route["responses"]["200"]["content"]["application/json"]
            schema = content["schema"]
            many = schema.get("type") == "array"
            body = bodies[schema["items"]["$ref"] if many else schema["$ref"]]
            content["example"] = [body] if many else body


def add_schemas(document: dict[str, Any], types: tuple[type, ...]) -> None:
    """Put the JSON schemas of the messages into an OpenAPI document."""
    _, components = msgspec.json.schema_components(types, ref_template=SCHEMAS + "{name}")
    schemas = cast(dict[str, Any], document.setdefault("components", {}).setdefault("schemas", {}))
    schemas.update(components)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)


_MEANINGS: Final = {
    401: "No token, or a wrong one, where one is demanded.",
    403: "The Host or the Origin of the request is not allowed.",
    404: "There is no such venue, symbol or path; the message says what there is.",
    409: "The clock cannot do that now.",
    422: "A parameter is missing, of the wrong kind or out of its range.",
    503: "The desk is still starting or compiling; the message says how far it is.",
}
