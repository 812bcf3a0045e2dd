"""The frame: every verb is found, helps, refuses in one line; --help stays light."""

import subprocess
import sys
from pathlib import Path

import pytest

import hftlib
from hftlib.cli import frame
from hftlib.core.errors import TapeError

PROJECT = Path(hftlib.__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_verbs_are_found():
    assert {"config", "docs", "doctor"} <= set(frame.verb_names())


@pytest.mark.parametrize("name", frame.verb_names())
def test_each_verb_keeps_the_shape_and_helps(name, capsys):
    verb = frame.load_verb(name)
    assert verb.NAME.replace("-", "_") == name
    assert verb.HELP
    assert not verb.HELP.endswith(".")
    with pytest.raises(SystemExit) as left:
        frame.main([verb.NAME, "--help"])
    assert left.value.code == 0
    assert verb.HELP.split()[0] in capsys.readouterr().out


def test_help_names_every_verb(capsys):
    with pytest.raises(SystemExit):
        frame.main([])
    out = capsys.readouterr().out
    assert all(frame.load_verb(name).NAME in out for name in frame.verb_names())


def test_help_loads_nothing_heavy():
    code = (
        "import sys\n"
        "from hftlib.cli.frame import parser_for, verb_names\n"
        "parser_for(verb_names())\n"
        "heavy = {'numba', 'pandas', 'streamlit', 'fastapi', 'pyarrow', 'plotly', 'requests'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT
    )
    assert done.stdout.strip() == "[]"


def test_an_unknown_verb_is_refused(capsys):
    with pytest.raises(SystemExit) as left:
        frame.main(["confg"])
    assert left.value.code == 2
    assert "confg" in capsys.readouterr().err


def test_a_wrong_setting_is_one_line_and_code_2(capsys):
    assert frame.main(["config", "--port", "none"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("hftlib: flag --port: desk.port: Expected `int`")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (TapeError("x.tape: cut at byte 7"), 2, "hftlib: x.tape: cut at byte 7\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_a_verb_raises_becomes_an_exit_code(monkeypatch, capsys, error, code, said):
    def fail(arguments, configuration):
        raise error

    monkeypatch.setattr("hftlib.cli.config_verb.run", fail)
    assert frame.main(["config"]) == code
    assert capsys.readouterr().err == said


def test_a_bug_is_not_hidden(monkeypatch):
    def fail(arguments, configuration):
        raise ZeroDivisionError

    monkeypatch.setattr("hftlib.cli.config_verb.run", fail)
    with pytest.raises(ZeroDivisionError):
        frame.main(["config"])


def test_a_reader_that_leaves_is_no_error(tmp_path):
    writer = subprocess.Popen(
        [sys.executable, "-m", "hftlib", "config", "--markdown"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=PROJECT,
    )
    writer.stdout.close()
    said = writer.stderr.read()
    writer.stderr.close()
    assert writer.wait(timeout=60) == 0
    assert said == b""
