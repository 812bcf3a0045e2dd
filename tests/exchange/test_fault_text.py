import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.exchange.fault_text import HEAD, garbage, head_of, oversized, shifted_id, skewed


@given(st.dictionaries(st.text(), st.text() | st.integers()))
def test_garbage_is_text_that_nobody_can_parse(content):
    made = garbage(json.dumps(content, ensure_ascii=False).encode())
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(made.decode())


def test_a_giant_says_what_it_said_before():
    made = oversized(b'{"a":1}', 1_000)
    assert len(made) == 1_000
    assert json.loads(made) == {"a": 1}
    assert oversized(b'{"a":1}', 3) == b'{"a":1}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"e":"trade","E":1700000000123,"t":1700000000123,"T":1700000000100}',
         '{"e":"trade","E":1700000002623,"t":1700000000123,"T":1700000002600}'),
        ('{"E":1700000000123456}', '{"E":1700000002623456}'),
        ('{"serverTime":1700000000000}', '{"serverTime":1700000002500}'),
        ('{"u":1700000000000,"p":"1700000000000"}', '{"u":1700000000000,"p":"1700000000000"}'),
        ('{"time":"2023-11-14T22:13:20.000123Z"}', '{"time":"2023-11-14T22:13:22.500123Z"}'),
        ('{"time":"2023-11-14T22:13:20Z"}', '{"time":"2023-11-14T22:13:22Z"}'),
        ('{"event_time":"1970-01-01T00:00:00Z"}', '{"event_time":"1970-01-01T00:00:00Z"}'),
        ('{"epochSeconds":"1700000000","epochMillis":"1700000000000"}',
         '{"epochSeconds":"1700000002","epochMillis":"1700000002500"}'),
        ('{"iso":"2023-11-14T22:13:20.5Z","epoch":1700000000.5}',
         '{"iso":"2023-11-14T22:13:23.0Z","epoch":1700000002.5}'),
    ],
)  # fmt: skip
def test_a_wrong_clock_moves_stamps_and_nothing_else(before, after):
    assert skewed(before.encode(), 2_500_000_000).decode() == after


def test_a_clock_may_be_behind():
    assert skewed(b'{"E":1700000000123}', -1_000_000_000) == b'{"E":1699999999123}'


def test_a_snapshots_id_is_moved_and_stays_positive():
    assert shifted_id(b'{"lastUpdateId":1000,"bids":[]}', -7) == b'{"lastUpdateId":993,"bids":[]}'
    assert shifted_id(b'{"lastUpdateId":1000}', -5_000) == b'{"lastUpdateId":1}'
    assert shifted_id(b'{"u":1000}', -7) is None


def test_the_log_keeps_a_head():
    assert head_of(b"x" * 1_000) == "x" * HEAD
    assert head_of(b"\xff") == "\ufffd"
