"""`docs`: pages are written once, checked, and found stale."""

from hftlib.cli import docs_verb, frame


def test_pages_are_written_and_then_current_until_somebody_edits_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert frame.main(["docs", "--check"]) == 1
    assert "config.md is not current" in capsys.readouterr().err
    assert not (tmp_path / "docs").exists()
    assert frame.main(["docs"]) == 0
    docs = tmp_path / "docs"
    written = {path.relative_to(docs).as_posix() for path in docs.rglob("*") if path.is_file()}
    assert written == {name for name, _ in docs_verb.pages()}
    capsys.readouterr()
    assert frame.main(["docs"]) == 0
    assert capsys.readouterr().out == ""
    assert frame.main(["docs", "--check"]) == 0
    (tmp_path / "docs" / "features.md").write_text("old")
    assert frame.main(["docs", "--check"]) == 1
    assert "features.md is not current" in capsys.readouterr().err
