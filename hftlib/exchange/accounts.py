"""Accounts of the local venues: who may trade with which key, and what belongs to whom.

Every movement of an asset has two ends, so the sum over accounts, fees and street (all that
the market's own agents won or lost against accounts) is what was deposited, to the last unit.
Amounts are integers, units of 1e-8. Keys are made from bytes that the caller draws.
"""

import base64
import hashlib
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from hftlib.core.decimals import to_units
from hftlib.core.errors import DecimalError, HftlibError
from hftlib.core.venue import BINANCE
from hftlib.exchange.account_order import ASSET_DECIMALS, AccountOrder, Fill, PreventedMatch
from hftlib.market.listings import LISTINGS
from hftlib.market.orders import FIRST_ACCOUNT

KEPT: Final = 10_000
"""How many closed orders, fills and prevented matches an account remembers, of each."""

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,36}")
_ASSET: Final = re.compile(r"[A-Z0-9]{1,20}")
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_KEY_LENGTH: Final = 64
_FIRST_UID: Final = 354_937_868
_SHORTEST_ENTROPY: Final = 16

PublicKey = Ed25519PublicKey | RSAPublicKey


class AccountError(HftlibError):
    """Refuse what cannot be done with an account: it is unknown, or it has too little."""


class KeyKind(StrEnum):
    """Name the kinds of keys."""

    HMAC = "hmac"
    ED25519 = "ed25519"
    RSA = "rsa"
    COINBASE = "coinbase"


class NewKey(NamedTuple):
    """Hold a key as it is shown to its owner, once.

    `secret` is the HMAC secret, a private key in PEM form, or Coinbase's secret in base64; it is
    empty for a key that the owner registered with the public half only.
    """

    kind: KeyKind
    key: str
    secret: str = ""
    passphrase: str = ""


class ApiKey(NamedTuple):
    """Hold what the venue keeps of a key."""

    kind: KeyKind
    key: str
    account: "Account"
    secret: bytes = b""
    public: PublicKey | None = None
    passphrase: str = ""


class Balance:
    """Hold what an account has of one asset, in units of 1e-8."""

    __slots__ = ("free", "locked")

    def __init__(self, free: int = 0, locked: int = 0) -> None:
        self.free = free
        self.locked = locked


class Account:
    """Hold one account: balances, live orders, and the last closed ones and fills."""

    def __init__(self, name: str, owner: int, now_ns: int) -> None:
        """Open an empty account, known to the matching engine as `owner`."""
        self.name = name
        self.owner = owner
        self.uid = _FIRST_UID + owner
        self.updated_ns = now_ns
        self.balances: dict[str, Balance] = {}
        self.live: dict[tuple[str, int], AccountOrder] = {}
        self.closed: dict[tuple[str, int], AccountOrder] = {}
        self.fills: deque[Fill] = deque(maxlen=KEPT)
        self.prevented: deque[PreventedMatch] = deque(maxlen=KEPT)

    def balance(self, asset: str) -> Balance:
        """Return an asset's balance, which may be changed."""
        return self.balances.setdefault(asset, Balance())

    def order(self, symbol: str, order_id: int) -> AccountOrder | None:
        """Return an order of the account, live or closed."""
        return self.live.get((symbol, order_id)) or self.closed.get((symbol, order_id))

    def live_by_client_id(self, symbol: str, client_id: str) -> AccountOrder | None:
        """Return the live order that bears a client order id."""
        return _bearing(self.live_orders(symbol), client_id)

    def by_client_id(self, symbol: str, client_id: str) -> AccountOrder | None:
        """Return the newest order that bears a client order id, a live one before all others."""
        closed = (one for one in reversed(self.closed.values()) if one.listing.symbol == symbol)
        return self.live_by_client_id(symbol, client_id) or _bearing(closed, client_id)

    def live_orders(self, symbol: str | None = None) -> list[AccountOrder]:
        """Return the live orders, oldest first, of one symbol or of all."""
        return [one for one in self.live.values() if symbol in (None, one.listing.symbol)]

    def orders(self, symbol: str) -> list[AccountOrder]:
        """Return every order that is remembered of a symbol, by its id."""
        closed = [one for one in self.closed.values() if one.listing.symbol == symbol]
        return sorted(closed + self.live_orders(symbol), key=lambda one: one.order_id)

    def open(self, order: AccountOrder) -> None:
        """Follow a new order."""
        self.live[order.listing.symbol, order.order_id] = order

    def close(self, order: AccountOrder) -> None:
        """Move an order to the history, which forgets its oldest one when it is full."""
        key = (order.listing.symbol, order.order_id)
        self.closed[key] = self.live.pop(key)
        if len(self.closed) > KEPT:
            del self.closed[next(iter(self.closed))]

    def clear(self) -> None:
        """Forget balances, orders and fills."""
        self.balances.clear()
        self.live.clear()
        self.closed.clear()
        self.fills.clear()
        self.prevented.clear()


