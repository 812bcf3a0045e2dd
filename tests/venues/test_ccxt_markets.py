import json

import pytest

from hftlib.core.errors import DecimalError
from hftlib.venues.ccxt.markets import (
    DECIMAL_PLACES,
    SIGNIFICANT_DIGITS,
    TICK_SIZE,
    instruments_from,
    plain,
    row_of,
    size_quantum,
    step,
    step_near,
)

MARKET = {
    "symbol": "BTC/USDT:USDT",
    "base": "BTC",
    "quote": "USDT",
    "precision": {"price": 0.1, "amount": 0.001},
    "limits": {"cost": {"min": 5.0}},
    "contractSize": 0.01,
    "inverse": False,
    "active": True,
}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-08, "0.00000001"),
        (0.1, "0.1"),
        (100, "100"),
        (100.0, "100"),
        (1e21, "1000000000000000000000"),
        ("0.50", "0.5"),
        (0, "0"),
    ],
)
def test_numbers_become_plain_text(value, text):
    assert plain(value) == text


@pytest.mark.parametrize("value", ["x", float("nan"), float("inf"), None])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(DecimalError):
        plain(value)


@pytest.mark.parametrize(
    ("precision", "mode", "expected"),
    [
        (0.01, TICK_SIZE, "0.01"),
        (0.5, TICK_SIZE, "0.5"),
        (0.0, TICK_SIZE, ""),
        (2, DECIMAL_PLACES, "0.01"),
        (0, DECIMAL_PLACES, "1"),
        (40, DECIMAL_PLACES, ""),
        (-2, DECIMAL_PLACES, ""),
        (5, SIGNIFICANT_DIGITS, ""),
        (None, TICK_SIZE, ""),
    ],
)
def test_a_precision_means_what_its_mode_says(precision, mode, expected):
    assert step(precision, mode) == expected


@pytest.mark.parametrize(
    ("digits", "price", "expected"),
    [
        (5, 64_123.0, "0.1"),
        (5, 1.2345, "0.00001"),
        (5, 0.00012345, "0.000000001"),
        (5, 12_345_678.0, "1"),
        (5, 1e-20, "0.000000000001"),
        (5, 0, ""),
        (5, None, ""),
        (None, 1.0, ""),
    ],
)
def test_significant_digits_need_a_price(digits, price, expected):
    assert step_near(digits, price) == expected


@pytest.mark.parametrize(
    ("lot", "quantum"),
    [
        ("0.001", "0.00000001"),
        ("", "0.00000001"),
        ("0.0000000001", "0.0000000001"),
        ("1", "0.01"),
        ("1000", "0.01"),
        ("0." + "0" * 20 + "1", "0.000000000001"),
    ],
)
def test_sizes_are_kept_finer_than_the_lot(lot, quantum):
    assert size_quantum(lot) == quantum


def test_a_market_becomes_a_row():
    row = row_of(MARKET, TICK_SIZE)
    assert (row.symbol, row.base, row.quote) == ("BTC/USDT:USDT", "BTC", "USDT")
    assert (row.price_increment, row.lot, row.size_quantum) == ("0.1", "0.001", "0.00000001")
    assert (row.minimum_notional, row.multiplier, row.status) == ("5", "0.01", "TRADING")


def test_what_a_market_does_not_tell_is_left_empty():
    row = row_of({"symbol": "A/B", "active": False, "limits": {"cost": None}}, TICK_SIZE)
    assert (row.price_increment, row.lot, row.minimum_notional) == ("", "", "0")
    assert (row.base, row.multiplier, row.status) == ("", "1", "HALT")
    assert row_of({"symbol": "A/B"}, TICK_SIZE).minimum_notional == "0"


def test_significant_digits_take_the_last_price():
    market = {**MARKET, "precision": {"price": 5, "amount": 8}}
    assert row_of(market, SIGNIFICANT_DIGITS, 64_000.0).price_increment == "0.1"
    assert row_of(market, SIGNIFICANT_DIGITS).price_increment == ""


def test_rows_without_usable_increments_are_left_out():
    row = {"symbol": "A/B", "base": "A", "quote": "B", "size_quantum": "0.01"}
    rows = [{**row, "price_increment": text} for text in ("0.5", "", "0", "1e-8")]
    body = json.dumps({"type": "markets", "markets": rows}).encode()
    (found,) = instruments_from("okx", body)
    assert (found.venue, found.symbol, found.price_increment, found.origin) == (
        "okx",
        "A/B",
        "0.5",
        "ccxt",
    )
