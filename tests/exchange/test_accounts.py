"""Accounts: opening, keys, deposits, resets, and a history that does not grow for ever."""

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hftlib.core.venue import BINANCE
from hftlib.exchange import accounts as module
from hftlib.exchange.account_order import AccountOrder
from hftlib.exchange.accounts import Account, AccountError, Accounts, KeyKind
from hftlib.market.listings import listing_of
from hftlib.market.orders import FIRST_ACCOUNT

ENTROPY = b"0123456789abcdef"
BTC = listing_of(BINANCE, "BTCUSDT")
ETH = listing_of(BINANCE, "ETHUSDT")


def opened(*kinds: str, **balances: str) -> Accounts:
    accounts = Accounts()
    accounts.create_account("alice", balances, kinds, ENTROPY, 5)
    return accounts


def public_pem(private: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> str:
    encoded = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded.decode()


class Listening:
    """Write down what an account's watcher hears."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def deposited(self, account: Account, asset: str, units: int, now_ns: int) -> None:
        self.heard.append((account.name, asset, units, now_ns))

    def resetting(self, account: Account, now_ns: int) -> None:
        self.heard.append((account.name, account.balance("USDT").free, now_ns))


def test_account_begins_with_its_balances() -> None:
    accounts = opened(USDT="100.5", BTC="0.00000001")
    account = accounts.account("alice")

    assert (account.owner, account.updated_ns) == (FIRST_ACCOUNT, 5)
    assert account.balance("USDT").free == 10_050_000_000
    assert account.balance("BTC").free == 1
    assert account.balance("ETH").free == account.balance("ETH").locked == 0
    assert accounts.owner(FIRST_ACCOUNT) is account
    assert list(accounts) == [account]
    assert accounts.deposits == {"USDT": 10_050_000_000, "BTC": 1}
    assert accounts.assets[:2] == ("BTC", "ETH")
    assert accounts.assets[-1] == "USDT"


def test_keys_come_from_entropy_alone() -> None:
    first, again, other = (Accounts() for _ in range(3))
    kinds = ["hmac", "ed25519", "coinbase", "hmac"]

    keys = first.create_account("alice", {}, kinds, ENTROPY, 0)

    assert keys == again.create_account("bob", {}, kinds, ENTROPY, 9)
    assert keys != other.create_account("alice", {}, kinds, ENTROPY[::-1], 0)
    assert len({key.key for key in keys}) == len({key.secret for key in keys}) == 4
    assert [len(key.key) for key in keys] == [64, 64, 32, 64]
    assert len(keys[0].secret) == 64
    assert keys[0].secret.isalnum()
    assert keys[1].secret.startswith("-----BEGIN PRIVATE KEY-----")
    assert len(base64.b64decode(keys[2].secret)) == 64
    assert first.keys("alice") == [(key.kind, key.key) for key in keys]


def test_each_venue_finds_its_own_keys_only() -> None:
    accounts = Accounts()
    hmac, coinbase = accounts.create_account("alice", {}, ["hmac", "coinbase"], ENTROPY, 0)

    kept = accounts.key(hmac.key)
    assert kept is not None
    assert (kept.secret, kept.account.name) == (hmac.secret.encode(), "alice")
    assert accounts.key(coinbase.key) is None
    assert accounts.key("other") is None
    assert accounts.coinbase_key(coinbase.key) == (coinbase.secret, coinbase.passphrase)
    assert coinbase.passphrase
    assert accounts.coinbase_key(hmac.key) is None
    assert accounts.coinbase_key("other") is None


def test_public_keys_can_be_registered() -> None:
    accounts = opened()
    pem = public_pem(Ed25519PrivateKey.from_private_bytes(bytes(32)))

    key = accounts.register_key("alice", pem, ENTROPY)

    assert (key.kind, key.secret) == (KeyKind.ED25519, "")
    assert accounts.keys("alice") == [(KeyKind.ED25519, key.key)]


def test_other_public_keys_are_refused() -> None:
    accounts = opened()

    with pytest.raises(AccountError, match="no PEM text"):
        accounts.register_key("alice", "hello", ENTROPY)
    with pytest.raises(AccountError, match="Ed25519 or RSA"):
        accounts.register_key("alice", public_pem(ec.generate_private_key(ec.SECP256R1())), ENTROPY)


@pytest.mark.parametrize(
    ("name", "balances", "kinds", "entropy", "told"),
    [
        ("", {}, [], ENTROPY, "1 to 36 letters"),
        ("a/b", {}, [], ENTROPY, "1 to 36 letters"),
        ("alice", {}, [], ENTROPY, "there is an account 'alice' already"),
        ("bob", {}, [], b"short", "at least 16 bytes"),
        ("bob", {}, ["rsa"], ENTROPY, "kinds hmac, ed25519, coinbase"),
        ("bob", {}, ["password"], ENTROPY, "kinds hmac, ed25519, coinbase"),
        ("bob", {"USDT": "1e3"}, [], ENTROPY, "no amount"),
        ("bob", {"USDT": "-1"}, [], ENTROPY, "no balance"),
        ("bob", {"usdt": "1"}, [], ENTROPY, "no balance"),
    ],
)
def test_malformed_account_is_not_opened(
    name: str, balances: dict[str, str], kinds: list[str], entropy: bytes, told: str
) -> None:
    accounts = opened()

    with pytest.raises(AccountError, match=told):
        accounts.create_account(name, balances, kinds, entropy, 0)

    assert [one.name for one in accounts] == ["alice"]
    assert accounts.deposits == {}


def test_deposits_and_withdrawals_are_heard_and_counted() -> None:
    accounts, watcher = opened(USDT="10"), Listening()
    accounts.watchers.append(watcher)

    accounts.deposit("alice", "USDT", "2.5", 7)
    accounts.deposit("alice", "USDT", "-12.5", 8)

    assert watcher.heard == [
        ("alice", "USDT", 250_000_000, 7),
        ("alice", "USDT", -1_250_000_000, 8),
    ]
    assert accounts.account("alice").balance("USDT").free == 0
    assert accounts.account("alice").updated_ns == 8
    assert accounts.deposits == {"USDT": 0}


@pytest.mark.parametrize(
    ("name", "asset", "amount", "told"),
    [
        ("bob", "USDT", "1", "there is no account 'bob'"),
        ("alice", "usdt", "1", "no asset is called 'usdt'"),
        ("alice", "USDT", "x", "no amount"),
        ("alice", "USDT", "-10.00000001", "alice has too little free USDT"),
        ("alice", "DOGE", "-1", "alice has too little free DOGE"),
    ],
)
def test_impossible_deposit_is_refused(name: str, asset: str, amount: str, told: str) -> None:
    accounts = opened(USDT="10")

    with pytest.raises(AccountError, match=told):
        accounts.deposit(name, asset, amount, 7)

    assert accounts.deposits == {"USDT": 1_000_000_000}
    assert list(accounts.account("alice").balances) == ["USDT"]


def test_reset_empties_an_account_but_for_its_keys() -> None:
    accounts, watcher = opened("hmac", USDT="10", BTC="1"), Listening()
    accounts.watchers.append(watcher)

    accounts.reset("alice", {"ETH": "3"}, 9)

    account = accounts.account("alice")
    assert watcher.heard == [
        ("alice", 1_000_000_000, 9),
        ("alice", "USDT", -1_000_000_000, 9),
        ("alice", "BTC", -100_000_000, 9),
        ("alice", "ETH", 300_000_000, 9),
    ]
    held = {asset: one.free for asset, one in account.balances.items()}
    assert held == {"USDT": 0, "BTC": 0, "ETH": 300_000_000}
    assert accounts.deposits == {"USDT": 0, "BTC": 0, "ETH": 300_000_000}
    assert account.updated_ns == 9
    assert len(accounts.keys("alice")) == 1


def test_orders_are_found_by_either_id() -> None:
    account = Account("alice", 1_000, 0)
    old, live, other = (
        AccountOrder(listing, order_id, "same", order_id)
        for listing, order_id in ((BTC, 3), (BTC, 5), (ETH, 4))
    )
    for order in (old, live, other):
        account.open(order)
    account.close(old)

    assert account.order("BTCUSDT", 3) is old
    assert account.order("BTCUSDT", 5) is live
    assert account.order("ETHUSDT", 5) is None
    assert account.by_client_id("BTCUSDT", "same") is live
    assert account.live_by_client_id("ETHUSDT", "same") is other
    account.close(live)
    assert account.by_client_id("BTCUSDT", "same") is live
    assert account.by_client_id("BTCUSDT", "none") is None
    assert account.orders("BTCUSDT") == [old, live]
    assert account.live_orders() == account.live_orders("ETHUSDT") == [other]


def test_history_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    account = Account("alice", 1_000, 0)
    for order_id in range(3):
        order = AccountOrder(BTC, order_id, str(order_id), 0)
        account.open(order)
        account.close(order)

    assert [one.order_id for one in account.orders("BTCUSDT")] == [1, 2]
