"""The players: generators and discriminators for 28×28 grey pictures, and their registry.

Every discriminator returns *logits*; the sigmoid belongs to the loss.
Nothing here touches torch's global random numbers: weights and dropout masks
are drawn from the ``torch.Generator`` that the trainer owns.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gan_core.conditional import CLASSES, ConditionalGenerator, ProjectionDiscriminator
from gan_core.config import POINT_MODEL, TrainConfig
from gan_core.layers import (
    LEAK,
    BatchNorm,
    Discriminator,
    Dropout,
    Encoder,
    Generator,
    normed,
    verdict,
)
from gan_core.points.nets import PointDiscriminator, PointGenerator
from gan_core.spectral import add_spectral_norm, start_spectral_norm

IMAGE_SHAPE = (1, 28, 28)
PIXELS = math.prod(IMAGE_SHAPE)


class MLPGenerator(Generator):
    """The lesson's generator: 100 → 256 → 512 → 1024 → 784, tanh.

    1,486,352 parameters with 100 latent coordinates.
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__(latent_dim)
        self.net = nn.Sequential(
            nn.Linear(latent_dim, 256),
            nn.LeakyReLU(LEAK),
            nn.Linear(256, 512),
            nn.LeakyReLU(LEAK),
            nn.Linear(512, 1024),
            nn.LeakyReLU(LEAK),
            nn.Linear(1024, PIXELS),
            nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Tensor:
        """Turn noise (N, latent_dim) into pictures (N, 1, 28, 28) in [-1, 1]."""
        return self.net(z).view(-1, *IMAGE_SHAPE)


class MLPDiscriminator(Discriminator):
    """The lesson's discriminator: 784 → 1024 → 512 → 256 → 1, dropout 0.3.

    1,460,225 parameters. With ``packing`` m it judges m pictures together, 784m numbers.
    """

    def __init__(
        self,
        dropout: float,
        *,
        packing: int = 1,
        minibatch_stddev: bool = False,
        batch_norm: bool = False,
    ) -> None:
        super().__init__(packing)
        self.net = nn.Sequential(
            nn.Flatten(),
            *normed(nn.Linear(PIXELS * packing, 1024), batch_norm=batch_norm),
            nn.LeakyReLU(LEAK),
            Dropout(dropout),
            *normed(nn.Linear(1024, 512), batch_norm=batch_norm),
            nn.LeakyReLU(LEAK),
            Dropout(dropout),
            *normed(nn.Linear(512, 256), batch_norm=batch_norm),
            nn.LeakyReLU(LEAK),
            Dropout(dropout),
            *verdict(256, minibatch_stddev=minibatch_stddev),
        )


class ConvGenerator(Generator):
    """A small DCGAN generator (Radford 2016): 7×7 → 14×14 → 28×28."""

    WIDTH = 24

    def __init__(self, latent_dim: int) -> None:
        super().__init__(latent_dim)
        wide, narrow = 2 * self.WIDTH, self.WIDTH
        self.net = nn.Sequential(
            nn.Linear(latent_dim, wide * 7 * 7, bias=False),
            nn.Unflatten(1, (wide, 7, 7)),
            nn.BatchNorm2d(wide),
            nn.ReLU(),
            nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(narrow),
            nn.ReLU(),
            nn.ConvTranspose2d(narrow, 1, 4, stride=2, padding=1),
            nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Tensor:
        """Turn noise (N, latent_dim) into pictures (N, 1, 28, 28) in [-1, 1]."""
        return self.net(z)


class ConvDiscriminator(Discriminator):
    """The mirror of :class:`ConvGenerator`, without batch normalisation unless it is asked for.

    Without it every picture is judged on its own, so real and fake may share
    one pass, and penalties on single pictures stay meaningful. With ``packing`` m it judges
    m pictures together, as channels.
    """

    WIDTH = 24

    def __init__(
        self,
        dropout: float,
        *,
        packing: int = 1,
        minibatch_stddev: bool = False,
        batch_norm: bool = False,
    ) -> None:
        super().__init__(packing)
        narrow, wide = self.WIDTH, 2 * self.WIDTH
        first = nn.Conv2d(packing, narrow, 4, stride=2, padding=1)
        second = nn.Conv2d(narrow, wide, 4, stride=2, padding=1)
        self.net = nn.Sequential(
            *normed(first, batch_norm=batch_norm),
            nn.LeakyReLU(LEAK),
            Dropout(dropout),
            *normed(second, batch_norm=batch_norm),
            nn.LeakyReLU(LEAK),
            Dropout(dropout),
            nn.Flatten(),
            *verdict(wide * 7 * 7, minibatch_stddev=minibatch_stddev),
        )


@dataclass(frozen=True, slots=True)
class ModelPair:
    """A generator, a discriminator and the way their weights start.

    Attributes:
        generator: makes G from latent_dim, and from the settings in ``sized_by`` by name.
        discriminator: makes D from dropout, what else D may have, and likewise.
        initialise: draws the weights.
        sample_shape: the shape of one sample; the data are (N, *sample_shape).
        sized_by: the settings that size both players.
    """

    key: str
    generator: Callable[..., Generator]
    discriminator: Callable[..., Discriminator]
    initialise: Callable[[nn.Module, torch.Generator], None]
    sample_shape: tuple[int, ...] = IMAGE_SHAPE
    sized_by: tuple[str, ...] = ()

    def new_generator(self, config: TrainConfig) -> Generator:
        """Return G as the recipe sizes it."""
        if config.conditional == "on":
            plain = self.generator(config.latent_dim + CLASSES, **self._size(config))
            return ConditionalGenerator(plain, self.sample_shape)
        return self.generator(config.latent_dim, **self._size(config))

    def new_discriminator(self, config: TrainConfig) -> Discriminator:
        """Return D as the recipe sizes it."""
        plain = self.discriminator(
            config.dropout,
            packing=config.packing,
            minibatch_stddev=config.minibatch_stddev == "on",
            batch_norm=config.batch_norm == "on",
            **self._size(config),
        )
        return ProjectionDiscriminator(plain) if config.conditional == "on" else plain

    def new_encoder(self, config: TrainConfig) -> Encoder:
        """Return the encoder of a VAE: D's layers with another end, and no remedy of D's.

        Dropout, packs and all that is said of a batch serve the game; here is none.
        """
        layers = self.discriminator(0.0, **self._size(config)).net
        end = layers[-1]
        assert isinstance(end, nn.Linear)
        return Encoder(layers[:-1], end.in_features, config.latent_dim)

    def _size(self, config: TrainConfig) -> dict[str, int]:
        return {name: getattr(config, name) for name in self.sized_by}


def build_generator(config: TrainConfig, random: torch.Generator) -> Generator:
    """Return a freshly initialised generator; draws only from ``random``."""
    with torch.device("meta"):  # no weights yet: torch would draw them from the shared numbers
        generator = MODELS[config.model].new_generator(config)
    _prepare(generator, config, random)
    return generator


def build_discriminator(config: TrainConfig, random: torch.Generator) -> Discriminator:
    """Return a freshly initialised discriminator; draws only from ``random``."""
    with torch.device("meta"):
        discriminator = MODELS[config.model].new_discriminator(config)
    _prepare(discriminator, config, random)
    if config.spectral_norm == "on":
        add_spectral_norm(discriminator)
        start_spectral_norm(discriminator, random)
    return discriminator


def build_encoder(config: TrainConfig, random: torch.Generator) -> Encoder:
    """Return a freshly initialised encoder of a VAE; draws only from ``random``."""
    with torch.device("meta"):
        encoder = MODELS[config.model].new_encoder(config)
    _prepare(encoder, config, random)
    return encoder


def without_weights(config: TrainConfig) -> tuple[Generator, Discriminator]:
    """Return both players as shapes only, to compare a file with."""
    with torch.device("meta"):
        generator = MODELS[config.model].new_generator(config)
        discriminator = MODELS[config.model].new_discriminator(config)
        if config.spectral_norm == "on":
            add_spectral_norm(discriminator)
    return generator, discriminator


def _prepare(module: nn.Module, config: TrainConfig, random: torch.Generator) -> None:
    module.to_empty(device="cpu")
    module.to(memory_format=torch.channels_last)  # convolutions run a sixth faster on CPUs
    MODELS[config.model].initialise(module, random)
    for layer in module.modules():
        if isinstance(layer, Dropout):
            layer.random = random


def count_parameters(module: nn.Module) -> int:
    """Return how many numbers training may change."""
    return sum(parameter.numel() for parameter in module.parameters())


@torch.no_grad()
def torch_default_weights(module: nn.Module, random: torch.Generator) -> None:
    """Draw weights as ``nn.Linear`` does by default: uniform within ±1/√fan_in."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            bound = layer.in_features**-0.5
            layer.weight.uniform_(-bound, bound, generator=random)
            if layer.bias is not None:
                layer.bias.uniform_(-bound, bound, generator=random)
        elif isinstance(layer, BatchNorm):
            layer.reset()


@torch.no_grad()
def dcgan_weights(module: nn.Module, random: torch.Generator) -> None:
    """Draw weights from N(0, .02²), biases at 0 (Radford 2016, section 4)."""
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
            layer.weight.normal_(1.0, 0.02, generator=random)
            layer.bias.zero_()
        elif isinstance(layer, BatchNorm):
            layer.reset()
            layer.weight.normal_(1.0, 0.02, generator=random)
        elif isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            layer.weight.normal_(0.0, 0.02, generator=random)
            if layer.bias is not None:
                layer.bias.zero_()


MODELS: dict[str, ModelPair] = {
    pair.key: pair
    for pair in (
        ModelPair("mlp", MLPGenerator, MLPDiscriminator, torch_default_weights),
        ModelPair("dcgan", ConvGenerator, ConvDiscriminator, dcgan_weights),
        ModelPair(
            POINT_MODEL,
            PointGenerator,
            PointDiscriminator,
            torch_default_weights,
            sample_shape=(2,),
            sized_by=("layers", "width"),
        ),
    )
}
