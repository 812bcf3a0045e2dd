"""`status`: tell how the desk is; the exit code says it too."""

import argparse
import os
import sys
import threading
from typing import TYPE_CHECKING, Final, TextIO

import msgspec

from hftlib.cli.flags import add_settings
from hftlib.core.configuration import Configuration

if TYPE_CHECKING:
    from hftlib.client.connection import DeskConnection
    from hftlib.wire.messages import FeedReply

NAME = "status"
HELP = "tell how the desk is: exit code 0 when it is well, 1 degraded, 2 broken, 3 no desk"

NO_DESK: Final = 3
EVERY_S: Final = 1.0
_CODES: Final = {"OK": 0, "DEGRADED": 1, "BROKEN": 2}
_HOME: Final = "\x1b[H"
_REST_OF_LINE: Final = "\x1b[K"
_BELOW: Final = "\x1b[J"
_OTHER_SCREEN: Final = "\x1b[?1049h\x1b[?25l"
_FIRST_SCREEN: Final = "\x1b[?1049l\x1b[?25h"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("--json", action="store_true", help="print the desk's health as one object")
    parser.add_argument("--watch", action="store_true", help="look again every second until Ctrl-C")
    add_settings(parser, "data_dir", "desk.port", "api.url", "api.token")


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Print the status once or until interrupted; return the code of the last look."""
    look = _Look(configuration, as_json=arguments.json, out=sys.stdout)
    if not arguments.watch:
        return look.once()
    return look.on_and_on(threading.Event())


class _Look:
    """Look at the desk that a configuration means."""

    def __init__(self, configuration: Configuration, *, as_json: bool, out: TextIO) -> None:
        self._configuration = configuration
        self._as_json = as_json
        self._out = out
        self._is_terminal = out.isatty()

    def once(self) -> int:
        """Print what there is now; return the exit code."""
        code, text = self._ask()
        self._out.write(f"{text}\n")
        self._out.flush()
        return code

    def on_and_on(self, ending: threading.Event) -> int:
        """Print again and again until interrupted; a terminal's screen is drawn over in place."""
        code = NO_DESK
        draws = self._is_terminal and not self._as_json
        try:
            self._out.write(_OTHER_SCREEN if draws else "")
            while not ending.is_set():
                code, text = self._ask()
                still = text.replace("\n", f"{_REST_OF_LINE}\n")
                told = f"{_HOME}{still}{_REST_OF_LINE}{_BELOW}" if draws else f"{text}\n"
                self._out.write(told)
                self._out.flush()
                ending.wait(EVERY_S)
        except KeyboardInterrupt:
            return code
        finally:
            self._out.write(_FIRST_SCREEN if draws else "")
            self._out.flush()
        return code

    def _ask(self) -> tuple[int, str]:
        from hftlib.cli.status_screen import coloured, plain, screen
        from hftlib.client.connection import DeskConnection, RefusedError
        from hftlib.client.desk import desk_of
        from hftlib.core.errors import UnavailableError

        url, token = desk_of(self._configuration)  # asked anew: a desk may have started since
        with DeskConnection(url, token) as connection:
            try:
                health = connection.health()
                feeds = [] if self._as_json else _feeds(connection)
            except (UnavailableError, RefusedError) as error:
                return NO_DESK, self._told(str(error))
        code = _CODES.get(health.condition, NO_DESK)
        if self._as_json:
            return code, msgspec.json.encode(health).decode()
        has_colour = self._is_terminal and "NO_COLOR" not in os.environ
        return code, screen(health, feeds, url, coloured if has_colour else plain)

    def _told(self, error: str) -> str:
        return msgspec.json.encode({"error": error}).decode() if self._as_json else error


def _feeds(connection: "DeskConnection") -> "list[FeedReply]":
    from hftlib.client.connection import RefusedError

    try:
        return connection.feeds()
    except RefusedError:
        return []  # there is no run yet: the health says what the desk is doing
