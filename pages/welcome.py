"""Lesson: what a GAN is, in one picture."""

import streamlit as st

from ui.lesson import heading, next_lessons
from ui.pipeline import pipeline
from ui.state import prose, t

heading("welcome")
pipeline()
st.markdown(prose("welcome"))
st.subheader(t("welcome.next"))
next_lessons()
