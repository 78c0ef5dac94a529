"""What one visitor's session remembers: one dataclass, kept with the session and the URL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from gan_core.config import TrainConfig
from ui import words

_KEY = "visit"
_BETWEEN = "."  # tokens have none
MOST_JOBS = 8


@dataclass(frozen=True, slots=True)
class Scene:
    """A set-up for a component; a new number makes it take effect again."""

    number: int
    settings: dict[str, Any]


@dataclass
class Visit:
    """One visitor.

    Attributes:
        language: key of the catalogue in use.
        run: token of the run on the training page, for steering or watching.
        shown: the run's recipe that the settings last followed.
        points: token of the run in the playground.
        points_shown: that run's recipe that the playground's settings last followed.
        twin: token of the two runs that are compared.
        jobs: tokens of the long experiments, of each page at most one.
        duels: how the duels of GAN and VAE ended that this visitor has seen, newest first.
        cells: accuracies of the cells of the augmentation table that were run, by their settings.
        tried: experiments that were started, and may now be explained.
        scenes: what each component was last asked to show.
    """

    language: str = words.DEFAULT
    run: str | None = None
    shown: TrainConfig | None = None
    points: str | None = None
    points_shown: TrainConfig | None = None
    twin: str | None = None
    jobs: tuple[str, ...] = ()
    duels: list[Any] = field(default_factory=list)
    cells: dict[Any, dict[str, float]] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)
    scenes: dict[str, Scene] = field(default_factory=dict)


def visit() -> Visit:
    """Return this session's memory; a new session takes language and runs from the URL."""
    if _KEY not in st.session_state:
        asked = st.query_params.get("lang", "")
        st.session_state[_KEY] = Visit(
            language=asked if asked in words.LANGUAGES else words.DEFAULT,
            run=st.query_params.get("run"),
            points=st.query_params.get("points"),
            twin=st.query_params.get("twin"),
            jobs=tuple(filter(None, st.query_params.get("job", "").split(_BETWEEN)))[:MOST_JOBS],
        )
    remembered: Visit = st.session_state[_KEY]
    return remembered


def set_scene(component: str, **settings: Any) -> None:
    """Let a component show an experiment."""
    scenes = visit().scenes
    last = scenes.get(component)
    scenes[component] = Scene(last.number + 1 if last else 1, settings)


def scene(component: str) -> dict[str, Any] | None:
    """Return what a component was last asked to show, as its script reads it."""
    asked = visit().scenes.get(component)
    return None if asked is None else {"id": asked.number, **asked.settings}


def write_url() -> None:
    """Put language and runs back into the URL: changing pages drops them."""
    remembered = visit()
    kept = {
        "lang": remembered.language,
        "run": remembered.run,
        "points": remembered.points,
        "twin": remembered.twin,
        "job": _BETWEEN.join(remembered.jobs),
    }
    for name, value in kept.items():
        if not value:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != value:
            st.query_params[name] = value


def t(key: str, **values: object) -> str:
    """Return a sentence in this visitor's language."""
    return words.translate(visit().language, key, **values)


def prose(name: str) -> str:
    """Return a piece of lesson prose in this visitor's language."""
    return words.lesson(visit().language, name)
