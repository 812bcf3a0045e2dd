"""Marks over the API: acknowledged from the disk, listed, refused in words."""

from pathlib import Path

import pytest
import requests

from hftlib.client.connection import DeskConnection, RefusedError
from hftlib.wire.messages import API_PREFIX
from tests.desk_support.recording import START_NS
from tests.desk_support.server import DeskInThread, playing


def test_a_mark_is_answered_and_listed(connection: DeskConnection) -> None:
    first = connection.mark("opened", "a note", ts=START_NS + 5)
    second = connection.mark("closed")
    assert (first.label, first.note, first.ts) == ("opened", "a note", START_NS + 5)
    assert second.mark_id == first.mark_id + 1
    assert second.source.startswith("tape:")
    assert START_NS <= second.ts < START_NS + 10**9, "a mark on a tape is at the tape's time"
    assert second.taken > START_NS + 10**15, "and was taken today"
    assert connection.marks(2) == [second, first]
    assert connection.marks(1, before=second.mark_id) == [first]


def test_marks_outlive_the_desk(tape: Path, tmp_path: Path) -> None:
    with playing(tape, tmp_path, paused=True) as running:
        kept = running.until_running().mark("before")
    with playing(tape, tmp_path, paused=True) as running:
        connection = running.until_running()
        assert connection.marks() == [kept]
        assert connection.health().ledger.entries == 1


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "truncated"),
        (b"{}", "label"),
        (b'{"label": ""}', "length >= 1"),
        (b'{"label": "%s"}' % (b"x" * 101), "length <= 100"),
        (b'{"label": "a", "note": "%s"}' % (b"x" * 2_001), "length <= 2000"),
        (b'{"label": "a", "ts": -1}', ">= 0"),
        (b'{"label": "a", "ts": 9223372036854775808}', "ts"),
        (b'{"label": "a", "when": 1}', "when"),
        (b'{"label": "%s"}' % (b"x" * 20_000), "more than"),
        (b"\xff", ""),
    ],
)
def test_what_is_no_mark_is_refused(desk: DeskInThread, body: bytes, complaint: str) -> None:
    before = desk.connection().marks(1)
    answer = requests.post(f"{desk.url}{API_PREFIX}/marks", data=body, timeout=10)
    assert answer.status_code == 422
    assert answer.json()["code"] == "INVALID_REQUEST"
    assert complaint in answer.json()["message"]
    assert desk.connection().marks(1) == before


def test_a_mark_is_never_taken_back(desk: DeskInThread) -> None:
    answer = requests.delete(f"{desk.url}{API_PREFIX}/marks", timeout=10)
    assert answer.status_code == 405


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 1_001}, {"before": -1}])
def test_pages_out_of_range_are_refused(desk: DeskInThread, query: dict[str, int]) -> None:
    answer = requests.get(f"{desk.url}{API_PREFIX}/marks", params=query, timeout=10)
    assert answer.status_code == 422


def test_a_closed_ledger_is_told(tape: Path, tmp_path: Path) -> None:
    with playing(tape, tmp_path, paused=True) as running:
        connection = running.until_running()
        (tmp_path / "ledger.sqlite").rename(tmp_path / "elsewhere")
        with pytest.raises(RefusedError, match="cannot be read") as refusal:
            connection.marks()
        assert (refusal.value.status, refusal.value.code) == (503, "LEDGER_REFUSED")
