"""Write docs/images from the running page: `python -m tests.e2e.screenshots`."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from hftlib.client.connection import DeskConnection
from hftlib.client.endpoint import read_endpoint
from tests.e2e.conftest import FLAGS, OrderBook, chromium_path
from tests.ui_support import serving

IMAGES = serving.PROJECT / "docs" / "images"
SHOTS = {
    "order_book.png": (1600, 1010, "?row_ticks=500"),
    "order_book_1280.png": (1280, 720, "?row_ticks=500"),
}
INCIDENT = "incident:news"
HISTORY_S = 45
FAST = 20.0


def main() -> int:
    """Take every shot; return 1 where there is no Chromium."""
    chromium = chromium_path()
    if chromium is None:
        print("no Chromium here: set HFT_CHROMIUM or install one", file=sys.stderr)
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        environment = {
            "HFT_DATA_DIR": str(data),
            "HFT_DESK_PORT": str(serving.free_port()),
            "HFT_SOURCE": INCIDENT,
        }
        with serving.app(environment, Path(folder) / "app.log") as url:
            serving.wait_for_desk(data)
            endpoint = read_endpoint(data)
            assert endpoint is not None
            with DeskConnection(endpoint.url) as desk:
                shoot(chromium, url, desk)
    return 0


def shoot(chromium: str, url: str, desk: DeskConnection) -> None:
    """Play the tape fast until there is history to show, then photograph it at its own pace."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        for name, (width, height, query) in SHOTS.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            order_book = OrderBook(page, url, query)
            desk.set_speed(FAST)
            clock = "feed.status.clock"
            order_book.wait_for_feed(f"{clock}.time_ms - {clock}.start_ms > {HISTORY_S * 1_000}")
            desk.set_speed(1.0)
            order_book.page.reload()
            order_book.page.wait_for_timeout(40_000)
            page.screenshot(path=IMAGES / name)
            print(f"wrote docs/images/{name}")
            page.close()
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
