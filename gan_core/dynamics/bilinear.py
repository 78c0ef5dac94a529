"""The smallest min-max game there is: x lowers xy, y raises it.

x plays the generator (θ), y the discriminator (ψ). With w = x + iy every update
rule is one complex factor a step, so its fate is known exactly (Zhang & Yu
2019, arXiv:1908.05699). η is the step size throughout.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from gan_core.dynamics.game import Game, Linearisation, Value
from gan_core.ranges import number, ranged


@dataclass(frozen=True, kw_only=True)
class Bilinear(Game):
    """min over x, max over y of xy: circles in continuous time.

    ``gamma`` > 0 adds the consensus term: both players also lower γ/2 (x² + y²).
    """

    key = "bilinear"
    theta_formula = r"\dot x = -y"
    psi_formula = r"\dot y = x"
    source = "Zhang & Yu 2019 (arXiv:1908.05699)"

    gamma: float = ranged(0.0, 0.0, 100.0)

    def theta_dot(self, theta: Value, psi: Value) -> Value:
        """Return -y - γx."""
        return -psi - self.gamma * theta

    def psi_dot(self, theta: Value, psi: Value) -> Value:
        """Return x - γy."""
        return theta - self.gamma * psi

    def linearisation(self) -> Linearisation | None:
        """Return the field itself: it is linear."""
        return Linearisation(self.gamma, 1.0, self.gamma)

    def formulas(self) -> tuple[str, str]:
        """Return the LaTeX of ẋ and ẏ, the consensus term included where γ > 0."""
        if self.gamma == 0:
            return self.theta_formula, self.psi_formula
        return self.theta_formula + r" - \gamma x", self.psi_formula + r" - \gamma y"


def _alternating(eta: float) -> float:
    """On the unit circle to η = 2, then the larger of two real roots of product 1."""
    half_trace = 1 - eta**2 / 2
    return abs(half_trace) + math.sqrt(half_trace**2 - 1) if eta > 2 else 1.0


def _optimistic(eta: float) -> float:
    """The larger root of L² - (1 + 2iη) L + iη."""
    inner = 1 - 4 * eta**2
    if inner >= 0:
        return math.sqrt((1 + math.sqrt(inner)) / 2)
    return math.hypot(1, 2 * eta + math.sqrt(-inner)) / 2


MODULUS: dict[str, Callable[[float], float]] = {
    "simultaneous": lambda eta: math.sqrt(1 + eta**2),
    "alternating": _alternating,
    "extragradient": lambda eta: math.sqrt(1 - eta**2 + eta**4),
    "optimistic": _optimistic,
    "proximal": lambda eta: 1 / math.sqrt(1 + eta**2),
}
"""The factor on the distance to (0, 0) per step in the long run, γ = 0; < 1 converges."""

STABLE_BELOW: dict[str, float] = {
    "simultaneous": 0.0,
    "alternating": 2.0,  # bounded, never convergent
    "extragradient": 1.0,
    "optimistic": 1 / math.sqrt(3),
    "proximal": math.inf,
}
"""The η up to which the walk stays bounded; it converges too, unless alternating."""


def modulus(update: str, eta: float) -> float:
    """Return the long-run factor per step of an update rule at step size η (0 to 100).

    Raises:
        SettingError: (a ValueError) naming the field and its range.
        KeyError: on an update that is not in ``MODULUS``.
    """
    return MODULUS[update](number("eta", eta, 0.0, 100.0))


def consensus_modulus(eta: float, gamma: float) -> float:
    """Return √((1 - ηγ)² + η²), the factor of simultaneous steps with consensus γ.

    Below 1, so convergent, iff γ > (η/2)(1 + γ²).
    """
    return math.hypot(1 - eta * gamma, eta)


def conserved(x: Value, y: Value, eta: float) -> Value:
    """Return Q = x² + y² - ηxy, which alternating steps (x, then y) leave exactly as it is."""
    return x * x + y * y - eta * x * y


def radius_range(start: tuple[float, float], eta: float) -> tuple[float, float]:
    """Return the axes (√(Q/(1 + η/2)), √(Q/(1 - η/2))) of the ellipse alternating walks on.

    η from 0 to below 2; from (1, 1) the ellipse reaches from √((2 - η)/(1 + η/2)) to √2.

    Raises:
        SettingError: (a ValueError) naming the field and its range.
    """
    number("eta", eta, 0.0, math.nextafter(2.0, 0.0))
    q = conserved(*start, eta)
    return math.sqrt(q / (1 + eta / 2)), math.sqrt(q / (1 - eta / 2))


def rotation(eta: float) -> float:
    """Return the mean turn of an alternating step, arccos(1 - η²/2) radians, η from 0 to 2.

    Raises:
        SettingError: (a ValueError) naming the field and its range.
    """
    return math.acos(1 - number("eta", eta, 0.0, 2.0) ** 2 / 2)
