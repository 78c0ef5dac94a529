"""The door: ``streamlit run app.py``."""

import streamlit as st

from ui.server import explain_crash, lifespan, routes

app = st.App("ui/shell.py", routes=routes(), lifespan=lifespan, on_script_error=explain_crash)
