"""The update-id procedure alone: every rule of the documents, and every defence added to them."""

import pytest

from hftlib.core.events import BookDelta, Layout
from hftlib.venues.binance.depth_sync import (
    DiffDepthSync,
    FuturesRule,
    Held,
    Phase,
    Seeding,
    SpotRule,
    Verdict,
)

SECOND_NS = 1_000_000_000


def held(first: int, last: int, previous: int = 0, size: int = 100) -> Held:
    delta = BookDelta("binance", "BTCUSDT", 1, 2, first, last, Layout.PAIRS, b"[]", b"[]")
    return Held(first, last, previous, delta, size)


def offer(sync: DiffDepthSync, first: int, last: int, previous: int = 0, now: int = 0) -> Verdict:
    if sync.advance(first, last, previous):
        return Verdict.APPLY
    return sync.judge(held(first, last, previous), now)


def live_spot(at: int = 10) -> DiffDepthSync:
    sync = DiffDepthSync(SpotRule())
    offer(sync, at - 1, at)
    assert sync.seed(at, 0).verdict is Verdict.SEED
    assert offer(sync, at + 1, at + 1) is Verdict.APPLY
    return sync


def ids(seeding: Seeding) -> list[tuple[int, int]]:
    return [(delta.first_update_id, delta.last_update_id) for delta in seeding.applied]


def test_spot_buffers_drops_straddles_and_goes_live():
    sync = DiffDepthSync(SpotRule())
    assert offer(sync, 1, 5) is Verdict.START
    assert offer(sync, 6, 9) is Verdict.BUFFER
    assert offer(sync, 10, 12) is Verdict.BUFFER
    seeding = sync.seed(10, 0)
    assert (seeding.verdict, seeding.dropped, ids(seeding)) == (Verdict.SEED, 2, [(10, 12)])
    assert (sync.phase, sync.trusted, sync.last_update_id) == (Phase.LIVE, True, 12)
    assert offer(sync, 13, 13) is Verdict.APPLY
    assert offer(sync, 12, 15) is Verdict.APPLY, "an event that straddles the id is applied"
    assert sync.last_update_id == 15


def test_a_snapshot_strictly_older_than_the_first_event_is_stale():
    sync = DiffDepthSync(SpotRule())
    offer(sync, 5, 7)
    assert sync.seed(4, 0).verdict is Verdict.STALE
    assert sync.seed(5, 0).verdict is Verdict.SEED


def test_a_quiet_book_is_trusted_from_the_snapshot_on():
    sync = DiffDepthSync(SpotRule())
    offer(sync, 1, 5)
    assert sync.seed(5, 0).dropped == 1
    assert (sync.phase, sync.trusted) == (Phase.SEEDED, True)
    assert offer(sync, 2, 5) is Verdict.DROP
    assert offer(sync, 6, 6) is Verdict.APPLY


def test_a_snapshot_before_the_first_event_waits_for_it():
    sync = DiffDepthSync(SpotRule())
    assert sync.seed(5, 0).verdict is Verdict.SEED
    assert not sync.trusted
    assert offer(sync, 4, 8) is Verdict.JOIN
    assert sync.trusted


def test_a_snapshot_before_the_first_event_with_a_hole_is_a_gap():
    sync = DiffDepthSync(SpotRule())
    sync.seed(5, 0)
    assert offer(sync, 7, 8) is Verdict.GAP
    assert (sync.phase, sync.buffered) == (Phase.BUFFERING, 1)


def test_a_newer_snapshot_replaces_one_that_nothing_joined():
    sync = DiffDepthSync(SpotRule())
    sync.seed(5, 0)
    assert sync.seed(9, 0).verdict is Verdict.SEED
    assert sync.last_update_id == 9


def test_spot_gap_starts_over_and_keeps_the_event():
    sync = live_spot(10)
    assert offer(sync, 13, 14) is Verdict.GAP
    assert not sync.trusted
    assert sync.seed(12, 0).verdict is Verdict.STALE
    seeding = sync.seed(13, 0)
    assert ids(seeding) == [(13, 14)]
    assert sync.trusted


