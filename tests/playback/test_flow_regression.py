"""The OFI study gives the figures that the captures state."""

import gzip
import json
from decimal import Decimal

import pytest

from hftlib.features.regression import (
    Quotes,
    mean_r_squared,
    order_flow,
    quotes_of,
    regress_flow,
    regress_parts,
)

SECOND = 1_000_000_000
HALF_HOUR = 1800 * SECOND
OPENING, CLOSING = 34_200 * SECOND, 57_600 * SECOND


@pytest.fixture(scope="module")
def bitcoin(captures) -> Quotes:
    """Read every bookTicker of both files; stamps are those of arrival."""
    rows = []
    for path in sorted(captures("binance-spot-btc-20240808").glob("btcusdt_*.gz")):
        with gzip.open(path) as lines:
            for line in lines:
                if b"@bookTicker" in line:
                    stamp, _, text = line.partition(b" ")
                    data = json.loads(text)["data"]
                    rows.append((int(stamp), data["b"], data["B"], data["a"], data["A"]))
    ticks = [[int(Decimal(row[k]) * 100) for row in rows] for k in (1, 3)]
    sizes = [[float(row[k]) for row in rows] for k in (2, 4)]
    return quotes_of([row[0] for row in rows], ticks[0], sizes[0], ticks[1], sizes[1])


@pytest.fixture(scope="module")
def amazon(captures) -> Quotes:
    folder = captures("lobster-amzn-20120621")
    with gzip.open(next(folder.glob("*message_1.csv.gz")), "rt") as lines:
        stamps = [int(Decimal(line.split(",", 1)[0]) * SECOND) for line in lines]
    with gzip.open(next(folder.glob("*orderbook_1.csv.gz")), "rt") as lines:
        rows = [[int(cell) for cell in line.split(",")] for line in lines]
    asks, ask_sizes, bids, bid_sizes = zip(*rows, strict=True)
    cents = [[price // 100 for price in side] for side in (bids, asks)]
    return quotes_of(stamps, cents[0], bid_sizes, cents[1], ask_sizes)


@pytest.mark.parametrize(
    ("seconds", "n", "r_squared"), [(1, 650, 0.513), (5, 130, 0.6135), (10, 65, 0.589)]
)
def test_bitcoin_spot(bitcoin: Quotes, seconds: int, n: int, r_squared: float) -> None:
    found = regress_flow(bitcoin, seconds * SECOND, tick_size=0.01)
    assert found.n == n
    assert found.r_squared == pytest.approx(r_squared, abs=5e-4)


def test_bitcoin_impact_per_coin(bitcoin: Quotes) -> None:
    assert bitcoin.ts.size == 73_174
    found = regress_flow(bitcoin, 5 * SECOND, tick_size=0.01)
    assert found.beta == pytest.approx(0.3258, abs=5e-5)


def test_amazon_whole_day(amazon: Quotes) -> None:
    found = regress_flow(amazon, 10 * SECOND, anchor_ns=OPENING, end_ns=CLOSING)
    assert found.n == 2_340
    assert found.beta == pytest.approx(0.002537, abs=5e-7)
    assert found.r_squared == pytest.approx(0.3120, abs=5e-5)


def test_amazon_half_hours(amazon: Quotes) -> None:
    parts = regress_parts(amazon, 10 * SECOND, HALF_HOUR, anchor_ns=OPENING, end_ns=CLOSING)
    assert [part.n for part in parts] == [180] * 13
    assert mean_r_squared(parts) == pytest.approx(0.525, abs=5e-4)
    assert min(part.r_squared for part in parts) == pytest.approx(0.227, abs=5e-4)
    assert max(part.r_squared for part in parts) == pytest.approx(0.651, abs=5e-4)


def test_only_quote_changes_flow(amazon: Quotes) -> None:
    flow = order_flow(amazon)
    assert flow[0] == 0
    still = (
        (amazon.bid_ticks[1:] == amazon.bid_ticks[:-1])
        & (amazon.ask_ticks[1:] == amazon.ask_ticks[:-1])
        & (amazon.bid_size[1:] == amazon.bid_size[:-1])
        & (amazon.ask_size[1:] == amazon.ask_size[:-1])
    )
    assert not flow[1:][still].any()
    assert still.any()
