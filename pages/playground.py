"""Lesson: a GAN of points in the plane, with everything about it on show."""

from __future__ import annotations

from functools import partial

import streamlit as st

from gan_core.points.presets import POINT_PRESETS
from ui import doctor, playground, runs, twins
from ui.lesson import Experiment, check_yourself, fold, heading, try_this
from ui.point_settings import choose_point_settings
from ui.state import t

heading("playground")
pair = twins.find("points")
seat = runs.find_seat("points") or twins.seat(pair, "points")
if seat is None or seat.may_steer:
    config = choose_point_settings(seat.run.asked if seat else None)
    seat = seat or runs.begin(config, "points")
    if pair is None:
        runs.offer_restart(seat, config)
else:
    st.info(t("run.watching"))
if pair is not None:
    doctor.beside_both(pair)
    twins.beside(pair, seat)
else:
    playground.stage(seat)
    doctor.beside(seat)
    if seat.may_steer:
        twins.offer(seat)

if seat.may_steer:
    ring = POINT_PRESETS["eight_soft"]
    bare = ring.replace(loss="non_saturating", r1=0.0, r2=0.0, ema_decay=0.0)
    try_this(
        "playground",
        [
            Experiment(
                "best_d",
                ("undecided", "best", "points"),
                "best",
                partial(
                    playground.play_out,
                    seat,
                    bare,
                    ("verdict", "best", "real", "fake"),
                    steps=100,
                    d_moves=600,
                ),
            ),
            Experiment(
                "silent",
                ("longer", "same", "gone"),
                "gone",
                partial(
                    playground.play_out,
                    seat,
                    bare.replace(loss="minimax"),
                    ("verdict", "real", "fake", "arrows"),
                    d_moves=300,
                ),
            ),
            Experiment(
                "thread",
                ("jumps", "bridges", "one"),
                "bridges",
                partial(
                    playground.play_out,
                    seat,
                    ring.replace(latent_dim=1),
                    ("sheet", "real", "fake"),
                    steps=3000,
                ),
            ),
        ],
    )

fold(t("playground.formula_title"), "playground_fold", playground.formulas, playground.source)

check_yourself(
    "playground",
    [
        ("sharp", ("perfect", "narrow", "wide"), "narrow"),
        ("floor", ("more", "done", "noise"), "done"),
    ],
)

if seat.may_steer:
    with st.sidebar:
        st.divider()
        twins.share_link(pair) if pair is not None else runs.share_link(seat)
