"""The pair that comes with the course: one GAN, one VAE, and the card of both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import nn

from gan_core.checkpoint import write_atomically
from gan_core.config import SettingError, TrainConfig
from gan_core.layers import Generator
from gan_core.models import MODELS, without_weights
from gan_core.pretrained import FOLDER as PRETRAINED
from gan_core.pretrained import filled, save_weights
from gan_core.vae import Vae
from gan_core.versus.recipe import SIDES

FOLDER = PRETRAINED / "versus"


def save_side(side: str, network: nn.Module, folder: Path = FOLDER) -> Path:
    """Write a generator ("gan") or a ``Vae`` ("vae") in float16 and return its path.

    Raises:
        SettingError: (a ValueError) on another side.
    """
    if side not in SIDES:
        raise SettingError("side", "one of " + ", ".join(SIDES), side)
    folder.mkdir(parents=True, exist_ok=True)
    return save_weights(side, network, folder)


def save_card(told: Mapping[str, Any], folder: Path = FOLDER) -> Path:
    """Write ``versus.json``: how the pair was trained and what was measured of it."""
    place = folder / "versus.json"
    write_atomically(place, json.dumps(told, indent=2).encode() + b"\n")
    return place


def card(folder: Path = FOLDER) -> dict[str, Any]:
    """Return how the shipped pair was trained and what was measured of it."""
    content: dict[str, Any] = json.loads((folder / "versus.json").read_text("utf-8"))
    return content


def recipe(folder: Path = FOLDER) -> TrainConfig:
    """Return the settings that both sides of the shipped pair were trained with."""
    return TrainConfig.from_dict(card(folder)["config"])


@lru_cache(maxsize=2)
def load_gan(folder: Path = FOLDER) -> Generator:
    """Return the GAN's generator, at rest and shared: never trained on."""
    config = recipe(folder)
    weights = load_file(folder / "gan.safetensors")
    return filled(lambda: without_weights(config)[0], weights)


@lru_cache(maxsize=2)
def load_vae(folder: Path = FOLDER) -> Vae:
    """Return the VAE, at rest and shared: never trained on."""
    config, sigma = recipe(folder), card(folder)["sigma"]

    def build() -> Vae:
        model = MODELS[config.model]
        return Vae(model.new_encoder(config), model.new_generator(config), sigma)

    return filled(build, load_file(folder / "vae.safetensors"))
