"""The picture of a GAN: noise → G → fake → D ← real, with living thumbnails."""

from __future__ import annotations

from functools import lru_cache

from ui import words
from ui.live import browser_component
from ui.pictures import inline
from ui.state import visit
from ui.words import ASSETS


def pipeline() -> None:
    """Draw the diagram; recorded pictures first, fresh ones once torch has loaded."""
    browser_component("pipeline")(
        key="pipeline",
        data={
            "words": words.section(visit().language, "pipeline"),
            "recorded": {name: _inline(name) for name in ("noise", "fake", "real")},
        },
    )


@lru_cache(maxsize=8)
def _inline(name: str) -> str:
    return inline((ASSETS / "pictures" / f"pipeline_{name}.png").read_bytes())
