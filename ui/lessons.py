"""The table of contents: every lesson once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from ui.state import t

PAGES = Path(__file__).parent.parent / "pages"


@dataclass(frozen=True, slots=True)
class Lesson:
    """A page: its file, its path in the URL (and its word ``nav.<path>``), its icon."""

    file: str
    path: str
    icon: str


LESSONS = (
    Lesson("welcome.py", "welcome", ":material/home:"),
    Lesson("train.py", "train", ":material/play_circle:"),
    Lesson("playground.py", "playground", ":material/scatter_plot:"),
    Lesson("game.py", "game", ":material/sports_esports:"),
    Lesson("losses.py", "losses", ":material/show_chart:"),
    Lesson("clinic.py", "clinic", ":material/stethoscope:"),
    Lesson("latent.py", "latent", ":material/tune:"),
    Lesson("versus.py", "versus", ":material/compare:"),
    Lesson("anomaly.py", "anomaly", ":material/troubleshoot:"),
    Lesson("augmentation.py", "augmentation", ":material/library_add:"),
)


def page_of(lesson: Lesson) -> StreamlitPage:
    """Return Streamlit's page of a lesson, titled in this visitor's language."""
    return st.Page(
        PAGES / lesson.file,
        title=t(f"nav.{lesson.path}"),
        url_path=lesson.path,
        icon=lesson.icon,
        default=lesson is LESSONS[0],
    )
