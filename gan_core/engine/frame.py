"""What a run shows of itself: immutable, so that any number may look without a lock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from gan_core.history import Curves, Page
from gan_core.pictures import Grey, png

if TYPE_CHECKING:
    from gan_core.points.slow import SlowStep
    from gan_core.readings import Readings
    from gan_core.trainer import StepReport


class RunState(StrEnum):
    """Where a run stands."""

    LOADING = "loading"
    PAUSED = "paused"
    RUNNING = "running"
    DETACHED = "detached"
    DIVERGED = "diverged"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a run stopped by itself: a code for the page's sentence, and its numbers."""

    code: str
    iteration: int = 0
    detail: str = ""


class Look(Protocol):
    """What there is to see of G and D at one moment. ``id`` rises with every new one.

    ``about`` and ``content`` travel together in an answer: a few JSON values, and bytes
    that they explain. ``page`` is what the album keeps: it can be read alone.
    """

    @property
    def id(self) -> int: ...

    @property
    def iteration(self) -> int: ...

    @property
    def about(self) -> dict[str, Any]: ...

    @property
    def content(self) -> bytes: ...

    @property
    def page(self) -> bytes: ...


@dataclass(frozen=True)
class Picture:
    """A contact sheet of samples: the look of a run on pictures.

    Attributes:
        by_class: whether each row is one class, from 0 at the top.
    """

    id: int
    iteration: int
    rows: int
    columns: int
    grey: Grey
    by_class: bool = False

    @cached_property
    def png(self) -> bytes:
        """The picture as PNG: encoded once, when the first viewer asks."""
        return png(self.grey)

    @property
    def about(self) -> dict[str, Any]:
        """How the sheet is laid out."""
        layout = {"rows": self.rows, "columns": self.columns, "by_class": self.by_class}
        return {"id": self.id, "iteration": self.iteration, **layout}

    @property
    def content(self) -> bytes:
        """The PNG, which says all itself."""
        return self.png

    @property
    def page(self) -> bytes:
        """The PNG, which says all itself."""
        return self.png


@dataclass(frozen=True, slots=True)
class Frame:
    """One look at a run.

    Attributes:
        run_id: rises whenever what was seen before no longer leads to what is seen now:
            when the run starts again, or goes back.
        rates: learning rates of G and D in use; None before the run is built.
        kept: iterations that the run can go back to, ascending.
        meter: how good what is generated has been so far, where that can be measured.
        slow: the newest step taken under glass.
    """

    run_id: int
    state: RunState
    reason: Reason | None
    iteration: int
    discriminator_moves: int
    generator_moves: int
    epoch: float
    rate: float | None
    report: StepReport | None
    curves: Curves
    picture: Look | None
    album: tuple[Page, ...]
    kind: str = "pictures"
    rates: tuple[float, float] | None = None
    kept: tuple[int, ...] = ()
    meter: Readings | None = None
    slow: SlowStep | None = None
