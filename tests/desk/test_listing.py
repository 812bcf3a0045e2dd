"""Searching what venues list."""

import pytest

from hftlib.core.instrument import Instrument
from hftlib.desk.listing import search


def listed(venue: str, symbol: str, base: str, quote: str, status: str = "TRADING") -> Instrument:
    return Instrument(venue, symbol, base, quote, "0.01", "0.0001", status=status)


KNOWN = [
    listed("binance", "WBTCBTC", "WBTC", "BTC"),
    listed("binance", "BTCUSDT", "BTC", "USDT"),
    listed("binance", "BTCDAI", "BTC", "DAI", "BREAK"),
    listed("binance", "ETHUSDT", "ETH", "USDT"),
    listed("coinbase", "BTC-USD", "BTC", "USD"),
]


def names(*words: object) -> list[str]:
    return [one.symbol for one in search(KNOWN, *words)]


def test_the_closest_comes_first() -> None:
    assert names("", "btc") == ["BTC-USD", "BTCUSDT", "BTCDAI", "WBTCBTC"]
    assert names("", "BTCDAI") == ["BTCDAI"]


@pytest.mark.parametrize(("venue", "count"), [("binance", 4), ("coinbase", 1), ("kraken", 0)])
def test_a_venue_alone(venue: str, count: int) -> None:
    assert len(names(venue)) == count


def test_no_more_than_asked_for() -> None:
    assert len(names("", "", 2)) == 2
