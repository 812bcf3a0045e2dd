from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.client.history import HistoryCalls, HistoryError, frame_of, nanoseconds


class Asked(HistoryCalls):
    """Remember what was asked for."""

    def __init__(self, *books: tuple[str, str]) -> None:
        self.books_held = list(books)
        self.questions: list[tuple[str, str, str, dict[str, Any]]] = []

    def _history_books(self) -> list[tuple[str, str]]:
        return self.books_held

    def _history(self, kind: str, venue: str, symbol: str, asked: Mapping[str, Any]) -> pa.Table:
        self.questions.append((kind, venue, symbol, dict(asked)))
        return pa.table({"ts_recv": [1]})


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (5, 5),
        ("1700000000000000001", 1_700_000_000_000_000_001),
        ("2023-11-14T22:13:20Z", 1_700_000_000 * 10**9),
        ("2023-11-14T22:13:20", 1_700_000_000 * 10**9),
        ("2023-11-14T23:13:20.123456789+01:00", 1_700_000_000_123_456_789),
        ("2023-11-14", 1_699_920_000 * 10**9),
        (datetime.fromisoformat("2023-11-14T22:13:20.000007"), 1_700_000_000_000_007_000),
        (
            datetime(2023, 11, 14, 23, 13, 20, tzinfo=timezone(timedelta(hours=1))),
            1_700_000_000 * 10**9,
        ),
        (pd.Timestamp("2023-11-14T22:13:20.000000009Z"), 1_700_000_000_000_000_009),
    ],
)
def test_moments_are_read(moment: Any, expected: int) -> None:
    assert nanoseconds(moment) == expected


@pytest.mark.parametrize(
    "moment",
    [
        "then",
        "",
        "--5",
        "²",
        "2023-13-01",
        "2023-11-14T22:13:20.Z",
        "2023-11-14T22:13:20.0123456789Z",
        1.5,
        True,
    ],
)
def test_what_is_no_moment_is_refused(moment: Any) -> None:
    with pytest.raises(HistoryError, match="is no moment"):
        nanoseconds(moment)


@given(st.integers(0, 4 * 10**18))
def test_text_keeps_every_nanosecond(moment: int) -> None:
    whole, part = divmod(moment, 10**9)
    dated = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=whole)
    assert nanoseconds(f"{dated:%Y-%m-%dT%H:%M:%S}.{part:09d}Z") == moment


def test_a_symbol_alone_is_enough_where_one_venue_has_it() -> None:
    asked = Asked(("binance", "BTCUSDT"), ("kraken", "BTC-USD"), ("coinbase", "BTC-USD"))
    asked.trades("BTCUSDT")
    assert asked.questions == [("trades", "binance", "BTCUSDT", {})]
    with pytest.raises(HistoryError, match="coinbase, kraken: say venue="):
        asked.trades("BTC-USD")
    asked.trades("BTC-USD", venue="kraken", source="TESTNET")
    assert asked.questions[-1] == ("trades", "kraken", "BTC-USD", {"source": "TESTNET"})
    with pytest.raises(HistoryError, match="there is BTC-USD, BTCUSDT"):
        asked.trades("DOGE")


def test_calls_pass_on_what_they_are_given() -> None:
    asked = Asked(("v", "s"))
    asked.features("s", 1, 2, every="1s")
    asked.books("s", depth=3)
    asked.candles("s", "1970-01-01T00:00:01Z", interval="5m")
    asked.markouts("s", 5, horizons=[0.25])
    asked.markouts("s", times=[7, "3"])
    given = [(kind, rest) for kind, _, _, rest in asked.questions]
    fast = [100_000_000, 500_000_000, 10**9, 5 * 10**9, 30 * 10**9]
    assert given == [
        ("features", {"every": "1s", "start": 1, "end": 2}),
        ("books", {"depth": 3}),
        ("candles", {"interval": "5m", "start": 10**9}),
        ("markouts", {"horizons": [250_000_000], "start": 5}),
        ("markouts", {"horizons": fast, "times": [7, 3], "start": 3, "end": 8}),
    ]
    with pytest.raises(HistoryError, match="no times"):
        asked.markouts("s", times=[])


def test_every_call_passes_on_the_source_and_says_of_which_it_is() -> None:
    asked = Asked(("v", "s"))
    for kind in ("features", "books", "trades", "candles", "markouts"):
        getattr(asked, kind)("s", source="SIMULATED")
    assert [rest["source"] for _, _, _, rest in asked.questions] == ["SIMULATED"] * 5
    told = pa.table({"ts_recv": [1]}).replace_schema_metadata({"source": "SIMULATED"})
    assert frame_of(told).attrs == {"source": "SIMULATED"}
    assert frame_of(told.replace_schema_metadata()).attrs == {}


def test_integers_stay_integers_where_some_are_missing() -> None:
    table = pa.table(
        {
            "ts_event": pa.array([2**60 + 1, None]),
            "ts_recv": pa.array([1, 2]),
            "mid": pa.array([1.5, None]),
        }
    )
    frame = frame_of(table)
    assert [str(kind) for kind in frame.dtypes] == ["Int64", "int64", "float64"]
    assert frame["ts_event"].iloc[0] == 2**60 + 1
    assert frame["ts_event"].isna().tolist() == [False, True]
