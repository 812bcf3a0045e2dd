"""When a link counts as dead."""

from hftlib.io.feeds.watch import PING_EVERY_S, PONG_WITHIN_S, Watch

SECOND_NS = 1_000_000_000


def test_silence_is_measured_from_the_last_sign():
    watch = Watch(5.0, None, 0)
    assert watch.look(0, False, 5 * SECOND_NS) == ""
    assert watch.look(1, False, 6 * SECOND_NS) == ""
    assert watch.look(1, False, 11 * SECOND_NS) == ""
    assert watch.look(1, False, 12 * SECOND_NS) == "silent for 6.0 s"
    assert watch.heard_ns == 6 * SECOND_NS


def test_a_pong_that_does_not_come_is_missed_while_frames_come():
    watch = Watch(60.0, None, 0)
    due_ns = round(PING_EVERY_S * SECOND_NS)
    assert not watch.should_ping(due_ns - 1)
    assert watch.should_ping(due_ns)
    assert not watch.should_ping(due_ns + 1)
    late_ns = due_ns + round(PONG_WITHIN_S * SECOND_NS)
    assert watch.look(1, True, late_ns) == ""
    assert watch.look(2, False, late_ns + 1) == ""
    assert watch.look(3, True, late_ns + SECOND_NS) == "no pong within 11.0 s"


def test_age():
    assert Watch(1.0, 7, 2 * SECOND_NS).lived_s(5 * SECOND_NS) == 3.0
