"""Rows of history as Arrow tables: integers in, the columns of `questions` out.

What a store and a tape know of the same thing passes through here, so that both answer alike.
"""

from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hftlib.core.instrument import Instrument
from hftlib.desk import questions
from hftlib.desk.markouts import markouts
from hftlib.desk.questions import Question, horizon_name, markout_schema

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_LOW: Final = 32


class TradeRows(msgspec.Struct, frozen=True, eq=False):
    """Hold trades in the order of their arrival; `ts_event` is an Arrow column, null where none."""

    ts_event: pa.Array
    ts_recv: Ints
    ingress_seq: Ints
    trade_id: Ints
    is_buy: NDArray[np.bool_]
    price_ticks: Ints
    size_quanta: Ints
    aggregate: NDArray[np.bool_]
    historical: NDArray[np.bool_]

    @property
    def times(self) -> Ints:
        """Return the event times, the receive times where there are none."""
        filled = pc.coalesce(self.ts_event, pa.array(self.ts_recv))
        return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.int64)

    def take(self, chosen: NDArray[Any]) -> "TradeRows":
        """Return the rows chosen by a mask or by places."""
        places = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen
        return TradeRows(
            self.ts_event.take(pa.array(places)),
            *(getattr(self, name)[places] for name in self.__struct_fields__[1:]),
        )


class Prices:
    """Turn ticks and quanta of an instrument into quote and base units."""

    def __init__(self, instrument: Instrument) -> None:
        """Take the increments of an instrument."""
        self._tick_units = instrument.tick_units
        self._price = 10.0**instrument.price_decimals
        self._size = 10.0**instrument.size_decimals
        self.instrument = instrument

    def prices(self, ticks: Ints) -> Floats:
        """Return ticks as prices, each the double next to the exact decimal."""
        return np.asarray(ticks * self._tick_units / self._price, dtype=np.float64)

    def sizes(self, quanta: Ints) -> Floats:
        """Return quanta as sizes."""
        return np.asarray(quanta / self._size, dtype=np.float64)

    def amounts(self, quanta: list[int], products: list[int]) -> Floats:
        """Return what was traded in quote units, from sums of quanta and of ticks times quanta."""
        one = self.instrument
        multiplier = float(one.multiplier)
        if one.inverse:
            return np.array([count * multiplier / self._size for count in quanta])
        scale = 10 ** (one.price_decimals + one.size_decimals)
        return np.array([total * one.tick_units / scale * multiplier for total in products])


def trade_table(rows: TradeRows, instrument: Instrument) -> pa.Table:
    """Return trades as the answer shows them."""
    prices = Prices(instrument)
    return table_of(
        questions.TRADES,
        instrument,
        len(rows.ts_recv),
        ts_event=rows.ts_event,
        ts_recv=rows.ts_recv,
        ingress_seq=rows.ingress_seq,
        trade_id=rows.trade_id,
        side=_sides(rows),
        price=prices.prices(rows.price_ticks),
        size=prices.sizes(rows.size_quanta),
        price_ticks=rows.price_ticks,
        size_quanta=rows.size_quanta,
        aggregate=rows.aggregate,
        historical=rows.historical,
    )


def counted(rows: TradeRows) -> TradeRows:
    """Return each traded volume once, in the order of arrival.

    Of single and of aggregate trades the single ones count where there are any; of trades with
    one number the first, those of the stream before those that were told afterwards.
    """
    if not rows.ts_recv.size:
        return rows
    single = ~rows.aggregate
    rows = rows.take(single if single.any() else rows.aggregate)
    order = np.lexsort((np.arange(rows.trade_id.size), rows.historical, rows.trade_id))
    numbers = rows.trade_id[order]
    is_first = np.r_[True, numbers[1:] != numbers[:-1]]
    return rows.take(np.sort(order[is_first]))


def candle_table(rows: TradeRows, question: Question, instrument: Instrument) -> pa.Table:
    """Return bars of trades; a bar without trades is not made up."""
    rows = counted(rows)
    rows = rows.take(np.argsort(rows.times, kind="stable"))
    length = questions.INTERVALS_NS[question.interval]
    times = rows.times
    opens = times - times % length
    starts = np.flatnonzero(np.r_[True, opens[1:] != opens[:-1]]) if opens.size else opens
    ends = np.r_[starts[1:], opens.size] - 1 if opens.size else opens
    ticks, quanta = rows.price_ticks, rows.size_quanta
    volumes = _sums(quanta, starts)
    bought = _sums(np.where(rows.is_buy, quanta, 0), starts)
    return bar_table(
        question,
        instrument,
        ts_open=opens[starts],
        ticks=(
            ticks[starts],
            _reduced(np.maximum, ticks, starts),
            _reduced(np.minimum, ticks, starts),
            ticks[ends],
        ),
        volumes=volumes,
        products=_product_sums(ticks, quanta, starts),
        bought=bought,
        trades=(ends - starts + 1).tolist(),
        origin="trades",
    )


def bar_table(
    question: Question,
    instrument: Instrument,
    *,
    ts_open: Ints,
    ticks: tuple[Ints, Ints, Ints, Ints],
    volumes: list[int],
    products: list[int] | None,
    bought: list[int] | None,
    trades: list[int] | None,
    origin: str,
) -> pa.Table:
    """Return bars as the answer shows them; what a venue's candle does not tell is None."""
    prices, count = Prices(instrument), len(ts_open)
    opened, high, low, close = map(prices.prices, ticks)
    sizes = prices.sizes
    return table_of(
        questions.CANDLES,
        instrument,
        count,
        interval=pa.repeat(question.interval, count),
        ts_open=ts_open,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=sizes(np.array(volumes, dtype=np.int64)),
        quote_volume=None if products is None else prices.amounts(volumes, products),
        buy_volume=None if bought is None else sizes(np.array(bought, dtype=np.int64)),
        trades=trades,
        origin=pa.repeat(origin, count),
    )


