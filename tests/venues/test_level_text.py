"""The compiled writer of levels, held against the exact decimals of core."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.core.decimals import to_text
from hftlib.core.instrument import Instrument
from hftlib.core.states import Side
from hftlib.venues.binance.encode import BinanceWriter
from hftlib.venues.coinbase.encode import AdvancedWriter, ExchangeWriter
from hftlib.venues.level_text import Levels, LevelWriter, Number, side_levels


def columns(rows):
    sides, ticks, quanta = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return Levels(sides, ticks, quanta)


ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 10**9), st.integers(0, 10**12)), min_size=1
)
NUMBERS = st.tuples(st.integers(1, 5), st.integers(0, 10), st.booleans())


@given(ROWS, NUMBERS, NUMBERS)
def test_writes_what_the_exact_decimals_write(rows, price, size):
    written = LevelWriter(Number(*price), Number(*size)).pairs(columns(rows))
    expected = [
        [
            to_text(ticks * price[0], price[1], pad=price[2]),
            to_text(quanta * size[0], size[1], pad=size[2]),
        ]
        for _, ticks, quanta in rows
    ]
    assert json.loads(f"[{written}]") == expected


def test_sets_the_words_of_each_side_around_the_numbers():
    levels = columns([(0, 100, 5), (1, 200, 0)])
    writer = LevelWriter(Number(1, 2, True), Number(1, 1, False))
    text = writer.write(levels, "<bid ", "<ask ", " x ", ">")
    assert text == "<bid 1.00 x 0.5>,<ask 2.00 x 0>"


def test_no_levels_give_no_text():
    assert (
        LevelWriter(Number(1, 2, True), Number(1, 1, False)).pairs(
            side_levels(0, np.empty(0, np.int64), np.empty(0, np.int64))
        )
        == ""
    )


@pytest.mark.parametrize(("side", "expected"), [(0, "b1"), (1, "a1")])
def test_one_side_alone_takes_its_own_word(side, expected):
    levels = side_levels(side, np.array([1]), np.array([2]))
    number = Number(1, 0, True)
    assert LevelWriter(number, number).write(levels, "b", "a", "", "").startswith(expected)


INSTRUMENTS = [
    Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.01000000", "0.00000001", "0.00001000"),
    Instrument("binance_usdm", "BTCUSDT", "BTC", "USDT", "0.10", "0.001", "0.001"),
    Instrument("coinbase", "ADA-USD", "ADA", "USD", "0.0005", "0.01", "0.01"),
]


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda one: one.venue)
@given(rows=ROWS)
def test_every_writer_writes_columns_as_it_writes_levels_one_by_one(instrument, rows):
    pairs = [(ticks, quanta) for _, ticks, quanta in rows]
    one_side = columns([(0, *pair) for pair in pairs])
    changes = [(Side.SELL if side else Side.BUY, ticks, quanta) for side, ticks, quanta in rows]
    binance = BinanceWriter(instrument)
    advanced, exchange = AdvancedWriter(instrument), ExchangeWriter(instrument)
    ids = (1, 2, 0)
    assert binance.depth_update(5, ids, one_side, []) == binance.depth_update(5, ids, pairs, [])
    assert binance.snapshot(5, [], one_side) == binance.snapshot(5, [], pairs)
    assert advanced.level2(1, 5, columns(rows)) == advanced.level2(1, 5, changes)
    assert exchange.update(5, columns(rows)) == exchange.update(5, changes)
    assert exchange.snapshot(one_side, []) == exchange.snapshot(pairs, [])
