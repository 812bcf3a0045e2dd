"""Run tapes through decode, book and features at full speed, and report what was seen."""

import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hftlib.book.book import Book
from hftlib.core.states import DECODE_ERRORS, BookState, FeedCondition
from hftlib.desk.feature_rows import FeatureRows
from hftlib.desk.tape_chain import ChainRun, Progress, telling
from hftlib.engine.engine import Engine
from hftlib.engine.facts import BookFact, Fact
from hftlib.engine.hashing import RunHasher
from hftlib.io.tape.reader import TapeReader

Level = tuple[str, str]


class BookReport(msgspec.Struct, frozen=True):
    """Show one book as it stood at the end; prices and sizes as text, a missing side None."""

    venue: str
    symbol: str
    state: BookState
    verified: bool
    best_bid: Level | None
    best_ask: Level | None
    bid_levels: int
    ask_levels: int
    last_update_id: int
    unknown_deletes: int
    applied: int
    top_matches: int
    top_compared: int
    state_hash: str


class ReplayReport(msgspec.Struct, frozen=True):
    """Report a replay: counts over the run, its hashes, its speed, and the books at its end."""

    frames: int
    events: int
    decode_errors: int
    gaps: int
    resyncs: int
    crossed: int
    unknown_deletes: int
    dropped_before_sync: int
    applied: int
    top_matches: int
    top_compared: int
    run_hash: str
    fact_hash: str
    frames_per_s: float
    books: list[BookReport]
    conditions: dict[str, int]


def replay(
    paths: Sequence[Path],
    *,
    features: Path | None = None,
    progress: Progress | None = None,
    hashed: bool = True,
) -> ReplayReport:
    """Replay tapes as one run and report it.

    The tapes of one live run go on from one another; others are merged by time.
    `features` names a parquet file that gets the feature vector after every book update. Without
    `hashed` the two hashes stay empty and the run is faster. Raises TapeError when a tape cannot
    be read.
    """
    tapes = [TapeReader(path) for path in paths]
    run = ChainRun(tapes)
    total = sum(tape.manifest.records for tape in tapes)
    hasher = RunHasher() if hashed else None
    rows = FeatureRows(features) if features is not None else None
    started = time.perf_counter()
    for frame in telling(run.frames(), total, progress):
        facts = run.engine.on_event(frame)
        if hasher is not None:
            hasher.hear(frame, facts)
        if rows is not None:
            _keep_features(run.engine, facts, rows)
    seconds = time.perf_counter() - started
    if rows is not None:
        rows.close()
    return _report(run.engine, hasher, total / seconds if seconds else 0.0)


def _keep_features(engine: Engine, facts: list[Fact], rows: FeatureRows) -> None:
    for fact in facts:
        if isinstance(fact, BookFact) and fact.state is BookState.LIVE:
            rows.add(engine.vector_of(fact.venue, fact.symbol))


def _report(engine: Engine, hasher: RunHasher | None, frames_per_s: float) -> ReplayReport:
    books = [_book_report(engine, key) for key in sorted(engine.books)]
    return ReplayReport(
        frames=engine.frames,
        events=engine.events,
        decode_errors=sum(engine.count(condition) for condition in DECODE_ERRORS),
        gaps=engine.count(FeedCondition.GAP),
        resyncs=engine.resyncs.total(),
        crossed=engine.count(FeedCondition.CROSSED),
        unknown_deletes=sum(book.unknown_deletes for book in books),
        dropped_before_sync=engine.count(FeedCondition.DROPPED_BEFORE_SYNC),
        applied=sum(book.applied for book in books),
        top_matches=sum(book.top_matches for book in books),
        top_compared=sum(book.top_compared for book in books),
        run_hash=hasher.run_hash() if hasher else "",
        fact_hash=hasher.fact_hash() if hasher else "",
        frames_per_s=frames_per_s,
        books=books,
        conditions=_conditions(engine),
    )


def _conditions(engine: Engine) -> dict[str, int]:
    met = sorted({condition for _, _, condition in engine.counts})
    return {condition.value: engine.count(condition) for condition in met}


def _book_report(engine: Engine, key: tuple[str, str]) -> BookReport:
    book, check = engine.books[key], engine.top_checks[key]
    return BookReport(
        venue=key[0],
        symbol=key[1],
        state=book.state,
        verified=book.verified,
        best_bid=_level(book, book.best_bid),
        best_ask=_level(book, book.best_ask),
        bid_levels=book.bid_levels,
        ask_levels=book.ask_levels,
        last_update_id=book.last_update_id,
        unknown_deletes=book.unknown_deletes,
        applied=engine.applied[key],
        top_matches=check.matched,
        top_compared=check.compared,
        state_hash=book.state_hash(),
    )


def _level(book: Book, level: tuple[int, int] | None) -> Level | None:
    if level is None:
        return None
    return book.instrument.price_text(level[0], pad=False), book.instrument.size_text(level[1])
