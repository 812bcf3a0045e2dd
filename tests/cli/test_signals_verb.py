"""`signals`: every change told once, losses survived, a desk that comes back followed again."""

import io
import json
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from hftlib.cli import signals_verb
from hftlib.cli.frame import main
from hftlib.cli.signals_verb import Telling
from hftlib.client.stream import Update, UpdateKind
from hftlib.core.states import BookState, Source
from hftlib.signals.imbalance import DEFAULTS, ImbalanceParameters
from hftlib.wire.messages import FeaturesReply
from hftlib.wire.stream import FeaturesChange, FeaturesTopic
from tests.conftest import PROJECT
from tests.desk_support.recording import SYMBOL, VENUE, write_tape
from tests.desk_support.server import playing

TOPIC = FeaturesTopic(VENUE, SYMBOL)
SECOND = 1_000_000_000


def snapshot(imbalance, spread_bps=1.0, state=BookState.LIVE):
    features = {"imbalance_20": imbalance, "spread_bps": spread_bps}
    body = FeaturesReply(VENUE, SYMBOL, state, 1, SECOND, 7, Source.TAPE, features)
    return Update(UpdateKind.SNAPSHOT, TOPIC, body)


def delta(imbalance, state=BookState.LIVE):
    change = FeaturesChange(state, 2, 2 * SECOND, 8, {"imbalance_20": imbalance})
    return Update(UpdateKind.DELTA, TOPIC, change, 1)


def told(*updates, parameters=DEFAULTS):
    out = io.StringIO()
    Telling([TOPIC], parameters, out, as_json=True).follow(updates)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_change_of_side_is_a_line_and_nothing_else_is():
    lines = told(snapshot(0.1), delta(0.3), delta(0.4), delta(-0.4), delta(0.0))
    assert [line["side"] for line in lines] == ["BUY", "SELL", "NEUTRAL"]
    assert lines[0] == {
        "venue": VENUE,
        "symbol": SYMBOL,
        "ts_event": 2,
        "ts_recv": 2 * SECOND,
        "name": "imbalance",
        "side": "BUY",
        "score": 0.3,
        "confidence": 0.95,
        "spread_bps": 1.0,
        "reason": "imbalance of 20 levels +0.300 beyond +0.15, spread 1 under 10 bps",
    }


def test_a_book_that_is_not_trusted_has_no_side():
    lines = told(snapshot(0.3), delta(0.4, BookState.GAP), delta(0.4))
    assert [line["side"] for line in lines] == ["BUY", "NEUTRAL", "BUY"]
    assert lines[1]["reason"] == "the book is GAP"


def test_a_lost_stream_ends_what_it_told(capsys):
    lost = Update(UpdateKind.LOST, None, reason="no stream from the desk")
    lines = told(lost, snapshot(0.3), lost, lost, snapshot(0.3))
    assert [line["side"] for line in lines] == ["BUY", "NEUTRAL", "BUY"]
    assert lines[1]["reason"] == "no stream from the desk"
    assert capsys.readouterr().err.count("no stream from the desk") == 3


def test_parameters_are_used():
    wide = ImbalanceParameters(threshold=0.5, most_spread_bps=100.0)
    assert told(snapshot(0.3, 50.0), parameters=wide) == []
    assert len(told(snapshot(0.6, 50.0), parameters=wide)) == 1
    assert told(snapshot(0.6, 50.0)) == []


def test_a_line_to_read():
    out = io.StringIO()
    Telling([TOPIC], DEFAULTS, out, as_json=False).follow([snapshot(-0.16), snapshot(0.0)])
    sell, neutral = out.getvalue().splitlines()
    assert sell.startswith("1970-01-01T00:00:01.000+00:00  binance")
    assert " SELL    0.92  imbalance of 20 levels -0.160 beyond -0.15" in sell
    assert neutral.endswith("imbalance +0.000 within 0.15")


@pytest.mark.parametrize("words", ["binance", "binance:", ":BTCUSDT", "binance:BTCUSDT,x"])
def test_books_that_are_none_are_refused(words, capsys):
    assert main(["signals", "--from", "http://127.0.0.1:1", "--books", words]) == 2
    assert "is no VENUE:SYMBOL" in capsys.readouterr().err


def test_levels_that_are_not_measured_are_refused(capsys):
    assert main(["signals", "--from", "http://127.0.0.1:1", "--levels", "3"]) == 2
    assert "over 3 levels is not measured" in capsys.readouterr().err


def test_a_desk_that_is_not_there_is_waited_for(tmp_path: Path, capsys):
    tape = write_tape(tmp_path / "a.tape")
    pauses = []

    def appear(seconds):
        pauses.append(seconds)
        assert len(pauses) < 3
        if len(pauses) == 1:
            desk = playing(tape, tmp_path / "data", port=port)
            stack.enter_context(desk).until_running()

    port = free_port()
    with ExitStack() as stack:
        books = signals_verb._all_books(f"http://127.0.0.1:{port}", "", appear)
    assert books == [(VENUE, SYMBOL), (VENUE, "ETHUSDT")]
    assert pauses == [signals_verb.RETRY_S]
    assert capsys.readouterr().err.count("no desk answers") == 1


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def heed_interrupts() -> None:
    """Have a child heed SIGINT even where the tests run in the background, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_the_verb_outlives_the_desk_that_it_follows(tmp_path: Path):
    tape = write_tape(tmp_path / "a.tape", 200)
    eager = ["--threshold", "-2", "--most-spread-bps", "1e9"]
    with playing(tape, tmp_path / "data") as desk:
        desk.until_running()
        url, port = desk.url, desk.port
        process = subprocess.Popen(
            [sys.executable, "-m", "hftlib", "signals", "--from", url, "--json", *eager],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=PROJECT,
            preexec_fn=heed_interrupts,
        )
        first = json.loads(process.stdout.readline())
    second = json.loads(process.stdout.readline())
    with playing(tape, tmp_path / "data", port=port):
        third = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    process.stdout.close()
    errors = process.stderr.read().decode()
    process.stderr.close()
    assert [one["side"] for one in (first, second, third)] == ["BUY", "NEUTRAL", "BUY"]
    assert url in second["reason"]
    assert "no stream from the desk" in errors
    assert "Traceback" not in errors
