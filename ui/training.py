"""What the page *Train on digits* is made of."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import streamlit as st

from gan_core.config import TrainConfig
from gan_core.engine import Run
from ui import warm
from ui.lesson import source_of
from ui.live import live_view
from ui.runs import Seat
from ui.state import t
from ui.words import ASSETS


def live(seat: Seat) -> None:
    """Draw the live view of a run, with the formulas and floors of its loss."""
    warm.wait()
    from gan_core.losses import LOSSES

    loss = LOSSES[seat.run.asked.loss]
    live_view(
        seat.run,
        may_steer=seat.may_steer,
        lines=[
            {
                "curve": "d_loss",
                "value": loss.discriminator_at_equilibrium,
                "label": t(f"equilibrium.d.{loss.key}"),
            },
            {
                "curve": "g_loss",
                "value": loss.generator_at_equilibrium,
                "label": t(f"equilibrium.g.{loss.key}"),
            },
            {"curve": "verdict", "value": 0.5, "label": "½"},
        ],
        verdict_range=(0.0, 1.0),
        formulas=[
            ("d", loss.discriminator_formula + r" = \text{@d0} + \text{@d1} = \text{@d_loss}"),
            ("g", loss.generator_formula + r" = \text{@g_loss}"),
        ],
    )


def play_out(run: Run, config: TrainConfig, *, iterations: int = 0, d_moves: int = 0) -> None:
    """Start a run again with a recipe and let it make some moves."""
    run.restart(config)
    if d_moves:
        run.step_discriminator(d_moves)
    if iterations:
        run.step(iterations)


def expectations() -> None:
    """Show what each preset looked like over time when it was measured."""
    figures = _figures()
    for column, key in zip(st.columns(len(figures)), figures, strict=True):
        with column:
            st.markdown(f"**{t(f'preset.{key}.name')}**")
            st.image(
                str(ASSETS / "pictures" / f"film_{key}.png"),
                width="stretch",
                caption=t(f"preset.{key}.film", **figures[key]),
            )
            st.markdown(t(f"preset.{key}.expect", **figures[key]))


@lru_cache(maxsize=1)
def _figures() -> dict[str, dict[str, Any]]:
    """Measured by ``python -m benchmarks.digits``."""
    content: dict[str, dict[str, Any]] = json.loads(
        (ASSETS / "figures" / "digits.json").read_text("utf-8")
    )
    return content["presets"]


def half_moves_source() -> None:
    """Show the code of the two half moves, as it runs."""
    from gan_core.trainer import Trainer

    d_code, g_code = st.tabs([t("train.code_d"), t("train.code_g")])
    d_code.code(source_of(Trainer._move_discriminator, Trainer._descend))
    g_code.code(source_of(Trainer._move_generator, Trainer._descend))
