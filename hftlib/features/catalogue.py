"""The catalogue: every feature's name, place, unit, formula and source; docs come from it."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec

from hftlib.features import layout


class Group(StrEnum):
    """Say when a feature is measured."""

    FRAME = "every depth frame"
    TRADE = "every trade"
    BAR = "every closed bar of one second of event time"
    DEPTH = "on demand, from the whole depth held"


class Feature(msgspec.Struct, frozen=True):
    """Describe one feature: `index` is its place in the vector and in the kernel's array."""

    name: str
    index: int
    unit: str
    group: Group
    formula: str
    source: str = ""


_STOIKOV: Final = (
    "Stoikov, The micro-price: a high-frequency estimator of future prices, "
    "Quantitative Finance 18(12), 2018"
)
_CONT: Final = (
    "Cont, Kukanov, Stoikov, The price impact of order book events, "
    "Journal of Financial Econometrics 12(1), 2014"
)
_XU: Final = (
    "Xu, Gould, Howison, Multi-level order-flow imbalance in a limit order book, "
    "Market Microstructure and Liquidity 4(3-4), 2018"
)
_CARTEA: Final = (
    "Cartea, Jaimungal, Penalva, Algorithmic and High-Frequency Trading, "
    "Cambridge University Press, 2015"
)
_HUANG: Final = (
    "Huang, Stoll, Dealer versus auction markets: a paired comparison of execution costs on NASDAQ "
    "and the NYSE, Journal of Financial Economics 41(3), 1996"
)
_EASLEY: Final = (
    "Easley, López de Prado, O'Hara, Flow toxicity and liquidity in a high-frequency world, "
    "Review of Financial Studies 25(5), 2012"
)
_BARNDORFF: Final = (
    "Barndorff-Nielsen, Shephard, Power and bipower variation with stochastic volatility and "
    "jumps, Journal of Financial Econometrics 2(1), 2004"
)
_KYLE: Final = "Kyle, Continuous auctions and insider trading, Econometrica 53(6), 1985"
_AMIHUD: Final = (
    "Amihud, Illiquidity and stock returns: cross-section and time-series effects, "
    "Journal of Financial Markets 5(1), 2002"
)

QUOTE: Final = "quote units"
BASE: Final = "base units"
RATIO: Final = "-1 to 1"
BPS: Final = "bps"
COUNT: Final = "count"
IMPACT: Final = "quote units per base unit"
ILLIQUIDITY: Final = "bps per million quote units"
SLOPE: Final = "base units per bps"
COST_NAMES: Final = ("small", "medium", "large")


def _frame() -> Iterator[Feature]:
    group = Group.FRAME

    def of(name: str, index: int, unit: str, formula: str, source: str = "") -> Feature:
        return Feature(name, index, unit, group, formula, source)

    yield of("best_bid_price", layout.BEST_BID_PRICE, QUOTE, "b: the best bid")
    yield of("best_bid_size", layout.BEST_BID_SIZE, BASE, "qb: the size at the best bid")
    yield of("best_ask_price", layout.BEST_ASK_PRICE, QUOTE, "a: the best ask")
    yield of("best_ask_size", layout.BEST_ASK_SIZE, BASE, "qa: the size at the best ask")
    yield of("mid", layout.MID, QUOTE, "M = (b + a) / 2")
    yield of("spread", layout.SPREAD, QUOTE, "a - b")
    yield of("spread_ticks", layout.SPREAD_TICKS, "ticks", "(a - b) / tick")
    yield of("spread_bps", layout.SPREAD_BPS, BPS, "10⁴ (a - b) / M")
    formula = "b + (a - b)·I with I = qb / (qb + qa); the simple micro-price"
    yield of("weighted_mid", layout.WEIGHTED_MID, QUOTE, formula, _STOIKOV)
    for place, levels in enumerate((1, 5, 10, 20)):
        formula = f"(B - A) / (B + A), B and A the size in the first {levels} levels of each side"
        yield of(f"imbalance_{levels}", layout.IMBALANCE_1 + place, RATIO, formula, _CARTEA)
    formula = (
        "M + G*(I, spread), G* = Σ B^k (I - Q)⁻¹ R1 estimated from the frames so far: ten classes "
        "of imbalance, spreads of 1, 2, 3 and more ticks, transitions counted with their mirror "
        "images; estimated every 1,000 frames from 100 mid moves on"
    )
    yield of("micro_price", layout.MICRO_PRICE, QUOTE, formula, _STOIKOV)
    formula = "Σ over ten levels of the cumulative multi-level order-flow imbalance"
    yield of("ofi_10", layout.OFI_10, BASE, formula, _XU)
    formula = (
        "cumulative Σ e_n, e_n = 1{b_n ≥ b_n-1} qb_n - 1{b_n ≤ b_n-1} qb_n-1 "
        "- 1{a_n ≤ a_n-1} qa_n + 1{a_n ≥ a_n-1} qa_n-1 from depth frame to depth frame; "
        "a window is a difference of two values"
    )
    yield of("ofi_1", layout.OFI_1, BASE, formula, _CONT)
    for level in range(2, layout.OFI_LEVELS + 1):
        formula = f"as ofi_1, at level {level} of each side"
        yield of(f"ofi_level_{level}", layout.OFI_1 + level - 1, BASE, formula, _XU)
    formula = "how often order flow began anew (snapshot, gap): nothing is added across one"
    yield of("ofi_restarts", layout.OFI_RESTARTS, COUNT, formula)


