"""Following a stream: the core by hand, both drivers against a desk that goes and comes back."""

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hftlib.client.connection import DeskConnection
from hftlib.client.picture import Picture, book_of
from hftlib.client.stream import (
    Delays,
    Following,
    NotYetError,
    StreamRefusedError,
    Update,
    UpdateKind,
    follow,
    follow_in_turn,
    pictures,
)
from hftlib.core.states import BookState, Side, Source
from hftlib.wire.history import CandleReply, CandlesReply
from hftlib.wire.messages import BookReply, FeaturesReply, TradeReply, TradesReply
from hftlib.wire.stream import (
    BookChange,
    BookTopic,
    CandlesTopic,
    ClockTopic,
    Delta,
    Encoding,
    FeaturesChange,
    FeaturesTopic,
    Refused,
    SignalReply,
    SignalsTopic,
    Snapshot,
    StreamFormatError,
    Subscribe,
    TradesTopic,
    Unsubscribe,
    decode_request,
    encode,
)
from tests.desk_support.recording import SYMBOL, VENUE, write_tape
from tests.desk_support.server import playing

BOOK = BookTopic(VENUE, SYMBOL, 3)


def book(**rest: Any) -> BookReply:
    given: dict[str, Any] = {
        "venue": VENUE, "symbol": SYMBOL, "base": "BTC", "quote": "USDT",
        "state": BookState.LIVE, "reason": "in sequence", "state_since": 1, "verified": True,
        "last_update_id": 10, "ts_event": 1, "ts_recv": 2, "source": Source.TAPE,
        "origin": "made up", "bid_levels": 2, "ask_levels": 1,
        "bids": [("9.5", "1"), ("9.4", "2")], "asks": [("10.1", "3")], **rest,
    }  # fmt: skip
    return BookReply(**given)


def change(bids: list[tuple[str, str]], asks: list[tuple[str, str]], **rest: Any) -> BookChange:
    given: dict[str, Any] = {
        "state": BookState.LIVE, "reason": "in sequence", "state_since": 1, "verified": True,
        "last_update_id": 11, "ts_event": 3, "ts_recv": 4, "bid_levels": 2, "ask_levels": 2,
        "bids": bids, "asks": asks, **rest,
    }  # fmt: skip
    return BookChange(**given)


def told(message: type, identity: int, number: int, body: object, **rest: int) -> bytes:
    raw = msgspec.Raw(encode(body, Encoding.MSGPACK))
    if message is Snapshot:
        return encode(Snapshot(identity, 0, rest.get("skipped", 0), raw), Encoding.MSGPACK)
    return encode(Delta(identity, number, raw), Encoding.MSGPACK)


def test_snapshot_and_deltas_are_handed_on_by_their_types() -> None:
    following = Following([BOOK])
    assert [decode_request(one) for one in following.opening()] == [Subscribe(1, BOOK)]
    updates, sent = following.receive(told(Snapshot, 1, 0, book(), skipped=4))
    assert (updates, sent) == ([Update(UpdateKind.SNAPSHOT, BOOK, book(), 0, 4)], [])
    fresh = change([("9.5", "0")], [("10.2", "7")])
    updates, _ = following.receive(told(Delta, 1, 1, fresh))
    assert updates == [Update(UpdateKind.DELTA, BOOK, fresh, 1)]


def test_a_missing_delta_is_told_and_the_topic_subscribed_anew() -> None:
    following = Following([BOOK], Encoding.MSGPACK)
    following.opening()
    following.receive(told(Snapshot, 1, 0, book()))
    updates, sent = following.receive(told(Delta, 1, 2, change([], [])))
    assert [(one.kind, one.topic) for one in updates] == [(UpdateKind.LOST, BOOK)]
    assert [decode_request(one) for one in sent] == [Unsubscribe(1), Subscribe(2, BOOK)]
    assert following.receive(told(Delta, 1, 3, change([], []))) == ([], [])
    updates, _ = following.receive(told(Snapshot, 2, 0, book()))
    assert updates[0].kind is UpdateKind.SNAPSHOT


def test_a_delta_before_the_snapshot_is_a_gap() -> None:
    following = Following([BOOK])
    following.opening()
    updates, _ = following.receive(told(Delta, 1, 1, change([], [])))
    assert updates[0].kind is UpdateKind.LOST