def test_duplicates_and_late_events_are_not_applied():
    sync = live_spot(10)
    assert offer(sync, 11, 11) is Verdict.DUPLICATE
    assert offer(sync, 9, 10) is Verdict.LATE
    assert offer(sync, 11, 11) is Verdict.DUPLICATE
    assert offer(sync, 12, 12) is Verdict.APPLY


def test_three_late_events_in_a_row_say_that_the_id_ran_ahead():
    sync = live_spot(900)
    assert offer(sync, 14, 15) is Verdict.LATE
    assert offer(sync, 16, 17) is Verdict.LATE
    assert offer(sync, 18, 19) is Verdict.GAP
    assert sync.seed(18, 0).verdict is Verdict.SEED


@pytest.mark.parametrize("again", [False, True])
def test_an_event_within_the_one_before_says_that_its_id_was_garbled(again: bool):
    sync = live_spot(10)
    assert offer(sync, 12, 900) is Verdict.APPLY, "a garbled u cannot be told at once"
    assert offer(sync, 12, 13) is Verdict.LATE, "it may be the same event, garbled on its first way"
    if again:
        state, sync = sync.dump(), DiffDepthSync(SpotRule())
        sync.load(state)
    assert offer(sync, 14, 15) is Verdict.GAP
    assert sync.seed(14, 0).verdict is Verdict.SEED


def test_a_stream_that_comes_twice_is_no_id_that_ran_ahead():
    sync = live_spot(10)
    for number in range(12, 20):
        assert offer(sync, number, number) is Verdict.APPLY
        assert offer(sync, number - 1, number - 1) is Verdict.LATE
        assert offer(sync, number, number) is Verdict.DUPLICATE


def test_late_events_while_buffering_are_not_kept():
    sync = DiffDepthSync(SpotRule())
    offer(sync, 6, 9)
    assert offer(sync, 3, 5) is Verdict.LATE
    assert offer(sync, 6, 9) is Verdict.LATE
    assert sync.buffered == 1


def test_a_gap_within_the_buffer_keeps_what_came_after_it():
    sync = DiffDepthSync(SpotRule())
    for first, last in ((1, 2), (3, 4), (7, 8), (9, 9)):
        offer(sync, first, last)
    seeding = sync.seed(3, 0)
    assert (seeding.missed, seeding.dropped, ids(seeding)) == (True, 1, [(3, 4)])
    assert (sync.buffered, sync.trusted) == (2, False)
    assert ids(sync.seed(8, 0)) == [(9, 9)]


def test_the_buffer_is_bounded_by_events():
    sync = DiffDepthSync(SpotRule(), events_limit=2)
    offer(sync, 1, 1)
    offer(sync, 2, 2)
    assert offer(sync, 3, 3) is Verdict.OVERFLOW
    assert sync.buffered == 1
    assert sync.seed(2, 0).verdict is Verdict.STALE


def test_the_buffer_is_bounded_by_bytes():
    sync = DiffDepthSync(SpotRule(), bytes_limit=150)
    assert offer(sync, 1, 1) is Verdict.START
    assert offer(sync, 2, 2) is Verdict.OVERFLOW
    assert sync.judge(held(3, 3, size=10_000), 0) is Verdict.OVERFLOW
    assert sync.buffered == 1


def test_one_event_over_the_limit_is_kept():
    sync = DiffDepthSync(SpotRule(), bytes_limit=50)
    assert offer(sync, 1, 1) is Verdict.START


def test_a_snapshot_that_does_not_come_is_asked_for_again():
    sync = DiffDepthSync(SpotRule())
    assert not sync.should_ask_again(9 * SECOND_NS)
    offer(sync, 1, 1, now=SECOND_NS)
    assert not sync.should_ask_again(5 * SECOND_NS)
    assert sync.should_ask_again(6 * SECOND_NS)
    assert not sync.should_ask_again(7 * SECOND_NS)


