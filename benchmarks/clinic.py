"""How reliably the clinic's cases fail, and how reliably they are cured.

``python -m benchmarks.clinic`` plays every case and its cured twin with ten seeds, one thread a
seed. A seed is ill if the doctor finds the case's symptom at the end of the sick twin; it is
cured if the other twin does not show it and fares better by the case's measure. Seconds are the
processor's. ``--write`` keeps the figures that the page shows.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.seeds import add_options, keep, kept, played
from gan_core.clinic.cases import CASES, Case
from gan_core.clinic.doctor import diagnose
from gan_core.clinic.trial import Trial, play_pictures, play_points
from gan_core.config import POINT_MODEL, TrainConfig
from gan_core.data import load_images
from gan_core.points.sets import load_points

FIGURES = Path(__file__).parent.parent / "assets" / "figures" / "clinic.json"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one seed of a case came to: the sick twin first, then the cured one."""

    seed: int
    findings: tuple[tuple[str, ...], tuple[str, ...]]
    measured: tuple[float, float]
    seconds: tuple[float, float]
    symptom: str

    @property
    def ill(self) -> bool:
        """Say whether the sick twin shows the symptom."""
        return self.symptom in self.findings[0]

    @property
    def cured(self) -> bool:
        """Say whether the cured twin does not, and is better."""
        return self.symptom not in self.findings[1] and self.measured[1] < self.measured[0]


def outcome(key: str, seed: int) -> Outcome:
    """Play one seed of a case, on one thread."""
    torch.set_num_threads(1)
    case = CASES[key]
    twins = [play(config.replace(seed=seed), case) for config in (case.sick, case.cured)]
    sick, cured = (tuple(found.key for found in diagnose(twin.record)) for twin in twins)
    before, after = (twin.record.readings_of(case.measure)[-1] for twin in twins)
    seconds = twins[0].seconds, twins[1].seconds
    return Outcome(seed, (sick, cured), (before, after), seconds, case.symptom)


def play(config: TrainConfig, case: Case) -> Trial:
    """Play a recipe on its data."""
    if config.model == POINT_MODEL:
        return play_points(config, load_points(config.dataset), case.iterations)
    return play_pictures(config, load_images(config.dataset, fall_back=False), case.iterations)


def measure(key: str, outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """Print a line for each seed and one for all; return the figures."""
    ended = []
    for one in outcomes:
        ended.append(one)
        print(f"{key:16} seed {one.seed}: {_line(one)}", flush=True)
    figures = _figures(ended)
    print(f"{key:16} ill in {figures['ill']}, cured in {figures['cured']} of {len(ended)}")
    return figures


def _line(one: Outcome) -> str:
    twins = zip(("sick", "cured"), one.findings, one.measured, one.seconds, strict=True)
    return "; ".join(
        f"{name}: {', '.join(found) or 'nothing'}, {value:.3f}, {seconds:.0f} s"
        for name, found, value, seconds in twins
    )


def _figures(outcomes: list[Outcome]) -> dict[str, Any]:
    before, after = zip(*(one.measured for one in outcomes), strict=True)
    sick, cured = zip(*(one.seconds for one in outcomes), strict=True)
    return {
        "seeds": len(outcomes),
        "ill": sum(one.ill for one in outcomes),
        "cured": sum(one.cured for one in outcomes),
        "seconds": [round(statistics.median(sick), 1), round(statistics.median(cured), 1)],
        "before": round(statistics.median(before), 4),
        "after": round(statistics.median(after), 4),
    }


def rows(kept_cases: dict[str, Any]) -> list[str]:
    """Return the lines of the README's table."""
    return [
        f"| `{key}` | {one['ill']} of {one['seeds']} | {one['cured']} of {one['seeds']} "
        f"| {one['before']:.3g} → {one['after']:.3g} | {one['seconds'][0]:.0f} s, "
        f"{one['seconds'][1]:.0f} s |"
        for key, one in kept_cases.items()
    ]


def main() -> None:
    """Play the cases; keep the figures if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=CASES)
    add_options(parser, seeds=10)
    options = parser.parse_args()
    figures = kept(FIGURES, "cases")
    tasks = {key: partial(outcome, key) for key in options.cases}
    for key, outcomes in played(tasks, options):
        figures[key] = measure(key, outcomes)
        if options.write:
            keep(FIGURES, "python -m benchmarks.clinic --write", "cases", figures, tuple(CASES))


if __name__ == "__main__":
    main()
