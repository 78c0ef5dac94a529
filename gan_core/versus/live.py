"""The duel: a GAN and a VAE of one recipe, trained in turn, a step each, and then measured."""

from __future__ import annotations

from collections.abc import Generator as Parts
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from gan_core.config import SettingError, TrainConfig
from gan_core.data import load_images
from gan_core.engine.job import Step
from gan_core.layers import Generator
from gan_core.metrics.evaluate import RealPictures, real_pictures
from gan_core.pictures import contact_sheet, png, to_grey
from gan_core.ranges import check_ranged, ranged
from gan_core.report import StepReport
from gan_core.trainer import Trainer
from gan_core.vae import SIGMA, SIGMA_RANGE, Bound, Vae, VaeReport, VaeTrainer, bound
from gan_core.versus.rebuild import STEPS, Rebuilt, by_encoder
from gan_core.versus.recipe import RECIPE
from gan_core.versus.table import Referee, Scores

# The table at the end is measured on so many pictures, and of so many rebuilt ones: seconds, not
# minutes. A Fréchet distance of few pictures is higher than one of many.
COUNT = 1000
REBUILT = 20
BOUND_COUNT = 500
# A coordinate with less KL than this hardly tells one picture from another.
USED_NATS = 0.1
# New pictures about once a second, and sooner at the beginning.
EVERY = 50
EARLY = (1, 5, 10, 20)
SAMPLES = 64
ROW = 10
_SCALE = 2
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class DuelSettings:
    """What both sides are made of.

    Attributes:
        config: the recipe of both.
        sigma: σ of the VAE's likelihood.
        iterations: of each side.

    Raises:
        SettingError: (a ValueError) naming the field and its range.
    """

    config: TrainConfig = RECIPE
    sigma: float = ranged(SIGMA, *SIGMA_RANGE)
    iterations: int = ranged(1000, 1, 20_000)

    def __post_init__(self) -> None:
        check_ranged(self)
        if self.config.noise != "gaussian":
            raise SettingError("noise", "gaussian: it is the VAE's prior", self.config.noise)
        if self.config.conditional != "off":
            raise SettingError("conditional", "off: the VAE is told no class", "on")


@dataclass(frozen=True, slots=True)
class DuelResult:
    """How a duel ended.

    Attributes:
        settings: what it was about.
        key: which data these really were; ``fallback`` says why others, as in ``ImageSet``.
        count: how many samples were compared with as many real pictures.
        rebuilt: how many test pictures were rebuilt.
        gan, vae, real: the rows of the table.
        bound: the VAE's ELBO on test pictures, with the KL of each coordinate.
    """

    settings: DuelSettings
    key: str
    fallback: str
    count: int
    rebuilt: int
    gan: Scores
    vae: Scores
    real: Scores
    bound: Bound

    @property
    def used(self) -> int:
        """How many coordinates of z tell pictures apart, by at least ``USED_NATS``."""
        return sum(kl >= USED_NATS for kl in self.bound.kl_per_dimension)


@dataclass(frozen=True, slots=True)
class _Prepared:
    images: Tensor
    real: RealPictures
    referee: Referee


