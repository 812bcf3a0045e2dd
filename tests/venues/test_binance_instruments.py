import json

import pytest

from hftlib.venues.registry import InstrumentsError, instruments_from, lists_instruments

SPOT = "https://api.binance.com/api/v3/exchangeInfo"


def symbol(name: str, *filters: dict, **more: object) -> dict:
    return {
        "symbol": name,
        "status": "TRADING",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "filters": list(filters),
        **more,
    }


def price(tick: str) -> dict:
    return {"filterType": "PRICE_FILTER", "tickSize": tick}


def lot(step: str) -> dict:
    return {"filterType": "LOT_SIZE", "stepSize": step}


def read(venue: str, *symbols: dict):
    body = json.dumps({"timezone": "UTC", "symbols": list(symbols)}).encode()
    return instruments_from(venue, SPOT, body)


def test_spot_quantum_is_the_finest_on_the_wire():
    notional = {"filterType": "NOTIONAL", "minNotional": "5.00000000"}
    (found,) = read("binance", symbol("BTCUSDT", price("0.01000000"), lot("0.00001000"), notional))
    assert (found.price_decimals, found.size_quantum, found.lot) == (2, "0.00000001", "0.00001000")
    assert (found.minimum_notional, found.multiplier, found.inverse) == ("5.00000000", "1", False)
    assert found.size_quanta("25.42618900") == 2_542_618_900


def test_spot_tokens_counted_in_billions_leave_room():
    (found,) = read("binance", symbol("PEPEUSDT", price("0.00000001"), lot("1.00")))
    assert found.size_quantum == "0.0001"
    assert found.size_quanta("420690000000000.00") == 4_206_900_000_000_000_000


def test_futures_quantum_is_the_step():
    least = {"filterType": "MIN_NOTIONAL", "notional": "5"}
    (usdm,) = read(
        "binance_usdm", symbol("BTCUSDT", price("0.10"), lot("0.001"), least, quantityPrecision=3)
    )
    assert (usdm.size_quantum, usdm.tick_units, usdm.minimum_notional) == ("0.001", 1, "5")
    raw = symbol("BTCUSD_PERP", price("0.1"), lot("1"), contractSize=100, quantityPrecision=0)
    del raw["status"]
    (coinm,) = read("binance_coinm", {**raw, "contractStatus": "SETTLING"})
    assert (coinm.size_quantum, coinm.multiplier, coinm.inverse) == ("1", "100", True)
    assert coinm.status == "SETTLING"


def test_symbols_without_increments_are_left_out():
    assert read("binance", symbol("A"), symbol("B", price("0.01"), lot("0.1")))[0].symbol == "B"
    assert read("binance", symbol("C", price("x"), lot("0.1"))) == []


def test_what_lists_no_instruments_is_refused():
    assert lists_instruments("binance", SPOT)
    assert not lists_instruments("lobster", SPOT)
    with pytest.raises(InstrumentsError, match="lists no instruments"):
        instruments_from("binance", "https://x/api/v3/depth", b"{}")
    with pytest.raises(InstrumentsError, match="no list"):
        instruments_from("binance", SPOT, b"[")
    with pytest.raises(InstrumentsError):
        instruments_from("binance", SPOT, b'{"symbols":"\xff"}')
