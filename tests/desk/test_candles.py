import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.core.events import Candle, Trade
from hftlib.core.instrument import Instrument
from hftlib.core.states import Side
from hftlib.desk.board import Board
from hftlib.desk.candles import INTERVALS, KEPT, Bar, Candles, quote_text
from hftlib.desk.heatmap import ColumnStore

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
START = 1_699_999_200 * SECOND
"""A whole hour, so that bars of every interval begin there."""


def trade(
    number: int,
    ts: int,
    ticks: int = 100,
    quanta: int = 10,
    *,
    side: Side = Side.BUY,
    historical: bool = False,
) -> Trade:
    return Trade(
        "binance", "BTCUSDT", START + ts, 0, number, ticks, quanta, side, historical=historical
    )


def told(open_ns: int, *, interval: str = "1m", volume: int = 50, closed: bool = True) -> Candle:
    open_ns += START
    return Candle(
        "binance", "BTCUSDT", None, 0, interval, open_ns, open_ns, 90, 120, 80, 95, volume, closed
    )


def seen(*trades: Trade, venue: str = "binance") -> Candles:
    candles = Candles(venue)
    for one in trades:
        candles.add_trade(one)
    return candles


def only(candles: Candles, interval: str = "1m") -> Bar:
    (bar,) = candles.bars(interval, 10)
    return bar


def test_a_bar_holds_what_its_trades_say() -> None:
    candles = seen(
        trade(1, 0, 100, 10),
        trade(2, 10, 130, 2, side=Side.SELL),
        trade(3, 20, 90, 5),
        trade(4, 30, 110, 1),
    )
    for interval in INTERVALS:
        bar = only(candles, interval)
        assert (bar.open, bar.high, bar.low, bar.close) == (100, 130, 90, 110)
        assert (bar.volume, bar.trades, bar.buy) == (18, 4, 16)
        assert bar.product == 100 * 10 + 130 * 2 + 90 * 5 + 110
        assert (bar.open_ns, bar.first_ts, bar.last_ts) == (START, START, START + 30)


def test_the_bar_in_which_the_stream_began_is_not_complete() -> None:
    candles = seen(trade(1, 30 * SECOND), trade(2, 31 * SECOND), trade(3, MINUTE))
    assert [bar.complete for bar in candles.bars("1s", 10)] == [False, True, True]
    assert [bar.complete for bar in candles.bars("1m", 10)] == [False, True]


def test_a_late_trade_changes_the_bar_of_its_time() -> None:
    candles = seen(trade(1, 5, 100), trade(2, MINUTE, 105), trade(3, 3, 90), trade(4, 9, 120))
    first, second = candles.bars("1m", 10)
    assert (first.open, first.high, first.low, first.close) == (90, 120, 90, 120)
    assert (second.open, second.close, second.trades) == (105, 105, 1)


def test_a_late_trade_of_a_time_without_a_bar_makes_one_in_its_place() -> None:
    candles = seen(trade(1, 0), trade(2, 3 * SECOND), trade(3, SECOND), trade(4, 3 * SECOND + 1))
    bars = candles.bars("1s", 10)
    assert [bar.open_ns - START for bar in bars] == [0, SECOND, 3 * SECOND]
    assert bars[-1].trades == 2


def test_bars_are_bounded_and_the_oldest_go_first() -> None:
    candles = Candles("binance")
    for number in range(KEPT["1s"] + 10):
        candles.add_trade(trade(number, number * SECOND))
    bars = candles.bars("1s", 10_000)
    assert len(bars) == KEPT["1s"]
    assert bars[0].open_ns == START + 10 * SECOND
    candles.add_trade(trade(KEPT["1s"] + 10, 0))
    assert candles.bars("1s", 10_000) == bars, "too old for any bar that is kept"
    assert only(candles, "1h").trades == KEPT["1s"] + 11


def test_the_limit_asks_for_the_last_ones() -> None:
    candles = seen(*(trade(number, number * SECOND) for number in range(5)))
    assert [bar.open_ns - START for bar in candles.bars("1s", 2)] == [3 * SECOND, 4 * SECOND]


