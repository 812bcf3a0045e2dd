"""The market as a process: what it prints, how it ends."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent.parent
COMMAND = [sys.executable, "-m", "hftlib", "market", "--free-ports"]
START_S = 240


@contextmanager
def started(tmp_path, *flags):
    """Run the market in a process; yield it once it answers, with the first lines it printed."""
    process = subprocess.Popen(
        [*COMMAND, "--data-dir", str(tmp_path), *flags],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def ctl(tmp_path, *words):
    command = [sys.executable, "-m", "hftlib", "market", "--data-dir", str(tmp_path), "ctl", *words]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


@pytest.mark.timeout(START_S)
def test_one_market_from_start_to_end(tmp_path):
    with started(tmp_path, "--json", "--scenario", "calm") as process:
        told = json.loads(process.stdout.readline())
        left = json.loads((tmp_path / "market.json").read_bytes())
        assert told == left
        assert told["pid"] == process.pid
        assert Path(told["ca"]).read_text().startswith("-----BEGIN CERTIFICATE")
        assert set(told["addresses"]) == {
            "binance", "binance_usdm", "coinbase", "coinbase_exchange", "coinbase_tls", "control",
        }  # fmt: skip
        depth = httpx.get(f"{told['addresses']['binance']}/api/v3/depth?symbol=BTCUSDT&limit=5")
        assert len(depth.json()["bids"]) == 5

        scenarios = json.loads(ctl(tmp_path, "scenario", "list", "--json").stdout)
        assert scenarios["running"] == ["calm"]
        assert "binance" in ctl(tmp_path, "status").stdout
        planted = ctl(tmp_path, "fault", "add", "http", "--status", "451", "--count", "1", "--json")
        assert json.loads(planted.stdout) == {"fault": 1}
        assert httpx.get(f"{told['addresses']['coinbase']}/time").status_code == 451
        log = json.loads(ctl(tmp_path, "fault", "log", "--json").stdout)
        assert [event["kind"] for event in log["events"]] == ["http"]
        assert "cleared" in ctl(tmp_path, "fault", "clear").stdout
        account = ctl(tmp_path, "account", "create", "me", "--balance", "USDT=5", "--json")
        assert json.loads(account.stdout)["name"] == "me"
        ctl(tmp_path, "account", "deposit", "me", "USDT", "1.5")
        ctl(tmp_path, "account", "reset", "me", "--balance", "BTC=2")
        listed = json.loads(ctl(tmp_path, "account", "list", "--json").stdout)
        assert listed["accounts"][0]["balances"]["BTC"] == {"free": "2", "locked": "0"}
        book = ctl(tmp_path, "book", "binance", "BTCUSDT", "--depth", "2", "--json")
        assert len(json.loads(book.stdout)["asks"]) == 2

        refused = ctl(tmp_path, "book", "binance", "NOPE")
        assert refused.returncode == 2
        assert "UNKNOWN_BOOK" in refused.stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    assert not (tmp_path / "market.json").exists()
    absent = ctl(tmp_path, "status")
    assert absent.returncode == 2
    assert "no local market runs" in absent.stderr


@pytest.mark.timeout(START_S)
def test_a_market_ends_with_its_parent_and_says_where_it_is(tmp_path):
    with started(tmp_path, "--with-parent") as process:
        lines = [process.stdout.readline() for _ in range(7)]
        assert lines[0].split() == [
            "binance", lines[0].split()[1], lines[0].split()[1].replace("http", "ws"),
        ]  # fmt: skip
        assert lines[-1].startswith("authority")
        process.stdin.close()
        assert process.wait(timeout=20) == 0


@pytest.mark.timeout(START_S)
def test_a_market_is_stopped_by_its_control_interface(tmp_path):
    with started(tmp_path, "--json", "--ports-file", str(tmp_path / "here.json")) as process:
        process.stdout.readline()
        done = ctl(tmp_path, "--ports-file", str(tmp_path / "here.json"), "shutdown")
        assert done.returncode == 0
        assert process.wait(timeout=20) == 0
        assert process.returncode == 0


@pytest.mark.parametrize(
    ("flags", "told"),
    [(("--scenario", "typhoon"), "no scenario 'typhoon'"),
     (("--host", "0.0.0.0"), "without a token"),
     (("--offline",), "name it with -o"),
     (("--offline", "-o", "x", "--scenario", "typhoon"), "no scenario 'typhoon'")],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_one_line(tmp_path, flags, told):
    environment = {name: value for name, value in os.environ.items() if "HFT_API" not in name}
    done = subprocess.run(
        [*COMMAND, "--data-dir", str(tmp_path), *flags],
        cwd=PROJECT, env=environment, capture_output=True, text=True, check=False, timeout=START_S,
    )  # fmt: skip
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
