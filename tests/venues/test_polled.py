"""Polled books: whole, LIVE, never verified; a stream that comes later takes over as always."""

import msgspec
import pytest

from hftlib.core.events import BookSnapshot, SnapshotRequest
from hftlib.core.frames import FrameKind
from hftlib.core.states import BookState, FeedCondition, Side
from hftlib.engine.engine import Engine
from hftlib.engine.facts import BookFact
from hftlib.venues.binance.encode import BinanceWriter, combined
from hftlib.venues.coinbase.encode import AdvancedWriter, ExchangeWriter
from hftlib.venues.polled import PAUSE_NS, POLLED
from tests.reference.venue_feed import Feed, conditions, instrument, kinds

BIDS, ASKS = [(100, 5), (99, 7)], [(101, 4), (103, 2)]
SECOND_NS = 1_000_000_000


class Polled:
    """Poll one venue's book by hand, with what its stream would bring at hand."""

    def __init__(self, venue, symbol, tick="0.01", quantum="0.00000001"):
        self.instrument = instrument(venue, symbol, tick, quantum)
        self.feed = Feed(venue, self.instrument)
        self.symbol = symbol

    def frame(self, number, bids=BIDS, connection=POLLED):
        return self.feed.frame(self.body(number, bids), FrameKind.POLL, self.url, connection)

    def poll(self, number, bids=BIDS, connection=POLLED):
        return self.feed.session.receive(self.frame(number, bids, connection))

    def broken(self, payload, url=None):
        frame = self.feed.frame(payload, FrameKind.POLL, url or self.url, POLLED)
        return self.feed.session.receive(frame)


class Binance(Polled):
    def __init__(self, venue, symbol, path, tick="0.01", quantum="0.00000001"):
        super().__init__(venue, symbol, tick, quantum)
        self.writer = BinanceWriter(self.instrument)
        self.url = f"https://x{path}/depth?symbol={symbol}&limit=100"

    def body(self, number, bids=BIDS):
        return self.writer.snapshot(number, bids, ASKS, 1_700_000_000_000_000_000)

    def delta(self, first, last, before):
        update = self.writer.depth_update(
            1_700_000_000_000_000_000, (first, last, before), BIDS, ASKS, 1_700_000_000_000_000_000
        )
        return combined(f"{self.symbol.lower()}@depth@100ms", update)

    def begin_stream(self):
        """Return what the first frames of a stream that takes over mean."""
        events = self.feed.ws(self.delta(20, 21, 19))
        return (
            events + self.feed.rest(self.url, self.body(21)) + self.feed.ws(self.delta(22, 23, 21))
        )


class Advanced(Polled):
    url = "https://x/api/v3/brokerage/market/product_book?product_id=BTC-USD"

    def __init__(self):
        super().__init__("coinbase", "BTC-USD")
        self.writer = AdvancedWriter(self.instrument)

    def body(self, _number, bids=BIDS):
        rows = [
            [
                {"price": self.instrument.price_text(t), "size": self.instrument.size_text(q)}
                for t, q in side
            ]
            for side in (bids, ASKS)
        ]
        book = {
            "product_id": "BTC-USD",
            "bids": rows[0],
            "asks": rows[1],
            "time": "2026-08-09T12:00:00Z",
        }
        return msgspec.json.encode({"pricebook": book, "last": "1"})

    def begin_stream(self):
        changes = [("BUY", 100, 5), ("SELL", 101, 4)]
        return self.feed.ws(
            self.writer.level2(0, 1_700_000_000_000_000_000, _sided(changes), snapshot=True)
        )

    def early_change(self):
        return self.feed.ws(
            self.writer.level2(0, 1_700_000_000_000_000_000, _sided([("BUY", 100, 5)]))
        )


