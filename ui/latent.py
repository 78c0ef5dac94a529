"""What the page *Latent space* is made of: sliders, one digit, and a strip between two."""

from __future__ import annotations

import random

import streamlit as st

from gan_core.config import MODEL_KEYS
from gan_core.pictures import contact_sheet, png, to_grey
from ui import warm
from ui.charts import RUST, TEAL, lines
from ui.lesson import source_of
from ui.pictures import inline
from ui.state import t, visit

SLIDERS = 6
REACH = 12.0
STRIP = 11
LAST_SEED = 9999


@st.fragment
def studio() -> None:
    """Sliders along the directions that move G most, beside the digit they make."""
    warm.wait()
    from gan_core.latent import directions, draw
    from gan_core.pretrained import load_generator

    picture, controls = st.columns([1, 1], gap="large")  # on a phone: the picture first
    with controls:
        name = st.segmented_control(
            t("latent.model"),
            MODEL_KEYS,
            default=MODEL_KEYS[0],
            format_func=lambda key: t(f"network.{key}"),
            key="latent_model",
            required=True,
            help=t("latent.model_help"),
        )
        generator = load_generator(name or MODEL_KEYS[0])
        with st.container(horizontal=True):
            st.button(
                t("latent.random"), icon=":material/casino:", type="primary", on_click=_new_seed
            )
            st.button(t("latent.centre"), icon=":material/undo:", on_click=_centre)
        amounts = [_slider(index) for index in range(SLIDERS)]
    start = draw(1, generator.latent_dim, visit().latent_seed)
    moves = directions(generator, SLIDERS)
    z = start + sum(amount * moves[index] for index, amount in enumerate(amounts))
    with picture:
        st.image(
            inline(png(to_grey(generator(z))[0], scale=14)),
            width="content",
            caption=t("latent.caption", seed=visit().latent_seed, norm=f"{z.norm().item():.2f}"),
        )


def _slider(index: int) -> float:
    return st.slider(
        t("latent.direction", n=index + 1),
        -REACH,
        REACH,
        0.0,
        step=0.1,
        key=f"latent_{index}",
        help=t("latent.direction_help"),
    )


def move_to(amount: float, model: str = MODEL_KEYS[0]) -> None:
    """Put the first slider at ``amount`` and the others in the middle."""
    _centre()
    st.session_state["latent_0"] = amount
    st.session_state["latent_model"] = model


def _new_seed() -> None:
    visit().latent_seed = random.randint(0, LAST_SEED)
    _centre()


def _centre() -> None:
    for index in range(SLIDERS):
        st.session_state[f"latent_{index}"] = 0.0


@st.fragment
def strip() -> None:
    """A filmstrip from one seed's digit to another's, straight and along the arc."""
    from gan_core.latent import draw, path
    from gan_core.pretrained import load_generator

    generator = load_generator(st.session_state.get("latent_model") or MODEL_KEYS[0])
    first, second, _ = st.columns([1, 1, 2])
    a = first.number_input(t("latent.seed_a"), 0, LAST_SEED, 3, key="strip_a")
    b = second.number_input(t("latent.seed_b"), 0, LAST_SEED, 8, key="strip_b")
    ends = [draw(1, generator.latent_dim, int(seed))[0] for seed in (a, b)]
    norms = []
    for kind, spherical in (("slerp", True), ("lerp", False)):
        points = path(ends[0], ends[1], STRIP, spherical=spherical)
        norms.append(points.norm(dim=1).tolist())
        st.image(
            inline(png(contact_sheet(to_grey(generator(points)), STRIP), scale=4)),
            width="stretch",
            caption=t(
                f"latent.{kind}", norm=f"{norms[-1][STRIP // 2]:.2f}", dim=generator.latent_dim
            ),
        )
    lines(
        "norms",
        t("latent.norm_title"),
        [step / (STRIP - 1) for step in range(STRIP)],
        [("slerp", norms[0], TEAL, "solid"), ("lerp", norms[1], RUST, "dash")],
        axes=("t", "‖z‖"),
        level=(generator.latent_dim**0.5, t("latent.norm_level", dim=generator.latent_dim)),
    )


def source() -> None:
    """Show the code of the arc and of the directions, as it runs."""
    from gan_core import latent as core

    st.code(source_of(core.slerp, core.directions))
