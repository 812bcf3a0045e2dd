"""Exchange's signatures: the right one is taken, each wrong part named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.exchange.coinbase.signature import VERIFY, SignatureError, Signed, check, sign
from tests.reference.coinbase_floor import KEY, START_NS, key_of

TIME = str(START_NS // 10**9)


def signed(**changed: str) -> Signed:
    timestamp = changed.get("timestamp", TIME)
    right = Signed(KEY[0], sign(KEY[1], timestamp + VERIFY), timestamp, KEY[2], VERIFY)
    return right._replace(**changed)


def test_the_right_signature_is_taken():
    check(signed(), key_of, START_NS)


def test_a_known_signature():
    assert sign("c2VjcmV0", "1GET/users/self/verify") == (
        "5aL3Zss1lDOd8PfPgffP4LsLjfNakaFPFLnC6icSK1k="
    )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"key": "another"}, "Invalid API Key"),
        ({"passphrase": "another"}, "Invalid Passphrase"),
        ({"timestamp": str(START_NS // 10**9 - 31)}, "request timestamp expired"),
        ({"timestamp": str(START_NS // 10**9 + 31)}, "request timestamp expired"),
        ({"timestamp": "nan"}, "request timestamp expired"),
        ({"timestamp": "soon"}, "request timestamp expired"),
        ({"signature": "another"}, "invalid signature"),
        ({"signature": "ä\ud800"}, "invalid signature"),
        ({"text": "GET/another"}, "invalid signature"),
    ],
)
def test_what_is_wrong_is_named(changed, words):
    with pytest.raises(SignatureError, match=words):
        check(signed(**changed), key_of, START_NS)


@given(st.text(), st.text(), st.text(), st.text())
def test_nothing_else_passes(key, signature, timestamp, passphrase):
    with pytest.raises(SignatureError):
        check(Signed(key, signature, timestamp, passphrase, VERIFY), key_of, START_NS)