def test_trades_skipped_make_the_bars_around_incomplete() -> None:
    candles = seen(
        trade(1, 0),
        trade(2, MINUTE),
        trade(3, 2 * MINUTE),
        trade(9, 3 * MINUTE),
        trade(10, 4 * MINUTE),
    )
    assert [bar.complete for bar in candles.bars("1m", 10)] == [False, True, False, False, True]


@pytest.mark.parametrize(("venue", "complete"), [("kraken", False), ("coinbase", True)])
def test_a_broken_stream_leaves_a_doubt_where_trades_are_not_numbered(
    venue: str, complete: bool
) -> None:
    candles = seen(trade(1, 0), trade(2, MINUTE), venue=venue)
    candles.interrupt(START + MINUTE + SECOND)
    candles.add_trade(trade(3, 2 * MINUTE))
    candles.add_trade(trade(4, 3 * MINUTE))
    bars = candles.bars("1m", 10)
    assert [bar.complete for bar in bars] == [False, complete, complete, True]


def test_a_trade_that_two_connections_bring_is_counted_once() -> None:
    both = [trade(number, number) for number in (1, 2, 2, 3, 1, 3, 6, 6, 5, 5, 4)]
    bar = only(seen(*both))
    assert (bar.trades, bar.volume) == (6, 60)
    unnumbered = only(seen(trade(5, 1), trade(3, 2), trade(3, 3), venue="kraken"))
    assert unnumbered.trades == 3, "their session knows what it brought"


def test_a_venue_that_begins_to_count_anew_is_followed() -> None:
    bars = only(seen(*(trade(number, number) for number in (100, 101, 1, 2, 3))))
    assert bars.trades == 5


def test_trades_of_the_past_are_counted_once() -> None:
    candles = seen(trade(10, 10), trade(11, 11), trade(15, 15))
    past = [trade(number, number, historical=True) for number in (5, 6, 10, 11, 13, 15)]
    for one in past + past:
        candles.add_past(one)
    assert only(candles).trades == 6
    assert only(candles).first_ts == START + 5


def test_trades_of_the_past_may_come_first() -> None:
    candles = Candles("coinbase")
    for number in (1, 2, 3, 2):
        candles.add_past(trade(number, number, historical=True))
    candles.add_trade(trade(4, 4))
    bar = only(candles)
    assert (bar.trades, bar.complete) == (4, False)


def test_what_was_before_is_the_venues() -> None:
    candles = seen(trade(1, 2 * MINUTE), trade(2, 3 * MINUTE))
    for number in range(3):
        candles.add_candle(told(number * MINUTE))
    bars = candles.bars("1m", 10)
    assert [bar.from_venue for bar in bars] == [True, True, True, False]
    assert [bar.volume for bar in bars] == [50, 50, 50, 10]
    assert (bars[0].trades, bars[0].product, bars[0].complete) == (None, None, True)


def test_a_candle_of_the_venues_does_not_replace_what_was_seen_whole() -> None:
    candles = seen(trade(1, 0), trade(2, MINUTE, quanta=7))
    candles.add_candle(told(MINUTE))
    assert [bar.volume for bar in candles.bars("1m", 10)] == [10, 7]


def test_a_bar_known_in_part_from_both_joins_them() -> None:
    candles = seen(trade(1, 30 * SECOND, 130), trade(2, 40 * SECOND, 70, 100))
    candles.add_candle(told(0, closed=False))
    bar = only(candles)
    assert (bar.open, bar.high, bar.low, bar.close) == (90, 130, 70, 70)
    assert (bar.volume, bar.complete, bar.trades) == (110, False, None)


@pytest.mark.parametrize("interval", ["5m", "15m", "1h"])
def test_longer_bars_are_made_of_minutes_where_there_are_no_others(interval: str) -> None:
    candles = seen(trade(1, 2 * MINUTE, 130))
    for number in range(3):
        candles.add_candle(told(number * MINUTE))
    bar = only(candles, interval)
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (90, 120, 80, 95, 150)
    assert bar.complete


