"""Example answers for the OpenAPI document: real shapes, and numbers of a recorded morning."""

from typing import Final

from hftlib.core.states import BookState, Side, Source
from hftlib.wire.messages import (
    BookReply,
    BookStanding,
    ClockReply,
    ConsolidatedGroup,
    ConsolidatedLevel,
    ConsolidatedReply,
    FeaturesReply,
    FeedReply,
    GcPauses,
    Health,
    InstrumentReply,
    MessageAge,
    SourceChoice,
    SourceReply,
    Statistics,
    StatisticsReply,
    Status,
    TradeReply,
    TradesReply,
    VenueReply,
)

_RECV: Final = 1_723_161_253_937_085_768
_EVENT: Final = 1_723_161_253_934_000_000
_ORIGIN: Final = "binance-spot-btc-20240808"

HEALTH: Final = Health(
    state="compiling",
    done=3,
    total=9,
    reason="",
    version="0.1.0",
    pid=4711,
    source=Source.TAPE,
    origin="tape:btc.tape",
    uptime_s=4.2,
    first_book_s=None,
    clients=0,
    topics=0,
    history_bytes=0,
    gc=GcPauses(0, 0.0, 0.0),
)

VENUE: Final = VenueReply("binance", ["BTCUSDT", "ETHUSDT"])

INSTRUMENT: Final = InstrumentReply(
    venue="binance",
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    price_increment="0.01",
    size_quantum="0.00000001",
    lot="0.00001",
    minimum_notional="5",
    multiplier="1",
    inverse=False,
    status="TRADING",
    origin="venue",
)

BOOK: Final = BookReply(
    venue="binance",
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    state=BookState.LIVE,
    reason="in sequence",
    state_since=_RECV - 1_000_000_000,
    verified=True,
    last_update_id=50_054_471_830,
    ts_event=_EVENT,
    ts_recv=_RECV,
    source=Source.TAPE,
    origin=_ORIGIN,
    bid_levels=1971,
    ask_levels=2962,
    bids=[("61830.00", "3.12"), ("61829.99", "0.0004")],
    asks=[("61830.01", "1.5"), ("61830.50", "0.25")],
)

CONSOLIDATED: Final = ConsolidatedReply(
    currency="USD",
    source=Source.TAPE,
    books=[
        BookStanding(
            venue="binance",
            symbol="BTCUSDT",
            quote="USDT",
            state=BookState.LIVE,
            reason="in sequence",
            verified=True,
            ts_event=_EVENT,
            ts_recv=_RECV,
            last_update_id=50_054_471_830,
        )
    ],
    groups=[
        ConsolidatedGroup(
            base="BTC",
            currency="USD",
            size_unit="coins",
            bids=[
                ConsolidatedLevel(
                    "binance", "BTCUSDT", "USDT", 1, "61830.00", "61817.634", "3.12", "3.12"
                )
            ],
            asks=[],
        )
    ],
)

FEATURES: Final = FeaturesReply(
    venue="binance",
    symbol="BTCUSDT",
    state=BookState.LIVE,
    ts_event=_EVENT,
    ts_recv=_RECV,
    last_update_id=50_054_471_830,
    source=Source.TAPE,
    features={"mid": 61830.005, "spread_ticks": 1.0, "vpin": None},
)

TRADES: Final = TradesReply(
    "binance",
    "BTCUSDT",
    Source.TAPE,
    [TradeReply(3_745_112_345, _EVENT, _RECV, "61830.01", "0.002", Side.BUY)],
)

CLOCK: Final = ClockReply(
    time_ms=_RECV / 1e6,
    start_ms=_RECV / 1e6 - 60_000,
    end_ms=_RECV / 1e6 + 600_000,
    speed=1.0,
    paused=False,
)

FEED: Final = FeedReply(
    "binance",
    "BTCUSDT",
    Status(
        state=BookState.LIVE,
        verified=True,
        reason="in sequence",
        state_since_ms=_RECV / 1e6 - 1000,
        source=Source.TAPE,
        origin=_ORIGIN,
        age_ms=12.5,
        frames=6493,
        frames_per_s=10.0,
        gaps=0,
        resyncs=0,
        decode_errors=0,
        dropped_before_sync=2,
        unknown_deletes=26140,
        crossed=0,
        message_age_ms=MessageAge(3.1, 9.8),
        features={"mid": 61830.005},
        statistics=None,
        clock=CLOCK,
        bid_levels=1971,
        ask_levels=2962,
        last_update_id=50_054_471_830,
    ),
)

STATISTICS: Final = StatisticsReply(
    "binance",
    "BTCUSDT",
    _EVENT,
    _RECV,
    Source.TAPE,
    Statistics(61830.01, 4200.0, 7.28, 62745.0, 54730.0, 45_310.2, 2.6e9),
)

SOURCE: Final = SourceReply(
    "incident:calm",
    1,
    [
        SourceChoice("auto", "Live where exchanges answer, else simulated", "Running"),
        SourceChoice("incident:news", "News", "Incidents"),
    ],
)

ALL: Final = (
    SOURCE,
    HEALTH,
    VENUE,
    INSTRUMENT,
    BOOK,
    CONSOLIDATED,
    FEATURES,
    TRADES,
    CLOCK,
    FEED,
    STATISTICS,
)
