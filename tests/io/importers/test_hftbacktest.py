import gzip
import json

import pytest

from hftlib.core.errors import TapeError
from hftlib.core.frames import FrameKind
from hftlib.io.importers import Order, import_files
from hftlib.io.tape import TapeReader

STREAM = (
    b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","s":"BTCUSDT",'
    b'"b":[["1.50","2"]],"a":[]}}'
)
SNAPSHOT = b'{"lastUpdateId":5,"bids":[["1.25","0.001"]],"asks":[]}'
NS = b"1723161253937085768"
US = b"1723161253937085"


def imported(tmp_path, *lines, venue="binance", **options):
    path = tmp_path / "recording.gz"
    path.write_bytes(gzip.compress(b"\n".join(lines)))
    output = tmp_path / "out.tape"
    order = Order(format="hftbacktest", files=(path,), output=output, venue=venue, **options)
    summary = import_files(order)
    return summary, list(TapeReader(output).frames())


def test_stamps_in_nanoseconds_and_microseconds(tmp_path):
    _, frames = imported(tmp_path, NS + b" " + STREAM, US + b" " + STREAM)
    assert [frame.ts_recv for frame in frames] == [1723161253937085768, 1723161253937085000]


@pytest.mark.parametrize(
    ("venue", "path"),
    [
        ("binance", "/api/v3/depth"),
        ("binance_us", "/api/v3/depth"),
        ("binance_usdm", "/fapi/v1/depth"),
        ("binance_coinm", "/dapi/v1/depth"),
    ],
)
def test_a_bare_body_is_the_answer_to_a_depth_request(tmp_path, venue, path):
    _, frames = imported(tmp_path, NS + b" " + STREAM, NS + b" " + SNAPSHOT, venue=venue)
    assert frames[1].kind is FrameKind.REST
    assert frames[1].connection == "rest"
    assert frames[1].request == f"{path}?symbol=BTCUSDT&limit=1000"
    assert frames[1].payload == SNAPSHOT


def test_a_body_that_names_its_symbol_needs_no_stream(tmp_path):
    body = (
        b'{"lastUpdateId":5,"E":1,"T":1,"symbol":"ETHUSD_PERP","pair":"ETHUSD","bids":[],"asks":[]}'
    )
    summary, frames = imported(tmp_path, NS + b" " + body, venue="binance_coinm")
    assert frames[0].request == "/dapi/v1/depth?symbol=ETHUSD_PERP&limit=1000"
    assert summary.bad_lines == 0


def test_a_snapshot_of_one_of_two_symbols_is_not_guessed(tmp_path):
    other = STREAM.replace(b"btcusdt", b"ethusdt").replace(b"BTCUSDT", b"ETHUSDT")
    summary, frames = imported(
        tmp_path, NS + b" " + STREAM, NS + b" " + other, NS + b" " + SNAPSHOT
    )
    assert len(frames) == 2
    assert summary.bad_line_places[0].line == 3
    assert "BTCUSDT, ETHUSDT" in summary.bad_line_places[0].reason


def test_streams_of_all_symbols_do_not_name_one(tmp_path):
    everything = b'{"stream":"!miniTicker@arr","data":[]}'
    _, frames = imported(tmp_path, NS + b" " + everything, NS + b" " + STREAM, NS + b" " + SNAPSHOT)
    assert frames[2].request.endswith("symbol=BTCUSDT&limit=1000")


def test_the_symbol_can_be_told(tmp_path):
    _, frames = imported(tmp_path, NS + b" " + SNAPSHOT, symbol="btcusdt")
    assert frames[0].request == "/api/v3/depth?symbol=BTCUSDT&limit=1000"


def test_bad_lines_are_counted_and_named_and_the_rest_is_kept(tmp_path):
    lines = [
        b"nonsense",
        NS + b" " + STREAM,
        b"172316125393708 " + STREAM,
        b"-1723161253937085768 " + STREAM,
        NS,
        NS + b" not json",
        NS + b" " + STREAM,
    ]
    summary, frames = imported(tmp_path, *lines)
    assert [frame.payload for frame in frames] == [STREAM, STREAM]
    assert summary.bad_lines == summary.files[0].bad_lines == 5
    assert [place.line for place in summary.bad_line_places] == [1, 3, 4, 5, 6]
    assert {place.file for place in summary.bad_line_places} == {"recording.gz"}
    assert any("5 bad lines" in note for note in summary.notes)


def test_a_frame_that_cannot_be_read_is_kept_and_named(tmp_path):
    torn = STREAM[:-10]
    summary, frames = imported(tmp_path, NS + b" " + STREAM, NS + b" " + torn, NS + b" {\xff}")
    assert [frame.payload for frame in frames] == [STREAM, torn, b"{\xff}"]
    assert (summary.bad_lines, summary.unreadable_frames) == (0, 2)
    assert [place.line for place in summary.unreadable_frame_places] == [2, 3]


def test_a_file_of_bad_lines_only_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(TapeError, match=r"recording\.gz line 1: no stamp"):
        imported(tmp_path, b"nonsense", b"more of it")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recording.gz"]
    with pytest.raises(TapeError, match="no line"):
        imported(tmp_path, b"")


def test_only_the_first_bad_lines_are_named(tmp_path):
    summary, _ = imported(tmp_path, NS + b" " + STREAM, *[b"nonsense"] * 100)
    assert (summary.bad_lines, len(summary.bad_line_places)) == (100, 20)


