"""The page on features names every one, and its example runs."""

import re

from hftlib.features.catalogue import ALIASES, CATALOGUE
from hftlib.features.documentation import features_page
from hftlib.features.own_feature import run_over
from tests.features.feature_events import INSTRUMENT, SECOND, START, delta_of, snapshot_of


def test_every_feature_has_a_row_of_four_cells() -> None:
    page = features_page()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.MULTILINE))
    assert set(rows) == {feature.name for feature in CATALOGUE} | set(ALIASES)
    for feature in CATALOGUE:
        cells = re.split(r"(?<!\\) \| ", rows[feature.name])
        assert cells[0] == feature.unit
        assert len(cells) == 3


def test_the_example_gives_what_it_says() -> None:
    code = re.search(r"```python\n(.*?)\n```", features_page(), re.DOTALL)
    assert code is not None
    names: dict = {}
    exec(code.group(1).split("\ntape = ")[0], names)
    events = [
        snapshot_of(START, [(9_990, 1_000)], [(10_010, 1_000)]),
        delta_of(START + SECOND // 2, [(9_990, 3_000)], []),
        delta_of(START + SECOND, [(9_991, 3_000)], []),
    ]
    values = run_over(events, names["queue_speed"], INSTRUMENT)["value"].tolist()
    assert values[1] == 4.0
    assert [value == value for value in values] == [False, True, False]
