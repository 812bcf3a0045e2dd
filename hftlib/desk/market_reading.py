"""Make book records: of tapes, by the venues' own sessions, and of the market's outcomes."""

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from hftlib.core.events import BestBidOffer, BookDelta, BookSnapshot, Event, FeedStatus, Trade
from hftlib.core.frames import Frame
from hftlib.core.instrument import Instrument
from hftlib.core.states import Side
from hftlib.core.venue import COINBASE, COINBASE_EXCHANGE
from hftlib.desk.market_record import MILLISECOND, BookRecord, LevelLog, rows_of, samples_of
from hftlib.desk.tape_chain import Key, Progress, frames_of, instruments_of
from hftlib.engine.engine import instruments_at
from hftlib.features.admission import TradeGate, breaks_trust
from hftlib.features.stored import levels_of
from hftlib.io.tape.reader import TapeReader
from hftlib.market.orders import BookSide, Change, Print, Rows, Top
from hftlib.venues.registry import open_session
from hftlib.venues.session import Session

DEPTH: Final = "depth"
TICKER: Final = "ticker"
TRADE: Final = "trade"
DEPTH_FRAME_NS: Final = 100 * MILLISECOND
"""A real depth stream tells once in 100 ms what has become of a level."""
_TICKERS_OF_TRADES: Final = frozenset({COINBASE, COINBASE_EXCHANGE})
"""Venues whose ticker comes with trades only: their tops are taken from the levels."""


def records_of(
    paths: Sequence[Path],
    progress: Progress | None = None,
    *,
    keys: Collection[Key] | None = None,
) -> dict[Key, BookRecord]:
    """Read tapes as one run and return the record of every book that showed its best quotes.

    `keys` names the books that are wanted, all of them with None. Raises TapeError when a tape
    cannot be read.
    """
    tapes = [TapeReader(path) for path in paths]
    instruments = instruments_of(tapes)
    watchers = {
        key: _Watcher(one) for key, one in instruments.items() if keys is None or key in keys
    }
    for frame, events in _events(frames_of(tapes, progress), instruments):
        for event in events:
            if isinstance(event, FeedStatus):
                for one in watchers.values():
                    one.hear(event)
            elif (watcher := watchers.get((event.venue, event.symbol))) is not None:
                watcher.take(event, frame)
    return {key: one.record() for key, one in watchers.items() if one.is_measurable}


def _events(
    frames: Iterable[Frame], instruments: Mapping[Key, Instrument]
) -> Iterator[tuple[Frame, Sequence[Event]]]:
    sessions: dict[str, Session] = {}
    for frame in frames:
        session = sessions.get(frame.venue)
        if session is None:
            session = sessions[frame.venue] = open_session(
                frame.venue, instruments_at(frame.venue, instruments)
            )
        yield frame, session.receive(frame)


