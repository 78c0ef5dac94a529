"""What was measured of both sides, read from the file of ``python -m benchmarks.vae --write``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_core.versus.recipe import SIDES


@dataclass(frozen=True, slots=True)
class Spread:
    """One measure over the seeds: the median, the lowest and the highest."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The table of both sides.

    Attributes:
        command: what made it; ``machine``: on what.
        seeds: how many of each side.
        seconds: how long each was trained.
        count: how many samples were compared with as many real pictures.
        rebuilt: how many test pictures were rebuilt; ``restarts`` and ``steps`` of each search.
        sigma: σ of the VAE's likelihood.
        blur: by how many pixels the real pictures of ``blurred`` were blurred.
        mean_picture_error: the error of one picture, the mean of many, in the place of all.
        sides: by side and measure.
        real: by measure, what real pictures score in the place of samples; None where there is
            nothing to measure.
        blurred: the same of blurred ones.
    """

    command: str
    machine: str
    seeds: int
    seconds: float
    count: int
    rebuilt: int
    restarts: int
    steps: int
    sigma: float
    blur: float
    mean_picture_error: float
    sides: Mapping[str, Mapping[str, Spread]]
    real: Mapping[str, float | None]
    blurred: Mapping[str, float | None]


def figures(path: Path) -> Figures:
    """Return what a file tells."""
    told: dict[str, Any] = json.loads(path.read_text("utf-8"))
    sides = told["sides"]
    return Figures(
        command=told["command"],
        machine=told["machine"],
        seeds=min(len(spread["seeds"]) for side in SIDES for spread in sides[side].values()),
        seconds=told["training_seconds"],
        count=told["count"],
        rebuilt=told["rebuilt"]["pictures"],
        restarts=told["rebuilt"]["restarts"],
        steps=told["rebuilt"]["steps"],
        sigma=told["sigma"],
        blur=told["blur"],
        mean_picture_error=told["mean_picture_error"],
        sides={
            side: {
                name: Spread(spread["median"], spread["low"], spread["high"])
                for name, spread in sides[side].items()
            }
            for side in SIDES
        },
        real=told["real"],
        blurred=told["blurred"],
    )
