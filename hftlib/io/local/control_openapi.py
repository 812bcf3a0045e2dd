"""The control interface as an OpenAPI document, served at /control/openapi.json."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from hftlib.exchange.fault_kinds import FaultSpec
from hftlib.io.local import control_messages as told

_TEXT: Final = {"type": "string"}
_WHOLE: Final = {"type": "integer", "minimum": 0, "maximum": 10**19 - 1}
_REFUSALS: Final = {
    "401": "The token is missing.",
    "403": "Host or Origin is not of this machine.",
    "404": "There is no such call, or nothing of that name.",
    "409": "It cannot be done now.",
    "422": "The request cannot be read.",
}
_BINANCE_BOOK: Final = {"venue": "binance", "symbol": "BTCUSDT"}


class Described(NamedTuple):
    """Describe a call: what it does, answers and takes; `word` names the path's variable word."""

    summary: str
    answer: Any
    body: Any = None
    query: Mapping[str, Mapping[str, Any]] = {}
    word: str = ""
    example: Mapping[str, Any] | None = None


CALLS: Final[Mapping[tuple[str, str], Described]] = {
    ("GET", "status"): Described("Tell how the market fares.", told.MarketStatus),
    ("GET", "scenarios"): Described("Tell which scenarios there are.", told.Scenarios),
    ("POST", "scenarios/start"): Described(
        "Start a scenario.", told.Scenarios, told.ScenarioName, example={"name": "trending"}
    ),
    ("POST", "scenarios/stop"): Described(
        "Stop a scenario.", told.Scenarios, told.ScenarioName, example={"name": "trending"}
    ),
    ("GET", "faults"): Described("Tell which faults are planted.", told.Faults),
    ("POST", "faults"): Described(
        "Plant a fault.", told.Planted, FaultSpec, example={"kind": "drop", "venue": "binance"}
    ),
    ("DELETE", "faults"): Described("Take every fault back.", told.Cleared),
    ("DELETE", "faults/{fault}"): Described("Take one fault back.", told.Cleared, word="fault"),
    ("GET", "faults/log"): Described(
        "Tell what was injected, after a number.", told.FaultLog, query={"after": _WHOLE}
    ),
    ("GET", "accounts"): Described("Show all accounts.", told.AccountsShown),
    ("POST", "accounts"): Described(
        "Open an account.",
        told.AccountMade,
        told.NewAccount,
        example={"name": "me", "balances": {"USDT": "1000"}, "keys": ["hmac"]},
    ),
    ("GET", "accounts/{name}"): Described("Show an account.", told.AccountShown, word="name"),
    ("POST", "accounts/{name}/deposit"): Described(
        "Give an account more of an asset.",
        told.AccountShown,
        told.Deposit,
        word="name",
        example={"asset": "USDT", "amount": "10"},
    ),
    ("POST", "accounts/{name}/reset"): Described(
        "Let an account begin anew.",
        told.AccountShown,
        told.Balances,
        word="name",
        example={"balances": {"BTC": "1"}},
    ),
    ("POST", "accounts/{name}/keys"): Described(
        "Register a key by its public half.", told.KeyShown, told.PublicKey, word="name"
    ),
    ("GET", "book"): Described(
        "Show the engine's own book, now or as it was.",
        told.BookShown,
        query={
            "venue": {**_TEXT, "example": _BINANCE_BOOK["venue"]},
            "symbol": {**_TEXT, "example": _BINANCE_BOOK["symbol"]},
            "update_id": _WHOLE,
            "time_ns": _WHOLE,
            "depth": _WHOLE,
        },
    ),
    ("POST", "book/digests"): Described(
        "Give digests of a book as it was.", told.Digests, told.DigestsAsked, example=_BINANCE_BOOK
    ),
    ("POST", "limits/reset"): Described("Forget what was counted.", told.LimitsReset),
    ("POST", "lifetime"): Described(
        "Set the age at which connections are cut.",
        told.LifetimeSet,
        told.Lifetime,
        example={"seconds": 0},
    ),
    ("POST", "server-shutdown"): Described(
        "Let a venue announce that it shuts down, then close.",
        told.Planted,
        told.VenueName,
        example={"venue": "binance"},
    ),
    ("POST", "shutdown"): Described("End the market.", told.Stopping),
    ("GET", "openapi.json"): Described("Give this document.", dict[str, Any]),
}
"""Every call below /control by its method and path."""


@lru_cache(1)
def control_document() -> Mapping[str, Any]:
    """Return the document."""
    types = [one.answer for one in CALLS.values()]
    types += [one.body for one in CALLS.values() if one.body is not None]
    schemas, components = msgspec.json.schema_components(
        [*types, told.ErrorBody], ref_template="#/components/schemas/{name}"
    )
    by_type = dict(zip(map(str, [*types, told.ErrorBody]), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), call in CALLS.items():
        paths.setdefault(f"/control/{path}", {})[method.lower()] = _operation(call, by_type)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Control of a local market", "version": "1"},
        "paths": paths,
        "components": {"schemas": components},
    }


def _operation(call: Described, by_type: Mapping[str, Any]) -> dict[str, Any]:
    refusal = _content(by_type[str(told.ErrorBody)])
    operation: dict[str, Any] = {
        "summary": call.summary,
        "parameters": _parameters(call),
        "responses": {
            "200": {"description": call.summary, **_content(by_type[str(call.answer)])},
            **{status: {"description": why, **refusal} for status, why in _REFUSALS.items()},
        },
    }
    if call.body is not None:
        body = _content(by_type[str(call.body)])
        if call.example is not None:
            body["content"]["application/json"]["example"] = call.example
        operation["requestBody"] = {"required": True, **body}
    return operation


def _parameters(call: Described) -> list[dict[str, Any]]:
    words = [{"name": call.word, "in": "path", "required": True, "schema": _TEXT}]
    asked = [{"name": name, "in": "query", "schema": kind} for name, kind in call.query.items()]
    return (words if call.word else []) + asked


def _content(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}