class _Watcher:
    """Gather what one book does on a tape, from its first snapshot on."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._log = LevelLog()
        self._gate = TradeGate()
        self._frames: dict[str, list[int]] = {DEPTH: [], TICKER: [], TRADE: []}
        self._last_seq = -1
        self._trades = array("q")
        self._tops_of_levels = instrument.venue in _TICKERS_OF_TRADES

    def hear(self, status: FeedStatus) -> None:
        if breaks_trust(status, self._instrument):
            self._log.forget()

    def take(self, event: Event, frame: Frame) -> None:
        now_ns = frame.ts_recv
        if isinstance(event, BookSnapshot):
            self._log.restart(*levels_of(event, self._instrument))
        elif isinstance(event, BookDelta):
            self._count(DEPTH, frame)
            self._take_delta(event, now_ns)
        elif isinstance(event, BestBidOffer):
            self._count(TICKER, frame)
            self._take_ticker(event, now_ns)
        elif isinstance(event, Trade) and self._gate.admits(event):
            self._count(TRADE, frame)
            self._take_trade(event, now_ns)

    def _count(self, kind: str, frame: Frame) -> None:
        """Count a frame once, whatever number of events it holds."""
        if frame.ingress_seq != self._last_seq:
            self._last_seq = frame.ingress_seq
            self._frames[kind].append(frame.ts_recv)

    def _take_delta(self, delta: BookDelta, now_ns: int) -> None:
        if not self._log.is_known:
            return
        for side, levels in enumerate(levels_of(delta, self._instrument)):
            for ticks, size in levels:
                self._log.change(now_ns, side, ticks, size)
        self._log.sample_depth(now_ns)
        if self._tops_of_levels:
            self._log.sample_top(now_ns)

    def _take_ticker(self, best: BestBidOffer, now_ns: int) -> None:
        if (
            best.bid_ticks is not None
            and best.bid_quanta is not None
            and best.ask_ticks is not None
            and best.ask_quanta is not None
            and not self._tops_of_levels
        ):
            top = (now_ns, best.bid_ticks, best.bid_quanta, best.ask_ticks, best.ask_quanta)
            self._log.tops.extend(top)

    def _take_trade(self, trade: Trade, now_ns: int) -> None:
        stamp_ns = now_ns if trade.ts_event is None else trade.ts_event
        sign = 1 if trade.side is Side.BUY else -1
        self._trades.extend(
            (now_ns, trade.price_ticks, trade.size_quanta, sign, stamp_ns // MILLISECOND)
        )

    @property
    def is_measurable(self) -> bool:
        """Say whether best quotes were seen, without which nothing can be measured."""
        return bool(self._log.tops)

    def record(self) -> BookRecord:
        frames = {kind: np.array(stamps, np.int64) for kind, stamps in self._frames.items()}
        seen = [stamps for stamps in frames.values() if stamps.size]
        return BookRecord(
            venue=self._instrument.venue,
            symbol=self._instrument.symbol,
            tick_size=self._instrument.tick_size,
            quantum_size=self._instrument.quantum_size,
            start_ns=min(int(stamps[0]) for stamps in seen),
            end_ns=max(int(stamps[-1]) for stamps in seen) + 1,
            frames=frames,
            changes=rows_of(self._log.changes),
            trades=rows_of(self._trades),
            tops=rows_of(self._log.tops),
            depth=samples_of(self._log.depth),
        )


def record_of_market(
    changes: Rows,
    trades: Rows,
    tops: Rows,
    instrument: Instrument,
    *,
    lot_quanta: int = 1,
    opening: tuple[Rows, Rows] | None = None,
) -> BookRecord:
    """Return the record of one book's outcomes (columns of market.orders), as a venue tells them.

    Changes are told once in 100 ms and level, as the depth stream does; tops and trades one by
    one. `opening` are the levels (ticks, lots) of bids and asks before the first change. Raises
    ValueError without changes, trades and tops.
    """
    if not (len(changes) and len(trades) and len(tops)):
        raise ValueError("a record needs level changes, trades and tops")
    log = LevelLog()
    if opening is not None:
        bids, asks = (
            [(int(t), int(lots)) for t, lots in zip(*side, strict=True)] for side in opening
        )
        log.restart(bids, asks)
    framed = _framed(changes)
    for now_ns, side, ticks, lots in framed.tolist():
        log.sample_depth(now_ns)
        log.change(now_ns, side, ticks, lots)
    both = (tops[:, Top.BID_LOTS] > 0) & (tops[:, Top.ASK_LOTS] > 0)
    columns = (Top.TIME_NS, Top.BID_TICKS, Top.BID_LOTS, Top.ASK_TICKS, Top.ASK_LOTS)
    return BookRecord(
        venue=instrument.venue,
        symbol=instrument.symbol,
        tick_size=instrument.tick_size,
        quantum_size=instrument.quantum_size * lot_quanta,
        start_ns=int(min(changes[0, 0], trades[0, 0], tops[0, 0])),
        end_ns=int(max(changes[-1, 0], trades[-1, 0], tops[-1, 0])) + 1,
        frames={
            DEPTH: np.unique(framed[:, 0]),
            TICKER: tops[:, Top.TIME_NS],
            TRADE: trades[:, Print.TIME_NS],
        },
        changes=rows_of(log.changes),
        trades=_prints(trades),
        tops=tops[both][:, list(columns)],
        depth=samples_of(log.depth),
    )


def _framed(changes: Rows) -> Rows:
    """Return the last change of each level in each 100 ms, stamped with the frame's end."""
    frame = changes[:, Change.TIME_NS] // DEPTH_FRAME_NS
    order = np.lexsort((changes[:, Change.TICKS], changes[:, Change.SIDE], frame))
    keys = np.column_stack((frame, changes[:, Change.SIDE], changes[:, Change.TICKS]))[order]
    last = np.append(np.any(np.diff(keys, axis=0) != 0, axis=1), True)
    stamps = (keys[last, 0] + 1) * DEPTH_FRAME_NS
    return np.column_stack((stamps, keys[last, 1:], changes[order][last, Change.LOTS]))


def _prints(trades: Rows) -> Rows:
    signs = np.where(trades[:, Print.AGGRESSOR] == BookSide.BID, 1, -1)
    stamps = trades[:, Print.TIME_NS]
    return np.column_stack(
        (stamps, trades[:, Print.TICKS], trades[:, Print.LOTS], signs, stamps // MILLISECOND)
    )
