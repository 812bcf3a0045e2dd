from hftlib.client.frames import (
    COLUMNS,
    CONSOLIDATED_COLUMNS,
    consolidated_frame,
    order_book_frame,
)
from hftlib.core.states import BookState, Source
from hftlib.wire.messages import (
    BookReply,
    BookStanding,
    ConsolidatedGroup,
    ConsolidatedLevel,
    ConsolidatedReply,
)


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
    assert frame["level"].tolist() == [1, 2, 1]
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


def test_cumulative_sizes_are_summed_as_decimals() -> None:
    tenths = [("1", "0.1")] * 10
    frame = order_book_frame(book("binance", "BTCUSDT", "USDT", bids=tenths, asks=[]))
    assert frame["cumulative"].tolist()[-1] == 1.0


def standing(venue: str, symbol: str, quote: str, state: BookState, ts: int | None) -> BookStanding:
    return BookStanding(venue, symbol, quote, state, "a reason", True, None, ts, 5)


def reply() -> ConsolidatedReply:
    """Return three books: two in dollars of some kind, one of them not to be trusted."""
    return ConsolidatedReply(
        currency=None,
        source=Source.TAPE,
        books=[
            standing("binance", "BTCUSDT", "USDT", BookState.LIVE, 7),
            standing("coinbase", "BTC-USD", "USD", BookState.LIVE, None),
            standing("binance_us", "BTCUSD", "USD", BookState.GAP, 9),
        ],
        groups=[
            ConsolidatedGroup(
                "BTC",
                "USDT",
                "coins",
                [
                    ConsolidatedLevel("binance", "BTCUSDT", "USDT", 1, "100", "99", "2", "2"),
                    ConsolidatedLevel("binance", "BTCUSDT", "USDT", 2, "98", "97", "1", "3"),
                ],
                [],
            ),
            ConsolidatedGroup(
                "BTC",
                "USD",
                "coins",
                [],
                [ConsolidatedLevel("coinbase", "BTC-USD", "USD", 1, "101", "101", "4", "4")],
            ),
        ],
    )


def test_groups_stand_one_after_the_other_each_ranked_alone() -> None:
    frame = consolidated_frame(reply())
    assert tuple(frame.columns) == CONSOLIDATED_COLUMNS
    assert frame["quote"].tolist() == ["USDT", "USDT", "USD"]
    assert frame["currency"].tolist() == ["USDT", "USDT", "USD"]
    assert frame["side"].tolist() == ["bid", "bid", "ask"]
    assert frame["level"].tolist() == [1, 2, 1]
    assert frame["price"].tolist() == [100.0, 98.0, 101.0]
    assert frame["common_price"].tolist() == [99.0, 97.0, 101.0]
    assert frame["cumulative"].tolist() == [2.0, 3.0, 4.0]


def test_each_row_tells_the_standing_of_its_own_book() -> None:
    frame = consolidated_frame(reply())
    stamps = frame.set_index("venue")["ts_recv"]
    assert stamps["binance"].tolist() == [7, 7]
    assert frame["state"].tolist() == ["LIVE"] * 3
    assert frame["ts_recv"].isna().tolist() == [False, False, True]


def test_a_book_that_lends_nothing_is_named_with_its_state() -> None:
    frame = consolidated_frame(reply())
    assert "binance_us" not in set(frame["venue"])
    assert frame.attrs["states"]["binance_us:BTCUSD"] == "GAP"
    assert (frame.attrs["currency"], frame.attrs["source"]) == (None, "TAPE")


def test_no_live_book_gives_an_empty_frame_of_the_same_columns() -> None:
    frame = consolidated_frame(ConsolidatedReply("USD", Source.TAPE, [], []))
    assert tuple(frame.columns) == CONSOLIDATED_COLUMNS
    assert len(frame) == 0
    assert frame["common_price"].dtype == "float64"
