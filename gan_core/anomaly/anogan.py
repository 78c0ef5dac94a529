"""AnoGAN: search the z whose picture is nearest; how near it comes is the score."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.anomaly.scorer import Explanation, at_rest_copy, checked, explained, single
from gan_core.latent import draw
from gan_core.layers import Discriminator, Generator
from gan_core.ranges import check_ranged, ranged

# So many pictures are searched for side by side, each with all its restarts.
BATCH = 100


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """How AnoGAN searches.

    Raises:
        SettingError: (a ValueError) naming the field and its range.
    """

    # λ, the weight of the feature matching; the paper's .1.
    feature_weight: float = ranged(0.1, 0.0, 1.0)
    # Starting points a picture: one alone may end in a poor valley.
    restarts: int = ranged(2, 1, 16)
    # The paper takes 500 of Adam from one start. Beyond some fifty with this rate the loss still
    # falls, but as much for anomalies.
    steps: int = ranged(60, 1, 2000)
    learning_rate: float = ranged(0.1, 1e-4, 10.0)
    # The same starting points for every picture: a score does not depend on its company.
    seed: int = ranged(0, 0, 2**31 - 1)

    def __post_init__(self) -> None:
        check_ranged(self)


@dataclass(frozen=True, slots=True)
class Found:
    """Where a search for N pictures stands.

    Attributes:
        step: how many of ``steps`` are done.
        steps: how many there will be.
        losses: (N, restarts) the loss of each starting point now.
        z: (N, latent_dim) the best point so far for each picture.
        scores: (N,) the loss there.
    """

    step: int
    steps: int
    losses: Tensor
    z: Tensor
    scores: Tensor


def search_loss(
    images: Tensor, made: Tensor, seen: Tensor, felt: Tensor, *, feature_weight: float
) -> Tensor:
    """Return AnoGAN's loss of each picture, (N,) (Schlegl 2017, arXiv:1703.05921).

    (1 - λ) Σ|x - G(z)| + λ Σ|f(x) - f(G(z))|,   sums over pixels in [-1, 1] and over features.

    Args:
        images: x, (N, 1, 28, 28).
        made: G(z), likewise.
        seen: f(x), (N, F), D's last hidden features of the pictures.
        felt: f(G(z)), likewise.
        feature_weight: λ.
    """
    residual = (images - made).abs().flatten(1).sum(1)
    matching = (seen - felt).abs().sum(1)
    return (1 - feature_weight) * residual + feature_weight * matching


class AnoGan:
    """AnoGAN (Schlegl 2017, arXiv:1703.05921): the loss that a search over z ends with.

    G and D have learned the normal pictures and stay as they are. An anomaly is what G cannot
    make: no z brings the loss down. The score is the lowest loss met on the way, from several
    starting points side by side; the paper's is the last of one.

    Args:
        generator: G; the scorer keeps a copy as it is now.
        discriminator: D of single pictures, likewise.

    Raises:
        SettingError: (a ValueError) if D judges packs.
    """

    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        settings: SearchSettings | None = None,
    ) -> None:
        self.settings = settings or SearchSettings()
        self._generator = at_rest_copy(generator)
        self._discriminator = at_rest_copy(single(discriminator))

    def search(self, images: Tensor) -> Iterator[Found]:
        """Search for pictures (N, 1, 28, 28), all at once; stop iterating to cancel.

        Yields after each step.
        """
        settings = self.settings
        count, restarts = len(checked(images)), settings.restarts
        seen = self._discriminator.features(images).repeat_interleave(restarts, 0)
        wanted = images.repeat_interleave(restarts, 0)
        starts = draw(restarts, self._generator.latent_dim, settings.seed).to(images.dtype)
        z = starts.repeat(count, 1).requires_grad_()
        adam = torch.optim.Adam([z], lr=settings.learning_rate)
        best = starts[:1].repeat(count, 1)
        scores = torch.full((count,), torch.inf, dtype=images.dtype)
        for step in range(1, settings.steps + 1):
            made = self._generator(z)
            felt = self._discriminator.features(made)
            loss = search_loss(wanted, made, seen, felt, feature_weight=settings.feature_weight)
            losses = loss.detach().view(count, restarts)
            lowest, which = losses.min(1)
            points = z.detach().view(count, restarts, -1)[torch.arange(count), which]
            best = torch.where((lowest < scores)[:, None], points, best)
            scores = torch.minimum(lowest, scores)
            yield Found(step, settings.steps, losses, best, scores)
            # Adam moves each number by its own gradients alone: no picture feels another.
            (z.grad,) = torch.autograd.grad(loss.sum(), [z])
            adam.step()

    def score(self, images: Tensor, seen: Callable[[int], object] = lambda _count: None) -> Tensor:
        """Return the lowest loss found for each picture, (N,).

        ``seen`` is told of how many pictures each part was.
        """
        return torch.cat([found.scores for found in self._searched(images, seen)])

    def explain(self, images: Tensor) -> Explanation:
        """Return the nearest picture that the search made of each."""
        z = torch.cat([found.z for found in self._searched(images, lambda _count: None)])
        return self.explained(images, z)

    @torch.no_grad()
    def explained(self, images: Tensor, z: Tensor) -> Explanation:
        """Return pictures against those of the points (N, latent_dim) that were found for them."""
        return explained(images, self._generator(z))

    def _searched(self, images: Tensor, seen: Callable[[int], object]) -> Iterator[Found]:
        for part in checked(images).split(BATCH):
            *_, last = self.search(part)
            yield last
            seen(len(part))
