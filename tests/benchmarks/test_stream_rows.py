"""The section of docs/stream.md that the bench of the stream writes."""

import pytest

from benchmarks.stream_rows import BEGIN, DOCUMENT, END, refreshed


def test_the_section_alone_is_replaced() -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert refreshed(text, ["new"]) == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    with pytest.raises(ValueError, match="marks"):
        refreshed("before\nafter\n", ["new"])


def test_the_document_has_the_section() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    assert "50 followers of 5 books" in text
