"""Published results on mode collapse beside those that were made again here."""

from __future__ import annotations

import math
from collections.abc import Mapping

import streamlit as st

from gan_core.clinic.figures import (
    FLOORS,
    PERFECT,
    Estimate,
    RowFigures,
    measured_on,
    reproduced,
    row_figures,
)
from gan_core.clinic.published import ITERATIONS, PACGAN, R3GAN, ROWS, SETS
from ui.lesson import link_to
from ui.state import t
from ui.tables import table
from ui.words import ASSETS

FIGURES = ASSETS / "figures" / "modes.json"
_COLUMNS = ("modes", "balanced", "high_quality", "reverse_kl", "seconds")


def published() -> None:
    """Show ours beside the papers', a table for each set; nothing while nothing is measured."""
    measured = row_figures(FIGURES)
    if not any(measured.get(name) for name in SETS):
        return
    st.subheader(t("published.title"))
    st.markdown(t("published.lead"))
    for name in SETS:
        if measured.get(name):
            _set(name, measured[name])
    _ablation(measured)
    st.markdown(t("published.why"))
    machine = measured_on(FIGURES)
    if machine:
        st.caption(t("published.machine", machine=machine))


def _set(name: str, rows: Mapping[str, RowFigures]) -> None:
    st.markdown(f"**{t(f'option.{name}')}** · {t('published.length', count=ITERATIONS[name])}")
    shown = [key for key in ROWS if key in rows]
    head = [t("published.row"), *(t(f"published.{column}") for column in _COLUMNS)]
    lines = [_line(name, key, rows[key]) for key in shown]
    floor = f"{FLOORS[name]:.4f}"
    perfect = [t("published.perfect"), "", "", f"{100 * PERFECT:.1f} %", floor, ""]
    table(head, [*lines, perfect])
    for measure, holds in reproduced(rows).items():
        if holds is not None:
            st.markdown("- " + t(f"published.{'same' if holds else 'other'}_{measure}"))
    with st.container(horizontal=True):
        for key in shown:
            _run(name, key)


def _line(name: str, key: str, row: RowFigures) -> list[str]:
    paper = PACGAN[name].get(key)
    modes = _number(row.modes_lenient, 1)
    quality = _number(row.high_quality, 1, 100)
    balance = _number(row.reverse_kl, 3) if row.reverse_kl else "–"
    if paper is not None:
        modes += f" ({paper.modes:g})"
        quality += f" ({paper.high_quality:g})"
        balance += f" ({paper.reverse_kl:g})"
    return [
        t(f"published.{key}"),
        modes,
        _number(row.modes, 1),
        quality,
        balance,
        _number(row.seconds, 0),
    ]


def _ablation(measured: Mapping[str, Mapping[str, RowFigures]]) -> None:
    """Show R3GAN's ablation on Stacked MNIST, for the rows that were made again on the grid."""
    rows = measured.get("grid", {})
    shown = [key for key in R3GAN if key in rows]
    if not shown:
        return
    st.markdown(f"**{t('published.ablation')}**")
    lines = []
    for key in shown:
        paper, ours = R3GAN[key], rows[key].reverse_kl
        told = t("published.failed") if paper is None else f"{paper[0]:g} · {paper[1]:g}"
        lines.append([t(f"published.{key}"), told, _number(ours, 3) if ours else "–"])
    table([t("published.row"), t("published.stacked"), t("published.grid_kl")], lines)


def _run(name: str, key: str) -> None:
    """Link to the playground with the recipe of a row."""
    label = t("published.run", row=t(f"published.{key}"))
    link_to("playground", label, t("published.run_help"), **query(name, key))


def query(name: str, key: str) -> dict[str, str]:
    """Return the recipe of a row as the playground's links have it."""
    from gan_core.points.presets import POINT_PRESETS

    recipe = ROWS[key].replace(dataset=name).to_dict()
    preset = POINT_PRESETS[name].to_dict()
    changed = {field: str(value) for field, value in recipe.items() if value != preset[field]}
    return {"dataset": name, **changed}


def _number(value: Estimate, places: int, factor: float = 1) -> str:
    """Write a mean with its standard error, where there is one."""
    mean = f"{factor * value.mean:.{places}f}"
    return mean if math.isnan(value.error) else f"{mean} ± {factor * value.error:.{places}f}"
