"""nautilus_trader: the decoders and parsers of its Python adapter for Binance, its Rust book.

What `BinanceCommonDataClient` does with a raw diff frame, without the message bus behind it. The
book is the one of `nautilus_pyo3`, which hands out 20 levels at a tenth of the cost of the Cython
book: that one copies every level it holds.
"""

import msgspec
from nautilus_trader.adapters.binance.common.schemas.market import (
    BinanceDataMsgWrapper,
    BinanceDepth,
    BinanceOrderBookMsg,
)
from nautilus_trader.core import nautilus_pyo3
from nautilus_trader.model.identifiers import InstrumentId

from benchmarks.features import DEPTH, Meter
from benchmarks.peers.runner import main

decode_wrapper = msgspec.json.Decoder(BinanceDataMsgWrapper).decode
decode_message = msgspec.json.Decoder(BinanceOrderBookMsg).decode


def floats(levels: list[nautilus_pyo3.BookLevel]) -> list[tuple[float, float]]:
    """Return levels as floats."""
    return [(level.price.as_double(), level.size()) for level in levels]


class NautilusBook:
    """Keep a nautilus L2 book."""

    def __init__(self, snapshot: bytes) -> None:
        """Keep the snapshot to start from."""
        self.instrument = InstrumentId.from_str("BTCUSDT.BINANCE")
        depth = msgspec.json.decode(snapshot, type=BinanceDepth)
        self.snapshot = depth.parse_to_order_book_snapshot(self.instrument, 0)

    def start(self) -> None:
        """Put the book and the meter at the snapshot."""
        instrument = nautilus_pyo3.InstrumentId.from_str(self.instrument.value)
        self.book = nautilus_pyo3.OrderBook(instrument, nautilus_pyo3.BookType.L2_MBP)
        self.book.apply_deltas(self.snapshot.to_pyo3())
        self.meter = Meter(*self.tops())

    def tops(self) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """Return the best 20 levels a side."""
        return floats(self.book.bids(DEPTH)), floats(self.book.asks(DEPTH))

    def frame(self, payload: bytes) -> None:
        """Decode, apply, measure."""
        if "@depth@" in decode_wrapper(payload).stream:
            data = decode_message(payload).data
            deltas = data.parse_to_order_book_deltas(self.instrument, 0)
            self.book.apply_deltas(deltas.to_pyo3())
        self.meter.measure(*self.tops())


if __name__ == "__main__":
    main(NautilusBook, ("nautilus_trader", "msgspec"))
