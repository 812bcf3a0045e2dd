"""A round trip is paid at the ask, sold at the bid, and taxed three times."""

import msgspec
import numpy as np
import pytest

from hftlib.desk.market_arbitrage import (
    LOW_FEE,
    PRESETS,
    RETAIL,
    FeePreset,
    episodes_of,
    net_bps,
    report_of,
)
from hftlib.desk.market_reading import record_of_market
from hftlib.desk.market_record import SECOND, BookRecord
from tests.desk_support.small_market import SPOT, happen

FREE = FeePreset("free", 0.0, 0.0, 0.0)


def book(*tops: tuple[float, int, int], tick: float = 1.0, end_s: float = 100) -> BookRecord:
    """Return a book of tops (second, bid, ask)."""
    happened = happen(2)
    whole = record_of_market(*happened[:3], SPOT)
    rows = [(int(second * SECOND), bid, 1, ask, 1) for second, bid, ask in tops]
    return msgspec.structs.replace(
        whole, tick_size=tick, start_ns=0, end_ns=int(end_s * SECOND), tops=np.array(rows)
    )


def test_a_round_trip_by_hand() -> None:
    first, second = np.array([[99.0, 100.0]]), np.array([[102.0, 103.0]])
    conversion = np.array([[0.99, 1.01]])
    buy_first, buy_second = net_bps(first, second, conversion, FREE)
    assert buy_first[0] == pytest.approx((102 / (100 * 1.01) - 1) * 1e4)
    assert buy_second[0] == pytest.approx((99 * 0.99 / 103 - 1) * 1e4)
    fees = FeePreset("some", 10.0, 20.0, 30.0)
    taxed, _ = net_bps(first, second, conversion, fees)
    assert taxed[0] == pytest.approx((102 / 101 * 0.999 * 0.998 * 0.997 - 1) * 1e4)


def test_an_episode_lasts_while_every_book_allows_it() -> None:
    first = book((0, 999, 1000), (60, 999, 1004))
    second = book((1, 1000, 1001), (20, 1003, 1004), (40, 1005, 1006))
    one_to_one = book((2, 1, 1))
    found, best = episodes_of(first, second, one_to_one, FREE)
    (episode,) = found
    assert (episode.begin_ns, episode.end_ns) == (20 * SECOND, 100 * SECOND)
    assert episode.buys_first
    assert episode.best_bps == pytest.approx(50.0)
    assert best == pytest.approx(50.0)


def test_fees_end_what_is_too_small() -> None:
    first, second, same = book((0, 999, 1000)), book((1, 1003, 1004)), book((0, 1, 1))
    for fees, episodes in ((FREE, 1), (LOW_FEE, 1), (RETAIL, 0)):
        report = report_of("two books", (first, second, same), fees)
        assert (report.preset, report.episodes) == (fees.name, episodes)
        assert report.seconds == pytest.approx(99.0)
        assert report.best_bps is not None
        assert (report.best_bps > 0) is bool(episodes)


def test_both_ways_are_tried() -> None:
    cheap, dear, same = book((0, 999, 1000)), book((0, 1009, 1010)), book((0, 1, 1))
    for books, buys_first in (((cheap, dear), True), ((dear, cheap), False)):
        (episode,) = episodes_of(*books, same, LOW_FEE)[0]
        assert episode.buys_first is buys_first


def test_dollars_of_two_kinds_are_not_one() -> None:
    first, second = book((0, 999, 1000)), book((0, 1009, 1010))
    dear_tether = book((0, 10_099, 10_101), tick=0.0001)
    assert not episodes_of(first, second, dear_tether, FREE)[0]


def test_the_report_counts_by_time() -> None:
    first = book((0, 999, 1000), end_s=300)
    second = book(
        (0, 1003, 1004), (10, 1000, 1001), (20, 1003, 1004), (20.09, 999, 1000), end_s=300
    )
    report = report_of("three", (first, second, book((0, 1, 1), end_s=300)), FREE)
    assert (report.episodes, report.lasting, report.longest_s) == (2, 1, 10.0)
    assert report.per_10_min == pytest.approx(4.0)


def test_a_book_that_falls_silent_stands_as_it_was_told_last() -> None:
    silent, second = book((0, 999, 1000), end_s=5), book((6, 1009, 1010))
    (episode,), best = episodes_of(silent, second, book((0, 1, 1)), FREE)
    assert (episode.begin_ns, episode.end_ns) == (6 * SECOND, 100 * SECOND)
    assert best == pytest.approx(90.0)


def test_retail_pays_more_than_a_maker() -> None:
    assert [fees.name for fees in PRESETS] == ["retail", "low-fee"]
    assert (RETAIL.first_bps, RETAIL.second_bps) == (10.0, 60.0)
    assert max(LOW_FEE.first_bps, LOW_FEE.second_bps) < 10.0
