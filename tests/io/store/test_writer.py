"""The writer with a real process and a real chDB beneath it, one for most of the file."""

import os
import signal

import numpy as np
import pytest

from hftlib.core.errors import UnavailableError
from hftlib.io.store.messages import MISSING
from hftlib.io.store.writer import QueryError
from tests.desk_support.server import eventually
from tests.store_support.living import LivingStore
from tests.store_support.rows import RECV_NS, trade_row

pytest.importorskip("chdb", reason="chDB has no wheel for this system")
KEPT = {"event_days": 20_000, "second_days": 20_000}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store") / "chdb"
    with LivingStore(folder, **KEPT) as living:
        living.until_running()
        yield living


def trades(living, first, count):
    living.put("trades", *(trade_row(number) for number in range(first, first + count)))


def held(living, first, count):
    sql = (
        "SELECT count() AS rows, uniqExact(trade_id) AS trades FROM trades "
        "WHERE trade_id >= {first:Int64} AND trade_id < {end:Int64}"
    )
    return living.ask(sql, {"first": first, "end": first + count})[0]


def test_rows_come_back_as_they_were_put(store):
    confirmed = store.status().confirmed
    store.put("trades", trade_row(1, ts_event=None), trade_row(2))
    store.until_confirmed(confirmed + 2)
    first, second = store.ask("SELECT * FROM trades WHERE trade_id <= 2 ORDER BY trade_id")
    assert (first["desk"], first["run"]) == ("desk", "run")
    assert first["ts_event"] is None
    assert second["ts_event"].value == RECV_NS + 1
    assert second["ts_recv"].value == RECV_NS
    assert (second["price_ticks"], second["price_increment"]) == (6_000_002, "0.01")
    assert second["aggregate"] is False


def test_rows_say_of_which_run_and_market_they_are(store):
    confirmed = store.status().confirmed
    for number, source in ((71, "EXCHANGE"), (72, "SIMULATED")):
        store.put("trades", trade_row(number - 60))
        store.do(lambda number=number, source=source: store.writer.begin_run(f"r{number}", source))
        store.put("trades", trade_row(number))
    store.do(lambda: store.writer.begin_run("run", ""))
    store.until_confirmed(confirmed + 4)
    rows = store.ask("SELECT * FROM trades WHERE trade_id IN (11, 12, 71, 72) ORDER BY trade_id")
    assert [(row["trade_id"], row["run"], row["source"]) for row in rows] == [
        (11, "run", ""),
        (12, "r71", "EXCHANGE"),
        (71, "r71", "EXCHANGE"),
        (72, "r72", "SIMULATED"),
    ]


def test_blocks_of_numbers_come_back_with_what_is_missing(store):
    def fill():
        block = store.writer.block("features_event", {"venue": "binance", "symbol": "BTCUSDT"})
        for row in range(2):
            block.wholes[row] = (MISSING, RECV_NS + row, row, row)
            block.numbers[row] = np.arange(26) + 0.5
        block.numbers[1, 4] = np.nan
        block.count = 2
        store.writer.drop_block(block)
        store.writer.cut()

    confirmed = store.status().confirmed
    store.do(fill)
    store.until_confirmed(confirmed + 2)
    found = store.ask("SELECT ts_event, mid, ofi_restarts FROM features_event ORDER BY ts_recv")
    assert [row["mid"] for row in found] == [4.5, None]
    assert [row["ofi_restarts"] for row in found] == [25.5, 25.5]
    assert [row["ts_event"] for row in found] == [None, None]


def test_rows_that_do_not_fit_are_refused_and_the_others_go_on(store):
    before = store.status()
    store.put("trades", (None, None, *trade_row(5)[2:]))
    eventually(lambda: store.status().refused == before.refused + 1)
    assert "trades.ts_recv may not be missing" in store.status().trouble
    trades(store, 5, 1)
    store.until_confirmed(before.confirmed + 1)


