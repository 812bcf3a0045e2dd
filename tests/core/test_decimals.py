"""Decimal text and integer counts convert exactly, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.core.decimals import MAXIMUM, decimals_of, to_text, to_units
from hftlib.core.errors import DecimalError


@pytest.mark.parametrize(
    ("text", "decimals", "units"),
    [
        ("61737.63000000", 2, 6173763),
        ("0.00000001", 8, 1),
        ("2", 3, 2000),
        ("2.", 3, 2000),
        ("-1.50", 1, -15),
        ("+1.5", 1, 15),
        ("0", 0, 0),
        ("9223372036854775807", 0, MAXIMUM),
    ],
)
def test_text_becomes_units(text: str, decimals: int, units: int) -> None:
    assert to_units(text, decimals) == units


@pytest.mark.parametrize(
    ("text", "decimals"),
    [
        ("1e-5", 8),
        ("", 2),
        (".", 2),
        ("nan", 2),
        ("1,5", 2),
        ("0x1", 2),
        (" 1", 2),
        ("٣", 2),
        ("0.001", 2),
        ("9223372036854775808", 0),
    ],
)
def test_what_is_no_plain_decimal_on_the_quantum_is_refused(text: str, decimals: int) -> None:
    with pytest.raises(DecimalError):
        to_units(text, decimals)


@given(st.integers(-MAXIMUM, MAXIMUM), st.integers(0, 18))
def test_units_and_text_round_trip(units: int, decimals: int) -> None:
    assert to_units(to_text(units, decimals), decimals) == units
    assert to_units(to_text(units, decimals, pad=False), decimals) == units


def test_text_is_padded_or_trimmed() -> None:
    assert to_text(2500, 8) == "0.00002500"
    assert to_text(2500, 8, pad=False) == "0.000025"
    assert to_text(-300, 2, pad=False) == "-3"
    assert to_text(42, 0) == "42"


@pytest.mark.parametrize(
    ("text", "decimals"), [("0.01", 2), ("1.50000", 1), ("3.000", 0), ("7", 0)]
)
def test_decimals_leave_trailing_zeros_out(text: str, decimals: int) -> None:
    assert decimals_of(text) == decimals


def test_decimals_of_no_number_are_refused() -> None:
    with pytest.raises(DecimalError, match="plain decimal"):
        decimals_of("1e5")
