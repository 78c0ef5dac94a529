"""The settings of a run: in the sidebar, from the URL, always checked by the core."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import streamlit as st

from gan_core.config import (
    DATASET_KEYS,
    LOSS_KEYS,
    MODEL_KEYS,
    PRESETS,
    SWITCH_KEYS,
    OnlyPictures,
    SettingError,
    TrainConfig,
    UnfilledPacks,
    field_range,
)
from ui.state import t, visit

_OPEN = {"dataset": DATASET_KEYS, "loss": LOSS_KEYS}
_RATES = ("generator_lr", "discriminator_lr")
_WHOLE = ("batch_size", "discriminator_steps", "latent_dim", "examples", "seed")
_SHARES = {"dropout": 0.05, "ema_decay": 0.001, "beta1": 0.05, "beta2": 0.001}
_HERE = {"dataset": DATASET_KEYS, "model": MODEL_KEYS}
_BOUNDS = {"r1": 0.1, "r2": 0.1, "gradient_penalty": 1.0, "weight_clip": 0.01}
# What else there is against failures, on both pages that train.
_REMEDIES = {"instance_noise": 0.05, "instance_noise_moves": 500, "packing": 1, "unrolled_steps": 1}
_SWITCHES = ("minibatch_stddev", "batch_norm")


def choose_settings(running: TrainConfig | None) -> TrainConfig:
    """Draw the sidebar's controls; return the recipe they describe.

    Whenever the run gets another recipe (``running``: by its link, a saved run,
    an experiment), the controls follow it.
    """
    _prepare()
    if running is not None and running != visit().shown:
        visit().shown = running
        show_settings(running)
    with st.sidebar:
        st.selectbox(
            t("settings.preset"),
            list(PRESETS),
            format_func=lambda key: t(f"preset.{key}.name"),
            help=t("settings.preset_help"),
            key=_key("preset"),
            on_change=_take_preset,
        )
        for name, options in _OPEN.items():
            _choice(name, options)
        with st.expander(t("settings.more")):
            _choice("model", MODEL_KEYS)
            _choice("conditional", SWITCH_KEYS)
            for name in _RATES:
                _number(name, 1e-4, "%.5f")
            for name in _WHOLE:
                _number(name, 1)
            for name, step in _SHARES.items():
                _number(name, step, "%.4g")
            remedies(_key)
            _choice("diff_augment", SWITCH_KEYS)
            for name, step in _BOUNDS.items():
                _number(name, step, "%.4g")
            _choice("spectral_norm", SWITCH_KEYS)
    try:
        return TrainConfig.from_dict(
            {spec.name: st.session_state[_key(spec.name)] for spec in fields(TrainConfig)}
        )
    except SettingError as error:
        st.sidebar.error(explain(error))
        return running or next(iter(PRESETS.values()))


def show_settings(config: TrainConfig) -> None:
    """Set all controls to a recipe; before they are drawn or in a callback."""
    for key, preset in PRESETS.items():
        if preset.replace(dataset=config.dataset, seed=config.seed) == config:
            st.session_state[_key("preset")] = key
    for name, value in config.to_dict().items():
        st.session_state[_key(name)] = value


def from_query(
    query: Mapping[str, str],
    presets: Mapping[str, TrainConfig] = PRESETS,
    here: Mapping[str, tuple[str, ...]] = _HERE,
) -> tuple[TrainConfig | None, list[str]]:
    """Read a recipe from URL parameters: ``?preset=fast&batch_size=32``.

    Args:
        query: the parameters.
        presets: what ``preset`` may name; the first is the one that others change.
        here: the choices that this page has, where that is not all of them.

    Returns:
        The recipe (None where the URL names no setting), and one sentence for each
        parameter that was ignored.
    """
    known = {spec.name: type(spec.default) for spec in fields(TrainConfig)}
    given = {name: query[name] for name in ("preset", *known) if name in query}
    if not given:
        return None, []
    problems: list[str] = []
    first = next(iter(presets))
    preset = given.pop("preset", first)
    if preset not in presets:
        problems.append(t("problem.setting", name=t("settings.preset"), allowed=", ".join(presets)))
        preset = first
    config = presets[preset]
    for name, text in given.items():
        try:
            changed = config.replace(**{name: _parsed(text, known[name])})
        except SettingError as error:
            problems.append(explain(error))
            continue
        if name in here and text not in here[name]:
            allowed = ", ".join(here[name])
            problems.append(t("problem.setting", name=t(f"field.{name}"), allowed=allowed))
        else:
            config = changed
    return config, problems


def explain(error: SettingError) -> str:
    """Say in the reader's language which setting is out of which range."""
    if isinstance(error, UnfilledPacks):
        said = {"name": t(f"field.{error.name}"), "least": error.least, "packing": error.packing}
        return t("problem.examples" if error.name == "examples" else "problem.packs", **said)
    spec = {spec.name: spec for spec in fields(TrainConfig)}.get(error.name)
    if spec is None:
        return t("problem.unknown_setting", name=error.name)
    if "options" in spec.metadata:
        options = ("off",) if isinstance(error, OnlyPictures) else spec.metadata["options"]
        allowed = ", ".join(options)
        return t("problem.setting", name=t(f"field.{error.name}"), allowed=allowed)
    low, high = spec.metadata["range"]
    shown = [str(limit) if isinstance(limit, int) else f"{limit:g}" for limit in (low, high)]
    return t("problem.range", name=t(f"field.{error.name}"), low=shown[0], high=shown[1])


