from hftlib.io.store.cluster import cluster_schema, cluster_statements
from hftlib.io.store.documentation import store_page
from hftlib.io.store.migrations import migrations
from hftlib.io.store.tables import TABLES
from tests.conftest import PROJECT


def test_every_table_is_replicated_and_spread_by_what_belongs_together():
    script = cluster_schema()
    for table in TABLES.values():
        assert f"CREATE TABLE IF NOT EXISTS hftlib.{table.name}_local ON CLUSTER" in script
        key = f"cityHash64({', '.join(table.sharded_by)})"
        assert f"Distributed('{{cluster}}', hftlib, {table.name}_local, {key})" in script
    assert "/clickhouse/tables/{shard}/hftlib/trades', '{replica}'" in script
    assert "TTL toDateTime(ts_recv) + toIntervalDay(7)" in script


def test_the_script_tells_every_version_so_that_desks_have_nothing_to_do():
    last = list(cluster_statements())[-1]
    assert last.startswith("INSERT INTO hftlib.schema_version")
    assert last.count("(") == len(migrations()) + 1


def test_the_documents_are_current():
    docs = PROJECT / "docs"
    assert (docs / "scaling" / "schema.sql").read_text(encoding="utf-8") == cluster_schema()
    assert (docs / "store.md").read_text(encoding="utf-8") == store_page()


def test_every_column_is_told():
    page = store_page()
    for table in TABLES.values():
        assert f"## {table.name}\n" in page
        assert all(f"| `{column.name}` |" in page for column in table.columns)