def test_a_snapshot_that_nobody_wants_is_told_apart_by_age():
    sync = live_spot(10)
    assert sync.seed(9, 0).verdict is Verdict.STALE
    assert sync.seed(11, 0).verdict is Verdict.UNWANTED
    assert sync.last_update_id == 11


def test_a_distrusted_book_takes_no_snapshot_older_than_what_it_saw():
    sync = live_spot(10)
    sync.distrust(0)
    assert sync.seed(10, 0).verdict is Verdict.STALE
    assert sync.seed(11, 0).verdict is Verdict.SEED
    assert sync.trusted


def test_distrust_while_buffering_remembers_the_newest_event():
    sync = DiffDepthSync(SpotRule())
    offer(sync, 1, 2)
    offer(sync, 3, 4)
    sync.distrust(0)
    assert sync.seed(3, 0).verdict is Verdict.STALE
    assert sync.seed(4, 0).verdict is Verdict.SEED


def test_a_stream_that_stays_behind_the_snapshot_starts_over():
    sync = DiffDepthSync(SpotRule())
    offer(sync, 1, 2)
    sync.seed(9_000, 0)
    assert offer(sync, 3, 4, now=SECOND_NS) is Verdict.DROP
    assert offer(sync, 5, 6, now=3 * SECOND_NS) is Verdict.GAP
    assert ids(sync.seed(5, 3 * SECOND_NS)) == [(5, 6)]


def test_futures_chain_by_pu_only():
    sync = DiffDepthSync(FuturesRule())
    assert offer(sync, 100, 110, 90) is Verdict.START
    offer(sync, 130, 140, 110)
    offer(sync, 150, 160, 140)
    seeding = sync.seed(135, 0)
    assert (seeding.dropped, ids(seeding)) == (1, [(130, 140), (150, 160)])
    assert offer(sync, 500, 510, 160) is Verdict.APPLY
    assert offer(sync, 511, 512, 509) is Verdict.GAP


def test_futures_apply_the_event_that_ends_at_the_snapshot():
    sync = DiffDepthSync(FuturesRule())
    offer(sync, 100, 110, 90)
    assert ids(sync.seed(110, 0)) == [(100, 110)]


def test_futures_event_that_follows_the_snapshot_exactly_may_begin():
    sync = DiffDepthSync(FuturesRule())
    offer(sync, 100, 110, 90)
    offer(sync, 100, 110, 90)
    sync.distrust(0)
    assert sync.seed(110, 0).verdict is Verdict.SEED
    assert offer(sync, 150, 160, 110) is Verdict.APPLY


def test_futures_first_event_beyond_the_snapshot_is_a_gap():
    sync = DiffDepthSync(FuturesRule())
    offer(sync, 100, 110, 90)
    sync.seed(120, 0)
    assert offer(sync, 130, 140, 125) is Verdict.GAP


def test_futures_late_streak_follows_pu():
    sync = DiffDepthSync(FuturesRule())
    offer(sync, 1, 10, 0)
    sync.seed(5, 0)
    assert offer(sync, 800, 900, 10) is Verdict.APPLY, "both of its ids are garbled"
    assert offer(sync, 31, 40, 30) is Verdict.LATE
    assert offer(sync, 51, 60, 40) is Verdict.LATE
    assert offer(sync, 71, 80, 60) is Verdict.GAP


@pytest.mark.parametrize("rule", [SpotRule(), FuturesRule()])
def test_the_state_survives_a_checkpoint(rule):
    sync = DiffDepthSync(rule)
    offer(sync, 1, 5, 0, now=7)
    offer(sync, 6, 9, 5)
    other = DiffDepthSync(rule)
    other.load(sync.dump())
    assert other.dump() == sync.dump()
    assert ids(other.seed(5, 8)) == ids(sync.seed(5, 8))
    assert other.dump() == sync.dump()


def test_reset_forgets_everything():
    sync = live_spot(10)
    sync.reset()
    assert sync.dump() == DiffDepthSync(SpotRule()).dump()