class Duel:
    """An experiment for ``Engine.job``; see :class:`gan_core.engine.job.Experiment`.

    Each side is trained exactly as its trainer would alone. Resting between two steps changes
    nothing.

    Args:
        settings: what both are made of.
        count, rebuilt, search_steps: how thoroughly they are measured at the end.

    Values of its steps, all of the batch and before the move: "elbo", "reconstruction" and "kl"
    in nats a picture; "d_loss" and "g_loss". Pictures: "real", "gan" and "vae", samples from the
    prior, and "rebuilt", test pictures above what the VAE, and in the end the GAN, makes of them.
    """

    def __init__(
        self,
        settings: DuelSettings,
        *,
        count: int = COUNT,
        rebuilt: int = REBUILT,
        search_steps: int = STEPS,
    ) -> None:
        self.settings = settings
        self.fallback = ""
        self._count, self._rebuilt, self._search_steps = count, rebuilt, search_steps
        self._prepared: _Prepared | None = None
        self._done = self._total = 0

    def prepare(self) -> None:
        """Get the data, and look at the real pictures that both are measured against."""
        key = self.settings.config.dataset
        found = load_images(key)
        real = real_pictures(key, self._count)
        referee = Referee(
            real, rebuilt=min(self._rebuilt, len(real.reference)), steps=self._search_steps
        )
        self.fallback = found.fallback
        self._prepared = _Prepared(found.images, real, referee)

    def steps(self) -> Parts[Step, None, DuelResult]:
        """Train both, then measure them."""
        assert self._prepared is not None, "prepare() comes first"
        at_hand, self._prepared = self._prepared, None  # gone with the last step
        referee, iterations = at_hand.referee, self.settings.iterations
        sides = 2 * (referee.search_parts + referee.samples_parts)
        self._total = iterations + sides + referee.real_parts
        gan = Trainer(self.settings.config, at_hand.images)
        vae = VaeTrainer(self.settings.config, at_hand.images, self.settings.sigma)
        targets = referee.targets[:ROW]
        stage = f"train_{self.fallback}" if self.fallback else "train"
        for self._done in range(1, iterations + 1):
            values = {**_of_gan(gan.step()), **_of_vae(vae.step())}
            pictures = {}
            if self._done == 1:
                pictures["real"] = _sheet(at_hand.real.other[:SAMPLES])
            if self._done in EARLY or self._done % EVERY == 0 or self._done == iterations:
                pictures["gan"], pictures["vae"] = _sheet(gan.sample()), _sheet(vae.sample())
                pictures["rebuilt"] = _rows(targets, vae.reconstruct(targets))
            yield Step(stage, self._done, self._total, values, pictures)
        # Nobody trains on: what was averaged is shown, or else what was trained, at rest.
        generator = gan.generator if gan.average is None else gan.average
        network = vae.vae if vae.average is None else vae.average
        return (yield from self._measured(at_hand, generator.eval(), network.eval()))

    def _measured(
        self, at_hand: _Prepared, gan: Generator, vae: Vae
    ) -> Parts[Step, None, DuelResult]:
        referee, targets = at_hand.referee, at_hand.referee.targets
        own = by_encoder(vae, targets)
        searched = {}
        for side, network in {"gan": gan, "vae": vae.generator}.items():
            searched[side] = yield from self._told("search", referee.search_in_parts(network))
        scores = {}
        for side, network, rebuilt in (
            ("gan", gan, searched["gan"]),
            ("vae", vae.generator, own),
        ):
            parts = referee.samples_in_parts(network, rebuilt, searched[side])
            scores[side] = yield from self._told("score", parts)
        real = yield from self._told("score", referee.real_in_parts())
        yield self._last(targets, own, searched["gan"])
        return DuelResult(
            settings=self.settings,
            key=at_hand.real.key,
            fallback=self.fallback,
            count=referee.count,
            rebuilt=len(targets),
            gan=scores["gan"],
            vae=scores["vae"],
            real=real,
            bound=bound(vae, at_hand.real.reference[:BOUND_COUNT]),
        )

    def _told(self, stage: str, parts: Parts[None, None, Outcome]) -> Parts[Step, None, Outcome]:
        """Yield a step for each part; return what the parts come to."""
        while True:
            try:
                next(parts)
            except StopIteration as end:
                outcome: Outcome = end.value
                return outcome
            self._done += 1
            yield Step(stage, self._done, self._total)

    def _last(self, targets: Tensor, own: Rebuilt, searched: Rebuilt) -> Step:
        rows = _rows(*(images[:ROW] for images in (targets, own.pictures, searched.pictures)))
        return Step("score", self._total, self._total, pictures={"rebuilt": rows})


def _of_gan(report: StepReport) -> dict[str, float]:
    return {"d_loss": report.d_loss, "g_loss": report.g_loss}


def _of_vae(report: VaeReport) -> dict[str, float]:
    names = ("elbo", "reconstruction", "kl")
    return {name: getattr(report, name) for name in names}


def _sheet(images: Tensor) -> bytes:
    return png(contact_sheet(to_grey(images)), _SCALE)


def _rows(*rows: Tensor) -> bytes:
    """Lay pictures out, a row of each kind below the other."""
    return png(contact_sheet(to_grey(torch.cat(rows)), len(rows[0])), _SCALE)
