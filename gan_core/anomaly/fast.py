"""f-AnoGAN: an encoder learns once what AnoGAN searches for every picture anew."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gan_core.anomaly.scorer import Explanation, at_rest_copy, checked, explained, single
from gan_core.batches import Batches
from gan_core.config import SettingError
from gan_core.layers import LEAK, Discriminator, Generator
from gan_core.ranges import check_ranged, number, ranged
from gan_core.report import TrainingDiverged
from gan_core.state import gather_one, restore_one

# So many pictures go through the networks at a time.
BATCH = 250
LARGEST_KAPPA = 100.0


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """How the encoder learns.

    Raises:
        SettingError: (a ValueError) naming the field and its range.
    """

    # κ, the weight of the feature matching; the paper's 1.
    kappa: float = ranged(1.0, 0.0, LARGEST_KAPPA)
    # Adam's; the paper's RMSProp at 5e-5 is in no hurry.
    learning_rate: float = ranged(1e-3, 1e-6, 1.0)
    batch_size: int = ranged(32, 2, 1024)
    # The same seed gives the same first weights and batches.
    seed: int = ranged(0, 0, 2**31 - 1)

    def __post_init__(self) -> None:
        check_ranged(self)


@dataclass(frozen=True, slots=True)
class EncoderReport:
    """What one step of the encoder measured, before its move.

    Attributes:
        iteration: how many steps are done.
        loss: the mean of ``encoder_loss`` over the batch.
        residual: its first term: mean squared error of a pixel in [-1, 1].
        matching: its second term, κ included.
    """

    iteration: int
    loss: float
    residual: float
    matching: float


class Encoder(nn.Module):
    """Reads z off a picture: 28×28 → 14×14 → 7×7 → latent_dim, with batch normalisation."""

    WIDTH = 24

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        narrow, wide = self.WIDTH, 2 * self.WIDTH
        self.net = nn.Sequential(
            nn.Conv2d(1, narrow, 4, stride=2, padding=1),
            nn.LeakyReLU(LEAK),
            nn.Conv2d(narrow, wide, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(wide),
            nn.LeakyReLU(LEAK),
            nn.Flatten(),
            nn.Linear(wide * 7 * 7, latent_dim),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Turn pictures (N, 1, 28, 28) in [-1, 1] into points (N, latent_dim)."""
        return self.net(x)


def build_encoder(latent_dim: int, random: torch.Generator) -> Encoder:
    """Return a fresh encoder; draws only from ``random``, uniform within ±1/√fan_in."""
    with torch.device("meta"):  # no draw from the shared random numbers
        encoder = Encoder(latent_dim)
    encoder.to_empty(device="cpu").to(memory_format=torch.channels_last)
    for layer in encoder.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_parameters()
        elif isinstance(layer, nn.Linear | nn.Conv2d):
            bound = layer.weight[0].numel() ** -0.5
            for weight in layer.parameters():
                nn.init.uniform_(weight, -bound, bound, generator=random)
    return encoder


def encoder_terms(
    images: Tensor, made: Tensor, seen: Tensor, felt: Tensor, *, kappa: float
) -> tuple[Tensor, Tensor]:
    """Return the two terms of f-AnoGAN's loss, which is its score too (Schlegl 2019).

    |x - G(E(x))|² / n + κ / n_d · |f(x) - f(G(E(x)))|²,   the paper's
    "izi_f"; n pixels in [-1, 1], n_d features.

    Args:
        images: x, (N, 1, 28, 28).
        made: G(E(x)), likewise.
        seen: f(x), (N, F), D's last hidden features of the pictures.
        felt: f(G(E(x))), likewise.
        kappa: κ.
    """
    residual = (images - made).square().flatten(1).mean(1)
    matching = kappa * (seen - felt).square().mean(1)
    return residual, matching


