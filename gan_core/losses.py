"""What each player minimises: one class a loss, written on logits.

``real`` is D's logit on real pictures, ``fake`` its logit on generated ones,
both of shape (N,). Every method returns one value a picture; the trainer
takes the mean. ``softplus`` keeps each value exact at any logit, where
``log(sigmoid(t))`` would run into ``log(0)``.
"""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import softplus


class Loss(Protocol):
    """What the trainer and the pages ask of a loss.

    The formulas are LaTeX; ``discriminator_terms`` are the terms of L_D in the
    order in which the formula has them, so that a page can write numbers below.
    """

    key: str
    discriminator_formula: str
    generator_formula: str
    discriminator_at_equilibrium: float
    generator_at_equilibrium: float

    def discriminator_terms(self, *, real: Tensor, fake: Tensor) -> tuple[Tensor, ...]: ...

    def generator(self, *, real: Tensor | None, fake: Tensor) -> Tensor: ...

    def verdict(self, logits: Tensor) -> Tensor: ...


class Minimax:
    """The min-max game itself (Goodfellow 2014, arXiv:1406.2661, equation 1).

    L_D = -log D(x) - log(1 - D(G(z)));   L_G = log(1 - D(G(z))).

    Zero-sum, and *saturating*: when D is sure of a fake, D(G(z)) = s(fake) ≈ 0,
    the gradient of L_G with respect to the logit, -D(G(z)), vanishes.
    At equilibrium L_D = 2 log 2 and L_G = -log 2.
    """

    key = "minimax"
    discriminator_formula = (
        r"L_D = -\mathbb{E}\,\log D(x) - \mathbb{E}\,\log\bigl(1 - D(G(z))\bigr)"
    )
    generator_formula = r"L_G = \mathbb{E}\,\log\bigl(1 - D(G(z))\bigr)"
    discriminator_at_equilibrium = 2 * math.log(2)
    generator_at_equilibrium = -math.log(2)

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
    """The loss most people train with (Goodfellow 2014, end of section 3).

    L_D as in the min-max game;   L_G = -log D(G(z)).

    Same fixed point, but the gradient with respect to the logit is
    -(1 - D(G(z))): strong exactly when G is losing. The game is then no longer
    zero-sum. At equilibrium L_D = 2 log 2 and L_G = log 2.
    """

    key = "non_saturating"
    generator_formula = r"L_G = -\mathbb{E}\,\log D(G(z))"
    generator_at_equilibrium = math.log(2)

    def generator(self, *, real: Tensor | None, fake: Tensor) -> Tensor:
        """Return -log D(G(z)), one value a picture."""
        return softplus(-fake)


LOSSES: dict[str, Loss] = {loss.key: loss for loss in (NonSaturating(), Minimax())}
