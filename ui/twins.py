"""Two runs side by side, with one setting between them: begun, shown and ended here.

A page that compares two recipes needs two calls. On a button::

    twins.begin(sick, cured, place="clinic")

and whenever the page is drawn::

    found = twins.find("clinic")
    if found is not None:
        twins.view(found)

A visitor compares one pair at a time; a new one ends the last. Its token is kept in the
session and in the URL as ``twin``, so that a reload shows it again. ``place`` says which page
it belongs to: "run" for the digits, "points" for the playground, or any other word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import streamlit as st

from gan_core.config import MODEL_KEYS, POINT_MODEL, SettingError, TrainConfig, field_range
from gan_core.engine import CHANGEABLE, EngineFull, Pair, Run, differing
from ui import runs, training, warm, words
from ui.lesson import fold
from ui.live import browser_component
from ui.runs import Seat
from ui.settings import choice, explain, number
from ui.state import t, visit, write_url

if TYPE_CHECKING:
    from gan_core.engine.views import Data

KEY = "twins"


@dataclass(frozen=True, slots=True)
class Found:
    """A pair that this visitor looks at, and whether the visitor may steer it."""

    pair: Pair
    may_steer: bool


# For any page ---------------------------------------------------------------------------


def begin(a: TrainConfig, b: TrainConfig, place: str, data: Data | None = None) -> Pair | None:
    """Begin two runs from the same first weights; both stand at iteration 0 and wait.

    Ends the pair that the visitor compared before. Where the server has no room, a sentence
    says so, and None is returned.

    Args:
        a: the recipe on the left, solid in the charts.
        b: the one on the right, dashed. Give both the same seed.
        place: the page that the pair belongs to.
        data: what both train on, where that is not to be had by the recipes' ``dataset``.
    """
    end()
    try:
        pair = runs.engine().pair(a, b, data, place)
    except EngineFull:
        st.warning(t("run.full"))
        return None
    return _keep(pair)


def fork(run: Run, changes: Mapping[str, Any], place: str) -> Pair | None:
    """Let a run go on twice from where it stands: as it is, and with some settings changed.

    Both stand at the same iteration and wait. Otherwise as :func:`begin`.

    Raises:
        SettingError: if a value is out of range or needs a new beginning (``CannotFork``).
    """
    end()
    try:
        pair = runs.engine().twin(run, changes, place)
    except EngineFull:
        st.warning(t("run.full"))
        return None
    return _keep(pair)


def find(place: str) -> Found | None:
    """Return the pair that this visitor compares on this page, if there is one.

    A pair that has ended gets a sentence, once.
    """
    token = visit().twin
    found = runs.engine().find_pair(token) if token else None
    if token and found is None:
        visit().twin = None
        write_url()
        st.info(t("compare.gone"))
    return Found(*found) if found and found[0].place == place else None


def view(found: Found, *, titles: tuple[str, str] | None = None) -> None:
    """Show both runs: two stages, what differs, one transport, curves and readings together.

    ``titles``: what A and B are called; by default by the settings that differ.
    """
    warm.wait()
    from gan_core.losses import LOSSES

    pair, language = found.pair, visit().language
    a, b = (run.config for run in pair.runs)
    names = titles or (_title(a, b), _title(b, a))
    ranges = [LOSSES[config.loss].verdict_range for config in (a, b)]
    browser_component("twins", "widgets", "live", "playground")(
        key=KEY,
        data={
            "token": pair.control_token if found.may_steer else pair.view_token,
            "may_steer": found.may_steer,
            "is_fork": pair.is_fork,
            "kind": "points" if a.model == POINT_MODEL else "pictures",
            "a": {"token": pair.a.view_token, "title": names[0]},
            "b": {"token": pair.b.view_token, "title": names[1]},
            "changes": [
                {"label": t(f"field.{name}"), "a": worded(a, name), "b": worded(b, name)}
                for name in differing(a, b)
            ],
            "lines": _lines(a, b),
            "verdict_range": ranges[0] if ranges[0] == ranges[1] else None,
            "words": words.section(language, "live")
            | words.section(language, "plane")
            | words.section(language, "twins"),
        },
    )


def end(keep: Run | None = None) -> None:
    """End the pair that this visitor compares, if there is one and the visitor may.

    ``keep``: the twin that goes on alone. Where neither is kept, a run that was forked goes
    back to where it was then, and two that were begun for the comparison end.
    """
    runs.end_comparison(keep)


def worded(config: TrainConfig, name: str) -> str:
    """Return the value of a setting as the reader knows it."""
    value = getattr(config, name)
    if isinstance(value, str):
        key = value
        return t(f"option.{key}")
    return f"{value:g}".replace("e-0", "e-")


def _keep(pair: Pair) -> Pair:
    visit().twin = pair.control_token
    write_url()
    return pair


def _title(own: TrainConfig, other: TrainConfig) -> str:
    """Return what makes a twin differ: ``Learning rate of D 0.001``."""
    told = [f"{t(f'field.{name}')} {worded(own, name)}" for name in differing(own, other)]
    return " · ".join(told) or t("compare.unchanged")


def _lines(a: TrainConfig, b: TrainConfig) -> list[dict[str, Any]]:
    """Return the values at equilibrium, those of either loss."""
    from gan_core.losses import LOSSES

    lines = training.lines_of(LOSSES[a.loss])
    return lines + [line for line in training.lines_of(LOSSES[b.loss]) if line not in lines]


# On the pages that train ----------------------------------------------------------------

# What there is to be chosen, the most telling first; everything else follows in its order.
_FIRST = (
    *("discriminator_lr", "generator_lr", "loss", "discriminator_steps", "r1"),
    *("gradient_penalty", "spectral_norm", "batch_size", "ema_decay", "latent_dim"),
)
# Settings that a page cannot change, or that its networks do not have.
_NOT_HERE = {
    "run": {
        *("dataset", "layers", "width", "noise", "optimizer"),
        *("lr_decay_moves", "generator_steps"),
    },
    "points": {"dataset", "model", "dropout", "conditional", "diff_augment"},
}
_RATES = ("generator_lr", "discriminator_lr")
# A value to begin with where a setting is off; where it is on, it is to be switched off.
_TYPICAL = {
    "r1": 1.0,
    "r2": 1.0,
    "gradient_penalty": 10.0,
    "weight_clip": 0.01,
    "ema_decay": 0.99,
    "lr_decay_moves": 2000,
    "beta1": 0.5,
    "dropout": 0.3,
    "instance_noise": 0.3,
    "instance_noise_moves": 2000,
    "examples": 100,
    "unrolled_steps": 5,
}
_VALUE = "twin_value"


def settings_here(place: str) -> list[str]:
    """Return the settings that may differ on a page, the most telling first."""
    names = [spec.name for spec in fields(TrainConfig) if spec.name not in _NOT_HERE[place]]
    return [name for name in _FIRST if name in names] + [n for n in names if n not in _FIRST]


def seat(found: Found | None, place: str) -> Seat | None:
    """Return a place in front of the pair for whoever followed its link without a run."""
    if found is None:
        return None
    return Seat(found.pair.a, found.may_steer, place)


def beside(found: Found, seat: Seat) -> None:
    """Show the pair in place of a page's stage, with the ways back."""
    if found.may_steer:
        _ways_back(found, seat)
    view(found)


