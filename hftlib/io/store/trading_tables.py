"""Tables of what the desk concluded and did: signals, orders, fills, accounts, arbitrage.

The ledger's database is the truth of orders, fills and cash; these rows are for looking back.
Money is counted in minor units beside the decimal text of one unit.
"""

from collections.abc import Iterator
from typing import Final

from hftlib.io.store.schema import (
    Column,
    Keep,
    Kind,
    Table,
    book_name,
    flag,
    increments,
    name,
    number,
    several,
    stamp,
    stamps,
    text,
    whole,
)

SIGNALS: Final = Table(
    "signals",
    "every signal with its reasons; NEUTRAL has no confidence",
    (
        *stamps(),
        *book_name(),
        whole("ingress_seq", "arrival number of the frame that raised it"),
        name("signal", "name of the signal"),
        name("parameters", "its parameters as JSON"),
        name("side", "BUY, SELL or NEUTRAL"),
        number("score", "raw score", nullable=True),
        number("confidence", "confidence of the rule", nullable=True),
        number("calibrated_direction", "probability that the mid moves so", nullable=True),
        number("calibrated_profit", "probability that it moves by more than costs", nullable=True),
        whole("observations", "observations behind the calibration", nullable=True),
        whole("horizon_ns", "horizon that it speaks of", nullable=True),
        number("mid", "mid price at that moment", nullable=True),
        number("spread_bps", "spread at that moment", nullable=True),
        several("features", Kind.NAMES, "features that it weighed"),
        several("contributions", Kind.NUMBERS, "what each of them contributed"),
        text("reason", "why, in words"),
    ),
    ("signal", "venue", "symbol", "ts_recv"),
    Keep.SECOND,
)


def _order_name() -> Iterator[Column]:
    yield name("account", "account")
    yield text("client_order_id", "the order's name within the account")
    yield from book_name()
    yield name("side", "BUY or SELL")


ORDERS: Final = Table(
    "orders",
    "every transition of every order, with the receipt as far as it is known by then",
    (
        *stamps(),
        *_order_name(),
        name("kind", "MARKET, LIMIT, STOP, STOP_LIMIT, TAKE_PROFIT, ..."),
        name("time_in_force", "GTC, IOC, FOK or GTX"),
        flag("reduce_only", "may only make a position smaller"),
        text("parent", "the order that it is attached to (bracket, OCO), or empty"),
        name("origin", "who sent it: a person, or a strategy's name"),
        name("state", "state that it moved to"),
        text("reason", "why, in words"),
        whole("price_ticks", "limit price in ticks", nullable=True),
        whole("stop_ticks", "stop price in ticks", nullable=True),
        whole("size_lots", "size in lots"),
        whole("filled_lots", "filled by then, in lots"),
        *increments(lot=True),
        name("fill_model", "flat, book or queue"),
        whole("latency_ns", "latency used", nullable=True),
        number("arrival_mid", "mid when it was decided", nullable=True),
        number("arrival_micro_price", "micro-price then", nullable=True),
        whole("levels_eaten", "levels of the book that it took", nullable=True),
        whole("queue_ahead_quanta", "queue ahead of it by then, in quanta", nullable=True),
        number("slippage_bps", "average fill against the arrival's best price", nullable=True),
        number("shortfall_bps", "implementation shortfall with fees", nullable=True),
        number("break_even_price", "price at which it breaks even with fees", nullable=True),
        whole("fee_units", "fees so far in minor units", nullable=True),
        name("fee_unit", "one minor unit, decimal text"),
        name("fee_currency", "currency of the fees"),
        several("other_models", Kind.NAMES, "other fill models asked"),
        several("other_prices", Kind.NUMBERS, "average price that each would have given"),
    ),
    ("account", "venue", "symbol", "ts_recv"),
    Keep.ALWAYS,
)

FILLS: Final = Table(
    "fills",
    "every fill",
    (
        *stamps(),
        *_order_name(),
        whole("fill_id", "number of the fill within the account"),
        whole("price_ticks", "price in ticks"),
        whole("size_lots", "size in lots"),
        *increments(lot=True),
        flag("is_maker", "a resting order was met"),
        whole("fee_units", "fee in minor units, positive when paid"),
        name("fee_unit", "one minor unit, decimal text"),
        name("fee_currency", "currency of the fee"),
        number("mid", "mid of the book then", nullable=True),
    ),
    ("account", "venue", "symbol", "ts_recv"),
    Keep.ALWAYS,
)

