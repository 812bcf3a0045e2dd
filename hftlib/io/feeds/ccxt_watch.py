"""Watch one exchange through ccxt: its books and trades, written in the neutral layout.

Runs in a process of its own (see `ccxt_process`), because ccxt's decoding would stop the desk's
loop for milliseconds. It is handed ccxt's exchange object and never imports ccxt.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from hftlib.core.decimals import decimals_of
from hftlib.core.errors import DecimalError
from hftlib.core.frames import FrameKind
from hftlib.venues.ccxt.markets import SIGNIFICANT_DIGITS, plain, row_of
from hftlib.venues.ccxt.messages import MarketRow, Markets

Emit = Callable[[FrameKind, str, str, bytes], None]
"""Take a frame: kind, connection, request, payload."""

DEPTH: Final = 200
"""Levels of a side that are handed on."""
POLLED_TRADES: Final = 100
LEAST_GAP_S: Final = 0.1
POLL_S: Final = 1.0
SILENCE_S: Final = 30.0
LONGEST_BACKOFF_S: Final = 60.0
_COMPARED: Final = 5
_KINDS: Final = frozenset({"spot", "swap", "future"})
_BUGS: Final = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError)
"""What ccxt's parsers raise at an answer that they do not expect."""
_encode: Final = msgspec.json.Encoder().encode


class StalledError(Exception):
    """Say that the exchange's connections bring nothing any more, though nothing closed them."""


class Pace(msgspec.Struct, frozen=True):
    """Say how often to ask and how long to wait, in seconds."""

    gap_s: float = LEAST_GAP_S
    poll_s: float = POLL_S
    silence_s: float = SILENCE_S
    backoff_s: float = LONGEST_BACKOFF_S


