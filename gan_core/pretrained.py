"""The weights that come with the course, each with a card that says where they are from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from gan_core.checkpoint import write_atomically
from gan_core.classifier import DigitClassifier
from gan_core.config import SHIPPED_KEYS, TrainConfig
from gan_core.latent import principal_directions
from gan_core.layers import Generator
from gan_core.models import without_weights

FOLDER = Path(__file__).parent.parent / "assets" / "pretrained"
GENERATORS = SHIPPED_KEYS
OPPONENT = "_discriminator"
DIRECTIONS = 6
Network = TypeVar("Network", bound=nn.Module)


def save_weights(name: str, module: nn.Module, folder: Path = FOLDER) -> Path:
    """Write ``name.safetensors`` in float16 and return its path."""
    tensors = {
        key: (value.half() if value.is_floating_point() else value).contiguous()
        for key, value in module.state_dict().items()
    }
    path = folder / f"{name}.safetensors"
    write_atomically(path, save(tensors))
    return path


def save_directions(name: str, generator: Generator, folder: Path = FOLDER) -> Path:
    """Write the generator's principal directions, which take seconds to find."""
    path = folder / f"{name}_directions.safetensors"
    found = principal_directions(generator, DIRECTIONS)
    write_atomically(path, save({"ganspace": found.contiguous()}))
    return path


def load_directions(name: str, folder: Path = FOLDER) -> Tensor:
    """Return a shipped generator's principal directions (6, latent_dim).

    Raises:
        ValueError: on an unknown name.
    """
    _recipe(name, folder)
    return load_file(folder / f"{name}_directions.safetensors")["ganspace"]


def save_card(name: str, card: dict[str, Any], folder: Path = FOLDER) -> Path:
    """Write ``name.json``: how the weights were made and what was measured of them."""
    path = folder / f"{name}.json"
    write_atomically(path, json.dumps(card, indent=2).encode() + b"\n")
    return path


def card(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    """Return how the weights were made and what was measured of them."""
    content: dict[str, Any] = json.loads((folder / f"{name}.json").read_text("utf-8"))
    return content


@lru_cache(maxsize=8)
def load_generator(name: str, folder: Path = FOLDER) -> Generator:
    """Return a shipped generator in eval mode; shared by all, so never trained on.

    The one that is told a class is a ``conditional.ConditionalGenerator``.

    Raises:
        ValueError: on an unknown name.
    """
    config = _recipe(name, folder)
    weights = load_file(folder / f"{name}.safetensors")
    return filled(lambda: without_weights(config)[0], weights)


@lru_cache(maxsize=8)
def load_discriminator(name: str, folder: Path = FOLDER) -> nn.Module:
    """Return the discriminator that a shipped generator was trained against.

    In eval mode and shared, as :func:`load_generator`'s, and told the class if G is.

    Raises:
        ValueError: on an unknown name.
    """
    config = _recipe(name, folder)
    weights = load_file(folder / f"{name}{OPPONENT}.safetensors")
    return filled(lambda: without_weights(config)[1], weights)


def _recipe(name: str, folder: Path) -> TrainConfig:
    if name not in GENERATORS:
        raise ValueError(f"name must be one of {', '.join(GENERATORS)}, got {name[:40]!r}")
    return TrainConfig.from_dict(card(name, folder)["config"])


@lru_cache(maxsize=1)
def load_classifier(folder: Path = FOLDER) -> DigitClassifier:
    """Return the shipped digit classifier in eval mode."""
    return filled(DigitClassifier, load_file(folder / "classifier.safetensors"))


def filled(build: Callable[[], Network], weights: Mapping[str, Tensor]) -> Network:
    """Build a network without drawing weights, and give it those of a file; at rest."""
    with torch.device("meta"):
        network = build()
    whole = {
        key: value.float() if value.is_floating_point() else value for key, value in weights.items()
    }
    network.load_state_dict(whole, assign=True)
    return network.eval().requires_grad_(False)
