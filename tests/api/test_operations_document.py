"""docs/operations.md names what there is: every metric, every figure of the statistics line."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hftlib.api.metrics import metrics_text, registry_of
from hftlib.desk.latency import Latency
from hftlib.desk.statistics_line import StatisticsLine
from tests.api.test_metrics import TALLIES
from tests.desk.test_health import WELL

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text("utf-8")


def families() -> list[str]:
    latency = Latency(lambda: 2_000)
    latency.begin(1_000)
    latency.mark(0)
    text = metrics_text(registry_of(lambda: (WELL, TALLIES, latency.stages()))).decode()
    return [
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in text_string_to_metric_families(text)
        if family.name.startswith("hftlib_")
    ]


@pytest.mark.parametrize("name", families())
def test_every_metric_is_documented(name: str) -> None:
    ending = name.removeprefix("hftlib")
    named = name.replace("hftlib_desk", "hftlib_desk_info") if name == "hftlib_desk" else name
    assert f"`{named}`" in DOCUMENT or f"`{ending}`" in DOCUMENT


def test_every_figure_of_the_statistics_line_is_documented() -> None:
    stages = {"decoded": 1.0, "featured": 2.0, "signalled": 3.0}
    figures = StatisticsLine().figures(0.0, WELL, TALLIES, stages)
    assert [name for name in figures if f"`{name}`" not in DOCUMENT] == []
