"""What is asked over REST: the right URL for each venue, and the weight that it costs."""

import pytest

from hftlib.core import venue as names
from hftlib.core.errors import ConfigurationError
from hftlib.venues import requests
from hftlib.venues.binance.requests import allowance_from, allowance_of
from hftlib.venues.plans import Addresses, Purpose
from hftlib.venues.registry import lists_instruments

NOW_NS = 1_800_000_000_000_000_000
BINANCE = (names.BINANCE, names.BINANCE_US, names.BINANCE_USDM, names.BINANCE_COINM)
COINBASE = (names.COINBASE, names.COINBASE_EXCHANGE)
PATHS = {
    names.BINANCE: "https://x/api/v3/",
    names.BINANCE_US: "https://x/api/v3/",
    names.BINANCE_USDM: "https://x/fapi/v1/",
    names.BINANCE_COINM: "https://x/dapi/v1/",
    names.COINBASE: "https://x/api/v3/brokerage/",
    names.COINBASE_EXCHANGE: "https://x/",
}


def at(venue):
    return Addresses(venue, "https://x", "wss://x")


def all_of(venue):
    place = at(venue)
    return [
        *requests.snapshot_requests(place, "A B"),
        *requests.statistics_requests(place, ["A B"]),
        requests.instruments_request(place),
        requests.candles_request(place, "A B", NOW_NS),
        requests.time_request(place),
    ]


@pytest.mark.parametrize("venue", PATHS)
def test_every_request_names_its_venue_and_path_and_is_a_url(venue):
    for one in all_of(venue):
        assert one.venue == venue
        assert one.url.startswith(PATHS[venue])
        assert " " not in one.url
        assert one.weight >= 1
        assert ("A%20B" in one.url) == (one.symbol == "A B")


@pytest.mark.parametrize("venue", PATHS)
def test_the_list_of_instruments_is_known_as_one(venue):
    assert lists_instruments(venue, requests.instruments_request(at(venue)).url)


@pytest.mark.parametrize(
    ("venue", "depths"),
    [
        (names.BINANCE, [("5000", 250), ("1000", 50), ("500", 25), ("100", 5)]),
        (names.BINANCE_USDM, [("1000", 20), ("500", 10), ("100", 5)]),
        (names.BINANCE_COINM, [("1000", 20), ("500", 10), ("100", 5)]),
    ],
)
def test_snapshots_come_deepest_first_with_their_weights(venue, depths):
    asked = requests.snapshot_requests(at(venue), "BTCUSDT")
    assert [(one.url.rpartition("=")[2], one.weight) for one in asked] == depths
    assert {one.purpose for one in asked} == {Purpose.SNAPSHOT}


@pytest.mark.parametrize("venue", COINBASE)
def test_coinbase_has_one_depth_and_counts_requests(venue):
    (one,) = requests.snapshot_requests(at(venue), "BTC-USD", Purpose.POLL)
    assert (one.weight, one.purpose) == (1, Purpose.POLL)
    assert one.url.endswith(("/market/product_book?product_id=BTC-USD", "/BTC-USD/book?level=2"))


def test_only_what_is_compared_is_asked_of_advanced_trade():
    asked = requests.snapshot_requests(at(names.COINBASE), "BTC-USD", Purpose.COMPARISON)
    assert [one.url.rpartition("&")[2] for one in asked] == ["limit=500"]


def test_candles_of_advanced_trade_end_now_and_fill_one_request():
    url = requests.candles_request(at(names.COINBASE), "BTC-USD", NOW_NS).url
    assert "start=1799979000&end=1800000000&granularity=ONE_MINUTE" in url


@pytest.mark.parametrize("venue", PATHS)
def test_candles_of_an_unknown_length_are_refused(venue):
    assert requests.candles_request(at(venue), "BTC-USD", NOW_NS, 300).purpose is Purpose.CANDLES
    with pytest.raises(ConfigurationError, match="no candles of 7 s"):
        requests.candles_request(at(venue), "BTC-USD", NOW_NS, 7)


def test_statistics_are_asked_where_rest_has_them():
    symbols = ["A", "B"]
    assert len(requests.statistics_requests(at(names.BINANCE), symbols)) == 2
    assert len(requests.statistics_requests(at(names.COINBASE_EXCHANGE), symbols)) == 2
    assert requests.statistics_requests(at(names.COINBASE), symbols) == ()


def test_what_seeds_a_book():
    assert all(map(requests.seeds_from_rest, BINANCE))
    assert not any(map(requests.seeds_from_rest, COINBASE))
    assert all(map(requests.asks_over_rest, BINANCE + COINBASE))
    assert not requests.asks_over_rest("kraken")


def test_a_venue_without_a_known_interface_is_refused():
    with pytest.raises(ConfigurationError, match="'kraken' is not known"):
        requests.time_request(at("kraken"))


def limits(*rows):
    kept = ",".join(
        f'{{"rateLimitType":"{kind}","interval":"{unit}","intervalNum":{number},"limit":{limit}}}'
        for kind, unit, number, limit in rows
    )
    return f'{{"rateLimits":[{kept}]}}'.encode()


def test_the_allowance_of_a_minute_is_read():
    told = limits(
        ("RAW_REQUESTS", "MINUTE", 5, 61_000),
        ("REQUEST_WEIGHT", "MINUTE", 1, 6_000),
        ("REQUEST_WEIGHT", "SECOND", 10, 9),
        ("REQUEST_WEIGHT", "AGE", 1, 8),
    )
    assert allowance_from(told) == 6_000
    assert allowance_from(limits(("ORDERS", "MINUTE", 1, 5))) is None
    assert allowance_from(b"no") is None


@pytest.mark.parametrize(
    ("venue", "allowance"), list(zip(BINANCE, (6_000, 1_200, 2_400, 2_400), strict=True))
)
def test_the_documented_allowance_of_a_minute(venue, allowance):
    assert allowance_of(venue) == allowance