def _ways_back(found: Found, seat: Seat) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{t('compare.title')}**", width="stretch")
        for name, run in (("a", found.pair.a), ("b", found.pair.b)):
            st.button(
                t(f"compare.keep_{name}"),
                key=f"twin_keep_{name}",
                help=t("compare.keep_help"),
                icon=":material/check:",
                on_click=_go_on_with,
                args=(seat, run),
            )
        st.button(
            t("compare.close"),
            key="twin_close",
            help=t("compare.close_fork_help" if found.pair.is_fork else "compare.close_help"),
            icon=":material/close:",
            on_click=end,
        )


def share_link(found: Found) -> None:
    """Show the address under which others may watch both runs."""
    base = (st.context.url or "").split("?")[0]
    st.markdown(t("run.share"))
    st.code(f"{base}?lang={visit().language}&twin={found.pair.view_token}", language=None)


def offer(seat: Seat) -> None:
    """Offer to compare a run with itself, with one setting changed: a section that opens."""
    fold(t("compare.title"), f"compare_{seat.place}", lambda: _choose(seat))


def _go_on_with(seat: Seat, run: Run) -> None:
    """Keep one twin as the page's run; a run that was there before ends."""
    end(keep=run)
    if seat.run is not run:
        runs.engine().stop(seat.run)
    setattr(visit(), seat.place, run.control_token)
    write_url()


