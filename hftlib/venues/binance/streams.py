"""Binance stream names: what each one carries, and which ones a URL or a request opens."""

from enum import Enum, auto
from typing import Final, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec


class StreamKind(Enum):
    """Name what a stream carries; the last two are known and not known, and not modelled."""

    DIFF_DEPTH = auto()
    PARTIAL_DEPTH = auto()
    BOOK_TICKER = auto()
    TRADE = auto()
    AGGREGATE_TRADE = auto()
    KLINE = auto()
    TICKER = auto()
    MINI_TICKER = auto()
    MARK_PRICE = auto()
    SHUTDOWN = auto()
    NOT_MODELLED = auto()
    UNKNOWN = auto()


class StreamName(NamedTuple):
    """Hold a stream name taken apart: its kind, and the symbol in lower case ("" for all)."""

    kind: StreamKind
    symbol: str


_BY_CHANNEL: Final = {
    "depth": StreamKind.DIFF_DEPTH,
    "depth5": StreamKind.PARTIAL_DEPTH,
    "depth10": StreamKind.PARTIAL_DEPTH,
    "depth20": StreamKind.PARTIAL_DEPTH,
    "bookTicker": StreamKind.BOOK_TICKER,
    "trade": StreamKind.TRADE,
    "aggTrade": StreamKind.AGGREGATE_TRADE,
    "ticker": StreamKind.TICKER,
    "miniTicker": StreamKind.MINI_TICKER,
    "markPrice": StreamKind.MARK_PRICE,
    "serverShutdown": StreamKind.SHUTDOWN,
    "avgPrice": StreamKind.NOT_MODELLED,
    "referencePrice": StreamKind.NOT_MODELLED,
    "blockTrade": StreamKind.NOT_MODELLED,
    "rpiDepth": StreamKind.NOT_MODELLED,
    "forceOrder": StreamKind.NOT_MODELLED,
    "contractInfo": StreamKind.NOT_MODELLED,
    "compositeIndex": StreamKind.NOT_MODELLED,
    "assetIndex": StreamKind.NOT_MODELLED,
    "indexPrice": StreamKind.NOT_MODELLED,
    "tradingSession": StreamKind.NOT_MODELLED,
}
_BY_PREFIX: Final = {
    "kline_": StreamKind.KLINE,
    "ticker_": StreamKind.NOT_MODELLED,
    "continuousKline_": StreamKind.NOT_MODELLED,
    "indexPriceKline_": StreamKind.NOT_MODELLED,
    "markPriceKline_": StreamKind.NOT_MODELLED,
}
_BY_EVENT: Final = {
    "depthUpdate": StreamKind.DIFF_DEPTH,
    "bookTicker": StreamKind.BOOK_TICKER,
    "trade": StreamKind.TRADE,
    "aggTrade": StreamKind.AGGREGATE_TRADE,
    "kline": StreamKind.KLINE,
    "24hrTicker": StreamKind.TICKER,
    "24hrMiniTicker": StreamKind.MINI_TICKER,
    "markPriceUpdate": StreamKind.MARK_PRICE,
    "serverShutdown": StreamKind.SHUTDOWN,
}
_EVENTS_NOT_MODELLED: Final = frozenset(
    {
        "avgPrice",
        "1hTicker",
        "4hTicker",
        "1dTicker",
        "referencePrice",
        "blockTrade",
        "forceOrder",
        "continuous_kline",
        "indexPriceUpdate",
        "indexPrice_kline",
        "markPrice_kline",
        "contractInfo",
        "compositeIndex",
        "assetIndexUpdate",
        "tradingSession",
        "outboundAccountPosition",
        "balanceUpdate",
        "executionReport",
        "listStatus",
        "eventStreamTerminated",
        "externalLockUpdate",
        "listenKeyExpired",
        "ACCOUNT_UPDATE",
        "ORDER_TRADE_UPDATE",
        "TRADE_LITE",
        "MARGIN_CALL",
        "ACCOUNT_CONFIG_UPDATE",
    }
)


def stream_name(text: str) -> StreamName:
    """Return a stream name such as btcusdt@depth5@100ms or !miniTicker@arr taken apart."""
    if text.startswith("!"):
        channel, symbol = text[1:].partition("@")[0], ""
    else:
        symbol, _, rest = text.partition("@")
        channel = rest.partition("@")[0]
    kind = _BY_CHANNEL.get(channel)
    if kind is None:
        prefixes = (known for prefix, known in _BY_PREFIX.items() if channel.startswith(prefix))
        kind = next(prefixes, StreamKind.UNKNOWN)
    return StreamName(kind, symbol.lower())


def event_kind(event_type: str) -> StreamKind:
    """Return what an event with this `e` carries."""
    if event_type in _EVENTS_NOT_MODELLED:
        return StreamKind.NOT_MODELLED
    return _BY_EVENT.get(event_type, StreamKind.UNKNOWN)


def streams_of_url(url: str) -> tuple[str, ...]:
    """Return the stream names that a websocket URL opens, percent-decoded.

    Both forms are read: .../ws/a/b (also behind /public, /market) and .../stream?streams=a/b.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ()
    listed = parse_qs(parts.query).get("streams", [""])[0]
    path = parts.path.partition("/ws/")[2]
    names = [name for name in listed.split("/") if name]
    names += [name for name in unquote(path).split("/") if name]
    return tuple(name for name in names if "@" in name or name.startswith("!"))


class _Request(msgspec.Struct, gc=False):
    method: str
    params: list[str] = []


_read_request: Final = msgspec.json.Decoder(_Request).decode


def streams_after_request(opened: frozenset[str], payload: bytes) -> frozenset[str]:
    """Return the streams open after a request of ours; other requests change nothing.

    Raises msgspec.MsgspecError where the text is no request.
    """
    request = _read_request(payload)
    if request.method == "SUBSCRIBE":
        return opened | set(request.params)
    if request.method == "UNSUBSCRIBE":
        return opened - set(request.params)
    return opened
