"""Studies over tapes: how well order-flow imbalance explains the move of the mid."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from hftlib.core.errors import TapeError
from hftlib.core.events import BestBidOffer
from hftlib.core.frames import Frame
from hftlib.core.instrument import Instrument
from hftlib.desk.tape_chain import Progress, frames_of, instruments_of
from hftlib.engine.engine import instruments_at
from hftlib.features.regression import (
    Quotes,
    Regression,
    mean_r_squared,
    quotes_of,
    regress_flow,
    regress_parts,
)
from hftlib.io.tape.reader import TapeReader
from hftlib.venues.registry import open_session
from hftlib.venues.session import Session

Key = tuple[str, str]
DAY_NS = 86_400_000_000_000


class OfiStudy(msgspec.Struct, frozen=True):
    """Report the regression of mid change on OFI for one symbol and window.

    `beta` is quote units of mid change per base unit of flow and `beta_ticks` ticks per base unit;
    `parts_r2_mean` is the mean R2 of `parts` stretches regressed by themselves, where asked for.
    """

    venue: str
    symbol: str
    window_s: float
    n: int
    r2: float
    beta: float
    beta_ticks: float
    parts: int
    parts_r2_mean: float | None


class OfiQuestion(msgspec.Struct, frozen=True):
    """Ask for windows of given widths (ns), from the first ticker to the last one.

    `part_ns` asks for the same in stretches of that length; `start_of_day_ns` and `end_of_day_ns`
    set the span by the clock of the first ticker's day, as for an exchange's trading hours.
    """

    windows_ns: tuple[int, ...]
    part_ns: int | None = None
    start_of_day_ns: int | None = None
    end_of_day_ns: int | None = None


def study_ofi(
    paths: Sequence[Path], question: OfiQuestion, progress: Progress | None = None
) -> list[OfiStudy]:
    """Regress mid change on OFI over the best-quote tickers of tapes, per symbol and window.

    Time is the venue's where its ticker carries one, else the receive stamp (Binance spot). The
    last, incomplete window is left out (Cont, Kukanov, Stoikov 2014). Raises TapeError when the
    tapes hold no best-quote tickers, or too few for a window.
    """
    tapes = [TapeReader(path) for path in paths]
    instruments = instruments_of(tapes)
    quotes = best_quotes(frames_of(tapes, progress), instruments)
    if not quotes:
        raise TapeError(f"{', '.join(map(str, paths))}: no best-quote tickers to study")
    try:
        return [
            _study(instruments[key], quotes[key], window_ns, question)
            for key in sorted(quotes)
            for window_ns in question.windows_ns
        ]
    except ValueError as error:
        raise TapeError(f"{', '.join(map(str, paths))}: {error}") from error


def best_quotes(frames: Iterable[Frame], instruments: dict[Key, Instrument]) -> dict[Key, Quotes]:
    """Collect the two-sided best quotes of every symbol, in the order of their arrival."""
    sessions: dict[str, Session] = {}
    rows: dict[Key, list[tuple[int, int, int, int, int]]] = {}
    for frame in frames:
        session = sessions.get(frame.venue)
        if session is None:
            session = sessions[frame.venue] = open_session(
                frame.venue, instruments_at(frame.venue, instruments)
            )
        for event in session.receive(frame):
            if isinstance(event, BestBidOffer):
                _keep(rows.setdefault((event.venue, event.symbol), []), event)
    return {key: _quotes(kept, instruments[key]) for key, kept in rows.items() if kept}


def _keep(rows: list[tuple[int, int, int, int, int]], best: BestBidOffer) -> None:
    if (
        best.bid_ticks is None
        or best.bid_quanta is None
        or best.ask_ticks is None
        or best.ask_quanta is None
    ):
        return
    stamp = best.ts_recv if best.ts_event is None else best.ts_event
    rows.append((stamp, best.bid_ticks, best.bid_quanta, best.ask_ticks, best.ask_quanta))


def _quotes(rows: list[tuple[int, int, int, int, int]], instrument: Instrument) -> Quotes:
    stamps, bids, bought, asks, sold = np.array(rows, dtype=np.int64).T
    quantum = instrument.quantum_size
    # An event time that steps back is the venue's jitter: the quote still came after the last.
    return quotes_of(np.maximum.accumulate(stamps), bids, bought * quantum, asks, sold * quantum)


def _study(
    instrument: Instrument, quotes: Quotes, window_ns: int, question: OfiQuestion
) -> OfiStudy:
    start = _time_of_day(quotes, question.start_of_day_ns)
    end = _time_of_day(quotes, question.end_of_day_ns)
    fit = regress_flow(quotes, window_ns, anchor_ns=start, end_ns=end)
    parts: list[Regression] = []
    if question.part_ns is not None:
        parts = regress_parts(quotes, window_ns, question.part_ns, anchor_ns=start, end_ns=end)
    return OfiStudy(
        venue=instrument.venue,
        symbol=instrument.symbol,
        window_s=window_ns / 1e9,
        n=fit.n,
        r2=fit.r_squared,
        beta=fit.beta * instrument.tick_size,
        beta_ticks=fit.beta,
        parts=len(parts),
        parts_r2_mean=mean_r_squared(parts) if parts else None,
    )


def _time_of_day(quotes: Quotes, of_day_ns: int | None) -> int | None:
    first = int(quotes.ts[0])
    return None if of_day_ns is None else first - first % DAY_NS + of_day_ns
