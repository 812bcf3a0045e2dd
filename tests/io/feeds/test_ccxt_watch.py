import asyncio
import random

import msgspec
import pytest

from hftlib.core.frames import FrameKind
from hftlib.io.feeds.ccxt_watch import DEPTH, BookWriter, Pace, TradesWriter, Watcher
from hftlib.venues.ccxt.messages import MarketRow
from hftlib.venues.registry import instruments_from
from tests.io.feeds.fake_exchange import FakeExchange, VenueError, book

NO_WAIT = Pace(gap_s=0.0, poll_s=0.0, silence_s=5.0, backoff_s=0.0)
ROW = MarketRow("BTC/USD", "BTC", "USD", "0.01", "0.00000001")


class Heard:
    """Keep the frames of a watcher, and hand them out as they come."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[tuple[FrameKind, str, str, bytes]] = asyncio.Queue()

    def __call__(self, *frame) -> None:
        self.frames.put_nowait(frame)

    async def next(self, kind: FrameKind):
        """Return the next frame of a kind, the others before it passed over."""
        async with asyncio.timeout(5):
            while True:
                frame = await self.frames.get()
                if frame[0] is kind:
                    return frame


@pytest.fixture
def heard():
    return Heard()


def watcher_of(exchange, heard, pace=NO_WAIT) -> Watcher:
    return Watcher(exchange, "kraken", heard, random.Random(1), failures=(VenueError,), pace=pace)


def body(frame):
    return msgspec.json.decode(frame[3])


async def test_markets_are_listed_as_instruments_read_them(heard):
    exchange = FakeExchange()
    await watcher_of(exchange, heard).list_markets()
    _, connection, request, payload = await heard.next(FrameKind.REST)
    assert (connection, request) == ("rest", "ccxt://kraken/markets")
    found = instruments_from("kraken", request, payload)
    assert [one.symbol for one in found] == ["BTC/USD", "ETH/USD"]


async def test_significant_digits_take_a_price_from_the_tickers(heard):
    exchange = FakeExchange(fetchTickers=True)
    exchange.precisionMode = 3
    exchange.markets["BTC/USD"]["precision"] = {"price": 5, "amount": None}
    await watcher_of(exchange, heard).list_markets()
    (row,) = body(await heard.next(FrameKind.REST))["markets"]
    assert (row["symbol"], row["price_increment"]) == ("BTC/USD", "0.1")


async def test_markets_that_do_not_come_are_asked_for_again(heard):
    exchange = FakeExchange()
    exchange.failures = [VenueError("451"), KeyError("symbols")]
    await watcher_of(exchange, heard).list_markets()
    frames = [await heard.next(FrameKind.CLOSED) for _ in range(2)]
    assert [frame[1] for frame in frames] == ["rest", "rest"]
    assert frames[0][3] == b"VenueError: 451"
    assert (await heard.next(FrameKind.REST))[1] == "rest"


async def opened(exchange, heard, pace=NO_WAIT) -> Watcher:
    watcher = watcher_of(exchange, heard, pace)
    await watcher.list_markets()
    watcher.start(["BTC/USD", "NO/SUCH"])
    return watcher


async def test_pushed_books_are_handed_on_as_text(heard):
    exchange = FakeExchange()
    watcher = await opened(exchange, heard)
    assert (await heard.next(FrameKind.OPENED))[1:3] == (
        "book BTC/USD",
        "ccxt://kraken/book/BTC/USD",
    )
    exchange.pushed.put_nowait(book(64_000.1))
    frame = await heard.next(FrameKind.WS)
    assert frame[1] == "book BTC/USD"
    told = body(frame)
    assert (told["type"], told["nonce"], told["ts"]) == ("book", 7, 1_700_000_000_000)
    assert told["bids"] == [["64000.1", "1.50000000"], ["63999.1", "2.00000000"]]
    assert told["asks"][0][1] == "0.00000010"
    await watcher.stop()
    assert exchange.calls == ["close"]


async def test_what_came_in_the_gap_is_handed_on_without_a_new_message(heard):
    exchange = FakeExchange()
    exchange.orderbooks["BTC/USD"] = book(101.0)
    watcher = await opened(exchange, heard)
    exchange.pushed.put_nowait(book(100.0))
    first, second = [body(await heard.next(FrameKind.WS)) for _ in range(2)]
    assert (first["bids"][0][0], second["bids"][0][0]) == ("100.0", "101.0")
    await watcher.stop()


async def test_a_failed_watch_is_closed_told_and_opened_again(heard):
    exchange = FakeExchange()
    watcher = await opened(exchange, heard)
    exchange.pushed.put_nowait(VenueError("connection reset"))
    closed = await heard.next(FrameKind.CLOSED)
    assert (closed[1], closed[3]) == ("book BTC/USD", b"VenueError: connection reset")
    assert (await heard.next(FrameKind.OPENED))[1] == "book BTC/USD"
    await watcher.stop()


async def test_a_quiet_book_is_verified_over_rest(heard):
    exchange = FakeExchange()
    watcher = await opened(exchange, heard, msgspec.structs.replace(NO_WAIT, silence_s=0.01))
    exchange.pushed.put_nowait(book(100.0))
    await heard.next(FrameKind.WS)
    while exchange.calls.count("fetch_order_book") < 2:
        await asyncio.sleep(0)
    # The same book over REST says nothing new, and the connection stays.
    assert heard.frames.empty()
    exchange.book = book(105.0)
    assert body(await heard.next(FrameKind.POLL))["bids"][0][0] == "105.0"
    assert b"nothing was pushed" in (await heard.next(FrameKind.CLOSED))[3]
    await heard.next(FrameKind.OPENED)
    assert "close" in exchange.calls
    await watcher.stop()


async def test_connections_that_read_no_more_begin_anew_for_every_lane(heard):
    exchange = FakeExchange()
    watcher = await opened(exchange, heard)
    exchange.pushed.put_nowait(book(100.0))
    await heard.next(FrameKind.WS)
    await watcher.revive("JSONDecodeError within ccxt")
    closed = [await heard.next(FrameKind.CLOSED) for _ in range(2)]
    assert {frame[1] for frame in closed} == {"book BTC/USD", "trades BTC/USD"}
    assert closed[0][3] == b"StalledError: JSONDecodeError within ccxt"
    exchange.pushed.put_nowait(book(101.0))
    assert body(await heard.next(FrameKind.WS))["bids"][0][0] == "101.0"
    await watcher.stop()


async def test_books_and_trades_are_polled_where_nothing_pushes_them(heard):
    exchange = FakeExchange(watchOrderBook=False, watchTrades=False)
    exchange.trades = [trade(1), trade(2)]
    watcher = await opened(exchange, heard)
    told = {}
    while len(told) < 2:
        frame = await heard.next(FrameKind.POLL)
        told[frame[1]] = body(frame)
    assert told["book BTC/USD"]["bids"][0][0] == "100.0"
    assert [row["id"] for row in told["trades BTC/USD"]["trades"]] == ["1", "2"]
    exchange.trades = [trade(2), trade(3)]
    assert [row["id"] for row in body(await heard.next(FrameKind.POLL))["trades"]] == ["3"]
    assert "polled" in "; ".join(watcher.lacks())
    await watcher.stop()


async def test_pushed_trades_are_handed_on(heard):
    exchange = FakeExchange()
    watcher = await opened(exchange, heard)
    exchange.traded.put_nowait([trade(7, side=None)])
    frame = await heard.next(FrameKind.WS)
    assert frame[1] == "trades BTC/USD"
    (row,) = body(frame)["trades"]
    assert row == {
        "id": "7",
        "ts": 1_700_000_000_000,
        "price": "100.5",
        "size": "0.25000000",
        "side": None,
    }
    await watcher.stop()


async def test_a_book_is_subscribed_anew_where_ccxt_can_and_else_everything_is(heard):
    able, unable = FakeExchange(unWatchOrderBook=True), FakeExchange()
    await watcher_of(able, heard).renew("BTC/USD")
    await watcher_of(unable, heard).renew("BTC/USD")
    assert (able.calls, unable.calls) == (["un_watch"], ["close"])
    able.failures = [VenueError("not subscribed")]
    await watcher_of(able, heard).renew("BTC/USD")
    assert able.calls[1:] == ["un_watch", "close"]


async def test_what_a_venue_lacks_is_told_in_words(heard):
    exchange = FakeExchange()
    exchange.options["watchOrderBook"] = {"checksum": False}
    words = "; ".join(watcher_of(exchange, heard, Pace()).lacks())
    assert "no sequence numbers" in words
    assert "at most 10 times a second" in words
    assert "checksum unchecked" in words
    assert "polled" not in words


def trade(number, **more):
    usual = {"id": number, "timestamp": 1_700_000_000_000, "price": 100.5, "amount": 0.25}
    return {**usual, "side": "buy", **more}


def test_a_book_is_cut_and_levels_that_round_to_nothing_are_left_out():
    levels = [[100.0 - 0.01 * number, 1.0] for number in range(DEPTH + 50)]
    told = msgspec.json.decode(
        BookWriter("BTC/USD", ROW).news(
            {"bids": levels, "asks": [[101.0, 1e-12], [1e-07, 3]], "nonce": -1}
        )
    )
    assert len(told["bids"]) == DEPTH
    assert told["asks"] == [["0.0000001", "3.00000000"]]
    assert (told["ts"], told["nonce"]) == (None, None)


def test_polled_trades_without_ids_are_told_apart_by_what_they_say():
    writer = TradesWriter("BTC/USD", ROW)
    first = trade(None)
    assert writer.news([first, trade(None, price=1.0)]) == [first, trade(None, price=1.0)]
    assert writer.news([first]) == []
    assert msgspec.json.decode(writer.text([first]))["trades"][0]["id"] is None
