"""How well scores rank anomalies above normal pictures: curves, a histogram, and cases."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gan_core.config import SettingError
from gan_core.ranges import whole

POINTS = 200
BINS = 40

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve of a scorer over all thresholds, thinned to at most 200 points.

    Attributes:
        x: false-positive rate of a ROC curve, recall of a precision-recall curve; 0 to 1.
        y: true-positive rate, or precision.
        area: under the whole curve, before it was thinned; 1 is perfect.
        chance: what a scorer that guesses would have: .5, or the prevalence.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    area: float
    chance: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """How the scores of both kinds are spread.

    Attributes:
        edges: bins + 1 of them, ascending and evenly spaced.
        normal: how many normal pictures fall in each bin.
        anomalous: how many anomalies do.
    """

    edges: tuple[float, ...]
    normal: tuple[int, ...]
    anomalous: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cases:
    """Pictures worth looking at, by their places in the test set.

    Attributes:
        false_alarms: the normal ones with the highest scores, worst first.
        missed: the anomalies with the lowest scores, worst first.
        plain: the normal ones with the lowest scores, best first.
        caught: the anomalies with the highest scores, best first.
    """

    false_alarms: tuple[int, ...]
    missed: tuple[int, ...]
    plain: tuple[int, ...]
    caught: tuple[int, ...]


def roc(labels: Tensor, scores: Tensor) -> Curve:
    """Return the ROC curve; an anomaly is a positive.

    Its area, AUROC, is the probability that an anomaly has a higher score than a normal picture,
    ties halved. It does not depend on how many of either there are.

    Raises:
        SettingError: (a ValueError) as :func:`precision_recall`.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    truth, values = _checked(labels, scores)
    x, y, _ = roc_curve(truth, values)
    return Curve(*_thinned(x, y), area=float(roc_auc_score(truth, values)), chance=0.5)


def precision_recall(labels: Tensor, scores: Tensor, prevalence: float | None = None) -> Curve:
    """Return the precision-recall curve; an anomaly is a positive.

    Its area, AUPRC, is the average precision: Σ (Rₙ - Rₙ₋₁) Pₙ. By chance it is the prevalence,
    so areas from tests with other shares of anomalies are not to be compared. With a prevalence π
    the pictures of each kind weigh as much as they would in such a test: a precision is then
    π·TPR / (π·TPR + (1 - π)·FPR). A ROC curve would stay as it is.

    Args:
        labels: (N,) bool, True for an anomaly; both kinds must be there.
        scores: (N,) finite, higher = more anomalous.
        prevalence: share of anomalies, between 0 and 1; by default that of the labels.

    Raises:
        SettingError: (a ValueError) if the labels are not of both kinds, the scores are not as
            many or not finite, or the prevalence is not between 0 and 1.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve

    truth, values = _checked(labels, scores)
    weights = None if prevalence is None else _weights(truth, prevalence)
    precision, recall, _ = precision_recall_curve(truth, values, sample_weight=weights)
    x, y = _thinned(recall[::-1], precision[::-1])
    area = float(average_precision_score(truth, values, sample_weight=weights))
    return Curve(x, y, area=area, chance=float(truth.mean()) if prevalence is None else prevalence)


def histogram(labels: Tensor, scores: Tensor, bins: int = BINS) -> Histogram:
    """Count the scores of both kinds in the same bins, from the lowest score to the highest.

    Raises:
        SettingError: (a ValueError) as :func:`precision_recall`, or if ``bins`` is not 2 to 200.
    """
    truth, values = _checked(labels, scores)
    edges = np.histogram_bin_edges(values, whole("bins", bins, 2, 200))
    normal, anomalous = (np.histogram(values[truth == kind], edges)[0] for kind in (False, True))
    return Histogram(tuple(edges.tolist()), tuple(normal.tolist()), tuple(anomalous.tolist()))


def cases(labels: Tensor, scores: Tensor, count: int = 8) -> Cases:
    """Return the worst and the best ``count`` of each kind, fewer where there are fewer.

    Raises:
        SettingError: (a ValueError) as :func:`precision_recall`, or if ``count`` is not 1 to 100.
    """
    truth, values = _checked(labels, scores)
    count = whole("count", count, 1, 100)
    order = np.argsort(values, kind="stable")
    normal, anomalous = order[~truth[order]], order[truth[order]]
    return Cases(
        false_alarms=tuple(normal[::-1][:count].tolist()),
        missed=tuple(anomalous[:count].tolist()),
        plain=tuple(normal[:count].tolist()),
        caught=tuple(anomalous[::-1][:count].tolist()),
    )


def odder_than(labels: Tensor, scores: Tensor, score: float) -> float:
    """Return the share of the normal pictures that have a lower score, 0 to 1.

    Raises:
        SettingError: (a ValueError) as :func:`precision_recall`, or if ``score`` is not finite.
    """
    truth, values = _checked(labels, scores)
    if not math.isfinite(score):
        raise SettingError("score", "finite", score)
    return float((values[~truth] < score).mean())


def _weights(truth: NDArray[np.bool_], prevalence: float) -> Array:
    """Return what each picture weighs in a test with another share of anomalies."""
    if not 0 < prevalence < 1:
        raise SettingError("prevalence", "between 0 and 1", prevalence)
    return np.where(truth, prevalence / truth.mean(), (1 - prevalence) / (1 - truth.mean()))


def _checked(labels: Tensor, scores: Tensor) -> tuple[NDArray[np.bool_], Array]:
    if labels.ndim != 1 or not 0 < int(labels.bool().sum()) < len(labels):
        raise SettingError("labels", "(N,) with anomalies and normal pictures", labels.tolist())
    if scores.shape != labels.shape:
        raise SettingError("scores", f"of shape {tuple(labels.shape)}", tuple(scores.shape))
    if not scores.isfinite().all():
        raise SettingError("scores", "finite", scores[~scores.isfinite()][0].item())
    return labels.bool().numpy(), scores.double().numpy()


def _thinned(x: Array, y: Array) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Keep at most ``POINTS`` points, both ends among them."""
    kept = np.unique(np.linspace(0, len(x) - 1, min(POINTS, len(x))).round().astype(int))
    return tuple(x[kept].tolist()), tuple(y[kept].tolist())
