"""How two players move: the Dirac-GAN and the game xy, in time and in steps."""

from __future__ import annotations

from gan_core.dynamics.bilinear import (
    MODULUS,
    STABLE_BELOW,
    Bilinear,
    consensus_modulus,
    conserved,
    modulus,
    radius_range,
    rotation,
)
from gan_core.dynamics.dirac import (
    GAN,
    METHODS,
    R1,
    R1R2,
    R2,
    WGAN,
    WGANGP,
    Consensus,
    InstanceNoise,
    NonSaturating,
)
from gan_core.dynamics.game import Game, Linearisation, Parameter, jacobian
from gan_core.dynamics.stability import (
    alternating_limit,
    critical_gamma,
    critical_noise,
    eigenvalues,
    growth,
    simultaneous_limit,
)
from gan_core.dynamics.updates import (
    UPDATES,
    Alternating,
    Extragradient,
    Optimistic,
    Proximal,
    Simultaneous,
    Steps,
    Update,
)
from gan_core.dynamics.walk import escape_step, radius, running_mean, trajectory

__all__ = [
    "GAN",
    "METHODS",
    "MODULUS",
    "R1",
    "R1R2",
    "R2",
    "STABLE_BELOW",
    "UPDATES",
    "WGAN",
    "WGANGP",
    "Alternating",
    "Bilinear",
    "Consensus",
    "Extragradient",
    "Game",
    "InstanceNoise",
    "Linearisation",
    "NonSaturating",
    "Optimistic",
    "Parameter",
    "Proximal",
    "Simultaneous",
    "Steps",
    "Update",
    "alternating_limit",
    "consensus_modulus",
    "conserved",
    "critical_gamma",
    "critical_noise",
    "eigenvalues",
    "escape_step",
    "growth",
    "jacobian",
    "modulus",
    "radius",
    "radius_range",
    "rotation",
    "running_mean",
    "simultaneous_limit",
    "trajectory",
]
