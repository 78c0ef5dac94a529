"""Published results on mode collapse, made again: ``python -m benchmarks.modes``.

Trains the rows of ``gan_core.clinic.published`` on the papers' ring of 8 and grid of 25, five
seeds each, one thread a seed, and draws 2,500 samples as the papers do: modes with 1 % of the
samples and the papers' lenient count, the share within 3σ, reverse KL in nats. Seconds are the
processor's. ``--write`` keeps the figures that the page *Clinic* shows beside the published ones.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.machine import machine
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
    kept = []
    for seed, one in enumerate(outcomes):
        kept.append(one)
        shown = ", ".join(f"{name} {value:.3g}" for name, value in one.items() if value is not None)
        print(f"{key:6} {row:10} seed {seed}: {shown}", flush=True)
    return {name: [one[name] for one in kept] for name in (*MEASURES, "seconds")}


def main() -> None:
    """Train the rows; keep the figures if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=ROWS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="seeds at a time")
    parser.add_argument("--write", action="store_true", help="keep the figures in assets/")
    options = parser.parse_args()
    print(machine(), f"one thread a seed, {options.jobs} at a time")
    kept: dict[str, Any] = {}
    if FIGURES.exists():
        kept = json.loads(FIGURES.read_text("utf-8"))["sets"]
    # Forked processes would inherit torch's threads in an unknown state.
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, spawned) as pool:
        coming = {
            (key, row): pool.map(partial(outcome, key, row), range(options.seeds))
            for key in options.sets
            for row in options.rows
        }
        for (key, row), outcomes in coming.items():
            kept.setdefault(key, {})[row] = measure(key, row, outcomes)
            if options.write:
                content = {
                    "command": "python -m benchmarks.modes --write",
                    "machine": machine(),
                    "sets": kept,
                }
                FIGURES.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
