"""`hftlib.open_tape(PATH)`: read books and history off a tape in a notebook, without a desk."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hftlib.book.book import Book
from hftlib.book.layout import ASK, BID
from hftlib.client.history import SOURCE, HistoryCalls
from hftlib.core.compiled import compile_all
from hftlib.core.errors import TapeError
from hftlib.core.events import BookSnapshot, Event, Layout
from hftlib.core.frames import Frame
from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState
from hftlib.desk.compiling import tell_compiling
from hftlib.desk.opening import TapeRecording, run_of
from hftlib.desk.questions import UNLIMITED, Question
from hftlib.desk.tape_history import TapeHistory
from hftlib.desk.view import View
from hftlib.engine.engine import Engine, instruments_at
from hftlib.features.measurer import Measurer
from hftlib.io.tape.reader import TapeReader
from hftlib.venues.registry import open_session

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from hftlib.features.own_feature import OwnFeature, State


class TapeBooks(HistoryCalls):
    """Hold the books of a tape at one time; `go_to` moves that time.

    The calls of `HistoryCalls` ask for a range of the whole tape instead; without start and end
    for all of it.
    """

    def __init__(self, path: Path | str, at: int | None = None) -> None:
        """Open a tape and go to `at` (integer nanoseconds UTC), its end with None.

        Raises TapeError when the tape cannot be read or does not cover the time.
        """
        self._reader = TapeReader(Path(path))
        compile_all(tell_compiling)
        self._recording = TapeRecording(self._reader)
        self._run = run_of(self._reader)
        self.view = View(self._run)
        self.go_to(at)

    @property
    def start(self) -> int:
        """Return the time of the first frame."""
        return self._recording.start_ns

    @property
    def end(self) -> int:
        """Return the time of the last frame."""
        return self._recording.end_ns

    @property
    def now(self) -> int:
        """Return the time at which the books stand."""
        return self._run.now_ns

    def go_to(self, at: int | None) -> None:
        """Move to a time, the end with None: nearest checkpoint before it, then replay.

        Raises TapeError when the tape does not cover it.
        """
        target = self.end if at is None else at
        if not self.start <= target <= self.end:
            raise TapeError(f"{target} is outside the tape: {self.start} to {self.end}")
        for frame in self._frames_to(target):
            if frame.ts_recv > target:
                break
            self._run.feed(frame)
        self._run.advance(target)

    def get_order_book(self, venue: str, symbol: str, depth: int | None = None) -> "pd.DataFrame":
        """Return one book as a DataFrame; client/frames.py says what its columns are."""
        from hftlib.client.frames import order_book_frame

        return order_book_frame(self.view.book(venue, symbol, depth))

    def get_consolidated_book(
        self,
        books: Mapping[str, str] | Sequence[tuple[str, str]],
        rates: Mapping[str, float | str] | None = None,
        depth: int | None = None,
    ) -> "pd.DataFrame":
        """Return several books as one DataFrame; prices of two currencies are never mixed.

        `books` maps venue to symbol. `rates` values one unit of each quote currency in a common
        one, for example {"USDT": 0.9998, "USD": 1}; only then are prices compared.
        """
        from hftlib.client.frames import consolidated_frame

        pairs = list(books.items()) if isinstance(books, Mapping) else list(books)
        texts = None if rates is None else {name: str(rate) for name, rate in rates.items()}
        return consolidated_frame(self.view.consolidated(pairs, texts, depth))

    def run_over(
        self,
        venue: str,
        symbol: str,
        function: "OwnFeature[State]",
        *,
        features: Sequence[str] = (),
        depth: int | None = 20,
    ) -> "pd.DataFrame":
        """Run a feature of your own over the whole tape; one row after each of its depth frames.

        `features.own_feature.run_over` says what the function gets and what the columns are.
        Raises TapeError for a book that the tape does not hold, KeyError for a name that is no
        feature, and whatever the function raises.
        """
        import pandas as pd

        from hftlib.features.own_feature import run_over

        instrument = self._instrument(venue, symbol)
        events = self._events(instrument)
        return pd.DataFrame(run_over(events, function, instrument, features=features, depth=depth))

    def measure(self, venue: str, symbol: str, names: Sequence[str] = ()) -> "pd.DataFrame":
        """Return features of the catalogue over the whole tape, one row after each event.

        Without names those of every depth frame. A missing value is NaN. Raises TapeError for a
        book that the tape does not hold, KeyError for a name that is no feature.
        """
        import pandas as pd

        from hftlib.features.batch import HOT_NAMES, measure
        from hftlib.features.stored import rows_of

        instrument = self._instrument(venue, symbol)
        rows = rows_of(self._events(instrument), instrument)
        return pd.DataFrame(measure(Measurer(Book(instrument)), rows, tuple(names) or HOT_NAMES))

    def _history_books(self) -> list[tuple[str, str]]:
        return sorted(self._reader.instruments)

    def _history(self, kind: str, venue: str, symbol: str, asked: Mapping[str, Any]) -> "pa.Table":
        # The venue's own candles may be older than the first frame.
        span = {"start": 0 if kind == "candles" else self.start, "end": self.end + 1}
        named = {"kind": kind, "venue": venue, "symbol": symbol, "limit": UNLIMITED}
        question = msgspec.convert({**span, **asked, **named}, Question)
        history = TapeHistory([self._reader.path])
        source = history.check_source(question.source)
        return history.answer(question).table.replace_schema_metadata({SOURCE: str(source)})

    def _instrument(self, venue: str, symbol: str) -> Instrument:
        instruments = self._reader.instruments
        if (venue, symbol) not in instruments:
            held = ", ".join(f"{one} {other}" for one, other in sorted(instruments))
            raise TapeError(f"no {venue} {symbol} on {self._reader.path}: it holds {held}")
        return instruments[venue, symbol]

    def _events(self, instrument: Instrument) -> Iterator[Event]:
        """Yield the events of a venue; a tape that continues another begins with its book."""
        venue, opening = instrument.venue, self._reader.opening
        session = open_session(venue, instruments_at(venue, self._reader.instruments))
        if opening is not None:
            engine = Engine(self._reader.instruments.values())
            engine.restore(opening.blob)
            session = engine.sessions.get(venue, session)
            book = engine.books.get((venue, instrument.symbol))
            if book is not None and book.state is BookState.LIVE:
                yield _as_it_stands(book, opening.ts_recv)
        for frame in self._reader.frames():
            if frame.venue == venue:
                yield from session.receive(frame)

    def _frames_to(self, target: int) -> Iterator[Frame]:
        checkpoint = self._recording.checkpoint_before(target)
        if checkpoint is None:
            self._run.restart(self.start)
            return self._recording.frames()
        self._run.restart(checkpoint.ts_recv, checkpoint.blob)
        return self._recording.frames(after_seq=checkpoint.ingress_seq)


def _as_it_stands(book: Book, ts_recv: int) -> BookSnapshot:
    """Return a book as the snapshot that would make it."""
    return BookSnapshot(
        book.instrument.venue,
        book.instrument.symbol,
        book.ts_event,
        ts_recv,
        book.last_update_id,
        Layout.PAIRS,
        bids=_side(book, BID),
        asks=_side(book, ASK),
        verified=book.verified,
    )


def _side(book: Book, side: int) -> bytes:
    one = book.instrument
    ticks, quanta = book.levels(side, None)
    pairs = zip(ticks.tolist(), quanta.tolist(), strict=True)
    return msgspec.json.encode([(one.price_text(p), one.size_text(q)) for p, q in pairs])


def open_tape(path: Path | str, at: int | None = None) -> TapeBooks:
    """Open a tape and go to `at` (integer nanoseconds UTC), its end when it is left out.

    Raises TapeError when the tape cannot be read or does not cover the time.
    """
    return TapeBooks(path, at)
