import pytest

from benchmarks import store_rows
from benchmarks.report import DOCUMENT
from benchmarks.store_rows import SCALING, WRITTEN, Weighed, refreshed

TEXT = f"before\n<!-- store: begin {WRITTEN} -->\nold\n<!-- store: end -->\nafter\n"


def test_a_section_is_replaced_between_its_marks():
    new = refreshed(TEXT, "store", ["new"])
    assert "old" not in new
    assert new.startswith("before\n<!-- store: begin")
    assert new.endswith("new\n\n<!-- store: end -->\nafter\n")
    assert refreshed(new, "store", ["new"]) == new


def test_a_document_without_marks_is_refused():
    with pytest.raises(ValueError, match="lost the marks"):
        refreshed("text", "store", [])


def test_both_documents_have_their_marks():
    for document, mark in ((DOCUMENT, "store"), (SCALING, "scaling")):
        assert refreshed(document.read_text(encoding="utf-8"), mark, ["x"])


def test_many_books_are_calculated_from_one():
    tables = [("features_event", 200, 20_000), ("trades", 100, 1_000)]
    weighed = Weighed(100.0, 2, 1_000, 200, 0, 0, 0, tables, 0)
    lines = list(store_rows._scaling_lines(weighed))
    # 100 s of two books: 21,000 bytes, so a book takes 86,400 / 200 of it a day
    daily = 21_000 * 432
    kept = 20_000 * 432 * 7 + 1_000 * 432 * 90
    assert f"{daily / 1e6:,.0f} MB a day, {kept / 1e9:.1f} GB" in lines[0]
    expected = f"| 1,000 | 5,000 | 1,500 | {1000 * daily / 1e9:,.0f} | {kept / 1e6:,.0f} |"
    assert any(line.startswith(expected) for line in lines)
