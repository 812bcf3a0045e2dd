"""Exchange's whole books over REST: only the top is read, however the text is made."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.core.events import PartialDepth
from hftlib.core.states import DECODE_ERRORS
from hftlib.venues.coinbase.exchange_rest import first_rows
from tests.reference.venue_feed import Feed, instrument

URL = "https://x/products/BTC-USD/book?level=2"

rows = st.lists(st.lists(st.integers(), max_size=4), max_size=12)


@given(rows, st.integers(1, 14), st.sampled_from([(",", ":"), (", ", ": ")]))
def test_the_first_rows_are_what_a_parser_finds(rows, number, separators):
    text = json.dumps(rows, separators=separators).encode()
    assert json.loads(first_rows(text, number)) == rows[:number]


def book(bids, asks):
    feed = Feed("coinbase_exchange", instrument("coinbase_exchange", "BTC-USD"))
    body = {"bids": bids, "asks": asks, "sequence": 7, "time": "2026-08-09T12:00:00Z"}
    return feed.rest(URL, json.dumps(body))


def levels(number):
    return [[f"{100 + step}.00", "0.5", 2] for step in range(number)]


@pytest.mark.parametrize(("held", "shown"), [(0, 0), (3, 3), (500, 500), (501, 500), (2_000, 500)])
def test_the_top_is_shown(held, shown):
    (event,) = book(levels(held), levels(1))
    assert isinstance(event, PartialDepth)
    assert len(event.bids) == shown
    assert event.asks == ((10_000, 50_000_000),)


@pytest.mark.parametrize("text", ["1]", "1]]", "[1", "1][", "1],["])
def test_brackets_where_none_belong_are_told(text):
    (told,) = book([[text, "0.5", 2]] * 600, [])
    assert told.condition in DECODE_ERRORS
