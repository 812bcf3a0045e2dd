"""Coinbase's frames written the way Coinbase writes them: for local venues and for tests.

Numbers are text without trailing zeros, but for Exchange's books and best prices: there prices are
padded to the quote increment and sizes to the base increment, deletes too ("0.000000"), as
captured.
Advanced Trade's frames always carry client_id "", which the venue's own library insists on.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from hftlib.core.decimals import to_text
from hftlib.core.events import Candle
from hftlib.core.instrument import Instrument
from hftlib.core.states import Side
from hftlib.venues.level_text import Levels, LevelWriter, Number
from hftlib.venues.stamps import iso_text

Change = tuple[Side, int, int]
"""Side of the book (BUY: bids), ticks, quanta; zero quanta delete."""

Changes = Iterable[Change] | Levels
Pairs = Iterable[tuple[int, int]] | Levels
"""Levels one by one, or as columns, which a compiled kernel writes."""

Quote = tuple[int, int] | None

_text: Final = msgspec.json.Encoder().encode
_MICROSECONDS: Final = 6
_SECOND_NS: Final = 1_000_000_000


class PrintedTrade(msgspec.Struct, frozen=True):
    """Hold one trade as it is printed; `side` is the aggressor's."""

    trade_id: int
    ticks: int
    quanta: int
    side: Side
    ts_event: int


class DayText(msgspec.Struct, frozen=True):
    """Hold the 24 h figures of a ticker as decimal text; what follows is Advanced Trade's alone."""

    last: str
    open: str
    high: str
    low: str
    volume: str
    year_low: str = "0"
    year_high: str = "0"
    change_percent: str = "0"


class AdvancedText(NamedTuple):
    """Hold an Advanced Trade frame but for its sequence_num, which each connection counts."""

    head: bytes
    tail: bytes

    def numbered(self, number: int) -> bytes:
        """Return the frame with a connection's number."""
        return b"%b%d%b" % (self.head, number, self.tail)


def _level_writer(instrument: Instrument, *, padded: bool) -> LevelWriter:
    return LevelWriter(
        Number(instrument.tick_units, instrument.price_decimals, padded),
        Number(1, instrument.size_decimals, padded),
    )


def short_time(stamp: int, digits: int) -> str:
    """Return a time as Advanced Trade writes it: without trailing zeros, nor their point."""
    return iso_text(stamp, digits)[:-1].rstrip("0").rstrip(".") + "Z"


def _maker(side: Side) -> Side:
    return Side.SELL if side is Side.BUY else Side.BUY


