"""hftlib in the browser: `streamlit run app.py`.

Streamlit looks for a literal `st.App(...)` here without running the file, so the call stays.
"""

import streamlit as st

from hftlib.ui import application

app = st.App(
    application.FRAME,
    routes=application.routes(),
    middleware=application.middleware(),
    lifespan=application.lifespan,
)
