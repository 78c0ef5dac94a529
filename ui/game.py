"""What the page *The game* is made of: two live charts, a table, and their code."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import streamlit as st

from gan_core import dynamics, theory
from gan_core.dynamics import METHODS, UPDATES, Bilinear
from ui import warm, words
from ui.lesson import source_of
from ui.live import browser_component, mathml
from ui.state import prose, scene, t, visit

# Verdicts that the table offers: by hundredths, and two close to each end.
VERDICTS = (0.001, 0.005, *(step / 100 for step in range(1, 100)), 0.995, 0.999)


def best_reply() -> None:
    """Show p and q on a line, D*, the distances, and a small D that learns."""
    browser_component("reply", "widgets")(
        key="reply",
        data={
            "words": words.section(visit().language, "reply"),
            "parting": _parting(),
            "scene": scene("reply"),
        },
    )


def why_it_turns() -> None:
    """Show the phase portraits of the Dirac-GAN and of the game xy."""
    browser_component("turn", "widgets")(
        key="turn",
        data={
            "words": words.section(visit().language, "turn"),
            "formulas": _formulas(),
            "scene": scene("turn"),
        },
    )


def not_zero_sum() -> None:
    """Show both players' losses and their sum, for the min-max game and for the lesson's."""
    warm.wait()
    browser_component("sums", "widgets")(
        key="sums",
        data={"words": words.section(visit().language, "sums"), "table": _losses()},
    )


@lru_cache(maxsize=1)
def _parting() -> dict[str, list[float]]:
    """Return what happens to N(0, 1) and N(d, 1) as d grows from 0 to 8."""
    distances = np.linspace(0, 8, 41)
    pairs = [theory.shifted_gaussians(d) for d in distances.tolist()]
    compared = [theory.compare(p, q) for p, q in pairs]
    slopes = [theory.generator_slopes(p, q) for p, q in pairs]
    return {
        "d": distances.round(3).tolist(),
        "jsd": [round(one.jsd, 5) for one in compared],
        "tv": [round(one.tv, 5) for one in compared],
        "w1": [round(one.w1, 5) for one in compared],
        "saturating": [round(one.saturating, 5) for one in slopes],
        "non_saturating": [round(one.non_saturating, 5) for one in slopes],
    }


@lru_cache(maxsize=1)
def _formulas() -> dict[str, list[str]]:
    """Return the formulas of every method and update rule as MathML."""
    games = [*(method() for method in METHODS.values()), Bilinear()]
    found = {game.key: [mathml(latex) for latex in game.formulas()] for game in games}
    return found | {key: [mathml(update.formula)] for key, update in UPDATES.items()}


@lru_cache(maxsize=1)
def _losses() -> dict[str, list[float]]:
    """Return each player's losses for every verdict, from the losses that are trained with."""
    import torch

    from gan_core.losses import LOSSES

    logits = torch.tensor(VERDICTS, dtype=torch.float64).logit()
    minimax, non_saturating = LOSSES["minimax"], LOSSES["non_saturating"]
    on_real, on_fake = minimax.discriminator_terms(real=logits, fake=logits)
    return {
        "verdict": list(VERDICTS),
        "on_real": on_real.tolist(),
        "on_fake": on_fake.tolist(),
        "minimax": minimax.generator(real=None, fake=logits).tolist(),
        "non_saturating": non_saturating.generator(real=None, fake=logits).tolist(),
    }


def formulas() -> None:
    """Show what the charts are drawn from, in words and formulas."""
    st.markdown(prose("game_formula"))


def source() -> None:
    """Show the code that draws the best reply, trains the small D, and walks."""
    warm.wait()
    from gan_core.theory import learned

    reply, learn, turn = st.tabs([t("game.code_reply"), t("game.code_learn"), t("game.code_turn")])
    reply.code(source_of(theory.optimal_logit, theory.optimal_discriminator, theory.compare))
    learn.code(source_of(learned.SmallDiscriminator, learned._training, learned._move))
    turn.code(
        source_of(dynamics.GAN, dynamics.Simultaneous, dynamics.Alternating, dynamics.eigenvalues)
    )
