"""How a run is looked at: what is drawn of pictures, and what of points.

A view belongs to one start of one run; a worker builds it with the trainer, and
everything it draws changes nothing in training.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

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

SAMPLES = 64


class View(Protocol):
    """What the engine asks of a view.

    Attributes:
        samples: what the trainer trains on.
        real_png: the data as a picture, where that is how they are shown.
        gaps: shortest and longest time between two looks, in seconds.
        share: of the time that drawing may take, in between.
        buckets: in how many buckets the curves are kept.
        most_bytes: how much memory the states to go back to may take.
        readings: what its meter has read so far, if it has one.
        reader: who reads the meter between moves, where that is not done with a look.
    """

    samples: Tensor
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

    Its networks are too large for states to go back to: some 36 MB each.
    """

    gaps = (0.15, 0.2)
    share = 0.05
    buckets = 512
    most_bytes = 0

    def __init__(self, data: ImageSet, examples: int = 0) -> None:
        from gan_core.engine.reader import Reader

        self.reader = Reader(data, examples)
        self.samples = data.images[: examples or None]
        self.real_png: bytes | None = png(contact_sheet(to_grey(self.samples[:SAMPLES])))

    def draw(self, trainer: Trainer, number: int, *, finely: bool) -> Picture:  # noqa: ARG002
        """Draw what G makes of the same noise as ever."""
        grey = contact_sheet(to_grey(trainer.sample(SAMPLES)))
        side = math.isqrt(SAMPLES)
        return Picture(number, trainer.iteration, side, side, grey)

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


def view_of(data: Data, examples: int = 0) -> View:
    """Return the view that fits the data, of which the first ``examples`` are used (0: all)."""
    from gan_core.data import ImageSet

    if isinstance(data, ImageSet):
        return PictureView(data, examples)
    from gan_core.points.view import PointView

    return PointView(data, examples)
