import asyncio
import hmac
import json

import httpx
import pytest
from aiohttp import web

from hftlib.core.errors import HftlibError, UnavailableError
from hftlib.exchange.accounts import Accounts
from hftlib.exchange.exchanges import Exchanges
from hftlib.exchange.faults import Faults
from hftlib.exchange.truth import digest_of
from hftlib.io.clock import WallClock
from hftlib.io.local.control import Control
from hftlib.io.local.control_client import ControlClient
from hftlib.io.local.guard import ControlGuard
from hftlib.io.local.market_server import MarketServer
from hftlib.io.local.settings import PORTS, LocalSettings
from hftlib.io.local.steering import Steering
from hftlib.market.orders import BookSide, Order
from hftlib.market.scenario import SCENARIOS
from tests.local_support.still import StillMarket

BTC = ("binance", "BTCUSDT")
USD = ("coinbase", "BTC-USD")


class Steered:
    """A still market with its control interface on a loopback port."""

    def __init__(self, server, exchanges, market, client):
        self.server, self.exchanges, self.market = server, exchanges, market
        self.client = client

    async def call(self, method, path, body=None, **query):
        content = None if body is None else json.dumps(body)
        answer = await self.client.request(method, path, content=content, params=query)
        return answer.status_code, answer.json()

    async def rest(self, side, ticks, lots):
        """Let an order rest and wait until it is published."""
        feed, now_ns = self.market.feed(*BTC), self.server.clock.now_ns()
        self.exchanges.floor.act(now_ns)
        order = Order(7, side, price_ticks=ticks, quantity=lots)
        assert feed.book.place(order, self.exchanges.floor.world.now_ns) > 0
        feed.drain()
        truth = self.exchanges.truth.book(*BTC)
        for _ in range(400):
            if truth.taken_id == feed.book.update_id:
                return feed.book.update_id
            await asyncio.sleep(0.005)
        raise AssertionError("never published")


