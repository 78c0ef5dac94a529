"""One cell of the table: n pictures of each class, one seed, all arms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.augmentation.arms import ARMS, GANS, RECIPE
from gan_core.augmentation.drawing import FEWEST, MOST, draw
from gan_core.augmentation.learner import Learner, Pool
from gan_core.conditional import CLASSES
from gan_core.config import SettingError
from gan_core.data import ImageSet
from gan_core.ranges import check_ranged, ranged
from gan_core.trainer import Trainer

# So many pictures of each class are kept to be looked at.
SHOWN = 10
# So many are generated in one step.
PART = 500


@dataclass(frozen=True, slots=True)
class CellSettings:
    """What a cell depends on besides the data.

    Raises:
        SettingError: (a ValueError) naming the field and its range.
    """

    # Labelled pictures of each class.
    n: int = ranged(20, FEWEST, MOST)
    # The same seed gives the same pictures, weights and batches.
    seed: int = ranged(0, 0, 2**31 - 1)
    arms: tuple[str, ...] = tuple(ARMS)
    # Of each GAN. With 20 of each class the plain one is at its best after about 2,000: by 4,000
    # it begins to make its few pictures again (Fréchet distance after 1, 2 and 4 thousand: 60, 49
    # and 66, one seed).
    gan_iterations: int = ranged(2000, 1, 100_000)
    # Of each classifier. Beyond 150 more did nothing for real pictures, a little for affine ones.
    classifier_steps: int = ranged(250, 2, 100_000)
    # So many pictures of each class are generated, once.
    generated: int = ranged(500, SHOWN, 5000)

    def __post_init__(self) -> None:
        check_ranged(self)
        unknown = [arm for arm in self.arms if arm not in ARMS]
        if not self.arms or unknown or len(set(self.arms)) != len(self.arms):
            raise SettingError("arms", "some of " + ", ".join(ARMS), self.arms)

    @property
    def gans(self) -> tuple[str, ...]:
        """The GANs that the arms need."""
        return tuple(gan for gan in GANS if any(ARMS[arm].gan == gan for arm in self.arms))

    @property
    def total(self) -> int:
        """How many steps there will be."""
        of_gan = self.gan_iterations + self.parts
        return len(self.gans) * of_gan + len(self.arms) * self.classifier_steps

    @property
    def parts(self) -> int:
        """In how many steps a GAN makes its pictures."""
        return math.ceil(CLASSES * self.generated / PART)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a cell stands.

    Attributes:
        kind: what has just made a step: "gan" or "classifier".
        key: which of ``GANS`` or of ``ARMS``.
        done: how many steps of the whole cell are done.
        total: how many there will be.
        accuracies: of the arms that are finished, by key: shares of the test set, 0 to 1.
        losses: of this step: "d_loss" and "g_loss", or the classifier's "loss"; none where a GAN
            that is trained made pictures.
    """

    kind: str
    key: str
    done: int
    total: int
    accuracies: dict[str, float]
    losses: dict[str, float]


class Cell:
    """All arms of one seed with the same n pictures of each class. The object is the state.

    Each GAN is trained on these pictures and their classes alone, makes its pictures once and is
    then forgotten. Each classifier has the same first weights, batch size and number of steps. The
    test set is looked at when a classifier is finished, and nothing depends on it.

    Args:
        train: what the pictures are drawn from.
        test: what all classifiers are tested on.
        settings: everything else.

    Attributes:
        real: the drawn pictures with their classes.
        accuracies: of the arms that are finished, by key.
        generated: what each GAN that is finished has made, by key.
        gan: the one that is being trained, or makes its pictures, if one is.
        done: how many steps are done, of ``settings.total``.

    Raises:
        SettingError: (a ValueError) if a class of ``train`` has fewer than n pictures.
    """

    def __init__(self, train: ImageSet, test: ImageSet, settings: CellSettings) -> None:
        self.settings = settings
        drawn = draw(train, settings.n, settings.seed)
        self.real = Pool(drawn.images, drawn.labels)
        self.generated: dict[str, Pool] = {}
        self.accuracies: dict[str, float] = {}
        self.gan: Trainer | None = None
        self.done = 0
        self._test = test
        self._made: list[Tensor] = []
        self._learner: Learner | None = None

    def run(self) -> Iterator[Progress]:
        """Go on from where it stands, yielding after each step; stop iterating to pause."""
        while self.done < self.settings.total:
            yield self.step()

    def step(self) -> Progress:
        """Make one step: an iteration of a GAN, some of its pictures, or a move of a classifier.

        Raises:
            TrainingDiverged: if a loss is out of bounds.
        """
        gan = next((key for key in self.settings.gans if key not in self.generated), None)
        if gan is not None:
            kind, key = "gan", gan
            losses = self._train_gan(gan)
        else:
            kind = "classifier"
            key = next(arm for arm in self.settings.arms if arm not in self.accuracies)
            losses = self._train_classifier(key)
        self.done += 1
        accuracies = dict(self.accuracies)
        return Progress(kind, key, self.done, self.settings.total, accuracies, losses)

    def shown(self) -> dict[str, Tensor]:
        """Return some pictures to look at, a row for each class: (10, up to 10, 1, 28, 28).

        By "real" and the keys of the GANs that are finished.
        """
        pools = {"real": self.real, **self.generated}
        return {key: rows(pool)[:, :SHOWN] for key, pool in pools.items()}

    def _train_gan(self, key: str) -> dict[str, float]:
        if self.gan is None:
            config = RECIPE.replace(seed=self.settings.seed, **GANS[key])
            self.gan = Trainer(config, self.real.images, self.real.labels)
        if self.gan.iteration < self.settings.gan_iterations:
            report = self.gan.step()
            return {"d_loss": report.d_loss, "g_loss": report.g_loss}
        self._made.append(self._make(self.gan, len(self._made)))
        if len(self._made) == self.settings.parts:
            self.generated[key] = Pool(torch.cat(self._made), self._wanted)
            self._made, self.gan = [], None
        return {}

    def _make(self, gan: Trainer, part: int) -> Tensor:
        """Let G make one part of its pictures, class by class in turn."""
        noise = gan.noise(len(self._wanted), self.settings.seed)
        return gan.generate(noise.split(PART)[part], self._wanted.split(PART)[part])

    @property
    def _wanted(self) -> Tensor:
        """The classes of all the pictures that a GAN makes."""
        return torch.arange(CLASSES).repeat(self.settings.generated)

    def _train_classifier(self, key: str) -> dict[str, float]:
        if self._learner is None:
            deal = ARMS[key].deal(self.real, self.generated)
            self._learner = Learner(deal, self.settings.classifier_steps, self.settings.seed)
        loss = self._learner.step()
        if self._learner.done == self._learner.steps:
            test = self._test.images, self._test.labels
            self.accuracies[key] = self._learner.accuracy(*test)
            self._learner = None
        return {"loss": loss}


def rows(pool: Pool) -> Tensor:
    """Return pictures that come class by class in turn, by class: (10, N / 10, 1, 28, 28)."""
    return pool.images.unflatten(0, (-1, CLASSES)).transpose(0, 1)
