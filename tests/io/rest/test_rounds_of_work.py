"""Snapshots, polling, comparisons, statistics, candles, clocks: against the local venues."""

import asyncio

import msgspec
import pytest

from hftlib.core.errors import UnavailableError
from hftlib.core.frames import FrameKind
from hftlib.io.clock import WallClock
from hftlib.io.rest.candles import Candles
from hftlib.io.rest.client import RestAnswer
from hftlib.io.rest.clock_offsets import ClockOffsets, quickest
from hftlib.io.rest.comparisons import Comparisons
from hftlib.io.rest.discovery import discover
from hftlib.io.rest.polling import Polling, pace
from hftlib.io.rest.snapshots import Snapshots
from hftlib.io.rest.statistics import Statistics
from hftlib.venues.plans import Addresses

BOOKS = {
    "binance": ["BTCUSDT", "ETHUSDT"],
    "coinbase": ["BTC-USD"],
    "coinbase_exchange": ["BTC-USD"],
}


def plant(market, status, **more):
    market.control("POST", "faults", {"kind": "http", "status": status, **more})


async def until(what):
    """Wait until something is true; the test's own time limit ends it."""
    while not what():
        await asyncio.sleep(0.005)


# instruments


@pytest.mark.parametrize("venue", BOOKS)
def test_instruments_are_found(venue, asking, addresses):
    found = asking.run(lambda client: discover(client, addresses[venue]))
    assert BOOKS[venue][0] in [one.symbol for one in found]
    assert {one.venue for one in found} == {venue}
    assert len(asking.taken) == 1


def test_the_limit_is_learnt_from_the_instruments(asking, addresses):
    asking.run(lambda client: discover(client, addresses["binance_usdm"]))
    assert asking.statuses["binance_usdm"].limit == 2_400


def test_a_venue_that_tells_no_instruments_is_unavailable(asking, addresses, market):
    plant(market, 451, venue="binance")
    with pytest.raises(UnavailableError, match="binance tells no instruments: 451: the venue does"):
        asking.run(lambda client: discover(client, addresses["binance"]))


def test_a_body_that_lists_nothing_is_unavailable(asking, addresses):
    wrong = Addresses("binance", addresses["coinbase_exchange"].rest_url + "/time?", "")
    with pytest.raises(UnavailableError):
        asking.run(lambda client: discover(client, wrong))


# snapshots


def test_a_snapshot_is_fetched_once_however_often_it_is_wanted(asking, addresses):
    async def work(client):
        snapshots = Snapshots(client, addresses)
        for _ in range(5):
            snapshots.want("binance", "BTCUSDT", "gap")
            await asyncio.sleep(0)
        snapshots.want("binance", "ETHUSDT", "gap")
        assert snapshots.wanted == 2
        await until(lambda: len(asking.taken) >= 2 and not snapshots.wanted)
        await snapshots.close()

    # The repeated wishes came while the first was under way: it is asked for once more, not more.
    asking.run(work)
    urls = [frame[-1] for frame in asking.taken]
    assert 1 <= sum("BTCUSDT" in url for url in urls) <= 2
    assert sum("ETHUSDT" in url for url in urls) == 1


def test_a_snapshot_that_was_found_wanting_is_fetched_again(asking, addresses):
    async def work(client):
        snapshots = Snapshots(client, addresses)
        take = client._take

        def judge(*frame):
            take(*frame)
            if len(asking.taken) < 3:
                snapshots.want("binance", "BTCUSDT", "older than the stream")

        client._take = judge
        snapshots.want("binance", "BTCUSDT", "gap")
        await until(lambda: not snapshots.wanted)

    asking.run(work)
    assert len(asking.taken) == 3


def test_refusals_do_not_end_the_wish(asking, addresses, market):
    plant(market, 403, venue="binance", count=1)
    plant(market, 500, venue="binance", count=6)

    async def work(client):
        snapshots = Snapshots(client, addresses)
        snapshots.want("binance", "BTCUSDT")
        await until(lambda: not snapshots.wanted)

    asking.run(work)
    assert len(asking.taken) == 1


def test_a_book_that_the_venue_does_not_have_is_given_up(asking, addresses):
    async def work(client):
        snapshots = Snapshots(client, addresses)
        snapshots.want("binance", "NOSUCH")
        await until(lambda: not snapshots.wanted)

    asking.run(work)
    assert asking.taken == []
    assert "Invalid symbol" in asking.statuses["binance"].trouble


def test_closing_gives_up_all_wishes(asking, addresses, market):
    plant(market, 500, venue="binance")

    async def work(client):
        snapshots = Snapshots(client, addresses)
        snapshots.want("binance", "BTCUSDT")
        await asyncio.sleep(0)
        await snapshots.close()
        assert snapshots.wanted == 0

    asking.run(work)


# polling


def test_polling_opens_a_connection_and_goes_on_until_after_it_is_stopped(asking, addresses):
    async def work(client):
        polling = Polling(client, addresses, every_s=0.02, linger_s=0.1)
        polling.start("binance", BOOKS["binance"])
        polling.start("binance", BOOKS["binance"])
        await until(lambda: len(asking.taken) > 6)
        polling.stop("binance")
        polling.stop("binance")
        assert polling.is_polling("binance")
        await until(lambda: not polling.is_polling("binance"))
        polling.stop("binance")
        await polling.close()

    asking.run(work)
    kinds = [frame[2] for frame in asking.taken]
    assert kinds[0] is FrameKind.OPENED
    assert kinds[-1] is FrameKind.CLOSED
    assert set(kinds[1:-1]) == {FrameKind.POLL}
    assert {frame[1] for frame in asking.taken} == {"poll"}
    assert b"websocket has taken over" in asking.taken[-1][3]
    polled = [frame[4] for frame in asking.taken[1:-1]]
    assert any("BTCUSDT" in url for url in polled)
    assert any("ETHUSDT" in url for url in polled)


