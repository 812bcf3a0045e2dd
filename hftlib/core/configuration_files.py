"""The files that configuration comes from, hftlib.toml and .env, read for who holds the edge."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import dotenv

from hftlib.core.configuration import Resolved, resolve
from hftlib.core.errors import ConfigurationError

FILE_NAME: Final = "hftlib.toml"


def load(
    environment: Mapping[str, str],
    directory: Path,
    *,
    flags: Mapping[str, Any] | None = None,
    file: str | None = None,
) -> Resolved:
    """Load the configuration of a program started in `directory` with this environment.

    The file is `file` (a flag), else HFT_CONFIG, else `directory`/hftlib.toml when it exists.
    Raises ConfigurationError when a file that was named is missing or cannot be read.
    """
    env_path = directory / ".env"
    env_file = {
        name: value for name, value in dotenv.dotenv_values(env_path).items() if value is not None
    }
    named = file or environment.get("HFT_CONFIG") or env_file.get("HFT_CONFIG")
    path = directory / (named or FILE_NAME)
    table = read_table(path) if named or path.exists() else None
    return resolve(
        file=table, file_name=path.name, env_file=env_file, environment=environment, flags=flags
    )


def read_table(path: Path) -> dict[str, Any]:
    """Return the table of a TOML file. Raises ConfigurationError, naming file and place."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from None