def test_a_recording_cut_short_keeps_what_came_before(tmp_path):
    lines = b"\n".join(b"%d %s" % (int(NS) + number, STREAM) for number in range(30_000))
    path = tmp_path / "cut.gz"
    packed = gzip.compress(lines)
    path.write_bytes(packed[: len(packed) // 2])
    order = Order(
        format="hftbacktest", files=(path,), output=tmp_path / "out.tape", venue="binance"
    )
    summary = import_files(order)
    assert summary.frames > 1_000
    assert summary.bad_lines in (1, 2)  # the cut, and the line it went through
    assert "ends before its end" in summary.bad_line_places[-1].reason


def test_increments_come_from_the_finest_number_anywhere(tmp_path):
    late = STREAM.replace(b'"a":[]', b'"a":[["1.5125000","0.00030"]]')
    summary, _ = imported(tmp_path, *[NS + b" " + STREAM] * 50, NS + b" " + late)
    (one,) = summary.instruments
    assert (one.price_increment, one.size_quantum) == ("0.0001", "0.0001")
    assert one.origin == "observed"


TOML = """
[[instruments]]
symbol = "BTCUSDT"
price_increment = "0.5"
size_quantum = "0.001"
lot = "0.01"
"""


@pytest.mark.parametrize("suffix", ["toml", "json", "list.json"])
def test_increments_can_come_from_a_file(tmp_path, suffix):
    row = {"symbol": "BTCUSDT", "price_increment": "0.5", "size_quantum": "0.001", "lot": "0.01"}
    text = {
        "toml": TOML,
        "json": json.dumps({"instruments": [row]}),
        "list.json": json.dumps([row]),
    }[suffix]
    file = tmp_path / f"increments.{suffix}"
    file.write_text(text)
    summary, _ = imported(tmp_path, NS + b" " + STREAM, instruments=file)
    (one,) = summary.instruments
    assert (one.price_increment, one.size_quantum, one.lot) == ("0.5", "0.001", "0.01")
    assert (one.base, one.quote, one.origin) == ("BTC", "USDT", "file")
    assert summary.notes == ()


def test_numbers_finer_than_the_file_are_noted(tmp_path):
    file = tmp_path / "increments.json"
    file.write_text('[{"symbol":"BTCUSDT","price_increment":"1","size_quantum":"1"}]')
    summary, _ = imported(tmp_path, NS + b" " + STREAM, instruments=file)
    assert summary.instruments[0].price_increment == "1"
    assert summary.notes == ("BTCUSDT price_increment 1 (file) kept: 0.1 was seen",)


@pytest.mark.parametrize(
    "text",
    [
        "not toml at all",
        '[[instruments]]\nsymbol = "BTCUSDT"\n',
        '[[instruments]]\nsymbol="B"\nprice_increment="x"\nsize_quantum="1"\n',
        '[[instruments]]\nsymbol="B"\nprice_increment="1"\nsize_quantum="1"\ncolour="red"\n',
        'instruments = "BTCUSDT"\n',
    ],
)
def test_a_file_of_increments_that_is_wrong_is_refused(tmp_path, text):
    file = tmp_path / "increments.toml"
    file.write_text(text)
    with pytest.raises(TapeError, match=r"increments\.toml"):
        imported(tmp_path, NS + b" " + STREAM, instruments=file)


def test_an_absent_file_of_increments_is_refused(tmp_path):
    with pytest.raises(TapeError, match="cannot read"):
        imported(tmp_path, NS + b" " + STREAM, instruments=tmp_path / "absent.toml")


def test_an_appended_recording_never_makes_increments_coarser(tmp_path):
    fine, coarse = tmp_path / "fine", tmp_path / "coarse"
    fine.write_bytes(NS + b" " + STREAM.replace(b'"1.50","2"', b'"1.55","2.001"'))
    coarse.write_bytes(NS + b" " + STREAM)
    output = tmp_path / "out.tape"
    for file in (fine, coarse):
        order = Order(
            format="hftbacktest", files=(file,), output=output, venue="binance", append=True
        )
        (one,) = import_files(order).instruments
        assert (one.price_increment, one.size_quantum) == ("0.01", "0.001")
    (held,) = TapeReader(output).manifest.instruments
    assert (held.price_increment, held.size_quantum) == ("0.01", "0.001")


def test_what_is_there_is_not_written_over(tmp_path):
    imported(tmp_path, NS + b" " + STREAM)
    with pytest.raises(TapeError, match="exists"):
        imported(tmp_path, NS + b" " + STREAM)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": "parquet"}, "unknown format"),
        ({"venue": "nasdaq"}, "unknown venue"),
        ({"files": ("absent.gz",)}, "cannot read"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(tmp_path, changes, reason):
    path = tmp_path / "a"
    path.write_bytes(NS + b" " + STREAM)
    order = {"format": "hftbacktest", "files": (path,), "venue": "binance"} | changes
    order["files"] = tuple(tmp_path / file for file in order["files"])
    with pytest.raises(TapeError, match=reason):
        import_files(Order(output=tmp_path / "out.tape", **order))
    assert not (tmp_path / "out.tape").exists()


def test_progress_ends_at_the_whole(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"\n".join([NS + b" " + STREAM] * 5_000))
    seen = []
    order = Order(format="hftbacktest", files=(path,), output=tmp_path / "o.tape", venue="binance")
    import_files(order, lambda done, total: seen.append((done, total)))
    assert len(seen) > 2
    assert seen[-1] == (path.stat().st_size,) * 2
