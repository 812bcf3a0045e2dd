"""Three kills of a desk under load: nothing acknowledged is lost, nobody is left."""

import sys
from pathlib import Path

import pytest

from tests.kill.trials import Trials

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc here")


@pytest.mark.slow
def test_three_kills_lose_nothing(tmp_path: Path) -> None:
    figures = Trials(tmp_path, 3, lambda text: print(text, file=sys.stderr)).run(3)
    assert figures["marks_acknowledged"] > 0
    assert figures["orders_acknowledged"] > 0
    assert figures["frames_replayed"] > 0
