"""The frame of the command line: find the verb, resolve the configuration, run, report in one line.

A verb is a module `hftlib/cli/<name>_verb.py` with NAME, HELP, add_arguments(parser) and
run(arguments, configuration) -> exit code. Its top imports stay light, so that --help is quick;
what it needs for its work it imports in run.
"""

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

import hftlib
import hftlib.cli
from hftlib.cli.flags import add_settings, settings_given
from hftlib.core.configuration import Configuration, secrets_of
from hftlib.core.configuration_files import load
from hftlib.core.errors import HftlibError
from hftlib.io import logs

SUFFIX = "_verb"
REFUSED = 2
INTERRUPTED = 130


class Verb(Protocol):
    """Describe what a verb's module holds."""

    NAME: str
    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the verb's own arguments."""
        ...

    def run(self, arguments: argparse.Namespace, configuration: Configuration) -> int:
        """Do the work; return the exit code."""
        ...


def verb_names() -> list[str]:
    """Return the names of all verbs, sorted."""
    modules = (module.name for module in pkgutil.iter_modules(hftlib.cli.__path__))
    return sorted(name.removesuffix(SUFFIX) for name in modules if name.endswith(SUFFIX))


def load_verb(name: str) -> Verb:
    """Return the module of the verb called `name`."""
    return cast(Verb, importlib.import_module(f"hftlib.cli.{name}{SUFFIX}"))


def parser_for(names: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of the command line with the verbs named."""
    parser = argparse.ArgumentParser(prog="python -m hftlib", description=hftlib.__doc__)
    parser.add_argument("--version", action="version", version=f"hftlib {hftlib.__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for name in names:
        verb = load_verb(name)
        sub = verbs.add_parser(verb.NAME, help=verb.HELP, description=verb.HELP)
        common = sub.add_argument_group("common")
        common.add_argument("--config", metavar="FILE", help="configuration file (TOML)")
        add_settings(common, "log_level")
        verb.add_arguments(sub)
        sub.set_defaults(run=verb.run)
    return parser


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    names = verb_names()
    wanted = argv[0].replace("-", "_") if argv else ""
    return parser_for([wanted] if wanted in names else names).parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; return 0 when it went well, 2 when it was refused, else the verb's code."""
    given = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    arguments = _parse(given)
    try:
        resolved = load(
            os.environ, Path.cwd(), flags=settings_given(arguments), file=arguments.config
        )
        arguments.settings = resolved.settings
        logs.start(resolved.configuration.log_level, secrets_of(resolved.configuration))
        code: int = arguments.run(arguments, resolved.configuration)
        sys.stdout.flush()
    except HftlibError as error:
        print(f"hftlib: {error}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has left (`... | head`): nothing to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code