class Exchange(Polled):
    url = "https://x/products/BTC-USD/book?level=2"

    def __init__(self):
        super().__init__("coinbase_exchange", "BTC-USD")
        self.writer = ExchangeWriter(self.instrument)

    def body(self, number, bids=BIDS):
        rows = [
            [[self.instrument.price_text(t), self.instrument.size_text(q), 3] for t, q in side]
            for side in (bids, ASKS)
        ]
        return msgspec.json.encode(
            {"bids": rows[0], "asks": rows[1], "sequence": number, "auction": None}
        )

    def begin_stream(self):
        return self.feed.ws(self.writer.snapshot(BIDS, ASKS))

    def early_change(self):
        return self.feed.ws(
            self.writer.update(1_700_000_000_000_000_000, _sided([("BUY", 100, 5)]))
        )


def _sided(changes):
    return [(Side(side), ticks, quanta) for side, ticks, quanta in changes]


VENUES = {
    "binance": lambda: Binance("binance", "BTCUSDT", "/api/v3"),
    "binance_us": lambda: Binance("binance_us", "BTCUSDT", "/api/v3"),
    "binance_usdm": lambda: Binance("binance_usdm", "BTCUSDT", "/fapi/v1", "0.10", "0.001"),
    "binance_coinm": lambda: Binance("binance_coinm", "BTCUSD_PERP", "/dapi/v1", "0.1", "1"),
    "coinbase": Advanced,
    "coinbase_exchange": Exchange,
}
every_venue = pytest.mark.parametrize("venue", VENUES)
PUSHED = ("coinbase", "coinbase_exchange")
pushed_venue = pytest.mark.parametrize("venue", PUSHED)


@every_venue
def test_the_first_poll_is_a_book_in_sync_that_nobody_can_verify(venue):
    polled = VENUES[venue]()
    snapshot, synced = polled.poll(7)
    assert isinstance(snapshot, BookSnapshot)
    assert not snapshot.verified
    assert synced.condition is FeedCondition.SYNCED
    assert synced.symbol == polled.symbol
    assert synced.connection == POLLED
    assert "polled" in synced.reason
    assert not polled.feed.session.is_synced(polled.symbol)


@every_venue
def test_later_polls_only_replace_the_book(venue):
    polled = VENUES[venue]()
    polled.poll(7)
    assert kinds(polled.poll(8)) == ["BookSnapshot"]


@every_venue
def test_after_a_pause_the_sync_is_told_again(venue):
    polled = VENUES[venue]()
    polled.poll(7)
    polled.feed.now_ns += PAUSE_NS
    assert kinds(polled.poll(8)) == ["BookSnapshot", "SYNCED"]


@every_venue
def test_a_stream_in_sync_needs_no_polls(venue):
    polled = VENUES[venue]()
    assert "SYNCED" in kinds(polled.begin_stream())
    assert kinds(polled.poll(30)) == ["DUPLICATE"]
    assert polled.feed.session.is_synced(polled.symbol)


@every_venue
def test_a_stream_takes_a_polled_book_over(venue):
    polled = VENUES[venue]()
    polled.poll(7)
    events = polled.begin_stream()
    assert "SYNCED" in kinds(events)
    snapshots = [event for event in events if isinstance(event, BookSnapshot)]
    assert [one.verified for one in snapshots] == [venue != "coinbase_exchange"]
    assert kinds(polled.poll(30)) == ["DUPLICATE"]


@every_venue
def test_polls_bring_a_book_back_that_its_stream_has_left(venue):
    polled = VENUES[venue]()
    polled.begin_stream()
    polled.feed.closed("cut")
    assert kinds(polled.poll(30)) == ["BookSnapshot", "SYNCED"]
    assert kinds(polled.poll(31)) == ["BookSnapshot"]


@every_venue
def test_the_end_of_polling_takes_the_book_down(venue):
    polled = VENUES[venue]()
    polled.poll(7)
    closed = polled.feed.closed("polling ends", POLLED)
    assert [event.symbol for event in closed] == ["", polled.symbol]
    assert conditions(closed) == [FeedCondition.CLOSED] * 2
    assert conditions(polled.feed.closed("polling ends", POLLED)) == [FeedCondition.CLOSED]


