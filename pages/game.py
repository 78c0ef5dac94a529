"""Lesson: the min-max game, played, solved and set in motion."""

from functools import partial

import streamlit as st

from ui import game, guess
from ui.lesson import Experiment, check_yourself, fold, heading, try_this
from ui.state import set_scene, t

heading("game")

guess.be_the_discriminator()
guess.be_the_generator()

st.subheader(t("game.reply_title"))
st.markdown(t("game.reply_lead"))
game.best_reply()

st.subheader(t("game.turn_title"))
st.markdown(t("game.turn_lead"))
game.why_it_turns()

st.subheader(t("game.sums_title"))
st.markdown(t("game.sums_lead"))
game.not_zero_sum()

try_this(
    "game",
    [
        Experiment(
            "far",
            ("jsd", "w1", "value"),
            "w1",
            partial(set_scene, "reply", preset="far"),
        ),
        Experiment(
            "learn",
            ("far", "near", "exact"),
            "near",
            partial(set_scene, "reply", preset="one_of_two", learn=True),
        ),
        Experiment(
            "small_steps",
            ("in", "round", "out"),
            "out",
            partial(set_scene, "turn", settings={"methods": ["gan"], "h": 0.1}),
        ),
    ],
)

fold(t("game.formula_title"), "game_fold", game.formulas, game.source)

check_yourself(
    "game",
    [
        ("growth", ("same", "out", "in"), "out"),
        ("critical", ("none", "some", "one", "much"), "one"),
    ],
)