@pytest.fixture
async def steered(tmp_path):
    clock = WallClock()
    market = StillMarket(BTC, USD, ("binance_usdm", "BTCUSDT"), start_ns=clock.now_ns())
    exchanges = Exchanges(market.floor, Accounts())
    settings = LocalSettings(data_dir=tmp_path, ports=dict.fromkeys(PORTS, 0))
    server = MarketServer(exchanges, Faults(1, exchanges.truth), settings, clock)
    control = Control(server, Steering(exchanges), ControlGuard("127.0.0.1", ""))
    front = web.Server(control.handle, access_log=None)
    listener = await asyncio.get_running_loop().create_server(front, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    await server.listen()
    running = asyncio.create_task(server.run())
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/control/") as client:
        yield Steered(server, exchanges, market, client)
    server.stop()
    listener.close()
    await front.shutdown(0.1)
    await running


async def test_status_tells_of_every_venue(steered):
    code, status = await steered.call("GET", "status")
    assert code == 200
    assert set(status["venues"]) == {"binance", "binance_usdm", "coinbase", "coinbase_exchange"}
    assert status["venues"]["binance"]["is_up"]
    assert status["resident_bytes"] > 0
    assert status["cpu_s"] > 0


async def test_unknown_paths_and_methods_are_refused(steered):
    for method, path in (("GET", "nothing"), ("PUT", "status"), ("GET", "accounts/a/b"),
                         ("DELETE", "faults/x"), ("DELETE", "faults/77")):  # fmt: skip
        code, body = await steered.call(method, path)
        assert (code, set(body)) == (404, {"code", "message"})
    answer = await steered.client.get(str(steered.client.base_url).replace("/control/", "/"))
    assert answer.status_code == 404


async def test_a_strange_host_or_page_is_turned_away(steered):
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
        answer = await steered.client.get("status", headers=headers)
        assert answer.status_code == 403


async def test_scenarios_are_started_and_stopped(steered):
    code, body = await steered.call("GET", "scenarios")
    assert (code, body["known"], body["running"]) == (200, list(SCENARIOS), [])
    code, body = await steered.call("POST", "scenarios/start", {"name": "typhoon"})
    assert (code, body["code"]) == (404, "UNKNOWN_SCENARIO")
    code, body = await steered.call("POST", "scenarios/stop", {"name": "calm"})
    assert (code, body["code"]) == (409, "NOT_RUNNING")
    code, body = await steered.call("POST", "scenarios/start", {"name": "calm"})
    assert (code, body["code"]) == (409, "REFUSED")  # a market without agents has no scenarios
    code, body = await steered.call("POST", "scenarios/start", {"nome": "calm"})
    assert (code, body["code"]) == (422, "INVALID_REQUEST")


async def test_faults_are_planted_listed_logged_and_taken_back(steered):
    code, planted = await steered.call("POST", "faults", {"kind": "http", "status": 429})
    assert (code, planted) == (200, {"fault": 1})
    async with httpx.AsyncClient(base_url=steered.server.addresses["binance"]) as client:
        assert (await client.get("/api/v3/time")).status_code == 429
    _, listed = await steered.call("GET", "faults")
    assert listed["faults"][0]["hits"] == 1
    assert listed["kinds"]["drop"] == "a frame never comes"
    _, log = await steered.call("GET", "faults/log", after=0)
    assert [(event["kind"], event["topic"]) for event in log["events"]] == [
        ("http", "/api/v3/time")
    ]
    assert (await steered.call("DELETE", "faults/1"))[1] == {"cleared": 1}
    await steered.call("POST", "faults", {"kind": "drop"})
    assert (await steered.call("DELETE", "faults"))[1] == {"cleared": 1}
    code, body = await steered.call("POST", "faults", {"kind": "typhoon"})
    assert (code, body["code"]) == (422, "INVALID_REQUEST")


async def test_accounts_are_opened_paid_and_reset(steered):
    asked = {"name": "me", "balances": {"USDT": "1000"}, "keys": ["hmac", "ed25519"]}
    code, made = await steered.call("POST", "accounts", asked)
    assert (code, [key["kind"] for key in made["keys"]]) == (200, ["hmac", "ed25519"])
    assert all(key["secret"] for key in made["keys"])
    code, body = await steered.call("POST", "accounts", asked)
    assert (code, body["code"]) == (409, "ACCOUNT_REFUSED")
    await steered.call("POST", "accounts/me/deposit", {"asset": "BTC", "amount": "0.5"})
    _, shown = await steered.call("GET", "accounts/me")
    assert shown["balances"] == {
        "USDT": {"free": "1000", "locked": "0"}, "BTC": {"free": "0.5", "locked": "0"}
    }  # fmt: skip
    assert all("secret" not in key for key in shown["keys"])
    await steered.call("POST", "accounts/me/reset", {"balances": {"USDT": "7"}})
    _, listed = await steered.call("GET", "accounts")
    (account,) = listed["accounts"]
    held = {asset: one for asset, one in account["balances"].items() if one["free"] != "0"}
    assert held == {"USDT": {"free": "7", "locked": "0"}}
    code, _ = await steered.call("POST", "accounts/you/deposit", {"asset": "BTC", "amount": "1"})
    assert code == 409
    code, _ = await steered.call("POST", "accounts/me/keys", {"public_pem": "no key"})
    assert code == 409


async def test_the_engines_book_is_shown_at_an_id_a_time_and_now(steered):
    first = await steered.rest(BookSide.BID, 6_000_000, 3)
    after_first_ns = steered.server.clock.now_ns()
    second = await steered.rest(BookSide.ASK, 6_100_000, 5)
    bid, ask = ["60000.00", "0.00003"], ["61000.00", "0.00005"]

    async def book(**query):
        return await steered.call("GET", "book", venue="binance", symbol="BTCUSDT", **query)

    code, now = await book()
    assert (code, now["update_id"], now["bids"], now["asks"]) == (200, second, [bid], [ask])
    _, then = await book(update_id=first)
    assert (then["bids"], then["asks"]) == ([bid], [])
    _, timed = await book(time_ns=after_first_ns)
    assert timed["update_id"] == first
    _, cut = await book(depth=0)
    assert (cut["bids"], cut["asks"]) == ([], [])
    assert (await book(update_id=second + 1))[1]["code"] == "NOT_KEPT"
    assert (await book(update_id="x"))[0] == 422
    code, body = await steered.call("GET", "book", venue="coinbase_exchange", symbol="BTC-USD")
    assert (code, body["bids"]) == (200, [])
    assert (await steered.call("GET", "book", venue="binance", symbol="X"))[0] == 404


async def test_digests_of_many_books_at_once(steered):
    update_id = await steered.rest(BookSide.BID, 6_000_000, 3)
    truth = steered.exchanges.truth.book(*BTC)
    asked = {"venue": "binance", "symbol": "BTCUSDT", "update_ids": [update_id, update_id + 9],
             "times_ns": [truth.taken_ns]}  # fmt: skip
    code, body = await steered.call("POST", "book/digests", asked)
    expected = digest_of(truth.latest(), 1).hex()
    assert (code, body) == (200, {"digests": [expected, None, expected]})
    code, body = await steered.call("POST", "book/digests", {"venue": "x", "symbol": "y"})
    assert (code, body["code"]) == (404, "UNKNOWN_BOOK")


async def test_a_wrong_clock_refuses_signed_requests(steered):
    _, made = await steered.call("POST", "accounts", {"name": "me"})
    (key,) = made["keys"]
    async with httpx.AsyncClient(base_url=steered.server.addresses["binance"]) as client:

        async def account():
            text = f"timestamp={steered.server.clock.now_ns() // 1_000_000}"
            signed = hmac.new(key["secret"].encode(), text.encode(), "sha256").hexdigest()
            url = f"/api/v3/account?{text}&signature={signed}"
            return (await client.get(url, headers={"X-MBX-APIKEY": key["key"]})).json()

        assert "balances" in await account()
        for seconds in (-2, 60):
            await steered.call("POST", "faults", {"kind": "clock-skew", "seconds": seconds})
            assert (await account())["code"] == -1021
            await steered.call("DELETE", "faults")
        assert "balances" in await account()


async def test_limits_lifetime_and_shutdown_reach_the_venues(steered):
    _, body = await steered.call("POST", "limits/reset")
    assert "binance" in body["reset"]
    _, body = await steered.call("POST", "lifetime", {"seconds": 60})
    assert "binance" in body["set"]
    assert steered.exchanges.servers["binance"].lifetime_ns == 60_000_000_000
    _, body = await steered.call("POST", "server-shutdown", {"venue": "binance"})
    (state,) = steered.server.faults.states(steered.server.clock.now_ns())
    assert (state.fault, state.spec.kind, state.spec.venue) == (
        body["fault"],
        "shutdown",
        "binance",
    )


async def test_a_market_is_told_to_stop(steered):
    assert await steered.call("POST", "shutdown") == (200, {"stopping": True})
    assert steered.server._stopping.is_set()


async def test_the_client_raises_what_was_refused_and_who_is_absent(steered):
    url = str(steered.client.base_url).replace("/control/", "")
    client = ControlClient(url, token="secret")
    status = await asyncio.to_thread(client.call, "GET", "status")
    assert status["seed"] == 1
    with pytest.raises(HftlibError, match="UNKNOWN_BOOK: 'X' is not listed"):
        await asyncio.to_thread(client.call, "GET", "book", None, {"venue": "v", "symbol": "X"})
    with pytest.raises(UnavailableError, match="no local market answers at"):
        await asyncio.to_thread(ControlClient("http://127.0.0.1:1").call, "GET", "status")
    venue = ControlClient(steered.server.addresses["binance"])
    with pytest.raises(HftlibError, match="the market answers 404"):
        await asyncio.to_thread(venue.call, "GET", "status")
