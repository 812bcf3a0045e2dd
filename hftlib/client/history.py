"""What was, for notebooks: one set of calls, on a desk and on a tape alike.

Every call takes a symbol, `venue=` where several have it, and a range [start, end): integer
nanoseconds UTC, a datetime, or ISO text; without a zone UTC is meant. It returns a DataFrame, or
with `as_arrow=True` a pyarrow Table. All rows are of one source (EXCHANGE, TESTNET, SIMULATED or
UNKNOWN), which `source=` asks for, and `attrs["source"]` or the schema's metadata say. Stamps are
integer nanoseconds UTC, prices quote units, sizes base units; a missing value is null (NaN, or
<NA> among integers).
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from hftlib.core.errors import HftlibError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Moment = int | str | datetime
SourceName = Literal["EXCHANGE", "TESTNET", "SIMULATED", "UNKNOWN"]
"""A market that rows are of; UNKNOWN are rows of the store from before it was kept."""

_SECOND: Final = 1_000_000_000
_DIGITS: Final = "0123456789"
_WHOLE: Final = re.compile(r"-?\d{1,30}", re.ASCII)
HORIZONS_S: Final = (0.1, 0.5, 1.0, 5.0, 30.0)
NEXT: Final = b"next"
"""Metadata of an answer's schema: where the next page starts, empty where none follows."""

END: Final = b"end"
"""Metadata of an answer's schema: where the range ends, also where that was not said."""

SOURCE: Final = b"source"
"""Metadata of an answer's schema: the market that all its rows are of."""


class HistoryError(HftlibError, ValueError):
    """Refuse a question about what was: an unclear symbol, or no moment."""


class HistoryCalls(ABC):
    """Ask for features, books, trades, candles and markouts of a range of time."""

    def features(
        self,
        symbol: str,
        start: Moment | None = None,
        end: Moment | None = None,
        *,
        venue: str | None = None,
        every: Literal["event", "1s"] = "event",
        source: SourceName | None = None,
        as_arrow: bool = False,
    ) -> Any:
        """Return features: those of every depth frame, or with `every="1s"` all of every second."""
        asked = {"every": every, "source": source}
        return self._asked("features", symbol, venue, (start, end), asked, as_arrow)

    def books(
        self,
        symbol: str,
        start: Moment | None = None,
        end: Moment | None = None,
        *,
        venue: str | None = None,
        depth: int = 20,
        source: SourceName | None = None,
        as_arrow: bool = False,
    ) -> Any:
        """Return the best `depth` levels (20 at most) of every second, as lists, best first."""
        asked = {"depth": depth, "source": source}
        return self._asked("books", symbol, venue, (start, end), asked, as_arrow)

    def trades(
        self,
        symbol: str,
        start: Moment | None = None,
        end: Moment | None = None,
        *,
        venue: str | None = None,
        source: SourceName | None = None,
        as_arrow: bool = False,
    ) -> Any:
        """Return every trade in the order of arrival; `side` is the aggressor's."""
        return self._asked("trades", symbol, venue, (start, end), {"source": source}, as_arrow)

    def candles(
        self,
        symbol: str,
        start: Moment | None = None,
        end: Moment | None = None,
        *,
        venue: str | None = None,
        interval: Literal["1s", "1m", "5m", "15m", "1h"] = "1m",
        source: SourceName | None = None,
        as_arrow: bool = False,
    ) -> Any:
        """Return bars that begin within the range; one without trades is not made up."""
        asked = {"interval": interval, "source": source}
        return self._asked("candles", symbol, venue, (start, end), asked, as_arrow)

    def markouts(
        self,
        symbol: str,
        start: Moment | None = None,
        end: Moment | None = None,
        *,
        venue: str | None = None,
        horizons: Sequence[float] = HORIZONS_S,
        times: Iterable[Moment] | None = None,
        source: SourceName | None = None,
        as_arrow: bool = False,
    ) -> Any:
        """Return how far the mid moved after each trade, in bps in the aggressor's favour.

        `horizons` are seconds; with `times` the plain move after those moments is returned. The
        move is from the mid at or before t to that at or before t + h, on the receiver's clock;
        missing where the book was not LIVE or the data ends before. This is the price impact of
        Huang and Stoll, Journal of Financial Economics 41(3), 1996, over a fixed horizon.
        """
        asked: dict[str, Any] = {"horizons": [round(one * _SECOND) for one in horizons]}
        asked["source"] = source
        if times is not None:
            moments = [nanoseconds(one) for one in times]
            if not moments:
                raise HistoryError("no times are given")
            asked["times"] = moments
            start, end = min(moments), max(moments) + 1
        return self._asked("markouts", symbol, venue, (start, end), asked, as_arrow)

    @abstractmethod
    def _history_books(self) -> list[tuple[str, str]]:
        """Return every (venue, symbol) that can be asked for."""

    @abstractmethod
    def _history(self, kind: str, venue: str, symbol: str, asked: Mapping[str, Any]) -> "pa.Table":
        """Return all rows, their source in the metadata of the schema.

        `asked` holds what else was said, start and end where they were.
        """

    def _asked(
        self,
        kind: str,
        symbol: str,
        venue: str | None,
        span: tuple[Moment | None, Moment | None],
        asked: Mapping[str, Any],
        as_arrow: bool,
    ) -> Any:
        found = venue or self._venue_of(symbol)
        given = zip(("start", "end"), span, strict=True)
        moments = {name: nanoseconds(one) for name, one in given if one is not None}
        said = {name: value for name, value in asked.items() if value is not None}
        table = self._history(kind, found, symbol, {**said, **moments})
        return table if as_arrow else frame_of(table)

    def _venue_of(self, symbol: str) -> str:
        books = self._history_books()
        venues = sorted({venue for venue, name in books if name == symbol})
        if len(venues) == 1:
            return venues[0]
        if venues:
            raise HistoryError(f"{symbol} is traded at {', '.join(venues)}: say venue=")
        known = ", ".join(sorted({name for _, name in books}))
        raise HistoryError(f"no book is called {symbol}; there is {known or 'none'}")


