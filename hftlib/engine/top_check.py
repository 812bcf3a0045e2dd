"""Compare the book with what the venue's own ticker says at the same update id."""

from typing import Final

from hftlib.core.events import BestBidOffer
from hftlib.engine.facts import BookFact

_HELD: Final = 2_000

Top = tuple[int | None, int | None, int | None, int | None]


class TopCheck:
    """Match book tops and ticker tops of one symbol by update id, whichever comes first.

    The last 2,000 of either kind are held, which is seconds of the busiest symbol: the two come
    within a fraction of one of each other, or never. Ids are compared once.
    """

    __slots__ = ("_books", "_tickers", "compared", "matched")

    def __init__(self) -> None:
        """Begin with nothing compared."""
        self._books: dict[int, Top] = {}
        self._tickers: dict[int, Top] = {}
        self.compared = 0
        self.matched = 0

    def on_book(self, fact: BookFact) -> None:
        """Note the top of a trusted book at its update id."""
        top = (fact.bid_ticks, fact.bid_quanta, fact.ask_ticks, fact.ask_quanta)
        self._meet(fact.last_update_id, top, self._books, self._tickers)

    def on_ticker(self, ticker: BestBidOffer) -> None:
        """Note the top that a ticker states; tickers without an update id cannot be compared."""
        if ticker.update_id is not None:
            top = (ticker.bid_ticks, ticker.bid_quanta, ticker.ask_ticks, ticker.ask_quanta)
            self._meet(ticker.update_id, top, self._tickers, self._books)

    def forget(self) -> None:
        """Drop what is held: after a resync an old id must not meet a new book."""
        self._books.clear()

    def _meet(self, update_id: int, top: Top, own: dict[int, Top], other: dict[int, Top]) -> None:
        met = other.pop(update_id, None)
        if met is not None:
            self.compared += 1
            self.matched += met == top
            return
        own[update_id] = top
        if len(own) > _HELD:
            del own[next(iter(own))]
