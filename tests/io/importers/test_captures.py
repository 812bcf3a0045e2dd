"""Importers on the recorded captures: the counts of their READMEs, and nothing lost."""

import gzip
import json

import pytest

from hftlib.core.frames import FrameKind
from hftlib.io.importers import Order, import_files
from hftlib.io.tape import TapeReader


def imported(tmp_path, format_name, files, venue, **options):
    output = tmp_path / "out.tape"
    order = Order(format=format_name, files=tuple(files), output=output, venue=venue, **options)
    return import_files(order), TapeReader(output)


def lines_of(file):
    return gzip.decompress(file.read_bytes()).splitlines()


def streams(reader):
    counts = {}
    for frame in reader.frames():
        if frame.kind is FrameKind.WS:
            name = json.loads(frame.payload)["stream"].partition("@")[2]
            counts[name] = counts.get(name, 0) + 1
    return counts


def test_the_spot_capture(tmp_path, captures):
    files = sorted(captures("binance-spot-btc-20240808").glob("*.gz"))
    summary, reader = imported(tmp_path, "hftbacktest", files, "binance")
    assert [file.frames for file in summary.files] == [41_249, 58_325]
    assert (summary.bad_lines, summary.unreadable_frames) == (0, 0)
    assert summary.counts == {"ws": 99_573, "rest": 1}
    assert streams(reader) == {"depth@100ms": 6_495, "bookTicker": 73_174, "trade": 19_904}
    assert summary.ratio <= 0.14
    raw = [line for file in files for line in lines_of(file)]
    frames = list(reader.frames())
    assert [b"%d %s" % (frame.ts_recv, frame.payload) for frame in frames] == raw
    (snapshot,) = (frame for frame in frames if frame.kind is FrameKind.REST)
    assert snapshot.request == "/api/v3/depth?symbol=BTCUSDT&limit=1000"
    assert b'"lastUpdateId":50093239218' in snapshot.payload
    (bitcoin,) = summary.instruments
    assert (bitcoin.symbol, bitcoin.base, bitcoin.quote) == ("BTCUSDT", "BTC", "USDT")
    assert (bitcoin.price_increment, bitcoin.size_quantum) == ("0.01", "0.000001")
    assert bitcoin.origin == "observed"
    assert (summary.first_ts, summary.last_ts) == (1723161253937085768, 1723161904535092233)
    reader.verify()


@pytest.mark.parametrize(
    ("pattern", "venue", "frames", "expected", "request_path", "multiplier"),
    [
        (
            "usdm*.gz",
            "binance_usdm",
            [93_954],
            {"depth@0ms": 6_551, "bookTicker": 66_089, "trade": 21_313},
            "/fapi/v1/depth?symbol=BTCUSDT&limit=1000",
            "1",
        ),
        (
            "coinm*.gz",
            "binance_coinm",
            [48_270, 50_116],
            {"depth@0ms": 44_795, "bookTicker": 48_355, "trade": 5_235},
            "/dapi/v1/depth?symbol=BTCUSD_PERP&limit=1000",
            "100",
        ),
    ],
)
def test_the_futures_captures(
    tmp_path, captures, pattern, venue, frames, expected, request_path, multiplier
):
    files = sorted(captures("binance-3venue-btc-20240808").glob(pattern))
    summary, reader = imported(tmp_path, "hftbacktest", files, venue)
    assert [file.frames for file in summary.files] == frames
    assert summary.bad_lines == 0
    assert streams(reader) == expected
    requests = [frame.request for frame in reader.frames() if frame.kind is FrameKind.REST]
    assert requests == [request_path]
    (one,) = summary.instruments
    assert (one.multiplier, one.inverse) == (multiplier, multiplier == "100")
    assert one.price_increment == "0.1"


@pytest.mark.parametrize(
    ("name", "venue", "counts", "symbols"),
    [
        (
            "BINANCE_20211012.jsonl.gz",
            "binance",
            {"opened": 1, "rest": 4, "ws": 265},
            ["BLZETH", "LRCBTC", "NKNUSDT", "RUNEEUR"],
        ),
        (
            "BINANCE_US_20211012.jsonl.gz",
            "binance_us",
            {"opened": 1, "rest": 4, "ws": 480},
            ["COMPUSDT", "CRVUSDT", "OMGBUSD", "ZRXUSDT"],
        ),
    ],
)
def test_the_cryptofeed_captures_of_binance(tmp_path, captures, name, venue, counts, symbols):
    file = captures("cryptofeed-binance-20211012") / name
    summary, reader = imported(tmp_path, "cryptofeed", [file], venue)
    assert summary.counts == counts
    assert (summary.bad_lines, summary.unreadable_frames) == (0, 0)
    assert [one.symbol for one in summary.instruments] == symbols
    recorded = [json.loads(line) for line in lines_of(file)]
    frames = list(reader.frames())
    assert [frame.payload.decode() for frame in frames] == [
        line.get("data", "") for line in recorded
    ]
    assert [frame.request for frame in frames] == [
        line.get("url", line.get("addr", "")) for line in recorded
    ]
    assert all(
        abs(frame.ts_recv - line["ts"] * 1e9) < 500
        for frame, line in zip(frames, recorded, strict=True)
    )


