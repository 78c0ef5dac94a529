"""What the players of every model are made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn

LEAK = 0.2


class Dropout(nn.Module):
    """Dropout whose masks come from a given generator (Srivastava 2014).

    ``nn.Dropout`` draws from the process-wide random numbers, which thirty
    students share; a run could then not be repeated.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability
        self.random: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.probability == 0:
            return x
        return x * self.mask(x)

    def mask(self, x: Tensor) -> Tensor:
        """Draw a mask of zeros and 1/(1-p), so that the mean of x is kept.

        Sixteen random bits decide on each unit: p is exact to 1/65536, and one
        draw of the generator serves four units where ``bernoulli_`` takes one each.
        """
        keep = 1 - self.probability
        draws = torch.empty(-(-x.numel() // 4), dtype=torch.int64)
        draws.random_(-(2**63), None, generator=self.random)
        bits = draws.view(torch.int16)[: x.numel()].view(x.shape)
        return (bits < round(keep * 65536) - 32768).to(x.dtype).div_(keep)


class Generator(nn.Module):
    """A network that turns noise (N, latent_dim) into pictures or points."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
