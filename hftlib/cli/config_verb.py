"""`config`: show the configuration that a run here would have, and where each value comes from."""

import argparse

import msgspec

from hftlib.cli.flags import add_settings
from hftlib.core.configuration import KEYS, Configuration, Setting, markdown

NAME = "config"
HELP = "show every setting, its value and where the value comes from"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the forms of output and every setting as a flag."""
    parser.add_argument("--explain", action="store_true", help="add origin and meaning")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument("--markdown", action="store_true", help="print docs/config.md")
    add_settings(parser, *(name for name in KEYS if name != "log_level"))


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Print the settings; secrets are masked."""
    settings: tuple[Setting, ...] = arguments.settings
    if arguments.markdown:
        print(markdown(), end="")
    elif arguments.json:
        print(msgspec.json.format(msgspec.json.encode(settings), indent=2).decode())
    else:
        _print_table(settings, explain=arguments.explain)
    return 0


def _print_table(settings: tuple[Setting, ...], *, explain: bool) -> None:
    key_width = max(len(setting.key) for setting in settings)
    value_width = max(len(str(setting.value)) for setting in settings)
    origin_width = max(len(setting.origin) for setting in settings)
    for setting in settings:
        line = f"{setting.key:{key_width}}  {setting.value!s:{value_width}}"
        if explain:
            line += f"  {setting.origin:{origin_width}}  {setting.meaning}"
        print(line.rstrip())
