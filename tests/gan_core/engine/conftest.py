"""What tests of the engine wait for."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache

import pytest
import torch
from torch import Tensor

from gan_core.config import POINT_KEYS
from gan_core.data import ImageSet
from gan_core.engine import Run, RunState
from gan_core.points.sets import PointData, load_points

PATIENCE = 60.0  # only so that a broken engine does not hang the tests


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Return how to wait for what another thread does."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, "it never happened"
            time.sleep(0.002)

    return wait


@pytest.fixture(scope="session")
def settled(eventually) -> Callable[..., None]:
    """Return how to wait until everything wanted of runs so far is done and shown."""

    def at_rest(run: Run) -> bool:
        run.seen()  # on a busy machine ten seconds are soon over, and nobody else looks
        return not run.has_work and run.frame.state not in (RunState.RUNNING, RunState.LOADING)

    def wait(*runs: Run) -> None:
        for _ in range(2):  # filled when all before has been noted, then when it has been shown
            for run in runs:
                run.snapshot().exception(PATIENCE)
            eventually(lambda: all(at_rest(run) for run in runs))

    return wait


@pytest.fixture(scope="session")
def shelf(pictures: Tensor) -> Callable[[str], ImageSet | PointData]:
    """Return how to load data, each set made once for all tests: few pictures, or points."""

    @lru_cache
    def load(key: str) -> ImageSet | PointData:
        if key in POINT_KEYS:
            return load_points(key, 2000)
        return ImageSet(key, pictures.clone(), torch.zeros(len(pictures), dtype=torch.int64))

    return load


@pytest.fixture(scope="session")
def state_of() -> Callable[[Run], dict[str, Tensor]]:
    """Return how to have the whole state of a run."""
    return lambda run: run.snapshot().result(PATIENCE).state
