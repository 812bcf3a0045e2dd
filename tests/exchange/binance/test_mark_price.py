"""Mark price, index and funding against the formulas, worked by hand."""

import pytest

from hftlib.exchange.binance.mark_price import FUNDING_NS, INTEREST_RATE, UNIT, MarkPricing
from hftlib.market.listings import LISTINGS
from hftlib.market.orders import BookSide
from tests.reference.still_market import StillMarket

BID, ASK = BookSide.BID, BookSide.ASK
BOOKS = (LISTINGS[0], LISTINGS[5])
SECOND_NS = 1_000_000_000


@pytest.fixture
def market():
    return StillMarket(BOOKS)


def quote(market, spot: tuple[int, int], perpetual: tuple[int, int]) -> MarkPricing:
    """Quote both books at (bid, ask) in dollars."""
    feeds = [market.feed(), market.feed("binance_usdm")]
    for feed, prices in zip(feeds, (spot, perpetual), strict=True):
        for side, price in zip((BID, ASK), prices, strict=True):
            market.rest(feed, side, feed.listing.instrument.price_ticks(str(price)), 100)
    return MarkPricing(feeds[1], feeds[0])


def test_a_perpetual_at_its_index(market):
    pricing = quote(market, (63_999, 64_001), (63_999, 64_001))
    facts = pricing.at(market.now_ns)
    assert facts.index_price == 64_000 * UNIT
    assert facts.mark == 64_000 * UNIT
    assert facts.rate == INTEREST_RATE
    assert facts.texts() == ("64000.00000000", "64000.00000000", "0.00010000")
    assert facts.next_funding_ns % FUNDING_NS == 0
    assert 0 < facts.next_funding_ns - market.now_ns <= FUNDING_NS


def test_a_premium_moves_mark_and_rate(market):
    pricing = quote(market, (63_999, 64_001), (64_639, 64_641))
    facts = pricing.at(market.now_ns)
    # Price 1 lies just above the index, price 2 at 64,640; the last trade was at 64,000.
    assert 64_000 * UNIT < facts.mark < 64_007 * UNIT
    premium = (64_639 - 64_000) * UNIT // 64_000
    assert facts.rate == premium - 5 * INTEREST_RATE
    assert facts.rate > INTEREST_RATE


def test_a_discount_is_paid_by_the_short_side(market):
    facts = quote(market, (64_639, 64_641), (63_999, 64_001)).at(market.now_ns)
    discount = (64_001 - 64_640) * UNIT // 64_640
    assert facts.rate == discount + 5 * INTEREST_RATE
    assert facts.texts()[2].startswith("-0.009")


def test_later_premiums_weigh_more(market):
    pricing = quote(market, (63_999, 64_001), (64_639, 64_641))
    first = pricing.at(market.now_ns).rate
    assert pricing.at(market.now_ns + SECOND_NS).rate == first
    feed = market.feed("binance_usdm")
    market.rest(feed, BID, feed.listing.instrument.price_ticks("64640"), 100)
    premiums = [(bid - 64_000) * UNIT // 64_000 for bid in (64_639, 64_640)]
    mean = (premiums[0] + 2 * premiums[1]) // 3
    later = pricing.at(market.now_ns + 5 * SECOND_NS).rate
    assert later == mean - 5 * INTEREST_RATE
    assert later > first


def test_funding_begins_the_average_anew(market):
    pricing = quote(market, (63_999, 64_001), (64_639, 64_641))
    before = pricing.at(market.now_ns)
    after = pricing.at(before.next_funding_ns)
    assert after.next_funding_ns == before.next_funding_ns + FUNDING_NS
    # The rate that was agreed is due within the eight hours that begin: all of it is in price 1.
    index = after.index_price
    assert sorted([index + index * before.rate // UNIT, 64_640 * UNIT, 64_000 * UNIT])[1] == (
        after.mark
    )


def test_empty_books_are_marked_by_their_last_price(market):
    facts = MarkPricing(market.feed("binance_usdm"), market.feed()).at(market.now_ns)
    assert facts.mark == facts.index_price == 64_000 * UNIT
    alone = MarkPricing(market.feed("binance_usdm"), None).at(market.now_ns)
    assert alone.index_price == 64_000 * UNIT
