"""`desk`: run the desk, the process that owns feeds, engine and API."""

import argparse
import os
import sys
import threading
import time

from hftlib.cli.flags import add_settings
from hftlib.core.configuration import KEYS, Configuration, secrets_of

NAME = "desk"
HELP = "run the desk: shows its source, keeps its facts, answers at an HTTP and websocket API"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    add_settings(
        parser, "source", "venues", "symbols", "desk.host", "desk.port", "data_dir", "speed"
    )
    add_settings(parser, *(name for name in KEYS if name.startswith(("tape.", "store."))))
    parser.add_argument("--paused", action="store_true", help="stand still at the first book")
    parser.add_argument("--once", action="store_true", help="stop at the tape's end, do not loop")
    parser.add_argument(
        "--with-parent",
        action="store_true",
        help="stop when standard input closes, and only then: for programs that start a desk",
    )


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Run a desk until it is stopped; return 0. Joins, and says so, where one already runs."""
    started_s = time.perf_counter()
    from hftlib.api.server import run as run_server
    from hftlib.desk.ownership import OwnedElsewhereError
    from hftlib.desk.settings import settings_of
    from hftlib.io import logs

    logs.start(configuration.log_level, secrets=secrets_of(configuration))
    settings = settings_of(
        configuration,
        paused=arguments.paused,
        loop=not arguments.once,
        stays_up=arguments.with_parent,
    )
    try:
        run_server(settings, with_parent=arguments.with_parent, started_s=started_s)
    except OwnedElsewhereError as owned:
        if owned.endpoint is None or owned.endpoint.source != settings.source:
            raise
        print(f"hftlib: {owned}; nothing to do", file=sys.stderr)
    leave_loader_behind()
    return 0


def leave_loader_behind() -> None:
    """End the process here and now if kernels are still being compiled: everything is tidied up.

    The interpreter would otherwise take itself apart under a thread that is inside the compiler.
    """
    from hftlib.desk.desk import LOADER

    if any(thread.name == LOADER for thread in threading.enumerate()):
        sys.stderr.flush()
        os._exit(0)