def nanoseconds(moment: Moment) -> int:
    """Return a moment as integer nanoseconds UTC. Raises HistoryError for what is none."""
    if isinstance(moment, bool) or not isinstance(moment, int | str | datetime):
        raise HistoryError(f"{moment!r} is no moment: nanoseconds, a datetime, or ISO text")
    if isinstance(moment, int):
        return moment
    if isinstance(moment, str):
        if _WHOLE.fullmatch(moment):
            return int(moment)
        return _iso_nanoseconds(moment)
    dated = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    since = dated - datetime(1970, 1, 1, tzinfo=UTC)
    whole = (since.days * 86_400 + since.seconds) * _SECOND + since.microseconds * 1_000
    return whole + int(getattr(moment, "nanosecond", 0))


def _iso_nanoseconds(text: str) -> int:
    """Return ISO text as nanoseconds; digits beyond microseconds count."""
    head, dot, tail = text.partition(".")
    digits = tail[: len(tail) - len(tail.lstrip(_DIGITS))]
    zone = tail[len(digits) :]
    try:
        if dot and (not digits or len(digits) > 9):
            raise ValueError(text)
        whole = nanoseconds(datetime.fromisoformat(head + zone))
    except ValueError:
        raise HistoryError(f"{text!r} is no moment: nanoseconds, a datetime, or ISO text") from None
    return whole + int(digits.ljust(9, "0") or "0")


def frame_of(table: "pa.Table") -> "pd.DataFrame":
    """Return a table as a DataFrame: integers stay integers, also where some are missing.

    Its source is in `attrs`.
    """
    import pandas as pd
    import pyarrow as pa

    nullable = {pa.int64(): pd.Int64Dtype()}
    frame: pd.DataFrame = table.to_pandas()
    for field in table.schema:
        if field.type == pa.int64() and table[field.name].null_count:
            frame[field.name] = table[field.name].to_pandas(types_mapper=nullable.get)
    if SOURCE in (table.schema.metadata or {}):
        frame.attrs[SOURCE.decode()] = table.schema.metadata[SOURCE].decode()
    return frame
