import pytest

from hftlib.io.store import messages
from hftlib.io.store.messages import framed, length_of

TO_STORE = [
    messages.Open("/data", "", "desk", 7, 90),
    messages.Rows(2, [[1, None], ["a", "b"]]),
    messages.Block(1, {"venue": "binance"}, ["ts_recv"], b"\x01" * 8, ["mid"], b"\x02" * 8),
    messages.Batch(3, "trades", "run", "SIMULATED", 2, again=True),
    messages.Ask(4, "SELECT 1", {"a": 1}, 10, 100, 1.5),
    messages.Forget(4),
]
FROM_STORE = [
    messages.Ready("here", 2),
    messages.Unable("no disk", final=False),
    messages.Confirmed(3),
    messages.Refused(3, "why"),
    messages.Chunk(4, b"\x00\xff"),
    messages.Answered(4, "wrong", 62),
]


@pytest.mark.parametrize(
    ("message", "decoder"),
    [
        *((message, messages.to_store) for message in TO_STORE),
        *((message, messages.from_store) for message in FROM_STORE),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_message_comes_over_the_pipe_as_it_was(message, decoder):
    frame = framed(message)
    assert length_of(frame[:4]) == len(frame) - 4
    assert decoder.decode(frame[4:]) == message
