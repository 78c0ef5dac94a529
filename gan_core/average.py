"""The average of a network's weights over its last moves, which is what is shown."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def average_of(network: Network) -> Network:
    """Return an average that begins as the network is now; it is never trained."""
    return copy.deepcopy(network).eval()


@torch.no_grad()
def follow(average: Network, network: Network, decay: float, moves: int) -> None:
    """Move the average a step towards the network: kept ← β kept + (1 - β) weight.

    An exponential moving average (Yazıcı 2019, arXiv:1806.04498). It lies in the middle of
    what G circles around; it does not change the game. A young average would remember the
    untrained weights, so β grows with the network's moves up to ``decay``.
    """
    decay = min(decay, (1 + moves) / (10 + moves))
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), weight=1 - decay)
    for kept, current in zip(average.buffers(), network.buffers(), strict=True):
        kept.copy_(current)
