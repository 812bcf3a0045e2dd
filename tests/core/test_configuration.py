"""The configuration: precedence, refusals with hints, origins, masked secrets, generated page."""

import tomllib

import msgspec
import pytest

from hftlib.core.configuration import (
    KEYS,
    MASK,
    VARIABLES,
    ApiSection,
    Configuration,
    markdown,
    resolve,
    secrets_of,
)
from hftlib.core.errors import ConfigurationError


def origin_of(resolved, key):
    return next(setting.origin for setting in resolved.settings if setting.key == key)


def test_defaults_need_nothing():
    resolved = resolve()
    assert resolved.configuration == Configuration()
    assert {setting.origin for setting in resolved.settings} == {"default"}
    assert [setting.key for setting in resolved.settings] == list(KEYS)


@pytest.mark.parametrize(
    ("layers", "speed", "origin"),
    [
        ({}, 1.0, "default"),
        ({"file": {"speed": 2}}, 2.0, "file file"),
        ({"file": {"speed": 2}, "env_file": {"HFT_SPEED": "3"}}, 3.0, "file .env: HFT_SPEED"),
        (
            {"env_file": {"HFT_SPEED": "3"}, "environment": {"HFT_SPEED": "4"}},
            4.0,
            "environment HFT_SPEED",
        ),
        ({"environment": {"HFT_SPEED": "4"}, "flags": {"speed": "5"}}, 5.0, "flag --speed"),
        (
            {"environment": {"HFT_SPEED": "4"}, "flags": {"speed": None}},
            4.0,
            "environment HFT_SPEED",
        ),
    ],
)
def test_later_layers_win_and_are_remembered(layers, speed, origin):
    resolved = resolve(**layers)
    assert resolved.configuration.speed == speed
    assert origin_of(resolved, "speed") == origin


def test_sections_of_a_file_and_variables_reach_nested_keys():
    resolved = resolve(
        file={"desk": {"port": 9000, "host": "::1"}}, environment={"HFT_DESK_PORT": "9001"}
    )
    assert resolved.configuration.desk.port == 9001
    assert resolved.configuration.desk.host == "::1"
    assert resolved.configuration.api == ApiSection()


def test_a_variable_may_have_a_second_name():
    assert resolve(environment={"LOG_LEVEL": "DEBUG"}).configuration.log_level == "DEBUG"


def test_variables_of_others_are_left_alone():
    resolve(environment={"PATH": "/bin", "HFT_CAPTURES": "x", "HFTX": "y"})


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ({"file": {"sped": 2}}, "file: unknown key sped; did you mean speed?"),
        ({"file": {"qqq": 2}}, "file: unknown key qqq"),
        (
            {"file": {"desk": {"prot": 2}}},
            "file: unknown key desk.prot; did you mean desk.port?",
        ),
        ({"file": {"source": {"speed": 1}}}, "file file: source: Expected `str`, got `object`"),
        (
            {"flags": {"store.event_days": 10_001}},
            "flag --store-event-days: store.event_days: Expected `int` <= 10000",
        ),
        (
            {"environment": {"HFT_STORE_SECOND_DAYS": "10001"}},
            "environment HFT_STORE_SECOND_DAYS: store.second_days: Expected `int` <= 10000",
        ),
        ({"file": {"desk": 3}}, "file: desk is a section of keys, [desk]"),
        (
            {"environment": {"HFT_SURCE": "x"}},
            "environment: unknown variable HFT_SURCE; did you mean HFT_SOURCE?",
        ),
        ({"env_file": {"HFT_CAPTURE": "x"}}, "did you mean HFT_CAPTURES?"),
        ({"flags": {"prt": 1}}, "flag: unknown key prt"),
        ({"environment": {"HFT_SPEED": "fast"}}, "environment HFT_SPEED: speed: Expected `float`"),
        ({"flags": {"speed": "0"}}, "flag --speed: speed: Expected `float` > 0"),
        ({"flags": {"desk.port": "70000"}}, "flag --port: desk.port: Expected `int` <= 65535"),
        ({"environment": {"HFT_SOURCE": "moon"}}, "environment HFT_SOURCE: source: Expected `str`"),
        ({"environment": {"HFT_API_URL": "localhost:1"}}, "environment HFT_API_URL: api.url:"),
    ],
)
def test_what_is_unknown_or_wrong_is_refused_by_name(layers, message):
    with pytest.raises(ConfigurationError) as refused:
        resolve(**layers)
    assert message in str(refused.value)


def test_secrets_never_leave():
    resolved = resolve(environment={"HFT_API_TOKEN": "hunter2"})
    assert resolved.configuration.api.token == "hunter2"
    assert "hunter2" not in repr(resolved)
    assert b"hunter2" not in msgspec.json.encode(resolved.settings)
    assert MASK in [setting.value for setting in resolved.settings]
    assert secrets_of(resolved.configuration) == ["hunter2"]
    assert secrets_of(Configuration()) == []
    assert repr(ApiSection()) == "ApiSection(url='', token='')"


def test_each_key_is_told_on_the_page_and_the_example_is_a_valid_file():
    page = markdown()
    for key in KEYS.values():
        assert f"| `{key.name}` |" in page
    for variable in VARIABLES:
        assert f"`{variable}`" in page
    example = page.partition("```toml")[2].partition("```")[0]
    assert resolve(file=tomllib.loads(example)).configuration == Configuration()
