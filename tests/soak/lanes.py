"""What the soak opens: one websocket per venue, and where its snapshots come from."""

import json
from typing import Any, NamedTuple

from hftlib.core.instrument import Instrument
from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE, COINBASE_EXCHANGE
from hftlib.market.listings import LISTINGS

SPOT_LIMIT = 5_000
USDM_LIMIT = 1_000
USDM_DEPTH = 200
"""Levels of USD-M that are compared: REST shows 1,000, so what is far away is not known."""


class Lane(NamedTuple):
    """Say what is opened, what is sent then, and how a book is asked for over REST."""

    venue: str
    url: str
    sent: tuple[bytes, ...]
    symbols: tuple[str, ...]
    book_url: str
    depth: int | None = None

    @property
    def name(self) -> str:
        """Return the connection's name."""
        return f"{self.venue}-ws"


def lanes(addresses: dict[str, str]) -> list[Lane]:
    """Return the lanes of all venues of a market."""
    socket = {name: url.replace("http", "ws", 1) for name, url in addresses.items()}
    spot, usdm, products = (symbols_of(one) for one in (BINANCE, BINANCE_USDM, COINBASE))
    return [
        Lane(
            BINANCE,
            f"{socket[BINANCE]}/stream?streams={_streams(spot, 'depth@100ms', 'trade')}",
            (),
            spot,
            f"{addresses[BINANCE]}/api/v3/depth?symbol={{}}&limit={SPOT_LIMIT}",
        ),
        Lane(
            BINANCE_USDM,
            f"{socket[BINANCE_USDM]}/public/stream?streams={_streams(usdm, 'depth@100ms')}",
            (),
            usdm,
            f"{addresses[BINANCE_USDM]}/fapi/v1/depth?symbol={{}}&limit={USDM_LIMIT}",
            USDM_DEPTH,
        ),
        Lane(
            COINBASE,
            socket[COINBASE],
            tuple(
                _text(type="subscribe", product_ids=products, channel=channel)
                for channel in ("level2", "market_trades", "heartbeats")
            ),
            products,
            f"{addresses[COINBASE]}/api/v3/brokerage/market/product_book?product_id={{}}",
        ),
        Lane(
            COINBASE_EXCHANGE,
            socket[COINBASE_EXCHANGE],
            (
                _text(
                    type="subscribe",
                    product_ids=products,
                    channels=["level2_batch", "matches", "heartbeat"],
                ),
            ),
            products,
            f"{addresses[COINBASE_EXCHANGE]}/products/{{}}/book?level=2",
        ),
    ]


def symbols_of(venue: str) -> tuple[str, ...]:
    """Return the symbols that are listed at a venue."""
    return tuple(one.symbol for one in LISTINGS if one.venue == venue)


def instruments() -> list[Instrument]:
    """Return what is traded, Coinbase's books under the names of both of its protocols."""
    listed = [one.instrument for one in LISTINGS]
    twice = [one for one in listed if one.venue == COINBASE]
    return [*listed, *(_named(one, COINBASE_EXCHANGE) for one in twice)]


def _named(one: Instrument, venue: str) -> Instrument:
    return Instrument(
        venue, one.symbol, one.base, one.quote, one.price_increment, one.size_quantum, one.lot
    )


def _streams(symbols: tuple[str, ...], *names: str) -> str:
    return "/".join(f"{symbol.lower()}@{name}" for symbol in symbols for name in names)


def _text(**fields: Any) -> bytes:
    return json.dumps(fields).encode()
