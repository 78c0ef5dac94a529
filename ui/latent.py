"""What the page *Latent space* is made of: the studio in the browser, and its code."""

from __future__ import annotations

from typing import Any

import streamlit as st

from gan_core.config import SHIPPED_KEYS, TrainConfig
from ui import warm, words
from ui.lesson import source_of
from ui.live import BROWSER, browser_component
from ui.runs import engine
from ui.state import prose, scene, set_scene, t, visit

RUN = "run"


def studio() -> None:
    """Show the studio: the chosen generator runs in this visitor's browser."""
    chosen = _chosen()
    point = _point(chosen)
    browser_component("latent")(
        key="latent",
        data={
            "words": words.section(visit().language, "studio"),
            "models": _models(),
            "chosen": chosen,
            "point": point,
            "digit": _digit(),
            "scene": scene("latent"),
            "link": _link(),
        },
    )


def set_up(mode: str, **settings: Any) -> None:
    """Let the studio show an experiment: a mode with its settings."""
    set_scene("latent", mode=mode, **settings)


def _models() -> list[dict[str, str]]:
    """Say which generators there are and where to ask for them."""
    models = [
        {
            "key": key,
            "label": t(f"network.{key}"),
            "card": f"api/latent/model/{key}",
            "method": "GET",
        }
        for key in SHIPPED_KEYS
    ]
    token = visit().run
    if token and engine().find(token):
        models.append(
            {
                "key": RUN,
                "label": t("latent.run"),
                "card": f"api/latent/take/{token}",
                "progress": f"api/latent/run/{token}",
                "method": "POST",
            }
        )
    return models


def _chosen() -> str:
    """Return the generator that the link names; says so where it is not there."""
    asked = st.query_params.get("model", SHIPPED_KEYS[0])
    if asked in [entry["key"] for entry in _models()]:
        return asked
    st.warning(t("latent.run_gone" if asked == RUN else "latent.unknown_model"))
    return SHIPPED_KEYS[0]


def _point(chosen: str) -> list[float] | None:
    """Return the point that the link names; a bad one is left out with a sentence."""
    text = st.query_params.get("z")
    if not text:
        return None
    warm.wait()
    from gan_core.latent import PointError, decode_point

    try:
        point: list[float] = decode_point(text, _latent_dim(chosen)).tolist()
    except PointError as error:
        st.warning(t(f"problem.point_{error.code}"))
        return None
    return point


def _digit() -> int | None:
    """Return the digit that the link asks for; what is none is left out with a sentence."""
    text = st.query_params.get("digit")
    if not text:
        return None
    if len(text) == 1 and text in "0123456789":
        return int(text)
    st.warning(t("problem.digit"))
    return None


def _latent_dim(chosen: str) -> int:
    if chosen == RUN:
        found = engine().find(visit().run or "")
        assert found is not None  # only then is it among the choices
        return found[0].config.latent_dim
    from gan_core import pretrained

    return TrainConfig.from_dict(pretrained.card(chosen)["config"]).latent_dim


def _link() -> str:
    """Return this page's address, to which the studio adds a generator and a point.

    Whoever opens it may look at the run, but not steer it.
    """
    base = (st.context.url or "").split("?")[0]
    found = engine().find(visit().run or "")
    run = f"&run={found[0].view_token}" if found else ""
    return f"{base}?lang={visit().language}{run}"


def formulas() -> None:
    """Show what the ways of moving are, in words and formulas."""
    st.markdown(prose("latent_formula"))


def source() -> None:
    """Show the code of the ways through the latent space, here and in the browser."""
    from gan_core import latent as core

    python, script = st.tabs([t("latent.code_python"), t("latent.code_browser")])
    python.code(
        source_of(core.slerp, core.blend, core.directions, core.principal_directions, core.find)
    )
    script.code((BROWSER / "latent" / "space.js").read_text("utf-8"), language="javascript")
