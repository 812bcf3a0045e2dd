import json

from hftlib.cli.frame import main
from hftlib.io.tape import TapeReader
from tests.io.importers.test_hftbacktest import NS, SNAPSHOT, STREAM


def recording(tmp_path, *lines):
    path = tmp_path / "recording"
    path.write_bytes(b"\n".join(lines))
    return str(path)


def test_a_summary_for_people(tmp_path, capsys):
    path = recording(tmp_path, NS + b" " + STREAM, NS + b" " + SNAPSHOT, b"rubbish")
    output = str(tmp_path / "o.tape")
    assert main(["import", "hftbacktest", path, "--venue", "binance", "-o", output]) == 0
    out, err = capsys.readouterr()
    assert "2 frames (1 ws, 1 rest) of binance" in out
    assert "BTCUSDT: price 0.01, size 0.001 (observed)" in out
    assert "1 lines left out" in err
    assert "recording line 3: no stamp" in err
    assert TapeReader(output).manifest.records == 2


def test_a_summary_for_programs(tmp_path, capsys):
    path = recording(tmp_path, NS + b" " + STREAM, NS + b" {")
    output = tmp_path / "o.tape"
    verb = ["import", "hftbacktest", path, "--venue", "binance", "-o", str(output), "--json"]
    assert main(verb) == 0
    out, err = capsys.readouterr()
    summary = json.loads(out)
    assert (summary["frames"], summary["bad_lines"], summary["unreadable_frames"]) == (2, 0, 1)
    assert summary["tape_bytes"] == sum(file.stat().st_size for file in output.iterdir())
    assert summary["checkpoints"] == 0
    assert "1 lines on the tape but unreadable" in err


def test_checkpoints_can_be_left_out(tmp_path, capsys):
    path = recording(tmp_path, NS + b" " + STREAM)
    verb = ["import", "hftbacktest", path, "--venue", "binance", "-o", str(tmp_path / "o.tape")]
    assert main([*verb, "--checkpoints", "0"]) == 0
    assert "0 checkpoints" in capsys.readouterr().out


def test_what_cannot_be_imported_is_one_line_on_stderr(tmp_path, capsys):
    path = recording(tmp_path, b"rubbish")
    verb = ["import", "hftbacktest", path, "-o", str(tmp_path / "o.tape")]
    assert main(verb) == 2
    assert "--venue is needed" in capsys.readouterr().err
    assert main([*verb, "--venue", "binance"]) == 2
    assert "recording line 1" in capsys.readouterr().err


def test_lobster_needs_no_venue(tmp_path, capsys):
    path = recording(tmp_path, b"rubbish")
    assert main(["import", "lobster", path, "-o", str(tmp_path / "o.tape")]) == 2
    assert "SYMBOL_YYYY-MM-DD" in capsys.readouterr().err
