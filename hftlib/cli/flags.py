"""Flags that set configuration keys: name, help and type come from the key itself."""

import argparse
from typing import Any

from hftlib.core.configuration import KEYS

_MARK = "setting "


def add_settings(parser: argparse._ActionsContainer, *names: str) -> None:
    """Add a flag to `parser` for each dotted key; the frame folds them into the configuration."""
    for name in names:
        key = KEYS[name]
        parser.add_argument(
            key.flag,
            dest=_MARK + name,
            metavar=key.type_name.upper() if key.type_name != "str" else "TEXT",
            help=f"{key.meaning} (default {key.default!r})".replace("%", "%%"),
        )


def settings_given(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return dotted key -> text of the flags that were given."""
    return {
        name.removeprefix(_MARK): value
        for name, value in vars(arguments).items()
        if name.startswith(_MARK) and value is not None
    }