def test_the_same_topic_twice_is_followed_once() -> None:
    assert len(Following([BOOK, BOOK], Encoding.JSON).opening()) == 1


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        (Refused(1, "UNKNOWN_BOOK", "no such"), StreamRefusedError),
        (Refused(1, "NO_CLOCK", "none"), StreamRefusedError),
        (Refused(1, "NOT_READY", "loading"), NotYetError),
        (Refused(None, "TOO_MANY_CLIENTS", "full"), NotYetError),
    ],
)
def test_refusals_are_raised(refused: Refused, error: type[Exception]) -> None:
    following = Following([BOOK])
    following.opening()
    with pytest.raises(error, match=refused.message):
        following.receive(encode(refused, Encoding.MSGPACK))


def test_a_refusal_that_is_nobodys_is_left_to_the_close_that_follows() -> None:
    following = Following([BOOK])
    following.opening()
    refused = Refused(None, "SOURCE_CHANGED", "the desk shows another source")
    assert following.receive(encode(refused, Encoding.MSGPACK)) == ([], [])


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x80", b"\x91" * 5_000, "{}"])
def test_what_is_no_message_is_refused(data: bytes | str) -> None:
    following = Following([BOOK])
    following.opening()
    with pytest.raises(StreamFormatError):
        following.receive(data)


def test_a_body_of_another_topic_is_refused() -> None:
    following = Following([BOOK])
    following.opening()
    with pytest.raises(StreamFormatError):
        following.receive(told(Snapshot, 1, 0, [1, 2]))


def test_delays_grow_with_full_jitter_and_begin_anew() -> None:
    delays = Delays(random.Random(5))
    waits = [delays.after(False) for _ in range(200)]
    assert max(waits[:2]) <= 1.0
    assert 4 < max(waits) <= 5
    assert min(waits) < 0.3
    assert delays.after(True) <= 0.25


def test_a_book_is_put_together() -> None:
    picture = Picture(BOOK)
    assert picture.body is None
    with pytest.raises(ValueError, match="nothing"):
        book_of(picture)
    picture.change(change([("1", "1")], []))
    assert picture.body is None
    picture.begin(book())
    assert (picture.body, picture.is_trusted) == (book(), True)
    picture.change(change([("9.5", "0"), ("9.45", "6"), ("8", "0")], [("10.02", "7")]))
    assert book_of(picture).bids == [("9.45", "6"), ("9.4", "2")]
    assert book_of(picture).asks == [("10.02", "7"), ("10.1", "3")]
    assert (book_of(picture).last_update_id, book_of(picture).ask_levels) == (11, 2)
    picture.change(change([], [], state=BookState.GAP, verified=False))
    assert not picture.is_trusted
    picture.begin(book())
    picture.lose()
    assert (picture.is_current, picture.is_trusted) == (False, False)
    assert picture.body == book()


def trade(number: int) -> TradeReply:
    return TradeReply(number, None, number, "1", "2", Side.BUY)


def bar(at: int, close: str) -> CandleReply:
    return CandleReply(
        at, "1", "2", "1", close, "3", None, 1, None, None, None, False, True, "trades"
    )


def signal(name: str, side: str) -> SignalReply:
    return SignalReply(VENUE, SYMBOL, name, side, 0.5, 0.6, 1.0, "", None, 7)


def test_other_topics_are_put_together_each_in_its_way() -> None:
    trades = Picture(TradesTopic(VENUE, SYMBOL))
    trades.begin(TradesReply(VENUE, SYMBOL, Source.TAPE, [trade(1)]))
    trades.change([trade(2), trade(3)])
    assert [one.trade_id for one in trades.body.trades] == [1, 2, 3]
    features = Picture(FeaturesTopic(VENUE, SYMBOL))
    values: dict[str, float | None] = {"mid": 1.0, "vpin": 2.0}
    features.begin(FeaturesReply(VENUE, SYMBOL, BookState.LIVE, 1, 2, 3, Source.TAPE, values))
    features.change(FeaturesChange(BookState.STALE, 4, 5, 6, {"vpin": None}))
    assert features.body.features == {"mid": 1.0, "vpin": None}
    assert (features.body.state, features.body.last_update_id) == (BookState.STALE, 6)
    candles = Picture(CandlesTopic(VENUE, SYMBOL, "1m", 2))
    candles.begin(CandlesReply(VENUE, SYMBOL, "1m", Source.TAPE, [bar(60, "1"), bar(120, "2")]))
    candles.change([bar(120, "5"), bar(180, "6")])
    assert [(one.ts_open, one.close) for one in candles.body.candles] == [(120, "5"), (180, "6")]
    signals = Picture(SignalsTopic())
    signals.begin([signal("a", "BUY")])
    signals.change([signal("b", "SELL"), signal("a", "NEUTRAL")])
    assert [(one.signal, one.side) for one in signals.body] == [("a", "NEUTRAL"), ("b", "SELL")]
    clock = Picture(ClockTopic())
    clock.begin("then")
    clock.change("now")
    assert clock.body == "now"


