"""The weights that come with the course, each with a card that says where they are from."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import nn

from gan_core.checkpoint import write_atomically
from gan_core.classifier import DigitClassifier
from gan_core.config import MODEL_KEYS, TrainConfig
from gan_core.models import MODELS, Generator

FOLDER = Path(__file__).parent.parent / "assets" / "pretrained"
GENERATORS = MODEL_KEYS


def save_weights(name: str, module: nn.Module, card: dict[str, Any], folder: Path = FOLDER) -> Path:
    """Write ``name.safetensors`` in float16 and ``name.json``; return the first."""
    tensors = {
        key: (value.half() if value.is_floating_point() else value).contiguous()
        for key, value in module.state_dict().items()
    }
    path = folder / f"{name}.safetensors"
    write_atomically(path, save(tensors))
    write_atomically(folder / f"{name}.json", json.dumps(card, indent=2).encode() + b"\n")
    return path


def card(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    """Return how the weights were made and what was measured of them."""
    content: dict[str, Any] = json.loads((folder / f"{name}.json").read_text("utf-8"))
    return content


@lru_cache(maxsize=8)
def load_generator(name: str, folder: Path = FOLDER) -> Generator:
    """Return a shipped generator in eval mode; shared by all, so never trained on.

    Raises:
        ValueError: on an unknown name.
    """
    if name not in GENERATORS:
        raise ValueError(f"name must be one of {', '.join(GENERATORS)}, got {name[:40]!r}")
    config = TrainConfig.from_dict(card(name, folder)["config"])
    with torch.device("meta"):
        generator = MODELS[config.model].generator(config.latent_dim)
    _fill(generator, folder / f"{name}.safetensors")
    return generator


@lru_cache(maxsize=1)
def load_classifier(folder: Path = FOLDER) -> DigitClassifier:
    """Return the shipped digit classifier in eval mode."""
    with torch.device("meta"):
        model = DigitClassifier()
    _fill(model, folder / "classifier.safetensors")
    return model


def _fill(module: nn.Module, path: Path) -> None:
    weights = {
        key: value.float() if value.is_floating_point() else value
        for key, value in load_file(path).items()
    }
    module.load_state_dict(weights, assign=True)
    module.eval().requires_grad_(False)
