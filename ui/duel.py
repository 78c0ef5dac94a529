"""The duel on the page *GAN vs VAE*: its settings, how it goes, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from gan_core.config import DATASET_KEYS, field_range
from gan_core.ranges import range_of
from gan_core.versus.recipe import RECIPE
from ui import charts, jobs, warm
from ui.jobs import Found
from ui.settings import choice, number
from ui.state import t, visit
from ui.tables import table
from ui.versus import SCORES, short

if TYPE_CHECKING:
    from gan_core.versus.live import DuelResult, DuelSettings

PLACE = "versus"
# What of the recipe the sidebar sets, beside σ and the iterations.
_RECIPE = ("latent_dim", "batch_size", "generator_lr", "discriminator_lr", "seed", "dataset")
_KEPT, _SHOWN = "duel_settings", "duel_shown"
_MOST_KEPT = 6
# The curves of the VAE's bound, each with its colour; the GAN's have the players' own.
TERMS = {"reconstruction": 0, "kl": 1, "elbo": 2}
# What is shown of the duels before.
COMPARED = ("error", "frechet", "precision", "recall", "sharpness")
PICTURES = ("gan", "vae", "real", "rebuilt")
STAGES = ("train", "train_no_network", "train_damaged", "search", "score")


# Settings ------------------------------------------------------------------------------------


def choose_settings(found: Found | None) -> DuelSettings:
    """Draw the sidebar's controls; return what they describe.

    Whenever another duel is there (by its link, by an experiment), the controls follow it.
    """
    warm.wait()
    from gan_core.versus.live import DuelSettings

    running = settings_of(found)
    if running is not None and running != st.session_state.get(_SHOWN):
        show(running)
    elif _key("sigma") not in st.session_state:
        _fill(st.session_state.get(_KEPT, DuelSettings()))
    with st.sidebar:
        _slider()
        number(_key("latent_dim"), "latent_dim", 1)
        _iterations()
        with st.expander(t("settings.more")):
            number(_key("batch_size"), "batch_size", 1)
            _rate()
            number(_key("discriminator_lr"), "discriminator_lr", 1e-4, "%.5f")
            number(_key("seed"), "seed", 1)
            choice(_key("dataset"), "dataset", DATASET_KEYS)
    values = {name: st.session_state[_key(name)] for name in _RECIPE}
    settings = DuelSettings(
        RECIPE.replace(**values),
        sigma=st.session_state[_key("sigma")],
        iterations=st.session_state[_key("iterations")],
    )
    st.session_state[_KEPT] = settings
    return settings


def settings_of(found: Found | None) -> DuelSettings | None:
    """Return what a duel is about."""
    if found is None:
        return None
    from gan_core.versus.live import Duel

    assert isinstance(found.job.experiment, Duel)
    return found.job.experiment.settings


def show(settings: DuelSettings) -> None:
    """Let all controls follow a duel; before they are drawn or in a callback."""
    st.session_state[_SHOWN] = settings
    _fill(settings)


def _fill(settings: DuelSettings) -> None:
    for name in _RECIPE:
        st.session_state[_key(name)] = getattr(settings.config, name)
    st.session_state[_key("sigma")] = settings.sigma
    st.session_state[_key("iterations")] = settings.iterations


def _key(name: str) -> str:
    return f"duel_{name}"


def _slider() -> None:
    from gan_core.versus.live import DuelSettings

    low, high = range_of(DuelSettings, "sigma")
    st.slider(
        t("versus.sigma"),
        min_value=low,
        max_value=high,
        step=0.05,
        key=_key("sigma"),
        help=t("versus.sigma_help"),
    )


def _iterations() -> None:
    from gan_core.versus.live import DuelSettings

    low, high = range_of(DuelSettings, "iterations")
    st.number_input(
        t("versus.iterations"),
        min_value=low,
        max_value=high,
        step=100,
        key=_key("iterations"),
        help=t("versus.iterations_help"),
    )


def _rate() -> None:
    low, high = field_range("generator_lr")
    st.number_input(
        t("versus.rate"),
        min_value=low,
        max_value=high,
        step=1e-4,
        format="%.5f",
        key=_key("generator_lr"),
        help=t("versus.rate_help"),
    )


# The duel ------------------------------------------------------------------------------------


def begin(settings: DuelSettings) -> None:
    """Begin a duel in place of the visitor's last one."""
    from gan_core.versus.live import Duel

    show(settings)
    jobs.begin(Duel(settings), PLACE)


def begin_with(sigma: float | None = None, **changes: int) -> None:
    """Begin a duel with the recipe of the table, but for some settings."""
    from gan_core.versus.live import DuelSettings

    usual = DuelSettings()
    begin(replace(usual, config=RECIPE.replace(**changes), sigma=sigma or usual.sigma))


