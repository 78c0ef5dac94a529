"""What the page *Losses* is made of: the lab in the browser, the code, the remedies."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from gan_core.config import LOSS_KEYS, SWITCH_KEYS
from ui import warm, words
from ui.lesson import link_to, source_of
from ui.lessons import LESSONS, page_of
from ui.live import browser_component, mathml
from ui.state import prose, scene, t, visit

if TYPE_CHECKING:
    from gan_core.losses import Loss

# The two whose gradients the lesson compares; the lab opens with them.
FIRST = ("non_saturating", "minimax")
# Six digits draw and print the same as sixteen.
_DIGITS = 6


def lab() -> None:
    """Show the lab: all losses as curves, with one marker through all charts."""
    warm.wait()
    asked = browser_component("losses", "widgets")(
        key="losses",
        on_train_change=lambda: None,
        data={
            "words": words.section(visit().language, "loss_lab"),
            "scene": scene("losses"),
            "first": list(FIRST),
            "losses": _losses(),
            **_measured(),
        },
    )
    if asked and asked.get("train") in LOSS_KEYS:
        _open_training(asked["train"])


def _open_training(key: str) -> None:
    """Go to the training page with a loss and its recommended settings."""
    from gan_core.losses import LOSSES

    lesson = next(lesson for lesson in LESSONS if lesson.path == "train")
    st.switch_page(page_of(lesson), query_params=_query(key, LOSSES[key].recommended))


@lru_cache(maxsize=1)
def _measured() -> dict[str, Any]:
    """Return everything that is a number, measured once by the core."""
    from gan_core import curves
    from gan_core.losses import LOSSES

    lines = curves.lines_curve()
    return {
        "logits": _short(curves.logit_grid()),
        "stops": [
            {"index": curves.logit_grid().index(curves.logit_of(stop)), "verdict": stop}
            for stop in curves.STOPS
        ],
        "probability": _short(curves.loss_curves(FIRST[0]).verdict),
        "ratio": _short(curves.gradient_ratios()),
        "curves": {key: _rounded(curves.loss_curves(key)) for key in LOSSES},
        "lines": _rounded(lines),
    }


def _rounded(measured: Any) -> dict[str, Any]:
    return {
        name: {part: _short(numbers) for part, numbers in value.items()}
        if isinstance(value, dict)
        else _short(value)
        for name, value in asdict(measured).items()
    }


def _short(numbers: tuple[float, ...]) -> list[float | None]:
    """Return numbers fit for JSON; None stands for +∞."""
    return [float(f"{number:.{_DIGITS}g}") if math.isfinite(number) else None for number in numbers]


def _losses() -> list[dict[str, Any]]:
    """Describe every loss of the registry in this visitor's language."""
    from gan_core.curves import paper
    from gan_core.losses import LOSSES

    return [
        {
            "key": key,
            "short": t(f"losses.short.{key}"),
            "name": t(f"option.{key}"),
            "formulas": {
                "d": mathml(loss.discriminator_formula),
                "g": mathml(loss.generator_formula),
            },
            "source": paper(type(loss)),
            "link": _address(paper(type(loss))),
            "equilibrium": _equilibrium(loss),
            "probability": loss.verdict_range is not None,
            "compares": loss.compares,
            "recommended": _settings(loss.recommended),
        }
        for key, loss in LOSSES.items()
    ]


def _equilibrium(loss: Loss) -> dict[str, Any]:
    """Return the values at p = q with their labels; None where any value may be it."""
    d_value, g_value = loss.discriminator_at_equilibrium, loss.generator_at_equilibrium
    verdict = loss.verdict_at_equilibrium
    return {
        "d": {"value": d_value, "label": t(f"equilibrium.d.{loss.key}")},
        "g": None
        if g_value is None
        else {"value": g_value, "label": t(f"equilibrium.g.{loss.key}")},
        "verdict": None if verdict is None else f"{verdict:g}",
    }


def _settings(recommended: Mapping[str, Any]) -> list[str]:
    """Write settings as ``name: value``, in the words of the training page."""
    return [
        f"{t(f'field.{name}')}: {_written(value)}"
        for name, value in recommended.items()
        if name != "loss"
    ]


def _written(value: Any) -> str:
    return t(f"option.{value}") if value in SWITCH_KEYS else f"{value:g}"


def _address(source: str) -> str | None:
    """Return where the paper of a source is; None where it names no arXiv number."""
    found = re.search(r"arXiv:(\d{4}\.\d{4,5})", source)
    return f"https://arxiv.org/abs/{found[1]}" if found else None


# One by one ------------------------------------------------------------------------------


def formulas() -> None:
    """Show what the charts are drawn from, in words and formulas."""
    st.markdown(prose("losses_formula"))


def one_by_one() -> None:
    """Show each loss with its code as it runs, and a link that trains with it."""
    from gan_core.losses import LOSSES
    from gan_core.trainer import Trainer

    tabs = st.tabs([*(t(f"losses.short.{key}") for key in LOSSES), t("losses.moves")])
    for tab, (key, loss) in zip(tabs, LOSSES.items(), strict=False):
        with tab:
            _train_with(f"**{t('losses.train', loss=t(f'option.{key}'))}**", key, loss.recommended)
            st.caption(" · ".join(_settings(loss.recommended)))
            st.code(source_of(*_lineage(type(loss))))
    with tabs[-1]:
        st.markdown(t("losses.moves_note"))
        d_move = (Trainer._move_discriminator, Trainer._discriminator_terms)
        st.code(source_of(*d_move, Trainer._move_generator, Trainer._differentiate))


