"""The best reply: what a perfect discriminator does, and which distance G then lowers."""

from __future__ import annotations

from gan_core.theory.best_reply import (
    OptimalLosses,
    Slopes,
    generator_slopes,
    gradient_ratio,
    mean_verdict,
    non_saturating_gradient,
    optimal_discriminator,
    optimal_logit,
    optimal_losses,
    saturating_gradient,
    shifted_gaussians,
    value,
)
from gan_core.theory.densities import Mixture
from gan_core.theory.divergences import (
    Comparison,
    compare,
    parallel_lines,
    total_variation,
    wasserstein,
)

__all__ = [
    "Comparison",
    "Mixture",
    "OptimalLosses",
    "Slopes",
    "compare",
    "generator_slopes",
    "gradient_ratio",
    "mean_verdict",
    "non_saturating_gradient",
    "optimal_discriminator",
    "optimal_logit",
    "optimal_losses",
    "parallel_lines",
    "saturating_gradient",
    "shifted_gaussians",
    "total_variation",
    "value",
    "wasserstein",
]
