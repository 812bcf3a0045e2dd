"""run_hash covers everything; fact_hash only what does not depend on receipt."""

from typing import get_args

import msgspec
import pytest

from hftlib.core.events import BestBidOffer, Candle, FeedStatus, Trade
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.states import BookState, FeedCondition, Side
from hftlib.engine.facts import BookFact, Fact
from hftlib.engine.hashing import _HOW, RunHasher
from hftlib.signals.signal import Signal, SignalSide

BOOK = BookFact("v", "s", 5, 9, BookState.LIVE, True, "", 1, 100, 1, 102, 2)
TRADE = Trade("v", "s", 5, 9, 1, 100, 3, Side.BUY)
BEST = BestBidOffer("v", "s", 5, 9, 1, 100, 1, 102, 2)
CANDLE = Candle("v", "s", 5, 9, "1m", 0, 1, 1, 2, 3, 4, 5, True)
SIGNAL = Signal("v", "s", 5, 9, "imbalance", SignalSide.BUY, 0.3, 0.95, 1.0, "why")
STATUS = FeedStatus("v", "c", "s", None, 9, FeedCondition.GAP, "why")


def hashes(*lanes: tuple[str, list[Fact]]) -> tuple[str, str]:
    hasher = RunHasher()
    for connection, facts in lanes:
        hasher.add("v", connection, facts)
    return hasher.run_hash(), hasher.fact_hash()


@pytest.mark.parametrize("fact", [BOOK, TRADE, BEST, CANDLE])
def test_a_receive_stamp_moves_the_run_hash_only(fact: Fact) -> None:
    later = msgspec.structs.replace(fact, ts_recv=10)
    run, facts = hashes(("c", [fact]))
    run_later, facts_later = hashes(("c", [later]))
    assert run != run_later
    assert facts == facts_later


@pytest.mark.parametrize("fact", [BOOK, TRADE, BEST, CANDLE])
def test_an_event_stamp_moves_both(fact: Fact) -> None:
    changed = msgspec.structs.replace(fact, ts_event=6)
    assert all(a != b for a, b in zip(hashes(("c", [fact])), hashes(("c", [changed])), strict=True))


@pytest.mark.parametrize(
    "fact", [STATUS, SIGNAL, msgspec.structs.replace(BOOK, state=BookState.STALE)]
)
def test_statuses_and_staleness_are_facts_of_the_run_only(fact: Fact) -> None:
    run, facts = hashes(("c", [BOOK]))
    run_with, facts_with = hashes(("c", [BOOK, fact]))
    assert run != run_with
    assert facts == facts_with


def test_the_interleaving_of_lanes_moves_the_run_hash_only() -> None:
    one = hashes(("a", [BOOK]), ("b", [TRADE]))
    other = hashes(("b", [TRADE]), ("a", [BOOK]))
    assert one[0] != other[0]
    assert one[1] == other[1]


def test_facts_of_different_kinds_or_lanes_never_share_a_hash() -> None:
    assert len({hashes(("c", [fact]))[1] for fact in (BOOK, TRADE, BEST, CANDLE)}) == 4
    assert hashes(("a", [BOOK]))[1] != hashes(("b", [BOOK]))[1]


def test_a_lane_goes_on_from_call_to_call() -> None:
    assert hashes(("c", [BOOK]), ("c", [TRADE])) == hashes(("c", [BOOK, TRADE]))


def test_facts_that_are_digested_elsewhere_have_the_same_hashes() -> None:
    direct, deferred = RunHasher(), RunHasher(deferred=True)
    empty = deferred.hashes()
    for facts in ([BOOK], [TRADE, STATUS], [SIGNAL]):
        for hasher in (direct, deferred):
            hasher.hear(Frame(0, 9, "v", "c", FrameKind.WS, b""), facts)
    assert deferred.hashes() == empty, "nothing was digested yet"
    first = deferred.cut()
    deferred.add("v", "d", [BEST])
    direct.add("v", "d", [BEST])
    deferred.digest(first)
    deferred.digest(deferred.cut())
    assert deferred.hashes() == direct.hashes()


def test_much_is_digested_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = RunHasher()
    whole.add("v", "c", [BOOK, TRADE] * 5)
    monkeypatch.setattr("hftlib.engine.hashing.DIGEST_BYTES", 10)
    portions = RunHasher()
    for _ in range(5):
        portions.add("v", "c", [BOOK, TRADE])
        assert portions.cut().run == b"", "it was digested at once"
    assert portions.hashes() == whole.hashes()


def test_a_part_is_hashed_by_itself() -> None:
    hasher, alone = RunHasher(), RunHasher()
    hasher.add("v", "c", [BOOK])
    assert hasher.hashes().part_hash == hasher.hashes().run_hash
    hasher.begin_part()
    for one in (hasher, alone):
        one.add("v", "c", [TRADE])
    assert hasher.hashes().part_hash == alone.hashes().run_hash
    assert hasher.hashes().run_hash != alone.hashes().run_hash


def test_every_kind_of_fact_has_its_place_in_the_hashes() -> None:
    assert set(_HOW) == set(get_args(Fact))
