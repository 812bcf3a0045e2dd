"""What Advanced Trade's clients ask for, one channel a message."""

import pytest

from hftlib.exchange.coinbase.advanced_request import RequestError, wish_of

NAMES = {"BTC-USD": "BTC-USD", "BTC-USDC": "BTC-USD", "ETH-USD": "ETH-USD"}


def asked(**message):
    return wish_of({"type": "subscribe", "channel": "level2", **message}, NAMES)


def test_products_and_aliases():
    wish = asked(product_ids=["BTC-USDC", "ETH-USD", "BTC-USD"])
    assert wish == (True, "level2", ["BTC-USD", "ETH-USD"])


def test_heartbeats_need_no_product():
    assert asked(channel="heartbeats").products == ["heartbeats"]
    assert asked(channel="heartbeats", product_ids=["XRP-USD"]).products == ["heartbeats"]


def test_unsubscribing_from_all():
    assert asked(type="unsubscribe") == (False, "level2", [])


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"type": "begin"}, "type has to be either subscribe or unsubscribe"),
        ({"type": {}}, "type has to be either subscribe or unsubscribe"),
        ({"channel": None}, "channel is required, one in each message"),
        ({"channel": ["level2"]}, "channel is required, one in each message"),
        ({"channel": "user"}, "authentication failure"),
        ({"channel": "user", "jwt": "a.b.c"}, "authentication failure"),
        ({"channel": "futures_balance_summary"}, "authentication failure"),
        ({"channel": "heartbeat"}, "authentication failure"),
        ({"product_ids": "BTC-USD"}, "product_ids has to be a list of products"),
        ({"product_ids": [1]}, "product_ids has to be a list of products"),
        ({"product_ids": {"a": 1}}, "product_ids has to be a list of products"),
        ({"product_ids": []}, "product_ids is required"),
        ({}, "product_ids is required"),
        ({"product_ids": ["XRP-USD"]}, "XRP-USD is not a valid product"),
    ],
)
def test_what_is_wrong_is_named(message, words):
    with pytest.raises(RequestError) as refused:
        asked(**message)
    assert str(refused.value) == words
