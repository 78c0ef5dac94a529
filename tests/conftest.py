"""What many tests start from: one thread, a few pictures, a small recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor

from gan_core.config import MODEL_KEYS, TrainConfig


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Leave the other cores to whoever shares the machine."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def pictures() -> Tensor:
    """Return 24 pictures of noise, (24, 1, 28, 28) in [-1, 1]."""
    random = torch.Generator().manual_seed(7)
    return torch.rand(24, 1, 28, 28, generator=random) * 2 - 1


@pytest.fixture(params=MODEL_KEYS)
def tiny(request: pytest.FixtureRequest) -> TrainConfig:
    """Return a recipe that is quick to train, once for each model, average included."""
    return TrainConfig(model=request.param, latent_dim=3, batch_size=4, ema_decay=0.9)


@pytest.fixture(scope="session")
def assert_same() -> Callable[[Mapping[str, Tensor], Mapping[str, Tensor]], None]:
    """Return a check that two states hold the same tensors, bit for bit."""

    def check(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> None:
        assert one.keys() == other.keys()
        different = [key for key in one if not torch.equal(one[key], other[key])]
        assert different == []

    return check
