"""The figures for Prometheus, read back by its own parser."""

import re
from pathlib import Path

import pytest
import requests
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from hftlib.api.metrics import EDGES_S, metrics_text, registry_of
from hftlib.core.states import BookState
from hftlib.desk.latency import Latency
from hftlib.desk.tallies import BookTally, Tallies
from tests.desk.test_health import LANE, WELL
from tests.desk_support.server import DeskInThread, playing

BOOK = BookTally("binance", "BTCUSDT", BookState.LIVE, "", 5.0, True)
TALLIES = Tallies((BOOK, replace(BOOK, state=BookState.GAP)), 1_000, 900, 3, 4, 1, 0, 2)


def samples(health, tallies=TALLIES, stages=None) -> dict[str, float]:
    """Return every sample by name and labels."""
    text = metrics_text(registry_of(lambda: (health, tallies, stages or {}))).decode()
    return {
        sample.name + ",".join(f" {key}={value}" for key, value in sorted(sample.labels.items())):
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }  # fmt: skip


def test_every_part_has_its_metrics() -> None:
    told = samples(WELL)
    assert told["hftlib_condition condition=OK"] == 1
    assert told["hftlib_condition condition=BROKEN"] == 0
    assert told["hftlib_books state=LIVE"] == 1
    assert told["hftlib_books state=GAP"] == 1
    assert told["hftlib_books state=STALE"] == 0
    assert told["hftlib_frames_total"] == 1_000
    assert told["hftlib_drifts_total"] == 2
    assert told["hftlib_lane_open connection=depth-0, venue=binance"] == 1
    assert told["hftlib_lane_silent_seconds connection=depth-0, venue=binance"] == 0.002
    assert told["hftlib_rest_used venue=binance"] == 100
    assert told["hftlib_clock_offset_seconds venue=binance"] == 0.003
    assert told["hftlib_tape_bytes_total"] == 10
    assert told["hftlib_store_confirmed_rows_total"] == 10
    assert told["hftlib_store_up"] == 1
    assert told["hftlib_ledger_sync_p99_seconds"] == 0.0004
    assert told["hftlib_first_book_seconds"] == 1.0
    assert told["process_resident_memory_bytes"] > 1e6
    assert any(name.startswith("hftlib_desk_info") for name in told)


def test_what_there_is_not_is_left_out() -> None:
    bare = replace(
        WELL, lanes=[], budgets=[], tape=None, store=None, ledger=None, first_book_s=None
    )
    told = samples(bare, None)
    assert not [name for name in told if re.match("hftlib_(tape|store|ledger|lane|first)", name)]
    unheard = replace(WELL, lanes=[replace(LANE, age_ms=None)])
    assert not [name for name in samples(unheard) if "silent_seconds" in name]


def test_stages_are_cumulative_histograms() -> None:
    now = [1_000]
    latency = Latency(lambda: now[0])
    for took_ns in (3_000, 30_000, 30_000, 700_000, 5_000_000_000):
        latency.begin(1_000)
        now[0] = 1_000 + took_ns
        latency.mark(0)
    told = samples(WELL, stages=latency.stages())
    stage = next(iter(latency.stages()))

    def up_to(edge: str) -> float:
        return told[f"hftlib_stage_seconds_bucket le={edge}, stage={stage}"]

    assert [up_to(edge) for edge in ("5e-06", "2e-05", "5e-05", "0.0005", "0.001", "1.0")] == [
        1, 1, 3, 3, 4, 4
    ]  # fmt: skip
    assert up_to("+Inf") == told[f"hftlib_stage_seconds_count stage={stage}"] == 5
    assert told[f"hftlib_stage_seconds_sum stage={stage}"] == pytest.approx(5.000763)
    counts = [up_to(edge) for edge in [*map(repr, EDGES_S), "+Inf"]]
    assert counts == sorted(counts)


def test_a_desk_answers_at_metrics(desk: DeskInThread) -> None:
    desk.connection().mark("counted")
    answer = requests.get(f"{desk.url}/metrics", timeout=10)
    assert answer.headers["content-type"].startswith("text/plain; version=")
    told = {
        sample.name: sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert told["hftlib_ledger_entries_total"] >= 1
    assert told["hftlib_frames_total"] > 0


def test_metrics_are_guarded_like_everything(desk: DeskInThread) -> None:
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
        assert requests.get(f"{desk.url}/metrics", headers=headers, timeout=10).status_code == 403


def test_beyond_loopback_metrics_need_the_token(tape: Path, tmp_path: Path) -> None:
    with playing(tape, tmp_path, paused=True, host="0.0.0.0", token="s3cret") as running:
        url = f"{running.url}/metrics"
        assert requests.get(url, timeout=10).status_code == 401
        token = {"Authorization": "Bearer s3cret"}
        assert requests.get(url, headers=token, timeout=10).status_code == 200
