"""What a source's name means, where exchanges answer and where none does."""

import pytest

from hftlib.core.errors import ConfigurationError
from hftlib.core.states import Source
from hftlib.desk.opened_source import without
from hftlib.desk.sources import choose_source, local_addresses
from hftlib.io.reachability import Reach
from hftlib.venues.addresses import LIVE_ADDRESSES, TESTNET_ADDRESSES

VENUES = ("binance", "coinbase")


def answering(*names):
    def ask(endpoints):
        return [
            Reach(
                one.venue, one.venue in names, 1.0, 2.0, True, "" if one.venue in names else "dark"
            )
            for one in endpoints
        ]

    return ask


def never(_endpoints):
    raise AssertionError("nobody is to be asked")


def test_live_and_testnet_are_the_exchanges_own_addresses() -> None:
    live = choose_source("live", VENUES, never)
    assert (live.name, live.source, live.reason) == ("live", Source.EXCHANGE, "")
    assert live.addresses == {venue: LIVE_ADDRESSES[venue] for venue in VENUES}
    testnet = choose_source("testnet", ["binance"], never)
    assert testnet.addresses == {"binance": TESTNET_ADDRESSES["binance"]}
    assert testnet.source is Source.EXCHANGE


def test_a_venue_without_a_test_network_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="coinbase has no testnet; there is binance"):
        choose_source("testnet", VENUES, never)


def test_local_asks_nobody_and_says_that_it_is_simulated() -> None:
    local = choose_source("local", VENUES, never)
    assert (local.name, local.source, local.reason) == ("local", Source.SIMULATED, "")
    assert local.addresses == {}


def test_auto_takes_the_exchanges_that_answer_and_names_the_others() -> None:
    found = choose_source("auto", (*VENUES, "kraken"), answering("coinbase"))
    assert (found.name, list(found.addresses)) == ("live", ["coinbase"])
    assert found.reason == "binance does not answer: dark"
    assert found.origin == "live: coinbase, kraken"


def test_auto_falls_back_on_local_venues_and_says_why() -> None:
    found = choose_source("auto", VENUES, answering())
    assert (found.name, found.source) == ("local", Source.SIMULATED)
    assert found.reason == "No exchange answers from here, so the venues are simulated."


def test_local_venues_answer_at_sockets_of_the_same_port() -> None:
    told = {"binance": "http://127.0.0.1:5", "control": "http://127.0.0.1:6"}
    known, others = local_addresses(told, ("binance", "kraken", "control"))
    assert known["binance"].stream_url == "ws://127.0.0.1:5"
    assert known["binance"].rest_url == "http://127.0.0.1:5"
    assert others == ("kraken", "control")


def test_a_local_source_says_which_venues_it_lacks() -> None:
    source = choose_source("local", (*VENUES, "kraken"), never)
    known = {"binance": LIVE_ADDRESSES["binance"]}
    assert without(source, ("kraken",), known).reason == "There is no local kraken."
    fallen = choose_source("auto", VENUES, answering())
    assert without(fallen, ("okx",), known).reason.endswith("simulated. There is no local okx.")
    with pytest.raises(ConfigurationError, match=r"no local kraken.*Local venues: binance"):
        without(source, ("kraken",), {})
