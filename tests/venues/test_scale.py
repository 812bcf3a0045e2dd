import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.core.errors import DecimalError
from hftlib.core.instrument import Instrument
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


@given(st.integers(0, 10**12), st.text("0123456789", max_size=12), st.sampled_from(["", "0" * 9]))
def test_the_short_way_equals_the_instrument(whole: int, fraction: str, zeros: str):
    half_cents = Instrument("binance", "X", "A", "B", "0.05", "0.001")
    for kept in (BTC, half_cents):
        scale = Scale(kept)
        for text in (f"{whole}.{fraction}{zeros}", f"{whole}"):
            for found, wanted in (
                (scale.price, kept.price_ticks),
                (scale.size, kept.size_quanta),
            ):
                try:
                    units = wanted(text)
                except DecimalError:
                    with pytest.raises(DecimalError):
                        found(text)
                else:
                    assert found(text) == units


@pytest.mark.parametrize("text", [".5", "1.2.3", "1_0", "١", "+-1", " 1", "1" * 40])
def test_what_is_not_plain_is_refused(text: str):
    with pytest.raises(DecimalError):
        Scale(BTC).size(text)


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
