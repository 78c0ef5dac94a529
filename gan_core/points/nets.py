"""The players of the playground: plain networks between noise, points and verdicts."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from gan_core.layers import Dropout, Generator

LAYERS = 3
WIDTH = 128


class PointGenerator(Generator):
    """A generator of points: noise → ``layers`` times (``width`` units, ReLU) → x, y.

    With no hidden layer it is a linear map, which turns noise into a Gaussian or a
    parallelogram and into nothing else. No tanh at the end: data may lie anywhere.
    """

    def __init__(self, latent_dim: int, *, layers: int = LAYERS, width: int = WIDTH) -> None:
        super().__init__(latent_dim)
        self.net = _stack([latent_dim, *[width] * layers, 2])

    def forward(self, z: Tensor) -> Tensor:
        """Turn noise (N, latent_dim) into points (N, 2)."""
        return self.net(z)


class PointDiscriminator(nn.Module):
    """A judge of points: x, y → ``layers`` times (``width`` units, ReLU) → one logit."""

    def __init__(self, dropout: float, *, layers: int = LAYERS, width: int = WIDTH) -> None:
        super().__init__()
        self.net = _stack([2, *[width] * layers, 1], dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Score points (N, 2): one logit each, (N,); above 0 means "real"."""
        return self.net(x).squeeze(1)


def _stack(sizes: list[int], *, dropout: float | None = None) -> nn.Sequential:
    """Return linear layers of these sizes, with a ReLU (and dropout) after each but the last."""
    parts: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes[:-1]):
        parts += [nn.Linear(inputs, outputs), nn.ReLU()]
        if dropout is not None:
            parts.append(Dropout(dropout))
    return nn.Sequential(*parts, nn.Linear(sizes[-2], sizes[-1]))
