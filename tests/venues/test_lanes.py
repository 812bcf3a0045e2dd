"""What is opened at each venue: streams, caps, paces, and how a pushed book is had anew."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from hftlib.core import venue as names
from hftlib.core.errors import ConfigurationError
from hftlib.venues.addresses import LIVE_ADDRESSES, TESTNET_ADDRESSES
from hftlib.venues.binance.lanes import LONGEST_URL
from hftlib.venues.lanes import brings_book, connects_allowed, lanes_for, resubscription
from hftlib.venues.plans import Addresses, LanePlan

LOCAL = "ws://127.0.0.1:8720"
MANY = tuple(f"COIN{number}USDT" for number in range(300))


def local(venue: str) -> Addresses:
    return Addresses(venue, "http://127.0.0.1:8720", LOCAL)


def streams_of(plan: LanePlan) -> list[str]:
    told = [name for message in plan.sent for name in json.loads(message).get("params", ())]
    in_url = parse_qs(urlsplit(plan.url).query).get("streams", [""])[0]
    return told + [name for name in in_url.split("/") if name]


def test_spot_opens_one_combined_stream():
    (plan,) = lanes_for(local(names.BINANCE), ["BTCUSDT", "ETHUSDT"])
    assert plan.url == (
        f"{LOCAL}/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker/btcusdt@trade/"
        "btcusdt@ticker/ethusdt@depth@100ms/ethusdt@bookTicker/ethusdt@trade/ethusdt@ticker"
    )
    assert (plan.connection, plan.symbols, plan.sent) == ("ws", ("BTCUSDT", "ETHUSDT"), ())
    assert (plan.lifetime_s, plan.silence_s) == (86_400.0, 30.0)
    assert plan.messages_per_s < 5


def test_usdm_is_split_by_category():
    public, market = lanes_for(local(names.BINANCE_USDM), ["BTCUSDT"])
    assert public.url == f"{LOCAL}/public/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker"
    assert market.url == (
        f"{LOCAL}/market/stream?streams=btcusdt@aggTrade/btcusdt@markPrice@1s/btcusdt@ticker"
    )
    assert (public.connection, market.connection) == ("public", "market")


def test_coinm_is_not_split():
    (plan,) = lanes_for(local(names.BINANCE_COINM), ["BTCUSD_PERP"])
    assert plan.url.startswith(f"{LOCAL}/stream?streams=btcusd_perp@depth@100ms/")


@pytest.mark.parametrize("venue", [names.BINANCE, names.BINANCE_US])
def test_a_long_list_is_subscribed_to_and_sharded(venue):
    lanes = lanes_for(local(venue), MANY)
    assert [lane.connection for lane in lanes] == ["ws", "ws-2"]
    assert sum((lane.symbols for lane in lanes), ()) == MANY
    for lane in lanes:
        assert lane.url == f"{LOCAL}/stream"
        assert len(streams_of(lane)) == 4 * len(lane.symbols) <= 1_024
        assert len({json.loads(message)["id"] for message in lane.sent}) == len(lane.sent)


def test_no_url_is_longer_than_is_taken_without_question():
    for count in range(1, 60):
        (plan,) = lanes_for(local(names.BINANCE), MANY[:count])
        assert len(plan.url) <= LONGEST_URL
        assert len(streams_of(plan)) == 4 * count


def test_advanced_names_one_channel_a_message_and_shards_level2():
    first, second = lanes_for(local(names.COINBASE), [f"C{n}-USD" for n in range(16)])
    asked = [json.loads(message) for message in first.sent]
    assert [one["channel"] for one in asked] == ["level2", "heartbeats", "market_trades", "ticker"]
    assert {one["type"] for one in asked} == {"subscribe"}
    assert (len(first.symbols), second.symbols) == (15, ("C15-USD",))
    assert (first.url, first.connection, second.connection) == (LOCAL, "ws", "ws-2")
    assert (first.lifetime_s, first.silence_s) == (0.0, 5.0)
    assert 0 < first.messages_per_s < 8


def test_exchange_subscribes_in_one_message():
    (plan,) = lanes_for(local(names.COINBASE_EXCHANGE), ["BTC-USD"])
    (message,) = plan.sent
    assert json.loads(message) == {
        "type": "subscribe",
        "product_ids": ["BTC-USD"],
        "channels": ["heartbeat", "level2_batch", "matches", "ticker"],
    }


@pytest.mark.parametrize("venue", list(LIVE_ADDRESSES))
def test_nothing_is_opened_for_no_symbols(venue):
    assert lanes_for(LIVE_ADDRESSES[venue], []) == ()


def test_a_venue_without_a_protocol_is_refused():
    with pytest.raises(ConfigurationError, match="kraken"):
        lanes_for(Addresses("kraken", "", ""), ["BTCUSD"])


def test_a_pushed_book_is_subscribed_to_anew():
    (plan,) = lanes_for(local(names.COINBASE), ["BTC-USD", "ETH-USD"])
    asked = [json.loads(message) for message in resubscription(plan, "BTC-USD", "ETH-USD")]
    assert asked == [
        {"type": verb, "product_ids": ["BTC-USD", "ETH-USD"], "channel": "level2"}
        for verb in ("unsubscribe", "subscribe")
    ]
    (plan,) = lanes_for(local(names.COINBASE_EXCHANGE), ["BTC-USD"])
    asked = [json.loads(message) for message in resubscription(plan, "BTC-USD")]
    assert [one["type"] for one in asked] == ["unsubscribe", "subscribe"]
    assert [one["channels"] for one in asked] == [["level2_batch"]] * 2


def test_rest_brings_the_books_of_binance():
    (plan,) = lanes_for(local(names.BINANCE), ["BTCUSDT"])
    assert resubscription(plan, "BTCUSDT") == ()


@pytest.mark.parametrize(
    ("venue", "symbol", "payload", "brings"),
    [
        (names.BINANCE, "BTCUSDT", b'{"stream":"btcusdt@depth@100ms","data":{}}', True),
        (names.BINANCE, "BTCUSDT", b'{"stream":"btcusdt@trade","data":{}}', False),
        (names.BINANCE, "ETHUSDT", b'{"stream":"btcusdt@depth@100ms","data":{}}', False),
        (names.COINBASE, "BTC-USD", b'"l2_data" "type":"snapshot" "BTC-USD"', True),
        (names.COINBASE, "BTC-USD", b'"l2_data" "type":"update" "BTC-USD"', False),
        (names.COINBASE, "BTC-USD", b'"market_trades" "type":"snapshot" "BTC-USD"', False),
        (names.COINBASE_EXCHANGE, "BTC-USD", b'{"type":"snapshot","product_id":"BTC-USD"}', True),
        (names.COINBASE_EXCHANGE, "ETH-USD", b'{"type":"snapshot","product_id":"BTC-USD"}', False),
    ],
)
def test_a_book_is_known_by_the_first_bytes(venue, symbol, payload, brings):
    plan = lanes_for(local(venue), [symbol])[0]
    assert brings_book(plan, symbol, payload) is brings


def test_a_lane_without_depth_brings_anything_of_a_symbol():
    _, market = lanes_for(local(names.BINANCE_USDM), ["BTCUSDT"])
    assert brings_book(market, "BTCUSDT", b'{"stream":"btcusdt@markPrice@1s","data":{}}')
    assert not brings_book(market, "BTCUSDT", b'{"stream":"ethusdt@markPrice@1s","data":{}}')


def test_depth_that_is_subscribed_to_is_depth():
    plan = lanes_for(local(names.BINANCE), MANY)[0]
    assert not brings_book(plan, MANY[0], b'{"stream":"coin0usdt@trade","data":{}}')


def test_a_strange_plan_brings_no_book():
    assert not brings_book(LanePlan("kraken", "ws", "", ("X",)), "X", b"{}")


def test_connections_stay_below_what_venues_allow():
    assert connects_allowed(names.BINANCE) == (250, 300.0)
    assert connects_allowed(names.COINBASE) == (7, 1.0)


def test_addresses_are_bases():
    for known in (LIVE_ADDRESSES, TESTNET_ADDRESSES):
        for venue, one in known.items():
            assert one.venue == venue
            assert one.rest_url.startswith("https://")
            assert one.stream_url.startswith("wss://")
            assert not one.rest_url.endswith("/")
            assert not one.stream_url.endswith("/")
    assert set(TESTNET_ADDRESSES) < set(LIVE_ADDRESSES)
