"""The Fréchet distance between two clouds of features."""

from __future__ import annotations

import torch
from torch import Tensor

from gan_core.classifier import DigitClassifier


@torch.no_grad()
def features(model: DigitClassifier, images: Tensor) -> Tensor:
    """Return the classifier's 64 features of (N, 1, 28, 28) pictures, (N, 64)."""
    return torch.cat([model.features(part) for part in images.split(1000)])


def frechet_distance(real: Tensor, fake: Tensor) -> float:
    """Return |m1 - m2|² + tr(S1 + S2 - 2 (S1 S2)^½) of two feature sets (N, d).

    The measure behind FID (Heusel 2017, equation 6), here on whatever features
    it is given: never compare it with a published FID. The best value is 0; two
    independent draws of N pictures from one source score about (d²/2 + 2d)/N.
    The trace of the root is the sum of the roots of the eigenvalues of S1 S2.
    """
    real, fake = real.double(), fake.double()
    gap = (real.mean(0) - fake.mean(0)).square().sum()
    cov_real, cov_fake = torch.cov(real.T), torch.cov(fake.T)
    roots = torch.linalg.eigvals(cov_real @ cov_fake).real.clamp(min=0).sqrt()
    return (gap + cov_real.trace() + cov_fake.trace() - 2 * roots.sum()).item()
