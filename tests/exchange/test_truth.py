import numpy as np
import pytest

from hftlib.book.book import Book
from hftlib.core.events import BookSnapshot, Layout
from hftlib.desk.clean_run import digest_of as digest_of_clients_book
from hftlib.exchange.truth import KEEP_NS, WHOLE_NS, Truth, digest_of
from hftlib.market.chance import Chance
from hftlib.market.orders import BookSide
from tests.local_support.still import START_NS, StillMarket

BTC = ("binance", "BTCUSDT")
SECOND = 1_000_000_000


@pytest.fixture
def market():
    return StillMarket(BTC)


@pytest.fixture
def truth(market):
    return Truth(market.floor.feeds)


def plain(book):
    """Return a true book as two plain lists of levels."""
    return tuple([(int(t), int(n)) for t, n in zip(*side)] for side in (book.bids, book.asks))


def levels(feed):
    """Return the engine's levels now, as two plain lists."""
    sides = (feed.book.levels(BookSide.BID), feed.book.levels(BookSide.ASK))
    return tuple([(int(t), int(n)) for t, n in zip(*side)] for side in sides)


def test_nothing_is_known_before_the_first_step(market, truth):
    book = truth.book(*BTC)
    assert book.latest() is None
    assert book.at_id(0) is None
    assert book.at_time(START_NS) is None


def test_an_unlisted_book_is_refused(truth):
    with pytest.raises(KeyError):
        truth.book("binance", "DOGEUSDT")


def test_every_book_that_was_can_be_asked_for_by_id_and_by_time(market, truth):
    """Random orders rest and go; each state in between is compared with what the engine showed."""
    chance, feed, seen, resting = Chance(3), market.feed(*BTC), {}, []
    middle = feed.listing.opening_ticks
    for step in range(2_000):
        now_ns = START_NS + step * 10_000_000
        if resting and chance.below(3) == 0:
            market.cancel(*BTC, resting.pop(chance.below(len(resting))), now_ns)
        else:
            side = chance.below(2)
            offset = 1 + chance.below(30)
            ticks = middle - offset if side == BookSide.BID else middle + offset
            resting.append(market.rest(*BTC, side, ticks, 1 + chance.below(9), now_ns))
        market.taken(truth, now_ns)
        seen[now_ns] = (feed.book.update_id, levels(feed))
    book = truth.book(*BTC)
    assert len({update_id for update_id, _ in seen.values()}) == 2_000
    for now_ns, (update_id, expected) in seen.items():
        by_id, by_time = book.at_id(update_id), book.at_time(now_ns + 5_000_000)
        if now_ns == max(seen):
            assert by_time is None
            by_time = book.at_time(now_ns)
        assert plain(by_id) == plain(by_time) == expected
        assert by_id.update_id == by_time.update_id == update_id
    assert plain(book.latest()) == expected


def test_a_book_that_has_not_come_is_not_told(market, truth):
    market.rest(*BTC, BookSide.BID, 100, 1, START_NS)
    market.taken(truth, START_NS)
    book = truth.book(*BTC)
    assert book.at_id(book.taken_id) is not None
    assert book.at_id(book.taken_id + 1) is None
    assert book.at_time(START_NS + 1) is None


def test_old_books_are_forgotten_and_memory_is_bounded(market, truth):
    book, first_id = truth.book(*BTC), None
    for second in range(300):
        now_ns = START_NS + second * SECOND
        market.rest(*BTC, BookSide.BID, 1_000 + second, 1, now_ns)
        market.taken(truth, now_ns)
        first_id = first_id or book.taken_id
    assert book.at_id(first_id) is None
    assert book.at_time(START_NS) is None
    assert book.at_time(now_ns - KEEP_NS) is not None
    assert len(book._stretches) <= KEEP_NS // WHOLE_NS + 2


def test_a_quiet_book_is_the_same_at_any_time(market, truth):
    market.rest(*BTC, BookSide.ASK, 9_000_000, 4, START_NS)
    for second in range(20):
        market.taken(truth, START_NS + second * SECOND)
    found = truth.book(*BTC).at_time(START_NS + 12 * SECOND)
    assert plain(found) == ([], [(9_000_000, 4)])
    assert found.bids[0].dtype == np.int64


def test_a_clients_equal_book_has_the_same_digest(market, truth):
    market.rest(*BTC, BookSide.BID, 6_000_000, 3, START_NS)
    market.rest(*BTC, BookSide.ASK, 6_100_000, 5, START_NS)
    market.taken(truth, START_NS)
    mine = Book(market.feed(*BTC).listing.instrument)
    bids, asks = b'[["60000.00","0.00030"]]', b'[["61000.00","0.00050"]]'
    mine.apply_snapshot(BookSnapshot(*BTC, 0, 0, 1, Layout.PAIRS, bids, asks))
    true = truth.book(*BTC).latest()
    assert digest_of(true, 10) == digest_of_clients_book(mine)
    assert digest_of(true, 1) != digest_of_clients_book(mine)
    market.rest(*BTC, BookSide.BID, 5_000_000, 3, START_NS + 1)
    market.taken(truth, START_NS + 1)
    deeper = truth.book(*BTC).latest()
    assert digest_of(deeper, 10) != digest_of_clients_book(mine)
    assert digest_of(deeper, 10, depth=1) == digest_of_clients_book(mine)
