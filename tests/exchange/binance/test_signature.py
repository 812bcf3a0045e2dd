"""Signatures of all kinds, and the window of time in which a request is taken."""

import base64

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from hftlib.exchange.accounts import Account, Accounts, ApiKey, KeyKind
from hftlib.exchange.binance.refusal import BinanceError
from hftlib.exchange.binance.signature import (
    check_signature,
    check_time,
    known_key,
    signed_text,
    sorted_text,
)
from tests.reference.spot_desk import sign

DOCUMENTED_SECRET = b"NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
DOCUMENTED_TEXT = (
    "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
    "&recvWindow=5000&timestamp=1499827319559"
)
DOCUMENTED_SIGNATURE = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
MIXED_SIGNATURE = "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77"
WRONG = "-1022: Signature for this request is not valid."
NOW_NS = 1_800_000_000_000_000_000
NOBODY = Account("nobody", 1_000, 0)


def documented_key() -> ApiKey:
    return ApiKey(KeyKind.HMAC, "k", NOBODY, DOCUMENTED_SECRET)


@pytest.mark.parametrize("signature", [DOCUMENTED_SIGNATURE, DOCUMENTED_SIGNATURE.upper()])
def test_documented_hmac_vector_is_accepted_in_any_case(signature: str) -> None:
    check_signature(documented_key(), signed_text(DOCUMENTED_TEXT, ""), signature)


def test_query_and_body_are_signed_together_without_anything_between() -> None:
    query, _, body = DOCUMENTED_TEXT.partition("&quantity")
    text = signed_text(query, f"quantity{body}&signature={MIXED_SIGNATURE}")

    check_signature(documented_key(), text, MIXED_SIGNATURE)


@pytest.mark.parametrize(
    "text", [f"signature=x&{DOCUMENTED_TEXT}", f"{DOCUMENTED_TEXT}&signature=x"]
)
def test_signature_is_left_out_wherever_it_stands(text: str) -> None:
    assert signed_text(text, "") == DOCUMENTED_TEXT
    assert signed_text("", text) == DOCUMENTED_TEXT


def test_documented_socket_vector_sorts_the_parameters() -> None:
    texts = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01000000",
        "price": "52000.00",
        "newOrderRespType": "ACK",
        "recvWindow": "100",
        "timestamp": "1645423376532",
        "apiKey": "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
        "signature": "cc15477742bd704c29492d96c7ead9414dfd8e0ec4a00f947bb5bb454ddbd08a",
    }

    check_signature(documented_key(), sorted_text(texts), texts["signature"])


@pytest.mark.parametrize("signature", ["0" * 64, "é", "x"])
def test_wrong_hmac_signature_is_refused(signature: str) -> None:
    with pytest.raises(BinanceError, match=WRONG):
        check_signature(documented_key(), DOCUMENTED_TEXT, signature)


def test_signature_that_is_not_there_is_missed() -> None:
    with pytest.raises(BinanceError, match="-1102: Mandatory parameter 'signature'"):
        check_signature(documented_key(), DOCUMENTED_TEXT, "")


@pytest.mark.parametrize("spoiled", ["", "A", "not base64!", "é"])
def test_ed25519_signature_is_accepted_as_it_is_only(spoiled: str) -> None:
    accounts = Accounts()
    [key] = accounts.create_account("eve", {}, ["ed25519"], b"e" * 32, 0)
    kept = known_key(accounts, key.key)
    signature = sign(key, DOCUMENTED_TEXT)

    check_signature(kept, DOCUMENTED_TEXT, signature)
    with pytest.raises(BinanceError, match=WRONG):
        check_signature(kept, DOCUMENTED_TEXT + "0", signature)
    if spoiled:
        with pytest.raises(BinanceError, match=WRONG):
            check_signature(kept, DOCUMENTED_TEXT, spoiled)


def test_rsa_signature_is_verified_with_the_registered_key() -> None:
    private = rsa.generate_private_key(65_537, 2_048)
    pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    accounts = Accounts()
    accounts.create_account("rob", {}, [], b"r" * 32, 0)
    kept = known_key(accounts, accounts.register_key("rob", pem.decode(), b"r" * 32).key)
    raw = private.sign(DOCUMENTED_TEXT.encode(), PKCS1v15(), hashes.SHA256())
    signature = base64.b64encode(raw).decode()

    check_signature(kept, DOCUMENTED_TEXT, signature)
    with pytest.raises(BinanceError, match=WRONG):
        check_signature(kept, DOCUMENTED_TEXT[1:], signature)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("", "-2014: API-key format invalid."),
        ("with space", "-2014: API-key format invalid."),
        ("A" * 64, "-2015: Invalid API-key, IP, or permissions for action."),
    ],
)
def test_unknown_key_is_refused_as_unauthorized(key: str, told: str) -> None:
    with pytest.raises(BinanceError, match=told) as caught:
        known_key(Accounts(), key)

    assert caught.value.status == 401


@pytest.mark.parametrize(
    ("stamp", "window"),
    [
        ("1800000000999", None),
        ("1799999995000", None),
        ("1799999995000000", "5000"),
        ("1799999999999999", "0.001"),
        ("1799999940000", "60000"),
    ],
)
def test_request_within_its_window_is_taken(stamp: str, window: str | None) -> None:
    texts = {"timestamp": stamp} | ({"recvWindow": window} if window else {})

    check_time(texts, NOW_NS)


@pytest.mark.parametrize(
    ("stamp", "window", "told"),
    [
        ("1800000001000", "5000", "-1021: Timestamp for this request was 1000ms ahead"),
        ("1799999994999", "5000", "-1021: Timestamp for this request is outside of the recvWindow"),
        ("1799999999999998", "0.001", "-1021: .*outside of the recvWindow"),
        ("1799999999999", "0", "-1021: .*outside of the recvWindow"),
        ("1799999999999", "60001", "-1102: 'recvWindow' contains unexpected value"),
        ("", "5000", "-1102: Mandatory parameter 'timestamp'"),
        ("abc", "5000", "-1100: Illegal characters found in parameter 'timestamp'"),
    ],
)
def test_request_outside_of_its_window_is_refused(stamp: str, window: str, told: str) -> None:
    with pytest.raises(BinanceError, match=told):
        check_time({"timestamp": stamp, "recvWindow": window}, NOW_NS)
