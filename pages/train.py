"""Lesson: train the GAN on digits, one move at a time."""

from functools import partial

import streamlit as st

from gan_core.config import TrainConfig
from ui import classes, doctor, runs, training, twins
from ui.lesson import Experiment, check_yourself, fold, heading, link_to, try_this
from ui.settings import choose_settings
from ui.state import t

heading("train")
pair = twins.find("run")
seat = runs.find_seat() or twins.seat(pair, "run")
if seat is None or seat.may_steer:
    config = choose_settings(seat.run.asked if seat else None)
    seat = seat or runs.begin(config)
    if pair is None:
        runs.offer_restart(seat, config)
else:
    st.info(t("run.watching"))
if pair is not None:
    doctor.beside_both(pair)
    twins.beside(pair, seat)
else:
    training.live(seat)
    doctor.beside(seat)
    link_to("latent", t("latent.open"), t("latent.open_help"), model="run")
    if seat.may_steer:
        twins.offer(seat)

if seat.may_steer:
    run, plain = seat.run, TrainConfig(dataset=seat.run.asked.dataset)
    try_this(
        "train",
        [
            Experiment(
                "judge_alone",
                ("rises", "stays", "falls"),
                "falls",
                partial(training.play_out, run, plain, d_moves=60),
            ),
            Experiment(
                "saturate",
                ("faster", "same", "stuck"),
                "stuck",
                partial(
                    training.play_out,
                    run,
                    plain.replace(loss="minimax", discriminator_steps=5, seed=1),
                    iterations=100,
                ),
            ),
            Experiment(
                "same_seed",
                ("same", "similar", "other"),
                "same",
                partial(training.play_out, run, run.asked, iterations=50),
            ),
        ],
    )

st.subheader(t("train.expect_title"))
training.expectations()

fold(
    t("train.formula_title"),
    "train_fold",
    training.formulas,
    training.half_moves_source,
    classes.explained,
)

check_yourself(
    "train",
    [("zero_loss", ("winning", "losing", "done"), "losing"), ("log4", ("a", "b", "c"), "c")],
)

with st.sidebar:
    st.divider()
    if pair is not None:
        twins.share_link(pair)
    elif seat.may_steer:
        runs.share_link(seat)
        runs.open_checkpoint(seat)
