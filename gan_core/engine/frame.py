"""What a run shows of itself: immutable, so that any number may look without a lock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from gan_core.history import Curves, Page
from gan_core.pictures import Grey, png

if TYPE_CHECKING:
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


@dataclass(frozen=True)
class Picture:
    """A contact sheet of samples. ``id`` rises with every new one."""

    id: int
    iteration: int
    rows: int
    columns: int
    grey: Grey

    @cached_property
    def png(self) -> bytes:
        """The picture as PNG: encoded once, when the first viewer asks."""
        return png(self.grey)


@dataclass(frozen=True, slots=True)
class Frame:
    """One look at a run. ``run_id`` rises when it starts again from the beginning."""

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
    picture: Picture | None
    album: tuple[Page, ...]
