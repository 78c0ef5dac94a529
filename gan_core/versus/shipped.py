"""The pair that comes with the course: its card, its weights, and what it makes."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from gan_core.checkpoint import write_atomically
from gan_core.config import SettingError, TrainConfig
from gan_core.latent import draw
from gan_core.layers import Generator
from gan_core.models import MODELS, without_weights
from gan_core.pretrained import FOLDER as PRETRAINED
from gan_core.pretrained import filled, save_weights
from gan_core.ranges import whole
from gan_core.stages import PER_CLASS, real_pictures
from gan_core.vae import Vae, with_noise
from gan_core.versus.rebuild import Rebuilt, by_encoder, by_search, walk
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


# What it makes -------------------------------------------------------------------------------


@torch.no_grad()
def samples(seed: int, count: int = 64, *, noisy: bool = False) -> dict[str, Tensor]:
    """Return what both sides make of the same z, drawn from the prior, and real test digits.

    By side, and "real"; (count, 1, 28, 28) each, of real ones at most the hundred that come with
    the course. ``noisy``: the VAE's are drawn from its likelihood, and not its means.
    """
    vae, known = load_vae(), real_pictures()
    z = draw(count, vae.generator.latent_dim, seed)
    order = torch.randperm(len(known), generator=torch.Generator().manual_seed(seed))
    decoded = vae.generator(z)
    return {
        "gan": load_gan()(z),
        "vae": with_noise(decoded, vae.sigma, seed) if noisy else decoded,
        "real": known[order[:count]],
    }


def one_of_each(row: int) -> Tensor:
    """Return ten test digits from 0 to 9, (10, 1, 28, 28), neither side has learned from.

    ``row``: which ten, from 0 to 9.
    """
    return real_pictures()[whole("row", row, 0, PER_CLASS - 1) :: PER_CLASS]


_searching = threading.Lock()


def rebuilt(row: int) -> dict[str, Rebuilt]:
    """Return the digits of :func:`one_of_each` as both sides come nearest to them.

    The VAE by its encoder, the GAN by a search of a second or two, once in a process.
    """
    with _searching:  # thirty students, one search
        return _rebuilt(row)


@lru_cache(maxsize=PER_CLASS)
def _rebuilt(row: int) -> dict[str, Rebuilt]:
    targets = one_of_each(row)
    return {"gan": by_search(load_gan(), targets), "vae": by_encoder(load_vae(), targets)}


def between(row: int, a: int, b: int, count: int = 9) -> dict[str, Tensor]:
    """Return both sides' ways from digit ``a`` of ten rebuilt ones to digit ``b``."""
    known, networks = rebuilt(row), {"gan": load_gan(), "vae": load_vae().generator}
    return {
        side: walk(networks[side], known[side].points[a], known[side].points[b], count)
        for side in SIDES
    }