class Watcher:
    """Hold the watches of one exchange; whatever fails is closed, told, and tried again."""

    def __init__(
        self,
        exchange: Any,
        venue: str,
        emit: Emit,
        chance: random.Random,
        *,
        failures: tuple[type[Exception], ...] = (),
        pace: Pace | None = None,
    ) -> None:
        """Watch `exchange`, an object of ccxt; `failures` are the errors that ccxt names."""
        self._exchange = exchange
        self._venue = venue
        self._emit = emit
        self._chance = chance
        self._pace = pace or Pace()
        self._troubles: tuple[type[Exception], ...] = (*failures, *_BUGS, OSError, StalledError)
        self._rows: dict[str, MarketRow] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._alarm: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def list_markets(self) -> None:
        """Load the markets, again and again until it succeeds, and hand on their list."""
        failures = 0
        while True:
            try:
                await self._load()
                break
            except self._troubles as error:
                failures += 1
                self._emit(FrameKind.CLOSED, "rest", "", _words(error).encode())
                await asyncio.sleep(self._backoff(failures))
        body = _encode(Markets(list(self._rows.values())))
        self._emit(FrameKind.REST, "rest", f"ccxt://{self._venue}/markets", body)

    async def _load(self) -> None:
        exchange = self._exchange
        markets = await exchange.load_markets()
        mode = exchange.precisionMode
        last: Mapping[str, Any] = {}
        if mode == SIGNIFICANT_DIGITS and exchange.has.get("fetchTickers"):
            last = await exchange.fetch_tickers()
        for symbol, market in markets.items():
            if market.get("type") not in _KINDS:
                continue
            try:
                row = row_of(market, mode, (last.get(symbol) or {}).get("last"))
            except DecimalError:
                continue
            if row.price_increment:
                self._rows[symbol] = row

    def start(self, symbols: Iterable[str]) -> None:
        """Watch these symbols, besides those that are watched already."""
        for symbol in symbols:
            for name, step in (("book", self._book_step), ("trades", self._trades_step)):
                lane = f"{name} {symbol}"
                if lane not in self._tasks and symbol in self._rows:
                    work = self._keep(lane, f"ccxt://{self._venue}/{name}/{symbol}", step(symbol))
                    self._tasks[lane] = asyncio.create_task(work)

    async def revive(self, reason: str) -> None:
        """Close every lane for a reason, and begin every connection anew.

        ccxt keeps one connection for many lanes, and stops reading it without a word when a message
        cannot be parsed.
        """
        alarm, self._alarm = self._alarm, asyncio.get_running_loop().create_future()
        alarm.set_result(reason)
        await self._exchange.close()

    async def renew(self, symbol: str) -> None:
        """Subscribe to a book anew, where ccxt can; else begin every connection anew."""
        if self._exchange.has.get("unWatchOrderBook"):
            try:
                await self._exchange.un_watch_order_book(symbol)
                return
            except self._troubles:
                pass
        await self.revive("subscribed anew")

    async def stop(self) -> None:
        """End every watch and the exchange's connections."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await self._exchange.close()

    # one lane ----------------------------------------------------------------------------------

    async def _keep(self, lane: str, request: str, step: Callable[[], Awaitable[None]]) -> None:
        failures = 0
        while True:
            self._emit(FrameKind.OPENED, lane, request, b"")
            alarm = self._alarm
            try:
                while not alarm.done():
                    await step()
                    failures = 0
                raise StalledError(alarm.result())
            except self._troubles as error:
                self._emit(FrameKind.CLOSED, lane, "", _words(error).encode())
            failures += 1
            await asyncio.sleep(self._backoff(failures))

    def _backoff(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row: full jitter, capped."""
        return self._chance.uniform(0.0, min(self._pace.backoff_s, 0.5 * 2.0 ** min(failures, 16)))

    def _book_step(self, symbol: str) -> Callable[[], Awaitable[None]]:
        lane = f"book {symbol}"
        writer = BookWriter(symbol, self._rows[symbol])
        if not self._exchange.has.get("watchOrderBook"):
            return lambda: self._poll_book(symbol, lane, writer)
        return lambda: self._watch_book(symbol, lane, writer)

    async def _watch_book(self, symbol: str, lane: str, writer: "BookWriter") -> None:
        """Hand on the book after the next message, and again what came in the gap after it."""
        watch = asyncio.ensure_future(self._exchange.watch_order_book(symbol))
        try:
            while not await self._has_come(watch, self._pace.silence_s):
                await self._verify(symbol, lane, writer)
            self._push(lane, writer, watch.result())
        finally:
            watch.cancel()
        await asyncio.sleep(self._pace.gap_s)
        held = self._exchange.orderbooks.get(symbol)
        if held and held["bids"] and held["asks"]:
            self._push(lane, writer, held)

    async def _has_come(self, watch: "asyncio.Future[Any]", within_s: float | None) -> bool:
        """Wait for what ccxt watches for. Raises StalledError when connections begin anew."""
        alarm = self._alarm
        await asyncio.wait({watch, alarm}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        if alarm.done():
            raise StalledError(alarm.result())
        return watch.done()

    def _push(self, lane: str, writer: "BookWriter", book: Mapping[str, Any]) -> None:
        payload = writer.news(book)
        if payload is not None:
            self._emit(FrameKind.WS, lane, "", payload)

    async def _verify(self, symbol: str, lane: str, writer: "BookWriter") -> None:
        """Ask REST for a book that says nothing, and begin anew when it has moved on."""
        before = writer.top
        book = await self._exchange.fetch_order_book(symbol)
        payload = writer.news(book)
        if payload is not None:
            self._emit(FrameKind.POLL, lane, "", payload)
        if writer.top != before:
            await self.revive(
                f"nothing was pushed for {self._pace.silence_s:g} s, but the book has moved"
            )

    async def _poll_book(self, symbol: str, lane: str, writer: "BookWriter") -> None:
        payload = writer.news(await self._exchange.fetch_order_book(symbol))
        if payload is not None:
            self._emit(FrameKind.POLL, lane, "", payload)
        await asyncio.sleep(self._pace.poll_s)

    def _trades_step(self, symbol: str) -> Callable[[], Awaitable[None]]:
        lane = f"trades {symbol}"
        writer = TradesWriter(symbol, self._rows[symbol])
        if not self._exchange.has.get("watchTrades"):
            return lambda: self._poll_trades(symbol, lane, writer)
        return lambda: self._watch_trades(symbol, lane, writer)

    async def _watch_trades(self, symbol: str, lane: str, writer: "TradesWriter") -> None:
        watch = asyncio.ensure_future(self._exchange.watch_trades(symbol))
        try:
            await self._has_come(watch, None)
            self._emit(FrameKind.WS, lane, "", writer.text(watch.result()))
        finally:
            watch.cancel()

    async def _poll_trades(self, symbol: str, lane: str, writer: "TradesWriter") -> None:
        trades = await self._exchange.fetch_trades(symbol, None, POLLED_TRADES)
        news = writer.news(trades)
        if news:
            self._emit(FrameKind.POLL, lane, "", writer.text(news))
        await asyncio.sleep(self._pace.poll_s)

    def lacks(self) -> list[str]:
        """Return what this exchange read through ccxt does not guarantee, in words."""
        has = self._exchange.has
        checksum = (self._exchange.options.get("watchOrderBook") or {}).get("checksum")
        words = ["no sequence numbers reach hftlib: what ccxt loses is not seen"]
        if has.get("watchOrderBook"):
            most = 1 / self._pace.gap_s
            words.append(f"books are the best {DEPTH} levels, at most {most:.0f} times a second")
        else:
            words.append(f"books are polled, every {self._pace.poll_s:g} s at best")
        if checksum is False:
            words.append("ccxt leaves the venue's checksum unchecked")
        if not has.get("watchTrades"):
            words.append("trades are polled: some of a busy second may be missed")
        words.append("numbers went through floats: sizes are rounded to the quantum")
        words.append("stamps of arrival are taken behind ccxt's own queue")
        return words


class BookWriter:
    """Write one symbol's books; the same book is not written twice."""

    def __init__(self, symbol: str, row: MarketRow) -> None:
        """Write prices as they are and sizes with the decimals of the row's quantum."""
        self._symbol = symbol
        self._decimals = decimals_of(row.size_quantum)
        self._least = 0.5 * 10.0**-self._decimals
        self._last: tuple[list[Any], list[Any]] | None = None
        self.top: tuple[list[Any], list[Any]] | None = None

    def news(self, book: Mapping[str, Any]) -> bytes | None:
        """Return a book as a message, None where it is the one before."""
        bids, asks = self._side(book["bids"]), self._side(book["asks"])
        if (bids, asks) == self._last:
            return None
        self._last = (bids, asks)
        self.top = (bids[:_COMPARED], asks[:_COMPARED])
        nonce = book.get("nonce")
        message = {
            "type": "book",
            "symbol": self._symbol,
            "ts": _stamp(book.get("timestamp")),
            "nonce": nonce if isinstance(nonce, int) and 0 <= nonce <= 2**62 else None,
            "bids": bids,
            "asks": asks,
        }
        return _encode(message)

    def _side(self, levels: Iterable[Any]) -> list[list[str]]:
        found = []
        for level in levels:
            price, size = level[0], level[1]
            if size >= self._least:
                found.append([_price(price), f"{size:.{self._decimals}f}"])
            if len(found) == DEPTH:
                break
        return found


class TradesWriter:
    """Write one symbol's trades."""

    def __init__(self, symbol: str, row: MarketRow) -> None:
        """Write prices as they are and sizes with the decimals of the row's quantum."""
        self._symbol = symbol
        self._decimals = decimals_of(row.size_quantum)
        self._polled: set[object] = set()

    def news(self, trades: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Return the trades of a poll that were not in the poll before."""
        keyed = {_key(trade): trade for trade in trades}
        fresh = [trade for key, trade in keyed.items() if key not in self._polled]
        self._polled = set(keyed)
        return fresh

    def text(self, trades: Iterable[Mapping[str, Any]]) -> bytes:
        """Return trades as a message."""
        rows = [self._row(trade) for trade in trades]
        return _encode({"type": "trades", "symbol": self._symbol, "trades": rows})

    def _row(self, trade: Mapping[str, Any]) -> dict[str, Any]:
        name, side = trade.get("id"), trade.get("side")
        return {
            "id": None if name is None else str(name),
            "ts": _stamp(trade.get("timestamp")),
            "price": _price(trade["price"]),
            "size": f"{trade['amount']:.{self._decimals}f}",
            "side": side if side in ("buy", "sell") else None,
        }


def _key(trade: Mapping[str, Any]) -> object:
    name = trade.get("id")
    return (
        name
        if name is not None
        else tuple(trade.get(part) for part in ("timestamp", "price", "amount", "side"))
    )


def _stamp(stamp: object) -> int | None:
    return int(stamp) if isinstance(stamp, (int, float)) and stamp >= 0 else None


def _price(price: object) -> str:
    """Return a price as plain text: a float's shortest text is what the venue wrote."""
    text = repr(price)
    return text if text.replace(".", "", 1).isdigit() else plain(price)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:240]
