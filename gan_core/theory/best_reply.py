"""The discriminator that answers a generator best, and what G learns from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gan_core.theory.densities import Array, Mixture
from gan_core.theory.divergences import LOG_TWO, compare
from gan_core.theory.quadrature import grid

# Pairs with less mass than this change no printed digit.
_NO_MASS = 1e-15


def sigmoid(logit: ArrayLike) -> Array:
    """Return D = 1/(1 + e^-logit) in [0, 1], without overflow at any logit."""
    return np.exp(-np.logaddexp(0, -np.asarray(logit, dtype=np.float64)))


def optimal_logit(p: Mixture, q: Mixture, x: ArrayLike) -> Array:
    """Return the logit of D*, log p(x) - log q(x), shape of x; exact far out too."""
    return np.asarray(p.log_pdf(x) - q.log_pdf(x))


def optimal_discriminator(p: Mixture, q: Mixture, x: ArrayLike) -> Array:
    """Return D*(x) = p/(p + q) in [0, 1], shape of x; 1/2 everywhere when p = q.

    At each x it maximises p log D + q log(1 - D)
    (Goodfellow 2014, arXiv:1406.2661, proposition 1).
    """
    return sigmoid(optimal_logit(p, q, x))


def value(logit: Callable[[Array], ArrayLike], p: Mixture, q: Mixture) -> float:
    """Return V(D, G) = E_p log D + E_q log(1 - D) for any D, given as x -> logit.

    At most 0; -log 4 = -1.386294 for a D that answers 1/2 everywhere. No D gets
    above ``compare(p, q).value``. Exact for smooth logits; where the logit jumps
    the error is about the mass within a tenth of a width of the jump.
    """
    x, dx = grid(p, q)
    t = np.broadcast_to(np.asarray(logit(x), dtype=np.float64), x.shape)
    on_real = -np.logaddexp(0, -t)
    on_fake = -np.logaddexp(0, t)
    return float((p.pdf(x) * dx) @ on_real + (q.pdf(x) * dx) @ on_fake)


def mean_verdict(p: Mixture, q: Mixture) -> float:
    """Return E_q[D*], what the best D gives a fake on average: 1/2 at p = q, to 0 far off."""
    x, dx = grid(p, q)
    return float((q.pdf(x) * dx) @ optimal_discriminator(p, q, x))


@dataclass(frozen=True, slots=True)
class OptimalLosses:
    """The loss of the best discriminator, for four games.

    minimax: log 4 - 2 JSD, from 1.386294 (p = q) to 0 (Goodfellow 2014).
    lsgan: ½∫ pq/(p + q) for targets 1 and 0, from 1/4 to 0 (Mao 2017, arXiv:1611.04076).
    hinge: 2 (1 - TV), from 2 to 0 (Lim & Ye 2017, arXiv:1705.02894).
    rpgan: log 2 - JSD(p×q, q×p), from log 2 to 0, best critic log p/q + constant
        (relativistic pairing: Jolicoeur-Martineau 2018, arXiv:1807.00734).
    """

    minimax: float
    lsgan: float
    hinge: float
    rpgan: float


def optimal_losses(p: Mixture, q: Mixture) -> OptimalLosses:
    """Measure what the best discriminator of each game still pays.

    Takes milliseconds for two Gaussians, a tenth of a second for six components each.
    """
    x, dx = grid(p, q)
    distances = compare(p, q)
    # ∫ pq/(p + q) is the mean of D* over the fakes.
    return OptimalLosses(
        minimax=distances.discriminator_loss,
        lsgan=float((q.pdf(x) * dx) @ optimal_discriminator(p, q, x)) / 2,
        hinge=2 * (1 - distances.tv),
        rpgan=_relativistic(p, q),
    )


def _relativistic(p: Mixture, q: Mixture) -> float:
    """Return E softplus(-(t(real) - t(fake))) over all pairs, with t = log p/q."""
    real, real_mass = _points_with_mass(p)
    fake, fake_mass = _points_with_mass(q)
    lead = optimal_logit(p, q, real)[:, None] - optimal_logit(p, q, fake)
    return min(float(real_mass @ np.logaddexp(0, -lead) @ fake_mass), LOG_TWO)


def _points_with_mass(density: Mixture) -> tuple[Array, Array]:
    x, dx = grid(density)
    mass = density.pdf(x) * dx
    return x[mass > _NO_MASS], mass[mass > _NO_MASS]


def saturating_gradient(logit: ArrayLike) -> Array:
    """Return dL_G/dlogit = -D of log(1 - D), in [-1, 0]: gone when D is sure of a fake."""
    return -sigmoid(logit)


def non_saturating_gradient(logit: ArrayLike) -> Array:
    """Return dL_G/dlogit = -(1 - D) of -log D, in [-1, 0]: largest when D is sure."""
    return -sigmoid(-np.asarray(logit, dtype=np.float64))


def gradient_ratio(logit: ArrayLike) -> Array:
    """Return non-saturating over saturating gradient, (1 - D)/D = e^-logit.

    1 at D = .5, 999 at D = .001; +∞ beyond a logit of about -709.
    """
    with np.errstate(over="ignore"):
        return np.exp(-np.asarray(logit, dtype=np.float64))


@dataclass(frozen=True, slots=True)
class Slopes:
    """How each generator loss rises as all fakes move right, D* held still.

    In units of 1/x; a good slope stays away from 0 while q is away from p.
    """

    saturating: float
    non_saturating: float


def generator_slopes(p: Mixture, q: Mixture) -> Slopes:
    """Return the slopes -E_q[D* t'] and -E_q[(1 - D*) t'], t the logit of D*.

    For p = N(0, 1) and q = N(d, 1), where t' = -d, these are d E_q[D*] and
    d (1 - E_q[D*]). The first is the slope of 2 JSD(p, q) as q moves, the second
    that of KL(q‖p) - 2 JSD (Arjovsky & Bottou 2017, arXiv:1701.04862, theorem 2.5).
    """
    x, dx = grid(p, q)
    verdict = optimal_discriminator(p, q, x)
    push = (q.score(x) - p.score(x)) * q.pdf(x) * dx
    return Slopes(float(verdict @ push), float((1 - verdict) @ push))


def shifted_gaussians(d: float) -> tuple[Mixture, Mixture]:
    """Return p = N(0, 1) and q = N(d, 1), d from -1000 to 1000.

    The logit of D* is d²/2 - d x, KL = d²/2 both ways and W1 = |d|.
    """
    return Mixture.gaussian(0.0, 1.0), Mixture.gaussian(d, 1.0)
