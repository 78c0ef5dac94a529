"""The players of the playground: plain networks between noise, points and verdicts."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from gan_core.layers import Discriminator, Dropout, Generator, normed, verdict

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


class PointDiscriminator(Discriminator):
    """A judge of points: x, y → ``layers`` times (``width`` units, ReLU) → one logit.

    With ``packing`` m it judges m points together, 2m numbers.
    """

    def __init__(
        self,
        dropout: float,
        *,
        layers: int = LAYERS,
        width: int = WIDTH,
        packing: int = 1,
        minibatch_stddev: bool = False,
        batch_norm: bool = False,
    ) -> None:
        super().__init__(packing)
        sizes = [2 * packing, *[width] * layers]
        hidden = [
            part
            for inputs, outputs in pairwise(sizes)
            for part in (
                *normed(nn.Linear(inputs, outputs), batch_norm=batch_norm),
                nn.ReLU(),
                Dropout(dropout),
            )
        ]
        self.net = nn.Sequential(*hidden, *verdict(sizes[-1], minibatch_stddev=minibatch_stddev))


def _stack(sizes: list[int]) -> nn.Sequential:
    """Return linear layers of these sizes, with a ReLU after each but the last."""
    parts: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes[:-1]):
        parts += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*parts, nn.Linear(sizes[-2], sizes[-1]))
