"""`hftlib.open_tape(PATH)`: read books off a tape in a notebook, without a desk."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hftlib.core.compiled import compile_all
from hftlib.core.errors import TapeError
from hftlib.core.frames import Frame
from hftlib.desk.opening import TapeRecording, run_of
from hftlib.desk.view import View
from hftlib.io.tape.reader import TapeReader

if TYPE_CHECKING:
    import pandas as pd


class TapeBooks:
    """Hold the books of a tape at one time; `go_to` moves that time."""

    def __init__(self, path: Path | str, at: int | None = None) -> None:
        """Open a tape and go to `at` (integer nanoseconds UTC), its end with None.

        Raises TapeError when the tape cannot be read or does not cover the time.
        """
        compile_all()
        reader = TapeReader(Path(path))
        self._recording = TapeRecording(reader)
        self._run = run_of(reader)
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

    def _frames_to(self, target: int) -> Iterator[Frame]:
        checkpoint = self._recording.checkpoint_before(target)
        if checkpoint is None:
            self._run.restart(self.start)
            return self._recording.frames()
        self._run.restart(checkpoint.ts_recv, checkpoint.blob)
        return self._recording.frames(after_seq=checkpoint.ingress_seq)


def open_tape(path: Path | str, at: int | None = None) -> TapeBooks:
    """Open a tape and go to `at` (integer nanoseconds UTC), its end when it is left out.

    Raises TapeError when the tape cannot be read or does not cover the time.
    """
    return TapeBooks(path, at)
