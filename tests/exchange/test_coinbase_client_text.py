"""What clients send is read without trust."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.exchange.coinbase.client_text import Query, message_of, moment_ns, whole_of, words_of

SECOND_NS = 1_000_000_000


@pytest.mark.parametrize(
    "text", ["", "nonsense", "[]", "1", '"text"', "null", "{", "[" * 100_000, "\ud800"]
)
def test_what_is_no_object_is_none(text):
    assert message_of(text) is None


def test_an_object_is_read():
    assert message_of('{"type":"subscribe","n":[1,2.5,null]}') == {
        "type": "subscribe",
        "n": [1, 2.5, None],
    }


@given(st.text())
def test_no_text_raises(text):
    assert message_of(text) is None or isinstance(message_of(text), dict)


def test_words_are_a_list_of_texts():
    assert words_of(["a", "b"]) == ["a", "b"]
    assert words_of(["a", 1]) is None
    assert words_of("a") is None


def test_a_query_is_read():
    query = Query("limit=5&empty=&product_ids=A&product_ids=B&name=%C3%A4&name=last&flag=True")
    assert query.whole("limit") == 5
    assert query.whole("absent") is None
    assert query.text("empty") is None
    assert query.text("name") == "last"
    assert query.texts("product_ids", "other") == ["A", "B"]


@pytest.mark.parametrize("text", ["-1", "1.5", "1e3", "", "x", "1" * 19, "²"])
def test_what_is_no_whole_number_is_refused(text):
    with pytest.raises(ValueError, match="no whole number"):
        whole_of(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1786309548", 1_786_309_548),
        ("2026-08-09T21:05:48Z", 1_786_309_548),
        ("2026-08-09T21:05:48.000Z", 1_786_309_548),
        ("2026-08-09T21:05:48", 1_786_309_548),
        ("2026-08-09T21:05:48+00:00", 1_786_309_548),
        ("2026-08-09T21:05:48.000 00:00", 1_786_309_548),
    ],
)
def test_times_in_all_their_spellings(text, seconds):
    assert moment_ns(text) == seconds * SECOND_NS


@pytest.mark.parametrize("text", ["soon", "9000000001", "2259-01-01T00:00:00Z", "2026-13-01", "²"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match=r"time|number"):
        moment_ns(text)
