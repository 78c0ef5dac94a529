"""Whether a run's age slows it down; called by ``python -m benchmarks.live``."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

import torch
from torch import Tensor

from benchmarks.engine_alone import WARM_UP_ITERATIONS, started, wait_for
from benchmarks.figures import say_all
from gan_core.config import PRESETS, TrainConfig
from gan_core.data import load_images
from gan_core.engine import Engine, Run, RunState
from gan_core.engine.engine import SLICE_SECONDS
from gan_core.history import CURVES, Album, History

YOUNG, OLD = 1_000, 20_000
TURN = 5


def age(config: TrainConfig, rounds: int, seconds: float) -> None:
    """Print the rate of a run that remembers 20,000 iterations against one of 1,000."""
    print(
        f"age: two runs with the same weights, whose histories, albums and iteration counters "
        f"were filled as {YOUNG:,} and {OLD:,} iterations fill them, without the training; "
        f"advanced in turns of {TURN} of the engine's slices"
    )
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
    origin = _by_hand(config)
    origin.step(WARM_UP_ITERATIONS)
    while origin.frame.iteration < WARM_UP_ITERATIONS:
        origin.advance(SLICE_SECONDS)
    runs = [_aged(origin, iterations) for iterations in (YOUNG, OLD)]
    ratios = []
    for number in range(1, rounds + 1):
        young, old = _in_turns(runs, seconds)
        ratios.append(old / young)
        print(
            f"round {number}: {young:.1f} it/s young, {old:.1f} it/s old, ratio {old / young:.3f}"
        )
    say_all(f"rate at {OLD:,} ÷ at {YOUNG:,}", ratios, at_least=0.95)


def _by_hand(config: TrainConfig, state: dict[str, Tensor] | None = None) -> Run:
    """Return a run that waits to be advanced by hand."""
    run = Run(config, load_images, lambda _: None, state)

    def built() -> bool:
        run.advance(0)
        return run.frame.state == RunState.PAUSED

    wait_for(built, run)
    return run


def _aged(origin: Run, iterations: int) -> Run:
    """Return a run with ``origin``'s weights and the memory of that many iterations."""
    waiting = origin.snapshot()
    origin.advance(0)
    taken = waiting.result(60)
    taken.state["clock"][0] = iterations
    run = _by_hand(taken.config, taken.state)
    report, picture = origin.frame.report, origin.frame.picture
    assert report is not None
    assert picture is not None
    # No public way fills a run's memory without training.
    history, album = History(), Album()
    run._screen._history, run._screen._album = history, album
    values = [getattr(report, name) for name in CURVES]
    for iteration in range(1, iterations + 1):
        history.append(values)
        if album.wants(iteration):
            album.add(iteration, picture.page)
    run.play()
    run.advance(0)
    return run


def _in_turns(runs: Sequence[Run], seconds: float) -> list[float]:
    """Advance all in short turns, ``seconds`` each; return iterations a second."""
    made, spent = [0] * len(runs), [0.0] * len(runs)
    while min(spent) < seconds:
        for index, run in enumerate(runs):
            before, begin = run.frame.iteration, time.perf_counter()
            for _ in range(TURN):
                run.advance(SLICE_SECONDS)
            made[index] += run.frame.iteration - before
            spent[index] += time.perf_counter() - begin
    return [count / time_spent for count, time_spent in zip(made, spent, strict=True)]


def really_age() -> None:
    """Train to 20,000 iterations; print the rates around 1,000 and around 20,000."""
    config = PRESETS["fast"].replace(dataset="digits")
    print(f"age: the preset fast on the embedded digits, really trained to {OLD:,} iterations")
    engine = Engine()
    run = started(engine, config)
    run.play()
    rates = []
    for middle in (YOUNG, OLD):
        times = []
        for iteration in (middle - 500, middle + 500):
            wait_for(lambda least=iteration: run.frame.iteration >= least, run)
            times.append((time.perf_counter(), run.frame.iteration))
        (then, first), (now, last) = times
        rates.append((last - first) / (now - then))
        print(f"around {middle:,}: {rates[-1]:.1f} it/s", flush=True)
    engine.close()
    print(f"ratio {rates[1] / rates[0]:.3f}; minutes lie between, so the machine counts, too")
