"""What the user chose: exchange, symbol, depth, row height and view, all kept in the address."""

from typing import Any, Final, NamedTuple

import streamlit as st

from hftlib.ui.panels import Topic
from hftlib.wire.messages import VenueReply

DEPTHS: Final = (10, 20)
_VIEW: Final = ("time", "row", "cut", "peak")


class Selection(NamedTuple):
    """Hold the choices of the order book page."""

    topic: Topic
    depth: int
    view: dict[str, float]


def choose(venues: list[VenueReply]) -> Selection:
    """Draw the pickers in the sidebar and return what is chosen.

    A choice that the address names and the desk does not have falls back on the first there is.
    """
    with st.sidebar:
        names = [entry.venue for entry in venues]
        venue = _pick("Exchange", "venue", names)
        symbols = next(entry.symbols for entry in venues if entry.venue == venue)
        symbol = _pick("Symbol", "symbol", symbols)
        depth = st.segmented_control(
            "Ladder depth",
            DEPTHS,
            key="depth",
            default=DEPTHS[0],
            required=True,
            bind="query-params",
            width="stretch",
            help="Levels that the ladder shows on each side.",
        )
    row_ticks = int(_number("row_ticks") or 0)
    return Selection(Topic(venue, symbol, row_ticks), int(depth or DEPTHS[0]), _view())


def keep_row_ticks() -> None:
    """Put the row height that the heatmap asks for into the address."""
    wanted = _state("row_ticks")
    if isinstance(wanted, int | float) and wanted >= 1:
        st.query_params["row_ticks"] = str(int(wanted))


def keep_view() -> None:
    """Put zoom and intensity of the heatmap into the address."""
    view = _state("view") or {}
    for name in _VIEW:
        if isinstance(view.get(name), int | float):
            st.query_params[name] = f"{view[name]:g}"


def _pick(label: str, key: str, options: list[str]) -> str:
    """Draw one picker; its choice stands in the address."""
    if st.query_params.get(key) not in options:
        st.query_params.pop(key, None)
    if st.session_state.get(key) not in options:
        st.session_state.pop(key, None)
    return str(st.selectbox(label, options, key=key, bind="query-params"))


def _view() -> dict[str, float]:
    named = {name: _number(name) for name in _VIEW}
    return {name: value for name, value in named.items() if value is not None}


def _number(name: str) -> float | None:
    try:
        return float(st.query_params.get(name, ""))
    except ValueError:
        return None


def _state(name: str) -> Any:
    state = st.session_state.get("panel_heatmap")
    return None if state is None else state.get(name)
