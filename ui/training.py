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
from ui.state import prose, t
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
    """Show what each preset looked like after a minute, and what was measured of it."""
    measured = _measured()
    presets = measured["presets"]
    for column, key in zip(st.columns(len(presets)), presets, strict=True):
        figures = {
            "low": min(presets[key]["distances"]),
            "high": max(presets[key]["distances"]),
            "seeds": len(presets[key]["distances"]),
            "seconds": round(measured["seconds"]),
            "floor": measured["floor"],
            "long_minutes": round(measured["long"]["seconds"] / 60),
            "long_distance": measured["long"]["distance"],
        }
        with column, st.container(border=True, height="stretch"):
            st.markdown(f"**{t(f'preset.{key}.name')}**")
            st.image(
                str(ASSETS / "pictures" / f"film_{key}.png"),
                width="stretch",
                caption=t("train.film", **figures),
            )
            st.markdown(t(f"preset.{key}.expect", **figures))


@lru_cache(maxsize=1)
def _measured() -> dict[str, Any]:
    """Return what ``python -m benchmarks.digits --write`` wrote."""
    content: dict[str, Any] = json.loads((ASSETS / "figures" / "digits.json").read_text("utf-8"))
    return content


def formulas() -> None:
    """Show the two losses in words and formulas."""
    st.markdown(prose("train_formula"))


def half_moves_source() -> None:
    """Show the code of the two half moves, as it runs."""
    from gan_core.trainer import Trainer

    d_code, g_code = st.tabs([t("train.code_d"), t("train.code_g")])
    d_code.code(source_of(Trainer._move_discriminator, Trainer._descend))
    g_code.code(source_of(Trainer._move_generator, Trainer._descend))
