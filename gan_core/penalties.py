r"""What keeps D from growing too steep: terms added to L_D, and clipping.

A D that is nearly a step has no slope where G's pictures are, and G learns
nothing. Each penalty is one class with its weight inside, called on a batch that
D has judged; it returns one value a picture, weight included, and the trainer
takes the mean. Several may be added to any loss. They are taken at every step:
R3GAN found that now and then is not enough (Huang 2024).

The slope is that of the picture's *own* logit: D judges each picture alone, so the
gradient of the sum of all logits holds the gradient of each. With packing a "picture" is a
pack. Where D compares pictures (batch norm, minibatch deviation) the logits of the others
are in it too: WGAN-GP advises against batch norm for that reason, StyleGAN takes R1 with a
minibatch deviation all the same.

R1 and R2 differentiate the very pass that the loss is taken from, as in R3GAN's code: a
move with both takes two thirds of the time that passes of their own would take. Where D has
dropout, what is held is thus the slope of the thinned networks, the ones that teach G. The
recommended settings of losses with a penalty have no dropout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from gan_core.config import TrainConfig

# Judges samples, with their classes where it is told them.
Discriminator = Callable[..., Tensor]


class Judged:
    """Real and generated pictures, judged by D in one pass.

    Nothing flows back to the pictures, so G learns nothing from it.

    Args:
        discriminator: D.
        real: (N, ...) pictures.
        fake: (M, ...) pictures of the same kind.
        random: where a penalty draws what it needs.
        classes: the classes of the real and of the generated ones, where D is told them.
        apart: judge either kind in a pass of its own, where D compares pictures.
        attached: let gradients flow back to the generated pictures after all, as a G that
            looks ahead needs it.

    Attributes:
        on_real: D's logits on the real pictures, (N,).
        on_fake: D's logits on the generated ones, (M,).
        pairs: what D was given of either kind, (real, generated): pictures, then classes.
    """

    def __init__(
        self,
        discriminator: Discriminator,
        *,
        real: Tensor,
        fake: Tensor,
        random: torch.Generator,
        classes: tuple[Tensor, ...] = (),
        apart: bool = False,
        attached: bool = False,
    ) -> None:
        self.discriminator = discriminator
        self.real, self.fake = (real, fake) if attached else (real.detach(), fake.detach())
        self.random = random
        self._attached = attached
        self._sizes = [len(real), len(fake)]
        # One pass for both halves, where D judges each sample on its own.
        self.pairs = [(self.real, self.fake), *([classes] if classes else [])]
        parts = list(zip(*self.pairs, strict=True)) if apart else [map(torch.cat, self.pairs)]
        self._passes = [self._judge(*part) for part in parts]
        logits = [judged[0] for judged in self._passes]
        on_real, on_fake = logits if apart else logits[0].split(self._sizes)
        self.on_real: Tensor = on_real
        self.on_fake: Tensor = on_fake

    @cached_property
    def slopes(self) -> tuple[Tensor, Tensor]:
        """∇D at the real pictures (N, pixels) and at the generated ones (M, pixels)."""
        found = [gradient(*judged) for judged in self._passes]
        real, fake = found if len(found) == 2 else found[0].split(self._sizes)
        return real, fake

    def slopes_at(self, pictures: Tensor, *classes: Tensor) -> Tensor:
        """Return ∇D at other pictures (N, ...), in a pass of their own, (N, pixels)."""
        return gradient(*self._judge(pictures, *classes))

    def _judge(self, pictures: Tensor, *classes: Tensor) -> tuple[Tensor, Tensor]:
        """Return D's logits on pictures, and the pictures as they can be differentiated by."""
        if self._attached and pictures.requires_grad:
            # A node of its own: what D has learnt from these pictures is no part of the slope.
            shown = pictures.view_as(pictures)
        else:
            shown = pictures.detach().requires_grad_()
        return self.discriminator(shown, *classes), shown


class Penalty(Protocol):
    """What the trainer and the pages ask of a penalty.

    ``key`` is the field of ``TrainConfig`` that holds its weight; ``formula`` is
    LaTeX, to be written behind L_D with a plus sign.
    """

    key: ClassVar[str]
    formula: ClassVar[str]

    @property
    def weight(self) -> float: ...

    def __call__(self, judged: Judged) -> Tensor: ...


def slopes(discriminator: Discriminator, pictures: Tensor) -> Tensor:
    """Return ∇D, the gradient of each picture's logit at that picture, (N, pixels).

    It can be differentiated again, by D's weights; nothing flows back to G.
    """
    pictures = pictures.detach().requires_grad_()
    return gradient(discriminator(pictures), pictures)


