"""hftlib.toml and .env: found, named, absent, broken."""

import pytest

from hftlib.core.configuration_files import load
from hftlib.core.errors import ConfigurationError


def test_an_empty_folder_gives_defaults(tmp_path):
    assert {setting.origin for setting in load({}, tmp_path).settings} == {"default"}


def test_the_file_of_the_folder_is_read(tmp_path):
    (tmp_path / "hftlib.toml").write_text("speed = 2\n[desk]\nport = 1\n")
    resolved = load({}, tmp_path)
    assert (resolved.configuration.speed, resolved.configuration.desk.port) == (2.0, 1)
    assert "file hftlib.toml" in {setting.origin for setting in resolved.settings}


def test_a_flag_names_another_file_before_the_environment_does(tmp_path):
    for name, speed in (("hftlib.toml", 2), ("b.toml", 3), ("c.toml", 4), ("d.toml", 5)):
        (tmp_path / name).write_text(f"speed = {speed}\n")
    (tmp_path / ".env").write_text("HFT_CONFIG=b.toml\nNOTHING\n")
    assert load({}, tmp_path).configuration.speed == 3
    assert load({"HFT_CONFIG": "c.toml"}, tmp_path).configuration.speed == 4
    assert load({"HFT_CONFIG": "c.toml"}, tmp_path, file="d.toml").configuration.speed == 5


def test_the_env_file_yields_to_the_environment_and_to_flags(tmp_path):
    (tmp_path / ".env").write_text("HFT_SPEED=2\nHFT_DATA_DIR=here\n")
    resolved = load({"HFT_SPEED": "3"}, tmp_path, flags={"source": "tape:x"})
    configuration = resolved.configuration
    assert (configuration.speed, configuration.data_dir) == (3.0, "here")
    assert configuration.source == "tape:x"


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "No such file"), (b"speed = ", "Invalid value"), (b"\xff", "utf-8")],
)
def test_a_named_file_must_be_readable(tmp_path, content, words):
    path = tmp_path / "named.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=words) as refused:
        load({}, tmp_path, file="named.toml")
    assert "named.toml" in str(refused.value)