def _trades() -> Iterator[Feature]:
    group = Group.TRADE

    def of(name: str, index: int, unit: str, formula: str, source: str = "") -> Feature:
        return Feature(name, index, unit, group, formula, source)

    yield of("last_trade_price", layout.LAST_TRADE_PRICE, QUOTE, "price of the last trade")
    yield of("last_trade_size", layout.LAST_TRADE_SIZE, BASE, "size of the last trade")
    yield of("trades", layout.TRADE_COUNT, COUNT, "trades so far")
    yield of("buy_volume", layout.BUY_VOLUME, BASE, "Σ size of trades whose buyer took")
    yield of("sell_volume", layout.SELL_VOLUME, BASE, "Σ size of trades whose seller took")
    formula = "cumulative volume delta: buy_volume - sell_volume"
    yield of("volume_delta", layout.VOLUME_DELTA, BASE, formula)
    for place, seconds in enumerate((1, 10)):
        formula = f"(V_buy - V_sell) / (V_buy + V_sell) over the last {seconds} s of event time"
        yield of(f"trade_flow_{seconds}s", layout.TRADE_FLOW_1S + place, RATIO, formula, _CARTEA)
    formula = "(V_buy - V_sell) / (V_buy + V_sell) over the last 100 trades"
    yield of("trade_flow_100", layout.TRADE_FLOW_100, RATIO, formula, _CARTEA)
    for place, seconds in enumerate((1, 10)):
        formula = f"volume traded in the last {seconds} s of event time"
        yield of(f"trade_volume_{seconds}s", layout.TRADE_VOLUME_1S + place, BASE, formula)
    formula = f"trades pushed out of a time window by the ring's {layout.TRADE_CAPACITY:,} places"
    yield of("trade_window_overflows", layout.TRADE_WINDOW_OVERFLOWS, COUNT, formula)
    formula = (
        "Σ |V_buy - V_sell| / (50·V) over the last 50 full buckets of volume V, by the true "
        "aggressor side (no bulk classification)"
    )
    yield of("vpin", layout.VPIN, "0 to 1", formula, _EASLEY)
    formula = "V: given, or 20 times the average size of the first 500 trades"
    yield of("vpin_bucket", layout.VPIN_BUCKET, BASE, formula, _EASLEY)
    formula = "mean over the last 100 trades of 2·s·(P - M) / M, M the mid before the trade"
    yield of("effective_spread_bps", layout.EFFECTIVE_SPREAD, BPS, formula, _HUANG)
    formula = "mean over the last 100 trades five seconds old of 2·s·(P - M_t+5s) / M"
    yield of("realised_spread_5s_bps", layout.REALISED_SPREAD, BPS, formula, _HUANG)
    formula = "mean over the same trades of 2·s·(M_t+5s - M) / M: effective minus realised"
    yield of("price_impact_5s_bps", layout.PRICE_IMPACT, BPS, formula, _HUANG)
    formula = f"trades that found the {layout.PENDING_CAPACITY:,} places of the wait for 5 s full"
    yield of("realised_spread_overflows", layout.REALISED_SPREAD_OVERFLOWS, COUNT, formula)


