from hftlib.io.store.ddl import Retention, create_table, engine_of, lifetime, set_lifetime
from hftlib.io.store.tables import TABLES


def test_a_table_is_created_with_columns_codecs_order_and_partition():
    statement = create_table(TABLES["trades"])
    assert statement.startswith("CREATE TABLE IF NOT EXISTS trades\n(\n    `desk` LowCardinality")
    assert "`ts_event` Nullable(DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1))," in statement
    assert "`price_ticks` Int64 CODEC(Delta(8), ZSTD(1))," in statement
    assert "ENGINE = MergeTree\nPARTITION BY toYYYYMMDD(ts_recv)\n" in statement
    assert "ORDER BY (venue, symbol, ts_recv, trade_id)\n" in statement
    assert "TTL" not in statement


def test_what_is_told_again_replaces_its_elder():
    assert engine_of(TABLES["candles"]) == "ReplacingMergeTree(ts_recv)"
    replicated = engine_of(TABLES["candles"], replicated="'/path', '{replica}'")
    assert replicated == "ReplicatedReplacingMergeTree('/path', '{replica}', ts_recv)"
    assert engine_of(TABLES["fills"], replicated="'/p', 'r'") == "ReplicatedMergeTree('/p', 'r')"


def test_rows_are_kept_as_long_as_the_configuration_says():
    retention = Retention(event_days=3, second_days=30)
    assert retention.days_of(TABLES["features_event"]) == 3
    assert retention.days_of(TABLES["features_1s"]) == 30
    assert retention.days_of(TABLES["fills"]) is None
    assert lifetime(TABLES["candles"], 30) == "toDateTime(ts_open) + toIntervalDay(30)"
    assert set_lifetime(TABLES["latency"], 3) == (
        "ALTER TABLE latency MODIFY TTL toDateTime(ts_recv) + toIntervalDay(3)"
    )
