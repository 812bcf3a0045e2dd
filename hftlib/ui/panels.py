"""The live panels: components that draw in the browser from one shared feed a page.

Streamlit carries a loader of a few lines and the panel's choices; scripts and styles come from
the app's own address, numbers from its websocket. Nothing here reruns a script when data comes.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import streamlit as st
from streamlit import config

from hftlib.ui.assets import ASSETS

LADDER_DEPTH: Final = 25
_FEED_PATH: Final = "/api/feed"

_LOADER: Final = ASSETS.text("loader.js")


class Topic(NamedTuple):
    """Name what the panels of a page show; `row_ticks` 0 leaves the row height to the desk.

    `size_unit` is what sizes count where that is not the base currency (contracts).
    """

    venue: str
    symbol: str
    row_ticks: int = 0
    size_unit: str = ""


def _panel(name: str) -> Any:
    return st.components.v2.component(f"hftlib_{name}", js=_LOADER)


_HEADER: Final = _panel("header")
_METRICS: Final = _panel("metrics")
_HEATMAP: Final = _panel("heatmap")
_LADDER: Final = _panel("ladder")
_TRADES: Final = _panel("trades")
_DEPTH: Final = _panel("depth")
_STATUS: Final = _panel("status")
_CLOCK: Final = _panel("clock")
_POLL: Final = _panel("poll")


def header(topic: Topic) -> str:
    """Draw what is shown, its source, state and age, with the button that freezes.

    Returns how the page is linked: "socket", or "polled" where its websocket is refused.
    """
    state = _HEADER(key="panel_header", data=_data("header", topic), on_link_change=_ignore)
    return str(state.get("link") or "socket")


def metrics(topic: Topic) -> None:
    """Draw the row of numbers, each with its last minute."""
    _METRICS(key="panel_metrics", data=_data("metrics", topic))


def heatmap(
    topic: Topic,
    *,
    height: str,
    view: Mapping[str, float],
    on_view: Callable[[], None],
    on_row_ticks: Callable[[], None],
) -> Any:
    """Draw the time by price heatmap; its state has `view` and `row_ticks` as the user chose."""
    return _HEATMAP(
        key="panel_heatmap",
        data=_data("heatmap", topic, height=height, view=dict(view)),
        on_view_change=on_view,
        on_row_ticks_change=on_row_ticks,
    )


def ladder(topic: Topic, *, depth: int, height: str) -> None:
    """Draw the depth ladder with `depth` levels a side."""
    _LADDER(key="panel_ladder", data=_data("ladder", topic, depth=depth, height=height))


def trades(topic: Topic, *, height: str) -> None:
    """Draw the tape of trades, newest first."""
    _TRADES(key="panel_trades", data=_data("trades", topic, height=height))


def depth_curve(topic: Topic, *, height: str) -> None:
    """Draw cumulative depth on both sides of the mid."""
    _DEPTH(key="panel_depth", data=_data("depth", topic, height=height))


def feed_status(topic: Topic, *, height: str) -> None:
    """Draw the feed's health in numbers."""
    _STATUS(key="panel_status", data=_data("status", topic, height=height))


def clock(topic: Topic, *, on_command: Callable[[], None]) -> Any:
    """Draw the tape's controls; nothing where the source has no clock to move."""
    return _CLOCK(key="panel_clock", data=_data("clock", topic), on_command_change=on_command)


def polled(topic: Topic, messages: Sequence[bytes]) -> None:
    """Hand messages of the feed to the panels where their websocket is refused."""
    texts = [base64.b64encode(message).decode() for message in messages]
    _POLL(key="panel_poll", data=_data("poll", topic, messages=texts))


def _ignore() -> None:
    """Let a change of state rerun the page, which reads it where it draws."""


def _data(panel: str, topic: Topic, **choices: Any) -> dict[str, Any]:
    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    prefix = f"/{base}" if base else ""
    return {
        "assets": prefix + ASSETS.path,
        "module": f"{panel}.js",
        "topic": {"path": prefix + _FEED_PATH, "depth": LADDER_DEPTH, **topic._asdict()},
        **choices,
    }
