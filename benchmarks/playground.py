"""What the recipes of the playground reach: ``python -m benchmarks.playground``.

Trains the preset of each point set for a minute on one thread, ten seeds each, and measures
20,000 generated points all along: the Jensen-Shannon divergence from the exact density
(``gan_core.metrics.points`` says on which grid), the modes, the share within 3σ. For each seed
it prints when the divergence fell below .10 bits for good, and what it is at the end. Seconds
are the processor's, spent on training alone, so that a busy machine counts as a quiet one.
``--write`` keeps the figures that the README quotes; ``--page`` measures the page instead
(``benchmarks.playground_page``).
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks import playground_page
from benchmarks.figures import introduce
from benchmarks.machine import machine
from gan_core.config import TrainConfig
from gan_core.metrics.points import CELL_SIDE, PointMeter, PointQuality
from gan_core.points.presets import POINT_PRESETS
from gan_core.points.sets import PointData, load_points
from gan_core.trainer import Trainer, TrainingDiverged

FIGURES = Path(__file__).parent.parent / "assets" / "figures" / "playground.json"
SAMPLES = 20_000
SAMPLE_SEED = 3
GOAL_BITS = 0.10
LOOKS = 30


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one seed came to."""

    reached: float | None
    iterations: int
    seconds: float
    quality: PointQuality
    trace: list[float]

    @property
    def passed(self) -> bool:
        return self.reached is not None


def train(config: TrainConfig, data: PointData, meter: PointMeter, seconds: float) -> Outcome:
    """Train for so many seconds, measuring ``LOOKS`` times."""
    trainer = Trainer(config, data.points)
    spent, trace, ends = 0.0, [], []
    for look in range(1, LOOKS + 1):
        begin = time.thread_time()
        try:
            while spent + time.thread_time() - begin < seconds * look / LOOKS:
                trainer.step()
        except TrainingDiverged:
            break
        spent += time.thread_time() - begin
        trace.append(meter.measure(trainer.sample(SAMPLES, SAMPLE_SEED)).js_bits)
        ends.append(spent)
    quality = meter.measure(trainer.sample(SAMPLES, SAMPLE_SEED))
    return Outcome(_held_since(trace, ends), trainer.iteration, spent, quality, trace)


def _held_since(trace: Sequence[float], ends: Sequence[float]) -> float | None:
    """Return when the divergence fell below the goal for good; None if it did not."""
    above = [place for place, bits in enumerate(trace) if not bits < GOAL_BITS]
    first = above[-1] + 1 if above else 0
    return ends[first] if len(trace) == LOOKS and first < len(trace) else None


def measure(key: str, seeds: Sequence[int], seconds: float) -> dict[str, Any]:
    """Train a preset with several seeds, printing a line for each; return the figures."""
    data = load_points(key)
    meter = PointMeter(data)
    outcomes = []
    for seed in seeds:
        outcomes.append(train(POINT_PRESETS[key].replace(seed=seed), data, meter, seconds))
        print(f"{key:12} seed {seed}: {_line(outcomes[-1])}", flush=True)
    figures = _figures(outcomes)
    print(
        f"{key:12} {figures['passed']} of {len(seeds)} hold {GOAL_BITS:g} bits within {seconds:g} s"
    )
    return figures


def _line(outcome: Outcome) -> str:
    quality = outcome.quality
    when = "never" if outcome.reached is None else f"{outcome.reached:.0f} s"
    text = (
        f"JS < {GOAL_BITS:g} from {when:>5} on, at the end {quality.js_bits:.3f} "
        f"(floor {quality.js_floor_bits:.3f}), W1 {quality.sliced_w1:.3f}, "
        f"{outcome.iterations} iterations in {outcome.seconds:.0f} s"
    )
    if quality.modes is None:
        return text
    assert quality.high_quality is not None
    return f"{text}, {quality.modes} modes, {quality.high_quality:.0%} within 3σ"


def _figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    ends = [outcome.quality for outcome in outcomes]
    reached = [math.inf if one.reached is None else one.reached for one in outcomes]
    median = statistics.median(reached)
    return {
        "passed": sum(outcome.passed for outcome in outcomes),
        "seconds": [None if one.reached is None else round(one.reached, 1) for one in outcomes],
        "median_seconds": None if math.isinf(median) else round(median, 1),
        "js_bits": [round(one.js_bits, 4) for one in ends],
        "js_floor_bits": round(ends[0].js_floor_bits, 4),
        "modes": [one.modes for one in ends],
        "high_quality": [one.high_quality and round(one.high_quality, 3) for one in ends],
        "iterations": [outcome.iterations for outcome in outcomes],
    }


def main() -> None:
    """Measure the recipes, or the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", default=list(POINT_PRESETS), choices=POINT_PRESETS)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--write", action="store_true", help="keep the figures in assets/")
    parser.add_argument("--page", action="store_true", help="measure the page in a Chromium")
    parser.add_argument("--rounds", type=int, default=5, help="of the page, in turns")
    parser.add_argument("--engine-alone", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine_alone:
        playground_page.alone(options.sets[0], options.engine_alone)
    elif options.page:
        introduce()
        for key in options.sets:
            print(f"{key}: the server", flush=True)
            playground_page.server(key)
        print(f"{options.sets[0]}: the page", flush=True)
        playground_page.page(options.sets[0], options.rounds, min(options.seconds, 10))
    else:
        recipes(options)


def recipes(options: argparse.Namespace) -> None:
    """Train the presets; keep the figures if asked."""
    torch.set_num_threads(1)
    print(machine(), "one torch thread;", f"cells of side {CELL_SIDE:g}")
    kept = json.loads(FIGURES.read_text("utf-8"))["sets"] if FIGURES.exists() else {}
    for key in options.sets:
        kept[key] = measure(key, range(options.seeds), options.seconds)
        if options.write:
            content = {
                "command": "python -m benchmarks.playground --write",
                "machine": machine(),
                "seconds": options.seconds,
                "samples": SAMPLES,
                "sets": {name: kept[name] for name in POINT_PRESETS if name in kept},
            }
            FIGURES.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