def _bars() -> Iterator[Feature]:
    group = Group.BAR

    def of(name: str, index: int, unit: str, formula: str, source: str = "") -> Feature:
        return Feature(name, index, unit, group, formula, source)

    formula = "10⁴ √RV, RV = Σ r² of the log mid over the bars of the window"
    yield of("realised_volatility_bps", layout.REALISED_VOLATILITY, BPS, formula, _BARNDORFF)
    formula = "10⁴ √BV, BV = π/2 Σ |r_i| |r_i-1|"
    yield of("bipower_volatility_bps", layout.BIPOWER_VOLATILITY, BPS, formula, _BARNDORFF)
    formula = "max(0, 1 - BV / RV)"
    yield of("jump_share", layout.JUMP_SHARE, "0 to 1", formula, _BARNDORFF)
    formula = "λ of the least-squares line ΔM_k = α + λ·(V_buy - V_sell)_k + u_k over the bars"
    yield of("kyle_lambda", layout.KYLE_LAMBDA, IMPACT, formula, _KYLE)
    formula = "mean of |r_k| / (value traded)_k over the bars that traded"
    yield of("amihud", layout.AMIHUD, ILLIQUIDITY, formula, _AMIHUD)
    formula = (
        "max(0, R - V) / V over the bars: V the volume traded, R what left the best queues from "
        "frame to frame (their C + M); a lower bound, since a frame nets what came and went"
    )
    yield of("cancel_to_trade", layout.CANCEL_TO_TRADE, "ratio", formula, _CONT)
    formula = "bars in the window so far (the window is 60 bars unless set)"
    yield of("bars_held", layout.BARS_HELD, COUNT, formula)


def _depth() -> Iterator[Feature]:
    group = Group.DEPTH

    def of(name: str, index: int, unit: str, formula: str, source: str = "") -> Feature:
        return Feature(name, index, unit, group, formula, source)

    for first, side in ((layout.BID_DEPTH, "bid"), (layout.ASK_DEPTH, "ask")):
        for place, bps in enumerate(layout.BAND_BPS):
            formula = f"{side} size within {bps:g} bps of the mid; None where the book held ends"
            yield of(f"{side}_depth_{bps:g}bps", first + place, BASE, formula)
    for place, bps in enumerate(layout.BAND_BPS):
        formula = f"(B - A) / (B + A), B and A the depth within {bps:g} bps of the mid"
        yield of(f"imbalance_{bps:g}bps", layout.BAND_IMBALANCE + place, RATIO, formula, _CARTEA)
    for index, side in ((layout.BID_SLOPE, "bid"), (layout.ASK_SLOPE, "ask")):
        formula = (
            f"Σ d·C(d) / Σ d² over the {side} levels within {layout.SLOPE_BPS:g} bps, C(d) the "
            "size up to distance d in bps: least squares through the mid"
        )
        yield of(f"{side}_slope_25bps", index, SLOPE, formula)
    for prices, costs, verb in (
        (layout.BUY_PRICE, layout.BUY_COST, "buy"),
        (layout.SELL_PRICE, layout.SELL_COST, "sell"),
    ):
        for place, size in enumerate(COST_NAMES):
            formula = f"average price to {verb} the {size} size now, walking the book"
            yield of(f"{verb}_price_{size}", prices + place, QUOTE, formula)
            formula = f"how much worse than the mid {verb}_price_{size} is"
            yield of(f"{verb}_cost_{size}_bps", costs + place, BPS, formula)


CATALOGUE: Final[tuple[Feature, ...]] = tuple(
    sorted((*_frame(), *_trades(), *_bars(), *_depth()), key=lambda feature: feature.index)
)
"""Every feature, in the order of the vector."""

NAMES: Final[tuple[str, ...]] = tuple(feature.name for feature in CATALOGUE)

ALIASES: Final = {"micro_price_simple": "weighted_mid", "cvd": "volume_delta"}
"""Other names by which `index_of` knows a feature."""

_INDEXES: Final = {feature.name: feature.index for feature in CATALOGUE}


def index_of(name: str) -> int:
    """Return a feature's place in the vector; raises KeyError naming the feature."""
    try:
        return _INDEXES[ALIASES.get(name, name)]
    except KeyError:
        raise KeyError(f"no feature is called {name!r}; see docs/features.md") from None


def feature_of(name: str) -> Feature:
    """Return a feature by its name or its alias; raises KeyError naming the feature."""
    return CATALOGUE[index_of(name)]
