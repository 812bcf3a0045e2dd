"""Several books become ladders that compare only what can be compared, exactly."""

import pytest

from hftlib.book.book import Book
from hftlib.book.consolidated import COINS, consolidate, size_unit
from hftlib.book.layout import ASK, BID
from hftlib.core.events import BookSnapshot, Layout
from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState
from tests.book.book_events import SMALL_WINDOW, pairs_text

BINANCE = Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.01", "0.00001")
BINANCE_US = Instrument("binance_us", "BTCUSDT", "BTC", "USDT", "0.1", "0.001")
COINBASE = Instrument("coinbase", "BTC-USD", "BTC", "USD", "0.01", "0.00000001")
COIN_M = Instrument(
    "binance_coinm", "BTCUSD_PERP", "BTC", "USD", "0.1", "1", multiplier="100", inverse=True
)


def live(instrument: Instrument, bids, asks, update_id: int = 7) -> Book:
    book = Book(instrument, window_bits=SMALL_WINDOW)
    texts = [pairs_text(levels, instrument) for levels in (bids, asks)]
    book.apply_snapshot(
        BookSnapshot(instrument.venue, instrument.symbol, 5, 6, update_id, Layout.PAIRS, *texts)
    )
    return book


def rows(levels) -> list[tuple]:
    return [(each.venue, each.level, each.price, each.size, each.cumulative) for each in levels]


@pytest.fixture
def three() -> list[Book]:
    return [
        live(BINANCE, [(100_00, 150_000), (99_98, 100_000)], [(100_02, 100_000)]),
        live(BINANCE_US, [(100_0, 2_000), (99_9, 1)], [(100_1, 500)]),
        live(COINBASE, [(100_01, 10**8)], [(100_03, 25 * 10**6)], update_id=519),
    ]


def test_without_a_rate_each_quote_currency_stands_alone(three: list[Book]) -> None:
    view = consolidate(three)
    assert view.currency is None
    assert [(group.base, group.currency, group.size_unit) for group in view.groups] == [
        ("BTC", "USDT", COINS),
        ("BTC", "USD", COINS),
    ]
    tether, dollar = view.groups
    assert rows(tether.bids) == [
        ("binance", 1, "100.00", "1.5", "1.5"),
        ("binance_us", 2, "100.0", "2", "3.5"),
        ("binance", 3, "99.98", "1", "4.5"),
        ("binance_us", 4, "99.9", "0.001", "4.501"),
    ]
    assert rows(tether.asks) == [
        ("binance", 1, "100.02", "1", "1"),
        ("binance_us", 2, "100.1", "0.5", "1.5"),
    ]
    assert rows(dollar.bids) == [("coinbase", 1, "100.01", "1", "1")]
    assert {level.side for level in tether.bids} == {BID}
    assert {level.side for level in tether.asks} == {ASK}


def test_with_a_rate_prices_are_compared_in_the_common_currency(three: list[Book]) -> None:
    (group,) = consolidate(three, {"USDT": "0.9998", "USD": "1"}).groups
    assert group.currency == "USD"
    assert [(level.venue, level.common_price) for level in group.bids] == [
        ("coinbase", "100.01"),
        ("binance", "99.98"),
        ("binance_us", "99.98"),
        ("binance", "99.960004"),
        ("binance_us", "99.88002"),
    ]
    assert [level.common_price for level in group.asks] == ["99.999996", "100.03", "100.07998"]
    assert group.best_bid is group.bids[0]
    assert group.best_ask is group.asks[0]
    assert [level.quote for level in group.bids[:2]] == ["USD", "USDT"]
    assert group.asks[-1].cumulative == "1.75"


def test_the_common_currency_is_the_one_at_par_or_the_one_left(three: list[Book]) -> None:
    assert consolidate(three, {"USD": "1.0002", "USDT": "1.0"}).currency == "USDT"
    assert consolidate(three, {"USDT": "0.9998"}).currency == "USD"
    with pytest.raises(ValueError, match="no common currency"):
        consolidate(three, {"USDT": "0.9998", "USD": "1.1"})
    with pytest.raises(ValueError, match="no common currency"):
        consolidate(three, {"EUR": "1.1"})


def test_a_currency_without_a_rate_keeps_its_own_group(three: list[Book]) -> None:
    view = consolidate(three, {"USDT": "0.93", "EUR": "1"})
    assert [(group.currency, group.bids[0].venue) for group in view.groups] == [
        ("EUR", "binance"),
        ("USD", "coinbase"),
    ]


@pytest.mark.parametrize("rate", ["x", "-1", "0", "1e3", ""])
def test_a_rate_that_is_no_positive_decimal_is_refused(three: list[Book], rate: str) -> None:
    with pytest.raises(ValueError, match="rate of USDT"):
        consolidate(three, {"USDT": rate, "USD": "1"})


def test_an_untrusted_book_is_named_but_lends_no_level(three: list[Book]) -> None:
    three[0].set_state(BookState.GAP, 99, "three updates missing")
    view = consolidate(three)
    assert [(one.venue, one.trusted, one.state) for one in view.contributors] == [
        ("binance", False, BookState.GAP),
        ("binance_us", True, BookState.LIVE),
        ("coinbase", True, BookState.LIVE),
    ]
    assert view.contributors[0].state_reason == "three updates missing"
    assert rows(view.groups[0].bids)[0] == ("binance_us", 1, "100.0", "2", "2")
    last = view.contributors[2]
    assert (last.ts_event, last.ts_recv, last.last_update_id) == (5, 6, 519)


def test_the_depth_counts_levels_of_the_group(three: list[Book]) -> None:
    (group,) = consolidate(three, {"USDT": "1", "USD": "1"}, depth=2).groups
    assert [level.venue for level in group.bids] == ["coinbase", "binance"]
    assert consolidate(three, depth=0).groups[0].best_bid is None
    assert consolidate(three, depth=0).groups[0].best_ask is None


def test_contracts_and_coins_are_not_added_up(three: list[Book]) -> None:
    contracts = live(COIN_M, [(100_0, 25)], [])
    view = consolidate([*three, contracts])
    assert [(group.currency, group.size_unit) for group in view.groups] == [
        ("USDT", COINS),
        ("USD", COINS),
        ("USD", "contracts of 100 USD"),
    ]
    linear = Instrument("binance_usdm", "X", "BTC", "USDT", "1", "1", multiplier="0.001")
    assert size_unit(linear) == "contracts of 0.001 BTC"
    assert size_unit(BINANCE) == COINS


def test_no_book_gives_no_group() -> None:
    assert consolidate([]).groups == ()
    assert consolidate([Book(BINANCE, window_bits=SMALL_WINDOW)]).groups == ()
