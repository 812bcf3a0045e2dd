"""What stands around every page: style, brand, footer, and the states in which there is no page."""

from functools import lru_cache
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from hftlib.wire.messages import Health

_STYLE: Final = Path(__file__).resolve().parent / "chrome.css"
_BRAND: Final = (
    '<div class="hft-brand"><div class="hft-mark"><i></i><i></i><b></b><i></i><i></i></div>'
    "<div>hftlib<small>live order books</small></div></div>"
)
_GUIDE: Final = """
<div class="hft-guide">
  <b>Reading the picture</b>
  <p><i class="bid"></i>buyers waiting<br>
  <i class="ask"></i>sellers waiting</p>
  <p>Bright means large. Lines are the best bid and ask; discs are buyers taking, diamonds
  sellers. Hatched time is not trusted.</p>
  <b>Moving in it</b>
  <p><kbd>wheel</kbd> time<br>
  <kbd>shift</kbd> <kbd>wheel</kbd> price<br>
  <kbd>drag</kbd> look around<br>
  <kbd>double click</kbd> back to now<br>
  <kbd>space</kbd> play, pause<br>
  <kbd>F</kbd> freeze the page</p>
</div>
"""
_STEPS: Final = {
    "starting": "The desk is starting",
    "compiling": "Compiling kernels, once for this machine",
    "loading": "Loading the recording",
    "opening": "Opening the venues",
}


@lru_cache(maxsize=1)
def _style_text() -> str:
    return f"<style>{_STYLE.read_text(encoding='utf-8')}</style>"


def style() -> None:
    """Put the frame's style on the page."""
    st.html(_style_text())


def brand() -> None:
    """Draw the name at the top of the sidebar."""
    with st.sidebar:
        st.html(_BRAND)


def guide() -> None:
    """Say in the sidebar how the picture is read and moved."""
    with st.sidebar:
        st.html(_GUIDE)


def footer() -> None:
    """Say at the foot of every page what it is not."""
    st.html(
        '<div class="hft-footer">Paper only: no real money, no orders leave this machine.</div>'
    )


def starting(health: Health) -> None:
    """Show how far the desk is with its start."""
    with _card():
        st.markdown(f"#### {_STEPS.get(health.state, f'The desk is {health.state}')}")
        if health.total:
            share = min(1.0, health.done / health.total)
            st.progress(share, text=f"compiling kernels {health.done}/{health.total}")
        elif health.state == "compiling":
            st.progress(0.0, text="waiting for another process that compiles the same kernels")
        st.caption("This page goes on by itself as soon as there is a book to show.")


def trouble(title: str, reason: str) -> None:
    """Show in words why there is nothing to show, and that it is being tried again."""
    with _card():
        st.markdown(f"#### :material/cloud_off: {title}")
        st.text(reason)
        st.caption("Trying again by itself every two seconds. docs/troubleshooting.md says more.")


def _card() -> DeltaGenerator:
    """Return a bordered box in the middle of an otherwise empty page."""
    st.space("large")
    middle = st.container(horizontal_alignment="center")
    return middle.container(border=True, width=620)
