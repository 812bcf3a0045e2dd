"""Order Book: time x price heatmap, ladder, trades and the feed's health, live from the desk."""

import streamlit as st

from hftlib.ui import order_book, panels, selection, source

# The market fills the window down to the foot; on a low window the page scrolls instead.
MARKET_PX = "clamp(330px, 100vh - 500px, 900px)"
CLOCK_PX = "50px"
FOOT_PX = "206px"

source.picker()
chosen = selection.choose(order_book.venues_or_stop())
topic = order_book.with_unit(chosen.topic)
played = source.is_played()


@st.fragment
def tape_clock() -> None:
    """Draw the tape's controls; using them reruns nothing but themselves."""
    panels.clock(topic, on_command=order_book.command)


link = panels.header(topic)
if link == "polled":
    order_book.poll(topic)
panels.metrics(topic)

left, right = st.columns([4, 1.15], gap="xsmall")
with left:
    panels.heatmap(
        topic,
        height=MARKET_PX if played else f"calc({MARKET_PX} + {CLOCK_PX})",
        view=chosen.view,
        on_view=selection.keep_view,
        on_row_ticks=selection.keep_row_ticks,
    )
    if played:
        tape_clock()
with right:
    panels.ladder(topic, depth=chosen.depth, height=f"calc({MARKET_PX} + {CLOCK_PX})")

trades, curve, status = st.columns([1.1, 1.4, 1.5], gap="xsmall")
with trades:
    panels.trades(topic, height=FOOT_PX)
with curve:
    panels.depth_curve(topic, height=FOOT_PX)
with status:
    panels.feed_status(topic, height=FOOT_PX)
