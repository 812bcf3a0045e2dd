"""The control frames of Binance's market streams: SUBSCRIBE and its kin, and what is refused.

The texts are those of the venue's document, with lines and columns counted as its parser does:
the first is 1, and a field that is missing is missed at the end of the text.
"""

import re
from typing import Any, Final, NamedTuple

import msgspec

METHODS: Final = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
COMBINED: Final = "combined"

_UNKNOWN_PROPERTY: Final = 0
_WRONG_TYPE: Final = 1
_INVALID_REQUEST: Final = 2
_INVALID_JSON: Final = 3

_FAULT_AT: Final = re.compile(r"byte (\d+)")
_METHOD: Final = re.compile(rb'"method"\s*:\s*("(?:[^"\\]|\\.)*"|[^\s,}\]]+)')
_NAME_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,36}", re.ASCII)
_LOWEST_ID: Final = -(2**63)
_HIGHEST_ID: Final = 2**63 - 1

Identifier = int | str | None
_to_json: Final = msgspec.json.Encoder().encode


class ControlError(Exception):
    """Refuse a control frame; `identifier` is set where the frame had a readable one."""

    def __init__(self, code: int, text: str, identifier: Identifier = None) -> None:
        """Refuse with a documented code and text."""
        super().__init__(text)
        self.code = code
        self.text = text
        self.identifier = identifier

    def answer(self) -> bytes:
        """Return the error frame; only one that has an id carries it."""
        body: dict[str, Any] = {"code": self.code, "msg": self.text}
        if self.identifier is not None:
            body["id"] = self.identifier
        return _to_json(body)


class Control(NamedTuple):
    """Hold a control frame: names for streams, a property, and the value to set it to."""

    method: str
    identifier: Identifier
    streams: tuple[str, ...] = ()
    value: bool = False


def read_control(text: str) -> Control:
    """Return what a client asks for. Raises ControlError for anything else, and nothing more."""
    raw = text.encode(errors="replace")
    body = _decoded(raw)
    if not isinstance(body, dict) or "method" not in body:
        raise _invalid(f"missing field `method` at {_place(raw, len(raw))}")
    identifier = _identifier(body)
    method = body["method"]
    if method not in METHODS:
        raise _invalid(_unknown_method(raw, method), identifier)
    parameters = body.get("params")
    if method in ("SUBSCRIBE", "UNSUBSCRIBE"):
        return Control(method, identifier, _streams(raw, parameters, identifier))
    listed = [] if parameters is None else parameters
    if not isinstance(listed, list):
        raise _invalid("params must be an array", identifier)
    if method == "LIST_SUBSCRIPTIONS":
        return _bare(method, listed, identifier)
    return _property(method, listed, identifier)


def _decoded(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        found = _FAULT_AT.search(str(error))
        # The parser counts the byte that it could not read as read.
        at = int(found.group(1)) + 1 if found else len(raw)
        place = _place(raw, min(at, len(raw)))
        raise ControlError(_INVALID_JSON, f"Invalid JSON: expected value at {place}") from error


def _place(raw: bytes, end: int) -> str:
    """Return the line and column of the last of `end` bytes."""
    read = raw[:end]
    return f"line {read.count(10) + 1} column {end - read.rfind(10) - 1}"


def _invalid(reason: str, identifier: Identifier = None) -> ControlError:
    return ControlError(_INVALID_REQUEST, f"Invalid request: {reason}", identifier)


def _identifier(body: dict[str, Any]) -> Identifier:
    found = body.get("id", msgspec.UNSET)
    if found is None:
        return None
    if (
        isinstance(found, int)
        and not isinstance(found, bool)
        and _LOWEST_ID <= found <= _HIGHEST_ID
    ):
        return found
    if isinstance(found, str) and _NAME_ID.fullmatch(found):
        return found
    raise _invalid("request ID must be an unsigned integer")


def _unknown_method(raw: bytes, method: object) -> str:
    match = _METHOD.search(raw)
    shown = method if isinstance(method, str) else _to_json(method).decode()
    place = _place(raw, match.end() if match else len(raw))
    expected = ", ".join(f"`{name}`" for name in METHODS)
    return f"unknown variant `{shown}`, expected one of {expected} at {place}"


def _streams(raw: bytes, parameters: object, identifier: Identifier) -> tuple[str, ...]:
    if parameters is None:
        raise _invalid(f"missing field `params` at {_place(raw, len(raw))}", identifier)
    if not isinstance(parameters, list) or not all(isinstance(one, str) for one in parameters):
        raise _invalid("params must be an array of strings", identifier)
    return tuple(parameters)


def _bare(method: str, listed: list[Any], identifier: Identifier) -> Control:
    if listed:
        raise _invalid("too many parameters", identifier)
    return Control(method, identifier)


def _property(method: str, listed: list[Any], identifier: Identifier) -> Control:
    allowed = 2 if method == "SET_PROPERTY" else 1
    if len(listed) > allowed:
        raise _invalid("too many parameters", identifier)
    if not listed or not isinstance(listed[0], str):
        raise _invalid("property name must be a string", identifier)
    if listed[0] != COMBINED:
        raise ControlError(_UNKNOWN_PROPERTY, "Unknown property", identifier)
    if method == "GET_PROPERTY":
        return Control(method, identifier)
    if len(listed) < allowed or not isinstance(listed[1], bool):
        raise ControlError(_WRONG_TYPE, "Invalid value type: expected Boolean", identifier)
    return Control(method, identifier, value=listed[1])
