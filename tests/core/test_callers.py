"""Who calls: hosts, origins and tokens, for every server alike."""

import pytest

from hftlib.core.callers import has_token, host_name, is_loopback, origin_allowed


@pytest.mark.parametrize(
    "name", ["localhost", "LocalHost.", "127.0.0.1", "127.9.9.9", "::1", "[::1]"]
)
def test_loopback(name: str) -> None:
    assert is_loopback(name)


@pytest.mark.parametrize(
    "name", ["0.0.0.0", "::", "10.0.0.1", "desk.example", "localhost.evil.example", ""]
)
def test_not_loopback(name: str) -> None:
    assert not is_loopback(name)


def test_names_of_hosts() -> None:
    assert host_name("[::1]:80") == "::1"
    assert host_name("desk.example:8710") == "desk.example"
    assert host_name("[::") == ""
    assert host_name("") == ""


def test_origins() -> None:
    assert origin_allowed("http://Desk.example:1", "desk.example:2")
    assert origin_allowed("http://127.0.0.1:8501", "localhost:8710")
    for origin in ("http://desk.example.evil", "null", "http://[::", ""):
        assert not origin_allowed(origin, "desk.example")


def test_tokens() -> None:
    assert has_token("Bearer s3cret", "s3cret")
    assert has_token("bearer s3cret", "s3cret")
    for sent in ("", "s3cret", "Basic s3cret", "Bearer s3cret ", "Bearer \udcff"):
        assert not has_token(sent, "s3cret")
