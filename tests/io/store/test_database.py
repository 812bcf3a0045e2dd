"""The embedded engine itself: its schema from the first version on, and rows that come again."""

import json
import subprocess
import sys

import pytest

from hftlib.io.store.migrations import migrations
from hftlib.io.store.tables import TABLES
from tests.conftest import PROJECT

pytest.importorskip("chdb", reason="chDB has no wheel for this system")
NEWEST = migrations()[-1].version


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    command = [sys.executable, "-m", "tests.store_support.version_one", str(folder)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_store_goes_from_the_first_version_to_the_newest_once(seen):
    assert (seen["first"], seen["second"]) == (1, 2)
    assert seen["newest"] == seen["unchanged"] == NEWEST
    assert seen["applied"] == NEWEST


@pytest.mark.parametrize("name", TABLES)
def test_the_newest_version_is_what_the_tables_say(seen, name):
    assert seen["columns"][name] == [column.definition for column in TABLES[name].columns]


def test_rows_that_come_again_are_stored_once(seen):
    assert seen["sent again"] == 2
    assert seen["sent again, not held"] == 4


def test_rows_of_before_do_not_pretend_to_know_their_market(seen):
    counts = {row["source"]: row["rows"] for row in seen["sources"]}
    assert counts == {"": 2, "SIMULATED": 2}


def test_a_simulated_candle_never_replaces_a_real_one(seen):
    candles = [(row["source"], row["open_ticks"]) for row in seen["candles"]]
    assert candles == [("", 7), ("EXCHANGE", 3), ("SIMULATED", 4)]
    assert seen["order"] == ", ".join(TABLES["candles"].order_by)


def test_how_long_rows_are_kept_follows_the_configuration(seen):
    assert (seen["kept"], seen["kept longer"]) == (1, 1)
    assert seen["still there"] == 4


def test_the_engine_reads_every_statement_of_a_cluster(seen):
    made = [statement.split("(", 1)[0] for statement in seen["cluster"]]
    assert len(made) == 2 * len(TABLES) + 3
    spread = [one for one in seen["cluster"] if "Distributed('{cluster}'" in one]
    replicated = [one for one in seen["cluster"] if "ENGINE = Replicated" in one]
    assert (len(spread), len(replicated)) == (len(TABLES), len(TABLES) + 1)
    assert all("ON CLUSTER" in one for one in seen["cluster"][:-1])
