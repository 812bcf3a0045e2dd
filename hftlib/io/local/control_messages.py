"""What goes over the control interface of a local market."""

from typing import Annotated

import msgspec
from msgspec import Meta

from hftlib.exchange.fault_kinds import FaultEvent, FaultState


class ErrorBody(msgspec.Struct, frozen=True):
    """Say why something was refused."""

    code: str
    message: str


class ScenarioName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Name a scenario."""

    name: str


class Scenarios(msgspec.Struct, frozen=True):
    """Tell which scenarios there are and which run."""

    running: list[str]
    known: list[str]


class NewAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for an account: balances as decimal text by asset, keys by kind."""

    name: str
    balances: dict[str, str] = {}
    keys: list[str] = msgspec.field(default_factory=lambda: ["hmac"])


class Deposit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for more of an asset; a negative amount is taken out."""

    asset: str
    amount: str


class Balances(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Give the balances with which an account begins anew."""

    balances: dict[str, str] = {}


class PublicKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Register a key by its public half, as PEM text."""

    public_pem: str


class VenueName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Name a venue."""

    venue: str


class Lifetime(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say after how many seconds a venue cuts a connection (0: after a day, as the venue does)."""

    seconds: Annotated[float, Meta(ge=0, le=864_000)]


class KeyShown(msgspec.Struct, frozen=True, omit_defaults=True):
    """Show a key; its secret only to whoever asked for it, once."""

    kind: str
    key: str
    secret: str = ""
    passphrase: str = ""


class BalanceShown(msgspec.Struct, frozen=True):
    """Show what an account has of an asset, as decimal text."""

    free: str
    locked: str


class AccountShown(msgspec.Struct, frozen=True):
    """Show an account."""

    name: str
    balances: dict[str, BalanceShown]
    keys: list[KeyShown]
    open_orders: int


class BookShown(msgspec.Struct, frozen=True):
    """Show the engine's own book: price and size as plain decimal text, best first."""

    venue: str
    symbol: str
    update_id: int
    time_ns: int
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]


class DigestsAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for digests of one book's best `depth` levels (null: all), at update ids and times."""

    venue: str
    symbol: str
    update_ids: list[int] = []
    times_ns: list[int] = []
    depth: Annotated[int, Meta(ge=0)] | None = None


class Digests(msgspec.Struct, frozen=True):
    """Give digests (`truth.digest_of`, hexadecimal) as asked, ids first; null where not kept."""

    digests: list[str | None]


class VenueStatus(msgspec.Struct, frozen=True):
    """Tell of one venue: what is open, and what was served since the start."""

    is_up: bool
    connections: int
    connected: int
    requests: int
    frames: int
    bytes: int
    cut_slow: int


class MarketStatus(msgspec.Struct, frozen=True):
    """Tell how the market fares; times in ns, `cpu_s` of the process since its start."""

    addresses: dict[str, str]
    ca: str
    pid: int
    seed: int
    now_ns: int
    started_ns: int
    worst_lag_ns: int
    scenarios: list[str]
    venues: dict[str, VenueStatus]
    faults_planted: int
    faults_injected: dict[str, int]
    cpu_s: float
    resident_bytes: int | None


class Faults(msgspec.Struct, frozen=True):
    """Tell which faults are planted, or were, and which kinds there are."""

    faults: list[FaultState]
    kinds: dict[str, str]


class Planted(msgspec.Struct, frozen=True):
    """Give a planted fault's number."""

    fault: int


class Cleared(msgspec.Struct, frozen=True):
    """Tell how many faults were taken back."""

    cleared: int


class FaultLog(msgspec.Struct, frozen=True):
    """Tell what was injected, in order."""

    events: list[FaultEvent]


class AccountsShown(msgspec.Struct, frozen=True):
    """Show all accounts."""

    accounts: list[AccountShown]


class AccountMade(msgspec.Struct, frozen=True):
    """Give a new account's keys with their secrets, once."""

    name: str
    keys: list[KeyShown]


class LimitsReset(msgspec.Struct, frozen=True):
    """Name the venues whose limits were reset."""

    reset: list[str]


class LifetimeSet(msgspec.Struct, frozen=True):
    """Name the venues whose connections' lifetime was set."""

    set: list[str]


class Stopping(msgspec.Struct, frozen=True):
    """Tell that the market ends."""

    stopping: bool
