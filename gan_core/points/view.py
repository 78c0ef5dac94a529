"""How a game of points is drawn, and how often its quality is measured."""

from __future__ import annotations

import math
import time
from dataclasses import asdict

from torch import Tensor

from gan_core.metrics.points import measure
from gan_core.points.look import SHOWN, Best, PointLook, best_verdict, look_at
from gan_core.points.sets import PointData
from gan_core.readings import Readings, added
from gan_core.trainer import Trainer

MEASURED = 4000
METER_SEED = 1
# Measuring costs as much as some looks, and a figure that changes ten times a second cannot
# be read.
METER_SECONDS = 1.0

Memory = tuple[Readings | None, Best | None]


class PointView:
    """Draws looks some twelve times a second, and reads the meter once in a second.

    Whenever training rests, both are fresh.
    """

    # A little shorter than from one question of the page to the next.
    gaps = (0.07, 0.15)
    share = 0.1
    # Half as many as for pictures: a whole message then stays below 60 KB.
    buckets = 256
    # A pair 128 units wide takes about 1 MB with its optimisers.
    most_bytes = 32 * 1024 * 1024
    real_png: bytes | None = None
    labels: Tensor | None = None
    reader = None

    def __init__(self, data: PointData, examples: int = 0) -> None:
        known = data.known
        self.samples = data.points[: examples or None]
        modes = None if known is None or known.centres is None else len(known.centres)
        self.readings: Readings | None = Readings(centres=modes)
        self._measured = known or data  # what is known of a set is prepared once for all runs
        self._key = known.key if known else None
        self._best: Best | None = None
        self._measured_at = -math.inf

    def draw(self, trainer: Trainer, number: int, *, finely: bool) -> PointLook:
        """Draw a look, and measure if that is due or ``finely`` is asked for."""
        if finely or time.perf_counter() - self._measured_at > METER_SECONDS:
            self._measure(trainer)
        return look_at(trainer, number, self.samples[:SHOWN], self._best)

    def _measure(self, trainer: Trainer) -> None:
        assert self.readings is not None
        fake = trainer.generate(trainer.noise(MEASURED, METER_SEED))
        if trainer.iteration not in self.readings.iterations[-1:]:
            quality = measure(self._measured, fake)
            self.readings = added(self.readings, trainer.iteration, asdict(quality))
        if self._key is not None:
            self._best = best_verdict(trainer.loss, self._key, fake, trainer.iteration)
        self._measured_at = time.perf_counter()

    def memory(self) -> Memory:
        """Return what was measured so far."""
        return self.readings, self._best

    def remember(self, memory: Memory) -> None:
        """Go back to what had been measured by then."""
        self.readings, self._best = memory
