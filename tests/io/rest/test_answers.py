"""What answers mean: how long to wait, whether to ask again, and words for a trader."""

import pytest

from hftlib.io.rest.answers import meaning_of

NOW_NS = 1_800_000_000_000_000_000
SECOND_NS = 1_000_000_000


def meaning(status, headers=None, body=b"", words=""):
    return meaning_of(status, headers or {}, body, words, NOW_NS)


def test_a_good_answer_is_no_trouble():
    assert meaning(200) == ("", 0, False, False)


def test_no_answer_is_told_in_its_words_and_asked_again():
    assert meaning(0, words="no connection") == ("no connection", 0, True, False)


@pytest.mark.parametrize(
    ("status", "wait_s", "words"),
    [
        (429, 1, "too many requests from this address, none is sent until 08:00:01 UTC"),
        (418, 120, "banned for asking too often, none is sent until 2027-01-15 08:02:00 UTC"),
        (403, 1, "firewall"),
        (451, 2, "does not serve this place"),
    ],
)
def test_refusals_without_a_time_wait_as_is_usual(status, wait_s, words):
    told = meaning(status)
    assert told.wait_until_ns == NOW_NS + wait_s * SECOND_NS
    assert told.trouble.startswith(f"{status}: ")
    assert words in told.trouble
    assert told.is_ban == (status == 418)
    assert told.may_retry == (status in (418, 429))


@pytest.mark.parametrize(
    ("status", "waits"), [(429, (1, 4, 60)), (418, (120, 480, 3_600)), (403, (1, 4, 60))]
)
def test_refusals_that_come_again_wait_longer_up_to_a_cap(status, waits):
    for refusals, wait_s in zip((0, 2, 50), waits, strict=True):
        told = meaning_of(status, {}, b"", "", NOW_NS, refusals)
        assert told.wait_until_ns == NOW_NS + wait_s * SECOND_NS


@pytest.mark.parametrize("status", [418, 429, 403, 451, 503])
def test_the_time_of_the_header_is_obeyed(status):
    assert meaning(status, {"retry-after": "37"}).wait_until_ns == NOW_NS + 37 * SECOND_NS


@pytest.mark.parametrize("text", ["soon", "-1", "1e3", "9" * 30, "", "\u0663"])
def test_a_header_that_is_no_time_is_none(text):
    assert meaning(429, {"retry-after": text}).wait_until_ns == NOW_NS + SECOND_NS


def test_a_ban_may_tell_its_end_in_its_body():
    until_ms = NOW_NS // 1_000_000 + 600_000
    body = f'{{"code":-1003,"msg":"Way too much; IP banned until {until_ms}."}}'.encode()
    assert meaning(418, body=body).wait_until_ns == until_ms * 1_000_000
    assert meaning(429, body=body).wait_until_ns == NOW_NS + SECOND_NS
    over = body.replace(str(until_ms).encode(), b"1000000000000")
    assert meaning(418, body=over).wait_until_ns == NOW_NS


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_trouble_of_the_servers_is_asked_again(status):
    told = meaning(status)
    assert told.may_retry
    assert told.wait_until_ns == 0
    assert "servers are in trouble" in told.trouble


def test_other_refusals_are_told_and_not_asked_again():
    told = meaning(400, body=b'{"code":-1121,"msg":"Invalid symbol."}')
    assert "Invalid symbol." in told.trouble
    assert not told.may_retry
    assert "redirects" in meaning(302).trouble
    assert len(meaning(404, body=b"x" * 10_000).trouble) < 200
