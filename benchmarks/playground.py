"""What the recipes of the playground reach: ``python -m benchmarks.playground``.

Trains the preset of each point set to the end of its schedule (``lr_decay_moves``
iterations), ten seeds each, one thread a seed, and measures 20,000 generated points all
along: the Jensen-Shannon divergence from the exact density (``gan_core.metrics.points`` says
on which grid), the modes, the share within 3σ. A seed passes if at the end of its schedule
the divergence is below .10 bits, every mode there is holds at least 1 % of the samples, and
training took 60 s or less. Seconds are the processor's, spent on training alone, so that a
busy machine counts as a quiet one; what is reached depends on the seed and not on the machine.
``--write`` keeps the figures that the page and the README quote; ``--page`` measures the page
instead (``benchmarks.playground_page``).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks import playground_page
from benchmarks.figures import introduce
from benchmarks.seeds import add_options, keep, kept, played
from gan_core.config import TrainConfig
from gan_core.metrics.points import CELL_SIDE, PointMeter, PointQuality
from gan_core.points.presets import POINT_PRESETS
from gan_core.points.sets import PointData, load_points
from gan_core.trainer import Trainer, TrainingDiverged

FIGURES = Path(__file__).parent.parent / "assets" / "figures" / "playground.json"
SAMPLES = 20_000
SAMPLE_SEED = 3
GOAL_BITS = 0.10
BUDGET_SECONDS = 60.0
LOOKS = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one seed came to.

    Attributes:
        seed: which.
        reached: the iteration from which on the divergence stayed below the goal; None if never.
        iterations: how many were made: all of the schedule, unless training diverged.
        seconds: of the processor, spent on them.
        quality: at the end.
        modes: how many there were to find; None where there are none to count.
    """

    seed: int
    reached: int | None
    iterations: int
    seconds: float
    quality: PointQuality
    modes: int | None

    @property
    def passed(self) -> bool:
        """Say whether the goal was held at the end, in time, with every mode."""
        in_time = self.reached is not None and self.seconds <= BUDGET_SECONDS
        return in_time and self.quality.modes == self.modes


def train(config: TrainConfig, data: PointData, meter: PointMeter) -> Outcome:
    """Train to the end of the schedule, measuring ``LOOKS`` times."""
    trainer = Trainer(config, data.points)
    seconds, trace = 0.0, []
    for look in range(1, LOOKS + 1):
        begin = time.thread_time()
        try:
            while trainer.iteration < config.lr_decay_moves * look // LOOKS:
                trainer.step()
        except TrainingDiverged:
            break
        seconds += time.thread_time() - begin
        trace.append((trainer.iteration, meter.measure(_points(trainer)).js_bits))
    centres = None if data.known is None else data.known.centres
    return Outcome(
        seed=config.seed,
        reached=_held_since(trace),
        iterations=trainer.iteration,
        seconds=seconds,
        quality=meter.measure(_points(trainer)),
        modes=None if centres is None else len(centres),
    )


def _points(trainer: Trainer) -> torch.Tensor:
    return trainer.sample(SAMPLES, SAMPLE_SEED)


def _held_since(trace: Sequence[tuple[int, float]]) -> int | None:
    """Return when the divergence fell below the goal for good; None if it did not."""
    above = [place for place, (_, bits) in enumerate(trace) if not bits < GOAL_BITS]
    first = above[-1] + 1 if above else 0
    return trace[first][0] if len(trace) == LOOKS and first < LOOKS else None


def outcome(key: str, seed: int) -> Outcome:
    """Train one seed of a preset on one thread."""
    torch.set_num_threads(1)
    data = load_points(key)
    return train(POINT_PRESETS[key].replace(seed=seed), data, PointMeter(data))


def measure(key: str, outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """Print a line for each seed and one for all; return the figures."""
    ended = []
    for one in outcomes:
        ended.append(one)
        print(f"{key:12} seed {one.seed}: {_line(one)}", flush=True)
    figures = _figures(ended)
    print(f"{key:12} {figures['passed']} of {len(ended)} pass; {figures['median_seconds']} s")
    return figures


def _line(outcome: Outcome) -> str:
    quality = outcome.quality
    when = "never" if outcome.reached is None else f"from iteration {outcome.reached} on"
    text = (
        f"JS < {GOAL_BITS:g} {when}, at the end {quality.js_bits:.3f} "
        f"(floor {quality.js_floor_bits:.3f}), W1 {quality.sliced_w1:.3f}, "
        f"{outcome.iterations} iterations in {outcome.seconds:.0f} s"
    )
    if quality.modes is None:
        return text
    assert quality.high_quality is not None
    return f"{text}, {quality.modes} modes, {quality.high_quality:.0%} within 3σ"


def _figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    ends = [outcome.quality for outcome in outcomes]
    return {
        "passed": sum(outcome.passed for outcome in outcomes),
        "iterations": max(outcome.iterations for outcome in outcomes),
        "seconds": [round(outcome.seconds, 1) for outcome in outcomes],
        "median_seconds": round(statistics.median(one.seconds for one in outcomes)),
        "held_since": [outcome.reached for outcome in outcomes],
        "js_bits": [round(one.js_bits, 4) for one in ends],
        "js_floor_bits": round(ends[0].js_floor_bits, 4),
        "modes_there": outcomes[0].modes,
        "modes": [one.modes for one in ends],
        "high_quality": [one.high_quality and round(one.high_quality, 3) for one in ends],
    }


def main() -> None:
    """Measure the recipes, or the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", default=list(POINT_PRESETS), choices=POINT_PRESETS)
    add_options(parser, seeds=10)
    parser.add_argument("--seconds", type=float, default=10, help="of each of the page's rounds")
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
        playground_page.page(options.sets[0], options.rounds, options.seconds)
    else:
        recipes(options)


def recipes(options: argparse.Namespace) -> None:
    """Train the presets; keep the figures if asked."""
    print(f"cells of side {CELL_SIDE:g}")
    figures = kept(FIGURES, "sets")
    tasks = {key: partial(outcome, key) for key in options.sets}
    for key, outcomes in played(tasks, options):
        figures[key] = measure(key, outcomes)
        if options.write:
            command = "python -m benchmarks.playground --write"
            about = {"samples": SAMPLES, "goal_bits": GOAL_BITS}
            keep(FIGURES, command, "sets", figures, tuple(POINT_PRESETS), **about)
    print("\n".join(rows({key: figures[key] for key in options.sets})))


def rows(figures: dict[str, Any]) -> list[str]:
    """Return the lines of the README's table."""
    return [
        f"| `{key}` | {one['passed']} of {len(one['seconds'])} "
        f"| {min(one['js_bits']):.3f}–{max(one['js_bits']):.3f} | {one['js_floor_bits']:.3f} "
        f"| {_modes(one)} | {one['iterations']:,} "
        f"| {min(one['seconds']):.0f}–{max(one['seconds']):.0f} s |"
        for key, one in figures.items()
    ]


def _modes(figures: dict[str, Any]) -> str:
    there, found = figures["modes_there"], figures["modes"]
    return "–" if there is None else f"{min(found)}–{max(found)} of {there}"


if __name__ == "__main__":
    main()
