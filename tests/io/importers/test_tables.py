"""Binance's public dumps and plain CSV tables."""

import io
import json
import zipfile

import pytest

from hftlib.core.errors import TapeError
from hftlib.core.events import BestBidOffer, Candle, Trade
from hftlib.core.states import FeedCondition, Side
from hftlib.io.importers import Order, import_files
from hftlib.io.importers.rows import RowError, time_ns
from hftlib.io.tape import TapeReader
from hftlib.venues.registry import open_session


def imported(tmp_path, format_name, files, venue="binance", **options):
    order = Order(
        format=format_name, files=tuple(files), output=tmp_path / "o.tape", venue=venue, **options
    )
    return import_files(order), TapeReader(tmp_path / "o.tape")


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return path


def events_of(reader):
    instruments = {one.symbol: one for one in reader.manifest.instruments}
    session = open_session(reader.manifest.instruments[0].venue, instruments)
    return [event for frame in reader.frames() for event in session.receive(frame)]


AGGREGATES = (
    "1,64000.10,0.00500,11,12,1735689600000,true,true\n"
    "2,64000.20,0.00700,13,13,1735689600005,False,True\n"
)
HEADER = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker,x\n"


@pytest.mark.parametrize("header", ["", HEADER])
def test_aggregate_trades_with_and_without_a_header(tmp_path, header):
    path = written(tmp_path, "BTCUSDT-aggTrades-2025-01-01.csv", header + AGGREGATES)
    summary, reader = imported(tmp_path, "binance-archive", [path])
    assert (summary.frames, summary.bad_lines) == (2, 0)
    first, second = events_of(reader)
    assert isinstance(first, Trade)
    assert (first.trade_id, first.side, first.aggregate) == (1, Side.SELL, True)
    assert (second.trade_id, second.side) == (2, Side.BUY)
    assert first.ts_event == first.ts_recv == 1_735_689_600_000_000_000
    one = reader.manifest.instruments[0]
    assert one.price_text(first.price_ticks) == "64000.1"
    assert any("ts_recv is the row's own time" in note for note in reader.manifest.notes)


def test_stamps_in_microseconds_lose_nothing(tmp_path):
    text = "7,64000.10,0.005,320.0005,1735689600000123,True,True\n"
    path = written(tmp_path, "BTCUSDT-trades-2025-01-01.csv", text)
    _, reader = imported(tmp_path, "binance-archive", [path])
    (trade,) = events_of(reader)
    assert (trade.trade_id, trade.aggregate) == (7, False)
    assert trade.ts_event == trade.ts_recv == 1_735_689_600_000_123_000


@pytest.mark.parametrize(
    ("opened", "closed"),
    [("1735689600000", "1735689659999"), ("1735689600000000", "1735689659999999")],
)
def test_klines_become_closed_candles(tmp_path, opened, closed):
    text = f"{opened},1.0,4.0,0.5,2.0,10.5,{closed},21.0,42,5.0,10.0,0\n"
    path = written(tmp_path, "ETHUSDT-1m-2025-01.csv", text)
    _, reader = imported(tmp_path, "binance-archive", [path])
    (candle,) = events_of(reader)
    assert isinstance(candle, Candle)
    assert (candle.interval, candle.closed, candle.symbol) == ("1m", True, "ETHUSDT")
    assert (candle.open_ticks, candle.high_ticks, candle.low_ticks, candle.close_ticks) == (
        10,
        40,
        5,
        20,
    )
    assert candle.open_ns == 1_735_689_600_000_000_000
    assert candle.close_ns // 1_000_000 == 1_735_689_659_999
    assert candle.ts_recv == candle.close_ns


def test_monthly_candles_bear_the_streams_name(tmp_path):
    text = "1735689600000,1.0,4.0,0.5,2.0,10.5,1738367999999,21.0,42,5.0,10.0,0\n"
    path = written(tmp_path, "ETHUSDT-1mo-2025-01.csv", text)
    _, reader = imported(tmp_path, "binance-archive", [path])
    assert b"@kline_1M" in next(reader.frames()).payload


def test_best_quotes_of_futures(tmp_path):
    text = (
        "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,"
        "event_time\n9,64000.1,0.5,64000.2,0.7,1735689600000,1735689600003\n"
    )
    path = written(tmp_path, "BTCUSDT-bookTicker-2025-01-01.csv", text)
    _, reader = imported(tmp_path, "binance-archive", [path], "binance_usdm")
    (best,) = events_of(reader)
    assert isinstance(best, BestBidOffer)
    assert (best.update_id, best.ts_event) == (9, 1_735_689_600_003_000_000)


