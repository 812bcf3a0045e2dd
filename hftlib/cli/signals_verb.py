"""`signals`: follow a desk and tell where its features turn, from wherever one likes."""

import argparse
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TextIO

import msgspec

from hftlib.cli.flags import add_settings
from hftlib.core.configuration import Configuration

if TYPE_CHECKING:
    from hftlib.client.picture import Picture
    from hftlib.client.stream import Update
    from hftlib.signals.imbalance import ImbalanceParameters
    from hftlib.signals.signal import Signal
    from hftlib.wire.messages import FeaturesReply
    from hftlib.wire.stream import FeaturesTopic

NAME = "signals"
HELP = "follow a desk's features and print each change of the imbalance signal"

RETRY_S: Final = 1.0
_NS: Final = 1_000_000_000

Book = tuple[str, str]
"""Venue and symbol."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument(
        "--from", dest="desk", metavar="URL", help="the desk (default: the one of this machine)"
    )
    parser.add_argument(
        "--books",
        metavar="VENUE:SYMBOL,...",
        default="",
        help="books to follow (default: all that the desk has when it is first reached)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a change")
    parser.add_argument("--levels", type=int, default=20, help="1, 5, 10 or 20 (default 20)")
    parser.add_argument(
        "--threshold", type=float, default=0.15, help="imbalance beyond which (default 0.15)"
    )
    parser.add_argument(
        "--most-spread-bps", type=float, default=10.0, help="spread under which (default 10)"
    )
    add_settings(parser, "data_dir", "desk.port", "api.token")


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Follow until interrupted.

    Raises ConfigurationError for books or levels that cannot be, StreamRefusedError for what the
    desk refuses for good.
    """
    from hftlib.client.desk import desk_of
    from hftlib.client.stream import follow_in_turn
    from hftlib.signals.imbalance import ImbalanceParameters, ImbalanceSignal
    from hftlib.wire.stream import FeaturesTopic

    parameters = ImbalanceParameters(
        levels=arguments.levels,
        threshold=arguments.threshold,
        most_spread_bps=arguments.most_spread_bps,
    )
    ImbalanceSignal(parameters)  # refuses levels that are not measured
    url, token = desk_of(configuration)
    url = arguments.desk or url
    books = _books(arguments.books) or _all_books(url, token, threading.Event().wait)
    topics = [FeaturesTopic(*book) for book in books]
    Telling(topics, parameters, sys.stdout, as_json=arguments.json).follow(
        follow_in_turn(url, *topics, token=token)
    )
    return 0


def _books(text: str) -> list[Book]:
    """Return the books that a flag names. Raises ConfigurationError for what is no book."""
    from hftlib.core.errors import ConfigurationError

    books = []
    for word in filter(None, (word.strip() for word in text.split(","))):
        venue, colon, symbol = word.partition(":")
        if not (venue and colon and symbol):
            raise ConfigurationError(f"--books: {word!r} is no VENUE:SYMBOL")
        books.append((venue, symbol))
    return books


def _all_books(url: str, token: str, pause: Callable[[float], object]) -> list[Book]:
    """Return the books of a desk, as soon as it answers and has some."""
    from hftlib.client.connection import DeskConnection, RefusedError
    from hftlib.core.errors import UnavailableError

    with DeskConnection(url, token) as connection:
        told = ""
        while True:
            try:
                books = [(one.venue, one.symbol) for one in connection.instruments()]
                reason = "the desk has no books yet"
            except UnavailableError as error:
                books, reason = [], str(error)
            except RefusedError as error:
                if error.status in {401, 403}:
                    raise
                books, reason = [], str(error)
            if books:
                return books
            if reason != told:
                print(reason, file=sys.stderr, flush=True)
                told = reason
            pause(RETRY_S)


class Telling:
    """Turn what a stream tells of features into lines about signals."""

    def __init__(
        self,
        topics: "Sequence[FeaturesTopic]",
        parameters: "ImbalanceParameters",
        out: TextIO,
        *,
        as_json: bool,
    ) -> None:
        """Begin with every side NEUTRAL."""
        from hftlib.client.picture import Picture
        from hftlib.signals.signal import SignalSide

        self._pictures: dict[Any, Picture] = {topic: Picture(topic) for topic in topics}
        self._sides: dict[Any, SignalSide] = dict.fromkeys(topics, SignalSide.NEUTRAL)
        self._parameters = parameters
        self._out = out
        self._as_json = as_json

    def follow(self, updates: "Iterable[Update]") -> None:
        """Tell each change until the updates end."""
        from hftlib.client.stream import UpdateKind, apply

        for update in updates:
            if update.kind is UpdateKind.LOST:
                print(update.reason, file=sys.stderr, flush=True)
            for picture in apply(self._pictures, update):
                self._see(picture, update.reason)

    def _see(self, picture: "Picture", lost: str) -> None:
        from hftlib.signals.imbalance import imbalance_of
        from hftlib.signals.signal import SignalSide, Verdict

        body: FeaturesReply | None = picture.body
        if body is None:
            return
        if picture.is_trusted:
            verdict = imbalance_of(body.features, self._parameters)
        else:
            reason = lost or f"the book is {body.state}"
            verdict = Verdict(SignalSide.NEUTRAL, None, None, None, reason)
        if verdict.side is not self._sides[picture.topic]:
            self._sides[picture.topic] = verdict.side
            self._tell(_signal(body, verdict))

    def _tell(self, signal: "Signal") -> None:
        line = msgspec.json.encode(signal).decode() if self._as_json else _line(signal)
        print(line, file=self._out, flush=True)


def _signal(body: "FeaturesReply", verdict: Any) -> "Signal":
    from hftlib.signals.imbalance import NAME as IMBALANCE
    from hftlib.signals.signal import Signal

    return Signal(
        body.venue,
        body.symbol,
        body.ts_event,
        body.ts_recv or 0,
        IMBALANCE,
        verdict.side,
        verdict.score,
        verdict.confidence,
        verdict.spread_bps,
        verdict.reason,
    )


def _line(signal: "Signal") -> str:
    at = datetime.fromtimestamp(signal.ts_recv / _NS, UTC).isoformat(timespec="milliseconds")
    sure = "    " if signal.confidence is None else f"{signal.confidence:.2f}"
    return f"{at}  {signal.venue:<17} {signal.symbol:<10} {signal.side:<7} {sure}  {signal.reason}"