class AdvancedWriter:
    """Write Advanced Trade's frames of one product.

    Every frame takes the connection's next sequence_num: one counter over all products.
    """

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._product = _text(instrument.symbol).decode()
        self._writer = _level_writer(instrument, padded=False)

    def price(self, ticks: int) -> str:
        """Return a price without trailing zeros."""
        instrument = self._instrument
        return to_text(ticks * instrument.tick_units, instrument.price_decimals, pad=False)

    def size(self, quanta: int) -> str:
        """Return a size without trailing zeros."""
        return self._instrument.size_text(quanta)

    def level2(
        self, number: int, ts_event: int, changes: Changes, *, snapshot: bool = False
    ) -> bytes:
        """Return an l2_data frame with one event: the whole book, or changes to it."""
        time = short_time(ts_event, _MICROSECONDS)
        return self.level2_text(ts_event, changes, time, snapshot=snapshot).numbered(number)

    def level2_text(
        self, ts_event: int, changes: Changes, event_time: str, *, snapshot: bool = False
    ) -> AdvancedText:
        """Return an l2_data frame without a number; `event_time` stands at every level."""
        rows = self._updates(changes, event_time)
        kind = "snapshot" if snapshot else "update"
        event = f'{{"type":"{kind}","product_id":{self._product},"updates":[{rows}]}}'
        return advanced_text("l2_data", ts_event, event)

    def _updates(self, changes: Changes, time: str) -> str:
        bid, offer = (
            f'{{"side":"{side}","event_time":"{time}","price_level":"' for side in ("bid", "offer")
        )
        if isinstance(changes, Levels):
            return self._writer.write(changes, bid, offer, '","new_quantity":"', '"}')
        return ",".join(
            f'{bid if side is Side.BUY else offer}{self.price(ticks)}",'
            f'"new_quantity":"{self.size(quanta)}"}}'
            for side, ticks, quanta in changes
        )

    def market_trades(
        self,
        number: int,
        ts_event: int,
        trades: Sequence[PrintedTrade],
        *,
        snapshot: bool = False,
    ) -> bytes:
        """Return a market_trades frame; `trades` come oldest first and are written newest first."""
        return self.market_trades_text(ts_event, trades, snapshot=snapshot).numbered(number)

    def market_trades_text(
        self, ts_event: int, trades: Sequence[PrintedTrade], *, snapshot: bool = False
    ) -> AdvancedText:
        """Return a market_trades frame without a number."""
        rows = ",".join(
            f'{{"product_id":{self._product},"trade_id":"{trade.trade_id}",'
            f'"price":"{self.price(trade.ticks)}","size":"{self.size(trade.quanta)}",'
            f'"time":"{short_time(trade.ts_event, _MICROSECONDS)}","side":"{_maker(trade.side)}"}}'
            for trade in reversed(trades)
        )
        kind = "snapshot" if snapshot else "update"
        event = f'{{"type":"{kind}","trades":[{rows}]}}'
        return advanced_text("market_trades", ts_event, event)

    def ticker(
        self,
        number: int,
        ts_event: int,
        day: DayText,
        best: tuple[Quote, Quote] | None,
    ) -> bytes:
        """Return a ticker frame; without `best` it is the batch channel's, which shows none."""
        return self.ticker_text(ts_event, day, best).numbered(number)

    def ticker_text(
        self,
        ts_event: int,
        day: DayText,
        best: tuple[Quote, Quote] | None,
        *,
        snapshot: bool = False,
    ) -> AdvancedText:
        """Return a ticker frame without a number."""
        channel = "ticker_batch" if best is None else "ticker"
        row = (
            f'{{"type":"ticker","product_id":{self._product},"price":"{day.last}",'
            f'"volume_24_h":"{day.volume}","low_24_h":"{day.low}","high_24_h":"{day.high}",'
            f'"low_52_w":"{day.year_low}","high_52_w":"{day.year_high}",'
            f'"price_percent_chg_24_h":"{day.change_percent}"'
            f"{'' if best is None else self._best(*best)}}}"
        )
        kind = "snapshot" if snapshot else "update"
        return advanced_text(channel, ts_event, f'{{"type":"{kind}","tickers":[{row}]}}')

    def _best(self, bid: Quote, ask: Quote) -> str:
        (bid_ticks, bid_quanta), (ask_ticks, ask_quanta) = bid or (0, 0), ask or (0, 0)
        return (
            f',"best_bid":"{self.price(bid_ticks)}","best_ask":"{self.price(ask_ticks)}",'
            f'"best_bid_quantity":"{self.size(bid_quanta)}",'
            f'"best_ask_quantity":"{self.size(ask_quanta)}"'
        )

    def candles(
        self, number: int, ts_event: int, candles: Iterable[Candle], *, snapshot: bool = False
    ) -> bytes:
        """Return a candles frame, in the order given."""
        return self.candles_text(ts_event, candles, snapshot=snapshot).numbered(number)

    def candles_text(
        self, ts_event: int, candles: Iterable[Candle], *, snapshot: bool = False
    ) -> AdvancedText:
        """Return a candles frame without a number."""
        rows = ",".join(
            f'{{"start":"{candle.open_ns // _SECOND_NS}","high":"{self.price(candle.high_ticks)}",'
            f'"low":"{self.price(candle.low_ticks)}","open":"{self.price(candle.open_ticks)}",'
            f'"close":"{self.price(candle.close_ticks)}",'
            f'"volume":"{self.size(candle.volume_quanta)}","product_id":{self._product}}}'
            for candle in candles
        )
        kind = "snapshot" if snapshot else "update"
        event = f'{{"type":"{kind}","candles":[{rows}]}}'
        return advanced_text("candles", ts_event, event)


def advanced_text(channel: str, ts_event: int, *events: str) -> AdvancedText:
    """Return an Advanced Trade frame around the JSON text of its events, without a number."""
    head = (
        f'{{"channel":"{channel}","client_id":"","timestamp":"{short_time(ts_event, 9)}",'
        f'"sequence_num":'
    )
    return AdvancedText(head.encode(), f',"events":[{",".join(events)}]}}'.encode())


def advanced_frame(channel: str, number: int, ts_event: int, *events: str) -> bytes:
    """Return an Advanced Trade frame around the JSON text of its events."""
    return advanced_text(channel, ts_event, *events).numbered(number)


def advanced_heartbeat(number: int, ts_event: int, counter: int) -> bytes:
    """Return a heartbeats frame; the counter is a number, as on the wire."""
    return advanced_heartbeat_text(ts_event, counter).numbered(number)


def advanced_heartbeat_text(ts_event: int, counter: int) -> AdvancedText:
    """Return a heartbeats frame without a number."""
    time = short_time(ts_event, 9).replace("T", " ").replace("Z", " +0000 UTC")
    event = f'{{"current_time":"{time}","heartbeat_counter":{counter}}}'
    return advanced_text("heartbeats", ts_event, event)


def advanced_subscriptions(
    number: int, ts_event: int, subscriptions: Mapping[str, Sequence[str]]
) -> bytes:
    """Return the acknowledgement that lists everything the connection is subscribed to."""
    listed = _text({name: list(products) for name, products in subscriptions.items()}).decode()
    return advanced_frame("subscriptions", number, ts_event, f'{{"subscriptions":{listed}}}')


