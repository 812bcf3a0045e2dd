"""One connection takes over from another: nothing is missed, nothing is told twice or turned back.

Both connections bring the same frames, each in order, however far one lags behind the other. The
second one begins at some frame, the first one is closed once it has brought all that the second one
does not.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.core.events import BestBidOffer, Trade
from hftlib.core.states import FeedCondition
from hftlib.venues.binance.encode import BinanceWriter
from tests.property.test_venue_sync import (
    SPOT,
    T_NS,
    URLS,
    USDM,
    Truth,
    Watched,
    batches,
    binance_frames,
)
from tests.reference.venue_feed import Feed, conditions

orders = st.lists(st.booleans(), min_size=60, max_size=60)


def interleaved(old: list, new: list, order: list[bool]) -> list[tuple[str, object]]:
    """Return (connection, frame) in an order drawn, each connection's own kept."""
    queues = {"ws": list(old), "ws+": list(new)}
    arriving = []
    for takes_new in order:
        name = "ws+" if takes_new else "ws"
        if queues[name]:
            arriving.append((name, queues[name].pop(0)))
    return arriving + [(name, frame) for name, kept in queues.items() for frame in kept]


@pytest.mark.parametrize("instrument", [SPOT, USDM], ids=["spot", "usdm"])
@given(changes=batches, order=orders, data=st.data())
def test_a_book_never_loses_its_sequence_while_it_is_handed_over(instrument, changes, order, data):
    truth, watched = Truth(), Watched(instrument)
    frames = binance_frames(instrument, changes, instrument is USDM, truth)
    known = dict(enumerate(truth.states))
    watched.take(watched.feed.opened("wss://x/stream"))
    watched.take(watched.feed.ws(frames[0]))
    last = len(changes[0]) + (instrument is USDM)
    bids, asks = truth.states[last]
    body = BinanceWriter(instrument).snapshot(last, bids.items(), asks.items(), T_NS, T_NS)
    watched.take(watched.feed.rest(f"{URLS[instrument.venue]}?symbol=BTCUSDT", body))
    begins = data.draw(st.integers(1, len(frames) - 1), label="begins")
    ends = data.draw(st.integers(begins, len(frames)), label="ends")
    watched.take(watched.feed.opened("wss://x/stream", "ws+"))
    for connection, frame in interleaved(frames[1:ends], frames[begins:], order):
        watched.take(watched.feed.ws(frame, connection))
        watched.check(known)
        assert watched.syncs <= 1
    told = watched.feed.handed_over("ws", "ws+")
    assert conditions(told) == [FeedCondition.HANDED_OVER]
    assert (told[0].connection, told[0].reason) == ("ws", "ws+")
    assert (watched.syncs, watched.trusted) == (1, True)
    assert (watched.book.bids, watched.book.asks) == truth.states[-1]
    assert watched.feed.session.reporter.of_symbol("BTCUSDT").gaps == 0


@given(skipped=st.integers(0, 9), order=orders, stream=st.sampled_from(["trade", "aggTrade"]))
def test_every_trade_is_told_once_while_a_lane_is_handed_over(skipped, order, stream):
    feed = Feed("binance", SPOT)
    frames = [trade_frame(stream, number) for number in range(1, 21)]
    told = [
        event.trade_id
        for connection, frame in interleaved(frames[:15], frames[skipped:], order)
        for event in feed.ws(frame, connection)
        if isinstance(event, Trade)
    ]
    assert sorted(told) == list(range(1, 21))


@given(order=orders)
def test_a_quote_is_never_turned_back_while_a_lane_is_handed_over(order):
    feed = Feed("binance", SPOT)
    frames = [quote_frame(number) for number in range(1, 21)]
    told = [
        event.update_id
        for connection, frame in interleaved(frames, frames, order)
        for event in feed.ws(frame, connection)
        if isinstance(event, BestBidOffer)
    ]
    assert told == list(range(1, 21))


def trade_frame(stream: str, number: int) -> str:
    data = {"e": stream, "E": 1_700_000_000_000, "s": "BTCUSDT", "p": "1.00", "q": "1"}
    data |= {"T": 1_700_000_000_000, "m": True, "M": True}
    data |= {"t": number} if stream == "trade" else {"a": number, "f": number, "l": number}
    return json.dumps({"stream": f"btcusdt@{stream}", "data": data}, separators=(",", ":"))


def quote_frame(number: int) -> str:
    data = {"u": number, "s": "BTCUSDT", "b": "1.00", "B": "1", "a": "1.01", "A": "1"}
    return json.dumps({"stream": "btcusdt@bookTicker", "data": data}, separators=(",", ":"))
