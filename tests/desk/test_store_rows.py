"""Rows of the store against what the engine itself says at the same moments."""

from functools import partial

import msgspec
import numpy as np
import pytest

from hftlib.core.events import Candle, FeedStatus, Trade
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.states import BookState, FeedCondition, Source
from hftlib.desk.latency import Latency
from hftlib.desk.run import Run
from hftlib.desk.store_rows import TOP_LEVELS, StoreRows
from hftlib.engine.engine import Engine
from hftlib.engine.facts import BookFact
from hftlib.engine.stopwatch import STAGES
from hftlib.features.catalogue import NAMES
from hftlib.features.layout import HOT_COUNT
from hftlib.io.store.arrow import arrow_of
from hftlib.io.store.backlog import OpenBlock
from hftlib.io.store.messages import Rows, to_store
from hftlib.io.store.schema import WrittenBy
from hftlib.io.store.tables import TABLES
from hftlib.signals.signal import Signal, SignalSide
from hftlib.wire.messages import GcPauses, Health
from tests.desk_support.recording import INSTRUMENTS, START_NS, STEP_NS, SYMBOL, VENUE, frames

STEPS = 700
SECOND = 1_000_000_000
WRITTEN_BY = WrittenBy("desk", "run", "SIMULATED", 1)


class Collected:
    """Take rows as a writer does, and show them as the store would."""

    def __init__(self):
        self.rows = {}
        self.pieces = {}
        self.blocks = []
        self.cuts = 0

    def put_row(self, table, row):
        self.rows.setdefault(table, []).append(row)

    def block(self, table, shared):
        self.blocks.append(OpenBlock(TABLES[table], shared))
        return self.blocks[-1]

    def take_block(self, block):
        self.pieces.setdefault(block.table.name, []).append(to_store.decode(block.taken()[4:]))

    def drop_block(self, block):
        if block.count:
            self.take_block(block)
        self.blocks.remove(block)

    def cut(self):
        self.cuts += 1

    def shown(self, table):
        """Return the rows of a table; they must fit it."""
        pieces = list(self.pieces.get(table, []))
        rows = self.rows.get(table, [])
        if rows:
            pieces.append(Rows(len(rows), list(zip(*rows, strict=True))))
        return arrow_of(TABLES[table], pieces, WRITTEN_BY).to_pylist()


def run_of():
    return Run(partial(Engine, INSTRUMENTS), Source.SIMULATED, "test")


@pytest.fixture
def run():
    return run_of()


@pytest.fixture
def taken():
    return Collected()


def status(condition, *, count=1, symbol=SYMBOL):
    return FeedStatus(VENUE, "ws-1", symbol, None, START_NS, condition, "why", count)


def note(rows, *facts, seq=0):
    rows.note(Frame(seq, START_NS, VENUE, "ws-1", FrameKind.WS, b""), list(facts))


def test_every_update_of_a_live_book_is_a_row_of_its_features(run, taken):
    rows, expected = StoreRows(run, taken), []
    for frame in frames(STEPS):
        facts = run.feed(frame)
        rows.note(frame, facts)
        for fact in facts:
            if isinstance(fact, BookFact) and fact.state is BookState.LIVE:
                floats = run.engine.measurers[fact.venue, fact.symbol].floats
                stamps = (fact.ts_event, fact.ts_recv, frame.ingress_seq, fact.last_update_id)
                hot = [None if value != value else value for value in floats[:HOT_COUNT].tolist()]
                expected.append((stamps, hot))
    rows.end()
    shown = taken.shown("features_event")
    assert len(expected) > 512  # one block has been full
    # The book comes to life within one frame: its two facts are one row.
    by_frame = {stamps[2]: (stamps, hot) for stamps, hot in expected}
    assert len(shown) == len(by_frame)
    for row, (stamps, hot) in zip(shown, by_frame.values(), strict=True):
        told = (row["ts_event"], row["ts_recv"])
        assert tuple(None if one is None else one.value for one in told) == stamps[:2]
        assert (row["ingress_seq"], row["last_update_id"]) == stamps[2:]
        assert [row[name] for name in NAMES[:HOT_COUNT]] == hot
    assert {row["symbol"] for row in shown} == {SYMBOL}
    assert taken.blocks == []


