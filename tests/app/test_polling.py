"""The feed by HTTP: what a round of messages holds, against the answers it was made of."""

import pytest

from hftlib.core.states import BookState, Side, Source
from hftlib.ui import polling
from hftlib.ui.panels import Topic
from hftlib.wire import feed
from hftlib.wire.feed import BUY, SELL, Column, Ladder
from hftlib.wire.messages import (
    BookReply,
    ClockReply,
    Description,
    FeedReply,
    InstrumentReply,
    MessageAge,
    Status,
    TradeReply,
    TradesReply,
)

BIDS = [("100.10", "1.5"), ("100.05", "2"), ("99.90", "4")]
ASKS = [("100.15", "0.25"), ("100.20", "3")]


class Desk:
    """Answer as a desk's connection does, about one book."""

    def __init__(self, bids=BIDS, asks=ASKS, state=BookState.LIVE, clock=None) -> None:
        self.levels, self.state, self._clock = (bids, asks), state, clock

    def book(self, venue, symbol, depth):
        bids, asks = self.levels
        return BookReply(
            venue, symbol, "XY", "USD", self.state, "", None, False, 77, None, 5_400_000_000,
            Source.TAPE, "a.tape", len(bids), len(asks), bids, asks,
        )  # fmt: skip

    def instruments(self):
        def named(symbol):
            return InstrumentReply(
                "coinbase", symbol, "XY", "USD", "0.05", "0.01", "0.01", "0", "1", False,
                "TRADING", "venue",
            )  # fmt: skip

        return [named("OTHER"), named("XY-USD")]

    def feeds(self):
        status = Status(
            self.state, False, "", None, Source.TAPE, "a.tape", 1.0, 5, 1.0, 0, 0, 0, 0, 0, 0,
            MessageAge(None, None), {"mid": 100.125}, None, self._clock, 3, 2, 77,
        )  # fmt: skip
        return [FeedReply("coinbase", "OTHER", status), FeedReply("coinbase", "XY-USD", status)]

    def latest_trades(self, venue, symbol, limit):
        trades = [
            TradeReply(1, None, 5_000_000_000, "100.10", "0.5", Side.SELL),
            TradeReply(2, None, 5_100_000_000, "100.15", "0.7", Side.BUY),
        ]
        return TradesReply(venue, symbol, Source.TAPE, trades)


def bodies(desk: Desk, row_ticks: int = 2):
    """Return the decoded bodies of one round by their kinds, and the time that they bear."""
    topic = Topic("coinbase", "XY-USD", row_ticks)
    decoded = [feed.decode(message) for message in polling.messages(desk, topic)]
    times = {head.time_ms for head, _ in decoded}
    assert len(times) == 1
    return {head.kind.name: body for head, body in decoded}, times.pop()


def test_a_round_holds_what_the_socket_would_have_brought():
    found, time_ms = bodies(Desk())
    assert list(found) == ["DESCRIPTION", "COLUMNS", "LADDER", "TRADES", "STATUS"]
    assert time_ms == 5_400.0
    description = found["DESCRIPTION"]
    assert isinstance(description, Description)
    assert (description.tick, description.row_ticks, description.column_ms) == ("0.05", 2, 1000)
    assert found["STATUS"].features == {"mid": 100.125}


def test_levels_are_summed_by_row():
    column = bodies(Desk())[0]["COLUMNS"][0]
    assert isinstance(column, Column)
    assert (column.time_ms, column.best_bid_ticks, column.best_ask_ticks) == (5_000.0, 2002, 2003)
    assert not column.gap
    cells = sorted(zip(column.rows, column.sizes, strict=True))
    assert cells == [(999, -4), (1000, -2), (1001, -1.5), (1001, 0.25), (1002, 3)]


def test_the_ladder_is_best_first():
    ladder = bodies(Desk())[0]["LADDER"]
    assert isinstance(ladder, Ladder)
    assert list(ladder.bid_ticks) == [2002, 2001, 1998]
    assert list(ladder.ask_sizes) == [0.25, 3]
    assert (ladder.state, ladder.verified, ladder.last_update_id) == (BookState.LIVE, False, 77)


def test_trades_keep_their_aggressor():
    trades = bodies(Desk())[0]["TRADES"]
    assert [(t.time_ms, t.ticks, t.size, t.side) for t in trades] == [
        (5_000.0, 2002, 0.5, SELL),
        (5_100.0, 2003, 0.7, BUY),
    ]


def test_a_book_that_is_not_trusted_makes_a_hatched_column():
    assert bodies(Desk(state=BookState.GAP))[0]["COLUMNS"][0].gap


def test_the_clock_of_a_tape_tells_the_time():
    clock = ClockReply(9_999.0, 0.0, 20_000.0, 1.0, False)
    found, time_ms = bodies(Desk(clock=clock))
    assert time_ms == 9_999.0
    assert found["COLUMNS"][0].time_ms == 9_000.0


def test_an_empty_side_is_missing_and_not_zero():
    found, _ = bodies(Desk(asks=[]))
    assert found["COLUMNS"][0].best_ask_ticks is None
    assert len(found["LADDER"].ask_ticks) == 0


@pytest.mark.parametrize(
    ("bid", "row_ticks"),
    [("100.10", 1), ("60000.00", 10), ("30000.00", 5), ("5000000.00", 1000)],
)
def test_without_a_row_height_a_round_one_is_chosen(bid: str, row_ticks: int):
    found, _ = bodies(Desk(bids=[(bid, "1")], asks=[]), row_ticks=0)
    assert found["DESCRIPTION"].row_ticks == row_ticks


def test_an_empty_book_has_a_row_height_too():
    assert bodies(Desk(bids=[], asks=[]), row_ticks=0)[0]["DESCRIPTION"].row_ticks == 1
