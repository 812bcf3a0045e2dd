"""Marks: recorded as a frame, acknowledged from the ledger."""

from pathlib import Path

import msgspec
import pytest

from hftlib.core.frames import FrameKind
from hftlib.desk.marks import OPERATOR, Marks
from hftlib.io.ledger.database import LedgerDatabase
from hftlib.io.ledger.schema import LedgerError
from hftlib.wire.operations import MarkRequest


class Still:
    def now_ns(self) -> int:
        return 1_000


@pytest.fixture
def ledger(tmp_path: Path):
    opened = LedgerDatabase(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


async def test_a_mark_is_at_the_time_asked_else_the_runs_else_now(ledger: LedgerDatabase) -> None:
    marks = Marks(ledger, Still())
    asked = await marks.add(MarkRequest("a", ts=5), source="local", moment_ns=7)
    of_run = await marks.add(MarkRequest("b", "note"), source="tape:x", moment_ns=7)
    now = await marks.add(MarkRequest("c"), source="local")
    assert [one.ts for one in (asked, of_run, now)] == [5, 7, 1_000]
    assert {one.taken for one in (asked, of_run, now)} == {1_000}
    assert marks.last(9) == [now, of_run, asked]
    assert marks.last(1, before=2) == [asked]


async def test_the_frame_is_taken_before_the_mark_is_told(ledger: LedgerDatabase) -> None:
    taken: list[tuple[object, ...]] = []
    told = await Marks(ledger, Still()).add(
        MarkRequest("a", "b"), source="local", take=lambda *frame: taken.append(frame)
    )
    ((venue, connection, kind, payload, request),) = taken
    assert (venue, connection, kind, request) == (OPERATOR, OPERATOR, FrameKind.OPERATOR, "")
    assert msgspec.json.decode(payload) == {
        "operator": "mark",
        "ts": told.ts,
        "label": "a",
        "note": "b",
    }


async def test_a_ledger_that_refuses_acknowledges_nothing(ledger: LedgerDatabase) -> None:
    ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        await Marks(ledger, Still()).add(MarkRequest("a"), source="local")