def told_table(
    question: Question,
    instrument: Instrument,
    opens: Ints,
    ticks: tuple[Ints, Ints, Ints, Ints],
    volumes: list[int],
) -> pa.Table:
    """Return candles that the venue told, minutes of theirs joined where longer ones are meant.

    `opens` never fall; they begin bars of the question's interval, or minutes within such bars.
    """
    length = questions.INTERVALS_NS[question.interval]
    starts_at = opens - opens % length
    starts = np.flatnonzero(np.r_[True, starts_at[1:] != starts_at[:-1]]) if opens.size else opens
    ends = np.r_[starts[1:], opens.size] - 1 if opens.size else opens
    return bar_table(
        question,
        instrument,
        ts_open=starts_at[starts],
        ticks=(
            ticks[0][starts],
            _reduced(np.maximum, ticks[1], starts),
            _reduced(np.minimum, ticks[2], starts),
            ticks[3][ends],
        ),
        volumes=_sums(np.array(volumes, dtype=np.int64), starts),
        products=None,
        bought=None,
        trades=None,
        origin="venue",
    )


def direct_or_rolled(direct: pa.Table, rolled: pa.Table) -> pa.Table:
    """Return what the venue told of bars, and what its minutes make of those it did not tell."""
    held = set(direct["ts_open"].to_pylist())
    is_new = [at not in held for at in rolled["ts_open"].to_pylist()]
    return pa.concat_tables([direct, rolled.filter(pa.array(is_new, pa.bool_()))]).sort_by(
        "ts_open"
    )


def merged_candles(own: pa.Table, told: pa.Table) -> pa.Table:
    """Return one bar a time: whichever saw more volume, that of trades where both saw the same.

    A desk that began, stopped or lost trades within a bar has seen less than the venue tells.
    """
    volumes = dict(zip(told["ts_open"].to_pylist(), told["volume"].to_pylist(), strict=True))
    kept = [
        volumes.get(at, volume) <= volume
        for at, volume in zip(own["ts_open"].to_pylist(), own["volume"].to_pylist(), strict=True)
    ]
    own = own.filter(pa.array(kept, pa.bool_()))
    held = set(own["ts_open"].to_pylist())
    told = told.filter(pa.array([at not in held for at in volumes], pa.bool_()))
    return pa.concat_tables([own, told]).sort_by("ts_open")


def markout_table(
    question: Question,
    instrument: Instrument,
    rows: TradeRows | None,
    mid_times: Ints,
    mids: Floats,
) -> pa.Table:
    """Return the markouts of trades, or of the times asked for (rows None, the move unsigned)."""
    if rows is None:
        times = np.array(question.times or (), dtype=np.int64)
        signs = np.ones(times.size, dtype=np.int64)
        of_trade: dict[str, Any] = {}
    else:
        prices = Prices(instrument)
        times, signs = rows.ts_recv, np.where(rows.is_buy, 1, -1)
        of_trade = {
            "ts_event": rows.ts_event,
            "trade_id": rows.trade_id,
            "side": _sides(rows),
            "price": prices.prices(rows.price_ticks),
            "size": prices.sizes(rows.size_quanta),
        }
    before, moves = markouts(times, signs, mid_times, mids, question.horizons)
    named = {
        horizon_name(one): _nullable(move)
        for one, move in zip(question.horizons, moves, strict=True)
    }
    columns = {"ts_recv": times, "mid": _nullable(before), **of_trade, **named}
    return table_of(markout_schema(question), instrument, times.size, **columns)


def table_of(schema: pa.Schema, instrument: Instrument, count: int, **columns: Any) -> pa.Table:
    """Return a table of a schema; a column that is None is null throughout."""
    columns["venue"] = pa.repeat(instrument.venue, count)
    columns["symbol"] = pa.repeat(instrument.symbol, count)
    arrays = [
        pa.nulls(count, field.type) if columns[field.name] is None else _array(columns, field)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(columns: dict[str, Any], field: pa.Field) -> pa.Array:
    column = columns[field.name]
    if isinstance(column, pa.Array | pa.ChunkedArray):
        return column.cast(field.type)
    return pa.array(column, type=field.type)


def _nullable(values: Floats) -> pa.Array:
    """Return floats with null in place of NaN."""
    return pa.array(values, mask=np.isnan(values))


def _sides(rows: TradeRows) -> pa.Array:
    return pc.if_else(pa.array(rows.is_buy), "BUY", "SELL")


def _reduced(function: np.ufunc, values: Ints, starts: Ints) -> Ints:
    return np.asarray(function.reduceat(values, starts) if starts.size else values, dtype=np.int64)


def _sums(values: Ints, starts: Ints) -> list[int]:
    return np.add.reduceat(values, starts).tolist() if starts.size else []


def _product_sums(ticks: Ints, quanta: Ints, starts: Ints) -> list[int]:
    """Return sums of ticks times quanta, which may not fit 63 bits: halves are added apart."""
    upper, lower = quanta >> _LOW, quanta & ((1 << _LOW) - 1)
    highs, lows = _sums(ticks * upper, starts), _sums(ticks * lower, starts)
    return [(high << _LOW) + low for high, low in zip(highs, lows, strict=True)]
