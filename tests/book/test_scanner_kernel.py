"""What each layout may look like, and what the scanner refuses."""

import json

import pytest

from hftlib.book.book import Book
from hftlib.book.layout import ASK, BID, MALFORMED, OFF_QUANTUM, TOO_LARGE
from hftlib.core.events import Layout
from hftlib.core.instrument import Instrument
from tests.book.book_events import INSTRUMENT, SMALL_WINDOW, levels_of, text_delta

FINE = Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.00000001", "0.00000001")
WHOLE = Instrument("binance_coinm", "BTCUSD_PERP", "BTC", "USD", "0.1", "1")
HALVES = Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.5", "0.001")


def scan(
    layout: Layout, text: bytes, instrument: Instrument = INSTRUMENT
) -> tuple[int, list, list]:
    """Return the kernel's code and the levels after one text, PAIRS and OBJECTS as asks."""
    book = Book(instrument, window_bits=SMALL_WINDOW)
    code = book._change(text_delta(layout, asks=text, changes=text), replace=0)
    return code, levels_of(book, BID), levels_of(book, ASK)


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        (b"[]", []),
        (b" [ ] ", []),
        (b'[["1.50","2.25"]]', [(150, 2250)]),
        (b'[["1.5","2"],["1.7","3.000"],["99.00000000","0.12300000"]]',
         [(150, 2000), (170, 3000), (9900, 123)]),
        (b"\t[\r\n[ 1.5 , 2 ] ,[1.70,3]\n] ", [(150, 2000), (170, 3000)]),
        (b'[["1.5",2,7],[1.6,"3","some-id", null, [1,{"a":2}] ]]', [(150, 2000), (160, 3000)]),
        (b'[["1.50","2.00"], ["1.60","3.00"],["1.70","4.00"]]',
         [(150, 2000), (160, 3000), (170, 4000)]),
        (b'[["0001.50","2."]]', [(150, 2000)]),
        (b'[["1.50","1.0"],["1.50","0"],["1.50","3.0"]]', [(150, 3000)]),
    ],
)  # fmt: skip
def test_pairs_are_read(text: bytes, asks: list) -> None:
    assert scan(Layout.PAIRS, text)[1:] == ([], asks)


@pytest.mark.parametrize(
    "text",
    [
        b"", b" ", b"null", b"{}", b"[", b"]", b"[[]]", b"[,]", b'[["1.5"]]', b'["1.5","2"]',
        b'[["1.5","2"]', b'[["1.5","2"]]]', b'[["1.5","2"]],', b'[["1.5","2"],]', b'[["1.5","2",]]',
        b'[["1.5" "2"]]', b'[["1.5","2"]["1.6","2"]]', b'[["-1.5","2"]]', b'[["1.5","-2"]]',
        b'[["+1.5","2"]]', b'[["1e2","2"]]', b'[["1.5","2E1"]]', b"[[1e2,2]]", b'[["NaN","2"]]',
        b"[[NaN,2]]", b'[["","2"]]', b'[[".5","2"]]', b'[[" 1.5","2"]]', b'[["1.5 ","2"]]',
        b'[["1,5","2"]]', b'[["1.5","2]]', b'[["0.00","2"]]', b'[["1.5","2",3 4]]',
        b'[["1.5","2",[}]]]', b'[["1.5","2",[1 ',
        b'[["1.5","2","a\x01"]]', b'[["1.5","2",,3]]', b'[["1.5","2",]3]]',
        b'[["1.5","2"],["1.6"]]', b'[["1.5","2"],"x"]', b'[["1.5","2"]x["1.6","2"]]',
        b'[["1.5","2","' + b"a" * 9, b'[["1.5","2",' + b"[" * 70 + b"]" * 70 + b"]]",
        b'[["1.50000000","2.00000000"],["1.60000000","2.00000000"x]]',
        b'[["1.50000000","2.00000000"],["1.60000000" ,x]]',
    ],
)  # fmt: skip
def test_malformed_pairs_are_refused(text: bytes) -> None:
    assert scan(Layout.PAIRS, text) == (MALFORMED, [], [])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b'[["1.505","2"]]', OFF_QUANTUM),
        (b'[["1.50500000","2.00000000"],["1.6","2"]]', OFF_QUANTUM),
        (b'[["1.50","2.0001"]]', OFF_QUANTUM),
        (b'[["1.50000000","2.00010000"],["1.6","2"]]', OFF_QUANTUM),
        (b'[["1.5","99999999999999999.999"]]', TOO_LARGE),
        (b'[["99999999999999999999","1"]]', TOO_LARGE),
        (b'[["99999999999999999999.001","1"]]', TOO_LARGE),
        (b'[["92233720368547758.07","1"]]', TOO_LARGE),
    ],
)
def test_numbers_off_the_grid_or_too_large_are_refused(text: bytes, code: int) -> None:
    assert scan(Layout.PAIRS, text) == (code, [], [])


