"""The order book page over the real desk and the calm incident, as it is first seen."""

import base64
import io
import re
import threading
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.conftest import OrderBook, Watched

SCREENCAST_S = 10.0


@pytest.fixture
def order_book(watched: Watched, real_app: str) -> OrderBook:
    book = OrderBook(watched.page, real_app)
    book.wait_for_feed("feed.status?.state === 'LIVE'")
    return book


def test_it_opens_clean_and_says_where_its_numbers_come_from(
    watched: Watched, order_book: OrderBook
) -> None:
    assert order_book.text(".badge.source") == "SIMULATED"
    assert "LIVE" in order_book.text(".badge.state")
    assert order_book.text(".symbol") == "BTC / USDT"
    order_book.wait_for_feed("feed.samples.length > 12")
    values = order_book.page.locator(".card .value").all_inner_texts()
    assert len(values) == 6
    assert all(re.search(r"\d", value) for value in values)
    assert order_book.page.locator(".trade:not(.head)").count() > 3
    order_book.page.wait_for_timeout(2_000)
    assert watched.errors == []
    assert watched.abroad == []


def test_every_number_tells_its_formula(order_book: OrderBook) -> None:
    hints = [card.get_attribute("title") for card in order_book.page.locator(".card").all()]
    assert len(hints) == 6
    assert all(hint and len(hint) > 40 for hint in hints)
    facts = order_book.page.locator(".fact-row").all()
    assert len(facts) == 14
    assert all(fact.get_attribute("title") for fact in facts)


def test_the_heatmap_moves_ten_times_a_second(order_book: OrderBook) -> None:
    first, draws = order_book.picture(), order_book.draws()
    order_book.page.wait_for_timeout(4_000)
    assert order_book.picture() != first
    assert (order_book.draws() - draws) / 4 >= 10


def test_a_page_holds_one_socket_however_many_panels_it_has(
    watched: Watched, real_app: str
) -> None:
    sockets: list[str] = []
    watched.page.on("websocket", lambda socket: sockets.append(socket.url))
    OrderBook(watched.page, real_app)
    assert len([url for url in sockets if "/api/feed" in url]) == 1


