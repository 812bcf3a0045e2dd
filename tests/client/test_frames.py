import pandas as pd
import pytest

from hftlib.client.frames import COLUMNS, consolidated_frame, order_book_frame
from hftlib.core.states import BookState, Source
from hftlib.wire.messages import BookReply, ConsolidatedLevel, ConsolidatedReply


def book(venue: str, symbol: str, quote: str, ts_recv: int | None = 7, **rest: object) -> BookReply:
    given = {
        "venue": venue,
        "symbol": symbol,
        "base": "BTC",
        "quote": quote,
        "state": BookState.LIVE,
        "reason": "in sequence",
        "state_since": 1,
        "verified": True,
        "last_update_id": 2**53 + 1,
        "ts_event": None,
        "ts_recv": ts_recv,
        "source": Source.TAPE,
        "origin": "a tape",
        "bid_levels": 2,
        "ask_levels": 1,
        "bids": [("100.5", "2"), ("100.4", "0.5")],
        "asks": [("100.6", "1.25")],
        **rest,
    }
    return BookReply(**given)


def test_a_book_is_a_frame_of_the_promised_columns() -> None:
    frame = order_book_frame(book("binance", "BTCUSDT", "USDT"))
    assert tuple(frame.columns) == COLUMNS
    assert frame["side"].tolist() == ["bid", "bid", "ask"]
    assert frame["level"].tolist() == [0, 1, 0]
    assert frame["price"].tolist() == [100.5, 100.4, 100.6]
    assert frame["cumulative"].tolist() == [2.0, 2.5, 1.25]
    assert frame["last_update_id"].tolist() == [2**53 + 1] * 3
    assert frame["ts_event"].isna().all()
    assert frame["ts_recv"].tolist() == [7, 7, 7]
    assert (frame.attrs["state"], frame.attrs["source"]) == ("LIVE", "TAPE")
    assert frame.attrs["last_update_id"] == 2**53 + 1


def test_an_empty_book_keeps_columns_types_and_state() -> None:
    empty = book("binance", "BTCUSDT", "USDT", state=BookState.SYNCING, bids=[], asks=[])
    frame = order_book_frame(empty)
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == 0
    assert frame["price"].dtype == "float64"
    assert frame["ts_recv"].dtype == "Int64"
    assert frame.attrs["state"] == "SYNCING"


def level(venue: str, quote: str, price: str, size: str, rated: float | None) -> ConsolidatedLevel:
    symbol = {"binance": "BTCUSDT", "coinbase": "BTC-USD"}[venue]
    return ConsolidatedLevel(venue, symbol, quote, price, size, rated)


def consolidated(currency: str | None) -> ConsolidatedReply:
    rated = currency is not None
    return ConsolidatedReply(
        currency=currency,
        books=[book("binance", "BTCUSDT", "USDT"), book("coinbase", "BTC-USD", "USD", None)],
        left_out=[],
        bids=[
            level("coinbase", "USD", "101", "1", 101.0 if rated else None),
            level("binance", "USDT", "100", "2", 99.0 if rated else None),
            level("coinbase", "USD", "98", "4", 98.0 if rated else None),
        ],
        asks=[level("binance", "USDT", "102", "8", 103.0 if rated else None)],
    )


def test_without_rates_each_currency_is_ranked_alone() -> None:
    frame = consolidated_frame(consolidated(None))
    assert tuple(frame.columns) == COLUMNS
    bids = frame[frame["side"] == "bid"]
    assert bids["level"].tolist() == [0, 0, 1]
    assert bids["cumulative"].tolist() == [1.0, 2.0, 5.0]
    assert bids["quote"].tolist() == ["USD", "USDT", "USD"]
    assert frame.attrs["currency"] is None


def test_with_rates_all_are_ranked_together_and_the_common_price_is_told() -> None:
    frame = consolidated_frame(consolidated("USD"))
    bids = frame[frame["side"] == "bid"]
    assert bids["level"].tolist() == [0, 1, 2]
    assert bids["cumulative"].tolist() == [1.0, 3.0, 7.0]
    assert bids["price_USD"].tolist() == [101.0, 99.0, 98.0]
    assert bids["price"].tolist() == [101.0, 100.0, 98.0]


def test_each_row_tells_the_state_of_its_own_book() -> None:
    frame = consolidated_frame(consolidated("USD"))
    stamps = frame.set_index("venue")["ts_recv"]
    assert stamps["binance"].tolist() == [7, 7]
    assert stamps["coinbase"].isna().all()
    assert frame.attrs["states"] == {"binance:BTCUSDT": "LIVE", "coinbase:BTC-USD": "LIVE"}


@pytest.mark.parametrize("currency", [None, "USD"])
def test_no_books_that_are_live_give_an_empty_frame(currency: str | None) -> None:
    gap = book("binance", "BTCUSDT", "USDT", state=BookState.GAP)
    frame = consolidated_frame(ConsolidatedReply(currency, [gap], ["binance:BTCUSDT"], [], []))
    assert isinstance(frame, pd.DataFrame)
    assert len(frame) == 0
    assert frame.attrs["left_out"] == ["binance:BTCUSDT"]