@pytest.mark.parametrize("rest", [b"]", b',["7.0","1.0"]]'])
def test_a_tick_of_several_units_is_divided_out(rest: bytes) -> None:
    extra = [(14, 1000)] if len(rest) > 1 else []
    assert scan(Layout.PAIRS, b'[["6.5","1.0"],["6.0","2.0"]' + rest, HALVES) == (
        2 + len(extra),
        [],
        [(12, 2000), (13, 1000), *extra],
    )
    assert scan(Layout.PAIRS, b'[["6.0","1.0"],["6.3","1.0"]' + rest, HALVES)[0] == OFF_QUANTUM
    assert scan(Layout.PAIRS, b"[[6.3,1.0]" + rest, HALVES)[0] == OFF_QUANTUM


@pytest.mark.parametrize("layout", [Layout.PAIRS, Layout.CHANGES])
@pytest.mark.parametrize(
    ("instrument", "rows", "expected"),
    [
        (FINE, [("1.00000001", "2.5"), ("12.5", "123.00000005"), ("1234567.1", "0.0")],
         [(100000001, 250000000), (1250000000, 12300000005)]),
        (WHOLE, [("61811.5", "1234"), ("61811.6", "7")], [(618115, 1234), (618116, 7)]),
        (INSTRUMENT, [("1.5", "12.5"), ("1.6", "2222222222222"), ("1.7", "1.5")],
         [(150, 12500), (160, 2222222222222000), (170, 1500)]),
        (INSTRUMENT, [("1.5", "1234567.5"), ("12345678.5", "1.5"), ("9", "1.5")],
         [(150, 1234567500), (900, 1500), (1234567850, 1500)]),
    ],
)  # fmt: skip
def test_numbers_of_any_width_are_read(layout, instrument, rows, expected) -> None:
    items = [[*(["sell"] if layout is Layout.CHANGES else []), *row] for row in rows]
    text = json.dumps(items, separators=(",", ":")).encode()
    assert scan(layout, text, instrument) == (len(rows), [], expected)
    assert all(scan(layout, text[:end], instrument)[0] == MALFORMED for end in range(len(text)))


def test_objects_are_read_with_keys_in_any_order_and_unknown_ones_skipped() -> None:
    text = (
        b'[{"size":"2","price":"1.5"},{ "price" : 1.6 , "num" : {"a":[1,"]"]} , "size" : 3 },'
        b'{"p\\"":"\\\\","price":"9","price":"1.7","size":"4","side":"bid"}]'
    )
    assert scan(Layout.OBJECTS, text) == (3, [], [(150, 2000), (160, 3000), (170, 4000)])


