"""`config`: values, origins and meanings, as table, JSON and page."""

import msgspec
import pytest

from hftlib.cli import frame
from hftlib.core.configuration import KEYS, markdown


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for key in KEYS.values():
        for variable in key.variables:
            monkeypatch.delenv(variable, raising=False)


def test_the_table_is_short_and_explain_tells_origin_and_meaning(capsys, monkeypatch):
    monkeypatch.setenv("HFT_SPEED", "2.5")
    assert frame.main(["config"]) == 0
    short = capsys.readouterr().out
    assert len(short.splitlines()) == len(KEYS)
    assert "environment HFT_SPEED" not in short
    assert frame.main(["config", "--explain"]) == 0
    line = next(row for row in capsys.readouterr().out.splitlines() if row.startswith("speed"))
    assert line.split()[1:4] == ["2.5", "environment", "HFT_SPEED"]
    assert KEYS["speed"].meaning in line


def test_json_is_a_list_of_settings_with_masked_secrets(capsys):
    assert frame.main(["config", "--json", "--api-token", "hunter2", "--port", "0"]) == 0
    out = capsys.readouterr().out
    assert "hunter2" not in out
    settings = {setting["key"]: setting for setting in msgspec.json.decode(out)}
    assert list(settings) == list(KEYS)
    assert settings["desk.port"] == {
        "key": "desk.port",
        "value": 0,
        "origin": "flag --port",
        "meaning": KEYS["desk.port"].meaning,
    }


def test_markdown_is_the_page(capsys):
    assert frame.main(["config", "--markdown"]) == 0
    assert capsys.readouterr().out == markdown()
