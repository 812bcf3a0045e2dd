import pytest

from hftlib.io.store.backlog import BATCH_ROWS, MUCH, PIECE_ROWS, Backlog
from hftlib.io.store.messages import Block, to_store
from hftlib.io.store.tables import TABLES
from tests.store_support.rows import trade_row

ROOM = 10_000_000


def sent(backlog):
    """Return every batch that can be sent now."""
    return list(iter(backlog.next_unsent, None))


def pieces_of(batch):
    return [to_store.decode(piece[4:]) for piece in batch.pieces]


def with_trades(count, backlog=None):
    backlog = backlog or Backlog(ROOM)
    for number in range(count):
        backlog.put("trades", trade_row(number))
    return backlog


def test_rows_become_a_batch_when_they_are_cut_and_are_counted_till_then():
    backlog = with_trades(3)
    assert backlog.queued() == 3
    assert sent(backlog) == []
    backlog.cut()
    (batch,) = sent(backlog)
    (rows,) = pieces_of(batch)
    assert (batch.table, batch.rows, rows.count) == ("trades", 3, 3)
    assert rows.columns[5] == [0, 1, 2]
    assert backlog.queued() == 3
    backlog.confirm(batch.number)
    assert (backlog.queued(), backlog.confirmed, backlog.bytes) == (0, 3, 0)
    assert backlog.is_empty


def test_many_rows_are_pieces_of_batches_that_stay_small():
    backlog = with_trades(BATCH_ROWS + PIECE_ROWS + 1)
    backlog.cut()
    batches = sent(backlog)
    assert [batch.rows for batch in batches] == [BATCH_ROWS, PIECE_ROWS + 1]
    assert [batch.number for batch in batches] == [1, 2]
    numbers = [one for batch in batches for piece in pieces_of(batch) for one in piece.columns[5]]
    assert numbers == list(range(BATCH_ROWS + PIECE_ROWS + 1))


def test_a_block_is_taken_when_it_is_cut_and_begins_anew():
    backlog = Backlog(ROOM)
    block = backlog.block("features_event", {"venue": "binance", "symbol": "BTCUSDT"})
    block.wholes[0] = 5
    block.count = 1
    assert backlog.queued() == 1
    backlog.cut()
    backlog.cut()
    (batch,) = sent(backlog)
    (piece,) = pieces_of(batch)
    assert isinstance(piece, Block)
    assert (piece.count, block.count) == (1, 0)
    block.count = 2
    backlog.drop_block(block)
    assert backlog.queued() == 3
    backlog.cut()
    assert [batch.rows for batch in sent(backlog)] == [2]


def test_tables_with_few_rows_are_cut_in_turns_and_those_with_many_at_once():
    tables = list(TABLES)
    trades, events = tables.index("trades"), tables.index("features_event")
    backlog = with_trades(3)
    block = backlog.block("features_event", {"venue": "binance", "symbol": "BTCUSDT"})
    block.count = 2
    for turn in range(len(tables)):
        backlog.cut_some(turn, len(tables))
        cut = [(batch.table, batch.rows) for batch in sent(backlog)]
        due = {trades: [("trades", 3)], events: [("features_event", 2)]}
        assert cut == due.get(turn, [])
    with_trades(MUCH, backlog).cut_some(trades + 1, len(tables))
    assert [batch.rows for batch in sent(backlog)] == [MUCH]


def test_what_was_sent_to_a_process_that_ended_is_sent_again_first_and_counted_once():
    backlog = with_trades(2)
    backlog.cut()
    sent(backlog)
    with_trades(3, backlog).cut()
    backlog.send_again()
    again = sent(backlog)
    assert [(batch.number, batch.again) for batch in again] == [(1, True), (2, False)]
    assert backlog.delayed == 2
    backlog.send_again()
    assert backlog.delayed == 5
    assert [batch.number for batch in sent(backlog)] == [1, 2]


def test_rows_beyond_the_bound_are_refused_and_counted():
    backlog = Backlog(60_000)
    with_trades(10 * PIECE_ROWS, backlog).cut()
    assert backlog.bytes <= 60_000
    assert backlog.refused > 0
    assert backlog.refused + backlog.queued() == 10 * PIECE_ROWS


def test_room_comes_back_with_confirmations():
    backlog = Backlog(60_000)
    with_trades(10 * PIECE_ROWS, backlog).cut()
    for batch in sent(backlog):
        backlog.confirm(batch.number)
    refused = backlog.refused
    with_trades(100, backlog).cut()
    assert (backlog.refused, backlog.queued()) == (refused, 100)


def test_a_batch_that_the_store_refuses_is_let_go_and_counted():
    backlog = with_trades(4)
    backlog.cut()
    sent(backlog)
    backlog.refuse(1)
    backlog.confirm(1)
    assert (backlog.refused, backlog.confirmed, backlog.bytes) == (4, 0, 0)


def test_everything_can_be_given_up():
    backlog = with_trades(2)
    backlog.cut()
    sent(backlog)
    with_trades(3, backlog).cut()
    backlog.refuse_all()
    assert (backlog.refused, backlog.queued(), backlog.is_empty) == (5, 0, True)


def test_unknown_tables_are_refused_at_once():
    with pytest.raises(KeyError):
        Backlog(ROOM).put("nothing", ())
    with pytest.raises(KeyError, match="no table is called"):
        Backlog(ROOM).block("nothing", {})


def test_what_was_put_before_keeps_its_run_and_its_market():
    backlog = with_trades(2, Backlog(ROOM, "first", "SIMULATED"))
    block = backlog.block("features_event", {"venue": "binance", "symbol": "BTCUSDT"})
    block.count = 1
    backlog.begin_run("second", "EXCHANGE")
    with_trades(1, backlog)
    block.count = 2
    backlog.cut()
    marked = [(batch.table, batch.run, batch.source, batch.rows) for batch in sent(backlog)]
    assert sorted(marked) == [
        ("features_event", "first", "SIMULATED", 1),
        ("features_event", "second", "EXCHANGE", 2),
        ("trades", "first", "SIMULATED", 2),
        ("trades", "second", "EXCHANGE", 1),
    ]
    backlog.send_again()
    assert sorted((one.table, one.run, one.source, one.rows) for one in sent(backlog)) == sorted(
        marked
    )