def test_a_longer_bar_whose_minutes_do_not_begin_it_is_not_complete() -> None:
    candles = Candles("binance")
    candles.add_candle(told(MINUTE))
    candles.add_candle(told(5 * MINUTE))
    assert [bar.complete for bar in candles.bars("5m", 10)] == [False, True]


@pytest.mark.parametrize(
    ("word", "interval"), [("FIVE_MINUTE", "5m"), ("3600", "1h"), ("15m", "15m")]
)
def test_intervals_have_a_name_at_each_venue(word: str, interval: str) -> None:
    candles = Candles("coinbase")
    candles.add_candle(told(0, interval=word))
    assert only(candles, interval).volume == 50


def test_candles_without_trades_or_of_other_intervals_are_left_out() -> None:
    candles = Candles("binance")
    candles.add_candle(told(0, volume=0))
    candles.add_candle(told(0, interval="3d"))
    assert all(candles.bars(interval, 10) == [] for interval in INTERVALS)


def test_candles_of_the_venue_are_bounded() -> None:
    candles = Candles("binance")
    for number in range(KEPT["1m"] + 5):
        candles.add_candle(told(number * MINUTE))
    bars = candles.bars("1m", 10_000)
    assert (len(bars), bars[0].open_ns) == (KEPT["1m"], START + 5 * MINUTE)


def test_an_interval_that_is_not_kept_is_refused() -> None:
    with pytest.raises(KeyError):
        Candles("binance").bars("3d", 1)


def test_quote_volume_is_exact() -> None:
    spot = Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.05", "0.001")
    assert quote_text(spot, 1_500, 100 * 1_500) == "7.5"
    inverse = Instrument("v", "s", "BTC", "USD", "0.1", "1", multiplier="100", inverse=True)
    assert quote_text(inverse, 3, 10**9) == "300"


@given(
    st.lists(
        st.tuples(
            st.integers(0, 7 * MINUTE), st.integers(1, 1000), st.integers(1, 10**12), st.booleans()
        ),
        min_size=1,
        max_size=60,
    )
)
def test_bars_of_any_order_of_trades_hold_what_a_plain_count_holds(
    rows: list[tuple[int, int, int, bool]],
) -> None:
    sides = {True: Side.BUY, False: Side.SELL}
    candles = seen(
        *(trade(n, ts, ticks, q, side=sides[b]) for n, (ts, ticks, q, b) in enumerate(rows))
    )
    for name, length in INTERVALS.items():
        groups: dict[int, list[tuple[int, int, int, bool]]] = {}
        for row in rows:
            groups.setdefault(row[0] - row[0] % length, []).append(row)
        for bar, (open_ns, held) in zip(
            candles.bars(name, 1000), sorted(groups.items()), strict=True
        ):
            ordered = sorted(held, key=lambda row: row[0])
            assert bar.open_ns == START + open_ns
            assert (bar.high, bar.low) == (max(r[1] for r in held), min(r[1] for r in held))
            assert (bar.open, bar.close) == (ordered[0][1], ordered[-1][1])
            assert (bar.trades, bar.volume) == (len(held), sum(r[2] for r in held))
            assert bar.product == sum(r[1] * r[2] for r in held)
            assert bar.buy == sum(r[2] for r in held if r[3])


def test_the_board_counts_one_kind_of_trades_and_the_past_of_that_kind() -> None:
    board = Board(Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.01", "0.001"), ColumnStore())
    for number in (1, 2):
        board.add_trade(trade(number, number))
        board.add_trade(Trade("binance", "BTCUSDT", START, 0, number, 1, 1, Side.BUY, True))
    board.add_trade(trade(0, 0, historical=True))
    board.add_trade(Trade("binance", "BTCUSDT", START, 0, 9, 1, 1, Side.BUY, True, True))
    assert only(board.candles).trades == 3
    assert board.trades_seen == 2
    board.restart()
    assert board.candles.bars("1m", 10) == []
