"""All measures of generated pictures in one report, each beside what real pictures score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gan_core.data import load_images
from gan_core.data.images import EMBEDDED
from gan_core.metrics.classes import READ_BY_CLASSIFIER, ClassShares, class_score, class_shares
from gan_core.metrics.copies import PER_CELL, Copies, CopyTest
from gan_core.metrics.frechet import features, frechet_distance
from gan_core.metrics.manifolds import Cloud, Neighbourhoods, compare
from gan_core.pretrained import load_classifier

# What the papers took: 3 for precision and recall, 5 for density and coverage.
FIDELITY_K = 3
COVERAGE_K = 5
# So many pictures are looked up among those learned from; each takes about a millisecond.
LOOKED_UP = 2000
_SEED = 2018
# About how long a thing takes, in the time that the classifier needs for a picture.
_ROW_COST = 0.5
_LOOK_UP_COST = 4.0

Progress = Callable[[float], bool | None]


class Cancelled(RuntimeError):
    """Whoever watched the progress did not want the report any more."""


@dataclass(frozen=True, slots=True)
class RealPictures:
    """What generated pictures are measured against.

    Attributes:
        key: which data these are.
        reference: real pictures, (N, 1, 28, 28) in [-1, 1].
        other: real pictures that are none of ``reference``.
        training: what G learned from; None where ``reference`` is part of it.
        fallback: why these are not the data asked for, as in ``ImageSet``.
    """

    key: str
    reference: Tensor
    other: Tensor
    training: Tensor | None
    fallback: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """What some pictures score against real ones.

    Attributes:
        frechet: Fréchet distance on the classifier's 64 features; 0 is best.
        fidelity: precision and recall, from balls to the third neighbour.
        spread: density and coverage, from balls to the fifth.
        classes: the classes that were read; None where the classifier cannot read them.
        score: the Inception score on the classifier, 1 to 10; None likewise.
        copies: how near the pictures lie to those learned from; None where there is no
            unseen real picture to compare with.
    """

    frechet: float
    fidelity: Neighbourhoods
    spread: Neighbourhoods
    classes: ClassShares | None
    score: float | None
    copies: Copies | None


@dataclass(frozen=True, slots=True)
class Report:
    """What generated pictures score, and what as many real ones score on the same scale.

    Attributes:
        count: N, how many pictures there are on either side.
        key: which data they were compared with.
        generated: the measures of the generated pictures.
        real: the same of real pictures, disjoint from those compared with. A generator can
            hardly be better, and a number without this one says nothing.
    """

    count: int
    key: str
    generated: Row
    real: Row


def real_pictures(key: str, count: int, folder: Path | None = None) -> RealPictures:
    """Return real pictures of a data set to measure against, at most ``count`` a side.

    The test set is the reference, and a part of the training set its counterpart. The
    embedded digits have no test set: there one half is measured against the other.
    """
    training = load_images(key, folder=folder)
    if training.key == EMBEDDED:
        halves = _drawn(training.images, len(training.images)).chunk(2)
        reference, other = (half[:count] for half in halves)
        return RealPictures(training.key, reference, other, None, training.fallback)
    test = load_images(key, train=False, folder=folder, fall_back=False)
    reference, other = (_drawn(images, count) for images in (test.images, training.images))
    return RealPictures(key, reference, other, training.images)


def _drawn(images: Tensor, count: int) -> Tensor:
    """Return some; not the first, for MNIST's test set begins with the easier half."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(_SEED))
    return images[order[:count]]


def evaluate(
    images: Tensor, real: RealPictures, progress: Progress = lambda _share: None
) -> Report:
    """Measure generated pictures (N, 1, 28, 28) in [-1, 1].

    As many are used as there are on every side. The report depends on nothing else than
    what is given, and changes nothing.

    Args:
        images: what G made.
        real: what to measure against.
        progress: called with the share that is done, 0 to 1; it may raise, or return False.

    Raises:
        ValueError: if there are too few pictures, or some are not finite.
        Cancelled: if ``progress`` returned False.
    """
    count = min(len(images), len(real.reference), len(real.other))
    if count <= COVERAGE_K:
        raise ValueError(f"count must be more than {COVERAGE_K}, got {count}")
    if not images.isfinite().all():
        raise ValueError("images must be finite, and some are not")
    looked_up = _looked_up(count, real)
    bar = _Bar(count * (3 + 2 * _ROW_COST) + 3 * looked_up * _LOOK_UP_COST, progress)
    reference = features(load_classifier(), real.reference[:count], bar.advance)
    known = Cloud(reference, COVERAGE_K)
    found = _copies(images, real, looked_up, bar)
    sides = (images[:count], real.other[:count])
    generated, as_real = (
        _row(side, known, real.key, copies, bar) for side, copies in zip(sides, found, strict=True)
    )
    return Report(count, real.key, generated, as_real)


class _Bar:
    """Adds up what is done, and asks whether to go on."""

    def __init__(self, total: float, tell: Progress) -> None:
        self._total, self._tell, self._done = total, tell, 0.0

    def advance(self, amount: float) -> None:
        """Note that so much more is done.

        Raises:
            Cancelled: if nobody wants the rest.
        """
        self._done += amount
        if self._tell(min(self._done / self._total, 1.0)) is False:
            raise Cancelled


def _row(side: Tensor, known: Cloud, key: str, copies: Copies | None, bar: _Bar) -> Row:
    model = load_classifier()
    found = features(model, side, bar.advance)
    fidelity, spread = compare(
        known,
        Cloud(found, COVERAGE_K),
        (FIDELITY_K, COVERAGE_K),
        lambda rows: bar.advance(rows * _ROW_COST),
    )
    logits = model.head(found) if key in READ_BY_CLASSIFIER else None
    return Row(
        frechet=frechet_distance(known.points, found),
        fidelity=fidelity,
        spread=spread,
        classes=None if logits is None else class_shares(logits),
        score=None if logits is None else class_score(logits),
        copies=copies,
    )


def _looked_up(count: int, real: RealPictures) -> int:
    """Return how many pictures to look up; 0 where unseen ones are missing, or too few."""
    size = min(LOOKED_UP, count // 2)
    return size if real.training is not None and size >= PER_CELL else 0


def _copies(
    images: Tensor, real: RealPictures, size: int, bar: _Bar
) -> tuple[Copies | None, Copies | None]:
    """Compare generated pictures with one half of the unseen ones, and the other half as well."""
    if real.training is None or not size:
        return None, None
    first, second = real.reference[:size], real.reference[size : 2 * size]
    test = CopyTest(real.training, second, lambda count: bar.advance(count * _LOOK_UP_COST))
    return test(images[:size]), test(first)