def gradient(logits: Tensor, pictures: Tensor) -> Tensor:
    """Return the gradient of each logit at its picture, (N, pixels), to be differentiated again."""
    (each,) = torch.autograd.grad(logits.sum(), pictures, create_graph=True)
    return each.flatten(1)


@dataclass(frozen=True, slots=True)
class R1:
    """Zero-centred penalty on real pictures (Mescheder 2018, arXiv:1801.04406, equation 9).

    γ/2 ‖∇D(x)‖².

    Where generated and real pictures agree, D should be flat; without this term D
    and G may circle around the equilibrium for ever. The paper took γ = 10. Adds 0
    at equilibrium.
    """

    weight: float
    key: ClassVar[str] = "r1"
    formula: ClassVar[str] = r"\tfrac{\gamma_1}{2}\,\mathbb{E}\,\lVert\nabla D(x)\rVert^2"

    def __call__(self, judged: Judged) -> Tensor:
        """Return the penalty of each real picture, (N,)."""
        return self.weight / 2 * judged.slopes[0].square().sum(1)


@dataclass(frozen=True, slots=True)
class R2:
    """Zero-centred penalty on generated pictures (Mescheder 2018, arXiv:1801.04406, equation 10).

    γ/2 ‖∇D(G(z))‖².

    As R1, at the pictures where G stands. R3GAN (Huang 2024) uses both.
    """

    weight: float
    key: ClassVar[str] = "r2"
    formula: ClassVar[str] = r"\tfrac{\gamma_2}{2}\,\mathbb{E}\,\lVert\nabla D(G(z))\rVert^2"

    def __call__(self, judged: Judged) -> Tensor:
        """Return the penalty of each generated picture, (N,)."""
        return self.weight / 2 * judged.slopes[1].square().sum(1)


@dataclass(frozen=True, slots=True)
class GradientPenalty:
    """One-centred penalty between pictures (Gulrajani 2017, arXiv:1704.00028, equation 3).

    λ (‖∇D(x̂)‖ - 1)²,   x̂ = ε x + (1 - ε) G(z),   ε uniform in [0, 1], one a pair.

    With the Wasserstein loss this is WGAN-GP: the best critic of the distance has
    slope 1 on the straight lines along which the best transport moves generated
    pictures to real ones; here the pairs are drawn at random. The norm is that of one
    picture's gradient, never of the whole batch's. The paper took λ = 10; on 2-D data
    .1. Where one batch is shorter, the pairs end with it. Where D is told classes, a pair may
    be of two; they are then mixed as the pictures are, and x̂ is judged as that mixture.
    """

    weight: float
    key: ClassVar[str] = "gradient_penalty"
    formula: ClassVar[str] = r"\lambda\,\mathbb{E}\,\bigl(\lVert\nabla D(\hat x)\rVert - 1\bigr)^2"

    def __call__(self, judged: Judged) -> Tensor:
        """Return the penalty of each pair, (N,)."""
        share = shares(judged.real, judged.fake, judged.random)
        line = [between(real, fake, share) for real, fake in judged.pairs]
        slope = judged.slopes_at(*line)
        return self.weight * (torch.linalg.vector_norm(slope, dim=1) - 1).square()


def shares(real: Tensor, fake: Tensor, random: torch.Generator) -> Tensor:
    """Draw ε of each pair, uniform in [0, 1], (N,)."""
    count = min(len(real), len(fake))
    return torch.rand(count, generator=random, dtype=real.dtype)


def between(real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """Return the point at each share (N,) of the line from a generated picture to its real one."""
    share = share.view(-1, *[1] * (real.ndim - 1))
    return torch.lerp(fake[: len(share)], real[: len(share)], share)


PENALTIES: dict[str, Callable[[float], Penalty]] = {
    kind.key: kind for kind in (R1, R2, GradientPenalty)
}


def chosen(config: TrainConfig) -> list[Penalty]:
    """Return the penalties that a recipe asks for, always in the order of ``PENALTIES``."""
    weights = {key: getattr(config, key) for key in PENALTIES}
    return [PENALTIES[key](weight) for key, weight in weights.items() if weight]


@torch.no_grad()
def clip_weights(weights: Iterable[Tensor], limit: float) -> None:
    """Cut every weight and bias to [-limit, limit] (Arjovsky 2017, arXiv:1701.07875, algorithm 1).

    A bound on the weights is a bound on the slope, if a crude one: most weights
    end at ±limit. After each of D's moves.
    """
    for weight in weights:
        weight.clamp_(-limit, limit)
