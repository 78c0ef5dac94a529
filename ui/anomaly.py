"""What the page *Anomaly detection* is made of: the experiment, what it came to, and its parts."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import streamlit as st

from gan_core.config import SettingError
from gan_core.ranges import range_of
from ui import jobs
from ui.jobs import Found
from ui.lesson import source_of
from ui.state import prose, t

if TYPE_CHECKING:
    from gan_core.anomaly.outcome import Outcome
    from gan_core.anomaly.settings import Settings

PLACE = "anomaly"
RECORDED = "recorded"
OWN = "own"
# The numbers in the sidebar with the steps of their controls: in the open, and under "More".
OPEN = {"gan_iterations": 100, "encoder_steps": 100, "feature_weight": 0.1, "kappa": 0.5}
MORE = {"searched": 50, "restarts": 1, "search_steps": 10, "seed": 1}
_CHOICE = "anomaly_shown"
_CODE = ("search", "encoder", "plain")
STAGES = ("train", "encoder", "fast_anogan", "anogan", "neighbours", "pca")


# The experiment ----------------------------------------------------------------------------


def choose(found: Found | None) -> Settings | None:
    """Draw what an experiment is told; return it, None while it would be about nothing.

    Whoever comes back to an experiment finds its settings.
    """
    from gan_core.anomaly.settings import Settings

    first = _settings_of(found) if found else Settings()
    for name, value in _controls(first).items():
        st.session_state.setdefault(name, value)
    st.pills(
        t("anomaly.normal"),
        range(10),
        selection_mode="multi",
        key=_key("normal"),
        help=t("anomaly.normal_help"),
    )
    with st.sidebar:
        for name, step in OPEN.items():
            _number(name, step)
        with st.expander(t("settings.more")):
            for name, step in MORE.items():
                _number(name, step)
    try:
        return Settings(
            **{spec.name: st.session_state[_key(spec.name)] for spec in fields(Settings)}
        )
    except SettingError:
        st.warning(t("anomaly.choose_some"))
        return None


def _controls(settings: Settings) -> dict[str, Any]:
    """Return where the controls stand for these settings."""
    values = {_key(spec.name): getattr(settings, spec.name) for spec in fields(settings)}
    return values | {_key("normal"): list(settings.normal)}


def _settings_of(found: Found) -> Settings:
    from gan_core.anomaly.experiment import AnomalyExperiment

    assert isinstance(found.job.experiment, AnomalyExperiment)  # no other is begun here
    return found.job.experiment.settings


def offer(settings: Settings | None, found: Found | None) -> None:
    """Offer to begin an experiment, and to put the visitor's own away."""
    with st.container(horizontal=True):
        st.button(
            t("anomaly.run"),
            key="anomaly_run",
            type="primary",
            icon=":material/play_arrow:",
            disabled=settings is None,
            help=t("anomaly.run_help"),
            on_click=_begin,
            args=(settings,),
        )
        if found is not None:
            st.button(
                t("anomaly.put_away"),
                key="anomaly_put_away",
                icon=":material/close:",
                help=t("anomaly.put_away_help"),
                on_click=jobs.end,
                args=(PLACE,),
            )


def set_up(**settings: Any) -> None:
    """Set the controls up and begin: an experiment to predict."""
    from gan_core.anomaly.settings import Settings

    asked = Settings(**settings)
    st.session_state.update(_controls(asked))
    _begin(asked)


def _begin(settings: Settings) -> None:
    from gan_core.anomaly.experiment import AnomalyExperiment

    st.session_state[_CHOICE] = OWN
    jobs.begin(AnomalyExperiment(settings), PLACE)


def course(found: Found | None) -> None:
    """Show the visitor's experiment: as it goes on, and how it went."""
    if found is None:
        return
    if not found.may_steer:
        st.info(t("anomaly.watching"))
    if found.job.result is None:
        _view(found)
    else:
        with st.expander(t("anomaly.course")):
            _view(found)


