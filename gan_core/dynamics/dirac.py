"""The Dirac-GAN: one real number, one fake number, and why the two may circle for ever.

p is a point at 0, q a point at θ, and D has the logit ψ x, so that
L(θ, ψ) = f(ψθ) + f(0) with f(t) = -log(1 + e^-t); θ lowers L, ψ raises it
(Mescheder, Geiger & Nowozin 2018, arXiv:1801.04406, section 2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from gan_core.dynamics.game import Game, Linearisation, Value
from gan_core.ranges import ranged

_MESCHEDER = "Mescheder, Geiger & Nowozin 2018 (arXiv:1801.04406)"
_LARGEST_EXPONENT = 700.0


def slope(t: Value) -> Value:
    """Return f'(t) = 1/(1 + e^t), from 1 (t → -∞) over 1/2 (t = 0) to 0."""
    if isinstance(t, float):
        return 1 / (1 + math.exp(t)) if t < _LARGEST_EXPONENT else 0.0
    return 1 / (1 + np.exp(np.minimum(t, _LARGEST_EXPONENT)))


@dataclass(frozen=True, kw_only=True)
class GAN(Game):
    """The min-max game: circles in continuous time, spirals outwards in steps.

    Every method takes ``gamma``, the strength of an R1 penalty γ/2 ψ² on top.
    """

    key = "gan"
    theta_formula = r"\dot\theta = -\psi\, f'(\psi\theta)"
    psi_formula = r"\dot\psi = \theta\, f'(\psi\theta)"
    source = "Goodfellow 2014 (arXiv:1406.2661); " + _MESCHEDER
    penalties = 1

    gamma: float = ranged(0.0, 0.0, 100.0)

    def theta_dot(self, theta: Value, psi: Value) -> Value:
        """Return -ψ f'(ψθ)."""
        return -psi * slope(psi * theta)

    def psi_dot(self, theta: Value, psi: Value) -> Value:
        """Return θ f'(ψθ) - γψ."""
        return theta * slope(psi * theta) - self.damping * psi

    def velocity(self, theta: float, psi: float) -> tuple[float, float]:
        """Return both at once: they share f'(ψθ)."""
        f = slope(psi * theta)
        return -psi * f, theta * f - self.damping * psi

    @property
    def damping(self) -> float:
        """Return the pull of the penalty on ψ, per unit of ψ."""
        return self.penalties * self.gamma

    def linearisation(self) -> Linearisation | None:
        """Return coupling f'(0) = 1/2; only the penalty damps."""
        return Linearisation(0.0, 0.5, self.damping)

    def formulas(self) -> tuple[str, str]:
        """Return the LaTeX of θ̇ and ψ̇, the penalty included where γ > 0."""
        factor = "" if self.penalties == 1 else str(self.penalties)
        penalty = rf" - {factor}\gamma\psi" if self.gamma > 0 else ""
        return self.theta_formula, self.psi_formula + penalty


@dataclass(frozen=True, kw_only=True)
class NonSaturating(GAN):
    """The loss people train with: d(r²)/dt = -2u tanh(u/2) ≤ 0, but only r² ≈ 8/t."""

    key = "non_saturating"
    theta_formula = r"\dot\theta = -\psi\, f'(-\psi\theta)"

    def theta_dot(self, theta: Value, psi: Value) -> Value:
        """Return -ψ f'(-ψθ)."""
        return -psi * slope(-psi * theta)

    velocity = Game.velocity


@dataclass(frozen=True, kw_only=True)
class WGAN(GAN):
    """The Wasserstein critic: circles of speed 1, ψ clipped to [-c, c] after each move."""

    key = "wgan"
    theta_formula = r"\dot\theta = -\psi"
    psi_formula = r"\dot\psi = \theta"
    source = "Arjovsky 2017 (arXiv:1701.07875); " + _MESCHEDER

    clip: float = ranged(1.0, 0.01, 100.0)

    def theta_dot(self, theta: Value, psi: Value) -> Value:  # noqa: ARG002
        """Return -ψ."""
        return -psi

    velocity = Game.velocity

    def psi_dot(self, theta: Value, psi: Value) -> Value:
        """Return θ - γψ."""
        return theta - self.damping * psi

    def project(self, psi: float) -> float:
        """Return ψ clipped to [-c, c]."""
        return min(max(psi, -self.clip), self.clip)

    def linearisation(self) -> Linearisation | None:
        """Return coupling 1; the clip is out of reach near 0."""
        return Linearisation(0.0, 1.0, self.damping)


