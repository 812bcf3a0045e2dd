from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from hftlib.client.connection import DeskConnection, RefusedError
from hftlib.core.states import BookState
from hftlib.wire.messages import API_PREFIX
from tests.desk_support.recording import FIRST_ID, START_NS, STEP_NS, SYMBOL, VENUE
from tests.desk_support.server import DeskInThread, eventually, playing


@pytest.fixture
def paused(tape: Path, tmp_path: Path) -> Iterator[DeskInThread]:
    """Return a desk of its own, standing at the first book."""
    with playing(tape, tmp_path, paused=True, loop=False) as running:
        running.until_running()
        yield running


def update_id(connection: DeskConnection) -> int:
    return connection.book(VENUE, SYMBOL, 1).last_update_id


def test_a_step_takes_one_event(paused: DeskInThread) -> None:
    connection = paused.connection()
    assert update_id(connection) == FIRST_ID + 1
    connection.step()
    eventually(lambda: update_id(connection) == FIRST_ID + 2)
    connection.step(3)
    eventually(lambda: update_id(connection) == FIRST_ID + 5)
    assert connection.clock().paused


def test_seek_goes_forth_and_back(paused: DeskInThread) -> None:
    connection = paused.connection()
    for steps in (400, 100):
        connection.seek(START_NS + steps * STEP_NS)
        eventually(lambda: not connection.clock().seeking)
        book = connection.book(VENUE, SYMBOL, 1)
        assert (book.last_update_id, book.state) == (FIRST_ID + steps, BookState.LIVE)
        assert connection.clock().time_ms == (START_NS + steps * STEP_NS) / 1e6


def test_play_and_pause_and_speed(paused: DeskInThread) -> None:
    connection = paused.connection()
    assert connection.set_speed(50).speed == 50
    assert not connection.play().paused
    eventually(lambda: update_id(connection) > FIRST_ID + 20)
    assert connection.pause().paused
    stands = connection.clock().time_ms
    connection.step()
    eventually(lambda: connection.clock().time_ms > stands)
    assert connection.clock().time_ms - stands < 2 * STEP_NS / 1e6


def test_unpaced_play_ends_and_play_begins_again(paused: DeskInThread) -> None:
    connection = paused.connection()
    connection.set_speed(0)
    connection.play()
    eventually(lambda: connection.clock().ended)
    assert connection.health().state == "ended"
    assert update_id(connection) == FIRST_ID + 600
    connection.set_speed(1)
    connection.play()
    eventually(lambda: not connection.clock().ended)
    assert update_id(connection) < FIRST_ID + 600


def test_a_loop_begins_again_at_the_end(paused: DeskInThread) -> None:
    connection = paused.connection()
    assert connection.set_loop(True).loop
    connection.seek(START_NS + 595 * STEP_NS)
    connection.set_speed(5)
    connection.play()
    eventually(lambda: 0 < update_id(connection) < FIRST_ID + 590)


@pytest.mark.parametrize("speed", [0.05, 51, -1])
def test_speeds_out_of_range_are_refused(connection: DeskConnection, speed: float) -> None:
    with pytest.raises(RefusedError, match="speed") as refusal:
        connection.set_speed(speed)
    assert refusal.value.status == 422


def test_times_outside_the_tape_are_refused(connection: DeskConnection) -> None:
    with pytest.raises(RefusedError, match="outside the tape"):
        connection.seek(START_NS - 1)


def test_stepping_while_playing_is_a_conflict(paused: DeskInThread) -> None:
    connection = paused.connection()
    connection.play()
    with pytest.raises(RefusedError, match="pause before") as refusal:
        connection.step()
    assert refusal.value.status == 409


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("seek", b""),
        ("seek", b'{"ts": 1.5}'),
        ("seek", b"\xff"),
        ("speed", b'{"speed": "fast"}'),
        ("step", b'{"events": 1, "more": 2}'),
        ("step", b'{"events": 0}'),
        ("loop", b"[]"),
        ("seek", b" " * 5_000 + b'{"ts": 1}'),
    ],
)
def test_bodies_that_do_not_fit_are_refused(desk: DeskInThread, command: str, body: bytes) -> None:
    answer = requests.post(f"{desk.url}{API_PREFIX}/clock/{command}", data=body, timeout=5)
    assert answer.status_code == 422
    assert set(answer.json()) == {"code", "message"}
