import pytest

from hftlib.core.events import Statistics24h, Trade
from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState, Side
from hftlib.desk.board import TRADES_KEPT, Board, figures_of, is_trusted
from hftlib.desk.heatmap import ColumnStore
from hftlib.wire.feed import BUY, SELL, TradeMark
from hftlib.wire.messages import MessageAge, Statistics


def board() -> Board:
    return Board(Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.01", "0.001"), ColumnStore())


def trade(number: int, *, aggregate: bool = False, side: Side = Side.BUY) -> Trade:
    stamp = None if number == 0 else number * 1_000_000
    return Trade("binance", "BTCUSDT", stamp, 5_000_000, number, 100, 1_500, side, aggregate)


def test_a_frame_is_counted_once_however_many_facts_it_has() -> None:
    seen = board()
    for ingress_seq in (1, 1, 2):
        seen.see(ingress_seq, None, 10)
    assert seen.frames == 2


def test_ages_are_what_was_received_less_what_the_venue_said() -> None:
    seen = board()
    assert seen.message_age() == MessageAge(None, None)
    for number in range(101):
        seen.see(number, 1_000_000_000, 1_000_000_000 + number * 1_000_000)
    assert seen.message_age() == MessageAge(50.0, 99.0)


def test_a_message_from_the_future_has_a_negative_age() -> None:
    seen = board()
    seen.see(0, 2_000_000, 1_000_000)
    assert seen.message_age().p50 == -1.0


def test_trades_between_are_those_and_no_others() -> None:
    seen = board()
    for number in range(4):
        seen.add_trade(trade(number, side=Side.SELL if number == 3 else Side.BUY))
    assert seen.trades_between(2, 4) == [
        TradeMark(2.0, 100, 1.5, BUY),
        TradeMark(3.0, 100, 1.5, SELL),
    ]
    assert seen.trades_between(4, 4) == []
    assert seen.trades_between(0, 1)[0].time_ms == 5.0, "our stamp where the venue sends none"


def test_trades_are_bounded() -> None:
    seen = board()
    for number in range(TRADES_KEPT + 5):
        seen.add_trade(trade(number))
    assert len(seen.trades_between(0, seen.trades_seen)) == TRADES_KEPT
    assert seen.trades_seen == TRADES_KEPT + 5


def test_of_single_and_aggregate_trades_only_the_first_kind_counts() -> None:
    seen = board()
    for number in range(4):
        seen.add_trade(trade(number, aggregate=bool(number % 2)))
    assert seen.trades_seen == 2


def test_the_rate_is_taken_over_two_seconds() -> None:
    seen = board()
    assert seen.frames_per_s() == 0.0
    seen.mark_rate(100.0)
    for number in range(30):
        seen.see(number, None, 0)
        if number % 10 == 9:
            seen.mark_rate(101.0 + number // 10)
    assert seen.frames_per_s() == 10.0
    seen.mark_rate(110.0)
    assert seen.frames_per_s() == 0.0


def statistics(**figures: str) -> Statistics24h:
    names = ("last", "open", "high", "low", "volume_base", "volume_quote")
    return Statistics24h("binance", "BTCUSDT", None, 0, *(figures.get(name) for name in names))


def test_the_change_is_the_last_price_less_the_first() -> None:
    assert figures_of(statistics(last="110", open="100", high="120")) == Statistics(
        last=110.0, change_24h=10.0, change_24h_pct=10.0, high=120.0
    )


@pytest.mark.parametrize("figures", [{"last": "110"}, {"open": "100"}, {}])
def test_a_change_that_cannot_be_known_is_none(figures: dict[str, str]) -> None:
    assert figures_of(statistics(**figures)).change_24h is None


def test_a_change_on_nothing_has_no_per_cent() -> None:
    assert figures_of(statistics(last="1", open="0")).change_24h_pct is None


def test_statistics_that_never_came_are_none() -> None:
    seen = board()
    assert seen.statistics_now() is None
    seen.statistics = statistics(last="5")
    assert seen.statistics_now() == Statistics(last=5.0)


def test_only_live_is_trusted() -> None:
    assert [state for state in BookState if is_trusted(state)] == [BookState.LIVE]
