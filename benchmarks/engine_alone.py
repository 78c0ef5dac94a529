"""The engine alone: training that nobody looks at, in a process of its own if need be."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gan_core.config import TrainConfig
from gan_core.engine import Engine, Run, RunState

WARM_UP_ITERATIONS = 20


@contextmanager
def helper_engine(*arguments: str) -> Iterator[Callable[[], float]]:
    """Keep an engine ready in another process; yield a function that lets it train once.

    ``arguments``: of the Python that calls :func:`engine_alone`.
    """
    command = [sys.executable, *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as helper:
        assert helper.stdin is not None
        assert helper.stdout is not None

        def measure() -> float:
            helper.stdin.write("go\n")
            helper.stdin.flush()
            return float(helper.stdout.readline())

        try:
            yield measure
        finally:
            helper.stdin.close()
            helper.wait(timeout=60)


def engine_alone(config: TrainConfig, seconds: float) -> None:
    """Train for ``seconds`` at each line read, and print the rate."""
    engine = Engine()
    run = started(engine, config)
    for _ in sys.stdin:
        print(rate_of(run, seconds), flush=True)
    engine.close()


def started(engine: Engine, config: TrainConfig) -> Run:
    """Begin a run that nobody looks at; return it when it is built."""
    run = engine.start(config)
    run.keep_going = True  # nobody looks
    wait_for(lambda: run.frame.state == RunState.PAUSED, run)
    return run


def wait_for(condition: Callable[[], bool], run: Run) -> None:
    """Return when ``condition`` holds.

    Raises:
        RuntimeError: if the run ended before.
    """
    while not condition():
        if run.frame.reason is not None:
            raise RuntimeError(run.frame.reason.detail)
        time.sleep(0.002)


def rate_of(run: Run, seconds: float) -> float:
    """Play for some seconds; return iterations a second after a short warm-up."""
    run.play()
    warm = run.frame.iteration + WARM_UP_ITERATIONS
    wait_for(lambda: run.frame.iteration >= warm, run)
    then, first = _next_move(run)
    time.sleep(seconds)
    now, last = _next_move(run)
    run.pause()
    wait_for(lambda: run.frame.state == RunState.PAUSED, run)
    return (last - first) / (now - then)


def _next_move(run: Run) -> tuple[float, int]:
    """Return time and iteration when the run's counter changes."""
    before = run.frame.iteration
    wait_for(lambda: run.frame.iteration != before, run)
    return time.perf_counter(), run.frame.iteration
