"""The live path's rows: what they say, where they go, and a small flood taken whole."""

import sys

import pytest

from benchmarks import live_rows
from benchmarks.frame_venue import frame, framed
from benchmarks.report import DOCUMENT, Row


def test_the_document_has_a_place_for_them():
    text = DOCUMENT.read_text()
    assert text.count(live_rows.BEGIN) == text.count(live_rows.END) == 1


def test_a_section_is_written_in_its_place(tmp_path, monkeypatch):
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{live_rows.BEGIN}\nold\n{live_rows.END}\nafter\n")
    monkeypatch.setattr(live_rows, "DOCUMENT", page)
    live_rows.write([Row("a flood", 41_000.0, "frames/s", "", None)])
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "| a flood | 41,000 | frames/s |" in text
    assert "old" not in text
    page.write_text("no place")
    with pytest.raises(ValueError, match="no place"):
        live_rows.write([])


def test_frames_are_small_and_framed():
    payload = frame(7)
    assert 125 < len(payload) < 250
    assert framed(payload) == b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload


def test_a_flood_is_taken_whole():
    told = live_rows._flood([sys.executable, "-m", "benchmarks.live_client"], 2_000)
    assert (told["frames"], told["lost"], told["is_right"]) == (1_998, 0, True)
    assert told["cpu_s"] > 0
