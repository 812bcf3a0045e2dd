from collections.abc import Iterator
from pathlib import Path

import pytest

from hftlib.client.connection import DeskConnection
from tests.desk_support.recording import write_tape
from tests.desk_support.server import DeskInThread, playing


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tape of one minute."""
    return write_tape(tmp_path_factory.mktemp("tapes") / "test.tape")


@pytest.fixture(scope="module")
def desk(tape: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskInThread]:
    """Return a desk that stands still at the first book."""
    with playing(tape, tmp_path_factory.mktemp("data"), paused=True) as running:
        running.until_running()
        yield running


@pytest.fixture
def connection(desk: DeskInThread) -> Iterator[DeskConnection]:
    """Return a connection to the desk."""
    with desk.connection() as connected:
        yield connected