@pytest.mark.parametrize(
    "text",
    [
        b"[{}]", b"[[]]", b"[1]", b'[{"price":"1.5"}]', b'[{"size":"1"}]',
        b'[{"price":"1.5","size":"2",}]',
        b'[{"price":"1.5" "size":"2"}]', b'[{"price" "1.5","size":"2"}]',
        b'[{"price":"1.5","size":"2"]',
        b'[{"price":"1.5","size":"2"', b'[{"price":,"size":"2"}]', b'[{"price":"1.5","size":}]',
        b'[{"price":"1.5","size":"2","x":}]', b'[{"price":"1.5","size":"2","x":"}]',
        b'[{price:"1.5"}]',
        b'[{"price":"1.5","size":"2","side":"up"}]', b'[{"price":"1.5","size":"2"},]', b'[{"price',
        b'[{"price":"1.5","size":"2"} {"price":"1.6","size":"2"}]', b"[", b"", b"[]]", b"[{", b"{}",
        b'[{"price":"1.5","size":"2"}',
    ],
)  # fmt: skip
def test_malformed_objects_are_refused(text: bytes) -> None:
    assert scan(Layout.OBJECTS, text) == (MALFORMED, [], [])


def test_objects_stand_for_the_side_whose_text_they_are() -> None:
    book = Book(INSTRUMENT, window_bits=SMALL_WINDOW)
    bids, asks = b'[{"price":"1.5","size":"2"}]', b'[{"price":"1.6","size":"3"}]'
    book.apply_delta(text_delta(Layout.OBJECTS, bids, asks))
    assert (book.best_bid, book.best_ask) == ((150, 2000), (160, 3000))
    book.apply_delta(text_delta(Layout.OBJECTS, b"[{]", asks))
    assert (book.bid_levels, book.ask_levels) == (1, 1)


def test_changes_name_their_side() -> None:
    text = b'[["buy","1.5","2"], ["sell" , "1.6","3"],["buy","1.4","1"]]'
    assert scan(Layout.CHANGES, text) == (3, [(150, 2000), (140, 1000)], [(160, 3000)])
    assert scan(Layout.CHANGES, b" [ ]") == (0, [], [])


@pytest.mark.parametrize(
    "text",
    [
        b'[["BUY","1.5","2"]]', b'[["buyer","1.5","2"]]', b'[["1.5","2"]]', b'[[buy,"1.5","2"]]',
        b'[["buy" "1.5","2"]]', b'[["buy","1.5"]]', b'[["buy', b'["buy","1.5","2"]',
        b'[["sell","x","2"]]',
        b"[] x",
    ],
)  # fmt: skip
def test_malformed_changes_are_refused(text: bytes) -> None:
    assert scan(Layout.CHANGES, text) == (MALFORMED, [], [])


def test_updates_name_their_side_in_any_order() -> None:
    text = (
        b'[{"side":"bid","event_time":"2026-08-09T21:06:00.259889Z","price_level":"1.5",'
        b'"new_quantity":"2"},{"new_quantity":"3","price_level":"1.6","side":"offer"}]'
    )
    assert scan(Layout.UPDATES, text) == (2, [(150, 2000)], [(160, 3000)])


@pytest.mark.parametrize(
    "text",
    [
        b'[{"price_level":"1.5","new_quantity":"2"}]',
        b'[{"side":"ask","price_level":"1.5","new_quantity":"2"}]',
        b'[{"side":1,"price_level":"1.5","new_quantity":"2"}]',
        b'[{"side":"bid","price":"1.5","size":"2"}]',
    ],
)
def test_updates_without_side_price_or_size_are_refused(text: bytes) -> None:
    assert scan(Layout.UPDATES, text) == (MALFORMED, [], [])


def test_codes_of_later_levels_come_out_of_every_layout() -> None:
    big, fine = b'"99999999999999999999"', b'"1.005"'
    for layout, first in (
        (Layout.OBJECTS, b'[{"price":%s,"size":"1"}]'),
        (Layout.CHANGES, b'[["buy","1.5","1"],["sell",%s,"1"]]'),
        (Layout.UPDATES, b'[{"side":"bid","new_quantity":"1","price_level":%s}]'),
    ):
        assert scan(layout, first % big)[0] == TOO_LARGE
        assert scan(layout, first % fine)[0] == OFF_QUANTUM
