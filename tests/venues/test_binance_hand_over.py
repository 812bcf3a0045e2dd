"""One connection takes over from another: what the session says, step by step."""

import msgspec

from hftlib.core.states import FeedCondition
from hftlib.venues.binance.books import AHEAD_EVENTS
from hftlib.venues.binance.repetitions import REMEMBERED, Repetitions
from tests.reference.venue_feed import Feed, conditions, instrument, kinds

URL = "https://api.binance.com/api/v3/depth?symbol=BTCUSDT"
STREAMS = "wss://stream.binance.com:9443/stream?streams=btcusdt@depth@100ms"


def diff(first: int, last: int) -> str:
    data = f'{{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":{first},"u":{last},'
    return f'{{"stream":"btcusdt@depth@100ms","data":{data}"b":[["1.00","1"]],"a":[]}}}}'


def trade(number: int) -> str:
    data = f'{{"e":"trade","E":1,"s":"BTCUSDT","t":{number},"p":"1.00","q":"1","T":1,"m":true}}'
    return f'{{"stream":"btcusdt@trade","data":{data}}}'


def quote(number: int) -> str:

    data = f'{{"u":{number},"s":"BTCUSDT","b":"1.00","B":"1","a":"1.01","A":"1"}}'
    return f'{{"stream":"btcusdt@bookTicker","data":{data}}}'


def live(at: int = 10) -> Feed:
    feed = Feed("binance", instrument("binance", "BTCUSDT"))
    feed.opened(STREAMS)
    feed.ws(diff(at - 5, at))
    feed.rest(URL, f'{{"lastUpdateId":{at},"bids":[["1.00","2"]],"asks":[["1.01","1"]]}}')
    assert kinds(feed.ws(diff(at + 1, at + 1))) == ["BookDelta"]
    feed.opened(STREAMS, "ws+")
    return feed


def is_live(feed: Feed) -> bool:
    return feed.session.is_synced("BTCUSDT")


def test_the_successor_is_named_and_nothing_is_distrusted():
    feed = live()
    (told,) = feed.handed_over("ws", "ws+")
    assert (told.connection, told.condition) == ("ws", FeedCondition.HANDED_OVER)
    assert (told.reason, told.symbol) == ("ws+", "")
    assert is_live(feed)
    assert kinds(feed.ws(diff(12, 12), "ws+")) == ["BookDelta"]


def test_books_that_were_handed_over_end_with_their_new_connection():
    feed = live()
    feed.handed_over("ws", "ws+")
    assert conditions(feed.closed("cut", "ws")) == [FeedCondition.CLOSED]
    assert is_live(feed)
    assert conditions(feed.closed("cut", "ws+")) == [FeedCondition.CLOSED] * 2
    assert not is_live(feed)


def test_what_the_slower_connection_repeats_proves_nothing():
    feed = live()
    for number in range(12, 17):
        assert kinds(feed.ws(diff(number, number), "ws+")) == ["BookDelta"]
    told = [kinds(feed.ws(diff(number, number))) for number in range(12, 17)]
    assert told == [["LATE"]] * 4 + [["DUPLICATE"]]
    assert is_live(feed)


def test_three_late_ones_of_the_same_connection_still_prove_a_garbled_id():
    feed = live()
    feed.ws(diff(12, 30))
    told = [kinds(feed.ws(diff(number, number)))[0] for number in range(9, 12)]
    assert told == ["LATE", "LATE", "GAP"]


def test_what_comes_too_early_waits_for_what_it_follows():
    feed = live()
    assert kinds(feed.ws(diff(13, 13), "ws+")) == ["ACKNOWLEDGED"]
    assert kinds(feed.ws(diff(14, 14), "ws+")) == ["ACKNOWLEDGED"]
    assert kinds(feed.ws(diff(16, 16), "ws+")) == ["ACKNOWLEDGED"]
    told = feed.ws(diff(12, 12))
    assert [event.last_update_id for event in told] == [12, 13, 14]
    told = feed.ws(diff(15, 15), "ws+")
    assert [event.last_update_id for event in told] == [15, 16]


def test_what_came_too_early_is_dropped_once_it_is_old():
    feed = live()
    feed.ws(diff(13, 13), "ws+")
    told = feed.ws(diff(12, 14))
    assert [event.last_update_id for event in told] == [14]
    assert kinds(feed.ws(diff(15, 15))) == ["BookDelta"]