def test_without_event_features_no_update_is_a_row(run, taken):
    rows = StoreRows(run, taken, event_features=False)
    for frame in frames(20):
        rows.note(frame, run.feed(frame))
    rows.end()
    assert taken.pieces == {}
    assert "trades" in taken.rows


def test_a_book_that_is_not_live_has_no_features_and_its_moves_are_told(run, taken):
    rows = StoreRows(run, taken)
    *all_but_last, last = frames(20)
    for frame in all_but_last:
        rows.note(frame, run.feed(frame))
    closed = Frame(last.ingress_seq, last.ts_recv, VENUE, "ws-1", FrameKind.CLOSED, b"cut")
    rows.note(closed, run.feed(closed))
    rows.second(last.ts_recv + SECOND)
    moves = [row for row in taken.shown("feed_status") if row["condition"] == "BOOK"]
    assert [move["state"] for move in moves] == ["LIVE", "DOWN"]
    (features,) = taken.shown("features_1s")
    assert features["state"] == "DOWN"
    assert all(features[name] is None for name in NAMES)
    (book,) = taken.shown("books_1s")
    assert (book["bid_ticks"], book["ask_quanta"]) == ([], [])
    assert book["ts_recv"].value == last.ts_recv + SECOND


def test_each_second_has_the_whole_vector_and_the_best_levels(run, taken):
    rows = StoreRows(run, taken)
    for frame in frames(50):
        rows.note(frame, run.feed(frame))
    rows.second(run.now_ns)
    (features,) = taken.shown("features_1s")
    vector = run.engine.vector_of(VENUE, SYMBOL)
    assert {name: features[name] for name in NAMES} == vector.as_dict()
    (shown,) = taken.shown("books_1s")
    book = run.engine.books[VENUE, SYMBOL]
    assert (shown["bid_ticks"][0], shown["bid_quanta"][0]) == book.best_bid
    assert (shown["ask_ticks"][0], shown["ask_quanta"][0]) == book.best_ask
    assert len(shown["bid_ticks"]) == len(shown["ask_quanta"]) == TOP_LEVELS
    assert np.all(np.diff(shown["bid_ticks"]) < 0)
    assert np.all(np.diff(shown["ask_ticks"]) > 0)
    assert (shown["price_increment"], shown["size_quantum"]) == ("0.01", "0.00000001")
    assert shown["bid_levels"] == book.bid_levels


def test_trades_are_exact_and_have_both_stamps(run, taken):
    rows, trades = StoreRows(run, taken), []
    for frame in frames(20):
        facts = run.feed(frame)
        trades += [fact for fact in facts if isinstance(fact, Trade)]
        rows.note(frame, facts)
    shown = taken.shown("trades")
    assert len(shown) == len(trades) == 4
    for row, trade in zip(shown, trades, strict=True):
        assert row["ts_event"].value == trade.ts_event
        assert row["ts_recv"].value == trade.ts_recv
        told = (row["trade_id"], row["price_ticks"], row["size_quanta"], row["side"])
        assert told == (trade.trade_id, trade.price_ticks, trade.size_quanta, trade.side.value)


def test_what_comes_with_every_other_frame_is_counted_once_a_second(run, taken):
    rows = StoreRows(run, taken)
    note(rows, *(status(FeedCondition.HEARTBEAT) for _ in range(5)))
    note(rows, status(FeedCondition.GAP), status(FeedCondition.DUPLICATE, count=3))
    assert [row["condition"] for row in taken.shown("feed_status")] == ["GAP"]
    rows.second(START_NS + SECOND)
    rows.second(START_NS + 2 * SECOND)
    counted = {row["condition"]: row["count"] for row in taken.shown("feed_status")}
    assert counted == {"GAP": 1, "HEARTBEAT": 5, "DUPLICATE": 3}
    assert len(taken.rows["feed_status"]) == 3


