"""Instruments turn wire text into ticks and quanta, and refuse what does not fit."""

import pytest

from hftlib.core.errors import DecimalError
from hftlib.core.instrument import Instrument

BTC = Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.01", "0.00000001", lot="0.00001")
FUTURE = Instrument("cme", "ES", "ES", "USD", "0.25", "1")


def test_prices_are_ticks_and_sizes_are_quanta() -> None:
    assert BTC.price_ticks("61737.63000000") == 6173763
    assert BTC.size_quanta("25.42618900") == 2542618900
    assert BTC.price_text(6173763) == "61737.63"
    assert BTC.price_text(6173760, pad=False) == "61737.6"
    assert BTC.size_text(2542618900) == "25.426189"
    assert (BTC.tick_size, BTC.quantum_size) == (0.01, 1e-08)


def test_a_tick_need_not_be_a_power_of_ten() -> None:
    assert FUTURE.price_ticks("4000.25") == 16001
    assert FUTURE.price_text(16001) == "4000.25"
    assert (FUTURE.price_decimals, FUTURE.tick_units, FUTURE.tick_size) == (2, 25, 0.25)
    with pytest.raises(DecimalError, match="no multiple of the tick"):
        FUTURE.price_ticks("4000.20")


def test_sizes_off_the_quantum_are_refused() -> None:
    with pytest.raises(DecimalError):
        FUTURE.size_quanta("1.5")


@pytest.mark.parametrize(
    ("increment", "quantum", "words"),
    [("0", "1", "must be positive"), ("0.01", "0.5", "no power of ten"), ("0.01", "x", "plain")],
)
def test_bad_increments_are_refused_at_once(increment: str, quantum: str, words: str) -> None:
    with pytest.raises(DecimalError, match=words):
        Instrument("binance", "X", "X", "Y", increment, quantum)
