import json

import pytest

from hftlib.core.states import Side
from hftlib.exchange.fault_kinds import FaultKind, FaultSpec
from hftlib.exchange.faults import Faults
from hftlib.exchange.forgery import Forger
from hftlib.exchange.messages import Request, Response
from hftlib.exchange.truth import Truth
from hftlib.market.orders import BookSide
from hftlib.venues.binance.encode import BinanceWriter
from hftlib.venues.coinbase.encode import AdvancedWriter, ExchangeWriter
from tests.local_support import TinyConnection, TinyVenue
from tests.local_support.still import START_NS, StillMarket

SPOT, USDM, COIN = ("binance", "BTCUSDT"), ("binance_usdm", "BTCUSDT"), ("coinbase", "BTC-USD")
SECOND = 1_000_000_000
BID, ASK = 6_000_000, 6_000_100


@pytest.fixture(scope="module")
def market():
    """Books whose best levels change after ten seconds."""
    market = StillMarket(SPOT, USDM, COIN)
    truth = Truth(market.floor.feeds)
    firsts = [market.rest(*key, BookSide.BID, BID, 3, START_NS) for key in (SPOT, USDM, COIN)]
    for key in (SPOT, USDM, COIN):
        market.rest(*key, BookSide.BID, BID - 5, 2, START_NS)
        market.rest(*key, BookSide.ASK, ASK, 4, START_NS)
    market.taken(truth, START_NS)
    for key, number in zip((SPOT, USDM, COIN), firsts):
        market.cancel(*key, number, START_NS + 10 * SECOND)
    market.taken(truth, START_NS + 10 * SECOND)
    market.truth = truth
    return market


@pytest.fixture
def forger(market):
    return Forger(market.truth)


def depth(market, key, bids=((5, 5),)):
    writer = BinanceWriter(market.feed(*key).listing.instrument)
    return writer.depth_update(START_NS, (1, 2, 0), bids, ((9, 9),), START_NS)


@pytest.mark.parametrize("key", [SPOT, USDM])
@pytest.mark.parametrize("bids", [(), ((5, 5),)])
def test_binance_gets_a_bid_above_its_best_ask(market, forger, key, bids):
    instrument = market.feed(*key).listing.instrument
    text = depth(market, key, bids)
    made = json.loads(forger.crossed(key[0], text))
    before = json.loads(text)
    price, size = made["b"][0]
    assert instrument.price_ticks(price) == ASK + 7
    assert instrument.size_quanta(size) == 10
    assert made["b"][1:] == before["b"]
    assert {**made, "b": 0} == {**before, "b": 0}


def test_exchange_gets_a_bid_above_its_best_ask(market, forger):
    writer = ExchangeWriter(market.feed(*COIN).listing.instrument)
    text = writer.update(START_NS, [(Side.SELL, 7_000_000, 5)])
    made = json.loads(forger.crossed("coinbase_exchange", text))
    assert made["changes"][0] == ["buy", "60001.07", "0.0000001"]
    assert made["changes"][1:] == json.loads(text)["changes"]


def test_advanced_gets_a_bid_above_its_best_ask(market, forger):
    writer = AdvancedWriter(market.feed(*COIN).listing.instrument)
    text = writer.level2(4, START_NS, [(Side.SELL, 7_000_000, 5)])
    made = json.loads(forger.crossed("coinbase", text))
    first, *rest = made["events"][0]["updates"]
    assert (first["side"], first["price_level"]) == ("bid", "60001.07")
    assert rest == json.loads(text)["events"][0]["updates"]
    assert made["sequence_num"] == 4


def test_a_delete_of_nothing(market, forger):
    made = json.loads(forger.unknown_delete("binance", depth(market, SPOT)))
    price, size = made["b"][0]
    ticks = market.feed(*SPOT).listing.instrument.price_ticks(price)
    assert market.feed(*SPOT).book.lots_at(BookSide.BID, ticks) == 0
    assert float(size) == 0


def test_a_delete_looks_for_a_place_where_nothing_is(forger):
    market = StillMarket(SPOT)
    market.rest(*SPOT, BookSide.BID, 1_000, 1, START_NS)
    market.rest(*SPOT, BookSide.BID, 500, 1, START_NS)
    made = Forger(Truth(market.floor.feeds)).unknown_delete("binance", depth(market, SPOT))
    assert json.loads(made)["b"][0][0] == "5.01000000"


@pytest.mark.parametrize(
    ("venue", "text"),
    [("binance", b'{"e":"trade","s":"BTCUSDT"}'), ("binance", b'{"e":"depthUpdate","b":[]}'),
     ("binance", b'{"e":"depthUpdate","s":"DOGE","b":[]}'), ("tiny", b'{"e":"depthUpdate"}')],
)  # fmt: skip
def test_what_is_no_depth_of_a_known_book_stays(forger, venue, text):
    assert forger.crossed(venue, text) is None
    assert forger.unknown_delete(venue, text) is None


