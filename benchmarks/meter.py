"""What the live meter costs a run of pictures: ``python -m benchmarks.meter``.

One engine with one worker holds two runs of the same recipe on MNIST, both watched, one of
them without its meter. They train in turns of some ten seconds, and what is compared is
iterations for a second of the worker's processor time (moves, looks and readings alike), so
that a busy machine counts as a quiet one. Printed are the ratio over all turns, how often a
reading came, and the longest of the parts that a reading is taken in: so long may another
run have to wait for it. ``--write`` adds the figures to those of ``benchmarks.metrics``.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from typing import Any

from benchmarks.machine import machine
from benchmarks.metrics import FIGURES
from gan_core.config import PRESETS, TrainConfig
from gan_core.data import load_images
from gan_core.engine import Engine, Run, RunState
from gan_core.metrics.pictures import yardstick_of

WARM_UP = 1.0
POLL = 0.1


def watch_until(run: Run, done: Callable[[], bool]) -> None:
    """Look at a run as a page does, until something is so."""
    while not done():
        run.seen("benchmark")
        time.sleep(POLL)


def ready(engine: Engine, config: TrainConfig) -> Run:
    """Begin a run and wait until it stands."""
    run = engine.start(config)
    watch_until(run, lambda: run.frame.state != RunState.LOADING)
    if run.frame.state != RunState.PAUSED:
        raise SystemExit(f"the run did not begin: {run.frame.reason}")
    return run


def reader_of(run: Run) -> Any:
    """Return who reads the meter of a run."""
    view = run._screen._view
    assert view is not None
    return view.reader


class Timed:
    """Adds up the processor's time that one method takes."""

    def __init__(self, owner: Any, name: str) -> None:
        self.total, self.longest = 0.0, 0.0
        self._method = getattr(owner, name)
        setattr(owner, name, self)

    def __call__(self, *arguments: Any) -> Any:
        begin = time.thread_time()
        try:
            return self._method(*arguments)
        finally:
            spent = time.thread_time() - begin
            self.total += spent
            self.longest = max(self.longest, spent)


def turn(run: Run, work: Timed, seconds: float) -> tuple[int, float, int]:
    """Let a run train; return its iterations, the worker's seconds, and its readings."""
    run.play()
    until = time.monotonic() + WARM_UP
    watch_until(run, lambda: time.monotonic() > until)
    first, begin, read = run.frame.iteration, work.total, len(run.frame.meter.rows)
    until = time.monotonic() + seconds
    watch_until(run, lambda: time.monotonic() > until)
    found = run.frame.iteration - first, work.total - begin, len(run.frame.meter.rows) - read
    run.pause()
    while run.frame.state == RunState.RUNNING:  # nobody looks: at rest it is not measured
        time.sleep(POLL)
    time.sleep(2.5)
    return found


def compare(engine: Engine, key: str, rounds: int, seconds: float) -> dict[str, Any]:
    """Return the ratios of a preset, with the meter against without."""
    runs = [ready(engine, PRESETS[key]) for _ in range(2)]
    work = [Timed(run, "advance") for run in runs]
    reader_of(runs[1]).due = lambda *_arguments, **_options: False
    reading = Timed(reader_of(runs[0]), "go_on")
    totals = [[0, 0.0, 0], [0, 0.0, 0]]
    ratios = []
    for number in range(rounds):
        found: dict[int, float] = {}
        for index in (0, 1) if number % 2 else (1, 0):
            iterations, spent, readings = turn(runs[index], work[index], seconds)
            found[index] = iterations / spent
            for place, value in enumerate((iterations, spent, readings)):
                totals[index][place] += value
        ratios.append(found[0] / found[1])
        told = f"with {found[0]:.1f}, without {found[1]:.1f} iterations a second of work"
        print(f"{key} round {number + 1}: {told}", flush=True)
    for run in runs:
        engine.stop(run)
    (measured, worked, readings), (plain, alone, _) = totals
    return {
        "ratio": round((measured / worked) / (plain / alone), 3),
        "rounds": [round(ratio, 3) for ratio in sorted(ratios)],
        "readings": readings,
        "worker_seconds": round(worked),
        "share_of_readings": round(reading.total / work[0].total, 3),
        "longest_part_ms": round(1000 * reading.longest),
    }


def main() -> None:
    """Measure and print; keep the figures if asked."""
    options = _options()
    print(machine(), f"load {os.getloadavg()[0]:.1f}")
    data = load_images("mnist", fall_back=False)
    begin = time.process_time()
    yardstick_of(data).result()
    print(f"the yardstick, once for all runs: {time.process_time() - begin:.1f} s")
    engine = Engine(workers=1)
    results = {
        key: compare(engine, key, options.rounds, options.seconds) for key in ("lesson", "fast")
    }
    engine.close()
    for key, result in results.items():
        low, *_, high = result["rounds"]
        print(
            f"{key}: ratio {result['ratio']} (rounds {low} to {high}), "
            f"{result['readings']} readings in {result['worker_seconds']} s of work, "
            f"{result['share_of_readings']:.1%} of it, "
            f"longest part {result['longest_part_ms']} ms"
        )
    if options.write:
        content = json.loads(FIGURES.read_text("utf-8")) if FIGURES.exists() else {}
        content["live"] = {"command": "python -m benchmarks.meter --write", **results}
        FIGURES.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.meter", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each turn")
    parser.add_argument("--write", action="store_true", help="keep the figures in assets/")
    return parser.parse_args()


if __name__ == "__main__":
    main()
