"""The listings: real increments, exact units, one opening price an asset."""

import pytest

from hftlib.market.listings import LISTINGS, listing_of


def test_a_listing_is_found_by_venue_and_symbol():
    bitcoin = listing_of("coinbase", "BTC-USD")
    assert (bitcoin.venue, bitcoin.symbol) == ("coinbase", "BTC-USD")
    with pytest.raises(KeyError, match="ETH-BTC is not listed on coinbase"):
        listing_of("coinbase", "ETH-BTC")


def test_the_full_set_is_eleven_books_and_each_stands_once():
    assert len({(one.venue, one.symbol) for one in LISTINGS}) == len(LISTINGS) == 11


def test_units_are_exact():
    spot = listing_of("binance", "BTCUSDT")
    assert spot.opening_ticks == 6_400_000
    assert spot.lot_quanta == 1
    assert (spot.lot_decimals, spot.cash_decimals, spot.cash_unit) == (5, 7, 1)
    assert spot.maximum_lots == 9_000 * 10**5
    perpetual = listing_of("binance_usdm", "BTCUSDT")
    assert (perpetual.opening_ticks, perpetual.cash_decimals) == (640_000, 4)


@pytest.mark.parametrize("base", ["BTC", "ETH", "SOL", "ADA"])
def test_an_asset_opens_at_one_price_on_every_venue(base):
    prices = {float(one.opening_price) for one in LISTINGS if one.instrument.base == base}
    assert len(prices) == 1
