"""The client against the local venues: answers, storms, refusals, and what it hands on."""

import asyncio
import random

import pytest

from hftlib.core.clock import Clock
from hftlib.core.frames import FrameKind
from hftlib.io.clock import WallClock
from hftlib.io.rest.client import RestClient
from hftlib.venues.plans import Addresses, Purpose
from hftlib.venues.requests import (
    candles_request,
    instruments_request,
    snapshot_requests,
    statistics_requests,
    time_request,
)

BOOKS = {
    "binance": "BTCUSDT",
    "binance_usdm": "BTCUSDT",
    "coinbase": "BTC-USD",
    "coinbase_exchange": "BTC-USD",
}


def plant(market, status, **more):
    market.control("POST", "faults", {"kind": "http", "status": status, **more})


@pytest.mark.parametrize("venue", BOOKS)
def test_every_request_is_answered_and_recorded(venue, asking, addresses):
    at, symbol = addresses[venue], BOOKS[venue]
    now_ns = WallClock().now_ns()
    requests = [
        instruments_request(at),
        time_request(at),
        candles_request(at, symbol, now_ns),
        *statistics_requests(at, [symbol]),
        *snapshot_requests(at, symbol),
    ]

    async def work(client):
        return [await client.ask(request) for request in requests]

    answers = asking.run(work)
    assert [answer.trouble for answer in answers] == [""] * len(requests)
    assert [answer.url for answer in answers] == [request.url for request in requests]
    expected = [
        (venue, "rest", FrameKind.REST, answer.body, request.url)
        for answer, request in zip(answers, requests, strict=True)
    ]
    assert asking.taken == expected


def test_a_storm_of_snapshots_never_draws_a_refusal(asking, addresses, market):
    async def work(client):
        wanted = [
            client.ask(*snapshot_requests(addresses[venue], symbol))
            for venue, symbol in list(BOOKS.items())[:2] * 100
        ]
        return await asyncio.gather(*wanted)

    answers = asking.run(work)
    assert {answer.status for answer in answers} == {200}
    assert [status.refused for status in asking.statuses.values()] == [0, 0]
    depths = {answer.url.rpartition("=")[2] for answer in answers}
    assert len(depths) > 1, "all of one depth: the weight left did not choose"
    assert len(asking.taken) == 200


def test_a_storm_on_buckets_never_draws_a_refusal(asking, addresses):
    async def work(client):
        wanted = [
            client.ask(*snapshot_requests(addresses[venue], symbol))
            for venue, symbol in list(BOOKS.items())[2:] * 20
        ]
        return await asyncio.gather(*wanted)

    answers = asking.run(work)
    assert {answer.status for answer in answers} == {200}
    assert asking.statuses["coinbase"].delayed > 0


@pytest.mark.parametrize("status", [429, 418])
def test_a_refusal_is_waited_for_and_asked_again(status, asking, addresses, market):
    plant(market, status, venue="binance_usdm", count=1, retry_after_s=1)

    async def work(client):
        begun = asyncio.get_running_loop().time()
        answer = await client.ask(*snapshot_requests(addresses["binance_usdm"], "BTCUSDT"))
        return answer, asyncio.get_running_loop().time() - begun

    answer, waited_s = asking.run(work)
    assert answer.status == 200
    assert waited_s >= 1
    assert asking.statuses["binance_usdm"].refused == 1
    assert asking.statuses["binance_usdm"].trouble == ""


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (429, "too many requests"),
        (418, "banned for asking too often"),
    ],
)
def test_a_long_refusal_is_told_and_nobody_waits(status, words, asking, addresses, market):
    plant(market, status, venue="binance", retry_after_s=600)

    async def work(client):
        first = await client.ask(time_request(addresses["binance"]))
        assert 590 < client.wait_s("binance") <= 600
        return first, await client.ask(time_request(addresses["binance"]))

    first, second = asking.run(work)
    assert first.status == status
    assert words in first.trouble
    assert asking.statuses["binance"].trouble == first.trouble
    assert (second.status, second.trouble) == (0, first.trouble)
    assert asking.taken == []


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, "refused, often by a firewall"), (451, "does not serve this place")],
)
def test_a_closed_door_is_tried_again_after_a_while(status, words, asking, addresses, market):
    plant(market, status, venue="binance", count=1)

    async def work(client):
        return [await client.ask(time_request(addresses["binance"])) for _ in range(2)]

    first, second = asking.run(work)
    assert words in first.trouble
    assert (second.status, second.trouble) == (200, "")


