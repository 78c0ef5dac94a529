"""Lesson: walk through the latent space."""

from functools import partial

import streamlit as st

from ui import latent
from ui.lesson import Experiment, check_yourself, heading, try_this
from ui.state import prose, t

heading("latent")
latent.studio()

st.subheader(t("latent.strip_title"))
latent.strip()

try_this(
    "latent",
    [
        Experiment("opposite", ("negative", "digit"), "digit", partial(latent.move_to, -5.0)),
        Experiment(
            "other_network",
            ("same", "different"),
            "different",
            partial(latent.move_to, 5.0, "dcgan"),
        ),
        Experiment("too_far", ("more", "breaks"), "breaks", partial(latent.move_to, -12.0)),
    ],
)

st.subheader(t("latent.formula_title"))
st.markdown(prose("latent_formula"))
latent.source()

check_yourself("latent", [("midpoint", ("a", "b", "c"), "b"), ("memory", ("a", "b"), "b")])
