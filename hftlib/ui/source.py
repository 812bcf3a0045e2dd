"""The source picker: what the desk shows, for everybody who looks at it."""

from typing import Final

import streamlit as st

from hftlib.core.errors import HftlibError
from hftlib.ui.link import desk_link
from hftlib.wire.messages import SourceChoice, SourceReply

_KEY: Final = "source"
_HEADINGS: Final = {"Incidents": "Incident:", "Recorded": "Tape:"}
_HELP: Final = (
    "What the desk shows, for everybody who looks at it: exchanges, simulated venues of its own, "
    "a tape that was recorded, or an incident that ships with hftlib. Automatic takes the "
    "exchanges where they answer, else the simulated venues."
)


def picker() -> None:
    """Draw the picker in the sidebar; nothing is drawn while no desk answers."""
    told = _told()
    if told is None:
        return
    labels = {choice.source: _words(choice) for choice in told.choices}
    labels.setdefault(told.source, told.source)
    st.session_state[_KEY] = told.source
    with st.sidebar:
        st.selectbox(
            "Source",
            list(labels),
            key=_KEY,
            format_func=lambda source: labels[source],
            on_change=_switch,
            help=_HELP,
        )
        note = _note()
        if note:
            st.caption(f":material/info: {note}")


def _words(choice: SourceChoice) -> str:
    heading = _HEADINGS.get(choice.group, "")
    return f"{heading} {choice.label}".strip()


def _switch() -> None:
    """Let the desk show what was picked; a refusal is told in words."""
    try:
        desk_link().connection().switch_source(st.session_state[_KEY])
    except HftlibError as error:
        st.toast(str(error), icon=":material/block:")


def is_played() -> bool:
    """Say whether the desk plays a tape, whose clock can be moved."""
    told = _told()
    return told is not None and told.source.startswith(("tape:", "incident:"))


def _note() -> str:
    """Return why the desk shows another source than the one that was hoped for."""
    try:
        return desk_link().connection().health().note
    except HftlibError:
        return ""


def _told() -> SourceReply | None:
    try:
        return desk_link().connection().source()
    except HftlibError:
        return None
