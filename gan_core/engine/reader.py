"""Reads the meter of a run of pictures, a little at a time, between moves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from gan_core.metrics.classes import READ_BY_CLASSIFIER
from gan_core.metrics.copies import LOOKED_UP, NEAR, CopyTest, quick_test
from gan_core.metrics.frechet import BATCH, features
from gan_core.metrics.pictures import CLASSES, can_measure, yardstick_of
from gan_core.pretrained import load_classifier
from gan_core.readings import Readings, added

if TYPE_CHECKING:
    from gan_core.data import ImageSet
    from gan_core.trainer import Trainer

# Of the processor's time that moves and readings take together, readings take at most this.
SHARE = 0.04
# What changes more often cannot be read, and a curve has enough points.
SECONDS = 5.0
SEED = 1
_DONE = object()


class Reader:
    """Measures what G makes of the same noise; looking changes nothing in training.

    A reading takes as long as some iterations. So it is taken in parts: the pictures of one
    moment, their features batch by batch, the comparison. The next one waits until the run
    has worked enough to pay for it, so that thirty runs that share a processor do not spend
    it on measuring.

    Where only a few pictures are trained on, it also reads how many are copies of them.

    Args:
        data: what the yardstick is taken from.
        examples: how many of its pictures are trained on; 0 for all.

    Attributes:
        readings: what was read so far; None where there are too few real pictures.
    """

    def __init__(self, data: ImageSet, examples: int = 0) -> None:
        classes = CLASSES if data.key in READ_BY_CLASSIFIER else None
        self.readings = Readings(centres=classes) if can_measure(data) else None
        self._data, self._examples = data, examples
        self._copies: CopyTest | None = None
        self._parts: Iterator[None] | None = None
        self._moves_read = -1
        self._read_at = time.perf_counter()
        self._worked_then = 0.0
        self._cost = 0.0

    def due(self, trainer: Trainer, worked: float, *, resting: bool) -> bool:
        """Say whether to go on with a reading, or to begin one.

        Args:
            trainer: whose pictures to measure.
            worked: seconds of the processor's time that all moves so far took.
            resting: whether training rests, so that a reading delays nothing.
        """
        if self.readings is None or trainer.generator_moves == self._moves_read:
            return False
        if not yardstick_of(self._data).done():
            return False
        paid = (worked - self._worked_then) * SHARE >= self._cost * (1 - SHARE)
        is_time = time.perf_counter() - self._read_at >= SECONDS
        return self._parts is not None or resting or (paid and is_time)

    def go_on(self, trainer: Trainer, worked: float) -> None:
        """Take the next part of a reading."""
        begin = time.thread_time()
        if self._parts is None:
            self._parts, self._cost = self._read(trainer), 0.0
        if next(self._parts, _DONE) is _DONE:
            self._parts = None
            self._worked_then, self._read_at = worked, time.perf_counter()
        self._cost += time.thread_time() - begin

    def _read(self, trainer: Trainer) -> Iterator[None]:
        assert self.readings is not None
        yardstick = yardstick_of(self._data).result()
        iteration, moves = trainer.iteration, trainer.generator_moves
        images = trainer.generate(trainer.noise(yardstick.count, SEED))
        found = []
        for part in images.split(BATCH):
            yield
            found.append(features(load_classifier(), part))
        yield
        values = yardstick.measure(torch.cat(found))
        self._copies = self._copies or quick_test(self._data.images, self._examples)
        if self._copies is not None:
            yield
            share = self._copies(images[:LOOKED_UP]).near_share
            values |= {"near_share": share, "near_share_floor": NEAR}
        self.readings = added(self.readings, iteration, values)
        self._moves_read = moves

    def remember(self, readings: Readings | None) -> None:
        """Go back to what had been read by then."""
        self.readings = readings
        self._parts, self._moves_read = None, -1
