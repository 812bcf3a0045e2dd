import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import hftlib
from hftlib.client.connection import DeskConnection, feed_url
from hftlib.client.desk import desk_of
from hftlib.client.endpoint import write_endpoint, write_token
from hftlib.client.upstream import feed_messages
from hftlib.core.configuration import ApiSection, Configuration
from hftlib.core.errors import UnavailableError
from hftlib.wire import feed
from hftlib.wire.feed import Kind
from hftlib.wire.messages import Endpoint
from tests.desk_support.recording import SYMBOL, VENUE, write_tape
from tests.desk_support.server import playing


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """Serve one answer to every request."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_no_desk_is_told_with_its_address() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with DeskConnection(url) as connection, pytest.raises(UnavailableError, match=url):
        connection.health()


@pytest.mark.parametrize(("status", "body"), [(200, b"<html>"), (500, b"oops"), (404, b"{}")])
def test_what_answers_otherwise_than_a_desk_is_told(status: int, body: bytes) -> None:
    with (
        answering(status, body) as url,
        DeskConnection(url) as connection,
        pytest.raises(UnavailableError, match=f"answered {status}"),
    ):
        connection.health()


def test_feed_addresses_quote_what_they_are_given() -> None:
    assert feed_url("https://desk.example/", "a&b", "X/Y", row_ticks=5) == (
        "wss://desk.example/api/v1/stream?topic=heatmap&venue=a%26b&symbol=X%2FY&row_ticks=5"
    )
    assert feed_url("http://h:1", "v", "s", depth=3) == (
        "ws://h:1/api/v1/stream?topic=heatmap&venue=v&symbol=s&depth=3"
    )


class Paging(DeskConnection):
    """Answer two pages; the desk's own source is another one by the second."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1")
        self.asked: list[dict[str, Any]] = []

    def _arrow(self, method: str, path: str, **rest: Any) -> pa.Table:
        query = dict(rest["params"])
        own = ["SIMULATED", "EXCHANGE", "EXCHANGE"][len(self.asked)]
        self.asked.append(query)
        source = query.get("source") or own
        following = "" if len(self.asked) > 1 else "7"
        told = {"next": following, "end": "9", "where": "store", "source": source}
        return pa.table({"ts_recv": [len(self.asked)]}).replace_schema_metadata(told)


def test_all_pages_are_of_the_first_ones_source() -> None:
    with Paging() as connection:
        told = connection.trades(SYMBOL, venue=VENUE)
    assert told["ts_recv"].tolist() == [1, 2]
    assert told.attrs == {"source": "SIMULATED"}
    first, second = connection.asked
    assert "source" not in first
    assert (second["source"], second["start"], second["end"]) == ("SIMULATED", "7", "9")


def test_all_parts_of_many_times_are_of_the_first_ones_source() -> None:
    with Paging() as connection:
        table = connection.markouts(SYMBOL, venue=VENUE, times=range(1_500), as_arrow=True)
    assert table.schema.metadata == {b"source": b"SIMULATED"}
    assert [query.get("source") for query in connection.asked][1:] == ["SIMULATED"] * (
        len(connection.asked) - 1
    )
    assert len(connection.asked) > 1


def test_the_desk_that_is_meant(tmp_path: Path) -> None:
    folder = str(tmp_path)
    nowhere = Configuration(data_dir=folder)
    assert desk_of(nowhere) == (f"http://127.0.0.1:{nowhere.desk.port}", "")
    token_file = str(write_token(tmp_path, "t0ken"))
    write_endpoint(tmp_path, Endpoint("http://127.0.0.1:5", 1, "incident:calm", token_file))
    assert desk_of(nowhere) == ("http://127.0.0.1:5", "t0ken")
    configured = Configuration(data_dir=folder, api=ApiSection(url="http://far:1/", token="far"))
    assert desk_of(configured) == ("http://far:1", "far")
    assert desk_of(configured, "http://other:2/") == ("http://other:2", "far")


def test_connect_finds_the_desk_and_reads_books(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with playing(write_tape(tmp_path / "a.tape", 50), tmp_path / "data", paused=True) as desk:
        desk.until_running()
        found = hftlib.connect()
        assert found.url == desk.url
        frame = found.get_order_book(VENUE, SYMBOL, depth=2)
        assert frame["side"].tolist() == ["bid", "bid", "ask", "ask"]
        together = found.get_consolidated_book({VENUE: SYMBOL}, rates={"USDT": 0.5, "USD": 1})
        assert (together["common_price"] * 2).tolist() == together["price"].tolist()
        assert hftlib.connect(desk.url).venues()[0].venue == VENUE


def test_connect_says_where_nobody_is() -> None:
    with pytest.raises(UnavailableError, match="no desk answers"):
        hftlib.connect(f"http://127.0.0.1:{free_port()}")


async def test_the_upstream_outlives_its_desk(tmp_path: Path) -> None:
    tape = write_tape(tmp_path / "a.tape", 50)
    desk = playing(tape, tmp_path / "data", paused=True)
    kinds: list[Kind] = []
    reasons: list[str] = []
    messages = feed_messages(desk.url, VENUE, SYMBOL, row_ticks=3, depth=2)
    with desk:
        async for message in messages:
            head, body = feed.decode(message)
            kinds.append(head.kind)
            if head.kind is Kind.DESCRIPTION:
                assert body.row_ticks == 3
            if head.kind is Kind.STATUS:
                break
    async for message in messages:
        head, body = feed.decode(message)
        if head.kind is Kind.ERROR:
            reasons.append(body.code)
            break
    await messages.aclose()
    assert Kind.DESCRIPTION in kinds
    assert reasons == ["DESK_UNREACHABLE"]