def test_float_stamps_are_read_as_text(tmp_path, captures):
    file = captures("cryptofeed-binance-20211012") / "BINANCE_20211012.jsonl.gz"
    _, reader = imported(tmp_path, "cryptofeed", [file], "binance")
    second = list(reader.frames())[1]
    assert second.ts_recv == 1_633_998_512_063_356_900


def test_the_capture_of_coinbase_exchange(tmp_path, captures):
    file = captures("coinbase-exchange-20210417") / "COINBASE_exchange_5products.jsonl.gz"
    summary, _ = imported(tmp_path, "cryptofeed", [file], "coinbase_exchange")
    assert summary.counts == {"opened": 1, "sent": 3, "ws": 6_458}
    assert summary.bad_lines == 0
    increments = {
        one.symbol: (one.price_increment, one.size_quantum) for one in summary.instruments
    }
    assert increments == {
        "BAND-BTC": ("0.00000001", "0.01"),
        "NMR-EUR": ("0.0001", "0.001"),
        "SKL-BTC": ("0.00000001", "0.1"),
        "SKL-USD": ("0.0001", "0.1"),
        "YFI-BTC": ("0.00001", "0.000001"),
    }


def test_the_capture_of_coinbase_advanced(tmp_path, captures):
    file = captures("coinbase-adv-20260809") / "COINBASE_seq0_519.jsonl.gz"
    summary, reader = imported(tmp_path, "cryptofeed", [file], "coinbase")
    assert summary.counts == {"rest": 1, "opened": 1, "sent": 5, "ws": 520}
    assert {frame.connection for frame in reader.frames()} == {
        "COINBASE.http.1",
        "COINBASE.ws.2",
    }
    increments = {one.symbol: one for one in summary.instruments}
    assert sorted(increments) == ["BTC-USD", "ETH-USD"]
    for one in increments.values():
        assert (one.price_increment, one.size_quantum) == ("0.01", "0.00000001")
        assert one.origin == "venue"
    assert any('"t":"header"' in note for note in summary.notes)


def test_the_lobster_pair(tmp_path, captures):
    files = sorted(captures("lobster-amzn-20120621").glob("*.gz"), reverse=True)
    summary, reader = imported(tmp_path, "lobster", files, "lobster")
    assert summary.counts == {"opened": 1, "ws": 57_515}
    assert summary.bad_lines == 0
    opened, first, second = (frame for _, frame in zip(range(3), reader.frames(), strict=False))
    assert (opened.kind, opened.connection) == (FrameKind.OPENED, "AMZN")
    assert opened.request == "lobster://AMZN/2012-06-21"
    assert first.payload == b"34200.017459617,5,0,1,2238200,-1|2239500,100,2231800,100"
    midnight = 1_340_236_800_000_000_000
    assert first.ts_recv == opened.ts_recv == midnight + 34_200_017_459_617
    assert second.ts_recv == midnight + 34_200_189_607_670
    (one,) = summary.instruments
    assert (one.symbol, one.quote, one.price_increment, one.size_quantum) == (
        "AMZN",
        "USD",
        "0.0001",
        "1",
    )


def test_the_klines_of_binance_us(tmp_path, captures):
    files = sorted(captures("binanceus-klines1m-202303").glob("*.gz"))
    summary, reader = imported(tmp_path, "csv", files, "binance_us")
    assert [file.frames for file in summary.files] == [30_240, 30_240]
    assert summary.bad_lines == 0
    assert [one.symbol for one in summary.instruments] == ["BTCUSD", "BTCUSDT"]
    first = next(reader.frames())
    data = json.loads(first.payload)["data"]
    assert data["k"] == {
        "t": 1_677_628_800_000,
        "T": 1_677_628_859_999,
        "s": "BTCUSDT",
        "i": "1m",
        "o": "23140.48",
        "c": "23142.31",
        "h": "23150.77",
        "l": "23128.52",
        "v": "2.131777",
        "n": 0,
        "x": True,
        "q": "0",
    }
    assert first.ts_recv == 1_677_628_859_999_000_000


def test_a_second_import_can_be_appended(tmp_path, captures):
    first, second = sorted(captures("binance-spot-btc-20240808").glob("*.gz"))
    output = tmp_path / "out.tape"
    for file in (first, second):
        order = Order(
            format="hftbacktest", files=(file,), output=output, venue="binance", append=True
        )
        summary = import_files(order)
    assert summary.frames == 58_325
    reader = TapeReader(output)
    assert reader.manifest.records == 99_574
    assert [frame.ingress_seq for frame in reader.frames()] == list(range(99_574))
    assert len(reader.manifest.origin) == 2
    reader.verify()
