"""Which digits are generated, and how often, as the shipped classifier reads them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

# The data whose classes are those that the shipped classifier was trained to tell apart.
READ_BY_CLASSIFIER = ("mnist",)
COVERED_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class ClassShares:
    """How generated pictures spread over the classes.

    Blind to everything within a class (one picture per class, copied, spreads perfectly)
    and to quality: what is no digit is counted as the one it resembles most. The KL of real
    pictures is not quite 0, for their classes are not of equal size: MNIST's ones are 11.4 %
    of its test set, its fives 8.9 %.

    Attributes:
        shares: of each class, adding up to 1.
        covered: how many classes have at least 1 % of the pictures.
        kl: KL(shares ‖ uniform) in nats, from 0 (even) to ln 10 = 2.303 (one class alone): the
            "reverse KL" of the mode-collapse papers, for the model's side comes first.
    """

    shares: tuple[float, ...]
    covered: int
    kl: float


def class_shares(logits: Tensor) -> ClassShares:
    """Count the largest of each row of logits (N, classes)."""
    counts = torch.bincount(logits.argmax(1), minlength=logits.shape[1])
    shares = counts.double() / len(logits)
    return ClassShares(
        shares=tuple(shares.tolist()),
        covered=int((shares >= COVERED_SHARE).sum()),
        kl=kl_from_uniform(counts),
    )


def kl_from_uniform(counts: Tensor) -> float:
    """Return KL(p ‖ uniform) = Σ p ln(p K) in nats of counts (K,) that are not all 0."""
    shares = counts.double() / counts.sum()
    return max(torch.special.xlogy(shares, shares * len(counts)).sum().item(), 0.0)


def class_score(logits: Tensor) -> float:
    """Return exp(E KL(p(y|x) ‖ p(y))) of logits (N, classes), from 1 to the number of classes.

    The Inception score (Salimans 2016, arXiv:1606.03498), here of the digit classifier, so
    never to be compared with a published one. 10 means that every picture is read with
    certainty and that all ten digits are equally frequent. Blind to collapse within a class (one
    perfect picture of each digit scores 10), to memorising, and to the real pictures, which it
    never looks at.
    """
    log_given = logits.double().log_softmax(1)
    given = log_given.exp()
    overall = given.mean(0)
    gain = (given * log_given).sum(1) - torch.special.xlogy(given, overall).sum(1)
    return math.exp(gain.mean().item())
