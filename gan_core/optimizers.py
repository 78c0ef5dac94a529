"""How a gradient becomes a move."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor
from torch.optim import SGD, Adam, Optimizer

from gan_core.config import TrainConfig

# Annealing to nothing would end the game before it is decided.
SMALLEST_SHARE = 0.05


def adam(weights: list[Tensor], rate: float, config: TrainConfig) -> Optimizer:
    """Adam (Kingma & Ba 2015, arXiv:1412.6980): each weight's step in units of its gradients."""
    return Adam(weights, lr=rate, betas=(config.beta1, config.beta2), fused=True)


def sgd(weights: list[Tensor], rate: float, config: TrainConfig) -> Optimizer:  # noqa: ARG001
    """Plain gradient descent: w ← w - rate · ∇L. It keeps no state."""
    return SGD(weights, lr=rate, fused=True)


OPTIMIZERS: dict[str, Callable[[list[Tensor], float, TrainConfig], Optimizer]] = {
    "adam": adam,
    "sgd": sgd,
}
# What each of them remembers of every weight: tensors of its shape, and numbers.
MOMENTS: dict[str, tuple[str, ...]] = {"adam": ("exp_avg", "exp_avg_sq"), "sgd": ()}
COUNTS: dict[str, tuple[str, ...]] = {"adam": ("step",), "sgd": ()}


def remaining_share(moves: int, decay_moves: int) -> float:
    """Return the share of the learning rate left after so many moves.

    1 before the first move, then half a cosine down to 5 % at ``decay_moves``, and 5 %
    from there on. Always 1 where ``decay_moves`` is 0.
    """
    if decay_moves == 0:
        return 1.0
    swing = (1 + math.cos(math.pi * min(moves / decay_moves, 1.0))) / 2
    return SMALLEST_SHARE + (1 - SMALLEST_SHARE) * swing
