"""Coinbase's two counters alone: sequence_num of a connection, trade_id of a product."""

from hftlib.venues.coinbase.connection_sequence import ConnectionSequence, Order
from hftlib.venues.coinbase.trade_chain import Admission, Place, TradeChain


def orders(sequence: ConnectionSequence, *numbers: int) -> list[Order]:
    return [sequence.check(number) for number in numbers]


def test_the_first_number_sets_the_counter():
    assert orders(ConnectionSequence(), 7, 8, 9) == [Order.NEXT] * 3


def test_gaps_duplicates_and_late_frames():
    sequence = ConnectionSequence()
    found = orders(sequence, 0, 2, 2, 1, 3)
    assert found == [Order.NEXT, Order.GAP, Order.DUPLICATE, Order.LATE, Order.NEXT]


def test_a_counter_that_ran_ahead_is_found_out():
    sequence = ConnectionSequence()
    found = orders(sequence, 5, 999_999, 7, 8, 9, 10)
    assert found == [Order.NEXT, Order.GAP, Order.LATE, Order.LATE, Order.GAP, Order.NEXT]


def test_a_connection_that_says_all_twice_is_no_counter_that_ran_ahead():
    sequence = ConnectionSequence()
    for number in range(6):
        assert orders(sequence, number, number) == [Order.NEXT, Order.DUPLICATE]


def test_the_sequence_survives_a_checkpoint():
    sequence = ConnectionSequence()
    orders(sequence, 5, 9, 7)
    other = ConnectionSequence()
    other.load(sequence.dump())
    assert orders(other, 8, 9, 10) == orders(sequence, 8, 9, 10)


def test_trades_in_a_row_and_missing_ones():
    chain = TradeChain()
    assert chain.admit(5) == Admission(Place.NEXT)
    assert chain.admit(6) == Admission(Place.NEXT)
    assert chain.admit(10) == Admission(Place.AFTER_HOLE, 3)
    assert chain.admit(8) == Admission(Place.FILLS_HOLE)
    assert chain.holes == [(7, 7), (9, 9)]
    assert chain.admit(8) == Admission(Place.DUPLICATE)
    assert chain.admit(10) == Admission(Place.DUPLICATE)
    assert chain.admit(11) == Admission(Place.NEXT)


def test_a_hole_fills_from_both_ends():
    chain = TradeChain()
    chain.admit(1)
    chain.admit(5)
    for trade_id in (2, 4, 3):
        assert chain.fill(trade_id).place is Place.FILLS_HOLE
    assert chain.holes == []


def test_the_venue_may_tell_of_missing_trades():
    chain = TradeChain()
    assert chain.is_missing_up_to(9) == 0, "a product whose trades are not followed misses none"
    chain.admit(5)
    assert chain.is_missing_up_to(5) == 0
    assert chain.is_missing_up_to(7) == 2
    assert chain.admit(7).place is Place.FILLS_HOLE
    assert chain.admit(8).place is Place.NEXT


def test_holes_are_bounded():
    chain = TradeChain()
    for trade_id in range(0, 400, 2):
        chain.admit(trade_id)
    assert len(chain.holes) == 64


def test_the_chain_survives_a_checkpoint():
    chain = TradeChain()
    chain.admit(1)
    chain.admit(5)
    state = chain.dump()
    other = TradeChain()
    other.load(state["last"], state["holes"])
    assert other.dump() == chain.dump()
    assert other.admit(3).place is Place.FILLS_HOLE