def test_pictures_are_made_of_updates() -> None:
    other = TradesTopic(VENUE, SYMBOL)
    updates = [
        Update(UpdateKind.SNAPSHOT, BOOK, book()),
        Update(UpdateKind.DELTA, BOOK, change([("9.5", "0")], []), 1),
        Update(UpdateKind.LOST, BOOK, reason="a delta is missing"),
        Update(UpdateKind.LOST, None, reason="the line is cut"),
    ]
    seen = [(one.topic, one.is_current) for one in pictures(iter(updates), BOOK, other)]
    assert seen == [(BOOK, True), (BOOK, True), (BOOK, False), (BOOK, False), (other, False)]


@pytest.mark.parametrize("encoding", list(Encoding))
def test_a_plain_loop_follows_a_desk_that_comes_back(tmp_path: Path, encoding: Encoding) -> None:
    tape = write_tape(tmp_path / "a.tape", 100)
    with playing(tape, tmp_path / "data", speed=5.0) as desk:
        desk.until_running()
        updates = DeskConnection(desk.url).stream(BOOK, encoding=encoding)
        kinds = [next(updates).kind for _ in range(3)]
        assert kinds == [UpdateKind.SNAPSHOT, UpdateKind.DELTA, UpdateKind.DELTA]
        port = desk.port
    lost = next(update for update in updates if update.kind is UpdateKind.LOST)
    assert desk.url in lost.reason
    with playing(tape, tmp_path / "data", port=port, speed=5.0):
        again = next(update for update in updates if update.kind is not UpdateKind.LOST)
        updates.close()
    assert (again.kind, again.body.symbol) == (UpdateKind.SNAPSHOT, SYMBOL)


async def _first(updates: AsyncIterator[Update], kind: UpdateKind) -> Update:
    async for update in updates:
        if update.kind is kind:
            return update
    raise AssertionError("the stream ended")


async def test_asyncio_follows_a_desk_that_comes_back(tmp_path: Path) -> None:
    tape = write_tape(tmp_path / "a.tape", 100)
    with playing(tape, tmp_path / "data", speed=5.0) as desk:
        updates = follow(desk.url, BOOK, FeaturesTopic(VENUE, SYMBOL))
        assert (await _first(updates, UpdateKind.SNAPSHOT)).body.symbol == SYMBOL
        assert (await _first(updates, UpdateKind.DELTA)).sequence == 1
        port = desk.port
    assert desk.url in (await _first(updates, UpdateKind.LOST)).reason
    with playing(tape, tmp_path / "data", port=port, speed=5.0):
        assert (await _first(updates, UpdateKind.SNAPSHOT)).sequence == 0
        await updates.aclose()


def test_a_book_that_is_not_there_is_refused_for_good(tmp_path: Path) -> None:
    with playing(write_tape(tmp_path / "a.tape", 50), tmp_path / "data", paused=True) as desk:
        desk.until_running()
        with pytest.raises(StreamRefusedError, match="BTCUSDT, ETHUSDT") as refused:
            next(DeskConnection(desk.url).stream(BookTopic(VENUE, "DOGE")))
        assert refused.value.code == "UNKNOWN_BOOK"


async def test_a_wrong_token_is_refused_for_good(tmp_path: Path) -> None:
    tape = write_tape(tmp_path / "a.tape", 50)
    with playing(tape, tmp_path / "data", host="0.0.0.0", token="right") as desk:
        with pytest.raises(StreamRefusedError, match="token") as refused:
            next(follow_in_turn(desk.url, BOOK, token="wrong"))
        assert refused.value.code == "TOKEN_REQUIRED"
        with pytest.raises(StreamRefusedError, match="token"):
            await anext(follow(desk.url, BOOK))
        updates = follow(desk.url, BOOK, token="right")
        assert (await _first(updates, UpdateKind.SNAPSHOT)).topic == BOOK
        await updates.aclose()
