"""Two games on the page *The game*: be the discriminator, be the generator."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import streamlit as st

from gan_core.theory.levels import LEVELS, LINE, density
from ui import words
from ui.live import browser_component
from ui.state import t, visit

STAGES = words.ASSETS / "pretrained" / "stages" / "stages.json"


def be_the_discriminator() -> None:
    """Let the student judge real and generated digits, one at a time, against D."""
    st.subheader(t("guess.title"))
    st.markdown(t("guess.lead"))
    browser_component("guess", "widgets")(
        key="guess",
        data={"words": words.section(visit().language, "guess"), "stages": _stages()},
    )


def be_the_generator() -> None:
    """Let the student place points on a line against a discriminator that learns."""
    st.subheader(t("forge.title"))
    st.markdown(t("forge.lead"))
    browser_component("forge", "widgets")(
        key="forge",
        data={
            "words": words.section(visit().language, "forge"),
            "levels": _levels(),
            "line": list(LINE),
        },
    )


@lru_cache(maxsize=1)
def _stages() -> list[dict[str, Any]]:
    """Return each stage with its iteration and what was measured of its D, from the card."""
    card = json.loads(STAGES.read_text("utf-8"))
    return [
        {"key": key, "iteration": iteration, **card["measured"][key]}
        for key, iteration in card["iterations"].items()
    ]


@lru_cache(maxsize=1)
def _levels() -> list[dict[str, Any]]:
    """Return each level's density along the line and where its points start."""
    return [
        {"key": key, "density": density(key).round(5).tolist(), "start": list(level.start)}
        for key, level in LEVELS.items()
    ]
