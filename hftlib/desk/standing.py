"""A book that stands still: what the engine's book holds now, copied, to be told at leisure.

Copying takes microseconds; making text of tens of thousands of levels takes a tenth of a second and
is for a thread, while the engine's own book goes on.
"""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from hftlib.book.book import Book
from hftlib.book.consolidated import ConsolidatedBook, Group
from hftlib.book.consolidated import ConsolidatedLevel as BookLevel
from hftlib.book.layout import ASK, BID
from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState, Source
from hftlib.desk.status import NOT_YET
from hftlib.wire.messages import (
    BookReply,
    BookStanding,
    ConsolidatedGroup,
    ConsolidatedLevel,
    ConsolidatedReply,
    Level,
)

Ints = NDArray[np.int64]


class StandingBook(msgspec.Struct, frozen=True):
    """Hold a book's standing and its levels, best first, as they were when it was copied."""

    instrument: Instrument
    state: BookState
    state_since: int | None
    state_reason: str
    verified: bool
    last_update_id: int
    ts_event: int | None
    ts_recv: int | None
    bid_levels: int
    ask_levels: int
    sides: tuple[tuple[Ints, Ints], tuple[Ints, Ints]]

    def levels(self, side: int, depth: int | None = None) -> tuple[Ints, Ints]:
        """Return ticks and quanta of a side (BID or ASK), best first, at most `depth` of them."""
        ticks, quanta = self.sides[side]
        return ticks[:depth], quanta[:depth]


def standing_book(instrument: Instrument, book: Book | None, depth: int | None) -> StandingBook:
    """Return a book as it stands, `depth` levels a side, all with None.

    None for the book stands for one of which nothing has arrived yet.
    """
    if book is None:
        return StandingBook(
            instrument, BookState.SYNCING, None, NOT_YET, False, 0, None, None, 0, 0, _EMPTY
        )
    return StandingBook(
        instrument,
        book.state,
        book.state_since,
        book.state_reason,
        book.verified,
        book.last_update_id,
        book.ts_event,
        book.ts_recv,
        book.bid_levels,
        book.ask_levels,
        (book.levels(BID, depth), book.levels(ASK, depth)),
    )


def book_reply(book: StandingBook, source: Source, origin: str) -> BookReply:
    """Return a standing book as the API tells it."""
    instrument = book.instrument
    return BookReply(
        venue=instrument.venue,
        symbol=instrument.symbol,
        base=instrument.base,
        quote=instrument.quote,
        state=book.state,
        reason=book.state_reason,
        state_since=book.state_since,
        verified=book.verified,
        last_update_id=book.last_update_id,
        ts_event=book.ts_event,
        ts_recv=book.ts_recv,
        source=source,
        origin=origin,
        bid_levels=book.bid_levels,
        ask_levels=book.ask_levels,
        bids=_texts(book, BID),
        asks=_texts(book, ASK),
    )


def consolidated_reply(book: ConsolidatedBook, source: Source) -> ConsolidatedReply:
    """Return a consolidated book as the API tells it."""
    standings = [
        BookStanding(
            one.venue,
            one.symbol,
            one.quote,
            one.state,
            one.state_reason,
            one.verified,
            one.ts_event,
            one.ts_recv,
            one.last_update_id,
        )
        for one in book.contributors
    ]
    return ConsolidatedReply(book.currency, source, standings, [_group(one) for one in book.groups])


def _group(group: Group) -> ConsolidatedGroup:
    return ConsolidatedGroup(
        group.base,
        group.currency,
        group.size_unit,
        [_level(level) for level in group.bids],
        [_level(level) for level in group.asks],
    )


def _level(level: BookLevel) -> ConsolidatedLevel:
    return ConsolidatedLevel(
        level.venue,
        level.symbol,
        level.quote,
        level.level,
        level.price,
        level.common_price,
        level.size,
        level.cumulative,
    )


def _texts(book: StandingBook, side: int) -> list[Level]:
    instrument = book.instrument
    ticks, quanta = book.levels(side)
    return [
        (instrument.price_text(tick), instrument.size_text(size))
        for tick, size in zip(ticks.tolist(), quanta.tolist(), strict=True)
    ]


_NOTHING: Final[Ints] = np.empty(0, np.int64)
_EMPTY: Final = ((_NOTHING, _NOTHING), (_NOTHING, _NOTHING))