def test_trouble_of_the_servers_is_asked_again(asking, addresses, market):
    plant(market, 500, venue="coinbase", count=2)
    plant(market, 503, venue="coinbase_exchange", count=1, retry_after_s=1)

    async def work(client):
        return await asyncio.gather(
            *(
                client.ask(instruments_request(addresses[venue]))
                for venue in ("coinbase", "coinbase_exchange")
            )
        )

    assert [answer.status for answer in asking.run(work)] == [200, 200]
    assert len(asking.taken) == 2


def test_trouble_that_does_not_end_is_told(asking, addresses, market):
    plant(market, 502, venue="binance")

    async def work(client):
        return await client.ask(time_request(addresses["binance"]))

    answer = asking.run(work)
    assert answer.status == 502
    assert "servers are in trouble" in asking.statuses["binance"].trouble


def test_a_poll_comes_on_its_own_connection_and_kind(asking, addresses):
    (request,) = snapshot_requests(addresses["coinbase"], "BTC-USD", Purpose.POLL)
    asking.run(lambda client: client.ask(request))
    ((venue, connection, kind, _, url),) = asking.taken
    assert (venue, connection, kind, url) == ("coinbase", "poll", FrameKind.POLL, request.url)


def test_a_venue_that_is_not_there_is_no_connection(asking):
    nowhere = Addresses("binance", "http://127.0.0.1:9", "")

    async def work(client):
        return await client.ask(time_request(nowhere))

    answer = asking.run(work)
    assert (answer.status, answer.trouble) == (0, "no connection")


def test_the_loop_goes_on_while_answers_are_awaited(asking, addresses):
    async def work(client):
        asked = asyncio.gather(
            *(client.ask(*snapshot_requests(addresses["binance"], "BTCUSDT")) for _ in range(20))
        )
        turns = 0
        while not asked.done():
            await asyncio.sleep(0)
            turns += 1
        await asked
        return turns

    assert asking.run(work) > 20


def test_closing_ends_what_waits(addresses):
    async def whole():
        client = RestClient(lambda *_: None, WallClock(), random.Random(1))
        asked = [
            asyncio.create_task(client.ask(time_request(addresses["coinbase"]))) for _ in range(40)
        ]
        await asyncio.sleep(0)
        await client.close()
        answers = await asyncio.gather(*asked)
        return answers, await client.ask(time_request(addresses["coinbase"]))

    answers, later = asyncio.run(whole())
    assert {answer.trouble for answer in answers} == {"closed"}
    assert later.trouble == "closed"


def test_whoever_gives_up_leaves_the_line(asking, addresses):
    async def work(client):
        asked = [
            asyncio.create_task(client.ask(time_request(addresses["coinbase"]))) for _ in range(30)
        ]
        await asyncio.sleep(0)
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        return await client.ask(time_request(addresses["coinbase"]))

    assert asking.run(work).status == 200
    assert len(asking.taken) == 1


class SteadyClock(Clock):
    """Stand still."""

    def now_ns(self):
        return 0


def test_pauses_grow_and_are_spread():
    async def whole():
        client = RestClient(lambda *_: None, SteadyClock(), random.Random(3))
        pauses = [[client.pause_s(number) for _ in range(200)] for number in (0, 3, 5_000)]
        await client.close()
        return pauses

    first, later, last = asyncio.run(whole())
    assert 0 <= min(first) < 0.02
    assert 0.2 < max(first) <= 0.25
    assert 1.8 < max(later) <= 2.0
    assert 7.5 < max(last) <= 8.0