def test_polling_that_is_wanted_again_does_not_end(asking, addresses):
    async def work(client):
        polling = Polling(client, addresses, every_s=0.02, linger_s=0.05)
        polling.start("coinbase", BOOKS["coinbase"])
        polling.stop("coinbase")
        polling.start("coinbase", BOOKS["coinbase"])
        count = len(asking.taken)
        await until(lambda: len(asking.taken) > count + 3)
        await polling.close()

    asking.run(work)
    assert [frame[2] for frame in asking.taken].count(FrameKind.CLOSED) == 0


def test_more_books_are_polled_on_the_same_connection(asking, addresses):
    async def work(client):
        polling = Polling(client, addresses, every_s=0.02)
        polling.start("binance", ["BTCUSDT"])
        await until(lambda: len(asking.taken) > 1)
        polling.start("binance", BOOKS["binance"])
        await until(lambda: any("ETHUSDT" in frame[4] for frame in asking.taken))
        await polling.close()

    asking.run(work)
    assert [frame[2] for frame in asking.taken].count(FrameKind.OPENED) == 1


def test_polling_goes_on_after_failures(asking, addresses, market):
    plant(market, 500, venue="coinbase_exchange", count=2)

    async def work(client):
        polling = Polling(client, addresses, every_s=0.02)
        polling.start("coinbase_exchange", BOOKS["coinbase_exchange"])
        polling.start("coinbase", [])
        await until(lambda: len(asking.taken) > 2)
        polling.stop("coinbase_exchange")
        await polling.close()

    asking.run(work)


@pytest.mark.parametrize(
    ("books", "weight", "every_s"), [(1, 50, 1.0), (2, 25, 1.0), (5, 5, 1.0), (20, 5, 2.0)]
)
def test_the_pace_of_polling_is_what_half_the_allowance_permits(books, weight, every_s):
    at = Addresses("binance", "https://x", "")
    chosen = pace(at, [f"S{number}" for number in range(books)], per_second=100)
    assert [one.weight for one in chosen.requests] == [weight] * books
    assert chosen.every_s == every_s


# comparisons, statistics, candles


def test_books_are_compared_in_pairs(asking, addresses):
    async def work(client):
        comparisons = Comparisons(client, addresses, every_s=0.05, apart_s=0.01)
        comparisons.start("coinbase", BOOKS["coinbase"])
        comparisons.start("binance", BOOKS["binance"])
        await until(lambda: len(asking.taken) >= 4)
        comparisons.stop("coinbase")
        comparisons.stop("binance")
        await comparisons.close()

    asking.run(work)
    assert {(frame[0], frame[1], frame[2]) for frame in asking.taken} == {
        ("coinbase", "rest", FrameKind.REST)
    }


def test_statistics_are_asked_where_none_were_heard(asking, addresses):
    async def work(client):
        statistics = Statistics(client, addresses, every_s=0.3)
        statistics.start("binance", BOOKS["binance"])
        statistics.start("coinbase", BOOKS["coinbase"])

        async def hear():
            while True:
                statistics.heard("binance", "ETHUSDT")
                await asyncio.sleep(0.05)

        stream = asyncio.create_task(hear())
        await until(lambda: len(asking.taken) >= 3)
        stream.cancel()
        statistics.stop("binance")
        await statistics.close()

    asking.run(work)
    assert {frame[-1].rpartition("=")[2] for frame in asking.taken} == {"BTCUSDT"}


def test_candles_are_fetched_once_for_every_symbol(asking, addresses):
    async def work(client):
        candles = Candles(client, addresses, WallClock())
        for venue, symbols in BOOKS.items():
            candles.start(venue, symbols)
        await until(lambda: len(asking.taken) == 4)
        await candles.close()

    asking.run(work)
    assert all("candles" in frame[-1] or "klines" in frame[-1] for frame in asking.taken)


# clocks


@pytest.mark.parametrize("venue", ["binance", "binance_usdm", "coinbase", "coinbase_exchange"])
def test_the_offset_of_a_venue_on_this_machine_is_small(venue, asking, addresses):
    async def work(client):
        return await ClockOffsets(client, addresses).estimate(venue)

    found = asking.run(work)
    assert abs(found.offset_ns) < found.round_trip_ns + 2_000_000
    assert asking.statuses[venue].clock_offset_ms == round(found.offset_ns / 1e6, 3)


def test_offsets_are_estimated_again_and_again(asking, addresses):
    async def work(client):
        offsets = ClockOffsets(client, addresses, every_s=0.01, samples=2)
        offsets.start("binance")
        await until(lambda: len(asking.taken) >= 6)
        await offsets.close()

    asking.run(work)


def test_a_venue_that_tells_no_time_is_asked_again(asking, addresses, market):
    plant(market, 404, venue="binance", count=1)

    async def work(client):
        offsets = ClockOffsets(client, addresses, samples=1)
        offsets.start("binance")
        await until(lambda: asking.taken)
        await offsets.close()

    asking.run(work)


def answer(body, elapsed_s, sent_ns=1_000_000_000_000):
    return RestAnswer(200, msgspec.json.encode(body), elapsed_s, "", "", sent_ns)


def test_the_quickest_round_trip_tells_the_offset():
    found = quickest(
        [
            answer({"serverTime": 1_003_000}, 2.0),
            answer({"serverTime": 1_000_600}, 0.2),
            answer({"hello": 1}, 0.1),
            RestAnswer(200, b"\xff", 0.01, ""),
            answer({"serverTime": None}, 0.1),
        ]
    )
    assert found == (500_000_000, 200_000_000)
    assert quickest([]) is None
