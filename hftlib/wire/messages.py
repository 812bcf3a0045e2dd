"""The messages of the desk's API: one definition that the server encodes and clients decode.

Prices and sizes are decimal text, never floats; stamps named ts_* are integer nanoseconds UTC,
fields named *_ms epoch milliseconds. What is not known is None.
"""

from typing import Final

import msgspec

from hftlib.core.states import BookState, Side, Source

API_PREFIX: Final = "/api/v1"


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


class LaneStatus(msgspec.Struct, frozen=True):
    """Tell how one connection of a venue does; `state` is OPENING, OPEN, WAITING or CLOSED.

    `reason` says why it waits. `age_ms` is the time since it was last heard, None before that.
    """

    venue: str
    connection: str
    state: str
    reason: str
    symbols: list[str]
    frames: int
    reconnects: int
    opened_ms: float | None
    age_ms: float | None


class BudgetStatus(msgspec.Struct, frozen=True):
    """Tell how much of a venue's allowance for REST requests is used.

    `used` of `limit` in the venue's units within the window; `banned_until_ms` while it refuses
    every request, `trouble` in words while something is wrong.
    """

    venue: str
    used: float
    limit: float
    requests: int
    refused: int
    delayed: int
    banned_until_ms: float | None
    clock_offset_ms: float | None
    trouble: str


class TapeStatus(msgspec.Struct, frozen=True):
    """Tell how the tape of a live run does: bytes on the disk, frames written and frames lost."""

    path: str
    bytes: int
    frames: int
    lost: int
    queued_bytes: int
    rotations: int
    deleted: int
    trouble: str


class StoreStatus(msgspec.Struct, frozen=True):
    """Tell how the store does; `state` is OFF, STARTING, RUNNING, BEHIND or DOWN.

    Rows are `confirmed` once the store has them, `queued` until then, `delayed` when they had to be
    sent again, and `refused` when there was no room for them.
    """

    state: str
    where: str
    confirmed: int
    queued: int
    delayed: int
    refused: int
    trouble: str


class LedgerStatus(msgspec.Struct, frozen=True):
    """Tell how the ledger's database does: entries on the disk and the time of its last syncs."""

    path: str
    entries: int
    commits: int
    waiting: int
    sync_p50_ms: float | None
    sync_p99_ms: float | None
    trouble: str


class GcPauses(msgspec.Struct, frozen=True):
    """Tell how long the garbage collector stopped the desk, since its warm-up."""

    collections: int
    longest_ms: float
    total_ms: float


class Health(msgspec.Struct, frozen=True):
    """Tell how the desk is: `state` starting, compiling, loading, running, ended or failed.

    While it compiles, `done` of `total` kernels are ready. `reason` says why it failed, `note` why
    it shows another source than the one that was hoped for. Once it
    runs, `condition` is OK, DEGRADED or BROKEN, and `reasons` says in words what is amiss. The
    parts of a live run follow; a tape that is played has none.
    """

    state: str
    done: int
    total: int
    reason: str
    version: str
    pid: int
    source: Source
    origin: str
    uptime_s: float
    first_book_s: float | None
    clients: int
    topics: int
    history_bytes: int
    gc: GcPauses
    note: str = ""
    condition: str = "OK"
    reasons: list[str] = []
    lanes: list[LaneStatus] = []
    budgets: list[BudgetStatus] = []
    tape: TapeStatus | None = None
    store: StoreStatus | None = None
    ledger: LedgerStatus | None = None


class VenueReply(msgspec.Struct, frozen=True):
    """Name a venue of the run and its symbols."""

    venue: str
    symbols: list[str]


class InstrumentReply(msgspec.Struct, frozen=True):
    """Describe an instrument: increments as decimal text, and where they come from."""

    venue: str
    symbol: str
    base: str
    quote: str
    price_increment: str
    size_quantum: str
    lot: str
    minimum_notional: str
    multiplier: str
    inverse: bool
    status: str
    origin: str


Level = tuple[str, str]
"""Price and size as decimal text."""


