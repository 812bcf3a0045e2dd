"""Words to write OpenAPI documents with: schemas, parameters, operations."""

from collections.abc import Iterable, Mapping
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}
ANY: Schema = {}
DECIMAL: Schema = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
DECIMAL_OR_NONE: Schema = {"type": "string", "pattern": r"^(-?[0-9]+(\.[0-9]+)?)?$"}
ISO: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}
JSON = "application/json"


def fields(optional: Mapping[str, Schema] | None = None, /, **required: Schema) -> Schema:
    """Return an object that has the required fields, may have the optional ones, and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def all_of_kind(kind: Schema, *names: str) -> dict[str, Schema]:
    """Return fields of one kind."""
    return dict.fromkeys(names, kind)


def rows(of: Schema) -> Schema:
    """Return a list of any length."""
    return {"type": "array", "items": of}


def row(*columns: Schema) -> Schema:
    """Return a list of exactly these columns."""
    size = len(columns)
    return {"type": "array", "prefixItems": list(columns), "minItems": size, "maxItems": size}


def by_name(of: Schema) -> Schema:
    """Return an object whose names are free."""
    return {"type": "object", "additionalProperties": of}


def word(*words: str) -> Schema:
    """Return one of a few words."""
    return {"type": "string", "enum": list(words)}


def one_or_many(of: Schema) -> Schema:
    """Return one, or a list of them."""
    return {"anyOf": [of, rows(of)]}


def parameter(
    name: str, schema: Schema, *, where: str = "query", required: bool = False
) -> dict[str, Any]:
    """Return a parameter."""
    return {"name": name, "in": where, "required": required, "schema": schema}


def answer(schema: Schema | None, content_type: str = JSON, text: str = "an answer") -> Schema:
    """Return an answer; None stands for one whose body is free."""
    return {"description": text, "content": {content_type: {"schema": schema or {}}}}


def operation(
    body: Schema,
    parameters: Iterable[dict[str, Any]],
    refusals: Mapping[int, Schema],
    content_type: str = JSON,
) -> dict[str, Any]:
    """Return an operation that answers 200 with `body`, or one of `refusals`."""
    return {
        "parameters": list(parameters),
        "responses": {
            "200": answer(body, content_type),
            **{str(status): told for status, told in refusals.items()},
        },
    }


def document(title: str, paths: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return a document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "paths": {path: dict(methods) for path, methods in paths.items()},
    }
