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
    return [_spot(addresses), _futures(addresses), _advanced(addresses), _exchange(addresses)]


def _spot(addresses: dict[str, str]) -> Lane:
    symbols, address = symbols_of(BINANCE), addresses[BINANCE]
    url = f"{_socket(address)}/stream?streams={_streams(symbols, 'depth@100ms', 'trade')}"
    depth_url = f"{address}/api/v3/depth?symbol={{}}&limit={SPOT_LIMIT}"
    return Lane(BINANCE, url, (), symbols, depth_url)


def _futures(addresses: dict[str, str]) -> Lane:
    symbols, address = symbols_of(BINANCE_USDM), addresses[BINANCE_USDM]
    url = f"{_socket(address)}/public/stream?streams={_streams(symbols, 'depth@100ms')}"
    depth_url = f"{address}/fapi/v1/depth?symbol={{}}&limit={USDM_LIMIT}"
    return Lane(BINANCE_USDM, url, (), symbols, depth_url, USDM_DEPTH)


def _advanced(addresses: dict[str, str]) -> Lane:
    products, address = symbols_of(COINBASE), addresses[COINBASE]
    sent = (
        _text(type="subscribe", product_ids=products, channel=channel)
        for channel in ("level2", "market_trades", "heartbeats")
    )
    book_url = f"{address}/api/v3/brokerage/market/product_book?product_id={{}}"
    return Lane(COINBASE, _socket(address), tuple(sent), products, book_url)


def _exchange(addresses: dict[str, str]) -> Lane:
    products, address = symbols_of(COINBASE), addresses[COINBASE_EXCHANGE]
    channels = ["level2_batch", "matches", "heartbeat"]
    sent = _text(type="subscribe", product_ids=products, channels=channels)
    book_url = f"{address}/products/{{}}/book?level=2"
    return Lane(COINBASE_EXCHANGE, _socket(address), (sent,), products, book_url)


def _socket(address: str) -> str:
    return address.replace("http", "ws", 1)


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
