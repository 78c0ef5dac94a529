"""How a run is looked at: what is drawn of pictures, and what of points.

A view belongs to one start of one run; a worker builds it with the trainer, and
everything it draws changes nothing in training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from gan_core.config import TrainConfig
from gan_core.engine.frame import Look, Picture
from gan_core.pictures import contact_sheet, png, to_grey

if TYPE_CHECKING:
    from torch import Tensor

    from gan_core.data import ImageSet
    from gan_core.engine.reader import Reader
    from gan_core.points.sets import PointData
    from gan_core.readings import Readings
    from gan_core.trainer import Trainer

    Data: TypeAlias = ImageSet | PointData

# A contact sheet has as many rows as columns; where G is told classes, there is a row for each.
COLUMNS = 8
COLUMNS_BY_CLASS = 10


class View(Protocol):
    """What the engine asks of a view.

    Attributes:
        samples: what the trainer trains on.
        labels: their classes, where they have any.
        real_png: the data as a picture, where that is how they are shown.
        gaps: shortest and longest time between two looks, in seconds.
        share: of the time that drawing may take, in between.
        buckets: in how many buckets the curves are kept.
        most_bytes: how much memory the states to go back to may take.
        readings: what its meter has read so far, if it has one.
        reader: who reads the meter between moves, where that is not done with a look.
    """

    samples: Tensor
    labels: Tensor | None
    real_png: bytes | None
    gaps: tuple[float, float]
    share: float
    buckets: int
    most_bytes: int

    @property
    def readings(self) -> Readings | None: ...

    @property
    def reader(self) -> Reader | None: ...

    def draw(self, trainer: Trainer, number: int, *, finely: bool) -> Look:
        """Draw a look. ``finely``: training rests, so time does not matter."""
        ...

    def memory(self) -> Any:
        """Return what is needed to go on drawing from here after going back."""
        ...

    def remember(self, memory: Any) -> None:
        """Go back to such a memory."""
        ...


class PictureView:
    """Pictures as a contact sheet, the same noise in every one.

    Where the players are told classes, every row is one class, of real and of generated
    pictures alike. Its networks are too large for states to go back to: some 36 MB each.
    """

    gaps = (0.15, 0.2)
    share = 0.05
    buckets = 512
    most_bytes = 0

    def __init__(self, data: ImageSet, examples: int = 0, *, by_class: bool = False) -> None:
        from gan_core.engine.reader import Reader

        self.reader = Reader(data, examples)
        self.samples = data.images[: examples or None]
        self.labels: Tensor | None = data.labels[: examples or None]
        self._by_class = by_class
        self._columns = COLUMNS_BY_CLASS if by_class else COLUMNS
        real = self._real_by_class(self.labels) if by_class else self.samples[: COLUMNS * COLUMNS]
        self.real_png: bytes | None = png(contact_sheet(to_grey(real), self._columns))

    def _real_by_class(self, labels: Tensor) -> Tensor:
        from gan_core.conditional import rows_of_classes

        return rows_of_classes(self.samples, labels, self._columns)

    def draw(self, trainer: Trainer, number: int, *, finely: bool) -> Picture:  # noqa: ARG002
        """Draw what G makes of the same noise as ever."""
        from gan_core.conditional import sheet_of_samples

        samples = sheet_of_samples(trainer, self._columns)
        grey = contact_sheet(to_grey(samples), self._columns)
        rows = len(samples) // self._columns
        return Picture(number, trainer.iteration, rows, self._columns, grey, self._by_class)

    @property
    def readings(self) -> Readings | None:
        """What the meter has read so far."""
        return self.reader.readings

    def memory(self) -> Readings | None:
        """Return what was read so far; every sheet stands alone."""
        return self.readings

    def remember(self, memory: Readings | None) -> None:
        """Go back to what had been read by then."""
        self.reader.remember(memory)


def view_of(data: Data, config: TrainConfig) -> View:
    """Return the view that fits the data and the recipe."""
    from gan_core.data import ImageSet

    if isinstance(data, ImageSet):
        return PictureView(data, config.examples, by_class=config.conditional == "on")
    from gan_core.points.view import PointView

    return PointView(data, config.examples)
