import numpy as np
import pyarrow as pa
import pytest

from hftlib.io.store.arrow import BadRowsError, arrow_of, split_by_partition
from hftlib.io.store.backlog import OpenBlock
from hftlib.io.store.messages import MISSING, Rows, to_store
from hftlib.io.store.schema import WrittenBy
from hftlib.io.store.tables import TABLES
from tests.store_support.rows import trade_row

BY = WrittenBy("desk", "run", "TESTNET", 7)
TRADES, EVENTS, FILLS = TABLES["trades"], TABLES["features_event"], TABLES["fills"]
DAY_NS = 86_400 * 10**9


def rows_of(*rows):
    return Rows(len(rows), list(zip(*rows, strict=True)))


def test_rows_come_out_with_who_wrote_them():
    table = arrow_of(TRADES, [rows_of(trade_row(1, ts_event=None), trade_row(2))], BY)
    first, second = table.to_pylist()
    assert (first["desk"], first["run"], first["source"], first["batch"]) == BY
    assert first["ts_event"] is None
    assert second["ts_event"].value == 1_700_000_000_000_000_001
    assert [first["trade_id"], second["trade_id"]] == [1, 2]


def test_a_block_comes_out_as_columns_and_nan_as_missing():
    block = OpenBlock(EVENTS, {"venue": "binance", "symbol": "BTCUSDT"})
    for row in range(3):
        block.wholes[row] = (MISSING, 10**18 + row, row, 100 + row)
        block.numbers[row] = np.arange(26) + row
    block.numbers[1, 4] = np.nan
    block.count = 3
    table = arrow_of(EVENTS, [to_store.decode(block.taken()[4:])], BY)
    assert block.count == 0
    assert table["ts_event"].null_count == 3
    assert table["ts_recv"].cast(pa.int64()).to_pylist() == [10**18, 10**18 + 1, 10**18 + 2]
    assert table["last_update_id"].to_pylist() == [100, 101, 102]
    assert table["mid"].to_pylist() == [4.0, None, 6.0]
    assert set(table["symbol"].to_pylist()) == {"BTCUSDT"}


def test_blocks_of_one_book_are_put_together_in_their_order():
    blocks = [OpenBlock(EVENTS, {"venue": "binance", "symbol": name}) for name in "ABA"]
    pieces = []
    for number, block in enumerate(blocks):
        block.wholes[0] = (1, 2, number, number)
        block.count = 1
        pieces.append(to_store.decode(block.taken()[4:]))
    shown = arrow_of(EVENTS, pieces, BY).to_pylist()
    assert [(row["symbol"], row["ingress_seq"]) for row in shown] == [("A", 0), ("A", 2), ("B", 1)]


def test_a_block_shares_only_what_the_table_has():
    with pytest.raises(KeyError, match="colour"):
        OpenBlock(EVENTS, {"colour": "red"})
    with pytest.raises(KeyError, match="neither shared nor numbers"):
        OpenBlock(EVENTS, {"venue": "binance"})


@pytest.mark.parametrize(
    ("piece", "words"),
    [
        (rows_of((None, None, *trade_row(1)[2:])), "trades.ts_recv may not be missing"),
        (rows_of(trade_row(1)[:-1]), "do not fit trades"),
        (rows_of((*trade_row(1)[:5], "no number", *trade_row(1)[6:])), "do not fit trades"),
    ],
)
def test_rows_that_do_not_fit_are_refused_in_words(piece, words):
    with pytest.raises(BadRowsError, match=words):
        arrow_of(TRADES, [piece], BY)


def test_rows_are_split_where_an_insert_is_all_or_nothing():
    stamps = [0, DAY_NS - 1, DAY_NS, 31 * DAY_NS]
    rows = [trade_row(number, ts_recv=stamp) for number, stamp in enumerate(stamps)]
    parts = list(split_by_partition(TRADES, arrow_of(TRADES, [rows_of(*rows)], BY)))
    found = [(key, part["trade_id"].to_pylist()) for key, part in parts]
    assert found == [(19700101, [0, 1]), (19700102, [2]), (19700201, [3])]


def test_what_is_kept_for_good_is_split_by_months():
    schema = arrow_of(FILLS, [], BY).schema
    december = 365 * DAY_NS - 1
    columns = {
        field.name: pa.array([december, december + 1]).cast(field.type)
        if field.name == FILLS.stamp
        else pa.nulls(2, field.type)
        for field in schema
    }
    keys = [key for key, _ in split_by_partition(FILLS, pa.table(columns))]
    assert keys == [197012, 197101]
