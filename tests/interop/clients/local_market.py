"""The local market as a script sees it: accounts, and the engine's own books. Standard library."""

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

WAITS = 100
WAIT_SECONDS = 0.02
"""How long to wait for a time that the market has not reached yet."""

Levels = list[tuple[Decimal, Decimal]]
"""Price and size of each level, best first."""


class NotKeptError(RuntimeError):
    """Say that a book is too old, or has not come yet."""


class Keys(NamedTuple):
    """Hold what signs an account's requests."""

    kind: str
    key: str
    secret: str
    passphrase: str = ""


class Book(NamedTuple):
    """Hold a book as the engine had it."""

    update_id: int
    time_ns: int
    bids: Levels
    asks: Levels


def levels(rows: Iterable[Iterable[Any]]) -> Levels:
    """Return rows of price and size as exact numbers; floats by their shortest text."""
    return [(Decimal(str(price)), Decimal(str(size))) for price, size, *_ in rows]


class LocalMarket:
    """Speak to the control API."""

    def __init__(self, setup: dict[str, Any]) -> None:
        self.control = setup["control"]
        self._accounts = 0
        self._prefix = f"interop-{os.getpid()}"

    def _call(self, method: str, path: str, body: object = None, **query: object) -> Any:
        asked = {key: value for key, value in query.items() if value is not None}
        url = f"{self.control}{path}?{urllib.parse.urlencode(asked)}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            url, data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            kind = NotKeptError if "NOT_KEPT" in text else RuntimeError
            raise kind(f"{path}: {error.code} {text[:200]}") from error

    def account(self, balances: dict[str, Decimal], kind: str = "hmac") -> Keys:
        """Open an account with balances and one key: hmac, ed25519 or coinbase."""
        self._accounts += 1
        asked = {
            "name": f"{self._prefix}-{self._accounts}",
            "balances": {asset: f"{amount:f}" for asset, amount in balances.items()},
            "keys": [kind],
        }
        made = self._call("POST", "/control/accounts", asked)["keys"][0]
        return Keys(kind, made["key"], made["secret"], made.get("passphrase", ""))

    def book(
        self,
        venue: str,
        symbol: str,
        update_id: int | None = None,
        time_ns: int | None = None,
        depth: int | None = None,
    ) -> Book:
        """Return the engine's own book at an update id or a time; wait for it to come."""
        asked = {
            "venue": venue,
            "symbol": symbol,
            "update_id": update_id,
            "time_ns": time_ns,
            "depth": depth,
        }
        for _ in range(WAITS):
            try:
                found = self._call("GET", "/control/book", **asked)
                break
            except NotKeptError:
                time.sleep(WAIT_SECONDS)
        else:
            raise RuntimeError(f"the engine's book is not kept: {asked}")
        return Book(
            found["update_id"], found["time_ns"], levels(found["bids"]), levels(found["asks"])
        )

    def plant(self, kind: str, **spec: object) -> int:
        """Plant a fault; return its number."""
        return int(self._call("POST", "/control/faults", {"kind": kind, **spec})["fault"])

    def hits(self, fault: int) -> int:
        """Return how often a fault has hit."""
        faults = self._call("GET", "/control/faults")["faults"]
        return int(next(one["hits"] for one in faults if one["fault"] == fault))

    def connection_of(self, topic: str) -> str:
        """Return the venue's name of the connection that hears a stream of nobody else."""
        fault = self.plant("delay", topic=topic, seconds=0, count=1)
        for _ in range(WAITS * 5):
            for event in self._call("GET", "/control/faults/log")["events"]:
                if event["fault"] == fault:
                    return str(event["connection"])
            time.sleep(WAIT_SECONDS)
        raise RuntimeError(f"nobody hears {topic}")
