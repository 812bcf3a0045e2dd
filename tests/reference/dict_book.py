"""A plain dict book: the slow, obvious reference that the compiled book must equal."""

import hashlib
import json

from hftlib.core.errors import DecimalError
from hftlib.core.events import BookDelta, BookSnapshot, Layout
from hftlib.core.instrument import Instrument

MOST_TICKS = 2**61
MOST_QUANTA = 2**63 - 1


class RefusedError(Exception):
    """Say that an event's text is not one a book may apply."""


class DictBook:
    """Hold one dict a side, price in ticks to size in quanta."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.unknown_deletes = 0
        self.last_update_id = 0

    def apply(self, event: BookSnapshot | BookDelta) -> None:
        """Apply a snapshot or a delta; raises RefusedError, with nothing changed."""
        bids, asks = read_levels(event, self.instrument)
        if isinstance(event, BookSnapshot):
            self.bids.clear()
            self.asks.clear()
        for side, levels in ((self.bids, bids), (self.asks, asks)):
            for ticks, quanta in levels:
                self.change(side, ticks, quanta)
        self.last_update_id = event.last_update_id

    def change(self, side: dict[int, int], ticks: int, quanta: int) -> None:
        """Set one absolute level; zero deletes, and a deletion of nothing is counted."""
        if quanta:
            side[ticks] = quanta
        elif side.pop(ticks, None) is None:
            self.unknown_deletes += 1

    def levels(self, bids: bool) -> list[tuple[int, int]]:
        """Return a side's levels, best first."""
        side = self.bids if bids else self.asks
        return sorted(side.items(), reverse=bids)

    @property
    def best_bid(self) -> tuple[int, int] | None:
        return self.levels(True)[0] if self.bids else None

    @property
    def best_ask(self) -> tuple[int, int] | None:
        return self.levels(False)[0] if self.asks else None

    @property
    def is_crossed(self) -> bool:
        return bool(self.bids and self.asks) and max(self.bids) >= min(self.asks)

    def state_hash(self) -> str:
        """Return the hash that the compiled book's `state_hash` documents."""
        digest = hashlib.sha256(self.last_update_id.to_bytes(8, "little", signed=True))
        for bids in (True, False):
            levels = self.levels(bids)
            digest.update(len(levels).to_bytes(8, "little"))
            for column in (0, 1):
                for level in levels:
                    digest.update(level[column].to_bytes(8, "little"))
        return digest.hexdigest()


def read_levels(event: BookSnapshot | BookDelta, instrument: Instrument):
    """Return (ticks, quanta) lists of both sides as the json module reads an event's texts."""
    sides: tuple[list, list] = ([], [])
    for is_ask, price, size in _texts(event):
        sides[is_ask].append((_ticks(instrument, price), _quanta(instrument, size)))
    return sides


def _load(text) -> list:
    try:
        items = json.loads(bytes(text), parse_float=str, parse_int=str)
    except ValueError as error:
        raise RefusedError(str(error)) from error
    if not isinstance(items, list):
        raise RefusedError("no list")
    return items


def _texts(event):
    if event.layout in (Layout.PAIRS, Layout.OBJECTS):
        for is_ask, text in enumerate((event.bids, event.asks)):
            for item in _load(text):
                if event.layout is Layout.PAIRS:
                    yield is_ask, *_pick(item, 0, 1)
                else:
                    yield is_ask, *_pick(item, "price", "size")
        return
    words = {"buy": 0, "sell": 1} if event.layout is Layout.CHANGES else {"bid": 0, "offer": 1}
    for item in _load(event.changes):
        if event.layout is Layout.CHANGES:
            side, price, size = _pick(item, 0, 1, 2)
        else:
            side, price, size = _pick(item, "side", "price_level", "new_quantity")
        if side not in words:
            raise RefusedError("no side")
        yield words[side], price, size


def _pick(item, *keys):
    wanted = dict if isinstance(keys[-1], str) else list
    if not isinstance(item, wanted):
        raise RefusedError("another shape")
    try:
        return [item[key] for key in keys]
    except LookupError as error:
        raise RefusedError("something missing") from error


def _plain(text) -> str:
    if not isinstance(text, str) or text[:1] in ("+", "-"):
        raise RefusedError("no plain number")
    return text


def _ticks(instrument: Instrument, text) -> int:
    try:
        ticks = instrument.price_ticks(_plain(text))
    except DecimalError as error:
        raise RefusedError(str(error)) from error
    if not 0 < ticks <= MOST_TICKS:
        raise RefusedError("price out of range")
    return ticks


def _quanta(instrument: Instrument, text) -> int:
    try:
        return instrument.size_quanta(_plain(text))
    except DecimalError as error:
        raise RefusedError(str(error)) from error
