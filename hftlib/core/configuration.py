"""The one frozen configuration: every key, its meaning, its default, and where its value came from.

Precedence: default < file < environment (a .env file counts as environment and yields to the real
one) < flag. Unknown keys and unknown HFT_ variables are refused with the nearest known name.
Nothing here reads the environment or a file: `resolve` is handed mappings.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from hftlib.core.errors import ConfigurationError

PREFIX: Final = "HFT_"
MASK: Final = "********"

KNOWN_ELSEWHERE: Final[Mapping[str, str]] = {
    "HFT_CONFIG": "the configuration file to read instead of ./hftlib.toml",
    "HFT_KERNEL_CACHE": "the folder for compiled kernels instead of the user's cache folder",
    "HFT_CAPTURES": "tests: the folder of recorded captures",
    "HFT_ALLOW_SKIPS": "tests: reasons (comma separated) for which a test may skip where CI is set",
    "HFT_CHROMIUM": "tests: the Chromium to drive instead of the one found on the path",
}
"""Variables that are no keys of the configuration: their readers and meanings are told here."""


class DeskSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say where the desk of this machine listens."""

    host: Annotated[str, Meta(min_length=1, description="address that the desk listens on")] = (
        "127.0.0.1"
    )
    port: Annotated[
        int,
        Meta(ge=0, le=65535, description="port of the desk; the next free one when it is busy"),
    ] = 8710


class ApiSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say which desk a client talks to."""

    url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^\s/]+)?/?$",
            description="address of a desk that runs elsewhere, http://HOST:PORT; "
            "empty: the desk of this machine, started when there is none",
        ),
    ] = ""
    token: Annotated[
        str,
        Meta(
            description="token that the desk demands and that clients send; needed beyond loopback",
            extra={"secret": True},
        ),
    ] = ""

    def __repr__(self) -> str:
        """Return the section without its secret."""
        return f"ApiSection(url={self.url!r}, token={MASK if self.token else ''!r})"


class TapeSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say how long the tapes of live runs grow and are kept."""

    rotate_mb: Annotated[
        int,
        Meta(ge=1, description="size on the disk (MB) at which a live tape is followed by another"),
    ] = 512
    rotate_minutes: Annotated[
        int, Meta(ge=1, description="age at which a live tape is followed by another")
    ] = 60
    keep_gb: Annotated[
        float,
        Meta(gt=0, description="size of all live tapes together beyond which the oldest go"),
    ] = 20.0
    keep_days: Annotated[
        float, Meta(gt=0, description="age beyond which live tapes are deleted")
    ] = 14.0
    least_free_gb: Annotated[
        float,
        Meta(
            ge=0, description="free disk below which the tape stops, so that the ledger can go on"
        ),
    ] = 1.0


class StoreSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say what goes into the ClickHouse store, and for how long."""

    mode: Annotated[
        str,
        Meta(
            pattern=r"^(auto|off)$",
            description="auto: a server where clickhouse_dsn names one, else embedded in the data "
            "folder; off: no store",
        ),
    ] = "auto"
    desk: Annotated[
        str,
        Meta(
            max_length=200,
            description="name of this desk in the rows that it stores; empty: the host's name",
        ),
    ] = ""
    event_features: Annotated[
        bool, Meta(description="store the features after every book update, not only each second")
    ] = True
    queue_mb: Annotated[
        int, Meta(ge=1, description="rows that wait for the store, in MB, before rows are refused")
    ] = 64
    event_days: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000,
            description="days that features and latencies of every event are kept",
        ),
    ] = 7
    second_days: Annotated[
        int, Meta(ge=1, le=10_000, description="days that rows of every second are kept")
    ] = 90


class Configuration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hold every setting of a run."""

    source: Annotated[
        str,
        Meta(
            pattern=r"^(auto|live|testnet|local|incident:[a-z_]+|tape:.+)$",
            description="what the desk shows: live (the exchanges), testnet, local (venues of our "
            "own, SIMULATED), auto (live where the exchanges answer, else local), tape:PATH, or "
            "incident:NAME (a simulated tape that ships with the project)",
        ),
    ] = "auto"
    venues: Annotated[
        str,
        Meta(
            pattern=r"^[a-z0-9_]+(,[a-z0-9_]+)*$",
            description="venues of a live or local run, comma separated; those that hftlib has no "
            "protocol for are read through ccxt (kraken, okx, ...)",
        ),
    ] = "binance,coinbase"
    symbols: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9:/_-]+(,[A-Za-z0-9:/_-]+)*$",
            description="what is traded: base currencies, or venue:SYMBOL for one book, "
            "comma separated",
        ),
    ] = "BTC,ETH,BNB,SOL,ADA"
    speed: Annotated[
        float,
        Meta(gt=0, le=1000, description="speed at which a tape is played, 1 is as it was recorded"),
    ] = 1.0
    data_dir: Annotated[
        str, Meta(min_length=1, description="folder for tapes and whatever else a desk keeps")
    ] = "data"
    log_level: Annotated[
        str,
        Meta(
            pattern=r"^(DEBUG|INFO|WARNING|ERROR)$",
            description="least severity that is logged: DEBUG, INFO, WARNING or ERROR",
            extra={"also": "LOG_LEVEL"},
        ),
    ] = "INFO"
    clickhouse_dsn: Annotated[
        str,
        Meta(
            description="ClickHouse server or cluster, "
            "clickhouse://USER:PASSWORD@HOST:PORT/DATABASE; empty: embedded in the data folder",
            extra={"secret": True},
        ),
    ] = ""
    desk: DeskSection = DeskSection()
    api: ApiSection = ApiSection()
    tape: TapeSection = TapeSection()
    store: StoreSection = StoreSection()


