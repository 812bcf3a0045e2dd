import pytest

from hftlib.venues.failures import MalformedError
from hftlib.venues.urls import request_of


def test_a_url_is_taken_apart_and_decoded():
    request = request_of(
        "https://x/products/BTC%2DUSD/candles?granularity=60&granularity=1&s=%C3%A9"
    )
    assert request.endpoint == "candles"
    assert request.after("products") == ("BTC-USD", "candles")
    assert request.after("absent") == ()
    assert request.parameters == {"granularity": "60", "s": "é"}


def test_an_empty_url_asks_for_nothing():
    request = request_of("")
    assert (request.endpoint, request.parts) == ("", ())


def test_what_is_no_url_is_refused():
    with pytest.raises(MalformedError, match="no URL"):
        request_of("http://[1/x")
