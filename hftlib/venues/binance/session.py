"""Binance's session: frames of spot, USD-M or COIN-M in, events out.

A frame of a combined stream says its stream's name in its first bytes. The name is looked up as
it stands; what it leads to decodes the whole frame once, into exactly the fields needed, with the
levels left as text. Any other spelling (white space, other key order, escaped names, raw streams)
takes the general way, which looks at the fields first and then does the same.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET

from hftlib.core.events import Event
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import FeedCondition
from hftlib.core.venue import BINANCE, BINANCE_US
from hftlib.venues.binance import messages
from hftlib.venues.binance.books import Book, DepthBooks
from hftlib.venues.binance.channels import channels_of
from hftlib.venues.binance.depth_sync import FuturesRule, Rule, SpotRule
from hftlib.venues.binance.market import MarketReader
from hftlib.venues.binance.repetitions import Repetitions
from hftlib.venues.binance.rest import RestReader
from hftlib.venues.binance.streams import (
    StreamKind,
    StreamName,
    event_kind,
    stream_name,
    streams_after_request,
    streams_of_url,
)
from hftlib.venues.counters import Counters, Reporter
from hftlib.venues.failures import (
    DECODE_FAILURES,
    MalformedError,
    NotKnownError,
    NotModelledError,
    condition_of,
)
from hftlib.venues.scale import Scales
from hftlib.venues.stamps import stamp_ns

_WS: Final = FrameKind.WS
_COMBINED: Final = b'{"stream":"'
_NAME_AT: Final = len(_COMBINED)
_RAW_DEPTH: Final = b'{"e":"depthUpdate"'
_ROUTES_LIMIT: Final = 8_192
_SPOT: Final = frozenset({BINANCE, BINANCE_US})

Route = Callable[[Frame, Counters], list[Event]]
Reader = Callable[[msgspec.Raw, Frame, StreamName], list[Event]]

_DEPTHS: Final = frozenset({StreamKind.DIFF_DEPTH, StreamKind.PARTIAL_DEPTH})
_NO_NAME: Final = StreamName(StreamKind.UNKNOWN, "")
_read_combined_depth: Final = msgspec.json.Decoder(messages.Combined[messages.DiffDepth]).decode
_read_depth: Final = msgspec.json.Decoder(messages.DiffDepth).decode
_read_partial: Final = msgspec.json.Decoder(messages.PartialBook).decode
_read_probe: Final = msgspec.json.Decoder(messages.Probe).decode
_read_text: Final = msgspec.json.Decoder(str).decode
_read_refusal: Final = msgspec.json.Decoder(messages.Refusal).decode
_read_shutdown: Final = msgspec.json.Decoder(messages.Shutdown).decode
_read_list: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


def _event_type(data: msgspec.Raw) -> str:
    """Return the `e` of an object. Raises MalformedError when it has none."""
    probe = _read_probe(data)
    if probe.event_type is UNSET:
        raise MalformedError("no event type")
    return _read_text(probe.event_type)


class DepthRoute:
    """Take the short way for one symbol's diff depth stream."""

    __slots__ = ("_book", "_books", "_fail")

    def __init__(
        self, books: DepthBooks, book: Book, fail: Callable[[Frame, Exception, str], Event]
    ) -> None:
        self._books = books
        self._book = book
        self._fail = fail

    def receive(self, frame: Frame, lane: Counters) -> list[Event]:
        """Return what a combined frame of this stream means."""
        book = self._book
        try:
            data = _read_combined_depth(frame.payload).data
            if data.symbol != book.symbol:
                raise MalformedError(f"the stream of {book.symbol} carries {data.symbol[:40]!r}")
            return self._books.take(book, data, frame, lane)
        except DECODE_FAILURES as failure:
            return [self._fail(frame, failure, book.symbol)]