class FastAnoGan:
    """f-AnoGAN (Schlegl 2019, Medical Image Analysis 54): one look instead of a search.

    Its G and D are those of AnoGAN here; the paper trains a Wasserstein GAN with a gradient
    penalty.

    Args:
        encoder: E; the scorer keeps a copy as it is now.
        generator: G, likewise.
        discriminator: D of single pictures, likewise.
        kappa: κ, the weight of the feature matching.

    Raises:
        SettingError: (a ValueError) if κ is out of range or D judges packs.
    """

    def __init__(
        self,
        encoder: Encoder,
        generator: Generator,
        discriminator: Discriminator,
        kappa: float = 1.0,
    ) -> None:
        self._kappa = number("kappa", kappa, 0.0, LARGEST_KAPPA)
        self._encoder = at_rest_copy(encoder)
        self._generator = at_rest_copy(generator)
        self._discriminator = at_rest_copy(single(discriminator))

    @torch.no_grad()
    def score(self, images: Tensor) -> Tensor:
        """Return the encoder's loss on each picture, (N,)."""
        return torch.cat([self._score(part) for part in checked(images).split(BATCH)])

    @torch.no_grad()
    def explain(self, images: Tensor) -> Explanation:
        """Return G(E(x)) of each picture."""
        parts = checked(images).split(BATCH)
        return explained(images, torch.cat([self._made_again(part) for part in parts]))

    def _score(self, images: Tensor) -> Tensor:
        made = self._made_again(images)
        seen, felt = self._discriminator.features(images), self._discriminator.features(made)
        residual, matching = encoder_terms(images, made, seen, felt, kappa=self._kappa)
        return residual + matching

    def _made_again(self, images: Tensor) -> Tensor:
        return self._generator(self._encoder(images))


class EncoderTrainer:
    """An encoder in training against a G and a D that stay as they are.

    The object is the state; ``run`` is a view of it.

    Args:
        settings: how it learns.
        generator: G; the trainer keeps a copy as it is now.
        discriminator: D of single pictures, likewise.
        data: N ≥ 2 normal pictures (N, 1, 28, 28) in [-1, 1].

    Raises:
        SettingError: (a ValueError) if the data are no such pictures or D judges packs.

    First weights and batches depend on ``settings.seed`` alone; torch's global random numbers
    are never touched.
    """

    def __init__(
        self,
        settings: EncoderSettings,
        generator: Generator,
        discriminator: Discriminator,
        data: Tensor,
    ) -> None:
        if len(checked(data, "data")) < 2:
            raise SettingError("data", "at least 2 pictures", len(data))
        self.settings = settings
        self.random = torch.Generator().manual_seed(settings.seed)
        self.generator = at_rest_copy(generator)
        self.discriminator = at_rest_copy(single(discriminator))
        self.encoder = build_encoder(generator.latent_dim, self.random)
        self.iteration = 0
        self._weights = list(self.encoder.parameters())
        self._adam = torch.optim.Adam(self._weights, lr=settings.learning_rate, fused=True)
        self._batches = Batches(data, settings.batch_size, settings.seed)

    @property
    def epoch(self) -> float:
        """How often the encoder has seen all pictures."""
        return self._batches.epoch

    def run(self, iterations: int) -> Iterator[EncoderReport]:
        """Train, yielding after each step; stop iterating to pause."""
        for _ in range(iterations):
            yield self.step()

    def step(self) -> EncoderReport:
        """Let the encoder move once.

        Raises:
            TrainingDiverged: before a move whose loss is not finite.
        """
        images = self._batches.next()
        made = self.generator(self.encoder(images))
        felt, seen = self.discriminator.features(made), self.discriminator.features(images)
        terms = encoder_terms(images, made, seen, felt, kappa=self.settings.kappa)
        residual, matching = (term.mean() for term in terms)
        loss = residual + matching
        if not math.isfinite(loss.item()):
            raise TrainingDiverged(self.iteration + 1, "the encoder's loss")
        for weight, gradient in zip(
            self._weights, torch.autograd.grad(loss, self._weights), strict=True
        ):
            weight.grad = gradient
        self._adam.step()
        self.iteration += 1
        return EncoderReport(self.iteration, loss.item(), residual.item(), matching.item())

    # State --------------------------------------------------------------------

    def state_dict(self) -> dict[str, Tensor]:
        """Return everything that training depends on, as flat named tensors.

        A trainer with the same settings, players and data that loads it continues bit for bit.
        """
        return gather_one(
            {"encoder": self.encoder}, self._adam, self.random, self._batches, self.iteration
        )

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Take over a state from :meth:`state_dict` of a trainer with the same settings.

        Raises:
            ValueError: if a tensor is missing or has another shape.
        """
        self.iteration = restore_one(
            state, {"encoder": self.encoder}, self._adam, self.random, self._batches, of="encoder"
        )

    # Looking ------------------------------------------------------------------

    def scorer(self) -> FastAnoGan:
        """Return f-AnoGAN with the encoder as it is now; training may go on."""
        return FastAnoGan(self.encoder, self.generator, self.discriminator, self.settings.kappa)
