"""The messages of the desk's API: one definition that the server encodes and clients decode.

Prices and sizes are decimal text, never floats; stamps named ts_* are integer nanoseconds UTC,
fields named *_ms epoch milliseconds. What is not known is None.
"""

from typing import Final

import msgspec

from hftlib.core.states import BookState, Source

API_PREFIX: Final = "/api/v1"
DEFAULT_PORT: Final = 8765


class ErrorReply(msgspec.Struct, frozen=True):
    """Say what was wrong with a request: a code to test for and a sentence to read."""

    code: str
    message: str


class ClockReply(msgspec.Struct, frozen=True):
    """Tell where the run's clock stands and how it moves; `speed` 0 means as fast as possible."""

    time_ms: float
    start_ms: float
    end_ms: float
    speed: float
    paused: bool
    ended: bool = False
    loop: bool = False
    seeking: bool = False


class MessageAge(msgspec.Struct, frozen=True):
    """Tell ts_recv - ts_event of the last messages in milliseconds; None before the first."""

    p50: float | None
    p99: float | None


class Statistics(msgspec.Struct, frozen=True):
    """Carry a venue's 24 h figures; one that the venue did not send is None.

    `change_24h_pct` is in per cent of the opening price; volumes are in base and quote units.
    """

    last: float | None = None
    change_24h: float | None = None
    change_24h_pct: float | None = None
    high: float | None = None
    low: float | None = None
    volume_base: float | None = None
    volume_quote: float | None = None


class Description(msgspec.Struct, frozen=True):
    """Say what a binary feed shows; row r of its heatmap covers ticks [r, r + 1) * row_ticks."""

    venue: str
    symbol: str
    base: str
    quote: str
    source: Source
    origin: str
    price_decimals: int
    tick: str
    size_decimals: int
    row_ticks: int
    rows: int
    column_ms: int


class Status(msgspec.Struct, frozen=True):
    """Tell the state of one book and of its feed, with features and the run's clock."""

    state: BookState
    verified: bool
    reason: str
    state_since_ms: float | None
    source: Source
    origin: str
    age_ms: float | None
    frames: int
    frames_per_s: float
    gaps: int
    resyncs: int
    decode_errors: int
    dropped_before_sync: int
    unknown_deletes: int
    crossed: int
    message_age_ms: MessageAge
    features: dict[str, float | None]
    statistics: Statistics | None
    clock: ClockReply | None
    bid_levels: int
    ask_levels: int
    last_update_id: int
