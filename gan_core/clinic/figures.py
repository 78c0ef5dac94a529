"""What was measured of the clinic's cases and of the published rows, read from its files.

``python -m benchmarks.clinic --write``, ``python -m benchmarks.modes --write`` and ``python -m
benchmarks.clinic_pictures`` write them. What has not been measured is not there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from gan_core.clinic.cases import Case
from gan_core.clinic.published import ORDER, R3GAN
from gan_core.config import TrainConfig

# A perfect sampler's share within 3σ, 1 - e^(-9/2).
PERFECT = 1 - math.exp(-4.5)
# Its mean reverse KL with the papers' 2,500 samples, of which the share PERFECT counts:
# (K - 1) / (2N) nats for K equal modes.
FLOORS = {"eight": 7 / (2 * 2500 * PERFECT), "grid": 24 / (2 * 2500 * PERFECT)}


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """How often a case showed its illness, and how often its cure helped.

    Attributes:
        seeds: how many were tried.
        ill: in how many the sick twin showed the symptom.
        cured: in how many the cured twin did not, and fared better.
        seconds: what the sick and the cured twin took, medians over the seeds.
        before, after: the case's measure of the sick and of the cured twin, medians.
    """

    seeds: int
    ill: int
    cured: int
    seconds: tuple[float, float]
    before: float | None
    after: float | None


def case_figures(path: Path) -> dict[str, CaseFigures]:
    """Return the figures of every case that has been measured; none where there is no file."""
    return {
        key: CaseFigures(
            seeds=case["seeds"],
            ill=case["ill"],
            cured=case["cured"],
            seconds=(case["seconds"][0], case["seconds"][1]),
            before=case.get("before"),
            after=case.get("after"),
        )
        for key, case in _content(path).get("cases", {}).items()
    }


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over seeds and its standard error; nan for one seed alone."""

    mean: float
    error: float


@dataclass(frozen=True, slots=True)
class RowFigures:
    """What one recipe reached on one set, over its seeds.

    Attributes:
        seeds: how many.
        modes: modes with at least 1 % of the samples.
        modes_lenient: modes with at least one sample within 3σ, as the papers count.
        high_quality: share of samples within 3σ, 0 to 1.
        reverse_kl: of the modes' shares from equal ones, in nats; None where no seed had any.
        seconds: what a seed took.
    """

    seeds: int
    modes: Estimate
    modes_lenient: Estimate
    high_quality: Estimate
    reverse_kl: Estimate | None
    seconds: Estimate


def row_figures(path: Path) -> dict[str, dict[str, RowFigures]]:
    """Return, for every set, the rows that have been measured; none where there is no file."""
    return {
        name: {key: _row(row) for key, row in rows.items()}
        for name, rows in _content(path).get("sets", {}).items()
    }


def measured_on(path: Path) -> str:
    """Return the machine that the file of published rows was made on; empty where none is told."""
    return str(_content(path).get("machine", ""))


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean of independent values and its standard error s / √n.

    Raises:
        ValueError: if there are none.
    """
    if not values:
        raise ValueError("values must hold at least one number, got none")
    error = stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return Estimate(fmean(values), error)


def same_order(ours: Mapping[str, float], published: Mapping[str, float]) -> bool | None:
    """Say whether the rows that both have stand in the same order; None with fewer than two.

    Rows that the paper holds equal may stand in any order.
    """
    common = sorted((published[key], ours[key]) for key in published if key in ours)
    if len(common) < 2:
        return None
    return all(mine < next_mine for (_, mine), (_, next_mine) in pairwise(common))


def reproduced(rows: Mapping[str, RowFigures]) -> dict[str, bool | None]:
    """Say what of the papers' order of rows was found again on a set; None where nothing can be.

    ``modes`` and ``reverse_kl`` compare with ``published.ORDER``, ``losses`` the reverse KL with
    the KL of R3GAN's ablation, which is of other data.
    """
    modes = {key: row.modes.mean for key, row in rows.items()}
    balance = {key: row.reverse_kl.mean for key, row in rows.items() if row.reverse_kl}
    ranks = {key: float(rank) for rank, key in enumerate(ORDER)}
    ablation = {key: value[1] for key, value in R3GAN.items() if value is not None}
    return {
        "modes": same_order(modes, ranks),
        "reverse_kl": same_order(balance, {key: -rank for key, rank in ranks.items()}),
        "losses": same_order(balance, ablation),
    }


def recipes(case: Case) -> dict[str, Any]:
    """Return both recipes of a case and its length, as they are kept beside its picture."""
    return {
        "sick": case.sick.to_dict(),
        "cured": case.cured.to_dict(),
        "length": case.iterations,
    }


def recorded(path: Path, case: Case) -> dict[str, Any] | None:
    """Return what is known of the picture of a case; None where its recipes were others."""
    known: dict[str, Any] | None = _content(path).get(case.key)
    if known is None or known["length"] != case.iterations:
        return None
    made_with = [TrainConfig.from_dict(known[twin]) for twin in ("sick", "cured")]
    return known if made_with == [case.sick, case.cured] else None


def _row(row: Mapping[str, Sequence[float | None]]) -> RowFigures:
    found = {
        name: [float(value) for value in row[name] if value is not None]
        for name in ("modes", "modes_lenient", "high_quality", "reverse_kl", "seconds")
    }
    return RowFigures(
        seeds=len(row["modes"]),
        modes=estimate(found["modes"]),
        modes_lenient=estimate(found["modes_lenient"]),
        high_quality=estimate(found["high_quality"]),
        reverse_kl=estimate(found["reverse_kl"]) if found["reverse_kl"] else None,
        seconds=estimate(found["seconds"]),
    )


def _content(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return content
