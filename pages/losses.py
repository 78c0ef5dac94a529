"""Lesson: what each player minimises, and which way it is pushed."""

from functools import partial

from ui import losses
from ui.lesson import Experiment, check_yourself, fold, heading, try_this
from ui.state import set_scene, t

heading("losses")
losses.lab()

try_this(
    "losses",
    [
        Experiment(
            "sure",
            ("both", "minimax", "non_saturating"),
            "minimax",
            partial(set_scene, "losses", losses=losses.FIRST, logit=(0.0, -6.91)),
        ),
        Experiment(
            "too_good",
            ("nothing", "further", "back"),
            "back",
            partial(
                set_scene,
                "losses",
                losses=("least_squares", "non_saturating", "hinge"),
                logit=(0.0, 3.0),
            ),
        ),
        Experiment(
            "lines",
            ("jsd", "kl", "w1"),
            "w1",
            partial(set_scene, "losses", theta=(2.0, 0.1)),
        ),
    ],
)

fold(t("losses.formula_title"), "losses_fold", losses.formulas, losses.one_by_one)
fold(t("losses.remedies_title"), "remedies_fold", losses.remedies)

check_yourself(
    "losses", [("equal", ("a", "b", "c", "d"), "b"), ("larger", ("a", "b", "c", "d"), "c")]
)
