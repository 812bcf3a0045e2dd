"""Comparing a book with REST: one difference is a race, the same one twice is drift."""

import json

from hftlib.book.book import Book
from hftlib.core.events import BookSnapshot, FeedStatus, Layout, PartialDepth, SnapshotRequest
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState, FeedCondition
from hftlib.engine.drift import CATCH_UP_NS, DriftCheck, differences
from hftlib.engine.engine import Engine

KEY = ("coinbase_exchange", "YFI-BTC")
YFI = Instrument(*KEY, "YFI", "BTC", "0.01", "0.001")
SECOND = 1_000_000_000
TIME = "2021-04-17T16:43:37.000000Z"


def book(bids: bytes = b'[["1.00","1"],["0.99","2"]]', asks: bytes = b'[["1.02","3"]]') -> Book:
    made = Book(YFI)
    made.apply_snapshot(BookSnapshot(*KEY, None, 1, 1, Layout.PAIRS, bids, asks))
    return made


def shown(bids: tuple, asks: tuple, at: int = 0) -> PartialDepth:
    return PartialDepth(*KEY, None, at, 0, bids, asks)


def test_differences_are_looked_for_as_deep_as_the_body_goes() -> None:
    assert differences(book(), shown(((100, 1000),), ((102, 3000),))) == {}
    found = differences(book(), shown(((101, 500), (99, 2500)), ((103, 1),)))
    assert found == {
        (0, 101): (500, 0),
        (0, 100): (0, 1000),
        (0, 99): (2500, 2000),
        (1, 102): (0, 3000),
        (1, 103): (1, 0),
    }
    assert differences(book(), shown((), ())) == {}, "an empty side shows nothing"


def test_only_what_stays_different_has_drifted() -> None:
    check, held = DriftCheck(), book()
    assert check.compare(held, shown(((100, 7),), (), 0)) == 0
    assert check.compare(held, shown(((100, 7),), (), CATCH_UP_NS - 1)) == 0, "too soon"
    assert check.compare(held, shown(((100, 8),), (), CATCH_UP_NS)) == 0, "it moved on"
    assert check.compare(held, shown(((100, 8),), (), 2 * CATCH_UP_NS)) == 1
    check.forget()
    assert check.compare(held, shown(((100, 8),), (), 3 * CATCH_UP_NS)) == 0


def test_what_was_seen_survives_a_checkpoint() -> None:
    check, again = DriftCheck(), DriftCheck()
    check.compare(book(), shown(((100, 7),), (), 0))
    again.load(check.dump())
    assert again.compare(book(), shown(((100, 7),), (), SECOND)) == 1


class Exchange:
    """Feed an engine with one Coinbase Exchange product."""

    def __init__(self) -> None:
        self.engine = Engine([YFI])
        self.now = 0
        text = {"type": "snapshot", "product_id": "YFI-BTC"}
        sides = {"asks": [["1.02", "3"]], "bids": [["1.00", "1"]]}
        self.send(FrameKind.WS, text | sides)

    def send(self, kind: FrameKind, body: dict, request: str = "") -> list:
        self.now += 2 * SECOND
        frame = Frame(1, self.now, KEY[0], "ws", kind, json.dumps(body).encode(), request)
        return self.engine.on_event(frame)

    def rest(self, size: str) -> list:
        body = {"sequence": 1, "bids": [["1.00", size, 1]], "asks": [["1.02", "3", 1]]}
        return self.send(FrameKind.REST, body, "https://x/products/YFI-BTC/book?level=2")

    @property
    def state(self) -> BookState:
        return self.engine.books[KEY].state


def test_a_book_that_drifts_is_distrusted_and_asked_for_anew() -> None:
    exchange = Exchange()
    exchange.rest("1")
    exchange.rest("1")
    assert exchange.state is BookState.LIVE
    exchange.rest("0.5")
    assert exchange.state is BookState.LIVE
    facts = exchange.rest("0.5")
    assert exchange.state is BookState.GAP
    drift = [fact for fact in facts if isinstance(fact, FeedStatus)]
    assert [status.condition for status in drift] == [FeedCondition.DRIFT]
    assert any(isinstance(fact, SnapshotRequest) for fact in facts)
    assert exchange.rest("0.5")[0].bids == ((100, 500),), "a book that waits is not compared"
    assert exchange.engine.count(FeedCondition.DRIFT) == 1


def test_an_engine_goes_on_comparing_from_a_checkpoint() -> None:
    exchange = Exchange()
    exchange.rest("0.5")
    blob = exchange.engine.checkpoint()
    exchange.engine = Engine([YFI])
    exchange.engine.restore(blob)
    exchange.rest("0.5")
    assert exchange.state is BookState.GAP