def test_depth_bands_of_one_time_are_one_frame(tmp_path):
    rows = "".join(
        f"2025-01-01 00:00:0{second},{percentage},{12.5 * percentage**2},100\n"
        for second in (0, 3)
        for percentage in (-5, -1, 1, 5)
    )
    path = written(
        tmp_path, "BTCUSDT-bookDepth-2025-01-01.csv", "timestamp,percentage,depth,notional\n" + rows
    )
    summary, reader = imported(tmp_path, "binance-archive", [path], "binance_usdm")
    frames = list(reader.frames())
    assert (summary.frames, summary.bad_lines) == (2, 0)
    assert [frame.ts_recv for frame in frames] == [
        1_735_689_600_000_000_000,
        1_735_689_603_000_000_000,
    ]
    assert frames[0].request == "https://data.binance.vision/bookDepth?symbol=BTCUSDT"
    session = open_session("binance_usdm", {})
    (status,) = session.receive(frames[0])
    assert status.condition is FeedCondition.ACKNOWLEDGED
    body = json.loads(frames[1].payload)
    assert [band["percentage"] for band in body["bands"]] == ["-5", "-1", "1", "5"]
    assert body["bands"][1] == {"percentage": "-1", "depth": "12.5", "notional": "100"}


def test_a_zip_of_two_dumps(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for symbol in ("BTCUSDT", "ETHUSDT"):
            archive.writestr(f"{symbol}-aggTrades-2025-01-01.csv", HEADER + AGGREGATES)
    path = tmp_path / "both.zip"
    path.write_bytes(buffer.getvalue())
    summary, _ = imported(tmp_path, "binance-archive", [path])
    assert (summary.frames, summary.bad_lines) == (4, 0)
    assert [one.symbol for one in summary.instruments] == ["BTCUSDT", "ETHUSDT"]


def test_bad_rows_of_a_dump_are_named(tmp_path):
    text = AGGREGATES + HEADER + "3,64000\n3,x,1,1,1,1735689600000,true\n3,1,1,1,1,never,true\n"
    text += "3,1,1,1,1,1735689600000,maybe\n-3,1,1,1,1,1735689600000,true\n"
    path = written(tmp_path, "BTCUSDT-aggTrades-2025-01-01.csv", text)
    summary, _ = imported(tmp_path, "binance-archive", [path])
    assert summary.frames == 2
    assert [place.line for place in summary.bad_line_places] == [3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("name", ["trades.csv", "BTCUSDT-liquidations-2025-01-01.csv"])
def test_a_dump_whose_name_does_not_tell_is_refused(tmp_path, name):
    path = written(tmp_path, name, AGGREGATES)
    with pytest.raises(TapeError, match="SYMBOL-KIND-DATE"):
        imported(tmp_path, "binance-archive", [path])


@pytest.mark.parametrize("format_name", ["binance-archive", "csv"])
def test_tables_of_other_venues_are_refused(tmp_path, format_name):
    path = written(tmp_path, "BTCUSDT-aggTrades-2025-01-01.csv", AGGREGATES)
    with pytest.raises(TapeError, match="tables of lobster"):
        imported(tmp_path, format_name, [path], "lobster")


def test_a_table_of_trades(tmp_path):
    text = (
        "Timestamp,Price,Quantity,Side\n2025-01-01T00:00:00.000000001Z,1.5,1e-05,Buy\n"
        "1735689600,1.25,2,sell\n"
    )
    path = written(tmp_path, "btcusdt_trades.csv", text)
    _, reader = imported(tmp_path, "csv", [path])
    first, second = events_of(reader)
    assert (first.side, second.side) == (Side.BUY, Side.SELL)
    assert (first.trade_id, second.trade_id) == (1, 2)
    assert reader.manifest.instruments[0].size_quantum == "0.00001"
    assert [frame.ts_recv for frame in reader.frames()] == [
        1_735_689_600_000_000_001,
        1_735_689_600_000_000_000,
    ]


def test_a_table_of_trades_by_maker_and_symbol_column(tmp_path):
    text = "time,symbol,id,price,size,is_buyer_maker\n1735689600123,ethusdt,77,1,2,true\n"
    path = written(tmp_path, "anything.csv", text)
    _, reader = imported(tmp_path, "csv", [path])
    (trade,) = events_of(reader)
    assert (trade.symbol, trade.trade_id, trade.side) == ("ETHUSDT", 77, Side.SELL)


def test_a_table_of_quotes(tmp_path):
    text = "time,bid,bid_size,ask,ask_size\n2025-01-01 01:00:00+01:00,1.1,2,1.2,3\n"
    path = written(tmp_path, "BTCUSDT.csv", text)
    _, reader = imported(tmp_path, "csv", [path])
    (best,) = events_of(reader)
    assert (best.bid_ticks, best.bid_quanta, best.ask_ticks, best.ask_quanta) == (11, 2, 12, 3)
    assert best.ts_recv == 1_735_689_600_000_000_000


def test_a_table_of_klines_with_its_own_close_and_interval(tmp_path):
    text = (
        "open_time,open,high,low,close,volume,close_time,interval\n"
        "2025-01-01,1,2,0.5,1.5,9,2025-01-01 23:59:59.999,1d\n"
    )
    path = written(tmp_path, "BTCUSDT.csv", text)
    _, reader = imported(tmp_path, "csv", [path])
    (candle,) = events_of(reader)
    assert candle.interval == "1d"
    assert candle.close_ns - candle.open_ns == 86_399_999_000_000


def test_symbol_interval_and_table_can_be_told(tmp_path):
    text = "time,open,high,low,close,volume,price,size,side\n2025-01-01,1,2,0.5,1.5,9,1,1,buy\n"
    path = written(tmp_path, "table.csv", text)
    _, reader = imported(tmp_path, "csv", [path], symbol="solusdt", interval="4h", table="klines")
    (candle,) = events_of(reader)
    assert (candle.symbol, candle.interval) == ("SOLUSDT", "4h")
    assert candle.close_ns - candle.open_ns == 4 * 3_600 * 10**9 - 10**6


def test_bad_rows_of_a_table_are_named(tmp_path):
    text = (
        "time,price,size,side\n2025-01-01,1,1,buy\n2025-01-01,1,1,\n2025-01-01,1,1\n"
        "yesterday,1,1,buy\n2025-13-01,1,1,buy\n2025-01-01,one,1,buy\n2025-01-01,-1,1,buy\n"
    )
    path = written(tmp_path, "BTCUSDT.csv", text)
    summary, _ = imported(tmp_path, "csv", [path])
    assert summary.frames == 1
    assert [place.line for place in summary.bad_line_places] == [3, 4, 5, 6, 7, 8]
    assert "aggressor is not told" in summary.bad_line_places[0].reason


def test_a_symbol_that_cannot_stand_in_json_is_a_bad_row(tmp_path):
    text = 'time,symbol,price,size,side\n2025-01-01,"A""B",1,1,buy\n2025-01-01,C,1,1,buy\n'
    summary, _ = imported(tmp_path, "csv", [written(tmp_path, "table.csv", text)])
    assert (summary.frames, summary.bad_lines, summary.unreadable_frames) == (1, 1, 0)


def test_a_header_that_is_none_is_refused(tmp_path):
    with pytest.raises(TapeError, match="no header line"):
        imported(tmp_path, "csv", [written(tmp_path, "table.csv", "\r\x00\n1,2\n")])


def test_klines_without_an_interval_are_bad_rows(tmp_path):
    text = "time,open,high,low,close,volume\n2025-01-01,1,1,1,1,1\n"
    with pytest.raises(TapeError, match="no interval such as 1m"):
        imported(tmp_path, "csv", [written(tmp_path, "BTCUSDT.csv", text)])


@pytest.mark.parametrize(
    ("header", "table", "missing"),
    [
        ("colour,shape", "", "those of trades, klines or quotes"),
        ("time,price,side", "trades", "size"),
    ],
)
def test_a_header_that_lacks_columns_is_refused(tmp_path, header, table, missing):
    path = written(tmp_path, "BTCUSDT.csv", header + "\n1,2,3\n")
    with pytest.raises(TapeError, match=f"lacks {missing}"):
        imported(tmp_path, "csv", [path], table=table)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1735689600", 1_735_689_600_000_000_000),
        ("1735689600.5", 1_735_689_600_500_000_000),
        ("1735689600123", 1_735_689_600_123_000_000),
        ("1735689600123456", 1_735_689_600_123_456_000),
        ("1735689600123456789", 1_735_689_600_123_456_789),
        ("2025-01-01", 1_735_689_600_000_000_000),
        ("2025-01-01 00:00", 1_735_689_600_000_000_000),
        ("2025-01-01T00:00:00Z", 1_735_689_600_000_000_000),
        ("2025-01-01 00:00:00 UTC", 1_735_689_600_000_000_000),
        ("2024-12-31T19:00:00.25-05:00", 1_735_689_600_250_000_000),
        ("2025-01-01T05:30:00+0530", 1_735_689_600_000_000_000),
    ],
)
def test_times_are_read_to_the_nanosecond(text, expected):
    assert time_ns(text) == expected


@pytest.mark.parametrize(
    "text", ["", "now", "12", "12345678901234567890", "2025-02-00", "2025-01-01T", "1735689600,5"]
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(RowError):
        time_ns(text)
