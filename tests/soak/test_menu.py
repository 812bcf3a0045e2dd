"""The menu draws every kind, and what it plants is what the market takes."""

import random

import msgspec
import pytest

from hftlib.exchange.fault_kinds import FaultSpec
from tests.soak.menu import MENU, VENUES, draw, symbol_of, symbols_at


def test_every_kind_is_drawn_and_every_spec_is_one():
    chance = random.Random(1)
    drawn = [draw(chance) for _ in range(2_000)]
    assert {kind.name for kind, _, _ in drawn} == {kind.name for kind in MENU}
    assert {venue for _, venue, _ in drawn} == set(VENUES)
    for kind, venue, specs in drawn:
        assert venue in kind.venues
        for spec in specs:
            told = msgspec.convert(spec, FaultSpec)
            assert told.venue == venue
            assert told.for_s


def test_a_seed_names_the_faults():
    first, second = random.Random(7), random.Random(7)
    assert [draw(first)[1:] for _ in range(50)] == [draw(second)[1:] for _ in range(50)]


@pytest.mark.parametrize("venue", VENUES)
def test_a_struck_symbol_is_found_in_its_topic(venue):
    assert symbol_of(venue, "", "") == ""
    for symbol in symbols_at(venue):
        is_binance = venue.startswith("binance")
        topic = f"{symbol.lower()}@depth@100ms" if is_binance else f"level2:{symbol}"
        assert symbol_of(venue, topic, "") == symbol
        assert symbol_of(venue, "/depth", f"GET /depth?symbol={symbol}&limit=5000") == symbol
