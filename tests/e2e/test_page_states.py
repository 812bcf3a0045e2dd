"""What the page says when all is not well, over a desk that does as it is told."""

from pathlib import Path

from playwright.sync_api import expect

from hftlib.core.states import BookState
from tests.e2e.conftest import OrderBook, Watched
from tests.ui_support import serving
from tests.ui_support.fake_desk import FakeDesk


def test_a_gap_is_told_and_hatched(watched: Watched, fake_app: tuple[str, FakeDesk]) -> None:
    url, desk = fake_app
    order_book = OrderBook(watched.page, url)
    desk.state = BookState.GAP
    try:
        order_book.wait_for_feed("feed.status.state === 'GAP' && feed.columns.at(-1).gap")
        expect(watched.page.locator(".badge.state")).to_contain_text("GAP")
        expect(watched.page.locator(".notice strong")).to_have_text("Gap in the feed")
    finally:
        desk.state = BookState.LIVE
    expect(watched.page.locator(".notice")).to_be_hidden()


def test_silence_makes_the_age_grow(watched: Watched, fake_app: tuple[str, FakeDesk]) -> None:
    url, desk = fake_app
    OrderBook(watched.page, url)
    desk.silent = True
    try:
        watched.page.locator(".fact.age.late").wait_for(timeout=10_000)
        expect(watched.page.locator(".fact.age")).to_contain_text(" s")
    finally:
        desk.silent = False
    watched.page.locator(".fact.age:not(.late)").wait_for(timeout=10_000)


def test_an_unknown_book_is_refused_in_words(
    watched: Watched, fake_app: tuple[str, FakeDesk]
) -> None:
    watched.page.goto(f"{fake_app[0]}/?symbol=ETHUSDT")
    expect(watched.page.locator(".notice strong")).to_have_text("Unknown book")
    expect(watched.page.locator(".notice")).to_contain_text("no such book in this run")


def test_a_starting_desk_shows_its_progress(
    watched: Watched, fake_app: tuple[str, FakeDesk]
) -> None:
    url, desk = fake_app
    desk.health_state = "compiling"
    try:
        watched.page.goto(url)
        expect(watched.page.get_by_text("compiling kernels 3/9")).to_be_visible()
    finally:
        desk.health_state = "running"
    watched.page.locator(".heatmap canvas[data-draws]").wait_for()
    assert watched.errors == []


def test_a_desk_that_is_lost_is_told_and_found_again(watched: Watched, tmp_path: Path) -> None:
    port = serving.free_port()
    environment = {"HFT_API_URL": f"http://127.0.0.1:{port}", "HFT_DATA_DIR": str(tmp_path)}
    with serving.app(environment, tmp_path / "app.log") as url:
        watched.page.goto(url)
        expect(watched.page.get_by_text("The desk does not answer")).to_be_visible()
        with serving.fake_desk(port):
            watched.page.locator(".heatmap canvas[data-draws]").wait_for()
        badge = watched.page.locator(".badge.state")
        expect(badge).to_contain_text("OFFLINE", timeout=10_000)
        expect(watched.page.locator(".notice strong")).to_have_text("Desk unreachable")
        watched.page.locator(".fact.age.late").wait_for(timeout=10_000)
        with serving.fake_desk(port):
            expect(badge).to_contain_text("LIVE", timeout=15_000)
            expect(watched.page.locator(".notice")).to_be_hidden()
    assert watched.abroad == []


def test_a_narrow_page_and_a_low_one_lose_nothing_to_the_right(
    watched: Watched, fake_app: tuple[str, FakeDesk]
) -> None:
    for width, height in ((1280, 720), (400, 860)):
        watched.page.set_viewport_size({"width": width, "height": height})
        OrderBook(watched.page, fake_app[0])
        beyond = watched.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert beyond <= 0
