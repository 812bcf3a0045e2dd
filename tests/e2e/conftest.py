"""The page in a real Chromium: the app as users start it, and nothing beyond loopback."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.ui_support import serving
from tests.ui_support.fake_desk import FakeDesk

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.fspath).parent == Path(__file__).parent:
            item.add_marker("e2e")


def chromium_path() -> str | None:
    """Return the Chromium to drive, None where there is none."""
    named = os.environ.get("HFT_CHROMIUM")
    if named:
        return named
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), None)


class Watched:
    """Hold a page with all that must not happen on it: errors, and requests beyond loopback."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.abroad: list[str] = []
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.route("**/*", self._gate)

    def _gate(self, route: Route) -> None:
        host = urlsplit(route.request.url).hostname
        if host in {"127.0.0.1", "localhost", None}:
            route.continue_()
            return
        self.abroad.append(route.request.url)
        route.abort()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium here (looked at HFT_CHROMIUM and for chromium on the path)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def real_app(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the app with the desk that it starts by itself, playing the calm incident."""
    folder = tmp_path_factory.mktemp("app")
    environment = {
        "HFT_DATA_DIR": str(folder / "data"),
        "HFT_SOURCE": "incident:calm",
        "HFT_DESK_PORT": str(serving.free_port()),
    }
    with serving.app(environment, folder / "app.log") as url:
        serving.wait_for_desk(folder / "data")
        yield url


@pytest.fixture(scope="session")
def fake_app(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, FakeDesk]]:
    """Serve the app over a made-up desk that does as a test asks."""
    folder = tmp_path_factory.mktemp("fake")
    with serving.fake_desk() as (desk, desk_url):
        environment = {"HFT_API_URL": desk_url, "HFT_DATA_DIR": str(folder / "data")}
        with serving.app(environment, folder / "app.log") as url:
            yield url, desk


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    page = browser.new_page(viewport={"width": 1600, "height": 1010})
    page.set_default_timeout(30_000)
    yield Watched(page)
    page.close()


class OrderBook:
    """Drive the order book page by what a user sees of it."""

    def __init__(self, page: Page, url: str, query: str = "") -> None:
        self.page = page
        page.goto(f"{url}/{query}")
        self.canvas = page.locator(".heatmap canvas")
        page.wait_for_function(DRAWN)

    def draws(self) -> int:
        return int(self.canvas.get_attribute("data-draws") or 0)

    def picture(self) -> str:
        """Return the heatmap's pixels."""
        return str(self.canvas.evaluate("canvas => canvas.toDataURL()"))

    def text(self, selector: str) -> str:
        return self.page.locator(selector).first.inner_text()

    def feed(self, expression: str) -> Any:
        """Evaluate an expression of `feed`, the page's one feed."""
        return self.page.evaluate(
            f"() => {{ const feed = [...window[Symbol.for('hftlib.feeds')].values()].at(-1);"
            f" return {expression}; }}"
        )

    def wait_for_feed(self, condition: str) -> None:
        """Return once a condition of `feed` holds."""
        self.page.wait_for_function(
            f"() => {{ const feed = [...window[Symbol.for('hftlib.feeds')].values()].at(-1);"
            f" return {condition}; }}"
        )


DRAWN = """() => {
  const find = (root) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.matches('.heatmap canvas') && Number(element.dataset.draws) > 3) return true;
      if (element.shadowRoot && find(element.shadowRoot)) return true;
    }
    return false;
  };
  return find(document);
}"""
