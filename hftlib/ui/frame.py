"""The frame around every page: title, style, navigation, and the footer that says it is paper."""

from pathlib import Path

import streamlit as st

from hftlib.ui import chrome

st.set_page_config(
    page_title="hftlib",
    page_icon=str(Path(__file__).resolve().parent / "icon.png"),
    layout="wide",
    initial_sidebar_state=232,
)
chrome.style()
page = st.navigation(
    [st.Page("../../pages/order_book.py", title="Order Book", url_path="order_book", default=True)]
)
chrome.brand()
page.run()
chrome.guide()
chrome.footer()
