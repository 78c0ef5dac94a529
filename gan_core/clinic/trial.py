"""A recipe played to its end without a page: what the clinic's benchmark repeats over seeds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from gan_core.clinic.doctor import Record
from gan_core.config import TrainConfig
from gan_core.data import ImageSet
from gan_core.history import CURVES, History
from gan_core.metrics.classes import READ_BY_CLASSIFIER
from gan_core.metrics.copies import LOOKED_UP, quick_test
from gan_core.metrics.frechet import features
from gan_core.metrics.pictures import CLASSES, yardstick_of
from gan_core.metrics.points import PointMeter
from gan_core.points.sets import PointData
from gan_core.pretrained import load_classifier
from gan_core.readings import Readings, added
from gan_core.trainer import Trainer, TrainingDiverged

LOOKS = 20
POINTS = 4000
SEED = 1

Measure = Callable[[Trainer], dict[str, float | None]]


@dataclass(frozen=True, slots=True)
class Trial:
    """How a recipe ended.

    Attributes:
        record: what the doctor looks at.
        seconds: of the processor, spent on training alone.
    """

    record: Record
    seconds: float


def play_points(config: TrainConfig, data: PointData, iterations: int) -> Trial:
    """Train on points for so many iterations, reading the meter ``LOOKS`` times on the way."""
    meter = PointMeter(data)
    centres = None if data.known is None else data.known.centres
    modes = None if centres is None else len(centres)
    trainer = Trainer(config, data.points)
    return _play(
        trainer, lambda t: asdict(meter.measure(t.sample(POINTS, SEED))), modes, iterations
    )


def play_pictures(config: TrainConfig, data: ImageSet, iterations: int) -> Trial:
    """Train on pictures likewise."""
    yardstick = yardstick_of(data).result()
    copied = quick_test(data.images, config.examples)

    def measure(trainer: Trainer) -> dict[str, float | None]:
        images = trainer.sample(yardstick.count, SEED)
        values = yardstick.measure(features(load_classifier(), images))
        if copied is not None:
            values |= {"near_share": copied(images[:LOOKED_UP]).near_share}
        return values

    classes = CLASSES if data.key in READ_BY_CLASSIFIER else None
    return _play(Trainer(config, data.images, data.labels), measure, classes, iterations)


def _play(trainer: Trainer, measure: Measure, centres: int | None, iterations: int) -> Trial:
    history, readings = History(), Readings(centres=centres)
    seconds, diverged = 0.0, False
    for look in range(1, LOOKS + 1):
        begin = time.thread_time()
        try:
            while trainer.iteration < iterations * look // LOOKS:
                report = trainer.step()
                history.append([getattr(report, name) for name in CURVES])
        except TrainingDiverged:
            diverged = True
        seconds += time.thread_time() - begin
        readings = added(readings, trainer.iteration, measure(trainer))
        if diverged:
            break
    return Trial(Record(trainer.config, history.curves(), readings, diverged), seconds)
