"""Lesson: whether a GAN's pictures help a classifier that has few."""

from functools import partial

import streamlit as st

from ui import augmentation
from ui.lesson import Experiment, check_yourself, fold, heading, try_this
from ui.state import t

heading("augmentation")
augmentation.measured()
fold(t("augmentation.numbers_title"), "augmentation_numbers", augmentation.numbers)

st.subheader(t("augmentation.live_title"))
st.markdown(t("augmentation.live_lead"))
augmentation.live(augmentation.choose())

try_this(
    "augmentation",
    [
        Experiment(
            "alone",
            ("better", "same", "worse"),
            "worse",
            partial(augmentation.run, 20, "real", "generated"),
        ),
        Experiment(
            "rival",
            ("gan", "affine", "both"),
            "affine",
            partial(augmentation.run, 10, "real", "affine", "gan"),
        ),
        Experiment(
            "where",
            ("few", "middle", "many"),
            "middle",
            partial(augmentation.run, 20, "real", "gan"),
        ),
    ],
)

fold(
    t("augmentation.formula_title"),
    "augmentation_fold",
    augmentation.formulas,
    augmentation.source,
)

check_yourself(
    "augmentation",
    [
        ("free", ("new", "prior", "labels"), "prior"),
        ("overlap", ("same", "paired", "more"), "paired"),
    ],
)
