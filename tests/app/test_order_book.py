"""The order book page in every state of the desk, without a browser."""

import msgspec
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from hftlib.ui import order_book
from hftlib.ui.panels import Topic
from tests.ui_support import serving
from tests.ui_support.fake_desk import FakeDesk

PANELS = 8


def panel_count(page: AppTest) -> int:
    return len(page.get("bidi_component"))


def test_the_page_draws_its_panels(page: AppTest, desk: FakeDesk) -> None:
    page.run()
    assert not page.exception
    assert panel_count(page) == PANELS
    _, exchange, symbol = page.sidebar.selectbox
    assert exchange.options == ["binance"]
    assert symbol.options == ["BTCUSDT", "ETHUSDT"]
    assert symbol.value == "BTCUSDT"


def test_another_symbol_is_shown_without_a_fault(page: AppTest, desk: FakeDesk) -> None:
    page.run()
    page.sidebar.selectbox[2].select("ETHUSDT").run()
    assert not page.exception
    assert page.session_state["symbol"] == "ETHUSDT"
    assert panel_count(page) == PANELS


def test_the_address_chooses(page: AppTest, desk: FakeDesk) -> None:
    page.query_params["symbol"] = "ETHUSDT"
    page.query_params["depth"] = "20"
    page.run()
    assert not page.exception
    assert page.sidebar.selectbox[2].value == "ETHUSDT"
    assert page.session_state["depth"] == 20


def test_what_the_desk_does_not_have_falls_back(page: AppTest, desk: FakeDesk) -> None:
    page.query_params["venue"] = "nowhere"
    page.query_params["symbol"] = "NOSUCH"
    page.query_params["depth"] = "7"
    page.query_params["row_ticks"] = "many"
    page.run()
    assert not page.exception
    assert [box.value for box in page.sidebar.selectbox[1:]] == ["binance", "BTCUSDT"]
    assert page.session_state["depth"] == 10


def test_a_desk_that_is_gone_is_told_in_words(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HFT_API_URL", f"http://127.0.0.1:{serving.free_port()}")
    page.run()
    assert not page.exception
    assert panel_count(page) == 0
    assert any("The desk does not answer" in text.value for text in page.markdown)


def test_a_desk_that_compiles_shows_how_far_it_is(page: AppTest, desk: FakeDesk) -> None:
    desk.health_state = "compiling"
    page.run()
    assert not page.exception
    assert panel_count(page) == 0
    assert any("Compiling kernels" in text.value for text in page.markdown)


def test_a_desk_that_waits_for_a_compiler_says_so(page: AppTest, desk: FakeDesk) -> None:
    desk.health_state, desk.kernels = "compiling", 0
    page.run()
    assert not page.exception
    assert [bar.proto.text for bar in page.get("progress")] == [
        "waiting for another process that compiles the same kernels"
    ]


def test_a_desk_that_failed_says_why(page: AppTest, desk: FakeDesk) -> None:
    desk.health_state, desk.reason = "failed", "x.tape holds no frames"
    page.run()
    assert not page.exception
    assert any("x.tape holds no frames" in text.value for text in page.text)


@pytest.mark.parametrize(
    ("action", "value", "asked"),
    [
        ("pause", 0, ("pause", {})),
        ("play", 0, ("play", {})),
        ("step", 1, ("step", {"events": 1})),
        ("speed", 5, ("speed", {"speed": 5.0})),
        ("seek", 1_723_161_700_000.4, ("seek", {"ts": 1_723_161_700_000_000_000})),
    ],
)
def test_the_clocks_wishes_reach_the_desk(
    desk: FakeDesk,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    value: float,
    asked: tuple[str, dict[str, object]],
) -> None:
    command = {"action": action, "value": value, "at": 1}
    monkeypatch.setattr(st, "session_state", {"panel_clock": {"command": command}})
    order_book.command()
    assert desk.commands == [asked]


@pytest.mark.parametrize(
    ("multiplier", "inverse", "unit"),
    [("1", False, ""), ("100", True, "\u00d7100 USDT"), ("0.01", False, "\u00d70.01 USDT")],
)
def test_contracts_are_not_called_coins(
    desk: FakeDesk, multiplier: str, inverse: bool, unit: str
) -> None:
    desk.multiplier, desk.inverse = multiplier, inverse
    topic = order_book.with_unit(Topic("binance", "BTCUSDT", 50))
    assert topic == Topic("binance", "BTCUSDT", 50, unit)
    assert order_book.with_unit(Topic("binance", "NOSUCH")).size_unit == ""


def test_without_a_desk_the_unit_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HFT_API_URL", f"http://127.0.0.1:{serving.free_port()}")
    topic = Topic("binance", "BTCUSDT")
    assert order_book.with_unit(topic) is topic


def test_no_wish_asks_nothing(desk: FakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {"panel_clock": {"command": None}})
    order_book.command()
    assert desk.commands == []


def test_a_desk_that_is_gone_when_asked_is_told_in_a_toast(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    toasts: list[str] = []
    monkeypatch.setenv("HFT_API_URL", f"http://127.0.0.1:{serving.free_port()}")
    monkeypatch.setattr(st, "toast", lambda text, **_: toasts.append(text))
    command = {"action": "pause", "value": 0, "at": 1}
    monkeypatch.setattr(st, "session_state", {"panel_clock": {"command": command}})
    order_book.command()
    assert toasts == ["The desk does not answer."]


def test_the_source_can_be_switched(page: AppTest, desk: FakeDesk) -> None:
    page.run()
    source = page.sidebar.selectbox[0]
    assert source.value == "incident:calm"
    source.select("incident:news").run()
    assert not page.exception
    assert desk.shown == "incident:news"
    assert page.sidebar.selectbox[0].value == "incident:news"


def test_a_source_switched_elsewhere_is_shown(page: AppTest, desk: FakeDesk) -> None:
    page.run()
    desk.shown = "local"
    page.run()
    assert page.sidebar.selectbox[0].value == "local"


def test_a_desk_without_a_book_says_what_keeps_it_from_one() -> None:
    health = FakeDesk().health()
    assert order_book._why_no_book(health) == f"Its source, {health.origin}, names no symbol."
    troubled = msgspec.structs.replace(health, reasons=["no venue", "no connection"])
    assert order_book._why_no_book(troubled) == "no venue\nno connection"
