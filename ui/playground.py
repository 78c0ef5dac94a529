"""What the page *Playground* is made of: one live component, its formulas, its code."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from inspect import getsource
from typing import Any

import streamlit as st

from gan_core.config import OWN_POINTS, TrainConfig
from gan_core.points.presets import POINT_PRESETS
from ui import points_route, training, warm, words
from ui.lesson import source_of
from ui.live import browser_component, mathml
from ui.runs import Seat, end_comparison
from ui.state import prose, scene, set_scene, t, visit

KEY = "playground"


def stage(seat: Seat) -> None:
    """Show the plot, the meter, the machine room and the transport of a run of points."""
    warm.wait()
    from gan_core.losses import LOSSES

    config = seat.run.asked
    loss = LOSSES[config.loss]
    formulas = training.formulas_of(loss, config)
    browser_component("playground", "widgets", "live")(
        key=KEY,
        data={
            "token": seat.run.control_token if seat.may_steer else seat.run.view_token,
            "may_steer": seat.may_steer,
            "words": words.section(visit().language, "live")
            | words.section(visit().language, "plane"),
            "goal": _goal(config),
            "lines": training.lines_of(loss),
            "formulas": [{"player": who, "mathml": mathml(latex)} for who, latex in formulas],
            "noise": {"kind": config.noise, "count": config.latent_dim},
            "slow": _micro_steps(dict(formulas)),
            "scene": scene(KEY),
            "show": {"real": False},
        },
        on_own_change=partial(_train_on_own, seat),
    )


def _goal(config: TrainConfig) -> str:
    """Say what a preset reaches, and when; nothing for settings that nobody has measured."""
    preset = POINT_PRESETS.get(config.dataset)
    if preset is None or preset.replace(seed=config.seed) != config:
        return ""
    figures = measured()[config.dataset]
    modes = figures["modes"][0]
    goal = t("goal.shape") if modes is None else t("goal.modes", modes=figures["modes_there"])
    reached = t(
        "goal.measured",
        iterations=f"{figures['iterations']:,}",
        seconds=figures["median_seconds"],
        passed=figures["passed"],
        seeds=len(figures["seconds"]),
    )
    return t("goal.both", goal=goal, reached=reached)


@lru_cache(maxsize=1)
def measured() -> dict[str, Any]:
    """Return what ``python -m benchmarks.playground --write`` wrote of each set."""
    content = json.loads((words.ASSETS / "figures" / "playground.json").read_text("utf-8"))
    sets: dict[str, Any] = content["sets"]
    return sets


def _train_on_own(seat: Seat) -> None:
    """Start the run again on the points that the visitor drew or uploaded."""
    found = points_route.own(st.session_state[KEY].own or "")
    if found is None:
        st.warning(t("playground.own_gone"))
        return
    seat.run.restart(seat.run.asked.replace(dataset=OWN_POINTS), data=found)


def play_out(
    seat: Seat, config: TrainConfig, layers: Sequence[str], *, steps: int = 0, d_moves: int = 0
) -> None:
    """Start the run again with a recipe, show some layers, let both players move, then D alone.

    A comparison ends.
    """
    end_comparison()
    set_scene(KEY, layers=list(layers))
    seat.run.restart(config)
    if steps:
        seat.run.step(steps)
    if d_moves:
        seat.run.step_discriminator(d_moves)


# Slow motion ----------------------------------------------------------------------------

_FORMULAS = {
    "d_sample": r"x_1 = (\text{@x_1},\ \text{@x_2}), \quad z_1 = (\text{@z_1}, \ldots)",
    "d_generate": r"G(z_1) = (\text{@fake_1},\ \text{@fake_2})",
    "d_judge": r"D(x_1) = \text{@judged_real}, \quad D(G(z_1)) = \text{@judged_fake}",
    "d_gradient": r"\left\lVert \nabla_{\!D}\, L_D \right\rVert = \text{@norm}",
    "d_move": r"\lVert \Delta D \rVert = \text{@by_d}, \quad \lVert \Delta G \rVert = \text{@by_g}",
    "g_sample": r"z_1 = (\text{@z_1}, \ldots)",
    "g_generate": r"G(z_1) = (\text{@fake_1},\ \text{@fake_2})",
    "g_judge": r"D(G(z_1)) = \text{@judged_fake}",
    "g_gradient": r"\left\lVert \nabla_{\!G}\, L_G \right\rVert = \text{@norm}",
    "g_move": r"G(z_1) \to (\text{@after_1},\ \text{@after_2}), \quad "
    r"\lVert \Delta G \rVert = \text{@by_g}, \quad \lVert \Delta D \rVert = \text{@by_d}",
}


def _micro_steps(losses: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return each micro-step's formula, with slots for its numbers, and the code that makes it."""
    formulas = _FORMULAS | {f"{player}_loss": latex for player, latex in losses.items()}
    return {
        step: {"mathml": mathml(latex), "code": micro_code()[step]}
        for step, latex in formulas.items()
    }


@lru_cache(maxsize=1)
def micro_code() -> dict[str, str]:
    """Return the lines of the trainer that make each micro-step, from its source."""
    from gan_core.trainer import Trainer

    backward = _lines_with(Trainer._differentiate, ".backward(")
    found: dict[str, str] = {}
    for player, move in {"d": Trainer._move_discriminator, "g": Trainer._move_generator}.items():
        for kind, lines in _watched(move).items():
            found[f"{player}_{kind}"] = "\n".join(lines)
        found[f"{player}_gradient"] += f"\n{backward}"
    found["d_loss"] = f"{_lines_with(Trainer._discriminator_terms, ' = ')}\n{found['d_loss']}"
    return found


def _watched(move: Callable[..., object]) -> dict[str, list[str]]:
    """Cut a move into the lines before each place where it tells a watcher of a micro-step."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    glass = None  # how far an `if glass:` is indented while we are inside it
    for line in textwrap.dedent(getsource(move)).splitlines()[1:]:
        indent = len(line) - len(line.lstrip())
        if glass is not None and indent > glass:
            kind = _told(line)
            if kind:
                found[kind] = textwrap.dedent("\n".join(lines)).splitlines()
                lines = []
            continue
        glass = indent if line.strip() == "if glass:" else None
        if glass is None and "glass =" not in line:
            lines.append(line)
    return found


def _told(line: str) -> str | None:
    """Return the micro-step that a line tells of, if it does."""
    call = line.strip()
    for sign, kind in {"glass.tell_gradient(": "gradient", "glass.tell_move(": "move"}.items():
        if call.startswith(sign):
            return kind
    return call.split('"')[1] if call.startswith('glass.tell("') else None


def _lines_with(function: Callable[..., object], sign: str) -> str:
    return "\n".join(line.strip() for line in getsource(function).splitlines() if sign in line)


# Formulas and code ----------------------------------------------------------------------


def formulas() -> None:
    """Show what the layers and the meter are, in words and formulas."""
    st.markdown(prose("playground_formula"))


def source() -> None:
    """Show the code of the meter, the optimal D and the moves, as it runs."""
    warm.wait()
    from gan_core.metrics import points as metrics
    from gan_core.trainer import Trainer

    meter, moves = st.tabs([t("playground.code_meter"), t("playground.code_moves")])
    meter.code(source_of(metrics.measure))
    d_move = (Trainer._move_discriminator, Trainer._discriminator_terms)
    moves.code(source_of(Trainer.step, *d_move, Trainer._move_generator))