def test_no_frame_of_a_screencast_is_blank(order_book: OrderBook) -> None:
    box = order_book.canvas.bounding_box()
    assert box is not None
    frames = screencast(order_book, SCREENCAST_S)
    assert len(frames) > 50
    for frame in frames:
        image = Image.open(io.BytesIO(frame)).convert("RGB")
        scale = image.width / 1600
        edges = (box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"])
        area = np.asarray(image.crop(tuple(round(edge * scale) for edge in edges)), float)
        lit = (area.max(axis=2) > 90).mean()
        assert lit > 0.01, "a frame shows an empty heatmap"
    assert len(set(frames)) > 50


def screencast(order_book: OrderBook, seconds: float) -> list[bytes]:
    """Return the frames that Chromium showed in so many seconds."""
    session = order_book.page.context.new_cdp_session(order_book.page)
    frames: list[bytes] = []
    lock = threading.Lock()

    def shown(event: dict[str, Any]) -> None:
        with lock:
            frames.append(base64.b64decode(event["data"]))
        session.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    session.on("Page.screencastFrame", shown)
    session.send("Page.startScreencast", {"format": "jpeg", "quality": 60, "everyNthFrame": 1})
    order_book.page.wait_for_timeout(seconds * 1_000)
    session.send("Page.stopScreencast")
    return frames


def test_pause_holds_and_play_goes_on(order_book: OrderBook) -> None:
    order_book.page.locator(".clock .play").click()
    order_book.wait_for_feed("feed.status?.clock.paused === true")
    order_book.page.wait_for_timeout(500)
    held, time_ms = order_book.picture(), order_book.feed("feed.status.clock.time_ms")
    order_book.page.wait_for_timeout(1_500)
    assert order_book.picture() == held
    assert order_book.feed("feed.status.clock.time_ms") == time_ms
    order_book.page.locator(".clock button").nth(2).click()
    order_book.wait_for_feed(f"feed.status?.clock.time_ms > {time_ms}")
    order_book.page.locator(".clock .play").click()
    order_book.wait_for_feed("feed.status?.clock.paused === false")
    order_book.page.wait_for_timeout(1_000)
    assert order_book.picture() != held


def test_seek_moves_the_tape(order_book: OrderBook) -> None:
    slider = order_book.page.locator(".clock .seek")
    slider.evaluate(
        "input => { input.value = 700; input.dispatchEvent(new Event('input'));"
        " input.dispatchEvent(new Event('change')); }"
    )
    share = (
        "(feed.status.clock.time_ms - feed.status.clock.start_ms)"
        " / (feed.status.clock.end_ms - feed.status.clock.start_ms)"
    )
    order_book.wait_for_feed(f"{share} > 0.69 && {share} < 0.8")
    order_book.wait_for_feed("feed.columns.length > 20 && feed.status.state === 'LIVE'")


def test_speed_is_set(order_book: OrderBook) -> None:
    order_book.page.locator(".clock .speed").select_option("5")
    order_book.wait_for_feed("feed.status?.clock.speed === 5")
    order_book.page.locator(".clock .speed").select_option("1")
    order_book.wait_for_feed("feed.status?.clock.speed === 1")


def test_freeze_holds_the_whole_page_and_lets_it_go(order_book: OrderBook) -> None:
    order_book.page.locator(".freeze").click()
    order_book.page.wait_for_timeout(400)
    held = order_book.picture(), order_book.text(".ladder canvas"), order_book.text(".status")
    order_book.page.wait_for_timeout(1_500)
    now = order_book.picture(), order_book.text(".ladder canvas"), order_book.text(".status")
    assert now == held
    assert order_book.feed("feed.held.length") > 5
    order_book.page.locator(".freeze").click()
    order_book.wait_for_feed("feed.held.length === 0")
    order_book.page.wait_for_timeout(500)
    assert order_book.picture() != held[0]


def test_a_row_height_is_a_topic_of_its_own_and_stands_in_the_address(
    order_book: OrderBook,
) -> None:
    before = order_book.feed("feed.description.row_ticks")
    order_book.page.get_by_role("button", name="Row more").click()
    order_book.wait_for_feed(f"feed.description?.row_ticks > {before}")
    order_book.page.wait_for_url(re.compile(r"row_ticks=\d+"))


def test_a_choice_in_the_sidebar_stands_in_the_address(order_book: OrderBook) -> None:
    order_book.page.get_by_role("radio", name="20").click()
    order_book.page.wait_for_url(re.compile(r"depth=20"))
    expect(order_book.page.locator(".ladder .note")).to_have_text("20 levels a side")


def test_a_link_restores_the_view(watched: Watched, real_app: str) -> None:
    query = "?depth=20&row=9&time=7&cut=0.4&peak=0.8"
    order_book = OrderBook(watched.page, real_app, query)
    assert order_book.text(".ladder .note") == "20 levels a side"
    assert order_book.text(".stepper.zoom output") == "14 px"
    cut, peak = (handle.input_value() for handle in order_book.page.locator(".bar input").all())
    assert (float(cut), float(peak)) == (0.4, 0.8)
    order_book.page.get_by_role("button", name="Zoom more").click()
    order_book.page.wait_for_url(re.compile(r"row=10"))


def test_the_pointer_tells_price_size_and_time(order_book: OrderBook) -> None:
    box = order_book.canvas.bounding_box()
    assert box is not None
    order_book.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
    tip = order_book.page.locator(".tip")
    tip.wait_for(state="visible")
    text = tip.inner_text()
    assert "best bid" in text
    assert "UTC" in text


def test_the_wheel_zooms_and_the_drag_pans(order_book: OrderBook) -> None:
    box = order_book.canvas.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    order_book.page.mouse.move(*middle)
    span = order_book.text(".stepper.span output")
    order_book.page.mouse.wheel(0, -120)
    order_book.page.wait_for_timeout(200)
    assert order_book.text(".stepper.span output") != span
    order_book.page.mouse.down()
    order_book.page.mouse.move(middle[0], middle[1] + 120, steps=6)
    order_book.page.mouse.up()
    back = order_book.page.locator("button.quiet")
    back.wait_for(state="visible")
    back.click()
    back.wait_for(state="hidden")


def test_where_the_websocket_is_refused_the_page_polls(watched: Watched, real_app: str) -> None:
    watched.page.route_web_socket(re.compile(r"/api/feed"), lambda socket: socket.close())
    order_book = OrderBook(watched.page, real_app)
    assert order_book.text(".fact.link") == "polled"
    columns = order_book.feed("feed.columns.length")
    order_book.wait_for_feed(f"feed.columns.length > {columns}")
