"""The report tells what was found, and no run passes that proves nothing."""

import json

from tests.interop.report import FEWEST, Row, complaints, page, rows_of, write


def row(**changed):
    fields = {"client": "one", "version": "1.0", "feature": "book", "result": "pass", "note": "x"}
    return Row(**(fields | changed))


def test_results_are_found_among_other_lines():
    printed = "noise\nRESULT " + json.dumps(row()._asdict()) + "\nRESULTS: none\n"
    assert rows_of(printed) == [row()]


def test_a_full_run_has_no_complaint():
    assert complaints([row(feature=str(n)) for n in range(FEWEST)], ["one"]) == []


def test_a_known_defect_is_no_complaint():
    rows = [row(feature=str(n), result="known-defect") for n in range(FEWEST)]
    assert complaints(rows, ["one"]) == []


def test_a_fail_is_a_complaint():
    rows = [row(feature=str(n)) for n in range(FEWEST)] + [row(result="fail", note="why")]
    assert complaints(rows, ["one"]) == ["one book: why"]


def test_too_few_features_are_a_complaint():
    assert complaints([row()], ["one", "two"]) == [
        "one: 1 features, at least 6 wanted",
        "two: 0 features, at least 6 wanted",
    ]


def test_malformed_results_are_a_complaint():
    rows = [row(feature=str(n)) for n in range(FEWEST)]
    assert len(complaints([*rows, row(result="maybe")], ["one"])) == 1
    assert len(complaints([*rows, row(client="one two")], ["one"])) == 1


def test_the_page_counts_and_lists():
    text = page([row(), row(feature="odd", result="fail", note="a|b"), row(client="two")], 10)
    assert "| one | 1.0 | 1 | 0 | 1 |" in text
    assert "| odd | fail | a\\|b |" in text
    assert "## two" in text


def test_both_files_are_written(tmp_path):
    write([row()], 10, tmp_path)
    assert json.loads((tmp_path / "interop.json").read_text()) == [row()._asdict()]
    assert (tmp_path / "interop.md").read_text() == page([row()], 10)
