"""One topic of the binary feed: a book at one row height and ladder depth, encoded once for all."""

from typing import Final

from hftlib.core.states import BookState
from hftlib.desk.board import Board
from hftlib.desk.heatmap import COLUMN_NS, DEFAULT_ROWS, Strip, default_row_ticks
from hftlib.desk.run import Key, Run, levels_of
from hftlib.desk.status import status_of
from hftlib.wire import feed
from hftlib.wire.feed import Kind
from hftlib.wire.messages import ClockReply, Description, Status

STATUS_PERIOD_S: Final = 0.25
DEFAULT_DEPTH: Final = 25
_SLICE_COLUMNS: Final = 100
_LOOK_PERIOD_S: Final = 1.0


class Topic:
    """Make the messages of one topic; whoever owns the sockets hands them to clients."""

    def __init__(
        self, run: Run, key: Key, row_ticks: int | None, depth: int = DEFAULT_DEPTH
    ) -> None:
        """Bind to a run; without `row_ticks` a round height is chosen from what was seen."""
        self._run = run
        self._key = key
        self.depth = depth
        self._board: Board = run.board(key)
        self._is_given = row_ticks is not None
        self._strip = Strip(self._board.store, row_ticks or self._wanted_row_ticks())
        self._next_strip: Strip | None = None
        self._next_look_s = 0.0
        self._sequence = 0
        self._trades_sent = self._board.trades_seen
        self._ladder_mark: object = None
        self._next_status_s = 0.0

    @property
    def row_ticks(self) -> int:
        """Return the height of a row in ticks; one that was not asked for may change."""
        return self._strip.row_ticks

    @property
    def is_ready(self) -> bool:
        """Say whether the history is encoded; until then `prepare` has work to do."""
        return self._strip.behind <= 1

    def prepare(self) -> None:
        """Encode a slice of the history, a few milliseconds of work."""
        self._strip.catch_up(_SLICE_COLUMNS)

    def greeting(self, clock: ClockReply | None) -> list[bytes]:
        """Return what a new client is sent first: description, history, ladder, trades, status."""
        history = feed.join_columns(self._strip.history())
        trades = self._board.trades_between(0, self._trades_sent)
        return [
            self._pack(Kind.DESCRIPTION, feed.encode_json(self.description())),
            self._pack(Kind.COLUMNS, history, feed.HISTORY),
            self._pack(Kind.LADDER, feed.encode_ladder(self._ladder())),
            self._pack(Kind.TRADES, feed.encode_trades(trades)),
            self._pack(Kind.STATUS, feed.encode_json(self.status(clock))),
        ]

    def changes(self, clock: ClockReply | None, now_s: float) -> list[bytes]:
        """Return what is new since the last call.

        After a jump of the clock or a change of the row height that is a whole greeting.
        """
        if not self._is_given:
            self._fit_rows(now_s)
        if self._strip.epoch != self._board.store.epoch:
            self._strip.catch_up(_SLICE_COLUMNS)
            self._trades_sent = self._board.trades_seen
            return self.greeting(clock)
        if self._next_strip is not None and self._next_strip.behind == 0:
            self._strip, self._next_strip = self._next_strip, None
            self._trades_sent = self._board.trades_seen
            return self.greeting(clock)
        messages = []
        blocks = self._strip.catch_up(_SLICE_COLUMNS)
        if blocks:
            messages.append(self._pack(Kind.COLUMNS, feed.join_columns(blocks)))
        mark = self._mark()
        if mark != self._ladder_mark:
            self._ladder_mark = mark
            messages.append(self._pack(Kind.LADDER, feed.encode_ladder(self._ladder())))
        messages += self._new_trades()
        if now_s >= self._next_status_s:
            self._next_status_s = now_s + STATUS_PERIOD_S
            self._board.mark_rate(now_s)
            messages.append(self._pack(Kind.STATUS, feed.encode_json(self.status(clock))))
        return messages

    def description(self) -> Description:
        """Return what the topic shows."""
        instrument = self._board.instrument
        return Description(
            venue=instrument.venue,
            symbol=instrument.symbol,
            base=instrument.base,
            quote=instrument.quote,
            source=self._run.source,
            origin=self._run.origin,
            price_decimals=instrument.price_decimals,
            tick=instrument.price_increment,
            size_decimals=instrument.size_decimals,
            row_ticks=self._strip.row_ticks,
            rows=DEFAULT_ROWS,
            column_ms=COLUMN_NS // 1_000_000,
        )

    def status(self, clock: ClockReply | None) -> Status:
        """Return the state of the book and of its feed."""
        return status_of(self._run, self._key, clock)

    def _fit_rows(self, now_s: float) -> None:
        """Begin a strip of another height, and encode it bit by bit, where the range asks for it.

        Twice too fine or four times too coarse is the measure, so that heights do not flutter.
        """
        if self._next_strip is not None:
            self._next_strip.catch_up(_SLICE_COLUMNS)
        elif now_s >= self._next_look_s:
            self._next_look_s = now_s + _LOOK_PERIOD_S
            wanted = self._wanted_row_ticks()
            if not self.row_ticks / 4 < wanted < 2 * self.row_ticks:
                self._next_strip = Strip(self._board.store, wanted)

    def _wanted_row_ticks(self) -> int:
        return default_row_ticks(self._board.store, self._mid_ticks())

    def _pack(self, kind: Kind, body: bytes, flags: int = 0) -> bytes:
        self._sequence += 1
        return feed.pack(
            kind, body, sequence=self._sequence, time_ms=self._run.now_ns / 1e6, flags=flags
        )

    def _new_trades(self) -> list[bytes]:
        seen = self._board.trades_seen
        if seen == self._trades_sent:
            return []
        trades = self._board.trades_between(self._trades_sent, seen)
        self._trades_sent = seen
        return [self._pack(Kind.TRADES, feed.encode_trades(trades))] if trades else []

    def _mark(self) -> object:
        """Return something that differs whenever the ladder does."""
        book = self._run.engine.books.get(self._key)
        return None if book is None else (id(book), book.ts_recv, book.last_update_id, book.state)

    def _ladder(self) -> feed.Ladder:
        book = self._run.engine.books.get(self._key)
        if book is None:
            return feed.empty_ladder(BookState.SYNCING)
        bids, asks = levels_of(book, self.depth)
        return feed.Ladder(book.state, book.verified, book.last_update_id, *bids, *asks)

    def _mid_ticks(self) -> float | None:
        book = self._run.engine.books.get(self._key)
        if book is None:
            return None
        sides = [level[0] for level in (book.best_bid, book.best_ask) if level is not None]
        return sum(sides) / len(sides) if sides else None
