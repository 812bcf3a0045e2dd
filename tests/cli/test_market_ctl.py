"""What `market ctl` asks of the control interface, and how it prints the answer."""

import argparse
import json

import pytest

from hftlib.cli import market_ctl
from hftlib.cli.frame import main
from hftlib.core.configuration import Configuration
from hftlib.core.errors import ConfigurationError
from hftlib.io.local.ports_file import CHILD_FILE, Addresses, write_addresses


class Recorder:
    """Stand in for the control client and keep what it was asked."""

    def __init__(self):
        self.calls = []

    def call(self, method, path, body=None, query=None):
        self.calls.append((method, path, body, query))
        return {"done": True}


@pytest.fixture
def asked(monkeypatch, capsys):
    """Run `market ctl` with words; return the call that it made."""

    def ask(*words):
        parser = argparse.ArgumentParser()
        market_ctl.add_parsers(parser)
        recorder = Recorder()
        monkeypatch.setattr(market_ctl, "_client", lambda *_: recorder)
        arguments = parser.parse_args(["ctl", *words, "--json"])
        assert market_ctl.run(arguments, Configuration()) == 0
        assert json.loads(capsys.readouterr().out) == {"done": True}
        (call,) = recorder.calls
        return call

    return ask


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ("status", ("GET", "status", None, None)),
        ("scenario list", ("GET", "scenarios", None, None)),
        ("scenario start depeg", ("POST", "scenarios/start", {"name": "depeg"}, None)),
        ("scenario stop depeg", ("POST", "scenarios/stop", {"name": "depeg"}, None)),
        ("fault list", ("GET", "faults", None, None)),
        ("fault add drop", ("POST", "faults", {"kind": "drop"}, None)),
        ("fault add stall --mute --for-s 3 --venue coin* --probability 0.5",
         ("POST", "faults", {"kind": "stall", "mute": True, "for_s": 3.0, "venue": "coin*",
                             "probability": 0.5}, None)),
        ("fault remove 4", ("DELETE", "faults/4", None, None)),
        ("fault clear", ("DELETE", "faults", None, None)),
        ("fault log --after 7", ("GET", "faults/log", None, {"after": 7})),
        ("account list", ("GET", "accounts", None, None)),
        ("account create me --balance BTC=1 --balance USDT=2.5 --keys hmac,ed25519",
         ("POST", "accounts", {"name": "me", "balances": {"BTC": "1", "USDT": "2.5"},
                               "keys": ["hmac", "ed25519"]}, None)),
        ("account deposit me BTC 1",
         ("POST", "accounts/me/deposit", {"asset": "BTC", "amount": "1"}, None)),
        ("account reset me --balance BTC=3",
         ("POST", "accounts/me/reset", {"balances": {"BTC": "3"}}, None)),
        ("book binance BTCUSDT --update-id 5 --depth 2",
         ("GET", "book", None,
          {"update_id": 5, "depth": 2, "venue": "binance", "symbol": "BTCUSDT"})),
        ("limits", ("POST", "limits/reset", None, None)),
        ("lifetime 60", ("POST", "lifetime", {"seconds": 60.0}, None)),
        ("server-shutdown binance", ("POST", "server-shutdown", {"venue": "binance"}, None)),
        ("shutdown", ("POST", "shutdown", None, None)),
    ],
)  # fmt: skip
def test_words_become_one_call(asked, words, call):
    assert asked(*words.split()) == call


def test_a_public_key_is_read_from_its_file(asked, tmp_path):
    (tmp_path / "key.pem").write_text("PEM")
    call = asked("account", "register", "me", str(tmp_path / "key.pem"))
    assert call == ("POST", "accounts/me/keys", {"public_pem": "PEM"}, None)


def test_a_balance_without_an_amount_is_refused(asked):
    with pytest.raises(ConfigurationError, match="ASSET=AMOUNT, not 'BTC'"):
        asked("account", "create", "me", "--balance", "BTC")


def test_an_answer_is_told_line_by_line():
    answer = {"a": 1, "none": [], "deep": {"b": "x"}, "rows": [{"c": 1, "d": 2}, ["e", 3], "f"]}
    assert list(market_ctl._lines(answer)) == [
        "a: 1", "none: -", "deep:", "  b: x", "rows:", "  c=1  d=2", "  e  3", "  f",
    ]  # fmt: skip


def test_without_a_market_it_says_where_it_looked(tmp_path, capsys):
    assert main(["market", "--data-dir", str(tmp_path), "ctl", "status"]) == 2
    assert f"no local market runs: {tmp_path / 'market.json'}" in capsys.readouterr().err


def test_the_market_of_a_desk_is_found_too(tmp_path, capsys):
    told = Addresses({"control": "http://127.0.0.1:9"}, "", 1)
    write_addresses(tmp_path / CHILD_FILE, told)
    assert main(["market", "--data-dir", str(tmp_path), "ctl", "status"]) == 2
    assert "no local market answers at http://127.0.0.1:9" in capsys.readouterr().err


def test_a_control_address_that_is_silent_is_named(capsys):
    assert main(["market", "ctl", "--control", "http://127.0.0.1:1", "status"]) == 2
    assert "no local market answers at http://127.0.0.1:1" in capsys.readouterr().err