def _parsed(text: str, kind: type) -> Any:
    if kind is str:
        return text
    try:
        return kind(text)
    except ValueError:
        return text  # the config says what is wrong with it


def _prepare() -> None:
    """Take the URL's recipe, once for each link that is followed, or start from the first preset.

    Widgets keep their values after. What a link asked for leaves the URL, so that the
    visitor can change it and the next link counts again.
    """
    config, problems = from_query(st.query_params.to_dict())
    if config is None and _key("preset") in st.session_state:
        return
    asked = st.query_params.get("preset", "")
    st.session_state[_key("preset")] = asked if asked in PRESETS else next(iter(PRESETS))
    show_settings(config or next(iter(PRESETS.values())))
    for sentence in problems:
        st.warning(sentence)
    for name in ("preset", *(spec.name for spec in fields(TrainConfig))):
        st.query_params.pop(name, None)


def keep_settings() -> None:
    """Hold on to the values on pages without these controls; Streamlit would drop them."""
    for name in ("preset", *(spec.name for spec in fields(TrainConfig))):
        if _key(name) in st.session_state:
            st.session_state[_key(name)] = st.session_state[_key(name)]


def _take_preset() -> None:
    show_settings(PRESETS[st.session_state[_key("preset")]])


def _key(name: str) -> str:
    return f"setting_{name}"


def _choice(name: str, options: tuple[str, ...]) -> None:
    choice(_key(name), name, options)


def _number(name: str, step: float, shown: str | None = None) -> None:
    number(_key(name), name, step, shown)


def remedies(key: Callable[[str], str]) -> None:
    """Draw what there is against failures beside penalties; ``key`` names where values are kept."""
    for name, step in _REMEDIES.items():
        number(key(name), name, step, "%.4g" if isinstance(step, float) else None)
    for name in _SWITCHES:
        choice(key(name), name, SWITCH_KEYS)


def choice(key: str, name: str, options: Sequence[str], **more: Any) -> None:
    """Draw the list of a setting's choices; ``key`` is where the session keeps the chosen one."""
    st.selectbox(
        t(f"field.{name}"),
        options,
        format_func=lambda key: t(f"option.{key}"),
        help=t(f"help.{name}"),
        key=key,
        **more,
    )


def number(key: str, name: str, step: float, shown: str | None = None) -> None:
    """Draw a number of a setting, within its range; ``key`` is where the session keeps it."""
    low, high = field_range(name)
    st.number_input(
        t(f"field.{name}"),
        min_value=low,
        max_value=high,
        step=step,
        format=shown,
        help=t(f"help.{name}"),
        key=key,
    )