@dataclass(frozen=True, kw_only=True)
class WGANGP(GAN):
    """Gradient penalty λ/2 (|ψ| - g₀)²: it holds ψ at ±g₀, so it never comes to rest."""

    key = "wgan_gp"
    theta_formula = r"\dot\theta = -\psi"
    psi_formula = r"\dot\psi = \theta - \lambda\,(|\psi| - g_0)\,\mathrm{sign}\,\psi"
    source = "Gulrajani 2017 (arXiv:1704.00028); " + _MESCHEDER

    penalty: float = ranged(0.7, 0.0, 100.0)
    target: float = ranged(1.0, 0.0, 100.0)

    def theta_dot(self, theta: Value, psi: Value) -> Value:  # noqa: ARG002
        """Return -ψ."""
        return -psi

    velocity = Game.velocity

    def psi_dot(self, theta: Value, psi: Value) -> Value:
        """Return θ - λ (|ψ| - g₀) sign ψ - γψ; sign 0 = 0."""
        sign = float(psi > 0) - float(psi < 0) if isinstance(psi, float) else np.sign(psi)
        return theta - self.penalty * (psi - self.target * sign) - self.damping * psi

    def linearisation(self) -> Linearisation | None:
        """Return None for g₀ > 0: ψ̇ jumps at ψ = 0."""
        if self.penalty * self.target > 0:
            return None
        return Linearisation(0.0, 1.0, self.penalty + self.damping)


