import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.client.history import HistoryError
from hftlib.desk.candles import INTERVALS
from hftlib.desk.questions import INTERVALS_NS, Kind, Question, horizon_name, page_of, schema_of


def question(**more: object) -> Question:
    named = {"kind": Kind.TRADES, "venue": "v", "symbol": "s", "start": 0, "end": 10}
    return Question(**{**named, **more})


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"start": 10}, "empty"),
        ({"start": -1}, "no start"),
        ({"end": 2**63}, "no start"),
        ({"times": (1, -1)}, "no start"),
        ({"limit": 0}, "limit"),
        ({"depth": 21}, "depth"),
        ({"horizons": ()}, "horizons"),
        ({"horizons": (0,)}, "horizon"),
        ({"horizons": (3_601 * 10**9,)}, "horizon"),
        ({"interval": "3d"}, "interval"),
    ],
)
def test_questions_out_of_reason_are_refused(more: dict[str, object], words: str) -> None:
    with pytest.raises(HistoryError, match=words):
        question(**more)


@pytest.mark.parametrize(
    ("horizon", "name"),
    [(10**8, "100ms"), (30 * 10**9, "30s"), (1_500, "1500ns"), (2_000, "2us")],
)
def test_horizons_name_their_columns(horizon: int, name: str) -> None:
    assert horizon_name(horizon) == f"markout_{name}"


def test_markouts_of_times_have_no_trades() -> None:
    asked = question(kind=Kind.MARKOUTS, times=(1,), horizons=(10**9,))
    assert schema_of(asked).names == ["venue", "symbol", "ts_recv", "mid", "markout_1s"]


def test_intervals_are_those_of_the_desk() -> None:
    assert dict(INTERVALS_NS) == dict(INTERVALS)


@given(
    st.lists(st.integers(0, 12), max_size=30).map(sorted),
    st.integers(1, 8),
    st.none() | st.integers(0, 13),
)
def test_pages_hold_every_row_once_and_instants_whole(
    stamps: list[int], limit: int, stopped: int | None
) -> None:
    told: list[int] = []
    begin = 0
    known = stamps if stopped is None else [one for one in stamps if one < stopped]
    for _ in range(len(stamps) + 2):
        rest = [one for one in stamps if one >= begin]
        count, following = page_of(rest, limit, stopped)
        page = rest[:count]
        assert len(page) <= limit or len(set(page)) == 1
        told += page
        if following is None or following == stopped:
            break
        assert following > begin
        begin = following
    assert told == known
