"""Choosing instruments by what a configuration says."""

import pytest

from hftlib.core.errors import ConfigurationError
from hftlib.core.instrument import Instrument
from hftlib.venues.selection import choose


def made(venue, symbol, base, quote, status="TRADING"):
    return Instrument(venue, symbol, base, quote, "0.01", "0.001", status=status)


KNOWN = [
    made("binance", "BTCFDUSD", "BTC", "FDUSD"),
    made("binance", "BTCUSDT", "BTC", "USDT"),
    made("binance", "ETHBTC", "ETH", "BTC"),
    made("binance", "ETHUSDT", "ETH", "USDT"),
    made("binance", "OLDUSDT", "OLD", "USDT", "BREAK"),
    made("coinbase", "BTC-EUR", "BTC", "EUR"),
    made("coinbase", "BTC-USDC", "BTC", "USDC"),
    made("coinbase", "BTC-USD", "BTC", "USD"),
    made("binance_usdm", "BTCUSDT_260925", "BTC", "USDT"),
    made("binance_usdm", "BTCUSDT", "BTC", "USDT"),
    made("binance_coinm", "BTCUSD_260925", "BTC", "USD"),
    made("binance_coinm", "BTCUSD_PERP", "BTC", "USD"),
    made("kraken", "BTC/USDT", "BTC", "USDT"),
    made("kraken", "BTC/USD", "BTC", "USD"),
    made("kraken", "ETH/USD", "ETH", "USD"),
    made("kraken", "SOL/EUR", "SOL", "EUR"),
]


def chosen(wanted, known=KNOWN):
    return [f"{one.venue}:{one.symbol}" for one in choose(known, wanted)]


def test_a_base_means_the_most_usual_book_of_every_venue():
    assert chosen("BTC") == [
        "binance:BTCUSDT",
        "coinbase:BTC-USD",
        "binance_usdm:BTCUSDT",
        "binance_coinm:BTCUSD_PERP",
        "kraken:BTC/USD",
    ]


def test_a_venue_that_does_not_trade_it_is_left_out():
    assert chosen("eth") == ["binance:ETHUSDT", "kraken:ETH/USD"]


def test_a_book_in_another_quote_is_better_than_none():
    assert chosen("SOL") == ["kraken:SOL/EUR"]


def test_an_exact_book_is_that_and_no_other():
    assert chosen("binance:BTCFDUSD, kraken:BTC/USDT") == ["binance:BTCFDUSD", "kraken:BTC/USDT"]
    assert chosen("binance:OLDUSDT") == ["binance:OLDUSDT"]


def test_the_order_is_that_of_the_words_and_nothing_comes_twice():
    assert chosen("binance:ETHUSDT,ETH,,") == ["binance:ETHUSDT", "kraken:ETH/USD"]


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("BTCC", "did you mean BTC?"),
        ("BTCUSDT", "did you mean binance:BTCUSDT?"),
        ("binance:BTCUSD", "did you mean binance:BTCUSDT?"),
        ("OLD", "no venue trades OLD"),
        ("QQQQQQ", "no venue trades QQQQQQ$"),
        ("okx:BTC", "no venue trades okx:BTC"),
    ],
)
def test_what_no_venue_trades_is_refused_with_the_nearest(word, hint):
    with pytest.raises(ConfigurationError, match=hint.replace("?", r"\?")):
        choose(KNOWN, word)


def test_nothing_is_chosen_of_nothing():
    assert choose([], "") == []
    with pytest.raises(ConfigurationError):
        choose([], "BTC")
