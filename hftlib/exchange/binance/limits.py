"""Binance's limits: weight and requests by address, unfilled orders by account, bans.

Windows follow the wall clock: the minute's counter is empty again when the next minute begins.
An address that goes on after a 429 is banned, for two minutes first, and twice as long each
time, up to three days. How many requests it takes is not documented; it is a setting here.
"""

from typing import Final, NamedTuple

from hftlib.exchange.binance.refusal import BinanceError

SECOND_NS: Final = 1_000_000_000
CONNECTION_WEIGHT: Final = 2
_FIRST_BAN_NS: Final = 120 * SECOND_NS
_LONGEST_BAN_NS: Final = 3 * 86_400 * SECOND_NS
_MOST_ADDRESSES: Final = 10_000
_TAKER_CREDIT: Final = 1
_MAKER_CREDIT: Final = 5
_INTERVALS: Final = {"SECOND": SECOND_NS, "MINUTE": 60 * SECOND_NS, "DAY": 86_400 * SECOND_NS}


class RateLimit(NamedTuple):
    """Describe one limit as exchangeInfo does."""

    kind: str
    interval: str
    number: int
    limit: int

    @property
    def window_ns(self) -> int:
        """Return the window's length."""
        return self.number * _INTERVALS[self.interval]

    @property
    def header(self) -> str:
        """Return how headers name the window: 10S, 1M, 1D."""
        return f"{self.number}{self.interval[0]}"

    def described(self, count: int | None = None) -> dict[str, str | int]:
        """Return the limit as the venue writes it, with its count where one is told."""
        described: dict[str, str | int] = {
            "rateLimitType": self.kind,
            "interval": self.interval,
            "intervalNum": self.number,
            "limit": self.limit,
        }
        return described if count is None else {**described, "count": count}


REQUEST_WEIGHT: Final = RateLimit("REQUEST_WEIGHT", "MINUTE", 1, 6_000)
ORDERS: Final = (
    RateLimit("ORDERS", "SECOND", 10, 100),
    RateLimit("ORDERS", "DAY", 1, 200_000),
)
RAW_REQUESTS: Final = RateLimit("RAW_REQUESTS", "MINUTE", 5, 300_000)
CONNECTIONS: Final = RateLimit("CONNECTIONS", "MINUTE", 5, 300)
RATE_LIMITS: Final = (REQUEST_WEIGHT, *ORDERS, RAW_REQUESTS)
"""What exchangeInfo tells, in its order."""


