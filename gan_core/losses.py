r"""What each player minimises: one class a loss, written on logits.

``real`` is D's logit on real pictures, ``fake`` its logit on generated ones,
both of shape (N,). Every method returns one value a picture; the trainer
takes the mean. ``softplus`` keeps each value exact at any logit, where
``log(sigmoid(t))`` would run into ``log(0)`` and ``log(sigmoid(t) + eps)``
would stop teaching.

In the formulas D(x) is the probability s(logit) where the loss knows one
(``verdict_range`` is (0, 1)), and the logit itself where it does not (None).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

# DCGAN's optimiser (Radford 2016), which the paper of a loss is often not as clear about.
DCGAN_ADAM = {"generator_lr": 2e-4, "discriminator_lr": 2e-4, "beta1": 0.5, "beta2": 0.999}

# The first WGAN (Arjovsky 2017, algorithm 1), clipped where the recommended one has a penalty.
# Its RMSProp is Adam without momentum: beta1 = 0, and RMSProp's .99 as beta2.
CLIPPED_WGAN: Mapping[str, Any] = {
    "loss": "wasserstein",
    "weight_clip": 0.01,
    "discriminator_steps": 5,
    "generator_lr": 5e-5,
    "discriminator_lr": 5e-5,
    "beta1": 0.0,
    "beta2": 0.99,
    "dropout": 0.0,
}


class Loss(Protocol):
    """What the trainer and the pages ask of a loss.

    The formulas are LaTeX; ``discriminator_terms`` are the ``terms`` terms of L_D
    in the order in which the formula has them, so that a page can write numbers
    below.

    Attributes:
        terms: how many terms L_D has.
        discriminator_at_equilibrium: L_D where generated pictures are distributed as
            real ones and D is the best possible.
        generator_at_equilibrium: L_G there; None where any value may be it, because
            D is only determined up to a constant.
        verdict_at_equilibrium: the verdict there, None where it is any constant.
        verdict_range: (0, 1) where the verdict is a probability, None for a raw score.
        compares: whether L_G depends on D's logits on real pictures.
        recommended: settings its authors trained with, as fields of ``TrainConfig``.
    """

    key: str
    discriminator_formula: str
    generator_formula: str
    terms: int
    discriminator_at_equilibrium: float
    generator_at_equilibrium: float | None
    verdict_at_equilibrium: float | None
    verdict_range: tuple[float, float] | None
    compares: bool
    recommended: Mapping[str, Any]

    def discriminator_terms(self, *, real: Tensor, fake: Tensor) -> tuple[Tensor, ...]: ...

    def generator(self, *, real: Tensor | None, fake: Tensor) -> Tensor: ...

    def verdict(self, logits: Tensor) -> Tensor: ...


class Minimax:
    """The min-max game itself (Goodfellow 2014, arXiv:1406.2661, equation 1).

    L_D = -log D(x) - log(1 - D(G(z)));   L_G = log(1 - D(G(z))).

    Zero-sum but for log D(x), which G cannot change, and *saturating*: when D is
    sure of a fake, D(G(z)) = s(fake) ≈ 0, the gradient of L_G with respect to the
    logit, -D(G(z)), vanishes.
    At equilibrium L_D = 2 log 2 and L_G = -log 2. For teaching only.
    """

    key = "minimax"
    discriminator_formula = (
        r"L_D = -\mathbb{E}\,\log D(x) - \mathbb{E}\,\log\bigl(1 - D(G(z))\bigr)"
    )
    generator_formula = r"L_G = \mathbb{E}\,\log\bigl(1 - D(G(z))\bigr)"
    terms = 2
    discriminator_at_equilibrium = 2 * math.log(2)
    generator_at_equilibrium: float | None = -math.log(2)
    verdict_at_equilibrium: float | None = 0.5
    verdict_range: tuple[float, float] | None = (0.0, 1.0)
    compares = False
    recommended: Mapping[str, Any] = DCGAN_ADAM

    def discriminator_terms(self, *, real: Tensor, fake: Tensor) -> tuple[Tensor, ...]:
        """Return -log D(x) and -log(1 - D(G(z))), one value a picture."""
        return softplus(-real), softplus(fake)

    def generator(self, *, real: Tensor | None, fake: Tensor) -> Tensor:
        """Return log(1 - D(G(z))), one value a picture."""
        return -softplus(fake)

    def verdict(self, logits: Tensor) -> Tensor:
        """Return D's probability that the picture is real, in (0, 1)."""
        return torch.sigmoid(logits)


class NonSaturating(Minimax):
    """The loss most people train with (Goodfellow 2014, arXiv:1406.2661, section 3).

    L_D as in the min-max game;   L_G = -log D(G(z)).

    Same fixed point, but the gradient with respect to the logit is
    -(1 - D(G(z))): strong exactly when G is losing. The game is then no longer
    zero-sum. At equilibrium L_D = 2 log 2 and L_G = log 2.
    """

    key = "non_saturating"
    generator_formula = r"L_G = -\mathbb{E}\,\log D(G(z))"
    generator_at_equilibrium: float | None = math.log(2)

    def generator(self, *, real: Tensor | None, fake: Tensor) -> Tensor:
        """Return -log D(G(z)), one value a picture."""
        return softplus(-fake)


