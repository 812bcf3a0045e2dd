"""What Exchange's clients ask for, in both forms, and the venue's words for what is wrong."""

import pytest

from hftlib.exchange.coinbase.exchange_request import SubscribeError, signed_of, wish_of
from hftlib.exchange.coinbase.signature import VERIFY, Signed

KNOWN = ("BTC-USD", "ETH-USD")


def asked(**message):
    return wish_of({"type": "subscribe", **message}, KNOWN)


def test_both_forms_of_channels():
    wish = asked(
        product_ids=["BTC-USD"],
        channels=["level2_batch", {"name": "ticker", "product_ids": ["ETH-USD"]}, "ticker"],
    )
    assert wish.subscribes
    assert wish.channels == {"level2_batch": ["BTC-USD"], "ticker": ["ETH-USD", "BTC-USD"]}


def test_aliases_and_channels_without_products():
    wish = asked(
        product_ids=["BTC-USD"],
        channels=["level2_50", "ticker_1000", {"name": "status", "product_ids": ["BTC-USD"]}],
    )
    assert wish.channels == {
        "level2_batch": ["BTC-USD"],
        "ticker_batch": ["BTC-USD"],
        "status": None,
    }
    assert asked(channels=["status"]).channels == {"status": None}


def test_unsubscribing():
    drop = {"type": "unsubscribe"}
    assert wish_of({**drop, "channels": ["ticker"]}, KNOWN).channels == {"ticker": None}
    assert wish_of({**drop, "product_ids": ["BTC-USD"]}, KNOWN) == (False, {}, ["BTC-USD"])
    one = {"name": "ticker", "product_ids": ["BTC-USD"]}
    assert wish_of({**drop, "channels": [one]}, KNOWN).channels == {"ticker": ["BTC-USD"]}


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"type": "begin"}, "Type has to be either subscribe or unsubscribe"),
        ({"type": None}, "Type has to be either subscribe or unsubscribe"),
        ({"type": []}, "Type has to be either subscribe or unsubscribe"),
        ({}, "No channels provided"),
        ({"channels": []}, "No channels provided"),
        ({"channels": "ticker"}, "No channels provided"),
        ({"type": "unsubscribe"}, "No channels provided"),
        ({"channels": ["ticker"]}, " is not a valid product"),
        ({"channels": ["ticker"], "product_ids": []}, " is not a valid product"),
        (
            {"channels": [{"name": "ticker", "product_ids": []}], "product_ids": ["BTC-USD"]},
            " is not a valid product",
        ),
        ({"channels": ["ticker"], "product_ids": ["XRP-USD"]}, "XRP-USD is not a valid product"),
        ({"channels": ["ticker"], "product_ids": "BTC-USD"}, "Invalid product ID provided"),
        ({"channels": ["ticker"], "product_ids": [1]}, "Invalid product ID provided"),
        ({"channels": ["books"], "product_ids": ["BTC-USD"]}, "books is not a valid channel"),
        ({"channels": [1], "product_ids": ["BTC-USD"]}, "Invalid channel provided"),
        ({"channels": [{}], "product_ids": ["BTC-USD"]}, "Invalid channel provided"),
    ],
)
def test_what_is_wrong_is_named(message, reason):
    with pytest.raises(SubscribeError) as refused:
        wish_of({"type": "subscribe", **message}, KNOWN)
    assert str(refused.value) == reason


def test_signatures_are_found():
    assert signed_of({"type": "subscribe", "key": ""}) is None
    fields = {"key": "k", "signature": "s", "timestamp": 17, "passphrase": "p"}
    assert signed_of(fields) == Signed("k", "s", "17", "p", VERIFY)
    assert signed_of({"key": "k"}) == Signed("k", "", "", "", VERIFY)
