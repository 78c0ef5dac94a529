"""The average of G's weights over its last moves, which is what is shown."""

from __future__ import annotations

import copy

import torch

from gan_core.layers import Generator


def average_of(generator: Generator) -> Generator:
    """Return an average that begins as G is now; it is never trained."""
    return copy.deepcopy(generator).eval()


@torch.no_grad()
def follow(average: Generator, generator: Generator, decay: float, moves: int) -> None:
    """Move the average a step towards G: kept ← β kept + (1 - β) G.

    An exponential moving average (Yazıcı 2019, arXiv:1806.04498). It lies in the middle of
    what G circles around; it does not change the game. A young average would remember the
    untrained weights, so β grows with G's moves up to ``decay``.
    """
    decay = min(decay, (1 + moves) / (10 + moves))
    torch._foreach_lerp_(list(average.parameters()), list(generator.parameters()), weight=1 - decay)
    for kept, current in zip(average.buffers(), generator.buffers(), strict=True):
        kept.copy_(current)