def test_an_empty_book_cannot_be_crossed():
    market = StillMarket(SPOT)
    forger = Forger(Truth(market.floor.feeds))
    text = depth(market, SPOT)
    assert forger.crossed("binance", text) is None
    assert forger.unknown_delete("binance", text) is None


def asked(query, now_ns=START_NS + 10 * SECOND):
    return Request("GET", "/api/v3/depth", query, {}, b"", "127.0.0.1", now_ns)


def test_rest_shows_the_book_as_it_was(forger):
    made = json.loads(forger.old_answer("binance", asked("symbol=btcusdt&limit=1"), 5 * SECOND))
    assert made["bids"] == [["60000.00000000", "0.00003000"]]
    assert made["asks"] == [["60001.00000000", "0.00004000"]]
    fresh = json.loads(forger.old_answer("binance", asked("symbol=BTCUSDT"), 0))
    assert [bid[0] for bid in fresh["bids"]] == ["59999.95000000"]
    assert fresh["lastUpdateId"] == made["lastUpdateId"] + 1


def test_rest_shows_futures_as_they_were(forger):
    made = json.loads(forger.old_answer("binance_usdm", asked("symbol=BTCUSDT"), 5 * SECOND))
    assert len(made["bids"]) == 2
    assert made["T"] == START_NS // 1_000_000


@pytest.mark.parametrize(
    ("venue", "query", "age"),
    [("binance", "symbol=DOGE", 5), ("binance", "", 5), ("binance", "symbol=BTCUSDT", 99),
     ("coinbase", "symbol=BTC-USD", 5)],
)  # fmt: skip
def test_what_is_not_known_is_not_forged(forger, venue, query, age):
    assert forger.old_answer(venue, asked(query), age * SECOND) is None


def test_a_pushed_snapshot_of_exchange_is_old(market, forger):
    instrument = market.feed(*COIN).listing.instrument
    text = ExchangeWriter(instrument).snapshot([(BID - 5, 2)], [(ASK, 4)])
    made = json.loads(forger.old_snapshot("coinbase_exchange", text, START_NS + SECOND))
    assert [bid[0] for bid in made["bids"]] == ["60000.00", "59999.95"]


def test_a_pushed_snapshot_of_advanced_is_old_and_keeps_its_number(market, forger):
    writer = AdvancedWriter(market.feed(*COIN).listing.instrument)
    text = writer.level2(17, START_NS, [(Side.BUY, BID - 5, 2)], snapshot=True)
    made = json.loads(forger.old_snapshot("coinbase", text, START_NS + SECOND))
    assert made["sequence_num"] == 17
    assert made["events"][0]["type"] == "snapshot"
    sides = [row["side"] for row in made["events"][0]["updates"]]
    assert sides == ["bid", "bid", "offer"]


@pytest.mark.parametrize(
    ("venue", "text"),
    [("binance", b'"type":"snapshot","product_id":"BTC-USD"'),
     ("coinbase", b'"type":"update","product_id":"BTC-USD"'),
     ("coinbase", b'"type":"snapshot","product_id":"DOGE"'),
     ("coinbase", b'"type":"snapshot","product_id":"BTC-USD"')],
)  # fmt: skip
def test_other_frames_stay(forger, venue, text):
    assert forger.old_snapshot(venue, text, START_NS + SECOND) is None


def test_a_snapshot_from_before_the_market_is_not_forged(market, forger):
    text = ExchangeWriter(market.feed(*COIN).listing.instrument).snapshot([], [])
    assert forger.old_snapshot("coinbase_exchange", text, START_NS - 1) is None


def test_faults_forge_with_the_truth(market):
    faults, now_ns = Faults(1, market.truth), START_NS + 10 * SECOND
    faults.add(FaultSpec(FaultKind.CROSSED, venue="binance", count=1), now_ns)
    faults.add(FaultSpec(FaultKind.UNKNOWN_DELETE, venue="binance", count=1), now_ns)
    faults.add(FaultSpec(FaultKind.STALE_SNAPSHOT, seconds=5), now_ns)
    connection = TinyConnection("binance-1")
    connection.say(depth(market, SPOT).decode(), now_ns)
    (message,) = faults.take(connection, now_ns)
    assert len(json.loads(message.text)["b"]) == 3
    pushed = TinyConnection("coinbase_exchange-1", "coinbase_exchange")
    snapshot = ExchangeWriter(market.feed(*COIN).listing.instrument).snapshot([], [])
    pushed.say(snapshot.decode(), now_ns)
    (message,) = faults.take(pushed, now_ns)
    assert len(json.loads(message.text)["bids"]) == 2
    venue = TinyVenue()
    venue.request = lambda _: Response(200, b'{"lastUpdateId":1}')
    answer = faults.answer(venue, asked("symbol=BTCUSDT"))
    assert len(json.loads(answer.body)["bids"]) == 2
    assert [event.kind for event in faults.log()] == [
        "crossed", "unknown-delete", "stale-snapshot", "stale-snapshot",
    ]  # fmt: skip
