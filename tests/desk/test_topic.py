from functools import partial

import pytest

from hftlib.core.states import BookState, Source
from hftlib.desk.run import Run
from hftlib.desk.topic import Topic
from hftlib.engine.engine import Engine
from hftlib.wire import feed
from hftlib.wire.feed import Kind
from tests.desk_support.recording import INSTRUMENTS, SYMBOL, VENUE, frames

KEY = (VENUE, SYMBOL)
GREETING = [Kind.DESCRIPTION, Kind.COLUMNS, Kind.LADDER, Kind.TRADES, Kind.STATUS]


class Stage:
    """Feed a run and read a topic of it."""

    def __init__(self) -> None:
        self.run = Run(partial(Engine, INSTRUMENTS), Source.TAPE, "test")
        self.left = list(frames(400))

    def play(self, steps: int) -> None:
        """Feed that many frames."""
        for frame in self.left[:steps]:
            self.run.feed(frame)
        del self.left[:steps]


def decoded(messages: list[bytes]) -> dict[Kind, object]:
    return {head.kind: body for head, body in map(feed.decode, messages)}


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_nothing_new_is_nothing_sent(stage: Stage) -> None:
    stage.play(50)
    topic = Topic(stage.run, KEY, 10)
    topic.prepare()
    topic.changes(None, 100.0)
    assert topic.changes(None, 100.1) == []
    assert [feed.read_head(m).kind for m in topic.changes(None, 100.3)] == [Kind.STATUS]


def test_changes_hold_what_is_new_and_only_that(stage: Stage) -> None:
    stage.play(50)
    topic = Topic(stage.run, KEY, 10)
    topic.prepare()
    topic.changes(None, 100.0)
    stage.play(12)
    changes = decoded(topic.changes(None, 100.1))
    assert set(changes) == {Kind.COLUMNS, Kind.LADDER, Kind.TRADES}
    assert len(changes[Kind.COLUMNS]) == 10
    assert len(changes[Kind.TRADES]) == 2


def test_what_a_newcomer_is_greeted_with_does_not_come_again(stage: Stage) -> None:
    topic = Topic(stage.run, KEY, 10)
    stage.play(3)
    seen: list[float] = []
    columns: list[float] = []
    for message in [*topic.changes(None, 1.0)]:
        assert feed.read_head(message).kind is not Kind.DESCRIPTION
    stage.play(30)
    for messages in (topic.greeting(None), topic.changes(None, 2.0)):
        found = decoded(messages)
        seen += [trade.time_ms for trade in found.get(Kind.TRADES, [])]
        columns += [column.time_ms for column in found[Kind.COLUMNS]]
    assert seen == sorted(set(seen))
    assert len(seen) == stage.run.board(KEY).trades_seen
    assert columns == sorted(set(columns))
    assert len(columns) == stage.run.board(KEY).store.written


def test_the_history_is_prepared_in_slices(stage: Stage) -> None:
    stage.play(400)
    topic = Topic(stage.run, KEY, 10)
    slices = 0
    while not topic.is_ready:
        topic.prepare()
        slices += 1
    assert slices > 2
    assert len(decoded(topic.greeting(None))[Kind.COLUMNS]) == len(stage.run.board(KEY).store)


def test_a_jump_of_the_clock_is_a_new_greeting(stage: Stage) -> None:
    stage.play(100)
    topic = Topic(stage.run, KEY, 10)
    topic.changes(None, 1.0)
    stage.run.restart(stage.left[0].ts_recv)
    messages = topic.changes(None, 1.1)
    assert [feed.read_head(message).kind for message in messages] == GREETING
    bodies = decoded(messages)
    assert (bodies[Kind.COLUMNS], bodies[Kind.TRADES]) == ([], [])
    assert bodies[Kind.LADDER].state is BookState.SYNCING


def test_a_row_height_that_was_not_asked_for_is_chosen_again_once_there_is_a_price(
    stage: Stage,
) -> None:
    topic = Topic(stage.run, KEY, None)
    assert topic.row_ticks == 1
    stage.play(200)
    now = 10.0
    messages: list[bytes] = []
    while topic.row_ticks == 1:
        messages = topic.changes(None, now)
        now += 0.05
        assert now < 20
    assert [feed.read_head(message).kind for message in messages] == GREETING
    bodies = decoded(messages)
    assert bodies[Kind.DESCRIPTION].row_ticks == topic.row_ticks > 1
    assert len(bodies[Kind.COLUMNS]) == len(stage.run.board(KEY).store)
    for later in range(100):
        kinds = {feed.read_head(m).kind for m in topic.changes(None, now + later)}
        assert Kind.DESCRIPTION not in kinds, "the height flutters"


def test_a_row_height_that_was_asked_for_stays(stage: Stage) -> None:
    topic = Topic(stage.run, KEY, 1)
    stage.play(200)
    for second in range(20):
        topic.changes(None, float(second))
    assert topic.row_ticks == 1


def test_a_book_that_has_not_arrived_says_so(stage: Stage) -> None:
    topic = Topic(stage.run, (VENUE, "ETHUSDT"), None, depth=5)
    bodies = decoded(topic.greeting(None))
    assert bodies[Kind.STATUS].state is BookState.SYNCING
    assert "nothing" in bodies[Kind.STATUS].reason
    assert bodies[Kind.DESCRIPTION].symbol == "ETHUSDT"


def test_sequence_numbers_only_grow(stage: Stage) -> None:
    topic = Topic(stage.run, KEY, 10)
    numbers: list[int] = []
    for second in range(20):
        stage.play(10)
        numbers += [feed.read_head(m).sequence for m in topic.changes(None, float(second))]
    assert numbers == sorted(set(numbers))
