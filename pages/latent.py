"""Lesson: walk through the latent space."""

import streamlit as st

from ui import latent
from ui.lesson import check_yourself, heading
from ui.state import prose, t

heading("latent")
latent.studio()

st.subheader(t("latent.strip_title"))
latent.strip()

st.subheader(t("latent.formula_title"))
st.markdown(prose("latent_formula"))
latent.source()

check_yourself("latent", [("midpoint", ("a", "b", "c"), "b"), ("memory", ("a", "b"), "b")])
