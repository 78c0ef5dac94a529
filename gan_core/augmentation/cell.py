"""One cell of the table: n pictures of each class, one seed, all arms."""

from __future__ import annotations

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
        return len(self.gans) * self.gan_iterations + len(self.arms) * self.classifier_steps


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a cell stands.

    Attributes:
        kind: what has just made a step: "gan" or "classifier".
        key: which of ``GANS`` or of ``ARMS``.
        done: how many steps of the whole cell are done.
        total: how many there will be.
        accuracies: of the arms that are finished, by key: shares of the test set, 0 to 1.
    """

    kind: str
    key: str
    done: int
    total: int
    accuracies: dict[str, float]


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
        self.done = 0
        self._test = test
        self._gan: Trainer | None = None
        self._learner: Learner | None = None

    def run(self) -> Iterator[Progress]:
        """Go on from where it stands, yielding after each step; stop iterating to pause."""
        while self.done < self.settings.total:
            yield self.step()

    def step(self) -> Progress:
        """Make one step: an iteration of a GAN, or a move of a classifier.

        Raises:
            TrainingDiverged: if a loss is out of bounds.
        """
        gan = next((key for key in self.settings.gans if key not in self.generated), None)
        if gan is not None:
            kind, key = "gan", gan
            self._train_gan(gan)
        else:
            kind = "classifier"
            key = next(arm for arm in self.settings.arms if arm not in self.accuracies)
            self._train_classifier(key)
        self.done += 1
        return Progress(kind, key, self.done, self.settings.total, dict(self.accuracies))

    def shown(self) -> dict[str, Tensor]:
        """Return some pictures to look at, a row for each class: (10, up to 10, 1, 28, 28).

        By "real" and the keys of the GANs that are finished.
        """
        pools = {"real": self.real, **self.generated}
        return {key: rows(pool)[:, :SHOWN] for key, pool in pools.items()}

    def _train_gan(self, key: str) -> None:
        if self._gan is None:
            config = RECIPE.replace(seed=self.settings.seed, **GANS[key])
            self._gan = Trainer(config, self.real.images, self.real.labels)
        self._gan.step()
        if self._gan.iteration == self.settings.gan_iterations:
            self.generated[key] = made(self._gan, self.settings.generated)
            self._gan = None

    def _train_classifier(self, key: str) -> None:
        if self._learner is None:
            deal = ARMS[key].deal(self.real, self.generated)
            self._learner = Learner(deal, self.settings.classifier_steps, self.settings.seed)
        self._learner.step()
        if self._learner.done == self._learner.steps:
            test = self._test.images, self._test.labels
            self.accuracies[key] = self._learner.accuracy(*test)
            self._learner = None


def made(trainer: Trainer, count: int) -> Pool:
    """Let G make so many pictures of each class, class by class in turn."""
    labels = torch.arange(CLASSES).repeat(count)
    noise = trainer.noise(len(labels), trainer.config.seed).split(500)
    parts = zip(noise, labels.split(500), strict=True)
    return Pool(torch.cat([trainer.generate(z, wanted) for z, wanted in parts]), labels)


def rows(pool: Pool) -> Tensor:
    """Return pictures that come class by class in turn, by class: (10, N / 10, 1, 28, 28)."""
    return pool.images.unflatten(0, (-1, CLASSES)).transpose(0, 1)
