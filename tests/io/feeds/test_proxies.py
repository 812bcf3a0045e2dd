"""Which websocket goes through which proxy."""

import pytest

from hftlib.io.feeds.proxies import proxy_for

EXCHANGE = "wss://stream.binance.com:9443/stream"
VARIABLES = ("WSS_PROXY", "WS_PROXY", "SOCKS_PROXY", "ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    for name in (*VARIABLES, "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_without_variables_there_is_none():
    assert proxy_for(EXCHANGE) is None


@pytest.mark.parametrize("name", ["WSS_PROXY", "SOCKS_PROXY", "ALL_PROXY", "HTTPS_PROXY"])
def test_each_variable_is_heeded(monkeypatch, name):
    monkeypatch.setenv(name, "http://proxy:3128")
    assert proxy_for(EXCHANGE) == "http://proxy:3128"


def test_the_most_particular_variable_wins(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://general:1")
    monkeypatch.setenv("WSS_PROXY", "http://particular:1")
    assert proxy_for(EXCHANGE) == "http://particular:1"


def test_plain_sockets_do_not_take_the_proxy_of_https(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    assert proxy_for("ws://example.org/") is None
    monkeypatch.setenv("HTTP_PROXY", "http://other:1")
    assert proxy_for("ws://example.org/") == "http://other:1"


def test_names_are_resolved_by_the_proxy(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5h://proxy:1080")
    assert proxy_for(EXCHANGE) == "socks5://proxy:1080"


def test_no_proxy_is_heeded(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    monkeypatch.setenv("NO_PROXY", "example.org,.binance.com")
    assert proxy_for(EXCHANGE) is None
    assert proxy_for("wss://ws-feed.exchange.coinbase.com") == "http://proxy:1"


@pytest.mark.parametrize("host", ["127.0.0.1:8720", "localhost:1", "[::1]:8720", "127.8.9.1:2"])
def test_this_machine_is_never_reached_through_a_proxy(monkeypatch, host):
    monkeypatch.setenv("ALL_PROXY", "http://proxy:1")
    assert proxy_for(f"ws://{host}/") is None
    assert proxy_for(f"wss://{host}/") is None
