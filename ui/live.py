"""The live component: moving curves, pictures and the transport bar of one run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st
from latex2mathml.converter import convert

from gan_core.engine import Run
from ui import words
from ui.state import visit

BROWSER = Path(__file__).parent / "browser"

# The component's own script only fetches the modules that the server mounts at
# /browser: they can then import each other and are cached by the browser.
_LOADER = """
const modules = import(new URL("browser/{module}", document.baseURI).href);
export default function (args) {{
  let cleanup;
  let gone = false;
  modules.then((module) => {{ if (!gone) cleanup = module.default(args); }});
  return () => {{ gone = true; if (cleanup) cleanup(); }};
}}
"""


@lru_cache(maxsize=16)
def browser_component(name: str, *styles: str) -> Any:
    """Register ``ui/browser/<name>.js`` and ``.css`` as a component; return its mount.

    ``styles`` are further style sheets that it shares with others, such as "widgets".
    """
    parts = ("palette", *styles, name)
    style = "".join((BROWSER / f"{part}.css").read_text("utf-8") for part in parts)
    return st.components.v2.component(
        f"gan_{name}", css=style, js=_LOADER.format(module=f"{name}.js")
    )


def live_view(
    run: Run,
    *,
    may_steer: bool,
    lines: Sequence[dict[str, Any]],
    verdict_range: tuple[float, float] | None,
    formulas: Sequence[tuple[str, str]],
) -> None:
    """Show a run: pictures, curves, transport, formulas with this step's numbers.

    Args:
        run: what to show.
        may_steer: whether this visitor gets the control token.
        lines: theory lines, each ``{curve, value, label}``.
        verdict_range: limits of the verdict axis; None for raw scores.
        formulas: (player, LaTeX with slots such as ``@d0``).
    """
    mount = browser_component("live", "quality")
    mount(
        key="live",
        data={
            "token": run.control_token if may_steer else run.view_token,
            "words": words.section(visit().language, "live"),
            "lines": list(lines),
            "verdict_range": verdict_range,
            "formulas": [{"player": who, "mathml": mathml(latex)} for who, latex in formulas],
            "show": {"real": True, "transport": may_steer, "downloads": True},
        },
    )


@lru_cache(maxsize=64)
def mathml(latex: str) -> str:
    """Turn LaTeX into MathML, which browsers draw without a library."""
    return str(convert(latex))
