"""Every route of the desk with what schemathesis makes of its own OpenAPI document.

Whatever is sent is answered with a documented status, content type and body, and the desk goes on.
BAD_INPUT_EXAMPLES sets the random requests of each route: 8 by default.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import requests
import schemathesis
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    status_code_conformance,
)

from hftlib.api.app import build
from hftlib.api.fanout import Hub
from hftlib.desk.desk import Desk
from hftlib.desk.settings import DeskSettings
from tests.desk_support.server import DeskInThread

EXAMPLES = int(os.environ.get("BAD_INPUT_EXAMPLES", "8"))
CHECKS = [status_code_conformance, content_type_conformance]
OTHER_METHOD = (404, 405)
MOVES_THE_DESK = ("/api/v1/source",)
"""Routes that would make the desk show something else: they have tests of their own."""


def _document() -> dict[str, Any]:
    desk = Desk(DeskSettings(source="tape:nowhere.tape", data_dir=Path("nowhere")))
    return build(desk, Hub(desk)).openapi()


def _schema() -> Any:
    schema = schemathesis.openapi.from_dict(_document())
    schema.config.generation.update(max_examples=EXAMPLES, no_shrink=True, database="none")
    schema.config.phases.update(phases=["examples", "coverage", "fuzzing"])
    return schema.exclude(path=list(MOVES_THE_DESK), method="POST")


SCHEMA = _schema()


@cache
def _validator(operation: Any, status: int) -> Any:
    """Return what judges the bodies of an operation's answers with a status."""
    document = operation.schema.raw_schema
    told = operation.definition.raw["responses"][str(status)]["content"]
    schema = told["application/json"]["schema"]
    return jsonschema_rs.Draft202012Validator({"components": document["components"], **schema})


@SCHEMA.parametrize()
def test_whatever_is_sent_is_answered_as_documented(case: Any, desk: DeskInThread) -> None:
    keywords = case.as_transport_kwargs(base_url=desk.url)
    keywords.pop("allow_redirects", None)
    answer = requests.request(**{**keywords, "timeout": 20})
    if answer.request.method == case.operation.method.upper():
        assert answer.status_code != 500, answer.text
        case.validate_response(Response.from_requests(answer, verify=False), checks=CHECKS)
        if answer.headers.get("Content-Type") == "application/json":
            _validator(case.operation, answer.status_code).validate(answer.json())
    elif answer.request.method != "HEAD":
        assert answer.status_code in OTHER_METHOD, (answer.request.method, answer.url, answer.text)


def test_the_desk_is_unharmed(desk: DeskInThread) -> None:
    health = desk.connection().health()
    assert health.state in {"running", "ended"}
    assert health.clients == 0


def test_every_route_says_what_it_takes_and_answers() -> None:
    """No route without a sentence, an example of its answer and the errors of the guard."""
    document = _document()
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            place = f"{method.upper()} {path}"
            assert route["description"], place
            assert {"200", "401", "403"} <= route["responses"].keys(), place
            for status, response in route["responses"].items():
                assert response["content"], (place, status)
            content = route["responses"]["200"]["content"]
            json = content.get("application/json")
            assert json is None or "example" in json, place
            for one in route.get("requestBody", {}).get("content", {}).values():
                assert "example" in one, place


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[" * 100_000, b'{"ts": ' + b"9" * 5_000 + b"}"])
def test_bodies_that_no_generator_makes_are_refused(desk: DeskInThread, body: bytes) -> None:
    for command in ("seek", "speed", "step", "loop"):
        answer = requests.post(f"{desk.url}/api/v1/clock/{command}", data=body, timeout=5)
        assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_REQUEST")