class OneSided(NonSaturating):
    """One-sided label smoothing (Salimans 2016, arXiv:1606.03498, section 3.4).

    L_D = -.9 log D(x) - .1 log(1 - D(x)) - log(1 - D(G(z)));   L_G = -log D(G(z)).

    D is asked to be only 90 % sure of a real picture, so its logit has no reason
    to grow without bound: the best D is .9 p/(p + q). The label of the *fakes*
    stays 0: smoothing it by β would put βq into the numerator, and D would praise G
    for whatever G makes already. At equilibrium D = .45, L_D = 1.376 and L_G = .799.
    """

    key = "one_sided"
    REAL_LABEL = 0.9
    discriminator_formula = (
        r"L_D = -0.9\,\mathbb{E}\,\log D(x) - 0.1\,\mathbb{E}\,\log\bigl(1 - D(x)\bigr)"
        r" - \mathbb{E}\,\log\bigl(1 - D(G(z))\bigr)"
    )
    terms = 3
    discriminator_at_equilibrium = -(0.9 * math.log(0.45) + 1.1 * math.log(0.55))
    generator_at_equilibrium: float | None = -math.log(0.45)
    verdict_at_equilibrium: float | None = 0.45

    def discriminator_terms(self, *, real: Tensor, fake: Tensor) -> tuple[Tensor, ...]:
        """Return -.9 log D(x), -.1 log(1 - D(x)) and -log(1 - D(G(z)))."""
        label = self.REAL_LABEL
        return label * softplus(-real), (1 - label) * softplus(real), softplus(fake)


class LeastSquares:
    """Least squares with the labels 0 and 1 (Mao 2017, arXiv:1611.04076, equation 9).

    L_D = (D(x) - 1)²/2 + D(G(z))²/2;   L_G = (D(G(z)) - 1)²/2.

    D is the logit itself, without a sigmoid. A fake far on the wrong side of the
    boundary is pulled back the harder, so nothing saturates; far on the *right*
    side it is pulled back as well. The best D is p/(p + q), as in the min-max game.
    At equilibrium D = 1/2, L_D = 1/4 and L_G = 1/8. Of the optimiser the paper says
    little that fits small pictures, so the recommendation is DCGAN's.
    """

    key = "least_squares"
    discriminator_formula = (
        r"L_D = \tfrac12\,\mathbb{E}\,\bigl(D(x) - 1\bigr)^2 + \tfrac12\,\mathbb{E}\,D(G(z))^2"
    )
    generator_formula = r"L_G = \tfrac12\,\mathbb{E}\,\bigl(D(G(z)) - 1\bigr)^2"
    terms = 2
    discriminator_at_equilibrium = 0.25
    generator_at_equilibrium: float | None = 0.125
    verdict_at_equilibrium: float | None = 0.5
    verdict_range: tuple[float, float] | None = None
    compares = False
    recommended: Mapping[str, Any] = DCGAN_ADAM

    def discriminator_terms(self, *, real: Tensor, fake: Tensor) -> tuple[Tensor, ...]:
        """Return (D(x) - 1)²/2 and D(G(z))²/2, one value a picture."""
        return (real - 1).square() / 2, fake.square() / 2

    def generator(self, *, real: Tensor | None, fake: Tensor) -> Tensor:
        """Return (D(G(z)) - 1)²/2, one value a picture."""
        return (fake - 1).square() / 2

    def verdict(self, logits: Tensor) -> Tensor:
        """Return the raw score: towards 1 for real, towards 0 for fake, but not bounded."""
        return logits


class Wasserstein:
    """The critic's loss of WGAN (Arjovsky 2017, arXiv:1701.07875, equation 3).

    L_D = -D(x) + D(G(z));   L_G = -D(G(z)).

    D is a critic: a score without a scale. Its gradient never saturates, but the
    loss has no lower bound, so something must hold D's slope: -L_D then estimates
    the Wasserstein distance, times the slope allowed. WGAN-GP (Gulrajani 2017,
    arXiv:1704.00028) is this loss with a ``gradient_penalty``; those settings are
    the recommended ones, ``CLIPPED_WGAN`` the older. At equilibrium L_D = 0; D may be any constant.
    """

    key = "wasserstein"
    discriminator_formula = r"L_D = -\mathbb{E}\,D(x) + \mathbb{E}\,D(G(z))"
    generator_formula = r"L_G = -\mathbb{E}\,D(G(z))"
    terms = 2
    discriminator_at_equilibrium = 0.0
    generator_at_equilibrium: float | None = None
    verdict_at_equilibrium: float | None = None
    verdict_range: tuple[float, float] | None = None
    compares = False
    # Gulrajani 2017, algorithm 1: λ 10, five critic moves, Adam 1e-4 with (0, .9).
    recommended: Mapping[str, Any] = {
        "gradient_penalty": 10.0,
        "discriminator_steps": 5,
        "generator_lr": 1e-4,
        "discriminator_lr": 1e-4,
        "beta1": 0.0,
        "beta2": 0.9,
        "dropout": 0.0,
    }

    def discriminator_terms(self, *, real: Tensor, fake: Tensor) -> tuple[Tensor, ...]:
        """Return -D(x) and D(G(z)), one value a picture."""
        return -real, fake

    def generator(self, *, real: Tensor | None, fake: Tensor) -> Tensor:
        """Return -D(G(z)), one value a picture."""
        return -fake

    def verdict(self, logits: Tensor) -> Tensor:
        """Return the raw score; only differences between scores mean something."""
        return logits