@every_venue
def test_the_end_of_polling_does_not_touch_a_book_that_was_taken_over(venue):
    polled = VENUES[venue]()
    polled.poll(7)
    polled.begin_stream()
    closed = polled.feed.closed("polling ends", POLLED)
    assert [event.symbol for event in closed] == [""]
    assert polled.feed.session.is_synced(polled.symbol)


@every_venue
def test_a_distrusted_polled_book_waits_for_the_next_poll(venue):
    polled = VENUES[venue]()
    polled.poll(7)
    told = polled.feed.session.distrust(polled.symbol, "crossed", polled.feed.now_ns)
    assert conditions(told) == [FeedCondition.GAP]
    assert not any(isinstance(event, SnapshotRequest) for event in told)
    assert kinds(polled.poll(8)) == ["BookSnapshot", "SYNCED"]


@pushed_venue
def test_a_subscription_without_its_snapshot_leaves_the_polled_book(venue):
    polled = VENUES[venue]()
    polled.poll(7)
    assert kinds(polled.early_change()) == ["DROPPED_BEFORE_SYNC", "SnapshotRequest"]
    assert kinds(polled.poll(8)) == ["BookSnapshot"]
    told = polled.feed.session.distrust(
        polled.symbol, "crossed", polled.feed.now_ns + 9 * SECOND_NS
    )
    assert kinds(told) == ["GAP", "SnapshotRequest"]


@pushed_venue
def test_a_closed_subscription_is_told_and_the_book_synced_again(venue):
    polled = VENUES[venue]()
    polled.poll(7)
    polled.early_change()
    assert conditions(polled.feed.closed("cut")) == [FeedCondition.CLOSED] * 2
    assert kinds(polled.poll(8)) == ["BookSnapshot", "SYNCED"]


def test_a_book_that_waits_for_its_stream_to_join_is_polled_and_joined_anew():
    polled = VENUES["binance"]()
    polled.feed.rest(polled.url, polled.body(21))  # no event was seen: nothing has joined it yet
    assert kinds(polled.poll(22)) == ["BookSnapshot", "SYNCED"]
    assert kinds(polled.feed.ws(polled.delta(22, 23, 21))) == ["BUFFERING", "SnapshotRequest"]


def test_a_snapshot_that_no_event_has_joined_proves_nothing_of_a_polled_book():
    polled = VENUES["binance"]()
    polled.poll(7)
    snapshot, told = polled.feed.rest(polled.url, polled.body(21))
    assert not snapshot.verified
    assert told.condition is FeedCondition.BUFFERING


def test_a_gap_in_the_stream_ends_what_was_polled():
    polled = VENUES["binance"]()
    polled.begin_stream()
    polled.feed.ws(polled.delta(40, 41, 39))
    assert kinds(polled.poll(50)) == ["BookSnapshot", "SYNCED"]


@every_venue
def test_what_is_no_book_is_told(venue):
    polled = VENUES[venue]()
    (told,) = polled.broken(b'{"nothing":1}')
    assert told.condition is FeedCondition.MALFORMED
    (refused,) = polled.broken(
        b'{"code":-1003,"msg":"no"}' if "binance" in venue else b'{"message":"no"}'
    )
    assert refused.condition is FeedCondition.REFUSED


def test_a_poll_of_something_else_is_unknown():
    polled = VENUES["binance"]()
    (told,) = polled.broken(b"{}", "https://x/api/v3/klines?symbol=BTCUSDT")
    assert told.condition is FeedCondition.UNKNOWN


@every_venue
def test_a_poll_of_an_unknown_symbol_is_told(venue):
    polled = VENUES[venue]()
    body = polled.body(7).replace(b"BTC-USD", b"NO-SUCH")
    (told,) = polled.broken(body, polled.url.replace(polled.symbol, "NO-SUCH"))
    assert told.condition is FeedCondition.UNKNOWN