def _bearing(orders: Iterable[AccountOrder], client_id: str) -> AccountOrder | None:
    return next((one for one in orders if one.client_id == client_id), None)


class Watcher(Protocol):
    """Hear what happens to accounts outside of trading."""

    def deposited(self, account: Account, asset: str, units: int, now_ns: int) -> None:
        """Hear that `units` came in (or, below zero, were taken out)."""

    def resetting(self, account: Account, now_ns: int) -> None:
        """Cancel the account's orders, which is about to be emptied."""


class Accounts:
    """Hold all accounts and their keys."""

    def __init__(self) -> None:
        """Begin without accounts."""
        self.watchers: list[Watcher] = []
        self.fees: dict[str, int] = {}
        self.street: dict[str, int] = {}
        self.deposits: dict[str, int] = {}
        listed = [one.instrument for one in LISTINGS if one.venue == BINANCE]
        self.assets: Final = tuple(
            dict.fromkeys([one.base for one in listed] + [one.quote for one in listed])
        )
        self._accounts: dict[str, Account] = {}
        self._owners: dict[int, Account] = {}
        self._keys: dict[str, ApiKey] = {}

    # What the control interface asks for.

    def create_account(
        self,
        name: str,
        balances: Mapping[str, str],
        kinds: Iterable[str],
        entropy: bytes,
        now_ns: int,
    ) -> list[NewKey]:
        """Open an account with balances (asset to decimal text) and a key of each kind.

        The keys come from `entropy`, at least 16 bytes drawn by the caller; secrets are shown
        here and never again. Raises AccountError when the name is taken or anything is malformed.
        """
        amounts = _amounts(balances)
        wanted = [_kind(one) for one in kinds]
        if _NAME.fullmatch(name) is None:
            raise AccountError(f"an account's name has 1 to 36 letters, digits, _ . or -: {name!r}")
        if name in self._accounts:
            raise AccountError(f"there is an account {name!r} already")
        if len(entropy) < _SHORTEST_ENTROPY:
            raise AccountError(f"keys need at least {_SHORTEST_ENTROPY} bytes of entropy")
        account = Account(name, FIRST_ACCOUNT + len(self._accounts), now_ns)
        self._accounts[name] = account
        self._owners[account.owner] = account
        for asset, units in amounts.items():
            self._bring(account, asset, units)
        return [
            self._new_key(account, kind, hashlib.sha512(entropy + b"/%d" % at).digest())
            for at, kind in enumerate(wanted)
        ]

    def register_key(self, name: str, public_pem: str, entropy: bytes) -> NewKey:
        """Add a key by its public half (Ed25519 or RSA, PEM). Raises AccountError."""
        account = self.account(name)
        try:
            public = serialization.load_pem_public_key(public_pem.encode())
        except (ValueError, TypeError) as error:
            raise AccountError("the public key is no PEM text of a key") from error
        if isinstance(public, Ed25519PublicKey):
            kind = KeyKind.ED25519
        elif isinstance(public, RSAPublicKey):
            kind = KeyKind.RSA
        else:
            raise AccountError("a public key is of the kind Ed25519 or RSA")
        key = _text_of(hashlib.sha512(entropy + public_pem.encode()).digest(), _KEY_LENGTH)
        self._keys[key] = ApiKey(kind, key, account, public=public)
        return NewKey(kind, key)

    def deposit(self, name: str, asset: str, amount: str, now_ns: int) -> None:
        """Add to a free balance; a negative amount is taken out. Raises AccountError."""
        account = self.account(name)
        if _ASSET.fullmatch(asset) is None:
            raise AccountError(f"no asset is called {asset!r}")
        units = _units(amount)
        held = account.balances.get(asset, Balance())
        if held.free + units < 0:
            raise AccountError(f"{name} has too little free {asset}")
        self._bring(account, asset, units)
        account.updated_ns = now_ns
        for watcher in self.watchers:
            watcher.deposited(account, asset, units, now_ns)

    def reset(self, name: str, balances: Mapping[str, str], now_ns: int) -> None:
        """Cancel an account's orders, forget its history and give it other balances.

        Its keys stay. Raises AccountError.
        """
        account = self.account(name)
        amounts = _amounts(balances)
        for watcher in self.watchers:
            watcher.resetting(account, now_ns)
        changes = {asset: -held.free for asset, held in account.balances.items()}
        for asset, units in amounts.items():
            changes[asset] = changes.get(asset, 0) + units
        account.clear()
        account.updated_ns = now_ns
        for asset, units in changes.items():
            account.balance(asset).free = amounts.get(asset, 0)
            self.deposits[asset] = self.deposits.get(asset, 0) + units
            for watcher in self.watchers:
                watcher.deposited(account, asset, units, now_ns)

    def __iter__(self) -> Iterator[Account]:
        """Go over the accounts in the order in which they were opened."""
        return iter(self._accounts.values())

    def account(self, name: str) -> Account:
        """Return an account by its name. Raises AccountError when there is none."""
        if name not in self._accounts:
            raise AccountError(f"there is no account {name!r}")
        return self._accounts[name]

    def keys(self, name: str) -> list[tuple[KeyKind, str]]:
        """Return kind and public part of an account's keys."""
        account = self.account(name)
        return [(one.kind, one.key) for one in self._keys.values() if one.account is account]

    # What the venues ask for.

    def owner(self, owner: int) -> Account:
        """Return the account that the matching engine knows as `owner`. Raises KeyError."""
        return self._owners[owner]

    def key(self, key: str) -> ApiKey | None:
        """Return a key of Binance's kinds."""
        found = self._keys.get(key)
        return None if found is None or found.kind is KeyKind.COINBASE else found

    def coinbase_key(self, key: str) -> tuple[str, str] | None:
        """Return secret (base64) and passphrase of one of Coinbase's keys."""
        found = self._keys.get(key)
        if found is None or found.kind is not KeyKind.COINBASE:
            return None
        return found.secret.decode(), found.passphrase

    def take_fee(self, asset: str, units: int) -> None:
        """Add a fee to what the venue earned."""
        self.fees[asset] = self.fees.get(asset, 0) + units

    def street_pays(self, asset: str, units: int) -> None:
        """Move units from the other side of the market, which may owe."""
        self.street[asset] = self.street.get(asset, 0) - units

    def _bring(self, account: Account, asset: str, units: int) -> None:
        account.balance(asset).free += units
        self.deposits[asset] = self.deposits.get(asset, 0) + units

    def _new_key(self, account: Account, kind: KeyKind, seed: bytes) -> NewKey:
        key = _text_of(hashlib.sha512(seed + b"/key").digest(), _KEY_LENGTH)
        secret = hashlib.sha512(seed + b"/secret").digest()
        if kind is KeyKind.COINBASE:
            shown = base64.b64encode(secret).decode()
            made = NewKey(kind, key[:32].lower(), shown, _text_of(seed, 12).lower())
            kept = ApiKey(kind, made.key, account, shown.encode(), passphrase=made.passphrase)
        elif kind is KeyKind.ED25519:
            private = Ed25519PrivateKey.from_private_bytes(secret[:32])
            pem = private.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            made = NewKey(kind, key, pem.decode())
            kept = ApiKey(kind, key, account, public=private.public_key())
        else:
            made = NewKey(kind, key, _text_of(secret, _KEY_LENGTH))
            kept = ApiKey(kind, key, account, made.secret.encode())
        self._keys[made.key] = kept
        return made


def _text_of(digest: bytes, length: int) -> str:
    """Return letters and digits for a digest, a little under six bits of it in each."""
    number = int.from_bytes(digest, "big")
    letters = []
    for _ in range(length):
        number, at = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[at])
    return "".join(letters)


def _kind(text: str) -> KeyKind:
    made = (KeyKind.HMAC, KeyKind.ED25519, KeyKind.COINBASE)
    try:
        kind = KeyKind(text)
    except ValueError:
        kind = KeyKind.RSA
    if kind not in made:
        raise AccountError(f"keys are made of the kinds {', '.join(made)}: {text!r}")
    return kind


def _units(text: str) -> int:
    """Return an amount as units. Raises AccountError when it is no decimal of 8 places."""
    try:
        return to_units(text, ASSET_DECIMALS)
    except DecimalError as error:
        raise AccountError(f"no amount: {error}") from error


def _amounts(balances: Mapping[str, str]) -> dict[str, int]:
    amounts = {}
    for asset, text in balances.items():
        units = _units(text)
        if _ASSET.fullmatch(asset) is None or units < 0:
            raise AccountError(f"no balance: {asset!r} {text!r}")
        amounts[asset] = units
    return amounts
