"""Wrong levels and old snapshots, written as the venue writes them: what faults slip in."""

import re
from typing import Final, NamedTuple
from urllib.parse import parse_qs

from hftlib.core.states import Side
from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE, COINBASE_EXCHANGE
from hftlib.exchange.messages import Request
from hftlib.exchange.truth import BookTruth, Ladder, TrueBook, Truth
from hftlib.market.orders import BookSide
from hftlib.venues.binance.encode import BinanceWriter
from hftlib.venues.coinbase.encode import AdvancedWriter, ExchangeWriter

_BINANCE: Final = (BINANCE, BINANCE_USDM)
_SYMBOL: Final = re.compile(rb'"(?:s|product_id)":"([^"]+)"')
_NUMBER: Final = re.compile(rb'"sequence_num":(\d+)')
_FAR_TICKS: Final = 7
_LOTS: Final = 10
_DEFAULT_LIMIT: Final = {BINANCE: 100, BINANCE_USDM: 500}
_MOST: Final = 5_000


class _Place(NamedTuple):
    """Say how a venue marks a depth frame and where its bids stand."""

    mark: bytes
    opening: bytes


_CHANGES: Final = {
    BINANCE: _Place(b'"e":"depthUpdate"', b'"b":['),
    BINANCE_USDM: _Place(b'"e":"depthUpdate"', b'"b":['),
    COINBASE_EXCHANGE: _Place(b'"type":"l2update"', b'"changes":['),
    COINBASE: _Place(b'"type":"update","product_id":', b'"updates":['),
}
_SNAPSHOTS: Final = {
    COINBASE_EXCHANGE: b'"type":"snapshot","product_id":',
    COINBASE: b'"type":"snapshot","product_id":',
}


class Forger:
    """Write what the books never said."""

    def __init__(self, truth: Truth | None) -> None:
        """Know the books from `truth`; without it nothing can be forged."""
        self._truth = truth

    def crossed(self, venue: str, text: bytes) -> bytes | None:
        """Return a depth frame with a bid above the best ask; None when the text is none."""
        book = self._book_changed(venue, text)
        best = None if book is None else book.feed.book.best_ask
        if book is None or best is None:
            return None
        lots = _LOTS * book.feed.listing.lot_quanta
        return self._slipped_in(venue, text, book, best[0] + _FAR_TICKS, lots)

    def unknown_delete(self, venue: str, text: bytes) -> bytes | None:
        """Return a depth frame that deletes a bid which is not there; None when it is no such."""
        book = self._book_changed(venue, text)
        best = None if book is None else book.feed.book.best_bid
        if book is None or best is None:
            return None
        ticks = max(best[0] // 2, 1)
        while book.feed.book.lots_at(BookSide.BID, ticks):
            ticks += 1
        return self._slipped_in(venue, text, book, ticks, 0)

    def old_answer(self, venue: str, request: Request, age_ns: int) -> bytes | None:
        """Return REST's depth as it was `age_ns` before the request; None when unknown."""
        asked = parse_qs(request.query)
        book = self._book(venue, asked.get("symbol", [""])[0].upper())
        old = None if book is None else book.at_time(request.now_ns - age_ns)
        if book is None or old is None or venue not in _BINANCE:
            return None
        limit = min(int(asked.get("limit", [_DEFAULT_LIMIT[venue]])[0]), _MOST)
        quanta = book.feed.listing.lot_quanta
        return BinanceWriter(book.feed.listing.instrument).snapshot(
            old.update_id,
            _levels(old.bids, quanta)[:limit],
            _levels(old.asks, quanta)[:limit],
            old.time_ns,
            old.time_ns,
        )

    def old_snapshot(self, venue: str, text: bytes, then_ns: int) -> bytes | None:
        """Return a pushed snapshot as it would have been at `then_ns`; None when it is none."""
        if venue not in _SNAPSHOTS or _SNAPSHOTS[venue] not in text[:400]:
            return None
        book = self._book_named(venue, text)
        old = None if book is None else book.at_time(then_ns)
        if book is None or old is None:
            return None
        if venue == COINBASE_EXCHANGE:
            quanta, writer = book.feed.listing.lot_quanta, ExchangeWriter
            bids, asks = _levels(old.bids, quanta), _levels(old.asks, quanta)
            return writer(book.feed.listing.instrument).snapshot(bids, asks)
        return _advanced_snapshot(book, old, text)

    def _book_changed(self, venue: str, text: bytes) -> BookTruth | None:
        place = _CHANGES.get(venue)
        if place is None or place.mark not in text[:400]:
            return None
        return self._book_named(venue, text)

    def _book_named(self, venue: str, text: bytes) -> BookTruth | None:
        found = _SYMBOL.search(text[:400])
        return None if found is None else self._book(venue, found[1].decode(errors="replace"))

    def _book(self, venue: str, symbol: str) -> BookTruth | None:
        listed = COINBASE if venue == COINBASE_EXCHANGE else venue
        return None if self._truth is None else self._truth.books.get((listed, symbol))

    def _slipped_in(
        self, venue: str, text: bytes, book: BookTruth, ticks: int, quanta: int
    ) -> bytes | None:
        """Return the text with one more bid in front of the levels."""
        head, opening, rest = text.partition(_CHANGES[venue].opening)
        level = _level_text(venue, book, ticks, quanta)
        comma = b"" if rest.startswith(b"]") else b","
        return b"%b%b%b%b%b" % (head, opening, level.encode(), comma, rest)


def _level_text(venue: str, book: BookTruth, ticks: int, quanta: int) -> str:
    instrument = book.feed.listing.instrument
    if venue in _BINANCE:
        writer = BinanceWriter(instrument)
        return f'["{writer.price(ticks)}","{writer.size(quanta)}"]'
    plain = AdvancedWriter(instrument)
    if venue == COINBASE_EXCHANGE:
        return f'["buy","{plain.price(ticks)}","{plain.size(quanta)}"]'
    return (
        f'{{"side":"bid","event_time":"1970-01-01T00:00:00Z",'
        f'"price_level":"{plain.price(ticks)}","new_quantity":"{plain.size(quanta)}"}}'
    )


def _levels(ladder: Ladder, quanta: int) -> list[tuple[int, int]]:
    return [(int(t), int(n) * quanta) for t, n in zip(*ladder, strict=True)]


def _advanced_snapshot(book: BookTruth, old: TrueBook, text: bytes) -> bytes | None:
    number = _NUMBER.search(text)
    if number is None:
        return None
    quanta = book.feed.listing.lot_quanta
    changes = [(Side.BUY, ticks, size) for ticks, size in _levels(old.bids, quanta)]
    changes += [(Side.SELL, ticks, size) for ticks, size in _levels(old.asks, quanta)]
    writer = AdvancedWriter(book.feed.listing.instrument)
    return writer.level2(int(number[1]), old.time_ns, changes, snapshot=True)
