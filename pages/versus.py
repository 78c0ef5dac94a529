"""Lesson: one decoder, taught by a judge or by a likelihood."""

from functools import partial

import streamlit as st

from ui import duel, jobs, versus
from ui.lesson import Experiment, check_yourself, fold, heading, try_this
from ui.state import t

heading("versus")
versus.samples()
rebuilt = st.container()  # filled last: its search takes a moment, and nothing waits for it

found = jobs.find(duel.PLACE)
may_steer = found is None or found.may_steer
duel.live(found, duel.choose_settings(found) if may_steer else None)

if may_steer:
    try_this(
        "versus",
        [
            Experiment(
                "strict",
                ("better", "same", "worse"),
                "worse",
                partial(duel.begin_with, sigma=0.3),
            ),
            Experiment(
                "sheet",
                ("gan", "vae", "both"),
                "both",
                partial(duel.begin_with, latent_dim=2),
            ),
            Experiment(
                "room",
                ("four", "same", "less"),
                "same",
                partial(duel.begin_with, latent_dim=64),
            ),
        ],
    )

versus.measured()

fold(t("versus.formula_title"), "versus_fold", versus.formulas, versus.source)

versus.today()

check_yourself(
    "versus",
    [
        ("blur", ("encoder", "mean", "kl", "convolution"), "mean"),
        ("precise", ("mistake", "inside", "better"), "inside"),
    ],
)

with rebuilt:
    versus.rebuilt()

if found is not None and may_steer:
    with st.sidebar:
        st.divider()
        jobs.share_link(found)
