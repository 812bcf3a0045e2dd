"""The screen: condition and reasons first, every part, lines that keep their places."""

import pytest
from msgspec.structs import replace

from hftlib.cli.status_screen import WIDTH, coloured, duration, plain, screen
from hftlib.core.states import BookState, Source
from hftlib.wire.messages import FeedReply, MessageAge, Status
from tests.desk.test_health import LANE, STORE, WELL

URL = "http://127.0.0.1:8710"
STATUS = Status(
    state=BookState.LIVE,
    verified=True,
    reason="",
    state_since_ms=1.0,
    source=Source.SIMULATED,
    origin="local",
    age_ms=12.4,
    frames=10,
    frames_per_s=9.96,
    gaps=2,
    resyncs=1,
    decode_errors=0,
    dropped_before_sync=0,
    unknown_deletes=0,
    crossed=0,
    message_age_ms=MessageAge(1.0, 8.25),
    features={},
    statistics=None,
    clock=None,
    bid_levels=1,
    ask_levels=1,
    last_update_id=1,
)
LIVE = FeedReply("binance", "BTCUSDT", STATUS)
LOST = FeedReply(
    "coinbase",
    "BTC-USD",
    replace(STATUS, state=BookState.GAP, verified=False, age_ms=None),
)


def test_a_desk_that_is_well_says_so_first() -> None:
    lines = screen(WELL, [LIVE], URL, plain).splitlines()
    assert lines[0] == f"OK  hftlib 1 at {URL}, process 1"
    assert lines[1] == "SIMULATED: local; up 5 s, first book after 1 s"
    assert "!" not in "\n".join(lines)
    (book,) = (line for line in lines if line.startswith("binance BTCUSDT"))
    assert book.split()[2:] == ["LIVE", "10.0", "12", "8.2", "2", "1"]


def test_every_part_has_a_line() -> None:
    told = screen(WELL, [], URL, plain)
    for text in (
        "connection  binance depth-0 OPEN, 5 frames, 0 reconnects",
        "requests    binance 100 of 6000, 3 requests",
        "tape        0.0 MB, 5 frames, 0 lost",
        "store       RUNNING, 10 rows, 0 wait, 0 refused",
        "ledger      1 entries, syncs p50 0.20 ms, p99 0.40 ms",
        "clients     0 on 0 topics",
        "collector   0 pauses, longest 0 ms",
    ):
        assert text in told


def test_reasons_and_troubles_are_told_and_cut() -> None:
    amiss = replace(
        WELL,
        condition="DEGRADED",
        reasons=["x" * 300],
        lanes=[replace(LANE, state="WAITING", reason="attempt 3")],
        store=replace(STORE, trouble="gone"),
    )
    lines = screen(amiss, [LOST], URL, plain).splitlines()
    assert lines[0].startswith("DEGRADED")
    assert lines[2].startswith("  ! xxx")
    assert len(lines[2]) <= WIDTH
    assert any(line.endswith("attempt 3") for line in lines)
    assert any(line.endswith("gone") for line in lines)
    (book,) = (line for line in lines if line.startswith("coinbase BTC-USD"))
    assert book.split()[2:5] == ["GAP", "10.0", "-"]
    assert book.endswith("unverified")


def test_a_desk_that_compiles_says_how_far_it_is() -> None:
    told = screen(replace(WELL, state="compiling", done=3, total=20), [], URL, plain)
    assert told.startswith("COMPILING  ")
    assert "compiling kernels 3 of 20" in told


def test_a_desk_that_failed_says_why() -> None:
    failed = replace(WELL, state="failed", condition="BROKEN", reason="no tape", reasons=[])
    assert "! no tape" in screen(failed, [], URL, plain)


def test_colours_change_no_letter() -> None:
    import re

    painted = screen(WELL, [LIVE, LOST], URL, coloured)
    assert "\x1b[32mOK" in painted
    assert re.sub(r"\x1b\[\d+m", "", painted) == screen(WELL, [LIVE, LOST], URL, plain)


def test_many_books_are_counted() -> None:
    assert "and 10 more" in screen(WELL, [LIVE] * 50, URL, plain)


def test_parts_that_are_not_there_are_left_out() -> None:
    bare = replace(WELL, lanes=[], budgets=[], tape=None, store=None, ledger=None)
    told = screen(bare, [], URL, plain)
    assert not [word for word in ("tape", "store", "ledger", "connection") if word in told]


@pytest.mark.parametrize(
    ("taken_s", "told"),
    [(12.3, "12 s"), (250, "4 min"), (12_000, "3 h 20 min"), (190_800, "2 d 5 h")],
)
def test_times_are_told_shortly(taken_s: float, told: str) -> None:
    assert duration(taken_s) == told
