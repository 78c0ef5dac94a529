"""Lesson: walk through the latent space."""

from functools import partial

from ui import classes, latent
from ui.lesson import Experiment, check_yourself, fold, heading, try_this
from ui.state import t

heading("latent")
latent.studio()

try_this(
    "latent",
    [
        Experiment(
            "opposite",
            ("negative", "digit"),
            "digit",
            partial(latent.set_up, "sliders", model="mlp", index=0, amount=-5.0, seed=3),
        ),
        Experiment(
            "too_far",
            ("more", "breaks"),
            "breaks",
            partial(latent.set_up, "sliders", model="mlp", index=0, amount=-12.0, seed=3),
        ),
        Experiment(
            "never_seen",
            ("copies", "nearest", "refuses"),
            "nearest",
            partial(latent.set_up, "find", model="mlp", target="unseen", seed=3, start=True),
        ),
    ],
)

fold(t("latent.formula_title"), "latent_fold", latent.formulas, latent.source, classes.explained)

check_yourself("latent", [("midpoint", ("a", "b", "c"), "b"), ("memory", ("a", "b"), "b")])
