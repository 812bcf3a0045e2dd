"""The engine over hand-made Binance frames: trust, distrust, silence, checkpoints."""

import json

import msgspec
import pytest

from hftlib.core.errors import TapeError
from hftlib.core.events import BestBidOffer, FeedStatus, SnapshotRequest, Trade
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState, FeedCondition
from hftlib.engine.engine import Engine
from hftlib.engine.facts import BookFact, Fact

KEY = ("binance", "BTCUSDT")
BTC = Instrument(*KEY, "BTC", "USDT", "0.01", "0.00000001")
ETH = Instrument("binance", "ETHUSDT", "ETH", "USDT", "0.01", "0.00000001")
SECOND = 1_000_000_000
Levels = list[list[str]]


class Venue:
    """Feed an engine frame by frame and remember the last facts."""

    def __init__(self, engine: Engine | None = None) -> None:
        self.engine = engine or Engine([BTC, ETH])
        self.sequence = 0
        self.now = 1_700_000_000 * SECOND

    def send(
        self, kind: FrameKind, payload: bytes, request: str = "", lane: str = "ws"
    ) -> list[Fact]:
        self.sequence += 1
        self.now += 1_000_000
        return self.engine.on_event(
            Frame(self.sequence, self.now, "binance", lane, kind, payload, request)
        )

    def stream(self, name: str, data: dict[str, object], lane: str = "ws") -> list[Fact]:
        payload = json.dumps({"stream": name, "data": data}, separators=(",", ":")).encode()
        return self.send(FrameKind.WS, payload, lane=lane)

    def depth(self, first: int, last: int, bids: Levels = (), asks: Levels = ()) -> list[Fact]:  # type: ignore[assignment]
        data = {"e": "depthUpdate", "E": 1700000000000 + last, "s": "BTCUSDT"}
        ids = {"U": first, "u": last, "b": list(bids), "a": list(asks)}
        return self.stream("btcusdt@depth@100ms", data | ids)

    def snapshot(self, last: int, bids: Levels, asks: Levels) -> list[Fact]:
        body = json.dumps({"lastUpdateId": last, "bids": bids, "asks": asks}).encode()
        return self.send(
            FrameKind.REST, body, "/api/v3/depth?symbol=BTCUSDT&limit=1000", lane="rest"
        )

    def sync(self) -> list[Fact]:
        self.depth(10, 12, [["100.00", "1.5"]])
        return self.snapshot(10, [["100.00", "1"], ["99.00", "2"]], [["101.00", "3"]])

    @property
    def state(self) -> BookState:
        return self.engine.books[KEY].state


def statuses(facts: list[Fact], condition: FeedCondition) -> list[FeedStatus]:
    return [fact for fact in facts if isinstance(fact, FeedStatus) and fact.condition is condition]


def requests(facts: list[Fact]) -> list[SnapshotRequest]:
    return [fact for fact in facts if isinstance(fact, SnapshotRequest)]


def last_book(facts: list[Fact]) -> BookFact:
    return [fact for fact in facts if isinstance(fact, BookFact)][-1]


def test_a_book_is_live_once_the_snapshot_and_the_stream_have_joined() -> None:
    venue = Venue()
    facts = venue.sync()
    book = last_book(facts)
    assert book.state is BookState.LIVE is venue.state
    assert (book.bid_ticks, book.bid_quanta) == (10_000, 150_000_000)
    assert (book.ask_ticks, book.ask_quanta) == (10_100, 300_000_000)
    assert book.last_update_id == 12
    assert venue.engine.applied[KEY] == 1


def test_buffered_deltas_are_facts_of_a_book_that_is_not_trusted_yet() -> None:
    facts = Venue().sync()
    states = [fact.state for fact in facts if isinstance(fact, BookFact)]
    assert states == [BookState.SYNCING, BookState.LIVE]


def test_a_delta_moves_the_book_and_a_side_may_be_missing() -> None:
    venue = Venue()
    venue.sync()
    book = last_book(venue.depth(13, 13, [], [["101.00", "0"]]))
    assert (book.ask_ticks, book.ask_quanta) == (None, None)
    assert book.bid_ticks == 10_000
    book = last_book(venue.depth(14, 14, [["100.00", "0"], ["99.00", "0"]], [["101.00", "1"]]))
    assert (book.bid_ticks, book.ask_ticks) == (None, 10_100)


def test_a_gap_takes_the_trust_and_asks_for_a_snapshot() -> None:
    venue = Venue()
    venue.sync()
    facts = venue.depth(20, 21, [["100.00", "9"]])
    assert venue.state is BookState.GAP
    assert len(requests(facts)) == 1
    assert last_book(facts).reason
    assert venue.engine.count(FeedCondition.GAP) == 1
    assert venue.engine.vector_of(*KEY).as_dict()["mid"] is None


