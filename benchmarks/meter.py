"""What the live meter costs a run of pictures: ``python -m benchmarks.meter``.

One engine with one worker holds two runs of the same recipe on MNIST, both watched, one of
them without its meter. They train in turns of some twenty seconds, and what is compared is
iterations for a second of the processor's time, so that a busy machine counts as a quiet one.
Printed are the ratio of each round, how often a reading came, and the longest of the parts
that a reading is taken in: so long may another run have to wait for it. ``--write`` adds the
figures to those of ``benchmarks.metrics``, which the README quotes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
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


def turn(run: Run, seconds: float) -> tuple[float, int]:
    """Let a run train; return iterations a second of the processor's time, and its readings."""
    before = len(run.frame.meter.rows) if run.frame.meter else 0
    run.play()
    until = time.monotonic() + WARM_UP
    watch_until(run, lambda: time.monotonic() > until)
    begin, first, until = time.process_time(), run.frame.iteration, time.monotonic() + seconds
    watch_until(run, lambda: time.monotonic() > until)
    rate = (run.frame.iteration - first) / (time.process_time() - begin)
    readings = (len(run.frame.meter.rows) if run.frame.meter else 0) - before
    run.pause()
    time.sleep(3 * POLL)
    time.sleep(2.5)  # nobody looks: what is left of a reading waits
    return rate, readings


def compare(engine: Engine, key: str, rounds: int, seconds: float) -> dict[str, Any]:
    """Return the ratios of a preset, with the meter against without."""
    measured, plain = ready(engine, PRESETS[key]), ready(engine, PRESETS[key])
    reader_of(plain).due = lambda *_arguments, **_options: False
    reader, parts = reader_of(measured), []
    go_on = reader.go_on

    def timed(*arguments: Any) -> None:
        begin = time.thread_time()
        go_on(*arguments)
        parts.append(time.thread_time() - begin)

    reader.go_on = timed
    ratios, readings = [], 0
    for number in range(1, rounds + 1):
        order = (measured, plain) if number % 2 else (plain, measured)
        found = {run: turn(run, seconds) for run in order}
        ratios.append(found[measured][0] / found[plain][0])
        readings += found[measured][1]
        print(
            f"{key} round {number}: with {found[measured][0]:.1f}, without "
            f"{found[plain][0]:.1f} it/s, ratio {ratios[-1]:.3f}, "
            f"{found[measured][1]} readings",
            flush=True,
        )
    for run in (measured, plain):
        engine.stop(run)
    return {
        "ratios": [round(ratio, 3) for ratio in ratios],
        "readings": readings,
        "turns_seconds": rounds * seconds,
        "reading_seconds": round(reader._cost, 3),
        "longest_part_ms": round(1000 * max(parts)),
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
        ratios = result["ratios"]
        print(
            f"{key}: median ratio {statistics.median(ratios):.3f} "
            f"({min(ratios)} to {max(ratios)}), "
            f"{result['readings']} readings in {result['turns_seconds']:.0f} s, each "
            f"{result['reading_seconds']} s, longest part {result['longest_part_ms']} ms"
        )
    if options.write:
        content = json.loads(FIGURES.read_text("utf-8"))
        content["live"] = {"command": "python -m benchmarks.meter --write", **results}
        FIGURES.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.meter", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each turn")
    parser.add_argument("--write", action="store_true", help="keep the figures in assets/")
    return parser.parse_args()


if __name__ == "__main__":
    main()