def _view(found: Found) -> None:
    jobs.view(
        found,
        stages={stage: t(f"anomaly.stage_{stage}") for stage in STAGES},
        charts=[
            _chart("gan", ("d_loss", "d", "solid"), ("g_loss", "g", "dashed")),
            _chart("encoder", ("residual", 0, "solid"), ("matching", 1, "dashed")),
            _chart("search", ("found_normal", "real", "solid"), ("found_odd", 0, "dashed")),
        ],
        pictures=[
            {
                "name": name,
                "caption": t(f"anomaly.picture_{name}"),
                "alt": t(f"anomaly.picture_{name}"),
            }
            for name in ("samples", "rebuilt", "searched")
        ],
    )


def _chart(key: str, *lines: tuple[str, str | int, str]) -> dict[str, Any]:
    return {
        "title": t(f"anomaly.chart_{key}"),
        "alt": t(f"anomaly.chart_{key}_alt"),
        "x": t("anomaly.chart_x"),
        "y": t(f"anomaly.chart_{key}_y"),
        "lines": [
            {"name": name, "label": t(f"anomaly.line_{name}"), "colour": colour, "dash": dash}
            for name, colour, dash in lines
        ],
    }


# What it came to ---------------------------------------------------------------------------


def outcome(found: Found | None) -> tuple[Outcome, str]:
    """Return what is looked at, the visitor's own or the recorded one; and its name for routes."""
    from gan_core.anomaly.recorded import load_outcome

    own = found.job.result if found else None
    if found is None or own is None:
        return load_outcome(), RECORDED
    st.session_state.setdefault(_CHOICE, OWN)
    chosen = st.segmented_control(
        t("anomaly.shown"),
        [OWN, RECORDED],
        required=True,
        format_func=lambda key: t(f"anomaly.shown_{key}"),
        key=_CHOICE,
        help=t("anomaly.shown_help"),
    )
    return (own, found.job.view_token) if chosen == OWN else (load_outcome(), RECORDED)


# The words and the code ---------------------------------------------------------------------


def formulas() -> None:
    """Show what each scorer computes, what the areas mean, and what D alone would be worth."""
    from gan_core.anomaly import roc
    from gan_core.anomaly.recorded import load_card, load_outcome

    st.markdown(prose("anomaly_formula"))
    alone, recorded = load_card()["judge_alone"], load_outcome()
    (normal,) = recorded.settings.normal
    called = dict(enumerate(alone["called_real"]))
    usual = called.pop(normal)
    other = max(called, key=lambda digit: called[digit])
    st.markdown(
        t(
            "anomaly.judge_alone",
            alone=alone["auroc"],
            fast=roc(*recorded.of("fast_anogan")).area,
            usual=usual,
            digit=other,
            other=called[other],
        )
    )


def source() -> None:
    """Show the code that scores, as it runs."""
    from gan_core.anomaly.anogan import AnoGan, search_loss
    from gan_core.anomaly.baselines import PcaResidual, PixelNeighbour
    from gan_core.anomaly.fast import EncoderTrainer, encoder_terms

    searched, encoded, plain = st.tabs([t(f"anomaly.code_{key}") for key in _CODE])
    searched.code(source_of(search_loss, AnoGan.search))
    encoded.code(source_of(encoder_terms, EncoderTrainer.step))
    plain.code(
        source_of(
            *(PixelNeighbour._nearest, PixelNeighbour._comparable),
            *(PcaResidual.score, PcaResidual._made_again),
        )
    )


def _number(name: str, step: float) -> None:
    """Draw a number of the experiment, within its range."""
    from gan_core.anomaly.settings import Settings

    low, high = range_of(Settings, name)
    st.number_input(
        t(f"anomaly.field.{name}"),
        min_value=low,
        max_value=high,
        step=step,
        format=None if isinstance(step, int) else "%.2g",
        help=t(f"anomaly.help.{name}"),
        key=_key(name),
    )


def _key(name: str) -> str:
    return f"anomaly_{name}"
