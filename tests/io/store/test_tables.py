import pytest

from hftlib.features.catalogue import NAMES
from hftlib.features.layout import HOT_COUNT
from hftlib.io.store.schema import WRITER, Keep, Kind
from hftlib.io.store.tables import TABLES, table_named

ALL = list(TABLES.values())
PROMISED = {
    "features_1s",
    "features_event",
    "books_1s",
    "trades",
    "candles",
    "signals",
    "orders",
    "fills",
    "opportunities",
    "account_equity",
    "strategy_stats",
    "decisions",
    "latency",
    "feed_status",
    "health",
}
EXACT = ("_ticks", "_quanta", "_lots", "_units", "_ns")


def test_every_promised_table_is_there():
    assert set(TABLES) == PROMISED


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_columns_have_one_name_each_and_keys_are_never_missing(table):
    columns = {column.name: column for column in table.columns}
    assert len(columns) == len(table.columns)
    assert table.columns[: len(WRITER)] == WRITER
    for name in (*table.order_by, *table.sharded_by, table.stamp):
        assert not columns[name].nullable
    assert columns[table.stamp].kind is Kind.STAMP
    assert all(column.meaning for column in table.columns)


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_both_stamps_are_kept_and_ours_is_never_missing(table):
    columns = {column.name: column for column in table.columns}
    assert columns["ts_event"].nullable
    assert not columns["ts_recv"].nullable


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_what_is_counted_is_whole_and_has_its_increment_beside_it(table):
    columns = {column.name: column for column in table.columns}
    for name, column in columns.items():
        if name.endswith(EXACT) and name not in NAMES:
            assert column.kind in (Kind.WHOLE, Kind.WHOLES), name
    if "price_ticks" in columns:
        assert columns["price_increment"].kind is Kind.NAME
    if "size_lots" in columns:
        assert columns["lot"].kind is Kind.NAME


def test_features_have_a_column_each():
    every_second = [column.name for column in TABLES["features_1s"].own]
    assert every_second[-len(NAMES) :] == list(NAMES)
    every_event = [column.name for column in TABLES["features_event"].own]
    assert every_event[-HOT_COUNT:] == list(NAMES[:HOT_COUNT])


def test_partitions_are_days_where_rows_go_soon_and_months_where_they_stay():
    assert TABLES["features_event"].partition == "toYYYYMMDD(ts_recv)"
    assert TABLES["candles"].partition == "toYYYYMMDD(ts_open)"
    assert TABLES["fills"].keep is Keep.ALWAYS
    assert TABLES["fills"].partition == "toYYYYMM(ts_recv)"


def test_an_unknown_table_is_refused_with_those_that_there_are():
    with pytest.raises(KeyError, match="features_1s"):
        table_named("feature")