def test_an_empty_answer_still_has_its_columns(store):
    data = store.wait(lambda: store.writer.query("SELECT mid FROM features_1s"))
    assert writer_columns(data) == ["mid"]


def writer_columns(data):
    import pyarrow as pa

    return pa.ipc.open_stream(data).schema.names


@pytest.mark.parametrize(
    ("sql", "limits", "words"),
    [
        ("INSERT INTO trades VALUES (1)", {}, "must begin with SELECT"),
        ("SELECT file('/etc/passwd')", {}, "reaches beyond the store"),
        ("SELECT nothing FROM trades", {}, "nothing"),
        ("SELECT 1 SETTINGS readonly = 0", {}, "readonly"),
        ("SELECT * FROM default.`/etc/passwd`", {}, "readonly"),
        ("SELECT number FROM numbers(11)", {"max_rows": 10}, "max rows"),
        ("SELECT repeat('a', 9000)", {"max_bytes": 1000}, "max bytes 1,000"),
        (
            "SELECT toString(number) FROM numbers(100000)",
            {"max_bytes": 100_000},
            "max bytes: 97.66 KiB",
        ),
        (
            "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1",
            {"max_seconds": 0.2},
            "Timeout",
        ),
    ],
)
def test_a_question_is_refused_in_words(store, sql, limits, words):
    with pytest.raises(QueryError) as refused:
        store.ask(sql, **limits)
    assert words.lower() in str(refused.value).lower()


def test_rows_and_other_questions_go_on_while_a_question_takes_its_time(store):
    confirmed = store.status().confirmed

    async def both():
        import asyncio

        sql = "SELECT count() AS c FROM numbers(1000000000000) WHERE sipHash64(number) = 1"
        long = asyncio.create_task(store.writer.query(sql, max_seconds=30))
        await asyncio.sleep(0)
        store.writer.put_row("trades", trade_row(9_000))
        store.writer.cut()
        while store.writer.status().confirmed <= confirmed:
            await asyncio.sleep(0.005)
        await store.writer.query("SELECT 1")
        still_asked = not long.done()
        os.kill(store.writer.process_id, signal.SIGKILL)
        with pytest.raises(UnavailableError, match="ended"):
            await long
        return still_asked

    assert store.wait(both)
    store.until_running()


def test_what_a_killed_process_had_not_confirmed_is_stored_once(store):
    first, count = 10_000, 4_000
    before = store.status()
    process = store.until_running()
    for start in range(first, first + count, 500):
        trades(store, start, 500)
        if start in (first + 500, first + 2_000):
            os.kill(store.until_running(), signal.SIGKILL)
            eventually(lambda old=process: store.writer.process_id != old)
            process = store.until_running()
    status = store.until_confirmed(before.confirmed + count)
    assert held(store, first, count) == {"rows": count, "trades": count}
    assert status.queued == 0


def test_a_process_that_stands_still_stops_neither_loop_nor_rows(store):
    first, count = 20_000, 60_000
    process = store.until_running()
    before = store.status()
    os.kill(process, signal.SIGSTOP)
    trades(store, first, count)  # far more than the pipe holds: this returns all the same
    assert store.status().queued == count
    with pytest.raises(UnavailableError, match="in time"):
        store.ask("SELECT 1", max_seconds=0.01)
    os.kill(process, signal.SIGCONT)
    store.until_confirmed(before.confirmed + count)
    assert held(store, first, count) == {"rows": count, "trades": count}
    assert store.until_running() == process


def test_rows_beyond_the_bound_are_refused_while_it_stands_still(tmp_path):
    with LivingStore(tmp_path / "chdb", queue_bytes=200_000, **KEPT) as living:
        trades(living, 0, 20_000)
        status = living.status()
        assert status.refused > 0
        assert status.refused + status.queued == 20_000
        status = living.until_confirmed(20_000 - status.refused)
        assert status.queued == 0
        assert held(living, 0, 20_000)["rows"] == status.confirmed
