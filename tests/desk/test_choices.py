"""The sources that a desk offers."""

from pathlib import Path

from hftlib.desk.choices import TAPES, choices
from hftlib.desk.settings import check_source, incident_names


def test_running_sources_then_tapes_then_incidents(tmp_path: Path) -> None:
    for name in ("b.tape", "a.tape", "c.txt"):
        (tmp_path / TAPES / name).mkdir(parents=True)
    told = choices(tmp_path)
    groups = [choice.group for choice in told]
    assert groups == ["Running"] * 4 + ["Recorded"] * 2 + ["Incidents"] * len(incident_names())
    assert [choice.label for choice in told[4:6]] == ["b", "a"]
    for choice in told:
        check_source(choice.source)
    assert len({choice.label for choice in told}) == len(told)


def test_without_a_data_folder_there_are_no_tapes(tmp_path: Path) -> None:
    assert {choice.group for choice in choices(tmp_path / "absent")} == {"Running", "Incidents"}
