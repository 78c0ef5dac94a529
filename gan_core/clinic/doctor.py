"""The doctor: what curves and readings say about a run, in words that a page can look up.

Losses alone say little about a GAN: each is measured by an opponent that moves. What they do
say (who is losing, whether anything flows back to G) is read here together with readings of
quality. Every threshold is a judgement, stated beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from gan_core.config import TrainConfig
from gan_core.history import CURVES, Curves, Numbers
from gan_core.losses import LOSSES
from gan_core.readings import Readings

# Before so many iterations even a healthy run looks ill: D has learned nothing yet.
EARLY = 100
# The last so much of a run counts as "now"; of readings at least so many.
RECENT = 0.3
FEWEST = 3
# Fewer say nothing about coming and going: even a healthy run takes turns at its beginning.
FEWEST_TO_TURN = 6
# Of pictures readings come seldom, and one is of a thousand: the second one counts.
FEWEST_OF_PICTURES = 2
# A D that is sure: mean verdicts this near to 1 and to 0.
SURE = 0.05
# A D that cannot tell: mean verdicts this near to one another.
ALIKE = 0.05
# Anybody could tell these from the data: JS in bits.
FAR = 0.5
# No more than this is left to learn in the playground's view.
NEAR = 0.15
# A G that stays in one mode at a time has so much of its samples there.
ONE_MODE = 0.5
# A distance that swings by this share of itself is not settling.
SWING = 0.15
# A distance that has fallen by this share of itself is falling.
FALL = 0.15
# Classes of digits: KL from equal shares, in nats, that is plain to see (two digits missing: .22).
UNEVEN = 0.2
# Of unseen real pictures 1 % lie this near to a training picture; copies do it far more often.
COPIED = 0.05


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a run at one moment.

    Attributes:
        config: its recipe.
        curves: losses, verdicts and gradient norms.
        readings: of quality, whichever there are.
        diverged: whether it has broken off.
    """

    config: TrainConfig
    curves: Curves
    readings: Readings = field(default_factory=Readings)
    diverged: bool = False

    def now(self, curve: str) -> float:
        """Return the recent mean of a curve; nan where nothing was measured."""
        values = self._curve(curve)
        recent = values[-max(1, math.ceil(RECENT * len(values))) :]
        measured = recent[~np.isnan(recent)]
        return float(measured.mean()) if len(measured) else math.nan

    def _curve(self, name: str) -> Numbers:
        return self.curves.mean[:, CURVES.index(name)]

    def recent(self, reading: str, fewest: int = FEWEST) -> list[float]:
        """Return the recent readings of a name; empty where there are too few."""
        values = [value for value in self.readings_of(reading) if not math.isnan(value)]
        count = max(fewest, math.ceil(RECENT * len(values)))
        return values[-count:] if len(values) >= fewest else []

    def recent_of_pictures(self, reading: str) -> list[float]:
        """Return the recent readings of a name; empty before the second."""
        enough = len(self.readings_of(reading)) >= FEWEST_OF_PICTURES
        return self.recent(reading, 1) if enough else []

    def readings_of(self, name: str) -> list[float]:
        """Return all readings of a name, oldest first; none where it is not measured."""
        if name not in self.readings.names:
            return []
        place = self.readings.names.index(name)
        return [row[place] for row in self.readings.rows]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the numbers say; ``values`` are the numbers that say it."""

    key: str
    values: Mapping[str, float]


Symptom = Callable[[Record], Mapping[str, float] | None]


def diverged(record: Record) -> Mapping[str, float] | None:
    """The run broke off: a loss left all bounds."""
    return {"iteration": float(_length(record))} if record.diverged else None


def exploded(record: Record) -> Mapping[str, float] | None:
    """Nothing broke off, but G's points are nowhere near the data's."""
    distance = _median(record.recent("sliced_w1"))
    # The view is 3 wide: no two sets inside it lie this far apart.
    return {"distance": distance} if distance > 1.5 else None


def no_gradient(record: Record) -> Mapping[str, float] | None:
    """D is sure of every generated sample, and the min-max loss then tells G next to nothing.

    The slope of log(1 - D) in D's logit is -D (Goodfellow 2014, section 3): where D calls
    samples real with a probability of .01, a hundredth of the largest gradient is left.
    """
    if record.config.loss != "minimax" or not _d_is_sure(record):
        return None
    return {"d_fake": record.now("d_fake"), "d_loss": record.now("d_loss")}


def d_wins(record: Record) -> Mapping[str, float] | None:
    """D is sure of everything: L_D ≈ 0 means that G is losing, not winning."""
    if not _d_is_sure(record):
        return None
    return {name: record.now(name) for name in ("d_loss", "d_real", "d_fake")}


def d_is_blind(record: Record) -> Mapping[str, float] | None:
    """D calls it a draw although anybody could tell: its losses look like success."""
    if LOSSES[record.config.loss].verdict_range is None:
        return None
    real, fake = record.now("d_real"), record.now("d_fake")
    distance = _median(record.recent("js_bits"))
    if not (abs(real - fake) < ALIKE and distance > FAR and _stays(record)):
        return None
    return {"d_loss": record.now("d_loss"), "d_real": real, "d_fake": fake, "js": distance}


def rotates(record: Record) -> Mapping[str, float] | None:
    """G is in one mode at a time, and flees from one to the next."""
    modes = [int(mode) for mode in record.recent("leading_mode", FEWEST_TO_TURN)]
    share = _median(record.recent("leading_share"))
    moves = sum(mode != before for before, mode in pairwise(modes))
    if not (share > ONE_MODE and len(set(modes)) >= FEWEST):
        return None
    return {"share": share, "moves": float(moves), "readings": float(len(modes))}


def collapsed(record: Record) -> Mapping[str, float] | None:
    """Most modes, or many digits, are not made at all."""
    modes = _median(record.recent("modes_lenient"))
    if record.readings.centres is not None and modes <= record.readings.centres / 2:
        # Between two readings the median may lie at a half: there are no half modes.
        return {"modes": float(math.floor(modes)), "centres": float(record.readings.centres)}
    uneven = _median(record.recent_of_pictures("kl"))
    if uneven > UNEVEN:
        return {"kl": uneven, "covered": _median(record.recent_of_pictures("covered"))}
    return None


def oscillates(record: Record) -> Mapping[str, float] | None:
    """The distance to the data goes up and down, far above its floor."""
    distances = record.recent("sliced_w1", FEWEST_TO_TURN)
    if not distances:
        return None
    middle, swing = float(np.mean(distances)), _swing(distances)
    floor = _median(record.recent("sliced_w1_floor"))
    if not (middle > 10 * floor and swing > SWING * middle):
        return None
    return {"distance": middle, "swing": swing, "floor": floor}


def coupled(record: Record) -> Mapping[str, float] | None:
    """A penalty on single samples meets a D that judges them by their batch."""
    config = record.config
    penalty = max(config.r1, config.r2, config.gradient_penalty)
    distance = _median(record.recent("js_bits"))
    if config.batch_norm != "on" or not penalty or not distance > NEAR:
        return None
    return {"penalty": penalty, "js": distance}


def copies(record: Record) -> Mapping[str, float] | None:
    """Generated pictures lie nearer to training pictures than unseen real ones do."""
    share = _median(record.recent_of_pictures("near_share"))
    return {"share": share, "examples": float(record.config.examples)} if share > COPIED else None


def healthy(record: Record) -> Mapping[str, float] | None:
    """The samples are close to the data, and stay so."""
    distance = _median(record.recent("js_bits"))
    return {"js": distance} if distance < NEAR else None


# The most telling first: what explains the others stands before them.
SYMPTOMS: dict[str, Symptom] = {
    "diverged": diverged,
    "no_gradient": no_gradient,
    "d_wins": d_wins,
    "exploded": exploded,
    "coupled": coupled,
    "oscillates": oscillates,
    "rotates": rotates,
    "d_is_blind": d_is_blind,
    "collapsed": collapsed,
    "copies": copies,
    "healthy": healthy,
}


def diagnose(record: Record) -> tuple[Finding, ...]:
    """Return all that the numbers say, the most telling first; nothing where they say nothing.

    While it is too early to tell, only that a run has broken off.
    """
    looks = {"diverged": diverged} if too_early(record) else SYMPTOMS
    said = ((key, look(record)) for key, look in looks.items())
    return tuple(Finding(key, values) for key, values in said if values is not None)


def too_early(record: Record) -> bool:
    """Say whether the run is so young that its numbers mean nothing yet."""
    return _length(record) < EARLY


def is_measured(record: Record) -> bool:
    """Say whether there are readings of quality to go by; without, only losses are read."""
    is_of_pictures = "frechet" in record.readings.names
    return len(record.readings.rows) >= (FEWEST_OF_PICTURES if is_of_pictures else FEWEST)


def _d_is_sure(record: Record) -> bool:
    if LOSSES[record.config.loss].verdict_range is None:
        return False
    return record.now("d_real") > 1 - SURE and record.now("d_fake") < SURE


def _stays(record: Record) -> bool:
    """Say whether G is far from the data and gets no nearer."""
    distances = record.recent("js_bits")
    return bool(distances) and distances[-1] > max(FAR, (1 - FALL) * distances[0])


def _swing(distances: Sequence[float]) -> float:
    """Return the standard deviation from a straight line: what merely falls does not swing."""
    times = np.arange(len(distances))
    line = np.polynomial.Polynomial.fit(times, distances, 1)
    return float(np.std(np.asarray(distances) - line(times)))


def _length(record: Record) -> int:
    return record.curves.first + len(record.curves.mean) * record.curves.width - 1


def _median(values: Sequence[float]) -> float:
    """Return the median; nan, which no comparison holds for, where there is nothing."""
    return float(np.median(values)) if len(values) else math.nan
