"""The order book page's dealings with the desk: wait for it, ask it, move its clock."""

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from hftlib.client.connection import DeskConnection, RefusedError
from hftlib.core.errors import HftlibError, UnavailableError
from hftlib.ui import chrome, panels, polling
from hftlib.ui.link import desk_link
from hftlib.ui.panels import Topic
from hftlib.wire.messages import Health, VenueReply

_RUNNING: Final = frozenset({"running", "ended"})


def venues_or_stop() -> list[VenueReply]:
    """Return the desk's venues; until it has some, show why not, and stop the script."""
    venues = _venues()
    if not venues:
        _wait()
        st.stop()
    return venues


def with_unit(topic: Topic) -> Topic:
    """Return the topic with the unit of its sizes: contracts count something else than the base."""
    try:
        instruments = desk_link().connection().instruments()
    except HftlibError:
        return topic
    one = next((i for i in instruments if (i.venue, i.symbol) == topic[:2]), None)
    if one is None or not (one.inverse or float(one.multiplier) != 1):
        return topic
    return topic._replace(size_unit=f"\u00d7{one.multiplier} {one.quote}")


def _venues() -> list[VenueReply]:
    """Return the venues of a desk that runs, nothing as long as there is none."""
    try:
        connection = desk_link().connection()
        if connection.health().state not in _RUNNING:
            return []
        return [entry for entry in connection.venues() if entry.symbols]
    except UnavailableError:
        desk_link().renew()
    except RefusedError:
        pass
    return []


@st.fragment(run_every=2.0)
def _wait() -> None:
    """Show the desk's start or its absence, and run the page again once it is there."""
    try:
        connection = desk_link().connection()
        health = connection.health()
    except UnavailableError as error:
        desk_link().renew()
        chrome.trouble("The desk does not answer", str(error))
        return
    if health.state == "failed":
        chrome.trouble("The desk could not open its source", health.reason)
    elif health.state not in _RUNNING:
        chrome.starting(health)
    elif connection.venues():
        st.rerun()
    else:
        chrome.trouble("The desk has no book", _why_no_book(health))


def _why_no_book(health: Health) -> str:
    """Return what keeps a desk from having a book, in its own words where it gives some."""
    if health.reasons:
        return "\n".join(health.reasons)
    return f"Its source, {health.origin}, names no symbol."


@st.fragment(run_every=1.0)
def poll(topic: Topic) -> None:
    """Bring the feed by HTTP once a second, where the page's websocket is refused."""
    try:
        fresh = polling.messages(desk_link().connection(), topic)
    except HftlibError:
        desk_link().renew()
        fresh = []
    panels.polled(topic, fresh)


def command() -> None:
    """Do what the clock's panel asks; a refusal is told in words."""
    asked = st.session_state["panel_clock"].get("command")
    if not asked:
        return
    try:
        _COMMANDS[asked["action"]](desk_link().connection(), asked.get("value"))
    except RefusedError as error:
        st.toast(str(error), icon=":material/block:")
    except HftlibError:
        desk_link().renew()
        st.toast("The desk does not answer.", icon=":material/cloud_off:")


_COMMANDS: Final[dict[str, Callable[[DeskConnection, Any], Any]]] = {
    "play": lambda desk, _: desk.play(),
    "pause": lambda desk, _: desk.pause(),
    "step": lambda desk, value: desk.step(int(value)),
    "seek": lambda desk, value: desk.seek(round(float(value)) * 1_000_000),
    "speed": lambda desk, value: desk.set_speed(float(value)),
}
