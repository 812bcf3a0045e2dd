"""Signals in the engine: from trusted books only, told at changes, kept in checkpoints."""

from hftlib.core.frames import Frame, FrameKind
from hftlib.core.states import BookState, FeedCondition
from hftlib.engine.engine import Engine
from hftlib.engine.hashing import RunHasher
from hftlib.engine.stopwatch import DECODED, FEATURED, SIGNALLED
from hftlib.signals.signal import Signal, SignalSide
from tests.engine.test_engine import BTC, ETH, KEY, SECOND, Venue, statuses

BUY, SELL, NEUTRAL = SignalSide.BUY, SignalSide.SELL, SignalSide.NEUTRAL


def sides(facts):
    return [fact.side for fact in facts if isinstance(fact, Signal)]


class Marks:
    """A stopwatch that writes down what it is told."""

    def __init__(self):
        self.stages = []

    def mark(self, stage):
        self.stages.append(stage)


class Narrow(Venue):
    """A venue whose book has a spread of one basis point."""

    def sync(self):
        self.depth(10, 12)
        return self.snapshot(10, [["100.00", "10"]], [["100.01", "1"]])


def test_a_book_that_becomes_live_speaks_at_once():
    venue = Narrow()
    assert sides(venue.depth(10, 12)) == []
    facts = venue.snapshot(10, [["100.00", "10"]], [["100.01", "1"]])
    assert sides(facts) == [BUY]
    (signal,) = [fact for fact in facts if isinstance(fact, Signal)]
    assert signal.ts_recv == venue.now
    assert signal.confidence == 0.95


def test_a_side_is_a_fact_where_it_changes():
    venue = Narrow()
    venue.sync()
    assert sides(venue.depth(13, 13, [["100.00", "11"]])) == []
    assert sides(venue.depth(14, 14, [["100.00", "1"]])) == [NEUTRAL]
    assert sides(venue.depth(15, 15, [], [["100.01", "9"]])) == [SELL]
    assert sides(venue.depth(16, 16, [["100.00", "0"], ["99.00", "1"]])) == [NEUTRAL]


def test_a_book_that_loses_its_trust_ends_its_signals():
    venue = Narrow()
    venue.sync()
    facts = venue.depth(20, 21, [["100.00", "9"]])
    assert venue.state is BookState.GAP
    (ended,) = [fact for fact in facts if isinstance(fact, Signal)]
    assert ended.side is NEUTRAL
    assert ended.reason.startswith("the book is GAP")
    assert sides(venue.send(FrameKind.CLOSED, b"gone")) == []


def test_silence_ends_signals_and_a_sign_of_life_speaks_again():
    venue = Narrow()
    venue.sync()
    venue.now += 31 * SECOND
    assert sides(venue.send(FrameKind.TIMER, b"", lane="other")) == [NEUTRAL]
    assert sides(venue.depth(13, 13, [["100.00", "11"]])) == [BUY]


def test_a_checkpoint_keeps_the_sides():
    venue = Narrow()
    venue.sync()
    other = Narrow(Engine([BTC, ETH]))
    other.engine.restore(venue.engine.checkpoint())
    assert sides(other.depth(13, 13, [["100.00", "12"]])) == []
    assert other.engine.checkpoint() != venue.engine.checkpoint()


def test_an_engine_without_signals_has_none():
    venue = Narrow(Engine([BTC, ETH], signals=()))
    assert sides(venue.sync()) == []


def test_signals_move_the_run_hash_only():
    quiet, speaking = RunHasher(), RunHasher()
    for hasher, engine in (
        (quiet, Engine([BTC, ETH], signals=())),
        (speaking, Engine([BTC, ETH])),
    ):
        venue = Narrow(engine)
        hasher.add("binance", "ws", venue.sync())
    assert quiet.fact_hash() == speaking.fact_hash()
    assert quiet.run_hash() != speaking.run_hash()


def test_the_stopwatch_is_told_of_every_stage():
    marks = Marks()
    venue = Narrow(Engine([BTC, ETH], marks))
    venue.depth(10, 12)
    assert marks.stages == [DECODED]
    marks.stages.clear()
    venue.snapshot(10, [["100.00", "10"]], [["100.01", "1"]])
    assert marks.stages == [DECODED, FEATURED, FEATURED, SIGNALLED]
    marks.stages.clear()
    venue.depth(13, 13, [["100.00", "11"]])
    assert marks.stages == [DECODED, FEATURED, SIGNALLED]


def test_the_books_of_a_lane_are_handed_over_and_stay_trusted():
    venue = Narrow()
    venue.sync()
    venue.depth(13, 13, [["100.00", "11"]])
    venue.send(FrameKind.OPENED, b"", "wss://x/stream?streams=btcusdt@depth@100ms", lane="ws+")
    facts = hand_over(venue)
    assert len(statuses(facts, FeedCondition.HANDED_OVER)) == 1
    assert venue.state is BookState.LIVE
    assert sides(facts) == []
    venue.now += 31 * SECOND
    venue.send(FrameKind.TIMER, b"", lane="other")
    assert venue.state is BookState.LIVE, "the old lane is silent, and nobody minds"
    venue.send(FrameKind.CLOSED, b"gone", lane="ws+")
    assert venue.state is BookState.DOWN


def hand_over(venue):
    venue.sequence += 1
    frame = Frame(
        venue.sequence, venue.now, "binance", "ws", FrameKind.CLOSED, b"lifetime over", "ws+"
    )
    return venue.engine.on_event(frame)


def test_a_hand_over_wakes_what_the_silence_of_the_old_lane_put_to_sleep():
    venue = Narrow()
    venue.sync()
    venue.now += 31 * SECOND
    venue.stream("ethusdt@trade", {"e": "trade"}, lane="ws+")
    venue.send(FrameKind.TIMER, b"", lane="other")
    assert venue.state is BookState.STALE
    facts = hand_over(venue)
    assert venue.state is BookState.LIVE
    assert sides(facts) == [BUY]


def test_a_hand_over_to_a_lane_that_nobody_heard_leaves_books_stale():
    venue = Narrow()
    venue.sync()
    venue.now += 31 * SECOND
    venue.send(FrameKind.TIMER, b"", lane="other")
    hand_over(venue)
    assert venue.state is BookState.STALE


def test_books_may_come_while_the_run_goes_on():
    venue = Narrow(Engine(()))
    venue.depth(10, 12)
    assert KEY not in venue.engine.books
    venue.engine.learn([BTC])
    venue.sync()
    assert venue.state is BookState.LIVE


def test_a_book_that_is_there_keeps_its_increments():
    venue = Narrow()
    venue.sync()
    finer = type(BTC)(*KEY, "BTC", "USDT", "0.001", "0.00000001")
    venue.engine.learn([finer])
    assert venue.engine.instruments[KEY] is BTC
    engine = Engine(())
    engine.learn([finer, ETH])
    assert engine.instruments[KEY] is finer


def test_an_operators_frame_is_noted_and_opens_no_venue():
    engine = Engine(())
    (noted,) = engine.on_event(Frame(0, 7, "operator", "desk", FrameKind.OPERATOR, b"{}"))
    assert (noted.condition, noted.venue, noted.ts_recv) == (
        FeedCondition.ACKNOWLEDGED,
        "operator",
        7,
    )
    assert engine.sessions == {}
    assert engine.counts["operator", "", FeedCondition.ACKNOWLEDGED] == 1
