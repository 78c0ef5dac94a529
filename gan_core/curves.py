"""The losses as curves: what one picture costs each player, and which way it is pushed.

Nothing is written out a second time: values and slopes come from the very classes
that train, the slopes by autograd, in float64.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from gan_core.losses import LOSSES, Loss
from gan_core.theory import gradient_ratio, parallel_lines

REACH = 8.0
POINTS = 241
# What D may say of a picture: from fooled to sure, at the ratios 1, 9, 99 and 999.
STOPS = (0.999, 0.99, 0.9, 0.5, 0.1, 0.01, 0.001)
LINE_REACH = 2.0
LINE_POINTS = 81


def logit_of(probability: float) -> float:
    """Return the logit at which D's probability is this, in (0, 1)."""
    return math.log(probability / (1 - probability))


@lru_cache(maxsize=1)
def logit_grid() -> tuple[float, ...]:
    """Return 241 even logits from -8 to 8 and those of ``STOPS``, in order, none twice."""
    even = [REACH * (2 * index / (POINTS - 1) - 1) for index in range(POINTS)]
    return tuple(sorted({*even, *(logit_of(stop) for stop in STOPS)}))


@dataclass(frozen=True, slots=True)
class Curve:
    """A loss of one picture and its slope dL/dlogit, both of shape (logits,)."""

    values: tuple[float, ...]
    slopes: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LossCurves:
    """One loss against the logit of a picture, on ``logit_grid``.

    Where the loss compares pictures (``Loss.compares``) the partner's logit is 0,
    so that the logit is the lead over the partner.

    Attributes:
        on_real: D's loss on a real picture.
        on_fake: D's loss on a generated one.
        generator: G's loss on a generated one.
        together: L_D where the real picture has risen above the equilibrium verdict as
            far as the fake has fallen below it, against the fake's logit; it goes
            through ``discriminator_at_equilibrium``.
        verdict: what D says of the picture: a probability, or the score itself.
    """

    on_real: Curve
    on_fake: Curve
    generator: Curve
    together: Curve
    verdict: tuple[float, ...]


@lru_cache(maxsize=len(LOSSES))
def loss_curves(key: str) -> LossCurves:
    """Measure a loss of the registry on the grid; kept for the next visitor.

    Raises:
        KeyError: if there is no such loss.
    """
    loss = LOSSES[key]
    still = torch.zeros(len(logit_grid()), dtype=torch.float64)
    centre = 2 * _logit_at_equilibrium(loss)

    def together(logits: Tensor) -> Tensor:
        real = still if loss.compares else centre - logits
        return sum_of(loss.discriminator_terms(real=real, fake=logits))

    return LossCurves(
        on_real=_measure(lambda t: _depending(loss.discriminator_terms(real=t, fake=still))),
        on_fake=_measure(lambda t: _depending(loss.discriminator_terms(real=still, fake=t))),
        generator=_measure(lambda t: loss.generator(real=still, fake=t)),
        together=_measure(together),
        verdict=tuple(loss.verdict(_logits()).tolist()),
    )


def gradient_ratios() -> tuple[float, ...]:
    """Return by how much the non-saturating gradient is larger, (1 - D)/D, on the grid.

    1 at D = .5, then 9, 99 and 999 at .1, .01 and .001 (Goodfellow 2014, section 3).
    """
    return tuple(gradient_ratio(logit_grid()).tolist())


@dataclass(frozen=True, slots=True)
class LinesCurve:
    """The distances of two parallel lines against their gap θ, each of shape (81,).

    ``theory.parallel_lines`` at even θ from -2 to 2; exactly 0 is among them.
    """

    theta: tuple[float, ...]
    jsd: tuple[float, ...]
    kl: tuple[float, ...]
    tv: tuple[float, ...]
    w1: tuple[float, ...]


@lru_cache(maxsize=1)
def lines_curve() -> LinesCurve:
    """Measure the parallel lines of WGAN's example 1 (Arjovsky 2017) on a grid of θ."""
    half = LINE_POINTS // 2
    theta = tuple(LINE_REACH * (index - half) / half for index in range(LINE_POINTS))
    seen = [parallel_lines(value) for value in theta]
    return LinesCurve(
        theta,
        jsd=tuple(one.jsd for one in seen),
        kl=tuple(one.kl_pq for one in seen),
        tv=tuple(one.tv for one in seen),
        w1=tuple(one.w1 for one in seen),
    )


def paper(thing: object) -> str:
    """Return the source that a docstring names: in brackets at the end of its first line.

    ``"Hinge loss (Lim & Ye 2017, arXiv:1705.02894)."`` → ``"Lim & Ye 2017, …"``. Failing
    that, the first that the text gives with its arXiv number in brackets.

    Raises:
        ValueError: if it names none.
    """
    text = inspect.getdoc(thing) or ""
    if found := re.search(r"\((.+)\)\.$", text.partition("\n")[0]):
        return found[1]
    if found := re.search(r"(\w+ \d{4}) \((arXiv:[\d.]+[^)]*)\)", text):
        return f"{found[1]}, {found[2]}"
    raise ValueError(f"no source in {text[:80]!r}")


def sum_of(terms: tuple[Tensor, ...]) -> Tensor:
    """Return the sum of the terms of L_D, one value a picture."""
    return torch.stack(terms).sum(0)


def _depending(terms: tuple[Tensor, ...]) -> Tensor:
    """Return the sum of the terms in which the picture that moves has a say."""
    return sum_of(tuple(term for term in terms if term.requires_grad))


def _measure(loss: Callable[[Tensor], Tensor]) -> Curve:
    logits = _logits().requires_grad_()
    values = loss(logits)
    (slopes,) = torch.autograd.grad(values.sum(), logits)
    return Curve(tuple(values.tolist()), tuple(slopes.tolist()))


def _logits() -> Tensor:
    return torch.tensor(logit_grid(), dtype=torch.float64)


def _logit_at_equilibrium(loss: Loss) -> float:
    """Return D's logit at p = q; 0 where any constant would do."""
    verdict = loss.verdict_at_equilibrium
    if verdict is None:
        return 0.0
    return verdict if loss.verdict_range is None else logit_of(verdict)
