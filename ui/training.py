"""What the page *Train on digits* is made of."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from gan_core.config import TrainConfig
from gan_core.engine import Run
from ui import warm
from ui.lesson import source_of
from ui.live import live_view
from ui.runs import Seat, end_comparison
from ui.state import prose, t
from ui.words import ASSETS

if TYPE_CHECKING:
    from gan_core.losses import Loss


def live(seat: Seat) -> None:
    """Draw the live view of a run, with the formulas and equilibrium values of its loss."""
    warm.wait()
    from gan_core.losses import LOSSES

    config = seat.run.asked
    loss = LOSSES[config.loss]
    live_view(
        seat.run,
        may_steer=seat.may_steer,
        lines=lines_of(loss),
        verdict_range=loss.verdict_range,
        formulas=formulas_of(loss, config),
    )


def lines_of(loss: Loss) -> list[dict[str, Any]]:
    """Return the values at equilibrium, where the loss has them."""
    losses = {"d": loss.discriminator_at_equilibrium, "g": loss.generator_at_equilibrium}
    lines: list[dict[str, Any]] = [
        {
            "curve": f"{player}_loss",
            "value": value,
            "label": t(f"equilibrium.{player}.{loss.key}"),
        }
        for player, value in losses.items()
        if value is not None
    ]
    verdict = loss.verdict_at_equilibrium
    if verdict is not None:
        label = "½" if verdict == 0.5 else f"{verdict:g}"
        lines.append({"curve": "verdict", "value": verdict, "label": label})
    return lines


# What D and G are given where both are told the class y.
_TOLD = {"D(G(z))": "D(G(z,y),y)", "D(x)": "D(x,y)", r"D(\hat x)": r"D(\hat x,y)"}


def formulas_of(loss: Loss, config: TrainConfig) -> list[tuple[str, str]]:
    """Return both players' formulas with a slot for the number of each term."""
    from gan_core.penalties import chosen

    penalties = [penalty.formula for penalty in chosen(config)]
    formula = " + ".join([loss.discriminator_formula, *penalties])
    numbers = [rf"\text{{@d{index}}}" for index in range(loss.terms + len(penalties))]
    if len(numbers) > 1:
        formula += " = " + " + ".join(numbers)
    told = [
        ("d", formula + r" = \text{@d_loss}"),
        ("g", loss.generator_formula + r" = \text{@g_loss}"),
    ]
    return told if config.conditional == "off" else [(who, _told(one)) for who, one in told]


def _told(formula: str) -> str:
    """Return a formula as it is where both players are told the class."""
    for plain, conditional in _TOLD.items():
        formula = formula.replace(plain, conditional)
    return formula


def play_out(run: Run, config: TrainConfig, *, iterations: int = 0, d_moves: int = 0) -> None:
    """Start a run again with a recipe and let it make some moves; a comparison ends."""
    end_comparison()
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
    d_move = (Trainer._move_discriminator, Trainer._discriminator_terms)
    d_code.code(source_of(*d_move, Trainer._differentiate))
    g_code.code(source_of(Trainer._move_generator, Trainer._differentiate))
