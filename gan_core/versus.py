"""GAN against VAE: one decoder taught in two ways, measured by one table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from gan_core.checkpoint import write_atomically
from gan_core.config import PRESETS, SettingError, TrainConfig
from gan_core.latent import draw, find_all, path
from gan_core.layers import Generator
from gan_core.metrics.evaluate import COVERAGE_K, FIDELITY_K, RealPictures
from gan_core.metrics.frechet import features, frechet_distance
from gan_core.metrics.manifolds import Cloud, compare
from gan_core.metrics.sharpness import sharpness
from gan_core.models import MODELS, without_weights
from gan_core.pretrained import FOLDER as PRETRAINED
from gan_core.pretrained import filled, load_classifier, save_weights
from gan_core.ranges import whole
from gan_core.vae import Vae

SIDES = ("gan", "vae")
# Both sides have the very same settings, those of the preset for a minute. Of 10, 16 and 64
# coordinates 16 serve the VAE best (Fréchet distance after 20 s: 529, 495, 592); Adam with
# momentum, as a likelihood is usually descended, does no better for it (592 instead of 600).
RECIPE = PRESETS["fast"].replace(latent_dim=16)
FOLDER = PRETRAINED / "versus"

# The search for z, where there is no encoder. It has not come to its end: on the GAN of twenty
# seconds, 4 restarts in the place of 8 leave an error a fifth higher.
RESTARTS = 8
STEPS = 100
# So many test pictures are rebuilt; each takes a search of its own.
REBUILT = 100
_SAMPLES_SEED = 1
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Scores:
    """One row of the table; all but ``error`` and ``searched`` are of samples from the prior.

    Attributes:
        error: mean squared error per pixel (0 to 1) of test pictures that were rebuilt: by the
            VAE's encoder, or by a search for z where there is none. None for real pictures.
        searched: the same by the search for both, so that it compares the decoders alone.
        frechet: Fréchet distance on the classifier's 64 features; 0 is best.
        precision: share of the samples in a ball of a real picture, k = 3.
        recall: share of the real pictures in a ball of a sample, k = 3.
        density: in how many balls of real pictures a sample lies, divided by k = 5.
        coverage: share of the real pictures with a sample in their ball, k = 5.
        sharpness: mean variance of the Laplacian. To be held against the real pictures' own:
            noise is sharp, too.
    """

    error: float | None
    searched: float | None
    frechet: float
    precision: float
    recall: float
    density: float
    coverage: float
    sharpness: float


class Referee:
    """Measures both sides against the same real pictures, which it looks at once.

    Args:
        real: ``reference`` is what samples are compared with and what is rebuilt, the first
            ``rebuilt`` of it; ``other`` are real pictures to take the samples' place.
        rebuilt: how many.
        restarts, steps: of each search for z (:func:`gan_core.latent.find_all`).

    Raises:
        SettingError: (a ValueError) if one of the numbers is out of range.
        ValueError: if there are too few real pictures.
    """

    def __init__(
        self,
        real: RealPictures,
        *,
        rebuilt: int = REBUILT,
        restarts: int = RESTARTS,
        steps: int = STEPS,
    ) -> None:
        self.count = min(len(real.reference), len(real.other))
        if self.count <= COVERAGE_K:
            raise ValueError(f"count must be more than {COVERAGE_K}, got {self.count}")
        self.targets = real.reference[: whole("rebuilt", rebuilt, 1, self.count)]
        self._restarts = whole("restarts", restarts, 1, 64)
        self._steps = whole("steps", steps, 1, 10_000)
        self._other = real.other[: self.count]
        self._cloud = Cloud(self._features(real.reference[: self.count]), COVERAGE_K)

    def gan(self, generator: Generator) -> Scores:
        """Measure a generator at rest."""
        error = self._error(self.search(generator))
        return self._scores(_samples(generator, self.count), error, error)

    def vae(self, vae: Vae) -> Scores:
        """Measure a VAE at rest."""
        with torch.no_grad():
            error = self._error(vae.reconstruct(self.targets))
        searched = self._error(self.search(vae.generator))
        return self._scores(_samples(vae.generator, self.count), error, searched)

    def real(self) -> Scores:
        """Measure real pictures in the place of generated ones: what a perfect side scores."""
        return self._scores(self._other, None, None)

    def mean_picture_error(self) -> float:
        """Return the error of one picture in the place of all: the mean of many."""
        return self._error(self._other.mean(0, keepdim=True))

    def search(self, generator: Generator) -> Tensor:
        """Return the targets as a generator at rest comes nearest to them."""
        z = find_all(generator, self.targets, restarts=self._restarts, steps=self._steps)
        with torch.no_grad():
            return generator(z)

    def _error(self, rebuilt: Tensor) -> float:
        return (rebuilt - self.targets).div(2).square().double().mean().item()

    def _features(self, images: Tensor) -> Tensor:
        return features(load_classifier(), images)

    def _scores(self, images: Tensor, error: float | None, searched: float | None) -> Scores:
        if not images.isfinite().all():
            raise ValueError("images must be finite, and some are not")
        found = Cloud(self._features(images), COVERAGE_K)
        fidelity, spread = compare(self._cloud, found, (FIDELITY_K, COVERAGE_K))
        return Scores(
            error=error,
            searched=searched,
            frechet=frechet_distance(self._cloud.points, found.points),
            precision=fidelity.precision,
            recall=fidelity.recall,
            density=spread.density,
            coverage=spread.coverage,
            sharpness=sharpness(images),
        )


@torch.no_grad()
def _samples(generator: Generator, count: int) -> Tensor:
    """Return samples from the prior, the same noise for both sides."""
    z = draw(count, generator.latent_dim, _SAMPLES_SEED)
    return torch.cat([generator(some) for some in z.split(_BATCH)])


@torch.no_grad()
def walk(generator: Generator, a: Tensor, b: Tensor, count: int = 9) -> Tensor:
    """Return the pictures along the arc between two points of the latent space, both included.

    Between two test pictures a and b are what the encoder says, or what the search finds.

    Args:
        generator: at rest.
        a: where to begin, (latent_dim,).
        b: where to end.
        count: pictures.
    """
    return generator(path(a, b, count))


# The shipped pair -----------------------------------------------------------------------------


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
