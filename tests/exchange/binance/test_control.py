"""Control frames: the documented errors for whatever is wrong, and never anything else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.exchange.binance.control import METHODS, Control, ControlError, read_control

VARIANTS = (
    "expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, "
    "`GET_PROPERTY`"
)
ID_TEXT = "Invalid request: request ID must be an unsigned integer"


def error(text: str) -> dict:
    with pytest.raises(ControlError) as caught:
        read_control(text)
    return json.loads(caught.value.answer())


def request(method: object, params: object = None, **more: object) -> str:
    body = {"method": method, "id": 7, **more}
    if params is not None:
        body["params"] = params
    return json.dumps(body)


@pytest.mark.parametrize("method", ["SUBSCRIBE", "UNSUBSCRIBE"])
def test_streams_are_read(method):
    assert read_control(request(method, ["a@trade", "b"])) == Control(method, 7, ("a@trade", "b"))
    assert read_control(request(method, [])) == Control(method, 7)


def test_questions_and_properties_are_read():
    assert read_control(request("LIST_SUBSCRIPTIONS")) == Control("LIST_SUBSCRIPTIONS", 7)
    assert read_control(request("LIST_SUBSCRIPTIONS", [])) == Control("LIST_SUBSCRIPTIONS", 7)
    assert read_control(request("GET_PROPERTY", ["combined"])) == Control("GET_PROPERTY", 7)
    wanted = Control("SET_PROPERTY", 7, value=True)
    assert read_control(request("SET_PROPERTY", ["combined", True])) == wanted


@pytest.mark.parametrize(
    "identifier",
    [0, 1, -5, 2**63 - 1, -(2**63), None, "a", "0-9_Z", "f" * 36],
)
def test_identifiers_of_the_documented_forms(identifier):
    assert read_control(request("SUBSCRIBE", [], id=identifier)).identifier == identifier


@pytest.mark.parametrize(
    "identifier", [2**63, -(2**63) - 1, 1.5, True, [], {}, "", "f" * 37, "a b", "ä"]
)
def test_other_identifiers_are_refused(identifier):
    assert error(request("SUBSCRIBE", [], id=identifier)) == {"code": 2, "msg": ID_TEXT}


def test_an_identifier_must_be_there():
    assert error('{"method":"SUBSCRIBE","params":[]}') == {"code": 2, "msg": ID_TEXT}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"method": x}', "line 1 column 12"),
        ('{"id":1,\n "method":?}', "line 2 column 11"),
        ("hello", "line 1 column 1"),
        ("", "line 1 column 0"),
        ('{"method":', "line 1 column 10"),
        ("[" * 100_000, "line 1 column 100000"),
    ],
)
def test_text_that_is_no_json(text, place):
    assert error(text) == {"code": 3, "msg": f"Invalid JSON: expected value at {place}"}


@pytest.mark.parametrize("text", ['{"id":1,\n"a":2}', "[1,\n 2,   4]", "17"])
def test_a_method_must_be_there(text):
    column = len(text.split("\n")[-1])
    line = text.count("\n") + 1
    wanted = f"Invalid request: missing field `method` at line {line} column {column}"
    assert error(text) == {"code": 2, "msg": wanted}


@pytest.mark.parametrize(
    ("text", "shown", "place"),
    [
        ('{"id":7,"method":"SUBSCRIB"}', "SUBSCRIB", "line 1 column 27"),
        ('{"id":7,\n"method" : "a\\"b" }', 'a"b', "line 2 column 17"),
        ('{"id":7,"method":12}', "12", "line 1 column 19"),
        ('{"id":7,"\\u006dethod":"x"}', "x", "line 1 column 26"),
    ],
)
def test_a_method_must_be_known(text, shown, place):
    wanted = f"Invalid request: unknown variant `{shown}`, {VARIANTS} at {place}"
    assert error(text) == {"code": 2, "msg": wanted, "id": 7}


@pytest.mark.parametrize(
    ("method", "params", "code", "reason"),
    [
        ("SUBSCRIBE", "x", 2, "Invalid request: params must be an array of strings"),
        ("UNSUBSCRIBE", [1], 2, "Invalid request: params must be an array of strings"),
        ("LIST_SUBSCRIPTIONS", ["x"], 2, "Invalid request: too many parameters"),
        ("LIST_SUBSCRIPTIONS", {}, 2, "Invalid request: params must be an array"),
        ("SET_PROPERTY", ["combined", True, 1], 2, "Invalid request: too many parameters"),
        ("GET_PROPERTY", ["combined", True], 2, "Invalid request: too many parameters"),
        ("SET_PROPERTY", [], 2, "Invalid request: property name must be a string"),
        ("GET_PROPERTY", [5], 2, "Invalid request: property name must be a string"),
        ("SET_PROPERTY", ["joined", True], 0, "Unknown property"),
        ("GET_PROPERTY", ["joined"], 0, "Unknown property"),
        ("SET_PROPERTY", ["combined", 1], 1, "Invalid value type: expected Boolean"),
        ("SET_PROPERTY", ["combined"], 1, "Invalid value type: expected Boolean"),
    ],
)
def test_parameters_that_do_not_fit(method, params, code, reason):
    assert error(request(method, params)) == {"code": code, "msg": reason, "id": 7}


def test_streams_must_be_named():
    text = request("SUBSCRIBE")
    wanted = f"Invalid request: missing field `params` at line 1 column {len(text)}"
    assert error(text) == {"code": 2, "msg": wanted, "id": 7}


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
frames = st.fixed_dictionaries(
    {},
    optional={
        "method": st.sampled_from(METHODS) | values,
        "params": st.lists(st.sampled_from(["combined", True, False, "a@b"])) | values,
        "id": values,
        "more": values,
    },
)


@given(text=st.text() | frames.map(json.dumps) | values.map(json.dumps))
def test_nothing_raises_but_the_documented_errors(text):
    try:
        control = read_control(text)
    except ControlError as refused:
        body = json.loads(refused.answer())
        assert body["code"] in range(4)
        assert body["msg"]
        assert set(body) <= {"code", "msg", "id"}
    else:
        assert control.method in METHODS


def test_lone_surrogates_are_no_json():
    assert error("\ud800")["code"] == 3
