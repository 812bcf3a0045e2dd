"""Pages run in-process by AppTest against a made-up desk."""

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from hftlib.ui import link
from tests.ui_support import serving
from tests.ui_support.fake_desk import FakeDesk

FRAME = serving.PROJECT / "hftlib" / "ui" / "frame.py"


@pytest.fixture(autouse=True)
def own_link(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Give each test a link of its own, to a folder where no desk runs."""
    monkeypatch.chdir(tmp_path)
    link.desk_link.cache_clear()
    yield
    link.desk_link().close()
    link.desk_link.cache_clear()


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDesk]:
    with serving.fake_desk() as (desk, url):
        monkeypatch.setenv("HFT_API_URL", url)
        yield desk


@pytest.fixture
def page() -> AppTest:
    return functools.partial(AppTest.from_file, str(FRAME), default_timeout=20)()
