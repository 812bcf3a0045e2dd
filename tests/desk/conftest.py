from pathlib import Path

import pytest

from tests.desk_support.recording import write_tape


@pytest.fixture(scope="session")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tape of one minute."""
    return write_tape(tmp_path_factory.mktemp("tapes") / "test.tape")
