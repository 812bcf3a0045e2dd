"""Who may open the app's websocket."""

import pytest

from hftlib.ui.origin import is_same_origin

HERE = "127.0.0.1"


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:8501", "127.0.0.1:8501"),
        ("http://localhost:8501", "localhost:8501"),
        ("http://LocalHost:8501", "localhost:8501"),
        ("http://[::1]:8501", "[::1]:8501"),
        ("http://localhost", "localhost"),
        ("http://localhost:80", "localhost"),
        ("https://localhost", "localhost:443"),
    ],
)
def test_its_own_pages_may(origin: str, host: str) -> None:
    assert is_same_origin({"origin": origin, "host": host}, listens_on=HERE)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://evil.example", "127.0.0.1:8501"),
        ("http://127.0.0.1:8502", "127.0.0.1:8501"),
        ("http://localhost:8501", "127.0.0.1:8501"),
        ("http://evil.example:8501", "evil.example:8501"),
        ("http://127.0.0.1.evil.example:8501", "127.0.0.1.evil.example:8501"),
        ("null", "127.0.0.1:8501"),
        ("", "127.0.0.1:8501"),
        ("file://127.0.0.1:8501", "127.0.0.1:8501"),
        ("http://127.0.0.1:8501", ""),
        ("http://127.0.0.1:port", "127.0.0.1:port"),
        ("http://[::1", "[::1"),
    ],
)
def test_others_may_not(origin: str, host: str) -> None:
    assert not is_same_origin({"origin": origin, "host": host}, listens_on=HERE)


def test_an_app_for_others_answers_by_any_name_of_its_own() -> None:
    headers = {"origin": "https://desk.example", "host": "desk.example"}
    assert is_same_origin(headers, listens_on="0.0.0.0")
    assert not is_same_origin({**headers, "origin": "https://evil.example"}, listens_on="0.0.0.0")


def test_a_handshake_without_headers_is_refused() -> None:
    assert not is_same_origin({}, listens_on=HERE)
