"""Anomaly detection: what a model of the normal pictures alone cannot make again is odd.

Every scorer has ``score(images (N, 1, 28, 28)) -> (N,)``, higher = more anomalous, and its
scores mean nothing beside another scorer's. :func:`one_class` says what is learned from and
what is tested on; :mod:`gan_core.anomaly.ranking` says how well scores tell the two apart.
"""

from gan_core.anomaly.anogan import AnoGan, SearchSettings
from gan_core.anomaly.baselines import PcaResidual, PixelNeighbour
from gan_core.anomaly.fast import EncoderSettings, EncoderTrainer, FastAnoGan
from gan_core.anomaly.protocol import OneClass, one_class
from gan_core.anomaly.ranking import cases, histogram, precision_recall, roc
from gan_core.anomaly.scorer import Explainer, Explanation, Scorer

__all__ = [
    "AnoGan",
    "EncoderSettings",
    "EncoderTrainer",
    "Explainer",
    "Explanation",
    "FastAnoGan",
    "OneClass",
    "PcaResidual",
    "PixelNeighbour",
    "Scorer",
    "SearchSettings",
    "cases",
    "histogram",
    "one_class",
    "precision_recall",
    "roc",
]