class Key(msgspec.Struct, frozen=True):
    """Describe one key: dotted name, type, default, meaning, its variables and its flag."""

    name: str
    type_name: str
    default: str | int | float
    meaning: str
    secret: bool
    variables: tuple[str, ...]
    flag: str


class Setting(msgspec.Struct, frozen=True):
    """Tell one key's value, masked where it is a secret, and where it came from."""

    key: str
    value: str | int | float
    origin: str
    meaning: str


class Resolved(msgspec.Struct, frozen=True):
    """Hold a configuration and the story of each of its values."""

    configuration: Configuration
    settings: tuple[Setting, ...]


def _keys_of(section: type[msgspec.Struct], prefix: str = "") -> Iterator[Key]:
    hints = get_type_hints(section, include_extras=True)
    for field in msgspec.structs.fields(section):
        hint = hints[field.name]
        name = prefix + field.name
        if get_origin(hint) is not Annotated:
            yield from _keys_of(hint, f"{name}.")
            continue
        plain, meta = get_args(hint)
        extra = meta.extra or {}
        variable = PREFIX + name.replace(".", "_").upper()
        yield Key(
            name=name,
            type_name=plain.__name__,
            default=field.default,
            meaning=meta.description,
            secret=bool(extra.get("secret")),
            variables=(variable, extra["also"]) if "also" in extra else (variable,),
            flag="--" + name.removeprefix("desk.").replace(".", "-").replace("_", "-"),
        )


KEYS: Final[Mapping[str, Key]] = {key.name: key for key in _keys_of(Configuration)}
VARIABLES: Final[Mapping[str, str]] = {
    variable: key.name for key in KEYS.values() for variable in key.variables
}