OPPORTUNITIES: Final = Table(
    "opportunities",
    "every opportunity of arbitrage with its waterfall; told again, the later row replaces",
    (
        *stamps(),
        text("opportunity", "its name within the run"),
        name("kind", "cross, triangular, converted or basis"),
        name("stage", "born, peak or died"),
        stamp("ts_born", "when it was first there"),
        stamp("ts_peak", "when its net was highest", nullable=True),
        stamp("ts_died", "when it was gone", nullable=True),
        several("leg_venues", Kind.NAMES, "venues of the legs"),
        several("leg_symbols", Kind.NAMES, "symbols of the legs"),
        several("leg_sides", Kind.NAMES, "BUY or SELL, leg by leg"),
        several("leg_ticks", Kind.WHOLES, "worst price taken of each leg, in ticks"),
        several("leg_lots", Kind.WHOLES, "size of each leg, in lots"),
        several("leg_increments", Kind.NAMES, "price of one tick of each leg"),
        several("leg_lot_sizes", Kind.NAMES, "size of one lot of each leg"),
        name("currency", "currency of the money columns"),
        number("size_base", "size at its optimum, in base units"),
        number("gross_bps", "gross edge"),
        number("fees_bps", "taker fees of the legs"),
        number("depth_bps", "what walking the books costs"),
        number("conversion_bps", "conversion of currencies"),
        number("latency_bps", "haircut for slippage and latency"),
        number("carry_bps", "transfer, inventory or funding"),
        number("net_bps", "what is left"),
        number("net", "what is left, in the currency"),
        number("peak_net_bps", "highest net of its life"),
        number("simple_bps", "the simple formula's figure, for comparison"),
        whole("quote_age_ns", "age of the older quote against the other leg"),
        number("left_on_arrival_bps", "net after the account's latency", nullable=True),
    ),
    ("desk", "run", "ts_born", "opportunity"),
    Keep.SECOND,
    stamp="ts_born",
    newest_wins=True,
    sharded_by=("desk",),
)

ACCOUNT_EQUITY: Final = Table(
    "account_equity",
    "what every account was worth, once a second",
    (
        *stamps(),
        name("account", "account"),
        name("currency", "currency of the columns"),
        name("unit", "one minor unit, decimal text"),
        whole("equity_units", "worth in all, in minor units"),
        whole("cash_units", "cash, in minor units"),
        whole("realised_units", "realised profit so far, net of fees"),
        whole("unrealised_units", "unrealised profit"),
        whole("fees_units", "fees paid so far"),
        whole("exposure_units", "sum of the positions' absolute values"),
        number("drawdown", "fall from the highest equity, 0 to 1"),
        flag("is_valued", "every position had a trusted book to value it"),
    ),
    ("account", "ts_recv"),
    Keep.ALWAYS,
    sharded_by=("account",),
)

STRATEGY_STATS: Final = Table(
    "strategy_stats",
    "the statistics of a strategy or signal over a window, each time they are taken",
    (
        *stamps(),
        name("account", "account, empty where a signal alone is judged"),
        name("strategy", "strategy or signal"),
        *book_name(),
        name("period", "what they were taken over"),
        whole("horizon_ns", "horizon that they speak of", nullable=True),
        whole("trades", "closed trades"),
        whole("executions", "fills"),
        several("figures", Kind.NAMES, "names of the figures: win_rate, sharpe, brier, ..."),
        several("estimates", Kind.NUMBERS, "their values"),
        several("low", Kind.NUMBERS, "lower ends of their intervals, empty where there are none"),
        several("high", Kind.NUMBERS, "upper ends of their intervals"),
    ),
    ("strategy", "account", "ts_recv"),
    Keep.ALWAYS,
    sharded_by=("account", "strategy"),
)

DECISIONS: Final = Table(
    "decisions",
    "what the risk gate said to every intent, with the numbers of a refusal",
    (
        *stamps(),
        name("account", "account"),
        *book_name(),
        text("intent", "the intent's name: the client order id that it has or would have had"),
        name("origin", "who wanted it: a person, or a strategy's name"),
        name("signal", "signal behind it, or empty"),
        number("confidence", "its confidence", nullable=True),
        name("side", "BUY or SELL"),
        whole("price_ticks", "price in ticks", nullable=True),
        whole("size_lots", "size in lots"),
        *increments(lot=True),
        name("outcome", "APPROVED or REFUSED"),
        name("rule", "rule that refused it, or empty"),
        number("measured", "what the rule measured", nullable=True),
        number("allowed", "what it allows", nullable=True),
        text("reason", "why, in words"),
    ),
    ("account", "venue", "symbol", "ts_recv"),
    Keep.ALWAYS,
)

TRADING_TABLES: Final = (
    SIGNALS,
    ORDERS,
    FILLS,
    OPPORTUNITIES,
    ACCOUNT_EQUITY,
    STRATEGY_STATS,
    DECISIONS,
)