def live(found: Found | None, settings: DuelSettings | None) -> None:
    """Show the button that trains both, the duel under way, and how it ended.

    ``settings``: what the button begins; None for those who only watch.
    """
    st.subheader(t("versus.live_title"))
    st.markdown(t("versus.live_lead"))
    running = settings_of(found)
    if settings is None:
        st.info(t("run.watching"))
    else:
        _offer(settings, running if found is not None and not found.is_over else None)
    if found is None or running is None:
        return
    st.markdown(f"**{_named(running)}**")
    jobs.view(
        found,
        stages={stage: t(f"versus.stage_{stage}") for stage in STAGES},
        charts=_charts(),
        pictures=[
            {
                "name": name,
                "caption": t(f"versus.shot_{name}"),
                "alt": t(f"versus.shot_{name}_alt"),
            }
            for name in PICTURES
        ],
    )
    if found.job.result is not None:
        _ended(found.job.result)


def _offer(settings: DuelSettings, under_way: DuelSettings | None) -> None:
    """Offer to begin a duel, in place of one that may be under way."""
    if under_way is not None and under_way != settings:
        st.info(t("versus.changed"))
    st.button(
        t("versus.begin" if under_way is None else "versus.again"),
        key="duel_begin",
        type="primary" if under_way is None else "secondary",
        icon=":material/play_arrow:",
        help=t("versus.begin_help"),
        on_click=begin,
        args=(settings,),
    )


def _named(settings: DuelSettings) -> str:
    """Write what a duel is about in a line."""
    config = settings.config
    return t(
        "versus.named",
        sigma=settings.sigma,
        latent=config.latent_dim,
        iterations=settings.iterations,
        batch=config.batch_size,
        seed=config.seed,
        data=t(f"option.{config.dataset}"),
    )


def _charts() -> list[dict[str, Any]]:
    """Describe the curves: each term of the bound in a chart of its own, then the game."""
    terms = [
        _chart(name, t("versus.nats"), [(name, colour, "solid")]) for name, colour in TERMS.items()
    ]
    players = [("d_loss", "d", "solid"), ("g_loss", "g", "dashed")]
    return [*terms, _chart("losses", t("versus.loss"), players)]


def _chart(name: str, axis: str, lines: Sequence[tuple[str, str | int, str]]) -> dict[str, Any]:
    return {
        "title": t(f"versus.chart_{name}"),
        "alt": t(f"versus.chart_{name}_alt"),
        "x": t("versus.iteration"),
        "y": axis,
        "lines": [
            {"name": line, "label": t(f"versus.line_{line}"), "colour": colour, "dash": dash}
            for line, colour, dash in lines
        ],
    }


# Its end -------------------------------------------------------------------------------------


def _ended(result: DuelResult) -> None:
    """Show what was measured, how many nats each coordinate holds, and the duels before it."""
    if result.fallback:
        st.warning(t(f"live.fallback_{result.fallback}"))
    measured, coordinates = st.columns(2)
    with measured:
        st.markdown(f"**{t('versus.result_title')}**")
        sides = [asdict(scores) for scores in (result.gan, result.vae, result.real)]
        table(
            [t(f"versus.column_{name}") for name in ("measure", "gan", "vae", "real")],
            [
                [t(f"versus.measure_{name}"), *(short(side[name]) for side in sides)]
                for name in SCORES
            ],
        )
        st.caption(t("versus.result_note", count=result.count, rebuilt=result.rebuilt))
    with coordinates:
        nats = result.bound.kl_per_dimension
        charts.bars(
            "duel_nats",
            t("versus.nats_title"),
            sorted(nats, reverse=True),
            axes=(t("versus.coordinate"), t("versus.nats")),
        )
        told = {"used": result.used, "all": len(nats), "kl": result.bound.kl}
        st.caption(t("versus.nats_note", **told))
    _before(_keep(result))


def _keep(result: DuelResult) -> list[DuelResult]:
    """Remember how a duel ended, for the session; return all that are remembered, newest first."""
    ended: list[DuelResult] = visit().duels
    if result not in ended:
        ended.insert(0, result)
        del ended[_MOST_KEPT:]
    return ended


def _before(ended: list[DuelResult]) -> None:
    """Show a line for each duel of this session, where there are more than one."""
    if len(ended) < 2:
        return
    st.markdown(f"**{t('versus.before_title')}**")
    head = [t("versus.duel"), t("versus.measure_kl"), t("versus.used")]
    table([*head, *(t(f"versus.brief_{name}") for name in COMPARED)], [_line(one) for one in ended])


def _line(one: DuelResult) -> list[str]:
    """Return what a duel was about, what the VAE's z tells, and both sides' scores."""
    config = one.settings.config
    name = t(
        "versus.brief",
        sigma=one.settings.sigma,
        latent=config.latent_dim,
        iterations=one.settings.iterations,
        seed=config.seed,
    )
    used = f"{one.used} / {len(one.bound.kl_per_dimension)}"
    scores = (
        f"{short(getattr(one.gan, measure))} · {short(getattr(one.vae, measure))}"
        for measure in COMPARED
    )
    return [name, short(one.bound.kl), used, *scores]
