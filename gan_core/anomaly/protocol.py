"""What is learned from and what is tested on: normal pictures alone, then all kinds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.config import SettingError
from gan_core.data import ImageSet

DIGITS = range(10)


@dataclass(frozen=True, slots=True)
class OneClass:
    """The one-class protocol: learn from the normal digits, test on all of them.

    Attributes:
        normal: which digits are normal, ascending.
        training: (N, 1, 28, 28) in [-1, 1], normal pictures of the training set.
        test: (M, 1, 28, 28), the test set without the pictures that stand in ``training``.
        digits: (M,) what each of them shows.
        labels: (M,) bool, True for an anomaly.
        prevalence: share of anomalies in the test set, 0 to 1. A scorer that guesses has this
            area under its precision-recall curve (and .5 under its ROC curve).
        left_out: how many test pictures stood in ``training``; 0 for MNIST.
    """

    normal: tuple[int, ...]
    training: Tensor
    test: Tensor
    digits: Tensor
    labels: Tensor
    prevalence: float
    left_out: int


def one_class(train: ImageSet, test: ImageSet, normal_digits: Collection[int]) -> OneClass:
    """Split by the one-class protocol (as Ruff 2018, Deep SVDD, and Bergmann 2020).

    All test pictures are scored, about nine anomalies to a normal one where one digit is normal.
    A test picture that is a copy of a training picture, pixel by pixel, is left out.

    Raises:
        SettingError: (a ValueError) if no digit is normal, or all of them, or one is no digit
            from 0 to 9; if there are no pictures of the normal digits to learn from, or if the
            test is left without normal pictures or without anomalies.
    """
    normal = checked_digits(normal_digits)
    training = train.images[_among(train.labels, normal)]
    if len(training) == 0:
        raise SettingError("train", "a set with pictures of the normal digits", normal)
    kept = ~copies(test.images, training)
    labels = ~_among(test.labels[kept], normal)
    anomalies = int(labels.sum())
    if anomalies == 0:
        raise SettingError("test", "a set with anomalies", f"{len(labels)} normal pictures")
    if anomalies == len(labels):
        raise SettingError(
            "test",
            "a set with normal pictures that are not learned from",
            f"{anomalies} anomalies",
        )
    return OneClass(
        normal=normal,
        training=training,
        test=test.images if kept.all() else test.images[kept],  # not copied in vain
        digits=test.labels[kept],
        labels=labels,
        prevalence=anomalies / len(labels),
        left_out=int((~kept).sum()),
    )


def copies(images: Tensor, of: Tensor) -> Tensor:
    """Say of each picture (M, 1, H, W) whether it stands among others (N, 1, H, W), (M,) bool."""
    known = {picture.numpy().tobytes() for picture in of}
    return torch.tensor(
        [picture.numpy().tobytes() in known for picture in images], dtype=torch.bool
    )


def checked_digits(digits: Collection[int]) -> tuple[int, ...]:
    """Return the normal digits in ascending order, each once.

    Raises:
        SettingError: if none is normal, or all are, or one is no digit from 0 to 9.
    """
    chosen = tuple(sorted(set(digits)))
    if not 1 <= len(chosen) < len(DIGITS) or any(digit not in DIGITS for digit in chosen):
        raise SettingError("normal_digits", "1 to 9 of the digits 0 to 9", chosen)
    return chosen


def _among(labels: Tensor, digits: tuple[int, ...]) -> Tensor:
    return torch.isin(labels, torch.tensor(digits))
