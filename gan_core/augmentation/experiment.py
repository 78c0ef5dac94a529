"""One cell as a student runs it: with curves, pictures, and an end that is kept."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass

from torch import Tensor

from gan_core.augmentation.cell import SHOWN, Cell, CellSettings
from gan_core.conditional import CLASSES, sheet_of_samples
from gan_core.data import ImageSet, load_images
from gan_core.data.parts import Load, parted
from gan_core.engine import Step
from gan_core.pictures import Grey, contact_sheet, png, to_grey

# A picture takes as long as some moves: one in so many seconds is enough.
PICTURE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class CellResult:
    """What a cell came to.

    Attributes:
        settings: what it was asked for.
        dataset: which data it really had.
        fallback: why these are not MNIST: "" (they are), "no_network" or "damaged".
        accuracies: shares of the test pictures, by arm, in the order of the arms.
        test_size: how many test pictures there were.
        shown: by "real" and the keys of the GANs, (10, up to 10, 28, 28): a row for each class.
    """

    settings: CellSettings
    dataset: str
    fallback: str
    accuracies: dict[str, float]
    test_size: int
    shown: dict[str, Grey]


class CellExperiment:
    """A job that plays one cell.

    Its values are "d_loss" and "g_loss" of the GAN in training, with the key of the GAN before
    them ("gan_d_loss"), and each arm's cross-entropy, by the arm's key. Its pictures are "real",
    and what each GAN makes, a row for each class.
    """

    def __init__(self, settings: CellSettings, load: Load = load_images) -> None:
        self.settings = settings
        self._load = load
        self._data: tuple[ImageSet, ImageSet] | None = None

    def prepare(self) -> None:
        """Load MNIST, or where it is not to be had the built-in digits, and part it."""
        self._data = parted(self._load)

    def steps(self) -> Generator[Step, None, CellResult]:
        """Play the cell; see ``gan_core.engine.Experiment``."""
        assert self._data is not None
        train, test = self._data
        cell = Cell(train, test, self.settings)
        drawn_at = time.perf_counter()
        shown: set[str] = set()  # GANs whose last pictures have been shown
        pictures = {"real": _sheet(cell.shown()["real"])}
        for progress in cell.run():
            key, finished = progress.key, cell.generated.keys() - shown
            shown |= finished
            if cell.gan is not None and time.perf_counter() - drawn_at > PICTURE_SECONDS:
                drawn_at = time.perf_counter()
                pictures |= {key: _sheet(sheet_of_samples(cell.gan, SHOWN))}
            pictures |= {gan: _sheet(cell.shown()[gan]) for gan in finished}
            values = {f"{key}_{name}": value for name, value in progress.losses.items()}
            stage = f"{progress.kind}_{key}" if progress.kind == "gan" else key
            yield Step(stage, progress.done, progress.total, values, pictures)
            pictures = {}
        return CellResult(
            settings=self.settings,
            dataset=train.key,
            fallback=train.fallback,
            accuracies=dict(cell.accuracies),
            test_size=len(test.images),
            shown={key: _grey(images) for key, images in cell.shown().items()},
        )


def _grey(images: Tensor) -> Grey:
    """Turn rows of pictures (10, N, 1, 28, 28) into bytes (10, N, 28, 28)."""
    grey = to_grey(images.flatten(0, 1))
    return grey.reshape(*images.shape[:2], *grey.shape[1:])


def _sheet(images: Tensor) -> bytes:
    """Draw pictures, a row for each class, as PNG; (10, N, 1, 28, 28) or one after the other."""
    flat = images.reshape(-1, *images.shape[-3:])
    return png(contact_sheet(to_grey(flat), len(flat) // CLASSES))