def test_a_second_sync_is_a_resync() -> None:
    venue = Venue()
    venue.sync()
    venue.depth(20, 21, [["100.00", "9"]])
    venue.snapshot(20, [["100.00", "1"]], [["101.00", "3"]])
    assert venue.state is BookState.LIVE
    assert venue.engine.resyncs[KEY] == 1
    assert venue.engine.books[KEY].best_bid == (10_000, 900_000_000)


@pytest.mark.parametrize(
    ("level", "condition", "state"),
    [
        (["100.0x", "1"], FeedCondition.MALFORMED, BookState.GAP),
        (["100.001", "1"], FeedCondition.OFF_QUANTUM, BookState.GAP),
        (["99999999999999999999", "1"], FeedCondition.MALFORMED, BookState.GAP),
        (["101.00", "1"], FeedCondition.CROSSED, BookState.CROSSED),
    ],
)
def test_level_text_that_cannot_stand_distrusts_the_book(
    level: list[str], condition: FeedCondition, state: BookState
) -> None:
    venue = Venue()
    venue.sync()
    facts = venue.depth(13, 13, [level])
    assert len(statuses(facts, condition)) == 1
    assert len(requests(facts)) == 1
    assert venue.state is state
    venue.depth(13, 14, [["100.00", "7"]])
    assert venue.state is state, "nothing but a snapshot gives the trust back"
    venue.snapshot(13, [["98.00", "1"]], [["103.00", "1"]])
    assert venue.state is BookState.LIVE
    assert venue.engine.books[KEY].best_bid == (10_000, 700_000_000)


def test_what_a_frame_still_holds_after_a_refused_delta_is_left_out_and_said() -> None:
    venue = Venue()
    venue.depth(10, 11, [["bad", "1"]])
    venue.depth(12, 12, [["100.00", "5"]])
    facts = venue.snapshot(10, [["99.00", "1"]], [["101.00", "1"]])
    left_out = statuses(facts, FeedCondition.DROPPED_BEFORE_SYNC)
    assert [status.reason for status in left_out] == ["the book was distrusted within this frame"]
    assert venue.state is BookState.GAP
    assert venue.engine.applied[KEY] == 0


def test_a_refused_snapshot_leaves_the_book_untrusted() -> None:
    venue = Venue()
    venue.depth(10, 11, [["100.00", "5"]])
    facts = venue.snapshot(10, [["99.00", "nan"]], [["101.00", "1"]])
    assert venue.state is BookState.GAP
    assert len(requests(facts)) >= 1


def test_a_closed_connection_brings_its_books_down_and_an_opened_one_begins_anew() -> None:
    venue = Venue()
    venue.sync()
    venue.send(FrameKind.CLOSED, b"bye")
    assert venue.state is BookState.DOWN
    venue.send(FrameKind.OPENED, b"", "wss://x/stream?streams=btcusdt@depth@100ms")
    venue.depth(30, 32)
    venue.snapshot(30, [["100.00", "1"]], [["101.00", "3"]])
    assert venue.state is BookState.LIVE


def test_silence_makes_stale_and_a_sign_of_life_makes_live_again() -> None:
    venue = Venue()
    venue.sync()
    venue.stream("ethusdt@bookTicker", ticker("ETHUSDT"), lane="other")
    venue.depth(13, 13)
    venue.now += 31 * SECOND
    facts = venue.send(FrameKind.TIMER, b"", lane="clock")
    assert len(statuses(facts, FeedCondition.STALE)) == 2
    assert venue.state is BookState.STALE
    venue.now += 2 * SECOND
    assert not statuses(venue.send(FrameKind.TIMER, b"", lane="clock"), FeedCondition.STALE)
    facts = venue.stream("btcusdt@trade", trade(1))
    assert last_book(facts).reason == "connection heard again"
    assert venue.state is BookState.LIVE


def test_a_quiet_symbol_on_a_busy_connection_is_not_stale() -> None:
    venue = Venue()
    venue.sync()
    venue.depth(13, 13)
    for _ in range(8):
        venue.now += 10 * SECOND
        venue.stream("ethusdt@bookTicker", ticker("ETHUSDT"))
    assert venue.state is BookState.LIVE


def test_a_book_that_is_not_live_does_not_become_stale() -> None:
    venue = Venue()
    venue.sync()
    venue.depth(20, 20)
    venue.now += 31 * SECOND
    venue.send(FrameKind.TIMER, b"", lane="clock")
    assert venue.state is BookState.GAP
    venue.depth(21, 21)
    assert venue.state is BookState.GAP


def ticker(symbol: str, bid: str = "100.00000000") -> dict[str, object]:
    return {"u": 12, "s": symbol, "b": bid, "B": "1.50000000", "a": "101.00", "A": "3.00"}