def _lineage(kind: type) -> list[type]:
    """Return the class and what it inherits its methods from, the first one first."""
    return [one for one in reversed(kind.__mro__) if one is not object]


def _train_with(label: str, loss: str, recommended: Mapping[str, Any]) -> None:
    """Link to the training page with a loss and its recommended settings."""
    link_to("train", label, t("losses.train_help"), **_query(loss, recommended))


def _query(loss: str, recommended: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in {"loss": loss, **recommended}.items()}


# Remedies --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Remedy:
    """What helps against a failure: setting, code, formula, and what names its paper."""

    key: str
    code: Callable[..., Any]
    formula: str
    named_in: object


def remedies() -> None:
    """Show each penalty and remedy: formula, source, what it does, strength, code."""
    st.markdown(t("losses.remedies_lead"))
    _side_by_side(_remedies(), _recommended)
    st.markdown(t("losses.collapse_lead"))
    _side_by_side(_against_collapse(), _at_the_ring)


def _side_by_side(found: list[Remedy], train: Callable[[Remedy], None]) -> None:
    from gan_core.curves import paper

    for start in range(0, len(found), 2):
        for column, remedy in zip(st.columns(2), found[start : start + 2], strict=False):
            with column, st.container(border=True, height="stretch"):
                st.markdown(f"**{t(f'field.{remedy.key}')}** · {_linked(paper(remedy.named_in))}")
                st.latex(remedy.formula)
                st.markdown(t(f"losses.remedy.{remedy.key}"))
                train(remedy)
                with st.expander(t("losses.code")):
                    st.code(source_of(remedy.code))


def _recommended(remedy: Remedy) -> None:
    """Link to the training page with the settings of the paper."""
    loss, recommended = _recommending(remedy.key)
    strength = _written(recommended[remedy.key])
    st.markdown(t("losses.strength", value=strength, loss=t(f"option.{loss}")))
    _train_with(t("losses.train_remedy", remedy=t(f"field.{remedy.key}")), loss, recommended)


def _at_the_ring(remedy: Remedy) -> None:
    """Link to the playground, where G runs around a ring unless a remedy stops it."""
    from gan_core.points.presets import POINT_PRESETS
    from gan_core.points.rotation import ROTATING, TRIED

    config = ROTATING.replace(**{remedy.key: TRIED[remedy.key]})
    preset = POINT_PRESETS[config.dataset].to_dict()
    changed = {name: str(v) for name, v in config.to_dict().items() if v != preset[name]}
    label = t("losses.train_remedy", remedy=t(f"field.{remedy.key}"))
    link_to("playground", label, t("losses.ring_help"), dataset=config.dataset, **changed)


def _remedies() -> list[Remedy]:
    """List the penalties of the registry, then what is no term of a loss."""
    from gan_core import penalties, spectral

    clip, norm = penalties.clip_weights, spectral.SpectralNorm
    clipped = r"w \leftarrow \min\bigl(c,\ \max(-c,\ w)\bigr)"
    return [
        *(
            Remedy(key, kind, r"L_D + " + kind(0.0).formula, kind)
            for key, kind in penalties.PENALTIES.items()
        ),
        Remedy("weight_clip", clip, clipped, clip),
        Remedy("spectral_norm", norm, r"W \leftarrow W / \sigma(W)", spectral),
    ]


def _against_collapse() -> list[Remedy]:
    """List what changes how D is shown samples, or how far G looks ahead."""
    from gan_core import judging, layers, unrolling

    noise = r"D(x + \varepsilon),\ D(G(z) + \varepsilon), \quad"
    noise += r"\varepsilon \sim \mathcal{N}(0, \sigma^2)"
    deviation = r"D\Bigl(x,\ \tfrac1F \textstyle\sum_f \sqrt{\mathrm{var}_f + 10^{-8}}\Bigr)"
    return [
        Remedy("packing", judging.packed, r"D(x_1, \ldots, x_m)", judging.packed),
        Remedy(
            "unrolled_steps",
            unrolling.look_ahead,
            r"\min_G\ L_G\bigl(G,\ D_K(G)\bigr)",
            unrolling,
        ),
        Remedy("minibatch_stddev", layers.MinibatchStd, deviation, layers.MinibatchStd),
        Remedy("instance_noise", judging.blurred, noise, judging.blurred),
    ]


def _recommending(setting: str) -> tuple[str, Mapping[str, Any]]:
    """Return the loss whose authors trained with a setting, and all they trained with."""
    from gan_core.losses import CLIPPED_WGAN, LOSSES

    for key, loss in LOSSES.items():
        if setting in loss.recommended:
            return key, loss.recommended
    assert setting in CLIPPED_WGAN
    return CLIPPED_WGAN["loss"], CLIPPED_WGAN


def _linked(source: str) -> str:
    address = _address(source)
    return f"[{source}]({address})" if address else source
