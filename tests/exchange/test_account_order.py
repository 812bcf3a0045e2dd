"""Sizes and cash of an order in units of its assets, and what an order says of itself."""

import pytest

from hftlib.core.venue import BINANCE, COINBASE
from hftlib.exchange.account_order import AccountOrder, Status, base_units, quote_units
from hftlib.market.listings import LISTINGS, listing_of
from hftlib.market.orders import BookSide, OrderKind

BTC = listing_of(BINANCE, "BTCUSDT")
ADA = listing_of(BINANCE, "ADAUSDT")


def test_lots_and_cash_are_exact_units() -> None:
    assert base_units(BTC, 1) == 1_000
    assert quote_units(BTC, 6_400_000 * 100_000) == 64_000 * 10**8
    assert base_units(ADA, 1) == 10_000_000
    assert quote_units(ADA, 1) == 1_000


@pytest.mark.parametrize("listing", [one for one in LISTINGS if one.venue == BINANCE])
def test_every_spot_symbol_settles_in_whole_units(listing: object) -> None:
    assert base_units(listing, 1) > 0  # type: ignore[arg-type]
    assert quote_units(listing, 1) > 0  # type: ignore[arg-type]


def test_what_is_finer_than_a_unit_is_refused() -> None:
    fine = listing_of(COINBASE, "BTC-USD")
    finer = BTC._replace(instrument=_with_lot(fine, "0.000000001"))

    with pytest.raises(ValueError, match="a tick times a lot of BTC-USD is finer"):
        quote_units(fine, 1)
    with pytest.raises(ValueError, match="a lot of BTC-USD is finer"):
        base_units(finer, 1)


def _with_lot(listing: object, lot: str) -> object:
    import msgspec

    instrument = listing.instrument  # type: ignore[attr-defined]
    return msgspec.structs.replace(instrument, lot=lot, size_quantum=lot)


def test_order_tells_its_state() -> None:
    order = AccountOrder(BTC, 1, "mine", 0)
    order.quantity, order.executed_lots, order.prevented_lots = 10, 3, 2

    assert order.is_live
    assert order.is_buy
    assert not order.is_working
    assert not order.is_algorithmic
    assert order.remaining == 5
    assert order.locked_asset == "USDT"

    order.side, order.kind, order.status = BookSide.ASK, OrderKind.TAKE_PROFIT, Status.EXPIRED
    order.working_ns = 0

    assert not order.is_live
    assert not order.is_buy
    assert order.is_working
    assert order.is_algorithmic
    assert order.locked_asset == "BTC"
