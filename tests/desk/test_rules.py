"""Settings, ownership of a folder, the watch over the parent, pauses: what a process stands on."""

import gc
import os
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest

from hftlib.client.endpoint import read_endpoint, read_token, write_endpoint, write_token
from hftlib.core.errors import ConfigurationError, HftlibError
from hftlib.desk.ownership import OwnedElsewhereError, owning
from hftlib.desk.parent import watch_parent
from hftlib.desk.pauses import PauseMeter
from hftlib.desk.settings import (
    INCIDENTS,
    DeskSettings,
    check,
    checked_speed,
    incident_names,
    tape_path,
)
from hftlib.wire.messages import Endpoint

OWN = """
import sys
from pathlib import Path
from hftlib.desk.ownership import owning
with owning(Path(sys.argv[1])):
    print("owned", flush=True)
    sys.stdin.read()
"""


def test_sources_name_tapes() -> None:
    assert tape_path("incident:calm") == INCIDENTS / "calm.tape"
    assert all(tape_path(f"incident:{name}").is_dir() for name in incident_names())
    assert tape_path("tape:a/b.tape") == Path("a/b.tape")
    assert tape_path("tape:~/b.tape") == Path.home() / "b.tape"


def test_an_incident_that_is_not_shipped_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"no incident 'boredom'; there are .*calm"):
        tape_path("incident:boredom")


@pytest.mark.parametrize("source", ["live", "tape:", "", "testnet", "local"])
def test_other_sources_are_refused(source: str) -> None:
    with pytest.raises(ConfigurationError, match="incident:NAME or tape:PATH"):
        tape_path(source)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.9.1", "localhost", "LocalHost.", "::1", "[::1]"]
)
def test_loopback(host: str) -> None:
    check(DeskSettings(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "desk.example", ""])
def test_beyond_loopback_a_token_is_demanded(host: str) -> None:
    with pytest.raises(ConfigurationError, match="HFT_API_TOKEN"):
        check(DeskSettings(host=host))
    check(DeskSettings(host=host, token="s3cret"))


@pytest.mark.parametrize("speed", [0.0, 0.1, 1, 50])
def test_speeds(speed: float) -> None:
    assert checked_speed(speed) == speed


@pytest.mark.parametrize("speed", [-1, 0.09, 50.1, float("nan"), float("inf")])
def test_speeds_out_of_range(speed: float) -> None:
    with pytest.raises(ConfigurationError, match="speed"):
        check(DeskSettings(speed=speed))


def test_a_folder_is_made_owned_and_given_back(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "data"
    for _ in range(2):
        with owning(folder):
            write_endpoint(folder, Endpoint("http://127.0.0.1:1", 1, "incident:calm"))
            assert read_endpoint(folder) is not None
        assert read_endpoint(folder) is None


def test_a_folder_has_one_owner_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWN, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout.readline() == "owned\n"
    with pytest.raises(OwnedElsewhereError, match="is starting"), owning(tmp_path):
        pytest.fail("it was owned twice")
    write_endpoint(tmp_path, Endpoint("http://127.0.0.1:9", 77, "incident:calm"))
    with (
        pytest.raises(OwnedElsewhereError, match=r"127\.0\.0\.1:9 \(process 77\)"),
        owning(tmp_path),
    ):
        pytest.fail("it was owned twice")
    owner.kill()
    owner.wait(10)
    with owning(tmp_path):
        assert read_endpoint(tmp_path) is None, "what a killed desk left is taken away"
    owner.stdin.close()
    owner.stdout.close()


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HftlibError, match="cannot be written"), owning(tmp_path / "file" / "data"):
        pytest.fail("it was owned")


def test_tokens_are_read_back_and_absent_ones_are_empty(tmp_path: Path) -> None:
    path = write_token(tmp_path, "s3cret")
    assert read_token(Endpoint("", 0, "", str(path))) == "s3cret"
    assert read_token(Endpoint("", 0, "", str(tmp_path / "absent"))) == ""
    assert read_token(Endpoint("", 0, "")) == ""


def test_the_watch_ends_when_the_pipe_closes() -> None:
    reading, writing = os.pipe()
    gone = threading.Event()
    watcher = watch_parent(gone.set, reading)
    os.write(writing, b"still here")
    assert not gone.is_set()
    os.close(writing)
    assert gone.wait(10)
    watcher.join(10)
    os.close(reading)


def test_pauses_are_measured_from_the_start_on() -> None:
    meter = PauseMeter()
    gc.collect()
    assert meter.pauses().collections == 0
    meter.start()
    try:
        gc.collect()
        pauses = meter.pauses()
        assert pauses.collections >= 1
        assert 0 < pauses.longest_ms <= pauses.total_ms
    finally:
        meter.stop()
        gc.unfreeze()
    counted = meter.pauses().collections
    gc.collect()
    meter.stop()
    assert meter.pauses().collections == counted


class Knot:
    """Refer to itself, so that only a collection frees it."""

    def __init__(self) -> None:
        self.self = self


def test_what_survives_a_full_collection_is_frozen_and_thawed_when_it_is_much() -> None:
    meter = PauseMeter(most_frozen=1_000)
    meter.start()
    try:
        began = gc.get_freeze_count()
        few = [Knot() for _ in range(100)]
        gc.collect()
        assert gc.get_freeze_count() >= began + len(few)
        many = [Knot() for _ in range(2_000)]
        gc.collect()
        assert gc.get_freeze_count() == 0
        gone = weakref.ref(many[0])
        del many
        gc.collect()
        assert gone() is None
        assert gc.get_freeze_count() >= began
    finally:
        meter.stop()
        gc.unfreeze()
