"""The table of both sides: rebuilt pictures, and samples from the prior beside real ones."""

from __future__ import annotations

from collections.abc import Generator as Parts
from dataclasses import dataclass
from statistics import fmean

import torch
from torch import Tensor

from gan_core.latent import draw
from gan_core.layers import Generator
from gan_core.metrics.evaluate import COVERAGE_K, FIDELITY_K, RealPictures
from gan_core.metrics.frechet import BATCH, features, frechet_distance
from gan_core.metrics.manifolds import Cloud, compare
from gan_core.metrics.sharpness import gaussian_blur, sharpness
from gan_core.parts import all_of
from gan_core.pretrained import load_classifier
from gan_core.ranges import whole
from gan_core.vae import Vae
from gan_core.versus.rebuild import (
    RESTARTS,
    STEPS,
    Rebuilt,
    by_encoder,
    by_search_in_parts,
    search_parts,
)

# So many test pictures are rebuilt; each takes a search of its own.
REBUILT = 100
_SAMPLES_SEED = 1


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

    What takes long is there in parts as well: it then yields after each of them.

    Args:
        real: ``reference`` is what samples are compared with and what is rebuilt, the first
            ``rebuilt`` of it; ``other`` are real pictures to take the samples' place.
        rebuilt: how many.
        restarts, steps: of each search for z (:func:`gan_core.latent.find_all`).

    Attributes:
        count: how many samples are compared with as many real pictures.
        targets: the real pictures that are rebuilt.

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
        known = features(load_classifier(), real.reference[: self.count])
        self._cloud = Cloud(known, COVERAGE_K)

    def gan(self, generator: Generator) -> Scores:
        """Measure a generator at rest."""
        found = all_of(self.search_in_parts(generator))
        return all_of(self.samples_in_parts(generator, found, found))

    def vae(self, vae: Vae) -> Scores:
        """Measure a VAE at rest."""
        searched = all_of(self.search_in_parts(vae.generator))
        return all_of(self.samples_in_parts(vae.generator, by_encoder(vae, self.targets), searched))

    def real(self) -> Scores:
        """Measure real pictures in the place of generated ones: what a perfect side scores."""
        return all_of(self.real_in_parts())

    def blurred(self, width: float) -> Scores:
        """Measure real pictures made blurry (``gaussian_blur``): what no measure but one sees."""
        return all_of(self._scores(gaussian_blur(self._other, width)))

    def mean_picture_error(self) -> float:
        """Return the error of one picture in the place of all: the mean of many."""
        mean = self._other.mean(0, keepdim=True)
        return (mean - self.targets).div(2).square().double().mean().item()

    # In parts -----------------------------------------------------------------

    @property
    def search_parts(self) -> int:
        """In how many parts :meth:`search_in_parts` is done."""
        return search_parts(len(self.targets), self._steps)

    @property
    def real_parts(self) -> int:
        """In how many parts :meth:`real_in_parts` is done."""
        return -(-self.count // BATCH)

    @property
    def samples_parts(self) -> int:
        """In how many parts :meth:`samples_in_parts` is done."""
        return 2 * self.real_parts

    def search_in_parts(self, generator: Generator) -> Parts[None, None, Rebuilt]:
        """Return the targets as a generator at rest comes nearest to them."""
        settings = {"restarts": self._restarts, "steps": self._steps}
        return (yield from by_search_in_parts(generator, self.targets, **settings))

    def samples_in_parts(
        self, generator: Generator, rebuilt: Rebuilt, searched: Rebuilt
    ) -> Parts[None, None, Scores]:
        """Measure samples from the prior, the same noise for both sides.

        ``rebuilt`` are the targets in the side's own way, ``searched`` by the search.
        """
        made = []
        for z in draw(self.count, generator.latent_dim, _SAMPLES_SEED).split(BATCH):
            made.append(_made(generator, z))
            yield
        errors = fmean(rebuilt.errors), fmean(searched.errors)
        return (yield from self._scores(torch.cat(made), *errors))

    def real_in_parts(self) -> Parts[None, None, Scores]:
        """As :meth:`real`."""
        return (yield from self._scores(self._other))

    def _scores(
        self, images: Tensor, error: float | None = None, searched: float | None = None
    ) -> Parts[None, None, Scores]:
        if not images.isfinite().all():
            raise ValueError("images must be finite, and some are not")
        known = []
        for some in images.split(BATCH):
            known.append(features(load_classifier(), some))
            yield
        found = Cloud(torch.cat(known), COVERAGE_K)
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
def _made(generator: Generator, z: Tensor) -> Tensor:
    return generator(z)
