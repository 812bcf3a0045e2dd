"""Products and currencies: what our own readers make of them is what is listed."""

import gzip
import json

import msgspec

from hftlib.core.venue import COINBASE, COINBASE_EXCHANGE
from hftlib.exchange.coinbase import products
from hftlib.exchange.coinbase.book_view import BookView
from hftlib.market.listings import LISTINGS, listing_of
from hftlib.venues.coinbase.instruments import instruments_from
from tests.reference.coinbase_floor import START_NS, Desk

OURS = [one for one in LISTINGS if one.venue == COINBASE]


def test_aliases():
    assert {one.symbol: products.alias_of(one) for one in OURS} == {
        "BTC-USD": "BTC-USDC",
        "ETH-USD": "ETH-USDC",
        "SOL-USD": "SOL-USDC",
        "ADA-USD": "ADA-USDC",
        "USDT-USD": "",
    }


def test_exchange_products_read_back():
    body = msgspec.json.encode([products.exchange_product(one) for one in OURS])
    read = instruments_from(COINBASE_EXCHANGE, body)
    assert [(one.symbol, one.price_increment, one.lot, one.minimum_notional) for one in read] == [
        (
            one.symbol,
            one.instrument.price_increment,
            one.instrument.lot,
            one.instrument.minimum_notional,
        )
        for one in OURS
    ]


def test_an_advanced_product_has_the_captured_fields(captures):
    desk = Desk()
    view = BookView(desk.feed())
    made = products.advanced_product(view, START_NS)
    alias = products.advanced_product(view, START_NS, "BTC-USDC")
    (read,) = instruments_from(COINBASE, msgspec.json.encode(made))
    assert read == listing_of(COINBASE, "BTC-USD").instrument
    assert (made["alias"], made["alias_to"]) == ("", ["BTC-USDC"])
    assert (alias["product_id"], alias["alias"], alias["alias_to"]) == ("BTC-USDC", "BTC-USD", [])
    assert (alias["quote_currency_id"], alias["base_max_size"]) == ("USDC", "9000")
    captured = _captured_product(captures("coinbase-adv-20260809"))
    assert list(made) == list(captured)
    assert {name: type(value) for name, value in made.items()} == {
        name: type(value) for name, value in captured.items()
    }


def _captured_product(folder) -> dict:
    with gzip.open(folder / "COINBASE_seq0_519.jsonl.gz", "rt") as lines:
        for line in lines:
            row = json.loads(line)
            if row["t"] == "http":
                return json.loads(row["data"])["products"][0]
    raise AssertionError("the capture holds no products")


def test_a_product_without_an_alias():
    made = products.advanced_product(BookView(Desk().feed("USDT-USD")), START_NS)
    assert made["alias_to"] == []


def test_currencies_and_status():
    status = json.loads(products.exchange_status(OURS))
    assert [row["id"] for row in status["products"]] == [one.symbol for one in OURS]
    assert {row["id"]: row["details"]["type"] for row in status["currencies"]}["USD"] == "fiat"
    row = products.advanced_status_row(OURS[0])
    assert (row["id"], row["display_name"]) == ("BTC-USD", "BTC/USD")
    dollar, bitcoin = products.CURRENCIES["USD"], products.CURRENCIES["BTC"]
    assert products.plain_currency(dollar)["id"] == "USD"
    assert products.crypto_currency(bitcoin)["code"] == "BTC"
    assert products.exchange_currency(products.CURRENCIES["USDC"])["convertible_to"] == ["USD"]