def _hint(unknown: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(unknown, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _flatten(table: Mapping[str, Any], where: str, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted key, value) of a nested table; refuse keys that do not exist."""
    sections = {name.partition(".")[0] for name in KEYS if "." in name}
    for name, value in table.items():
        key = prefix + name
        if isinstance(value, Mapping) and not prefix and name in sections:
            yield from _flatten(value, where, f"{name}.")
        elif key in KEYS:
            yield key, value
        elif key in sections:
            raise ConfigurationError(f"{where}: {key} is a section of keys, [{key}]")
        else:
            raise ConfigurationError(f"{where}: unknown key {key}{_hint(key, KEYS)}")


def _from_environment(environment: Mapping[str, str], where: str) -> Iterator[tuple[str, str, str]]:
    """Yield (key, value, origin) of known variables; refuse unknown ones that begin with HFT_."""
    for variable, value in environment.items():
        if variable in VARIABLES:
            yield VARIABLES[variable], value, f"{where} {variable}"
        elif variable.startswith(PREFIX) and variable not in KNOWN_ELSEWHERE:
            known = (name for name in (*VARIABLES, *KNOWN_ELSEWHERE))
            raise ConfigurationError(
                f"{where}: unknown variable {variable}{_hint(variable, known)}"
            )


def _convert(values: Mapping[str, Any], origins: Mapping[str, str]) -> Configuration:
    """Return the configuration of dotted values; name the culprit when one has a wrong value."""
    nested: dict[str, Any] = {}
    for name, value in values.items():
        section, dot, field = name.rpartition(".")
        (nested.setdefault(section, {}) if dot else nested)[field] = value
    try:
        return msgspec.convert(nested, Configuration, strict=False)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$.")
        key = path.rstrip("`")
        raise ConfigurationError(f"{origins.get(key, key)}: {key}: {text}") from None


def resolve(
    *,
    file: Mapping[str, Any] | None = None,
    file_name: str = "file",
    env_file: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Resolved:
    """Resolve default < file < .env < environment < flag into one configuration.

    `flags` maps dotted keys to values; None means that the flag was not given. Raises
    ConfigurationError, naming the key, its origin and the nearest known name.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}

    def put(key: str, value: Any, origin: str) -> None:
        values[key], origins[key] = value, origin

    for key, value in _flatten(file or {}, file_name):
        put(key, value, f"file {file_name}")
    for key, value, origin in _from_environment(env_file or {}, "file .env:"):
        put(key, value, origin)
    for key, value, origin in _from_environment(environment or {}, "environment"):
        put(key, value, origin)
    for key, value in (flags or {}).items():
        if key not in KEYS:
            raise ConfigurationError(f"flag: unknown key {key}{_hint(key, KEYS)}")
        if value is not None:
            put(key, value, f"flag {KEYS[key].flag}")
    configuration = _convert(values, origins)
    return Resolved(configuration, tuple(_settings(configuration, origins)))


def value_of(configuration: Configuration, name: str) -> Any:
    """Return the value of a dotted key. Raises AttributeError when there is no such key."""
    value: Any = configuration
    for part in name.split("."):
        value = getattr(value, part)
    return value


def secrets_of(configuration: Configuration) -> list[str]:
    """Return the secrets that are set, so that whoever writes text can cut them out."""
    values = (value_of(configuration, key.name) for key in KEYS.values() if key.secret)
    return [value for value in values if value]


def _settings(configuration: Configuration, origins: Mapping[str, str]) -> Iterator[Setting]:
    for key in KEYS.values():
        value = value_of(configuration, key.name)
        shown = MASK if key.secret and value else value
        yield Setting(key.name, shown, origins.get(key.name, "default"), key.meaning)


def markdown() -> str:
    """Return the text of docs/config.md."""
    lines = [
        "# Configuration",
        "",
        (
            "Generated by `python -m hftlib docs`; do not edit. Precedence: default < file "
            "(`hftlib.toml`, `--config FILE` or `HFT_CONFIG`) < environment (a `.env` file is read "
            "too, the real environment wins) < flag. Unknown keys and unknown `HFT_` variables are "
            "refused. `python -m hftlib config --explain` tells where each value comes from."
        ),
        "",
        "| key | type | default | environment | flag | meaning |",
        "|---|---|---|---|---|---|",
    ]
    for key in KEYS.values():
        default = f"`{str(key.default).lower() if isinstance(key.default, bool) else key.default}`"
        default = default if key.default != "" else "(empty)"
        variables = ", ".join(f"`{variable}`" for variable in key.variables)
        meaning = key.meaning + (" (secret: masked in every output)" if key.secret else "")
        lines.append(
            f"| `{key.name}` | {key.type_name} | {default} | {variables} | `{key.flag}` "
            f"| {meaning} |"
        )
    lines += ["", "Other variables:", "", "| variable | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in KNOWN_ELSEWHERE.items()]
    lines += ["", "A file with every default:", "", "```toml", *_example(), "```", ""]
    return "\n".join(lines)


def _example() -> Iterator[str]:
    section = ""
    for key in KEYS.values():
        prefix, _, field = key.name.rpartition(".")
        if prefix != section:
            section = prefix
            yield from ("", f"[{section}]")
        yield f"{field} = {_toml(key.default)}"


def _toml(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