class _Window:
    """Count within one window of the wall clock."""

    __slots__ = ("count", "limit", "number")

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self.number = -1
        self.count = 0

    def at(self, now_ns: int) -> int:
        """Return the count of the window that holds `now_ns`."""
        number = now_ns // self.limit.window_ns
        if number != self.number:
            self.number, self.count = number, 0
        return self.count

    def add(self, number: int, now_ns: int) -> int:
        """Add to the count, which never falls below 0, and return it."""
        self.count = max(self.at(now_ns) + number, 0)
        return self.count

    def end_ns(self, now_ns: int) -> int:
        """Return when the window is over."""
        return (now_ns // self.limit.window_ns + 1) * self.limit.window_ns


class _Address:
    """Hold what one address has used."""

    __slots__ = ("ban_ns", "banned_until_ns", "connections", "defiance", "requests", "weight")

    def __init__(self, weight: RateLimit) -> None:
        self.weight = _Window(weight)
        self.requests = _Window(RAW_REQUESTS)
        self.connections = _Window(CONNECTIONS)
        self.defiance = _Window(weight)
        self.banned_until_ns = 0
        self.ban_ns = _FIRST_BAN_NS


class Limits:
    """Count what addresses and accounts use, and refuse what is too much."""

    def __init__(self, weight: int = REQUEST_WEIGHT.limit, patience: int = 30) -> None:
        """Allow `weight` a minute; ban after `patience` refused requests within one minute."""
        self.weight_limit: Final = REQUEST_WEIGHT._replace(limit=weight)
        self._patience = patience
        self._addresses: dict[str, _Address] = {}
        self._orders: dict[int, tuple[_Window, ...]] = {}

    def charge(self, address: str, weight: int, now_ns: int) -> None:
        """Count a request. Raises BinanceError (429, 418) when it is one too many."""
        held = self._address(address)
        self._refuse_banned(held, now_ns)
        used = held.weight.add(weight, now_ns)
        requests = held.requests.add(1, now_ns)
        if used > self.weight_limit.limit:
            text = (
                f"Too much request weight used; current limit is {self.weight_limit.limit} "
                "request weight per 1 MINUTE. Please use WebSocket Streams for live updates to "
                "avoid polling the API."
            )
            raise self._too_many(held, held.weight, text, now_ns)
        if requests > RAW_REQUESTS.limit:
            raise self._too_many(held, held.requests, "Too many requests queued.", now_ns)

    def give_back(self, address: str, weight: int, now_ns: int) -> None:
        """Take a request's weight off again: an accepted order costs nothing."""
        self._address(address).weight.add(-weight, now_ns)

    def connect(self, address: str, weight: int, now_ns: int) -> None:
        """Count a handshake. Raises BinanceError (429, 418) when it is one too many."""
        self.charge(address, weight, now_ns)
        held = self._address(address)
        if held.connections.add(1, now_ns) > CONNECTIONS.limit:
            raise self._too_many(held, held.connections, "Too many requests queued.", now_ns)

    def is_banned(self, address: str, now_ns: int) -> bool:
        """Say whether an address is banned."""
        return now_ns < self._address(address).banned_until_ns

    def used(self, address: str, now_ns: int) -> int:
        """Return the weight that an address has used in this minute."""
        return self._address(address).weight.at(now_ns)

    def check_orders(self, owner: int, now_ns: int) -> None:
        """Refuse a new order where too many stand unfilled. Raises BinanceError (429)."""
        for window in self._windows(owner):
            limit = window.limit
            if window.at(now_ns) >= limit.limit:
                text = (
                    f"Too many new orders; current limit is {limit.limit} orders per "
                    f"{limit.number} {limit.interval}."
                )
                raise BinanceError(-1015, text, 429)

    def count_order(self, owner: int, now_ns: int) -> None:
        """Count a new order."""
        for window in self._windows(owner):
            window.add(1, now_ns)

    def count_first_fill(self, owner: int, is_maker: bool, now_ns: int) -> None:
        """Take an order off the count when it first fills; a maker's counts for five."""
        for window in self._windows(owner):
            window.add(-(_MAKER_CREDIT if is_maker else _TAKER_CREDIT), now_ns)

    def order_counts(self, owner: int, now_ns: int) -> list[tuple[RateLimit, int]]:
        """Return an account's counts of unfilled orders."""
        return [(one.limit, one.at(now_ns)) for one in self._windows(owner)]

    def orders_retry_ns(self, owner: int, now_ns: int) -> int:
        """Return when the account may place orders again."""
        full = [one for one in self._windows(owner) if one.at(now_ns) >= one.limit.limit]
        return max((one.end_ns(now_ns) for one in full), default=now_ns)

    def retry_ns(self, address: str, now_ns: int) -> int:
        """Return when the address may go on: after its ban, or with the next minute."""
        held = self._address(address)
        return max(held.banned_until_ns, held.weight.end_ns(now_ns))

    def clear(self) -> None:
        """Forget what was counted and lift every ban."""
        self._addresses.clear()
        self._orders.clear()

    def _address(self, address: str) -> _Address:
        held = self._addresses.get(address)
        if held is None:
            if len(self._addresses) >= _MOST_ADDRESSES:
                del self._addresses[next(iter(self._addresses))]
            held = self._addresses[address] = _Address(self.weight_limit)
        return held

    def _windows(self, owner: int) -> tuple[_Window, ...]:
        if owner not in self._orders:
            self._orders[owner] = tuple(_Window(one) for one in ORDERS)
        return self._orders[owner]

    def _refuse_banned(self, held: _Address, now_ns: int) -> None:
        left_ns = held.banned_until_ns - now_ns
        if left_ns > 0:
            raise BinanceError(
                -1003,
                "Way too much request weight used; IP banned until "
                f"{held.banned_until_ns // 1_000_000}. Please use WebSocket Streams for live "
                "updates to avoid bans.",
                418,
                {"Retry-After": str(_seconds(left_ns))},
            )

    def _too_many(self, held: _Address, window: _Window, text: str, now_ns: int) -> BinanceError:
        if held.defiance.add(1, now_ns) > self._patience:
            held.banned_until_ns = now_ns + held.ban_ns
            held.ban_ns = min(2 * held.ban_ns, _LONGEST_BAN_NS)
        left_ns = window.end_ns(now_ns) - now_ns
        return BinanceError(-1003, text, 429, {"Retry-After": str(_seconds(left_ns))})


def _seconds(left_ns: int) -> int:
    """Return whole seconds, the last one begun counted in full."""
    return -(-left_ns // SECOND_NS)
