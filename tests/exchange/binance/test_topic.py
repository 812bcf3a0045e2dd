"""One message object for everybody who gets it in the same form, and none for nobody."""

import json

from hftlib.exchange.binance.topic import Topic


class Ear:
    def __init__(self, *, combined: bool = False, microseconds: int = 0) -> None:
        self.outbox = []
        self.is_combined = combined
        self.microseconds = microseconds


def test_each_form_is_written_once_and_shared():
    topic, written = Topic("btcusdt@trade"), []

    def write(unit: int) -> bytes:
        written.append(unit)
        return b'{"T":%d}' % unit

    ears = [
        Ear(combined=combined, microseconds=unit)
        for combined in (False, True)
        for unit in (0, 1)
        for _ in range(3)
    ]
    for ear in ears:
        topic.add(ear)
    topic.send(write, 5)
    assert written == [0, 1]
    assert len({id(ear.outbox[0]) for ear in ears}) == 4
    assert ears[0].outbox == ears[1].outbox
    bare, wrapped = ears[0].outbox[0], ears[-1].outbox[0]
    assert (bare.text, bare.sent_ns, bare.topic) == (b'{"T":0}', 5, "btcusdt@trade")
    assert json.loads(wrapped.text) == {"stream": "btcusdt@trade", "data": {"T": 1}}


def test_nothing_is_written_for_nobody():
    topic, ear = Topic("x"), Ear()
    assert not topic.is_heard
    topic.add(ear)
    topic.add(ear)
    assert topic.is_heard
    ear.is_combined = True
    topic.remove(ear)
    topic.remove(ear)
    assert not topic.is_heard
    topic.send(lambda unit: 1 // 0, 5)
    assert ear.outbox == []
