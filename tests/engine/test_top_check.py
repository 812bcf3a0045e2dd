"""Book tops meet ticker tops at the same update id, whichever comes first."""

from hftlib.core.events import BestBidOffer
from hftlib.core.states import BookState
from hftlib.engine import top_check
from hftlib.engine.facts import BookFact
from hftlib.engine.top_check import TopCheck


def book(update_id: int, bid: int = 100) -> BookFact:
    return BookFact("v", "s", None, 0, BookState.LIVE, True, "", update_id, bid, 1, 102, 2)


def ticker(update_id: int | None, bid: int = 100) -> BestBidOffer:
    return BestBidOffer("v", "s", None, 0, update_id, bid, 1, 102, 2)


def test_the_ticker_may_come_first_or_last() -> None:
    check = TopCheck()
    check.on_ticker(ticker(1))
    check.on_book(book(1))
    check.on_book(book(2))
    check.on_ticker(ticker(2))
    assert (check.compared, check.matched) == (2, 2)


def test_a_different_size_or_price_is_compared_and_does_not_match() -> None:
    check = TopCheck()
    check.on_book(book(1, bid=99))
    check.on_ticker(ticker(1))
    assert (check.compared, check.matched) == (1, 0)


def test_different_ids_and_tickers_without_id_are_not_compared() -> None:
    check = TopCheck()
    check.on_book(book(1))
    check.on_ticker(ticker(2))
    check.on_ticker(ticker(None))
    assert check.compared == 0


def test_forgotten_books_are_not_compared() -> None:
    check = TopCheck()
    check.on_book(book(1))
    check.forget()
    check.on_ticker(ticker(1))
    assert check.compared == 0


def test_memory_is_bounded() -> None:
    check = TopCheck()
    for update_id in range(top_check._HELD + 1):
        check.on_book(book(update_id))
    check.on_ticker(ticker(0))
    check.on_ticker(ticker(1))
    assert check.compared == 1