def _rule(order: int) -> tuple[tuple[float, float], ...]:
    """Return Gauss-Hermite nodes and weights of N(0, 1)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(order)
    return tuple(zip(nodes.tolist(), (weights / weights.sum()).tolist(), strict=True))


# With 20 nodes the means are right to about 1e-9 at |ψ|σ = 1, to 5e-5 at 2. Up to
# each of these reaches, fewer are right to 1e-9 too, and a walk is soon near 0.
_FULL = _rule(20)
_ENOUGH = ((0.02, _rule(3)), (0.05, _rule(4)), (0.2, _rule(6)), (0.3, _rule(8)), (0.5, _rule(10)))


def _nodes(psi: Value, noise: float) -> tuple[tuple[float, float], ...]:
    if isinstance(psi, float):
        reach = abs(psi) * noise
        for limit, rule in _ENOUGH:
            if reach <= limit:
                return rule
    return _FULL


@dataclass(frozen=True, kw_only=True)
class InstanceNoise(GAN):
    """Noise e ~ N(0, σ²) on the fake and e' ~ N(0, σ²) on the real, in exact expectation.

    L = E f(ψ(θ + e)) + E f(-ψe'). Near 0 it damps like R1 with γ = σ²/2.
    """

    key = "instance_noise"
    theta_formula = r"\dot\theta = -\psi\,\mathbb{E}\, f'(\psi(\theta + e))"
    psi_formula = (
        r"\dot\psi = \mathbb{E}\,(\theta + e)\, f'(\psi(\theta + e))"
        r" - \mathbb{E}\, e'\, f'(-\psi e')"
    )
    source = "Sønderby 2016 (arXiv:1610.04490); " + _MESCHEDER

    noise: float = ranged(0.7, 0.0, 5.0)

    # f'(t) = (1 - tanh(t/2))/2 throughout: tanh never overflows.

    def theta_dot(self, theta: Value, psi: Value) -> Value:
        """Return -ψ E f'(ψ(θ + e))."""
        tanh, half, noise = _tanh_for(psi), psi / 2, self.noise
        pull = 0.0
        for z, w in _nodes(psi, noise):
            pull += w * tanh(half * (theta + noise * z))
        return -half * (1 - pull)

    def psi_dot(self, theta: Value, psi: Value) -> Value:
        """Return E (θ + e) f'(ψ(θ + e)) - E e' f'(-ψe') - γψ."""
        tanh, half, noise = _tanh_for(psi), psi / 2, self.noise
        nodes = _nodes(psi, noise)
        pull = self._real_pull(half, tanh, nodes)
        for z, w in nodes:
            fake = theta + noise * z
            pull += w * fake * tanh(half * fake)
        return (theta - pull) / 2 - self.damping * psi

    def velocity(self, theta: float, psi: float) -> tuple[float, float]:
        """Return both at once: the expectations over the fake share their terms."""
        tanh, half, noise = math.tanh, psi / 2, self.noise
        nodes = _nodes(psi, noise)
        along, pull = 0.0, self._real_pull(half, tanh, nodes)
        for z, w in nodes:
            fake = theta + noise * z
            share = w * tanh(half * fake)
            along += share
            pull += share * fake
        return -half * (1 - along), (theta - pull) / 2 - self.damping * psi

    def _real_pull(self, half: Value, tanh: Any, nodes: tuple[tuple[float, float], ...]) -> Any:
        """Return E e' tanh(ψe'/2); e' tanh is even, so one side of the nodes is enough."""
        pull, noise = 0.0, self.noise
        for z, w in nodes[len(nodes) // 2 :]:
            e = noise * z
            pull += w * e * tanh(half * e)
        return 2 * pull

    def linearisation(self) -> Linearisation | None:
        """Return coupling 1/2, damping -2 f''(0) σ² = σ²/2."""
        return Linearisation(0.0, 0.5, self.noise**2 / 2 + self.damping)


def _tanh_for(value: Any) -> Any:
    return math.tanh if isinstance(value, float) else np.tanh


@dataclass(frozen=True, kw_only=True)
class R1(GAN):
    """Penalty γ/2 |∇D|² on the real: converges for every γ > 0, fastest at γ = 1."""

    key = "r1"
    source = _MESCHEDER

    gamma: float = ranged(0.3, 0.0, 100.0)


@dataclass(frozen=True, kw_only=True)
class R2(R1):
    """The same penalty on the fakes; D's slope is ψ everywhere, so the field is R1's."""

    key = "r2"
    source = "Roth 2017 (arXiv:1705.09367); " + _MESCHEDER


@dataclass(frozen=True, kw_only=True)
class R1R2(R1):
    """Both penalties with the same γ: twice the damping (Huang 2024, R3GAN)."""

    key = "r1_r2"
    source = "Huang 2024 (arXiv:2501.05441)"
    penalties = 2


@dataclass(frozen=True, kw_only=True)
class Consensus(GAN):
    """Both players also lower s/2 |v|² = s/2 r² f'(u)², v the field of the GAN.

    The exact gradient, both terms whole: the authors' notebook halves one. It
    converges near (0, 0) only; five D-moves a round escape from (1, 1). A γ > 0
    comes on top and is not part of v.
    """

    key = "consensus"
    theta_formula = (
        r"\dot\theta = -\psi f'(u) - s\,\bigl(\theta f'(u)^2 + \psi r^2 f'(u) f''(u)\bigr)"
    )
    psi_formula = r"\dot\psi = \theta f'(u) - s\,\bigl(\psi f'(u)^2 + \theta r^2 f'(u) f''(u)\bigr)"
    source = "Mescheder, Nowozin & Geiger 2017 (arXiv:1705.10461); " + _MESCHEDER

    strength: float = ranged(1.0, 0.0, 100.0)

    def theta_dot(self, theta: Value, psi: Value) -> Value:
        """Return -ψF - s (θF² + ψr²FS), with F = f'(ψθ) and S = f''(ψθ) = -F (1 - F)."""
        f = slope(psi * theta)
        s = f * (f - 1)
        agree = theta * f * f + psi * (theta * theta + psi * psi) * f * s
        return -psi * f - self.strength * agree

    def psi_dot(self, theta: Value, psi: Value) -> Value:
        """Return θF - s (ψF² + θr²FS) - γψ."""
        f = slope(psi * theta)
        s = f * (f - 1)
        agree = psi * f * f + theta * (theta * theta + psi * psi) * f * s
        return theta * f - self.strength * agree - self.damping * psi

    velocity = Game.velocity

    def linearisation(self) -> Linearisation | None:
        """Return coupling 1/2; both players damped by s f'(0)² = s/4."""
        return Linearisation(self.strength / 4, 0.5, self.strength / 4 + self.damping)


_ALL = (GAN, NonSaturating, WGAN, WGANGP, InstanceNoise, R1, R2, R1R2, Consensus)
METHODS: dict[str, type[GAN]] = {method.key: method for method in _ALL}
