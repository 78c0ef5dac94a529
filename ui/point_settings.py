"""The settings of the playground: data with a preset each, and everything under More."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import streamlit as st

from gan_core.config import (
    LOSS_KEYS,
    NOISE_KEYS,
    OPTIMIZER_KEYS,
    OWN_POINTS,
    POINT_KEYS,
    POINT_MODEL,
    SWITCH_KEYS,
    SettingError,
    TrainConfig,
)
from gan_core.points.presets import POINT_PRESETS
from ui.settings import choice, explain, from_query, number, remedies
from ui.state import t, visit

FIRST = "eight_soft"
NOISE_DIMS = (1, 2, 4, 16)
# What this page's links may ask for.
HERE = {
    "dataset": POINT_KEYS,
    "model": (POINT_MODEL,),
    "conditional": ("off",),
    "diff_augment": ("off",),
}
_NAMES = tuple(spec.name for spec in fields(TrainConfig))
_RATES = ("generator_lr", "discriminator_lr")
_WHOLE = ("layers", "width", "batch_size", "discriminator_steps", "generator_steps")
_SHARES = {"beta1": 0.05, "beta2": 0.001, "ema_decay": 0.001}
_BOUNDS = {"r1": 0.01, "r2": 0.01, "gradient_penalty": 0.1, "weight_clip": 0.01}


def choose_point_settings(running: TrainConfig | None) -> TrainConfig:
    """Draw the sidebar's controls; return the recipe they describe, or the running one.

    The controls follow the run whenever it gets another recipe.
    """
    _prepare(running)
    if running is not None and running != visit().points_shown:
        visit().points_shown = running
        show_point_settings(running)
    with st.sidebar:
        own = (OWN_POINTS,) if st.session_state[_key("dataset")] == OWN_POINTS else ()
        choice(_key("dataset"), "dataset", (*POINT_KEYS, *own), on_change=_take_preset)
        choice(_key("loss"), "loss", LOSS_KEYS)
        st.selectbox(
            t("field.latent_dim"), _noise_dims(), help=t("help.latent_dim"), key=_key("latent_dim")
        )
        with st.expander(t("settings.more")):
            _draw_more()
    try:
        return TrainConfig.from_dict({name: st.session_state[_key(name)] for name in _NAMES})
    except SettingError as error:
        st.sidebar.error(explain(error))
        return running or POINT_PRESETS[FIRST]


def _draw_more() -> None:
    choice(_key("noise"), "noise", NOISE_KEYS)
    choice(_key("optimizer"), "optimizer", OPTIMIZER_KEYS)
    for name in _RATES:
        number(_key(name), name, 1e-4, "%.5f")
    for name in _WHOLE:
        number(_key(name), name, 1)
    number(_key("lr_decay_moves"), "lr_decay_moves", 1000)
    for name, step in (_BOUNDS | _SHARES).items():
        number(_key(name), name, step, "%.4g")
    choice(_key("spectral_norm"), "spectral_norm", SWITCH_KEYS)
    remedies(_key)
    number(_key("examples"), "examples", 100)
    number(_key("seed"), "seed", 1)


def show_point_settings(config: TrainConfig) -> None:
    """Set all controls to a recipe; before they are drawn or in a callback."""
    for name, value in config.to_dict().items():
        st.session_state[_key(name)] = value


def keep_point_settings() -> None:
    """Hold on to the values on pages without these controls; Streamlit would drop them."""
    for name in _NAMES:
        if _key(name) in st.session_state:
            st.session_state[_key(name)] = st.session_state[_key(name)]


def _prepare(running: TrainConfig | None) -> None:
    """Take the URL's recipe, once for each link that is followed, or start from the first preset.

    Own data are gone with the run that had them.
    """
    config, problems = from_query(_query(), POINT_PRESETS, HERE)
    held = st.session_state.get(_key("dataset"))
    if config is None and held is not None and (running or held != OWN_POINTS):
        return
    show_point_settings(config or POINT_PRESETS[FIRST])
    for sentence in problems:
        st.warning(sentence)
    for name in ("preset", *_NAMES):
        st.query_params.pop(name, None)


def _query() -> dict[str, str]:
    """Return the URL's parameters; data that it names come with their preset."""
    query: dict[str, str] = st.query_params.to_dict()
    if query.keys() & set(_NAMES):
        data = query.get("dataset", FIRST)
        query.setdefault("preset", data if data in POINT_PRESETS else FIRST)
    return query


def _take_preset() -> None:
    """Other data come with the settings that work for them."""
    preset = POINT_PRESETS.get(st.session_state[_key("dataset")])
    if preset is not None:
        show_point_settings(preset.replace(seed=st.session_state[_key("seed")]))


def _noise_dims() -> list[int]:
    """The usual lengths of z, and the one that a link or a preset has asked for."""
    asked: Any = st.session_state[_key("latent_dim")]
    return sorted({*NOISE_DIMS, asked})


def _key(name: str) -> str:
    return f"point_setting_{name}"