class Hinge(Wasserstein):
    """Hinge loss (Lim & Ye 2017, arXiv:1705.02894).

    L_D = max(0, 1 - D(x)) + max(0, 1 + D(G(z)));   L_G = -D(G(z)).

    D learns only from real pictures below 1 and from fakes above -1; G learns from all
    fakes. With the best D, L_D = 2 (1 - TV(p, q)). At equilibrium L_D = 2, and D
    may be any constant within the margin. SNGAN (Miyato 2018, arXiv:1802.05957) holds
    D's slope by spectral norm.
    """

    key = "hinge"
    discriminator_formula = (
        r"L_D = \mathbb{E}\,\max\bigl(0,\,1 - D(x)\bigr)"
        r" + \mathbb{E}\,\max\bigl(0,\,1 + D(G(z))\bigr)"
    )
    discriminator_at_equilibrium = 2.0
    # SNGAN's code (configs/sn_cifar10_unconditional.yml): Adam 2e-4 with (0, .9), five D-moves.
    recommended: Mapping[str, Any] = {
        "spectral_norm": "on",
        "discriminator_steps": 5,
        "generator_lr": 2e-4,
        "discriminator_lr": 2e-4,
        "beta1": 0.0,
        "beta2": 0.9,
        "dropout": 0.0,
    }

    def discriminator_terms(self, *, real: Tensor, fake: Tensor) -> tuple[Tensor, ...]:
        """Return max(0, 1 - D(x)) and max(0, 1 + D(G(z))), one value a picture."""
        return relu(1 - real), relu(1 + fake)


class Relativistic:
    """Relativistic pairing, RpGAN (Jolicoeur-Martineau 2018, arXiv:1807.00734).

    L_D = -log s(D(x) - D(G(z)));   L_G = -log s(D(G(z)) - D(x)).

    D only says which of two pictures is the more real one, real[i] or fake[i]: it
    must do so in every region where there are real pictures, so where G leaves a
    mode out, D keeps winning. R3GAN (Huang 2024, arXiv:2501.05441) adds R1 and R2 at
    every step; its paper prints a zero-sum game (equation 2), its code, and this,
    lets G minimise the second formula, which does not saturate. At equilibrium both
    are log 2; D may be any constant.

    Where one batch is shorter, the pairs end with it.
    """

    key = "relativistic"
    discriminator_formula = r"L_D = -\mathbb{E}\,\log\sigma\bigl(D(x) - D(G(z))\bigr)"
    generator_formula = r"L_G = -\mathbb{E}\,\log\sigma\bigl(D(G(z)) - D(x)\bigr)"
    terms = 1
    discriminator_at_equilibrium = math.log(2)
    generator_at_equilibrium: float | None = math.log(2)
    verdict_at_equilibrium: float | None = None
    verdict_range: tuple[float, float] | None = None
    compares = True
    # R3GAN's code: Adam 2e-4 with beta1 = 0 and beta2 rising to .99, an average of G, and
    # for the small pictures of Stacked MNIST a γ that falls from 1 to .1.
    recommended: Mapping[str, Any] = {
        "r1": 1.0,
        "r2": 1.0,
        "generator_lr": 2e-4,
        "discriminator_lr": 2e-4,
        "beta1": 0.0,
        "beta2": 0.99,
        "dropout": 0.0,
        "ema_decay": 0.999,
    }

    def discriminator_terms(self, *, real: Tensor, fake: Tensor) -> tuple[Tensor, ...]:
        """Return -log s(D(x) - D(G(z))), one value a pair."""
        return (softplus(-_lead(real, fake)),)

    def generator(self, *, real: Tensor | None, fake: Tensor) -> Tensor:
        """Return -log s(D(G(z)) - D(x)), one value a pair."""
        assert real is not None, "the relativistic generator is compared with real pictures"
        return softplus(_lead(real, fake))

    def verdict(self, logits: Tensor) -> Tensor:
        """Return the raw score; only differences between scores mean something."""
        return logits


def _lead(real: Tensor, fake: Tensor) -> Tensor:
    """Return by how much each real picture is ahead of the fake it is paired with."""
    return real[: len(fake)] - fake[: len(real)]


LOSSES: dict[str, Loss] = {
    loss.key: loss
    for loss in (
        NonSaturating(),
        Minimax(),
        OneSided(),
        LeastSquares(),
        Wasserstein(),
        Hinge(),
        Relativistic(),
    )
}
