"""What the page *GAN vs VAE* is made of: the shipped pair, what was measured, the formulas.

The duel that a visitor trains is in ``ui.duel``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from html import escape
from statistics import fmean
from typing import TYPE_CHECKING

import streamlit as st

from gan_core.versus.figures import Figures, Spread, figures
from gan_core.versus.recipe import SIDES
from ui import warm
from ui.lesson import source_of
from ui.pictures import inline
from ui.state import prose, t
from ui.tables import table
from ui.words import ASSETS

if TYPE_CHECKING:
    from torch import Tensor

    from gan_core.versus.rebuild import Rebuilt

FIGURES = ASSETS / "figures" / "vae.json"
DIGITS = tuple(range(10))
# The rows of a table of scores; what is better of each is said beside it.
SCORES = (
    *("error", "searched", "frechet", "precision", "recall"),
    *("density", "coverage", "sharpness"),
)
BEYOND = ("elbo", "reconstruction", "kl", "iterations", "seconds")
READING = ("order", "why", "rebuilt", "bound")
_SEED, _NOISY, _ROW, _FROM, _TO = (f"versus_{name}" for name in ("seed", "noisy", "row", "a", "b"))
_SCALE = 3
_STYLE = """<style>
.pictures { overflow-x: auto; }
.pictures table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.pictures :is(th, td) { padding: 3px; text-align: center; font-weight: 400; font-size: 0.85rem; }
.pictures tr > :first-child { text-align: left; padding-right: 12px; min-width: 6.5rem; }
.pictures img { display: block; width: clamp(44px, 6vw, 76px); image-rendering: pixelated; }
</style>"""


# The stage -----------------------------------------------------------------------------------


@st.fragment
def samples() -> None:
    """Show what both decoders make of the same z, beside real digits."""
    warm.wait()
    from gan_core.versus import shipped

    told, sigma = measured_figures(), shipped.card()["sigma"]
    st.markdown(t("versus.lead", latent=shipped.recipe().latent_dim, seconds=told.seconds))
    st.session_state.setdefault(_SEED, 0)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            t("versus.other"),
            key="versus_other",
            icon=":material/casino:",
            help=t("versus.other_help"),
            on_click=_draw_others,
        )
        noisy = st.toggle(t("versus.noisy"), key=_NOISY, help=t("versus.noisy_help", sigma=sigma))
    seed = st.session_state[_SEED]
    made = shipped.samples(seed, noisy=noisy)
    words = {"gan": "versus.gan", "vae": "versus.noise" if noisy else "versus.vae"}
    words["real"] = "versus.real"
    for column, (side, images) in zip(st.columns(3), made.items(), strict=True):
        column.image(
            _sheet(images),
            caption=t(words[side], sigma=sigma),
            alt=t(f"versus.{side}_alt", count=len(images), seed=seed),
            width="stretch",
        )
    st.caption(t("versus.drawn", seed=seed))


def _draw_others() -> None:
    st.session_state[_SEED] += 1


@st.fragment
def rebuilt() -> None:
    """Show test digits as both sides make them again, and both sides' ways between two of them."""
    warm.wait()
    from gan_core.versus import rebuild, shipped

    st.subheader(t("versus.rebuilt_title"))
    st.markdown(t("versus.rebuilt_lead", restarts=rebuild.RESTARTS, steps=rebuild.STEPS))
    for key, value in {_ROW: 1, _FROM: 3, _TO: 8}.items():
        st.session_state.setdefault(key, value)
    row = st.number_input(
        t("versus.row"),
        min_value=1,
        max_value=len(DIGITS),
        key=_ROW,
        help=t("versus.row_help"),
        width=220,
    )
    with st.spinner(t("versus.searching")):
        found = shipped.rebuilt(row - 1)
    st.html(_rows(shipped.one_of_each(row - 1), found))
    st.markdown(f"**{t('versus.between_title')}**")
    with st.container(horizontal=True):
        a, b = (
            st.selectbox(t(word), DIGITS, key=key, help=t("versus.between_help"), width=110)
            for word, key in (("versus.between_from", _FROM), ("versus.between_to", _TO))
        )
    st.html(_strips(shipped.between(row - 1, a, b), a, b))


def _rows(targets: Tensor, found: dict[str, Rebuilt]) -> str:
    """Return a table of pictures: the real ones, and below them each side's with its errors."""
    lines = [_line(t("versus.row_real"), targets, DIGITS)]
    for side in SIDES:
        errors = found[side].errors
        lines.append(
            _line(
                t(f"versus.row_{side}"),
                found[side].pictures,
                DIGITS,
                told=t("versus.mean", error=fmean(errors)),
                below=[f"{error:.4f}" for error in errors],
            )
        )
    return _pictures(lines)


