"""The app's tie to its desk: joined, told when gone, found again."""

import pytest

from hftlib.client.connection import DeskConnection
from hftlib.client.starting import RunningDesk
from hftlib.core.configuration import Configuration
from hftlib.core.errors import ConfigurationError, UnavailableError
from hftlib.ui import link
from hftlib.ui.link import DeskLink


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Note each desk that is asked for instead of starting one."""
    asked: list[object] = []

    def ensure(data_dir: object) -> RunningDesk:
        asked.append(data_dir)
        return RunningDesk("http://127.0.0.1:9", "secret")

    monkeypatch.setattr(link, "ensure_desk", ensure)
    return asked


async def test_without_an_address_a_desk_is_had_for_the_data_folder(started: list[object]) -> None:
    tie = DeskLink(Configuration)
    connection = tie.connection()
    assert isinstance(connection, DeskConnection)
    assert tie.connection() is connection
    assert [str(folder) for folder in started] == ["data"]


async def test_a_desk_that_is_gone_is_looked_for_anew(started: list[object]) -> None:
    tie = DeskLink(Configuration)
    tie.connection()
    assert await tie.locate() == ("http://127.0.0.1:9", "secret")
    assert len(started) == 2


async def test_a_desk_that_cannot_start_is_not_tried_without_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries: list[int] = []

    def refuse(_: object) -> RunningDesk:
        tries.append(1)
        raise UnavailableError("it ended with code 2")

    monkeypatch.setattr(link, "ensure_desk", refuse)
    tie = DeskLink(Configuration)
    for _ in range(3):
        with pytest.raises(UnavailableError, match="code 2"):
            tie.connection()
    assert len(tries) == 1


def test_a_configuration_that_is_refused_is_told() -> None:
    def refuse() -> Configuration:
        raise ConfigurationError("unknown key spede, did you mean speed?")

    with pytest.raises(UnavailableError, match="did you mean speed"):
        DeskLink(refuse).connection()


def test_an_address_that_is_named_is_used_and_nothing_is_started(
    desk: object, started: list[object]
) -> None:
    tie = link.desk_link()
    assert tie.connection().health().state == "running"
    tie.renew()
    assert tie.connection().health().state == "running"
    assert started == []


def test_closing_ends_a_desk_of_ones_own_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[str] = []
    monkeypatch.setattr(RunningDesk, "stop", lambda self: stopped.append(self.url))
    monkeypatch.setattr(link, "ensure_desk", lambda _: RunningDesk("http://127.0.0.1:9", ""))
    tie = DeskLink(Configuration)
    tie.connection()
    tie.close()
    tie.close()
    assert stopped == ["http://127.0.0.1:9"]
