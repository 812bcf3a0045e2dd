import json

import pytest

from hftlib.core.errors import ConfigurationError
from hftlib.core.venue import VENUES
from hftlib.venues.ccxt.session import CcxtSession
from hftlib.venues.registry import InstrumentsError, instruments_from, open_session

EXCHANGE = {
    "id": "YFI-BTC",
    "base_currency": "YFI",
    "quote_currency": "BTC",
    "quote_increment": "0.00001",
    "base_increment": "0.000001",
    "min_market_funds": "0.0001",
    "status": "online",
}
ADVANCED = {
    "product_id": "BTC-USDC",
    "quote_increment": "0.01",
    "price_increment": "0.1",
    "base_increment": "0.00000001",
    "quote_min_size": "1",
    "status": "online",
    "base_currency_id": "BTC",
    "quote_currency_id": "USDC",
}


@pytest.mark.parametrize("venue", VENUES)
def test_every_venue_has_a_session(venue: str):
    assert open_session(venue, {}).venue == venue


def test_an_unknown_venue_is_refused():
    for name in ("No Where", "", "x", "a" * 33, "kraken;"):
        with pytest.raises(ConfigurationError, match=f"unknown venue {name!r}"):
            open_session(name, {})


def test_any_other_name_is_one_of_ccxt():
    session = open_session("kraken", {})
    assert isinstance(session, CcxtSession)
    assert session.venue == "kraken"


def test_markets_of_a_ccxt_venue():
    row = {"symbol": "BTC/EUR", "base": "BTC", "quote": "EUR", "price_increment": "0.1"}
    rows = [{**row, "size_quantum": "0.00000001"}, {**row, "size_quantum": "0.5"}]
    body = json.dumps({"type": "markets", "markets": rows}).encode()
    (found,) = instruments_from("kraken", "ccxt://kraken/markets", body)
    assert (found.venue, found.symbol, found.origin) == ("kraken", "BTC/EUR", "ccxt")
    assert (found.price_increment, found.size_quantum) == ("0.1", "0.00000001")
    with pytest.raises(InstrumentsError):
        instruments_from("kraken", "ccxt://kraken/markets", b"{}")
    with pytest.raises(InstrumentsError):
        instruments_from("kraken", "ccxt://kraken/books", body)


@pytest.mark.parametrize("wrap", [lambda row: [row], lambda row: row])
def test_exchange_products(wrap):
    url = "https://api.exchange.coinbase.com/products"
    (found,) = instruments_from("coinbase_exchange", url, json.dumps(wrap(EXCHANGE)).encode())
    assert (found.symbol, found.base, found.quote) == ("YFI-BTC", "YFI", "BTC")
    assert (found.price_increment, found.size_quantum, found.lot) == (
        "0.00001",
        "0.000001",
        "0.000001",
    )
    assert (found.minimum_notional, found.status) == ("0.0001", "TRADING")


@pytest.mark.parametrize("wrap", [lambda row: {"products": [row]}, lambda row: row])
def test_advanced_products(wrap):
    url = "https://api.coinbase.com/api/v3/brokerage/market/products"
    (found,) = instruments_from("coinbase", url, json.dumps(wrap(ADVANCED)).encode())
    assert (found.symbol, found.base, found.quote) == ("BTC-USDC", "BTC", "USDC")
    assert (found.price_increment, found.size_quantum) == ("0.1", "0.00000001")


def test_products_that_are_closed_or_unusable():
    rows = [
        {**EXCHANGE, "trading_disabled": True},
        {**EXCHANGE, "status": "delisted"},
        {**EXCHANGE, "quote_increment": "0"},
    ]
    found = instruments_from("coinbase_exchange", "/products", json.dumps(rows).encode())
    assert [kept.status for kept in found] == ["HALT", "HALT"]
    products = [{**ADVANCED, "base_increment": ""}, {**ADVANCED, "is_disabled": True}]
    body = json.dumps({"products": products}).encode()
    assert [kept.status for kept in instruments_from("coinbase", "/products", body)] == ["HALT"]


def test_names_come_from_the_symbol_where_nothing_else_says_them():
    row = {"product_id": "A-B", "quote_increment": "0.01", "base_increment": "1"}
    (found,) = instruments_from("coinbase", "/products/A-B", json.dumps(row).encode())
    assert (found.base, found.quote, found.price_increment) == ("A", "B", "0.01")


def test_lists_of_something_else_are_refused():
    with pytest.raises(InstrumentsError):
        instruments_from("coinbase", "/products/A-B/book", b"{}")
    with pytest.raises(InstrumentsError):
        instruments_from("coinbase", "/products", b'{"x":1}')