def advanced_error(message: str) -> bytes:
    """Return an error, which carries no sequence_num."""
    return b'{"type":"error","message":%b}' % _text(message)


class ExchangeWriter:
    """Write Exchange's messages of one product."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._product = _text(instrument.symbol).decode()
        self._writer = _level_writer(instrument, padded=True)

    def price(self, ticks: int) -> str:
        """Return a price without trailing zeros."""
        instrument = self._instrument
        return to_text(ticks * instrument.tick_units, instrument.price_decimals, pad=False)

    def size(self, quanta: int) -> str:
        """Return a size without trailing zeros."""
        return self._instrument.size_text(quanta)

    def _level(self, ticks: int, quanta: int) -> str:
        """Return a level of the book as two padded texts."""
        size = to_text(quanta, self._instrument.size_decimals)
        return f'"{self._instrument.price_text(ticks)}","{size}"'

    def _levels(self, levels: Pairs) -> str:
        if isinstance(levels, Levels):
            return self._writer.pairs(levels)
        return ",".join(f"[{self._level(ticks, quanta)}]" for ticks, quanta in levels)

    def snapshot(self, bids: Pairs, asks: Pairs) -> bytes:
        """Return the whole book, asks first as captured."""
        return (
            f'{{"type":"snapshot","product_id":{self._product},'
            f'"asks":[{self._levels(asks)}],"bids":[{self._levels(bids)}]}}'
        ).encode()

    def _changes(self, changes: Changes) -> str:
        if isinstance(changes, Levels):
            return self._writer.write(changes, '["buy","', '["sell","', '","', '"]')
        return ",".join(
            f'["{side.lower()}",{self._level(ticks, quanta)}]' for side, ticks, quanta in changes
        )

    def update(self, ts_event: int, changes: Changes) -> bytes:
        """Return an l2update."""
        rows = self._changes(changes)
        return (
            f'{{"type":"l2update","product_id":{self._product},"changes":[{rows}],'
            f'"time":"{iso_text(ts_event, _MICROSECONDS)}"}}'
        ).encode()

    def match(
        self,
        trade: PrintedTrade,
        sequence: int,
        orders: tuple[str, str],
        *,
        last: bool = False,
    ) -> bytes:
        """Return a match, or the last_match after subscribing; `orders` are maker and taker."""
        maker, taker = orders
        size = self.size(trade.quanta)
        return (
            f'{{"type":"{"last_match" if last else "match"}","trade_id":{trade.trade_id},'
            f'"maker_order_id":"{maker}","taker_order_id":"{taker}",'
            f'"side":"{_maker(trade.side).lower()}","size":"{size}",'
            f'"price":"{self.price(trade.ticks)}","product_id":{self._product},'
            f'"sequence":{sequence},"time":"{iso_text(trade.ts_event, _MICROSECONDS)}"}}'
        ).encode()

    def ticker(
        self,
        trade: PrintedTrade,
        sequence: int,
        day: DayText,
        best: tuple[Quote, Quote],
        volume_30d: str = "0",
    ) -> bytes:
        """Return a ticker about the latest trade; its side is the taker's."""
        (bid_ticks, bid_quanta), (ask_ticks, ask_quanta) = best[0] or (0, 0), best[1] or (0, 0)
        bid, ask = self._instrument.price_text(bid_ticks), self._instrument.price_text(ask_ticks)
        return (
            f'{{"type":"ticker","sequence":{sequence},"product_id":{self._product},'
            f'"price":"{self.price(trade.ticks)}","open_24h":"{day.open}",'
            f'"volume_24h":"{day.volume}","low_24h":"{day.low}","high_24h":"{day.high}",'
            f'"volume_30d":"{volume_30d}","best_bid":"{bid}",'
            f'"best_bid_size":"{self.size(bid_quanta)}","best_ask":"{ask}",'
            f'"best_ask_size":"{self.size(ask_quanta)}","side":"{trade.side.lower()}",'
            f'"time":"{iso_text(trade.ts_event, _MICROSECONDS)}","trade_id":{trade.trade_id},'
            f'"last_size":"{self.size(trade.quanta)}"}}'
        ).encode()

    def heartbeat(self, ts_event: int, sequence: int, last_trade_id: int) -> bytes:
        """Return a heartbeat."""
        return (
            f'{{"type":"heartbeat","last_trade_id":{last_trade_id},"product_id":{self._product},'
            f'"sequence":{sequence},"time":"{iso_text(ts_event, _MICROSECONDS)}"}}'
        ).encode()


def exchange_subscriptions(subscriptions: Mapping[str, Sequence[str]]) -> bytes:
    """Return the acknowledgement that lists everything the connection is subscribed to."""
    channels = [
        {"name": name, "product_ids": list(products)} for name, products in subscriptions.items()
    ]
    return _text({"type": "subscriptions", "channels": channels})


def exchange_error(message: str, reason: str) -> bytes:
    """Return an error."""
    return _text({"type": "error", "message": message, "reason": reason})
