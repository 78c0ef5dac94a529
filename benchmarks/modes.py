"""Published results on mode collapse, made again: ``python -m benchmarks.modes``.

Trains the rows of ``gan_core.clinic.published`` on the papers' ring of 8 and grid of 25, five
seeds each, one thread a seed, and draws 2,500 samples as the papers do: modes with 1 % of the
samples and the papers' lenient count, the share within 3σ, reverse KL in nats. Seconds are the
processor's. ``--write`` keeps the figures that the page *Clinic* shows beside the published ones.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import torch

from benchmarks.seeds import add_options, keep, kept, played
from gan_core.clinic.figures import RowFigures, row_figures
from gan_core.clinic.published import ITERATIONS, ROWS, SAMPLES, SETS
from gan_core.metrics.points import PointMeter
from gan_core.points.sets import load_points
from gan_core.trainer import Trainer

FIGURES = Path(__file__).parent.parent / "assets" / "figures" / "modes.json"
SAMPLE_SEED = 1
MEASURES = ("modes", "modes_lenient", "high_quality", "reverse_kl")

Figures = dict[str, float | None]


def outcome(key: str, row: str, seed: int) -> Figures:
    """Train one seed of a row on one thread; return what its samples are worth."""
    torch.set_num_threads(1)
    data = load_points(key)
    trainer = Trainer(ROWS[row].replace(dataset=key, seed=seed), data.points)
    begin = time.thread_time()
    for _ in trainer.run(ITERATIONS[key]):
        pass
    seconds = time.thread_time() - begin
    quality = PointMeter(data).measure(trainer.sample(SAMPLES, SAMPLE_SEED))
    return {name: getattr(quality, name) for name in MEASURES} | {"seconds": round(seconds, 1)}


def measure(key: str, row: str, outcomes: Iterable[Figures]) -> dict[str, list[float | None]]:
    """Print a line for each seed; return the figures by name."""
    ended = []
    for seed, one in enumerate(outcomes):
        ended.append(one)
        shown = ", ".join(f"{name} {value:.3g}" for name, value in one.items() if value is not None)
        print(f"{key:6} {row:10} seed {seed}: {shown}", flush=True)
    return {name: [one[name] for one in ended] for name in (*MEASURES, "seconds")}


def rows(path: Path) -> list[str]:
    """Return the lines of the README's table."""
    return [
        f"| `{key}` | `{row}` | {one.modes.mean:.1f} ± {one.modes.error:.1f} "
        f"| {100 * one.high_quality.mean:.0f} % | {_balance(one)} | {one.seconds.mean:.0f} s |"
        for key, measured in row_figures(path).items()
        for row, one in measured.items()
    ]


def _balance(one: RowFigures) -> str:
    found = one.reverse_kl
    return "–" if found is None else f"{found.mean:.3f} ± {found.error:.3f}"


def main() -> None:
    """Train the rows; keep the figures if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=ROWS)
    add_options(parser, seeds=5)
    options = parser.parse_args()
    figures = kept(FIGURES, "sets")
    tasks = {(key, row): partial(outcome, key, row) for key in options.sets for row in options.rows}
    for (key, row), outcomes in played(tasks, options):
        figures.setdefault(key, {})[row] = measure(key, row, outcomes)
        if options.write:
            keep(FIGURES, "python -m benchmarks.modes --write", "sets", figures, SETS)


if __name__ == "__main__":
    main()
