"""The matching engine's bench: the stream is what it says, and a peer must do the same work."""

from collections import Counter
from itertools import islice

import pytest

from benchmarks import matching_rows
from benchmarks.environments import Absent
from benchmarks.matching_rows import BATCH, PEER, PLAIN, PLAIN_BATCH, UNIT
from benchmarks.order_stream import OPENING, commands
from benchmarks.report import Row

SUMS = {"trades": 3, "lots": 5}
ROWS = [Row(BATCH, 9.0, UNIT, "", None), Row(PLAIN_BATCH, 8.0, UNIT, "", None)]
ROWS.append(Row(PLAIN, 2.0, UNIT, "", None))


def test_the_stream_is_mixed_as_told_and_the_same_for_everybody() -> None:
    stream = list(commands(is_plain=False, count=20_000))
    assert stream == list(commands(is_plain=False, count=20_000))
    assert {(one.what, one.kind) for one in stream[:OPENING]} == {("place", "limit")}
    shares = Counter(one.what if one.what == "cancel" else one.kind for one in stream[OPENING:])
    assert shares["limit"] / 20_000 == pytest.approx(0.45, abs=0.02)
    assert shares["cancel"] / 20_000 == pytest.approx(0.40, abs=0.02)
    assert (shares["market"] + shares["ioc"]) / 20_000 == pytest.approx(0.10, abs=0.01)
    assert {"maker", "fok", "stop", "stop_limit", "take_profit"} <= set(shares)


def test_a_plain_stream_is_accepted_whole_so_that_numbers_are_ids() -> None:
    stream = list(islice(commands(is_plain=True), OPENING + 5_000))
    read = matching_rows.read_stream(stream)
    placed = [
        answer for one, answer in zip(stream, read.answers, strict=True) if one.what == "place"
    ]
    assert placed == list(range(1, len(placed) + 1))


def test_batches_and_single_calls_do_the_same_work() -> None:
    stream = list(commands(is_plain=True, count=2_000))
    read = matching_rows.read_stream(stream)
    assert matching_rows.in_batch(read, 300, drains=True) > 0
    rate, sums = matching_rows.one_by_one(stream, read)
    assert rate > 0
    assert sums["trades"] > 0
    with pytest.raises(RuntimeError, match="another state"):
        matching_rows.in_batch(read._replace(state_hash=""), 300, drains=True)


def test_an_absent_peer_leaves_the_rows_alone() -> None:
    compared = matching_rows.beside(ROWS, SUMS, Absent("no wheel"))
    assert compared.rows[:3] == ROWS
    assert "absent: no wheel" in compared.rows[3].name
    assert not compared.complaints


def test_a_peer_that_does_other_work_is_complained_about() -> None:
    told = {"commands_per_s": 4.0, "sums": {"trades": 3, "lots": 6}, "packages": {"bourse": "1"}}
    compared = matching_rows.beside(ROWS, SUMS, told)
    assert [row.ratio for row in compared.rows] == [None, 2.0, 0.5, 2.0]
    assert [row.against for row in compared.rows] == ["", PEER, PEER, PLAIN]
    assert len(compared.complaints) == 1
    assert "lots are 6" in compared.complaints[0]
