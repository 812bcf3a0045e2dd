"""A desk that listens beyond loopback, reached by another address of this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from hftlib.client.connection import DeskConnection, RefusedError, stream_url
from hftlib.core.errors import ConfigurationError
from hftlib.desk.settings import DeskSettings, check
from hftlib.wire.messages import API_PREFIX
from hftlib.wire.stream import Encoding, Subscribed, decode_message
from tests.desk_support.recording import SYMBOL, VENUE
from tests.desk_support.server import playing
from tests.ui_support.serving import other_address

TOKEN = "s3cret"


@pytest.fixture(scope="module")
def exposed(tape: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a desk that listens on 0.0.0.0."""
    folder = tmp_path_factory.mktemp("exposed")
    with playing(tape, folder, paused=True, host="0.0.0.0", token=TOKEN) as running:
        running.until_running()
        yield f"http://{other_address()}:{running.port}"


def test_every_route_needs_the_token(exposed: str) -> None:
    own = {"Authorization": f"Bearer {TOKEN}"}
    document = requests.get(f"{exposed}{API_PREFIX}/openapi.json", headers=own, timeout=5).json()
    asked = [
        (method, path.replace("{venue}", VENUE).replace("{symbol}", SYMBOL))
        for path, methods in document["paths"].items()
        for method in methods
    ]
    asked += [("get", "/metrics"), ("get", "/"), ("get", f"{API_PREFIX}/openapi.json")]
    assert len(asked) > 20
    for method, path in asked:
        answer = requests.request(method, exposed + path, timeout=5)
        assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_REQUIRED"), path


@pytest.mark.parametrize("token", ["", "wrong", "s3cre", "S3CRET"])
def test_the_stream_needs_the_token(exposed: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    for query in ("", "?topic=heatmap&venue=binance&symbol=BTCUSDT"):
        with (
            pytest.raises(InvalidStatus) as refused,
            connect(stream_url(exposed) + query, additional_headers=headers, proxy=None),
        ):
            pytest.fail("it opened")
        assert refused.value.response.status_code == 401


def test_the_token_opens_it(exposed: str) -> None:
    with DeskConnection(exposed, TOKEN) as connection:
        assert connection.health().state == "running"
        assert connection.pause().paused
    with DeskConnection(exposed, "wrong") as connection, pytest.raises(RefusedError, match="token"):
        connection.pause()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    address = stream_url(exposed) + "?topic=health"
    with connect(address, additional_headers=headers, proxy=None) as opened:
        assert isinstance(decode_message(opened.recv(timeout=10), Encoding.JSON), Subscribed)
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(address, additional_headers=headers, origin="http://evil.example", proxy=None),
    ):
        pytest.fail("it opened")
    assert refused.value.response.status_code == 403


def test_without_a_token_no_desk_listens_beyond_loopback() -> None:
    with pytest.raises(ConfigurationError, match="HFT_API_TOKEN"):
        check(DeskSettings(host="0.0.0.0"))