class BookReply(msgspec.Struct, frozen=True):
    """Show one book, best levels first. Only a book in state LIVE is trusted."""

    venue: str
    symbol: str
    base: str
    quote: str
    state: BookState
    reason: str
    state_since: int | None
    verified: bool
    last_update_id: int
    ts_event: int | None
    ts_recv: int | None
    source: Source
    origin: str
    bid_levels: int
    ask_levels: int
    bids: list[Level]
    asks: list[Level]


class ConsolidatedLevel(msgspec.Struct, frozen=True):
    """Show one level of one venue; `level` counts from 1 within its group's side.

    `price` is the venue's own, in `quote`, `common_price` the same in the group's currency,
    `cumulative` all sizes of the side up to this level: exact decimal text.
    """

    venue: str
    symbol: str
    quote: str
    level: int
    price: str
    common_price: str
    size: str
    cumulative: str


class ConsolidatedGroup(msgspec.Struct, frozen=True):
    """Hold levels that can be compared: one base, one currency, one unit of size; best first."""

    base: str
    currency: str
    size_unit: str
    bids: list[ConsolidatedLevel]
    asks: list[ConsolidatedLevel]


class BookStanding(msgspec.Struct, frozen=True):
    """Tell how one book of several stands; only one in state LIVE lends levels."""

    venue: str
    symbol: str
    quote: str
    state: BookState
    reason: str
    verified: bool
    ts_event: int | None
    ts_recv: int | None
    last_update_id: int


class ConsolidatedReply(msgspec.Struct, frozen=True):
    """Show several books as groups of levels that can be compared.

    Without rates each quote currency has a group of its own: a USDT price and a USD price are
    different units. `currency` is the common one of the rates given. `books` holds every book
    asked for, those too that lend nothing because they are not LIVE.
    """

    currency: str | None
    source: Source
    books: list[BookStanding]
    groups: list[ConsolidatedGroup]


class FeaturesReply(msgspec.Struct, frozen=True):
    """Show the features of one book as they stand; one that is not defined now is None."""

    venue: str
    symbol: str
    state: BookState
    ts_event: int | None
    ts_recv: int | None
    last_update_id: int
    source: Source
    features: dict[str, float | None]


class TradeReply(msgspec.Struct, frozen=True):
    """Show one trade; `side` is the aggressor's."""

    trade_id: int
    ts_event: int | None
    ts_recv: int
    price: str
    size: str
    side: Side


class TradesReply(msgspec.Struct, frozen=True):
    """Show the last trades of one symbol, oldest first."""

    venue: str
    symbol: str
    source: Source
    trades: list[TradeReply]


class FeedReply(msgspec.Struct, frozen=True):
    """Tell how the feed of one book does: its state, counters and the age of its messages."""

    venue: str
    symbol: str
    status: Status


class StatisticsReply(msgspec.Struct, frozen=True):
    """Show a venue's own 24 h figures for one symbol, None where it sent none."""

    venue: str
    symbol: str
    ts_event: int | None
    ts_recv: int | None
    source: Source
    statistics: Statistics | None


class SourceChoice(msgspec.Struct, frozen=True):
    """Name a source that a desk can show, in words for a person, under a heading."""

    source: str
    label: str
    group: str


class SourceReply(msgspec.Struct, frozen=True):
    """Tell what a desk shows and what it could show.

    `generation` counts the sources shown so far: books and streams of another one are another
    run's.
    """

    source: str
    generation: int
    choices: list[SourceChoice]


class SourceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask the desk for another source: auto, live, testnet, local, incident:NAME or tape:PATH."""

    source: str


class BookRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask the desk to bring one more book, by the venue's own name of it."""

    venue: str
    symbol: str


class SeekRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask the run's clock to stand at `ts`, integer nanoseconds UTC."""

    ts: int


class SpeedRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for a speed: 0.1 to 50 times that of the recording, or 0 for as fast as possible."""

    speed: float


class StepRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask a paused run to take `events` events."""

    events: int = 1


class LoopRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask the run to begin again at its end, or to stop there."""

    loop: bool


class Endpoint(msgspec.Struct, frozen=True):
    """Tell where the desk of a data folder answers; written by the desk, read by clients.

    `token_file` is empty where no token is demanded.
    """

    url: str
    pid: int
    source: str
    token_file: str = ""
