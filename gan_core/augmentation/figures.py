"""What was measured of all cells, read from the file that ``benchmarks.augmentation`` writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Gain:
    """A paired difference between two arms, in shares of the test set, with its 95 % interval.

    Attributes:
        verdict: one of ``intervals.VERDICTS``.
    """

    mean: float
    low: float
    high: float
    verdict: str


@dataclass(frozen=True, slots=True)
class ArmFigures:
    """What an arm reached with n pictures of each class.

    Attributes:
        mean, low, high: accuracy on the test set, 0 to 1, with its 95 % interval.
        over_real: what it gains over real pictures alone; None for these themselves.
        over_affine: what it gains over affine pictures, where it has them and something besides.
    """

    mean: float
    low: float
    high: float
    over_real: Gain | None
    over_affine: Gain | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The whole table.

    Attributes:
        command: what wrote it.
        machine: where.
        settings: what it depends on besides n and the seed.
        seeds: how many, for each n.
        rows: by n, then by arm.
    """

    command: str
    machine: str
    settings: dict[str, Any]
    seeds: dict[int, int]
    rows: dict[int, dict[str, ArmFigures]]


def figures(path: Path) -> Figures:
    """Read the table.

    Raises:
        OSError, KeyError, ValueError: if the file is not there, or not what the benchmark writes.
    """
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return Figures(
        command=content["command"],
        machine=content["machine"],
        settings=content["settings"],
        seeds={int(n): len(seeds) for n, seeds in content["cells"].items()},
        rows={
            int(n): {arm: _arm(found) for arm, found in row.items()}
            for n, row in content["table"].items()
        },
    )


def _arm(found: dict[str, Any]) -> ArmFigures:
    gains = (found.get(name) for name in ("over_real", "over_affine"))
    over_real, over_affine = (Gain(**gain) if gain else None for gain in gains)
    return ArmFigures(found["mean"], found["low"], found["high"], over_real, over_affine)