class BinanceSession:
    """Decode one Binance market's frames and keep the local-book procedure of its symbols."""

    def __init__(self, venue: str, instruments: Mapping[str, Instrument]) -> None:
        self.venue = venue
        self.reporter = Reporter(venue, instruments)
        self._is_spot = venue in _SPOT
        self._scales = Scales(instruments)
        rule: Rule = SpotRule() if self._is_spot else FuturesRule()
        self._books = DepthBooks(venue, rule, self.reporter)
        self._market = MarketReader(venue, self._scales)
        self._rest = RestReader(self._books, self._market, self._scales, self.reporter)
        self._lanes = self.reporter.of_connections
        self._routes: dict[bytes, Route] = {}
        self._streams: dict[str, frozenset[str]] = {}
        self._raw_kinds: dict[tuple[str, str], frozenset[StreamKind]] = {}
        self._repetitions = Repetitions()
        self._channels = channels_of(self._market, self.reporter, self._repetitions)
        self._readers: dict[StreamKind, Reader] = {
            StreamKind.DIFF_DEPTH: self._diff_depth,
            StreamKind.PARTIAL_DEPTH: self._partial,
            StreamKind.SHUTDOWN: self._shutdown,
            StreamKind.NOT_MODELLED: self._not_modelled,
            StreamKind.UNKNOWN: self._unknown,
            **{kind: channel.read for kind, channel in self._channels.items()},
        }

    def receive(self, frame: Frame) -> list[Event]:
        """Return what a frame means: at least one event, never an exception."""
        lane = self._lanes.get(frame.connection) or self.reporter.of_connection(frame.connection)
        lane.frames += 1
        if frame.kind is _WS:
            payload = frame.payload
            route = self._routes.get(payload[: payload.find(b'"', _NAME_AT)])
            if route is not None:
                return route(frame, lane)
            return self._guarded(frame, self._read_any)
        return self._receive_other(frame)

    def distrust(
        self,
        symbol: str,
        reason: str,
        ts_recv: int,
        condition: FeedCondition = FeedCondition.GAP,
    ) -> list[Event]:
        """Drop the sync of a book found wrong; return the status and the request for a snapshot."""
        return self._books.distrust(symbol, reason, ts_recv, condition)

    def is_synced(self, symbol: str) -> bool:
        """Say whether the book of a symbol follows the venue's sequence."""
        return self._books.is_synced(symbol)

    def checkpoint(self) -> dict[str, object]:
        """Return the whole state as plain values that MessagePack can hold."""
        return {
            "books": self._books.dump(),
            "streams": {name: sorted(opened) for name, opened in self._streams.items()},
            "repetitions": self._repetitions.dump(),
            "counters": self.reporter.dump(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take the state of a checkpoint."""
        self._routes.clear()
        self._raw_kinds.clear()
        self._books.load(state["books"])
        self._streams = {name: frozenset(opened) for name, opened in state["streams"].items()}
        self._repetitions.load(state.get("repetitions", {}))
        self.reporter.load(state["counters"])

    # the ways in -------------------------------------------------------------------------------

    def _receive_other(self, frame: Frame) -> list[Event]:
        kind = frame.kind
        if kind is FrameKind.REST:
            return self._guarded(frame, self._rest.read)
        if kind is FrameKind.POLL:
            return self._guarded(frame, self._rest.poll)
        if kind is FrameKind.OPENED:
            self._streams[frame.connection] = frozenset(streams_of_url(frame.request))
            self._raw_kinds.clear()
            return [
                self._tell(frame, FeedCondition.OPENED, frame.request),
                *self._books.forget(frame, "connection opened anew"),
            ]
        if kind is FrameKind.CLOSED:
            self._streams.pop(frame.connection, None)
            if frame.request:
                self._books.hand_over(frame.connection, frame.request)
                return [self._tell(frame, FeedCondition.HANDED_OVER, frame.request)]
            reason = frame.payload.decode("utf-8", "replace") or "connection closed"
            closed = self._tell(frame, FeedCondition.CLOSED, reason)
            return [closed, *self._books.forget(frame, reason)]
        if kind is FrameKind.SENT:
            return self._guarded(frame, self._sent)
        told = self._tell(frame, FeedCondition.ACKNOWLEDGED, f"{kind} frame")
        return [told, *self._books.ask_again(frame)]

    def _sent(self, frame: Frame) -> list[Event]:
        opened = self._streams.get(frame.connection, frozenset())
        self._streams[frame.connection] = streams_after_request(opened, frame.payload)
        self._raw_kinds.clear()
        return [self._tell(frame, FeedCondition.ACKNOWLEDGED, "request sent")]

    def _guarded(self, frame: Frame, read: Callable[[Frame], list[Event]]) -> list[Event]:
        """Return what `read` returns, or the counted status of its failure."""
        try:
            return read(frame)
        except DECODE_FAILURES as failure:
            return [self._fail(frame, failure)]

    def _fail(self, frame: Frame, failure: Exception, symbol: str = "") -> Event:
        reason = f"{type(failure).__name__}: {failure}"
        return self._tell(frame, condition_of(failure), reason, symbol)

    def _tell(self, frame: Frame, condition: FeedCondition, reason: str, symbol: str = "") -> Event:
        return self.reporter.status(frame, condition, reason, symbol=symbol)

    # messages of any spelling -------------------------------------------------------------------

    def _read_any(self, frame: Frame) -> list[Event]:
        payload = frame.payload
        if payload.startswith(_RAW_DEPTH):
            return self._raw_depth(msgspec.Raw(payload), frame, _NO_NAME)
        if payload.lstrip()[:1] == b"[":
            return self._array(frame)
        probe = _read_probe(payload)
        if probe.stream is not UNSET and probe.data is not UNSET:
            return self._combined(probe.stream, probe.data, frame)
        if probe.event is not UNSET:
            return self._by_event(_event_type(probe.event), probe.event, frame)
        if probe.event_type is not UNSET:
            kind = _read_text(probe.event_type)
            return self._by_event(kind, msgspec.Raw(payload), frame)
        return self._without_type(probe, frame)

    def _without_type(self, probe: messages.Probe, frame: Frame) -> list[Event]:
        if probe.last_update_id is not UNSET:
            return self._raw_partial(frame)
        if probe.update_id is not UNSET and probe.bid is not UNSET:
            return self._readers[StreamKind.BOOK_TICKER](
                msgspec.Raw(frame.payload), frame, _NO_NAME
            )
        if probe.error is not UNSET:
            return [self._refused(probe.error, frame)]
        if probe.code is not UNSET:
            return [self._refused(msgspec.Raw(frame.payload), frame)]
        if probe.result is not UNSET:
            reason = bytes(probe.result).decode("utf-8", "replace")
            return [self._tell(frame, FeedCondition.ACKNOWLEDGED, f"result {reason}")]
        return [self._tell(frame, FeedCondition.UNKNOWN, "message of unknown shape")]

    def _refused(self, body: msgspec.Raw, frame: Frame) -> Event:
        refusal = _read_refusal(body)
        return self._tell(frame, FeedCondition.REFUSED, f"{refusal.code} {refusal.msg}")

    def _array(self, frame: Frame) -> list[Event]:
        """Read a raw stream's array: !miniTicker@arr, !markPrice@arr."""
        events: list[Event] = []
        for row in _read_list(frame.payload):
            events.extend(self._by_event(_event_type(row), row, frame))
        return events or [self._tell(frame, FeedCondition.ACKNOWLEDGED, "empty array")]

    def _by_event(self, event_type: str, data: msgspec.Raw, frame: Frame) -> list[Event]:
        kind = event_kind(event_type)
        if kind is StreamKind.DIFF_DEPTH:
            return self._raw_depth(data, frame, _NO_NAME)
        return self._readers[kind](data, frame, StreamName(kind, event_type))

    def _combined(self, stream: msgspec.Raw, data: msgspec.Raw, frame: Frame) -> list[Event]:
        text = _read_text(stream)
        name = stream_name(text)
        if name.kind is StreamKind.UNKNOWN:
            return self._by_event(_event_type(data), data, frame)
        events = self._readers[name.kind](data, frame, name)
        if len(self._routes) < _ROUTES_LIMIT:
            self._learn(_COMBINED + text.encode(), name, frame.payload)
        return events

    def _learn(self, key: bytes, name: StreamName, payload: bytes) -> None:
        """Keep the short way for a stream whose name stands plainly at the frame's beginning.

        The key is all that stands before the name's closing quote.
        """
        symbol = name.symbol.upper()
        if not payload.startswith(key + b'"') or symbol not in self._scales:
            return
        if name.kind is StreamKind.DIFF_DEPTH:
            route = DepthRoute(self._books, self._books.of(symbol), self._fail)
            self._routes[key] = route.receive
        elif name.kind in self._channels:
            self._routes[key] = self._channels[name.kind].receive

    # streams ------------------------------------------------------------------------------------

    def _diff_depth(self, data: msgspec.Raw, frame: Frame, _name: StreamName) -> list[Event]:
        return self._take(_read_depth(data), frame)

    def _take(self, data: messages.DiffDepth, frame: Frame) -> list[Event]:
        _ = self._scales[data.symbol]
        lane = self.reporter.of_connection(frame.connection)
        return self._books.take(self._books.of(data.symbol), data, frame, lane)

    def _raw_depth(self, data: msgspec.Raw, frame: Frame, _name: StreamName) -> list[Event]:
        """Read a depthUpdate without a stream's name: on futures it may be the partial depth."""
        depth = _read_depth(data)
        if self._is_spot or not self._is_partial(frame.connection, depth.symbol):
            return self._take(depth, frame)
        return self._show(depth, frame)

    def _is_partial(self, connection: str, symbol: str) -> bool:
        """Say whether a futures connection's raw depth of a symbol is the partial depth.

        Raises NotKnownError where both are open on one connection: nothing tells them apart.
        """
        kinds = self._raw_kinds.get((connection, symbol))
        if kinds is None:
            names = map(stream_name, self._streams.get(connection, ()))
            kinds = frozenset(n.kind for n in names if n.symbol == symbol.lower()) & _DEPTHS
            if symbol in self._scales:
                self._raw_kinds[connection, symbol] = kinds
        if kinds == _DEPTHS:
            raise NotKnownError(f"{symbol[:40]} opens diff and partial depth on one raw stream")
        return StreamKind.PARTIAL_DEPTH in kinds

    def _partial(self, data: msgspec.Raw, frame: Frame, name: StreamName) -> list[Event]:
        if not self._is_spot:
            return self._show(_read_depth(data), frame)
        book = _read_partial(data)
        sides = (book.bids, book.asks)
        symbol = name.symbol.upper()
        return self._one(
            self._market.partial(symbol, book.last_update_id, None, sides, frame), frame
        )

    def _show(self, depth: messages.DiffDepth, frame: Frame) -> list[Event]:
        """Return a futures partial depth, which has the shape of a depth event."""
        sides = (depth.bids, depth.asks)
        stamp = depth.event_time
        event = self._market.partial(depth.symbol, depth.last, stamp, sides, frame)
        return self._one(event, frame)

    def _raw_partial(self, frame: Frame) -> list[Event]:
        """Read spot's partial depth of a raw stream: only the opened URL knows the symbol."""
        names = map(stream_name, self._streams.get(frame.connection, ()))
        partial = [name for name in names if name.kind is StreamKind.PARTIAL_DEPTH]
        if len(partial) != 1:
            raise NotKnownError(f"partial depth of one of {len(partial)} streams opened")
        return self._partial(msgspec.Raw(frame.payload), frame, partial[0])

    def _one(self, event: Event, frame: Frame) -> list[Event]:
        self.reporter.of_connection(frame.connection).market_events += 1
        return [event]

    def _shutdown(self, data: msgspec.Raw, frame: Frame, _name: StreamName) -> list[Event]:
        shutdown = _read_shutdown(data)
        return [
            self.reporter.status(
                frame,
                FeedCondition.SHUTDOWN_ANNOUNCED,
                "the server will close the connection",
                ts_event=stamp_ns(shutdown.event_time),
            )
        ]

    def _not_modelled(self, _data: msgspec.Raw, _frame: Frame, name: StreamName) -> list[Event]:
        raise NotModelledError(f"known, not modelled: {name.symbol[:60]}")

    def _unknown(self, _data: msgspec.Raw, _frame: Frame, name: StreamName) -> list[Event]:
        raise NotKnownError(f"unknown event {name.symbol[:60]!r}")
