"""`doctor`: one verdict per check, and an exit code that says whether the program can run."""

import sys
from importlib import metadata

import msgspec
import pytest

from hftlib.cli import doctor_verb, frame
from hftlib.core.configuration import Configuration, resolve
from hftlib.io.reachability import Reach


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_offline_it_prints_a_line_per_check_and_a_verdict(capsys):
    assert frame.main(["doctor", "--offline", "--port", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line[6:28].strip() for line in lines[:-2]]
    assert names == ["python", "packages", "kernels", "data folder", "desk", "chromium"]
    assert lines[-1] == "hftlib can run here"


def test_json_is_one_object(capsys):
    assert frame.main(["doctor", "--offline", "--json", "--port", "1"]) == 0
    report = msgspec.json.decode(capsys.readouterr().out)
    assert report["ok"] is True
    assert {"name", "verdict", "text", "figures"} == set(report["checks"][0])


def test_what_stops_the_program_is_named_and_code_1(monkeypatch, capsys, tmp_path):
    (tmp_path / "taken").write_text("a file where the folder should be")
    monkeypatch.setenv("HFT_DATA_DIR", "taken")
    assert frame.main(["doctor", "--offline", "--port", "1"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "hftlib cannot run here: data folder"


@pytest.mark.parametrize(("version", "verdict"), [((3, 10), "fail"), ((3, 11), "ok")])
def test_an_old_python_stops_the_program(version, verdict):
    assert doctor_verb.check_python(version).verdict == verdict


def test_packages_are_compared_with_their_pins(tmp_path):
    pins = tmp_path / "requirements.txt"
    right = f"msgspec=={metadata.version('msgspec')}"
    pins.write_text(f"# words\n\n{right}\nnot-there==1 ; sys_platform == 'nowhere'\n")
    assert doctor_verb.check_packages(pins).verdict == "ok"
    pins.write_text(f"{right}\nnumba==0.0.1  # old\n")
    check = doctor_verb.check_packages(pins)
    assert (check.verdict, "numba" in check.text) == ("note", True)
    pins.write_text("hftlib-needs-this==1\n")
    check = doctor_verb.check_packages(pins)
    assert (check.verdict, check.figures["absent"]) == ("fail", ["hftlib-needs-this"])
    assert doctor_verb.check_packages(tmp_path / "none").verdict == "note"


def test_with_a_package_absent_nothing_that_may_need_it_runs(tmp_path, monkeypatch, capsys):
    (tmp_path / "requirements.txt").write_text("hftlib-needs-this==1\n")
    monkeypatch.setattr(doctor_verb, "requirements_file", lambda: tmp_path / "requirements.txt")
    assert frame.main(["doctor", "--offline"]) == 1
    out = capsys.readouterr().out
    assert "absent: hftlib-needs-this" in out
    assert "kernels" not in out


def test_a_desk_that_is_named_but_silent_is_told_apart():
    silent = resolve(flags={"api.url": "http://127.0.0.1:1"}).configuration
    assert "which api.url names" in doctor_verb.check_desk(silent).text
    nobody = resolve(flags={"desk.port": "1"}).configuration
    assert "none running at http://127.0.0.1:1" in doctor_verb.check_desk(nobody).text


def test_compiling_on_request_tells_the_seconds():
    check = doctor_verb.check_kernels(compile_now=True)
    assert check.verdict == "ok"
    assert check.figures["count"] > 0
    assert check.figures["seconds"] >= 0


@pytest.mark.parametrize(
    ("reach", "verdict", "words"),
    [
        (Reach("a", False, None, None, False, "REST no connection"), "note", "not reached: REST"),
        (Reach("a", True, 12.34, 56.7, True, ""), "ok", "clock +12.3 ms, round trip 57 ms, feed"),
        (Reach("a", True, -2000.0, 5.0, True, ""), "note", "set this machine's clock"),
        (Reach("a", True, 1.0, 5.0, False, "feed no connection"), "note", "feed no connection"),
    ],
)
def test_each_exchange_gets_a_verdict(reach, verdict, words):
    checks = list(doctor_verb.check_exchanges(0.1, lambda timeout_s: [reach]))
    assert checks[0].name == "exchange a"
    assert checks[0].verdict == verdict
    assert words in checks[0].text
    assert (len(checks) == 2) == (not (reach.answers and reach.feed_opens))


def test_the_running_python_is_told():
    assert sys.executable in doctor_verb.check_python().text
    assert Configuration().data_dir == "data"
