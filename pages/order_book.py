"""Order Book: time x price heatmap, ladder, trades and the feed's health, live from the desk."""

import streamlit as st

from hftlib.ui import order_book, panels, selection

MARKET_HEIGHT = "clamp(360px, calc(100vh - 474px), 900px)"
FOOT_HEIGHT = "236px"

chosen = selection.choose(order_book.venues_or_stop())
topic = chosen.topic

panels.header(topic)
panels.metrics(topic)

left, right = st.columns([4, 1.15], gap="xsmall")
with left:
    panels.heatmap(
        topic,
        height=MARKET_HEIGHT,
        view=chosen.view,
        on_view=selection.keep_view,
        on_row_ticks=selection.keep_row_ticks,
    )
with right:
    panels.ladder(topic, depth=chosen.depth, height=MARKET_HEIGHT)


@st.fragment
def tape_clock() -> None:
    """Draw the tape's controls; using them reruns nothing but themselves."""
    panels.clock(topic, on_command=order_book.command)


tape_clock()

trades, curve, status = st.columns([1.1, 1.4, 1.5], gap="xsmall")
with trades:
    panels.trades(topic, height=FOOT_HEIGHT)
with curve:
    panels.depth_curve(topic, height=FOOT_HEIGHT)
with status:
    panels.feed_status(topic, height=FOOT_HEIGHT)
