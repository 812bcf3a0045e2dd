import pytest

from hftlib.core.errors import DecimalError
from hftlib.venues.failures import NotKnownError
from hftlib.venues.scale import Scale, Scales
from tests.reference.venue_feed import instrument

BTC = instrument("binance", "BTCUSDT")


def test_text_becomes_ticks_and_quanta():
    scale = Scale(BTC)
    assert scale.price("61837.63000000") == 6_183_763
    assert scale.size("3.78826000") == 378_826_000


@pytest.mark.parametrize("text", ["-1", "0.001", "1e2", "", "nan"])
def test_what_is_off_the_tick_is_refused(text: str):
    with pytest.raises(DecimalError):
        Scale(BTC).price(text)


def test_a_negative_size_is_refused():
    with pytest.raises(DecimalError, match="negative"):
        Scale(BTC).size("-1.0")


@pytest.mark.parametrize("price", [None, "", "0", "0.00000000"])
def test_an_empty_side_is_none(price: str | None):
    assert Scale(BTC).quote(price, "0.00000000") == (None, None)


def test_a_size_may_be_missing_alone():
    assert Scale(BTC).quote("1.00", None) == (100, None)
    assert Scale(BTC).quote("1.00", "2") == (100, 200_000_000)


def test_instruments_that_come_later_are_found():
    known = {}
    scales = Scales(known)
    assert "BTCUSDT" not in scales
    with pytest.raises(NotKnownError, match="BTCUSDT"):
        _ = scales["BTCUSDT"]
    known["BTCUSDT"] = BTC
    assert "BTCUSDT" in scales
    assert scales["BTCUSDT"] is scales["BTCUSDT"]
