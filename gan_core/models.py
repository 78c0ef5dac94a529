"""The players: generators and discriminators for 28×28 grey pictures.

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

from gan_core.config import TrainConfig
from gan_core.spectral import add_spectral_norm, start_spectral_norm

IMAGE_SHAPE = (1, 28, 28)
PIXELS = math.prod(IMAGE_SHAPE)
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
    """A network that turns noise (N, latent_dim) into pictures (N, 1, 28, 28)."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim


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


class MLPDiscriminator(nn.Module):
    """The lesson's discriminator: 784 → 1024 → 512 → 256 → 1, dropout 0.3.

    1,460,225 parameters.
    """

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(),
            nn.Linear(PIXELS, 1024),
            nn.LeakyReLU(LEAK),
            Dropout(dropout),
            nn.Linear(1024, 512),
            nn.LeakyReLU(LEAK),
            Dropout(dropout),
            nn.Linear(512, 256),
            nn.LeakyReLU(LEAK),
            Dropout(dropout),
            nn.Linear(256, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Score pictures (N, 1, 28, 28): one logit each, (N,); above 0 means "real"."""
        return self.net(x).squeeze(1)


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


class ConvDiscriminator(nn.Module):
    """The mirror of :class:`ConvGenerator`, without batch normalisation.

    Without it every picture is judged on its own, so real and fake may share
    one pass, and penalties on single pictures stay meaningful.
    """

    WIDTH = 24

    def __init__(self, dropout: float) -> None:
        super().__init__()
        narrow, wide = self.WIDTH, 2 * self.WIDTH
        self.net = nn.Sequential(
            nn.Conv2d(1, narrow, 4, stride=2, padding=1),
            nn.LeakyReLU(LEAK),
            Dropout(dropout),
            nn.Conv2d(narrow, wide, 4, stride=2, padding=1),
            nn.LeakyReLU(LEAK),
            Dropout(dropout),
            nn.Flatten(),
            nn.Linear(wide * 7 * 7, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Score pictures (N, 1, 28, 28): one logit each, (N,); above 0 means "real"."""
        return self.net(x).squeeze(1)


@dataclass(frozen=True, slots=True)
class ModelPair:
    """A generator, a discriminator and the way their weights start."""

    key: str
    generator: Callable[[int], Generator]
    discriminator: Callable[[float], nn.Module]
    initialise: Callable[[nn.Module, torch.Generator], None]


def build_generator(config: TrainConfig, random: torch.Generator) -> Generator:
    """Return a freshly initialised generator; draws only from ``random``."""
    with torch.device("meta"):  # no weights yet: torch would draw them from the shared numbers
        generator = MODELS[config.model].generator(config.latent_dim)
    _prepare(generator, config, random)
    return generator


def build_discriminator(config: TrainConfig, random: torch.Generator) -> nn.Module:
    """Return a freshly initialised discriminator; draws only from ``random``."""
    with torch.device("meta"):
        discriminator = MODELS[config.model].discriminator(config.dropout)
    _prepare(discriminator, config, random)
    if config.spectral_norm == "on":
        add_spectral_norm(discriminator)
        start_spectral_norm(discriminator, random)
    return discriminator


def without_weights(config: TrainConfig) -> tuple[Generator, nn.Module]:
    """Return both players as shapes only, to compare a file with."""
    with torch.device("meta"):
        generator = MODELS[config.model].generator(config.latent_dim)
        discriminator = MODELS[config.model].discriminator(config.dropout)
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


@torch.no_grad()
def dcgan_weights(module: nn.Module, random: torch.Generator) -> None:
    """Draw weights from N(0, .02²), biases at 0 (Radford 2016, section 4)."""
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
            layer.weight.normal_(1.0, 0.02, generator=random)
            layer.bias.zero_()
        elif isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            layer.weight.normal_(0.0, 0.02, generator=random)
            if layer.bias is not None:
                layer.bias.zero_()


MODELS: dict[str, ModelPair] = {
    pair.key: pair
    for pair in (
        ModelPair("mlp", MLPGenerator, MLPDiscriminator, torch_default_weights),
        ModelPair("dcgan", ConvGenerator, ConvDiscriminator, dcgan_weights),
    )
}
