import pytest

from hftlib.io.local.guard import ControlGuard


@pytest.mark.parametrize("host", ["127.0.0.1:8725", "localhost:8725", "[::1]:8725", "127.0.0.1"])
def test_loopback_may_steer(host):
    assert ControlGuard("127.0.0.1", "").denial({"host": host}) is None


@pytest.mark.parametrize("host", ["evil.example", "10.0.0.1:8725", "", "[broken"])
def test_other_names_for_loopback_are_refused(host):
    assert ControlGuard("127.0.0.1", "").denial({"host": host}).code == "HOST_REFUSED"


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("http://localhost:8501", True), ("http://127.0.0.1:8501", True),
     ("https://evil.example", False), ("null", False), ("http://[broken", False)],
)  # fmt: skip
def test_pages_of_loopback_may_steer(origin, allowed):
    headers = {"host": "127.0.0.1:8725", "origin": origin}
    assert (ControlGuard("127.0.0.1", "").denial(headers) is None) is allowed


def test_beyond_loopback_a_token_is_demanded():
    guard = ControlGuard("0.0.0.0", "secret")
    headers = {"host": "10.0.0.1:8725", "origin": "http://10.0.0.1:8501"}
    assert guard.denial(headers).status == 401
    assert guard.denial({**headers, "authorization": "Bearer wrong"}).status == 401
    assert guard.denial({**headers, "authorization": "Basic secret"}).status == 401
    assert guard.denial({**headers, "authorization": "bearer secret"}) is None
