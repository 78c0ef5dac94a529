"""How far q is from p: the distances that the losses of a GAN turn out to be."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gan_core.ranges import number
from gan_core.theory.densities import Mixture
from gan_core.theory.quadrature import absolute_integral, edges, grid

LOG_TWO = math.log(2)
LOG_FOUR = math.log(4)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Five distances between p (data) and q (generator), in nats; all are 0 iff p = q.

    jsd: Jensen-Shannon divergence, 0 to log 2 = .693147.
    kl_pq: KL(p‖q), 0 to +∞: large where q misses what p has (covers modes).
    kl_qp: KL(q‖p), 0 to +∞: large where q has what p lacks (seeks modes).
    tv: total variation ½∫|p - q|, 0 to 1.
    w1: Wasserstein-1 ∫|F_p - F_q|, in units of x, 0 to +∞.

    Either KL is +∞ when its first density has mass where the second has none
    (``parallel_lines``). Mixtures of Gaussians are above 0 everywhere, so
    theirs is finite, if possibly large.
    """

    jsd: float
    kl_pq: float
    kl_qp: float
    tv: float
    w1: float

    @property
    def value(self) -> float:
        """Return V(D*, G) = -log 4 + 2 JSD, from -1.386294 (p = q) to 0.

        Goodfellow 2014 (arXiv:1406.2661), theorem 1.
        """
        return 2 * self.jsd - LOG_FOUR

    @property
    def discriminator_loss(self) -> float:
        """Return L_D* = log 4 - 2 JSD, from 1.386294 (p = q) down to 0."""
        return LOG_FOUR - 2 * self.jsd


def compare(p: Mixture, q: Mixture) -> Comparison:
    """Measure all five distances between p and q, to about 1e-9 (a millisecond or so)."""
    x, dx = grid(p, q)
    log_p, log_q = p.log_pdf(x), q.log_pdf(x)
    logit = log_p - log_q  # the logit of D* = p/(p + q)
    p_dx, q_dx = np.exp(log_p) * dx, np.exp(log_q) * dx
    from_p = p_dx @ (LOG_TWO - np.logaddexp(0, -logit))
    from_q = q_dx @ (LOG_TWO - np.logaddexp(0, logit))
    return Comparison(
        jsd=_clip(float(from_p + from_q) / 2, LOG_TWO),
        kl_pq=_clip(float(p_dx @ logit), math.inf),
        kl_qp=_clip(-float(q_dx @ logit), math.inf),
        tv=_clip(total_variation(p, q), 1.0),
        w1=wasserstein(p, q),
    )


def total_variation(p: Mixture, q: Mixture) -> float:
    """Return ½∫|p - q|, 0 to 1: the most by which any event differs in probability."""
    return (
        absolute_integral(lambda x: p.pdf(x) - q.pdf(x), lambda x: p.cdf(x) - q.cdf(x), edges(p, q))
        / 2
    )


def wasserstein(p: Mixture, q: Mixture) -> float:
    """Return W1 = ∫|F_p - F_q|: how far mass must travel on average, in units of x.

    By Kantorovich and Rubinstein also the largest E_p f - E_q f over f of slope
    at most 1 (Arjovsky 2017, arXiv:1701.07875, equation 2).
    """
    return absolute_integral(
        lambda x: p.cdf(x) - q.cdf(x),
        lambda x: p.cdf_integral(x) - q.cdf_integral(x),
        edges(p, q),
    )


def parallel_lines(theta: float) -> Comparison:
    """Compare two upright lines of length 1, ``theta`` apart (-1000 to 1000).

    Arjovsky 2017 (arXiv:1701.07875), example 1: p = (0, Z), q = (theta, Z) with
    Z ~ U[0, 1]. Unless theta = 0 the lines share no point: JSD = log 2, TV = 1
    and both KL = +∞, wherever q is. Only W1 = |theta| says how far to go.

    Raises:
        SettingError: (a ValueError) naming the field and its range.
    """
    distance = abs(number("theta", theta, -1000.0, 1000.0))
    if distance == 0:
        return Comparison(0.0, 0.0, 0.0, 0.0, 0.0)
    return Comparison(jsd=LOG_TWO, kl_pq=math.inf, kl_qp=math.inf, tv=1.0, w1=distance)


def _clip(value: float, most: float) -> float:
    """Keep rounding from leaving the range, such as a KL of -1e-17."""
    return min(max(value, 0.0), most)
