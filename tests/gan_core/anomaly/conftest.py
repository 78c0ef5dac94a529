"""Two players that are quick to ask, and digits parted by the protocol."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from gan_core.anomaly import OneClass, one_class
from gan_core.config import MODEL_KEYS, TrainConfig
from gan_core.data import embedded_digits
from gan_core.data.parts import apart
from gan_core.layers import Discriminator, Generator
from gan_core.models import build_discriminator, build_generator


@dataclass(frozen=True)
class Players:
    generator: Generator
    discriminator: Discriminator


@pytest.fixture(params=MODEL_KEYS)
def players(request: pytest.FixtureRequest) -> Players:
    """A fresh pair of each model, in float64, in training mode."""
    config = TrainConfig(model=request.param, latent_dim=4)
    random = torch.Generator().manual_seed(5)
    generator = build_generator(config, random).double()
    return Players(generator, build_discriminator(config, random).double())


@pytest.fixture(scope="session")
def some() -> Tensor:
    """Five digits in float64, (5, 1, 28, 28)."""
    return embedded_digits().images[:5].double()


@pytest.fixture(scope="session")
def split() -> OneClass:
    """The embedded digits, 3 being normal."""
    return one_class(*apart(embedded_digits()), [3])