def test_waiting_ends_in_a_gap_when_what_is_missing_does_not_come():
    feed = live()
    for number in range(13, 13 + AHEAD_EVENTS):
        assert kinds(feed.ws(diff(number, number), "ws+")) == ["ACKNOWLEDGED"]
    number = 13 + AHEAD_EVENTS
    assert kinds(feed.ws(diff(number, number), "ws+")) == ["GAP", "SnapshotRequest"]


def test_the_end_of_the_connection_that_moved_a_book_does_not_hide_a_gap():
    feed = live()
    assert kinds(feed.ws(diff(12, 12), "ws+")) == ["BookDelta"]
    assert conditions(feed.closed("cut", "ws+")) == [FeedCondition.CLOSED]
    assert is_live(feed)
    assert kinds(feed.ws(diff(14, 14))) == ["GAP", "SnapshotRequest"]


def test_a_book_found_wrong_forgets_what_waits():
    feed = live()
    feed.ws(diff(13, 13), "ws+")
    feed.session.distrust("BTCUSDT", "drift", feed.now_ns)
    assert kinds(feed.ws(diff(12, 12))) == ["BUFFERING"]
    told = feed.rest(URL, '{"lastUpdateId":12,"bids":[],"asks":[]}')
    assert kinds(told)[0] == "BookSnapshot"


def test_before_the_first_event_applies_the_faster_connection_waits_too():
    feed = Feed("binance", instrument("binance", "BTCUSDT"))
    feed.ws(diff(5, 10))
    feed.rest(URL, '{"lastUpdateId":10,"bids":[],"asks":[]}')
    assert kinds(feed.ws(diff(12, 12), "ws+")) == ["ACKNOWLEDGED"]
    told = feed.ws(diff(11, 11))
    assert [event.last_update_id for event in told] == [11, 12]


def test_what_waits_is_in_the_checkpoint():
    feed = live()
    feed.ws(diff(13, 13), "ws+")
    feed.ws(trade(1))
    feed.ws(quote(7))
    other = Feed("binance", instrument("binance", "BTCUSDT"))
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(feed.session.checkpoint()))
    other.session.restore(state)
    told = other.ws(diff(12, 12))
    assert [event.last_update_id for event in told] == [12, 13]
    assert kinds(other.ws(trade(1), "ws+")) == ["DUPLICATE"]
    assert kinds(other.ws(quote(7), "ws+")) == ["DUPLICATE"]


def test_a_trade_is_told_once_whoever_brings_it():
    feed = live()
    assert kinds(feed.ws(trade(5))) == ["Trade"]
    assert kinds(feed.ws(trade(4), "ws+")) == ["Trade"]
    assert kinds(feed.ws(trade(5), "ws+")) == ["DUPLICATE"]
    assert kinds(feed.ws(trade(4))) == ["DUPLICATE"]


def test_only_so_many_trades_are_remembered():
    feed = live()
    for number in range(REMEMBERED + 1):
        feed.ws(trade(number))
    assert kinds(feed.ws(trade(1))) == ["DUPLICATE"]
    assert kinds(feed.ws(trade(0))) == ["Trade"]


def test_a_raw_trade_is_told_once_too():
    feed = live()
    raw = '{"e":"trade","E":1,"s":"BTCUSDT","t":9,"p":"1.00","q":"1","T":1,"m":true}'
    assert kinds(feed.ws(raw)) == ["Trade"]
    assert kinds(feed.ws(raw)) == ["DUPLICATE"]


def test_a_slower_connection_does_not_turn_a_quote_back():
    feed = live()
    assert kinds(feed.ws(quote(5))) == ["BestBidOffer"]
    assert kinds(feed.ws(quote(7), "ws+")) == ["BestBidOffer"]
    assert kinds(feed.ws(quote(6))) == ["DUPLICATE"]
    assert kinds(feed.ws(quote(8))) == ["BestBidOffer"]


def test_one_connection_may_number_its_quotes_as_it_likes():
    feed = live()
    assert kinds(feed.ws(quote(10**15))) == ["BestBidOffer"]
    assert kinds(feed.ws(quote(5))) == ["BestBidOffer"]


def test_books_of_other_connections_stay_where_they_are():
    feed = live()
    feed.handed_over("ws-2", "ws-2+")
    assert conditions(feed.closed("cut", "ws")) == [FeedCondition.CLOSED] * 2


def test_a_quote_without_a_number_is_always_new():
    repetitions, feed = Repetitions(), live()
    (best,) = feed.ws(quote(5))
    unnumbered = msgspec.structs.replace(best, update_id=None)
    assert not repetitions.holds(unnumbered, "ws")
    assert not repetitions.holds(unnumbered, "ws+")
