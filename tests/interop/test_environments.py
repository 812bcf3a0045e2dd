"""Every client is pinned whole, and an environment is made anew when its pins change."""

import re

import pytest

from tests.interop.environments import CLIENTS, SCRIPTS, requirements, stamp_of
from tests.interop.market_process import addresses_of

PACKAGES = {"ccxt.pro": "ccxt"}


@pytest.mark.parametrize("client", CLIENTS, ids=[one.name for one in CLIENTS])
def test_a_client_is_pinned_whole(client):
    lines = requirements(client.environment).read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins)
    assert PACKAGES.get(client.name, client.name) in {pin.partition("==")[0] for pin in pins}
    for script in filter(None, (client.script, client.lone)):
        assert (SCRIPTS / f"{script}.py").is_file()


def test_names_have_no_spaces():
    assert not [client.name for client in CLIENTS if " " in client.name]


def test_other_pins_or_another_python_make_another_environment():
    assert stamp_of(b"a==1", "3.11") == stamp_of(b"a==1", "3.11")
    assert stamp_of(b"a==1", "3.11") != stamp_of(b"a==2", "3.11")
    assert stamp_of(b"a==1", "3.11") != stamp_of(b"a==1", "3.12")


def test_addresses_come_with_those_of_the_sockets():
    line = '{"addresses": {"binance": "http://127.0.0.1:1"}, "ca": "/a.pem", "pid": 7}'
    assert addresses_of(line) == {
        "ca": "/a.pem",
        "binance": "http://127.0.0.1:1",
        "binance_ws": "ws://127.0.0.1:1",
    }