def trade(number: int) -> dict[str, object]:
    return {
        "e": "trade",
        "E": 1700000000000,
        "s": "BTCUSDT",
        "t": number,
        "p": "100.00",
        "q": "0.50",
        "T": 1700000000000,
        "m": True,
        "M": True,
    }


def test_a_trade_is_a_fact_and_is_measured() -> None:
    venue = Venue()
    venue.sync()
    facts = venue.stream("btcusdt@trade", trade(1))
    assert [type(fact) for fact in facts] == [Trade]
    assert venue.engine.vector_of(*KEY).as_dict()["last_trade_size"] == 0.5


def test_tickers_are_held_against_the_book_at_the_same_update_id() -> None:
    venue = Venue()
    venue.sync()
    facts = venue.stream("btcusdt@bookTicker", ticker("BTCUSDT"))
    assert [type(fact) for fact in facts] == [BestBidOffer]
    check = venue.engine.top_checks[KEY]
    assert (check.compared, check.matched) == (1, 1)


def test_other_market_events_pass_through() -> None:
    venue = Venue()
    data = {"lastUpdateId": 5, "bids": [["100.00", "1"]], "asks": [["101.00", "1"]]}
    facts = venue.stream("btcusdt@depth5", data)
    assert [type(fact).__name__ for fact in facts] == ["PartialDepth"]
    assert venue.engine.events == 1
    prices = {"o": "100.00", "h": "101.00", "l": "99.00", "c": "100.50", "v": "7"}
    candle = {"t": 1700000000000, "T": 1700000059999, "i": "1m", "x": False} | prices
    data = {"e": "kline", "E": 1700000001000, "s": "BTCUSDT", "k": candle}
    facts = venue.stream("btcusdt@kline_1m", data)
    assert [type(fact).__name__ for fact in facts] == ["Candle"]
    assert venue.engine.events == 2


def test_a_status_of_a_symbol_without_a_book_changes_no_book() -> None:
    venue = Venue()
    venue.depth(11, 11)
    facts = venue.depth(15, 16)
    assert venue.engine.books == {}
    assert facts, "but it is said"


def test_a_checkpoint_goes_on_where_the_run_was() -> None:
    venue = Venue()
    venue.sync()
    venue.stream("btcusdt@trade", trade(1))
    venue.depth(13, 13, [["100.00", "2"]])
    copy = Venue(Engine([BTC, ETH]))
    copy.engine.restore(venue.engine.checkpoint())
    copy.sequence, copy.now = venue.sequence, venue.now
    for one in (venue, copy):
        one.depth(14, 14, [["100.00", "3"]], [["100.50", "1"]])
        one.depth(20, 21)
        one.now += 40 * SECOND
        one.send(FrameKind.TIMER, b"", lane="clock")
    assert copy.engine.checkpoint() == venue.engine.checkpoint()
    assert copy.engine.books[KEY].state_hash() == venue.engine.books[KEY].state_hash()


def test_what_is_no_checkpoint_is_refused() -> None:
    with pytest.raises(TapeError, match="not a checkpoint of a run"):
        Engine([BTC]).restore(b"\x80")


def test_a_checkpoint_of_other_instruments_is_refused() -> None:
    venue = Venue()
    venue.sync()
    with pytest.raises(TapeError, match="does not fit"):
        Engine([ETH]).restore(venue.engine.checkpoint())


def test_hostile_connection_names_and_kinds_yield_a_status() -> None:
    venue = Venue()
    assert venue.send(FrameKind.OPERATOR, b"\xff", lane="\x00")
    assert venue.send(FrameKind.SENT, b"{}")


def lobster(price: int) -> Frame:
    row = f"34200.017,1,7,21,{price},1|{price + 100},50,{price},21".encode()
    return Frame(1, 34_200 * SECOND, "lobster", "rows", FrameKind.WS, row)


def test_a_venue_that_sends_snapshots_only_stays_live() -> None:
    engine = Engine([Instrument("lobster", "AMZN", "AMZN", "USD", "0.0001", "1")])
    opened = Frame(
        0, 34_200 * SECOND, "lobster", "rows", FrameKind.OPENED, b"", "lobster://AMZN/2012-06-21"
    )
    engine.on_event(opened)
    engine.on_event(lobster(2_238_100))
    assert engine.books["lobster", "AMZN"].state is BookState.LIVE
    book = last_book(engine.on_event(lobster(2_238_200)))
    assert (book.state, book.bid_ticks) == (BookState.LIVE, 2_238_200)
    engine.on_event(msgspec.structs.replace(opened, kind=FrameKind.CLOSED))
    assert engine.books["lobster", "AMZN"].state is BookState.DOWN