@every_venue
def test_a_checkpoint_knows_that_a_book_is_polled(venue):
    polled, other = VENUES[venue](), VENUES[venue]()
    polled.poll(7)
    packed = msgspec.msgpack.encode(polled.feed.session.checkpoint())
    other.feed.session.restore(msgspec.msgpack.decode(packed))
    other.feed.now_ns = polled.feed.now_ns
    assert kinds(other.poll(8)) == ["BookSnapshot"]


@every_venue
def test_a_checkpoint_from_before_there_were_polls_is_read(venue):
    polled, other = VENUES[venue](), VENUES[venue]()
    polled.begin_stream()
    state = polled.feed.session.checkpoint()
    books = state["books"]
    for symbol, kept in list(books.items()):
        if isinstance(kept, dict):
            del kept["polled"]
        else:
            books[symbol] = kept[:3]
    other.feed.session.restore(state)
    assert other.feed.session.is_synced(polled.symbol)


class Watched:
    """Hand a polled venue's frames to an engine."""

    def __init__(self, polled):
        self.polled = polled
        self.engine = Engine([polled.instrument])
        self.facts = []

    def poll(self, number, bids=BIDS):
        return self.take(self.polled.frame(number, bids))

    def take(self, frame):
        facts = self.engine.on_event(frame)
        self.facts += facts
        return [fact for fact in facts if isinstance(fact, BookFact)]

    @property
    def book(self):
        return self.engine.books[self.polled.instrument.venue, self.polled.symbol]

    def quiet(self, seconds):
        self.polled.feed.now_ns += seconds * SECOND_NS
        return self.take(self.polled.feed.frame(b"", FrameKind.TIMER, "", "ws"))


@every_venue
def test_the_engine_shows_a_polled_book_live_and_unverified(venue):
    watched = Watched(VENUES[venue]())
    watched.poll(7)
    assert watched.book.state is BookState.LIVE
    assert not watched.book.verified
    assert watched.book.best_bid == BIDS[0]
    (fact,) = watched.poll(8, [(100, 9)])
    assert (fact.state, fact.verified, fact.bid_quanta) == (BookState.LIVE, False, 9)
    assert watched.book.bid_levels == 1
    assert sum(watched.engine.resyncs.values()) == 0


@every_venue
def test_the_engine_calls_a_polled_book_stale_when_polls_stop_and_live_when_they_go_on(venue):
    watched = Watched(VENUES[venue]())
    watched.poll(7)
    watched.quiet(11)
    assert watched.book.state is BookState.STALE
    watched.poll(8)
    assert watched.book.state is BookState.LIVE


@every_venue
def test_the_engine_takes_a_polled_book_down_when_polling_ends(venue):
    watched = Watched(VENUES[venue]())
    watched.poll(7)
    feed = watched.polled.feed
    watched.take(feed.frame(b"polling ends", FrameKind.CLOSED, "", POLLED))
    assert watched.book.state is BookState.DOWN
    assert watched.book.state_reason == "polling ends"


@every_venue
def test_the_engine_does_not_trust_a_crossed_poll_and_does_the_next(venue):
    watched = Watched(VENUES[venue]())
    watched.poll(7)
    watched.poll(8, [(102, 5)])
    assert watched.book.state is BookState.CROSSED or watched.book.state is BookState.GAP
    watched.poll(9)
    assert watched.book.state is BookState.LIVE


class Through:
    """Stand in for a session, so that a feed's frames go through the whole engine."""

    def __init__(self, watched):
        self.receive = watched.take


@every_venue
def test_a_stream_takes_over_without_a_moment_out_of_trust(venue):
    watched = Watched(VENUES[venue]())
    watched.poll(7)
    watched.polled.feed.session = Through(watched)
    watched.polled.feed.opened("wss://x/stream", "ws")
    watched.facts.clear()
    watched.polled.begin_stream()
    facts = [fact for fact in watched.facts if isinstance(fact, BookFact)]
    assert {fact.state for fact in facts} == {BookState.LIVE}
    assert watched.book.verified == (venue != "coinbase_exchange")
    watched.take(watched.polled.feed.frame(b"polling ends", FrameKind.CLOSED, "", POLLED))
    assert watched.book.state is BookState.LIVE
