"""How odd is your own picture? Drawn or uploaded, and judged by the scorers of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ui import words
from ui.live import browser_component
from ui.state import t, visit

if TYPE_CHECKING:
    from gan_core.anomaly.outcome import Outcome

# What the drawing board says is said as on the page *Latent space*.
_BORROWED = "find_"


def judge(outcome: Outcome, token: str) -> None:
    """Let the visitor draw, upload or choose a picture, and show what each scorer says.

    Args:
        outcome: the experiment whose scorers are asked.
        token: what the routes know it by.
    """
    st.subheader(t("anomaly.judge_title"))
    language = visit().language
    board = {
        key: text
        for key, text in words.section(language, "studio").items()
        if key.startswith(_BORROWED)
    }
    browser_component("odd", "widgets")(
        key="odd",
        data={
            "token": token,
            "data": outcome.data,
            "normal": list(outcome.settings.normal),
            "usual": {name: int((~outcome.of(name)[0]).sum()) for name in outcome.scores},
            "scorers": {name: t(f"anomaly.scorer_{name}") for name in outcome.scores},
            "words": board | words.section(language, "odd"),
        },
    )
