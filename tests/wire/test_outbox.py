import numpy as np
import pytest

from hftlib.core.states import BookState
from hftlib.wire import feed
from hftlib.wire.feed import Column, FeedFormatError, Kind, TradeMark
from hftlib.wire.messages import ErrorReply
from hftlib.wire.outbox import Outbox


def columns(sequence: int, *times: float, flags: int = 0) -> bytes:
    blocks = [
        feed.encode_column(Column(time, None, None, False, np.empty(0), np.empty(0, np.float32)))
        for time in times
    ]
    body = feed.join_columns(blocks)
    return feed.pack(Kind.COLUMNS, body, sequence=sequence, time_ms=times[-1], flags=flags)


def other(kind: Kind, sequence: int, body: bytes = b"{}") -> bytes:
    return feed.pack(kind, body, sequence=sequence, time_ms=0.0)


def times_of(message: bytes) -> list[float]:
    return [column.time_ms for column in feed.decode(message)[1]]


def test_an_empty_outbox_is_false_and_gives_nothing() -> None:
    outbox = Outbox()
    assert not outbox
    assert outbox.take() == []


def test_one_message_goes_through_unchanged() -> None:
    outbox = Outbox()
    message = columns(3, 1.0, 2.0, flags=feed.HISTORY)
    outbox.put(message)
    assert outbox
    assert outbox.take() == [message]
    assert not outbox


def test_waiting_columns_are_joined_and_none_is_lost() -> None:
    outbox = Outbox()
    outbox.put(columns(1, 1.0, 2.0, flags=feed.HISTORY))
    outbox.put(columns(2, 3.0))
    outbox.put(columns(3, 4.0))
    (message,) = outbox.take()
    head = feed.read_head(message)
    assert times_of(message) == [1.0, 2.0, 3.0, 4.0]
    assert (head.sequence, head.flags, head.time_ms) == (3, feed.HISTORY, 4.0)
    assert outbox.joined == 2


def test_beyond_the_bound_the_oldest_columns_go() -> None:
    outbox = Outbox(columns=2)
    for number in range(4):
        outbox.put(columns(number, float(number)))
    assert times_of(outbox.take()[0]) == [2.0, 3.0]


def test_a_history_voids_the_columns_that_wait() -> None:
    outbox = Outbox()
    outbox.put(columns(1, 1.0))
    outbox.put(columns(2, 7.0, flags=feed.HISTORY))
    assert times_of(outbox.take()[0]) == [7.0]


def test_a_description_voids_everything_that_waits() -> None:
    outbox = Outbox()
    outbox.put(columns(1, 1.0))
    outbox.put(other(Kind.LADDER, 2))
    outbox.put(other(Kind.DESCRIPTION, 3))
    assert outbox.take() == [other(Kind.DESCRIPTION, 3)]


@pytest.mark.parametrize("kind", [Kind.LADDER, Kind.STATUS, Kind.ERROR])
def test_only_the_newest_of_a_state_waits(kind: Kind) -> None:
    outbox = Outbox()
    outbox.put(other(kind, 1))
    outbox.put(other(kind, 2))
    assert outbox.take() == [other(kind, 2)]


def test_waiting_trades_are_joined_within_their_bound() -> None:
    outbox = Outbox(trades=2)
    for number in range(3):
        body = feed.encode_trades([TradeMark(0.0, number, 1.0, feed.BUY)])
        outbox.put(other(Kind.TRADES, number, body))
    (message,) = outbox.take()
    head, trades = feed.decode(message)
    assert [trade.ticks for trade in trades] == [1, 2]
    assert head.sequence == 2


def everything(*sequences: int) -> list[bytes]:
    status, ladder, column, trades, error = sequences
    return [
        other(Kind.STATUS, status),
        other(Kind.LADDER, ladder, feed.encode_ladder(feed.empty_ladder(BookState.LIVE))),
        columns(column, 1.0),
        other(Kind.TRADES, trades, feed.encode_trades([])),
        other(Kind.ERROR, error, feed.encode_json(ErrorReply("A", "b"))),
    ]


def test_what_waits_is_sent_with_growing_sequence() -> None:
    outbox = Outbox()
    for message in everything(4, 2, 1, 3, 5):
        outbox.put(message)
    heads = [feed.read_head(message) for message in outbox.take()]
    assert [head.sequence for head in heads] == [1, 2, 3, 4, 5]
    assert heads[0].kind is Kind.COLUMNS


def test_messages_of_one_sequence_are_sent_in_the_order_a_reader_needs() -> None:
    outbox = Outbox()
    for message in everything(1, 1, 1, 1, 1):
        outbox.put(message)
    kinds = [feed.read_head(message).kind for message in outbox.take()]
    assert kinds == [Kind.ERROR, Kind.COLUMNS, Kind.LADDER, Kind.TRADES, Kind.STATUS]


def test_looking_keeps_what_waits() -> None:
    outbox = Outbox()
    outbox.put(other(Kind.DESCRIPTION, 1))
    outbox.put(columns(2, 1.0))
    assert outbox.peek() == outbox.peek()
    assert outbox.take() == [other(Kind.DESCRIPTION, 1), columns(2, 1.0)]


def test_what_is_no_message_is_refused_and_changes_nothing() -> None:
    outbox = Outbox()
    with pytest.raises(FeedFormatError):
        outbox.put(b"nonsense that is long enough")
    assert not outbox