def test_the_minute_that_has_passed_is_a_candle_made_of_trades(run, taken):
    rows = StoreRows(run, taken)
    for frame in frames(STEPS):
        rows.note(frame, run.feed(frame))
        if frame.ts_recv % SECOND == 0:
            rows.second(frame.ts_recv)
    minute = START_NS - START_NS % (60 * SECOND)
    (candle,) = [row for row in taken.shown("candles") if row["ts_open"].value == minute]
    assert (candle["origin"], candle["interval"]) == ("trades", "1m")
    assert candle["ts_close"].value == minute + 60 * SECOND
    until = (minute + 60 * SECOND - START_NS) // STEP_NS
    assert candle["trades"] == len(
        [one for one in range(5, STEPS) if one % 5 == 0 and one <= until]
    )
    assert candle["volume_quanta"] == candle["buy_quanta"] == candle["trades"] * 1_000_000


def candle(*, closed):
    stamps = (START_NS, START_NS + SECOND)
    prices = (100, 110, 90, 105)
    return Candle(VENUE, SYMBOL, None, START_NS, "ONE_MINUTE", *stamps, *prices, 7, closed)


def test_a_venues_candle_is_stored_once_it_is_closed(run, taken):
    rows = StoreRows(run, taken)
    note(rows, candle(closed=False), candle(closed=True))
    (shown,) = taken.shown("candles")
    assert (shown["origin"], shown["interval"], shown["high_ticks"]) == ("venue", "1m", 110)
    assert shown["trades"] is None


def test_a_signal_is_stored_with_its_reason_and_the_mid_of_its_moment(run, taken):
    rows = StoreRows(run, taken)
    for frame in frames(20):
        run.feed(frame)
    side = SignalSide.BUY
    told = Signal(VENUE, SYMBOL, None, START_NS, "imbalance", side, 0.3, 0.9, 1.5, "thick bids")
    note(rows, told, seq=77)
    (shown,) = taken.shown("signals")
    assert (shown["signal"], shown["side"], shown["score"]) == ("imbalance", "BUY", 0.3)
    assert (shown["ingress_seq"], shown["reason"]) == (77, "thick bids")
    assert shown["mid"] == run.engine.measurers[VENUE, SYMBOL].value("mid")


def test_latencies_are_a_row_for_each_stage_that_was_reached(run, taken):
    now_ns = [START_NS]
    latency = Latency(lambda: now_ns[0])
    for duration in (100, 200, 300):
        latency.begin(START_NS)
        now_ns[0] = START_NS + duration
        latency.mark(0)
    recent = latency.take_recent()
    histogram = recent[STAGES[0]]
    StoreRows(run, taken).latency(START_NS, recent)
    (shown,) = taken.shown("latency")
    assert (shown["stage"], shown["count"], sum(shown["counts"])) == (STAGES[0], 3, 3)
    assert shown["p50_ns"] == histogram.quantile_ns(0.5)
    assert shown["max_ns"] == histogram.longest_ns
    assert len(shown["edges_ns"]) == len(shown["counts"])


def test_health_is_stored_whole(run, taken):
    health = Health(
        *("running", 0, 0, "", "1.0", 1, Source.SIMULATED, "x", 1.0, None, 0, 0, 0),
        GcPauses(0, 0.0, 0.0),
        condition="DEGRADED",
        reasons=["store is DOWN"],
    )
    StoreRows(run, taken).health(START_NS, health, 5)
    (shown,) = taken.shown("health")
    assert (shown["condition"], shown["reasons"]) == ("DEGRADED", ["store is DOWN"])
    assert msgspec.json.decode(shown["report"], type=Health) == health


def test_any_other_row_is_handed_on(run, taken):
    StoreRows(run, taken).add("health", ("row",))
    assert taken.rows == {"health": [("row",)]}


def test_a_run_that_begins_anew_is_followed_to_its_new_engine(run, taken):
    rows = StoreRows(run, taken)
    for frame in frames(20):
        rows.note(frame, run.feed(frame))
    before = len(taken.pieces.get("features_event", []))
    run.restart(START_NS)
    for frame in frames(30):
        rows.note(frame, run.feed(frame))
    rows.end()
    assert len(taken.pieces["features_event"]) == before + 2
    first, second = (piece.count for piece in taken.pieces["features_event"])
    assert second == first + 10