def _choose(seat: Seat) -> None:
    config = seat.run.config
    st.markdown(t("compare.lead"))
    setting, value = st.columns(2)
    with setting:
        name = st.selectbox(
            t("compare.setting"),
            settings_here(seat.place),
            format_func=lambda name: t(f"field.{name}"),
            key="twin_setting",
        )
    with value:
        changed = _choose_value(config, name)
    if changed is None:
        return
    if changed == config:
        st.markdown(t("compare.same"))
    else:
        _explain_and_start(seat, config, changed, name)


def _explain_and_start(seat: Seat, config: TrainConfig, changed: TrainConfig, name: str) -> None:
    can_fork = name in CHANGEABLE
    told = {"field": t(f"field.{name}"), "a": worded(config, name), "b": worded(changed, name)}
    st.markdown(t("compare.will_fork" if can_fork else "compare.will_begin", **told))
    with st.container(horizontal=True):
        here = st.button(
            t("compare.fork"),
            key="twin_fork",
            type="primary" if can_fork else "secondary",
            icon=":material/fork_right:",
            help=t("compare.fork_help" if can_fork else "compare.no_fork_help"),
            disabled=not can_fork,
        )
        anew = st.button(
            t("compare.begin"),
            key="twin_begin",
            type="secondary" if can_fork else "primary",
            icon=":material/restart_alt:",
            help=t("compare.begin_help"),
        )
    if (here and fork(seat.run, {name: getattr(changed, name)}, seat.place)) or (
        anew and _begin_beside(seat, config, changed)
    ):
        st.rerun()


def _begin_beside(seat: Seat, config: TrainConfig, changed: TrainConfig) -> Pair | None:
    """Begin two runs; the page's own waits where it is."""
    seat.run.pause()
    return begin(config, changed, seat.place, seat.run.data)


def _choose_value(config: TrainConfig, name: str) -> TrainConfig | None:
    """Draw the control for B's value; return B's recipe, None where there is none."""
    now = getattr(config, name)
    key = f"{_VALUE}_{name}_{now}"  # another run, another suggestion
    st.session_state.setdefault(key, suggested(config, name))
    if isinstance(now, str):
        choice(key, name, _options(name))
    elif isinstance(now, int):
        number(key, name, 1)
    elif name in _RATES:
        number(key, name, 1e-4, "%.5f")
    else:
        number(key, name, 0.01, "%.4g")
    try:
        return config.replace(**{name: st.session_state[key]})
    except SettingError as error:
        st.error(explain(error))
        return None


def suggested(config: TrainConfig, name: str) -> Any:
    """Return another value of a setting to begin with, one that makes a difference."""
    now = getattr(config, name)
    if isinstance(now, str):
        options = _options(name)
        return options[(options.index(now) + 1) % len(options)]
    low, high = field_range(name)
    if now == low:
        return type(now)(min(_TYPICAL.get(name, low + 1), high))
    if name in _TYPICAL:
        return type(now)(low)
    wanted = now * (10 if name in _RATES else 2)
    return type(now)(wanted if wanted <= high else max(low, now / 2))


def _options(name: str) -> tuple[str, ...]:
    if name == "model":
        return MODEL_KEYS
    spec = next(spec for spec in fields(TrainConfig) if spec.name == name)
    options: tuple[str, ...] = spec.metadata["options"]
    return options