def _strips(walks: dict[str, Tensor], a: int, b: int) -> str:
    """Return a table of pictures: each side's way from one digit to another."""
    return _pictures(
        _line(t(f"versus.between_{side}", a=a, b=b), images, range(1, len(images) + 1))
        for side, images in walks.items()
    )


def _pictures(lines: Iterable[str]) -> str:
    return f'{_STYLE}<div class="pictures" tabindex="0"><table>{"".join(lines)}</table></div>'


def _line(
    name: str,
    images: Tensor,
    marks: Iterable[int],
    told: str = "",
    below: Iterable[str] | None = None,
) -> str:
    """Return a line of pictures: its name, what is told of all of them, and of each.

    ``marks``: what tells them apart where they cannot be seen.
    """
    from gan_core.pictures import png, to_grey

    cells = "".join(
        f'<td><img src="{inline(png(picture))}" alt="{escape(f"{name}: {mark}")}">{text}</td>'
        for mark, picture, text in zip(
            marks, to_grey(images), below or [""] * len(images), strict=True
        )
    )
    return f'<tr><th scope="row">{escape(name)}<br>{escape(told)}</th>{cells}</tr>'


def _sheet(images: Tensor) -> str:
    from gan_core.pictures import contact_sheet, png, to_grey

    return inline(png(contact_sheet(to_grey(images)), _SCALE))


# What was measured ---------------------------------------------------------------------------


@lru_cache(maxsize=1)
def measured_figures() -> Figures:
    """Return what the benchmark has written."""
    return figures(FIGURES)


def measured() -> None:
    """Show the table of both sides beside real pictures, and how to read it."""
    told = measured_figures()
    st.subheader(t("versus.table_title"))
    st.markdown(
        t(
            "versus.table_lead",
            seeds=told.seeds,
            seconds=told.seconds,
            count=told.count,
            rebuilt=told.rebuilt,
            blur=told.blur,
        )
    )
    columns = ("measure", *SIDES, "real", "blurred", "better")
    table([t(f"versus.column_{name}") for name in columns], _lines(told))
    st.caption(
        t(
            "versus.table_made",
            command=told.command,
            machine=told.machine,
            restarts=told.restarts,
            steps=told.steps,
            mean=short(told.mean_picture_error),
        )
    )
    st.markdown(_reading(told))


def _lines(told: Figures) -> list[list[str]]:
    """Return a line for each measure."""
    return [
        [
            t(f"versus.measure_{name}"),
            *(_spread(told.sides[side].get(name)) for side in SIDES),
            *(short(row.get(name)) for row in (told.real, told.blurred)),
            t(f"versus.better_{name}"),
        ]
        for name in (*SCORES, *BEYOND)
    ]


def _reading(told: Figures) -> str:
    """Say what the table shows, in its own numbers."""
    numbers = {
        f"{side}_{name}": short(spread.median)
        for side in SIDES
        for name, spread in told.sides[side].items()
    }
    numbers |= {f"real_{name}": short(value) for name, value in told.real.items()}
    numbers |= {f"blurred_{name}": short(value) for name, value in told.blurred.items()}
    return "\n\n".join(
        t(f"versus.reading_{part}", seeds=told.seeds, blur=told.blur, **numbers) for part in READING
    )


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return short(None)
    return f"{short(spread.median)} ({short(spread.low)} – {short(spread.high)})"


def short(value: float | None) -> str:
    """Write a number with three digits that count; a dash where there is none."""
    if value is None:
        return "–"
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace("-", "−")
    # A number that was rounded to ...5 in decimals may lie a little below it in binary.
    return f"{value * (1 + 1e-12):#.3g}".rstrip(".").replace("-", "−")


# The fold ------------------------------------------------------------------------------------


def formulas() -> None:
    """Show the bound with its two terms, and where the blur comes from."""
    st.markdown(prose("versus_formula"))


def source() -> None:
    """Show the code of the two terms, and of the VAE's step."""
    warm.wait()
    from gan_core.vae import Vae, VaeTrainer, kl_per_dimension, log_likelihood

    terms, step = st.tabs([t("versus.code_terms"), t("versus.code_step")])
    terms.code(source_of(log_likelihood, kl_per_dimension, Vae.terms))
    step.code(source_of(VaeTrainer.step))


def today() -> None:
    """Say where GANs stand beside diffusion models."""
    st.subheader(t("versus.today_title"))
    st.markdown(prose("versus_today"))
