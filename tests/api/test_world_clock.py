"""A desk whose source runs by the world's clock: there is none to tell, move or follow."""

from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from hftlib.api.app import build
from hftlib.api.fanout import Hub
from hftlib.api.stream_tellers import teller_of
from hftlib.desk.desk import ClockError, Desk
from hftlib.desk.settings import DeskSettings
from hftlib.wire.messages import API_PREFIX
from hftlib.wire.stream import ClockTopic, HealthTopic


@pytest.fixture
def client(tmp_path: Path) -> httpx.AsyncClient:
    desk = Desk(DeskSettings(source="live", data_dir=tmp_path))
    transport = httpx.ASGITransport(build(desk, Hub(desk)))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("POST", "/play", None),
        ("POST", "/pause", None),
        ("POST", "/step", None),
        ("POST", "/seek", {"ts": 1}),
        ("POST", "/speed", {"speed": 1.0}),
        ("POST", "/loop", {"loop": True}),
    ],
)
async def test_every_clock_route_answers_in_words(
    client: httpx.AsyncClient, method: str, path: str, body: object
) -> None:
    answer = await client.request(method, f"{API_PREFIX}/clock{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "CLOCK_REFUSED")
    assert "clock" in answer.json()["message"]


def test_the_clock_topic_says_so() -> None:
    desk = SimpleNamespace(view=None, clock=lambda: None)
    with pytest.raises(ClockError, match="world's clock"):
        teller_of(ClockTopic(), desk, lambda: None)


def test_health_is_told_before_there_is_a_run(tmp_path: Path) -> None:
    desk = Desk(DeskSettings(source="live", data_dir=tmp_path))
    teller = teller_of(HealthTopic(), desk, desk.health)
    assert teller.all().state == "starting"
