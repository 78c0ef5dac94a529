"""One run: a trainer with a plan, worked off in slices by the engine's workers."""

from __future__ import annotations

import logging
import math
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from gan_core.config import TrainConfig
from gan_core.engine.frame import Frame, Picture, Reason, RunState
from gan_core.history import CURVES, Album, History
from gan_core.pictures import contact_sheet, png, to_grey

if TYPE_CHECKING:
    from torch import Tensor

    from gan_core.data import ImageSet
    from gan_core.trainer import StepReport, Trainer

_log = logging.getLogger(__name__)
T = TypeVar("T")

SAMPLES = 64
WATCHED_SECONDS = 2.0
PICTURE_GAP = 0.15
LONGEST_PICTURE_GAP = 0.2
PICTURE_SHARE = 0.05
MAX_PLANNED = 1_000_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run's whole state between two moves, ready for a checkpoint."""

    config: TrainConfig
    state: dict[str, Tensor]
    iteration: int


class Run:
    """A GAN in training, steered from any thread and advanced by one worker at a time.

    Steering only writes down what is wanted and wakes the engine; nothing here
    waits for training. What there is to see is ``frame``, replaced as a whole.

    Attributes:
        control_token: whoever holds it may steer.
        view_token: whoever holds it may watch.
        asked: the recipe asked for.
        config: the recipe in use; its data set is another when the one asked for
            could not be had.
    """

    def __init__(
        self,
        config: TrainConfig,
        load_data: Callable[[str], ImageSet],
        wake: Callable[[Run], None],
        state: dict[str, Tensor] | None = None,
    ) -> None:
        self.control_token = secrets.token_urlsafe(12)
        self.view_token = secrets.token_urlsafe(12)
        self.config = config
        self.asked = config
        self.data: ImageSet | None = None
        self.real_png: bytes | None = None
        self.keep_going = False
        self.last_seen = time.monotonic()
        self._load_data = load_data
        self._wake = wake
        self._initial_state = state
        self._wanted: deque[Callable[[], None]] = deque()
        self._plan: deque[tuple[str, float]] = deque()
        self._lock = threading.Lock()  # guards _viewers alone
        self._viewers: dict[str, float] = {}
        self._trainer: Trainer | None = None
        self._restart_wanted = True
        self._loaded: ImageSet | Exception | None = None
        self._load_number = 0
        self._once_built: list[Callable[[], None]] = []
        self._picture_id = 0
        self._run_id = 0
        self._detached = False
        self._begin()

    def _begin(self) -> None:
        """Forget what was seen; the trainer is built by a worker."""
        self._run_id += 1
        self._history = History()
        self._album = Album()
        self._marks: deque[tuple[float, int]] = deque()
        self._report: StepReport | None = None
        self._reason: Reason | None = None
        self._state = RunState.LOADING
        self._picture_time = 0.0
        self._picture_cost = 0.0
        self.frame: Frame = Frame(
            run_id=self._run_id,
            state=RunState.LOADING,
            reason=None,
            iteration=0,
            discriminator_moves=0,
            generator_moves=0,
            epoch=0.0,
            rate=None,
            report=None,
            curves=self._history.curves(),
            picture=None,
            album=(),
        )

    # Steering: from any thread, returns at once ------------------------------------

    def play(self) -> None:
        """Train until told otherwise."""
        self._want(lambda: self._follow("both", math.inf))

    def pause(self) -> None:
        """Stop after the move being made."""
        self._want(self._plan.clear)

    def step(self, count: int = 1) -> None:
        """Make ``count`` iterations, then pause."""
        self._want(lambda: self._follow("both", min(max(count, 1), MAX_PLANNED)))

    def step_discriminator(self, count: int = 1) -> None:
        """Let D alone move ``count`` times, then pause."""
        self._want(lambda: self._follow("d", min(max(count, 1), MAX_PLANNED)))

    def step_generator(self, count: int = 1) -> None:
        """Let G alone move ``count`` times, then pause."""
        self._want(lambda: self._follow("g", min(max(count, 1), MAX_PLANNED)))

    def reset(self) -> None:
        """Start again from the same seed: the same first weights."""
        self.restart(self.config)

    def restart(self, config: TrainConfig, state: dict[str, Tensor] | None = None) -> None:
        """Start again with another recipe, or from a saved state; viewers stay."""
        self.asked = config

        def begin() -> None:
            if self._state == RunState.STOPPED:
                return
            self._initial_state = state
            self._plan.clear()
            self._restart_wanted = True

        self._want(begin)

    def stop(self) -> None:
        """End the run for good and let go of its memory."""

        def finish() -> None:
            self._restart_wanted = False
            self._load_number += 1  # data that are under way come too late
            self._loaded = self._trainer = None
            self._end(RunState.STOPPED, None)
            self._wanted.extend(self._once_built)  # whoever waits learns of it
            self._once_built.clear()

        self._want(finish)

    def snapshot(self) -> Future[Snapshot]:
        """Ask for the whole state."""
        return self.between_moves(
            lambda trainer: Snapshot(trainer.config, trainer.state_dict(), trainer.iteration)
        )

    def between_moves(self, look: Callable[[Trainer], T]) -> Future[T]:
        """Let ``look`` see the trainer between two moves; the future holds its answer.

        It runs in the engine's worker, so it should be quick, and it must not
        change the trainer. The future fails with RuntimeError if there is none,
        and with whatever ``look`` raises.
        """
        future: Future[T] = Future()

        def take() -> None:
            if self._loading:
                self._once_built.append(take)
            elif future.set_running_or_notify_cancel():  # else nobody waits any more
                try:
                    if self._trainer is None:
                        raise RuntimeError("the run has no networks to look at")
                    future.set_result(look(self._trainer))
                except Exception as error:  # whoever asked learns of it; the run goes on
                    future.set_exception(error)

        if not self._want(take):
            take()  # no worker comes by any more
        return future

    @property
    def _loading(self) -> bool:
        return self._restart_wanted or self._state == RunState.LOADING

    def _want(self, action: Callable[[], None]) -> bool:
        if self._state == RunState.STOPPED:  # what has ended does not come back
            return False
        self._wanted.append(action)
        self._wake(self)
        return True

    def _follow(self, move: str, count: float) -> None:
        """Replace the plan; half moves queue up, so that no click is lost."""
        if count == math.inf or (self._plan and self._plan[0][1] == math.inf):
            self._plan.clear()
        self._plan.append((move, count))

    # Watching ----------------------------------------------------------------------

    def seen(self, viewer: str = "") -> None:
        """Note that somebody looked; brings a detached run back."""
        now = time.monotonic()
        self.last_seen = now
        with self._lock:
            if viewer:
                self._viewers[viewer] = now
            if len(self._viewers) > 1:
                recent = {who: at for who, at in self._viewers.items() if now - at < 5}
                self._viewers = recent
        if self._detached:
            self._detached = False
            self._wake(self)

    @property
    def viewers(self) -> int:
        """How many looked in the last five seconds."""
        now = time.monotonic()
        with self._lock:
            return sum(now - at < 5 for at in self._viewers.values())

    def detach(self) -> None:
        """Rest until somebody looks again; the plan is kept."""
        if self._plan and not self._detached:
            self._detached = True
            self._wake(self)

    # Working: by one worker at a time --------------------------------------------------

    @property
    def has_work(self) -> bool:
        """Say whether a worker would find something to do."""
        if self._wanted or self._restart_wanted or self._loaded is not None:
            return True
        return bool(self._plan) and not self._detached and self._ready

    @property
    def _ready(self) -> bool:
        return self._alive and self._state != RunState.LOADING

    @property
    def _alive(self) -> bool:
        return self._state not in (RunState.DIVERGED, RunState.FAILED, RunState.STOPPED)

    def advance(self, seconds: float) -> None:
        """Obey what is wanted, then train for about ``seconds``.

        Whatever goes wrong stops this run alone, and its frame says why.
        """
        from gan_core.trainer import TrainingDiverged

        try:
            self._obey()
            if self._restart_wanted:
                self._fetch()
            if self._loaded is not None:
                try:
                    self._build()
                finally:
                    self._wanted.extend(self._once_built)
                    self._once_built.clear()
                self._obey()
            self._train(time.perf_counter() + seconds)
        except TrainingDiverged as error:
            self._end(RunState.DIVERGED, Reason("diverged", error.iteration, error.quantity))
        except Exception as error:  # a worker serves all runs: one must not end it
            _log.exception("run failed")
            self._end(RunState.FAILED, Reason("failed", detail=f"{type(error).__name__}: {error}"))
        self._publish()

    def _end(self, state: RunState, reason: Reason | None) -> None:
        self._plan.clear()
        self._state, self._reason = state, reason

    def _obey(self) -> None:
        while self._wanted:
            self._wanted.popleft()()

    def _fetch(self) -> None:
        """Get the data in a thread of its own: a download must not hold up other runs."""
        self._restart_wanted = False
        self._begin()
        self._trainer = None  # the old one's memory goes before the new one's comes
        self._load_number += 1
        arguments = (self._load_number, self.asked.dataset)
        threading.Thread(target=self._load, args=arguments, daemon=True, name="load-data").start()

    def _load(self, number: int, key: str) -> None:
        outcome: ImageSet | Exception
        try:
            outcome = self._load_data(key)
        except Exception as error:  # raised again by the worker, which reports it
            outcome = error

        def deliver() -> None:
            if number == self._load_number:  # not overtaken by another restart
                self._loaded = outcome

        self._want(deliver)

    def _build(self) -> None:
        from gan_core.trainer import Trainer

        loaded, self._loaded = self._loaded, None
        if isinstance(loaded, Exception):
            raise loaded
        assert loaded is not None
        self.data = loaded
        self.config = self.asked.replace(dataset=self.data.key)
        self._trainer = Trainer(self.config, self.data.images)
        if self._initial_state is not None:
            self._trainer.load_state_dict(self._initial_state)
            self._history = History(first=self._trainer.iteration + 1)
        self._state = RunState.PAUSED
        self.real_png = png(contact_sheet(to_grey(self.data.images[:SAMPLES])))
        self._draw()

    def _train(self, deadline: float) -> None:
        while self._plan and self._ready and not self._detached and not self._wanted:
            self._record(self._move())
            if time.perf_counter() >= deadline:
                return

    def _move(self) -> StepReport:
        assert self._trainer is not None
        move, left = self._plan[0]
        if left <= 1:
            self._plan.popleft()
        else:
            self._plan[0] = (move, left - 1)
        if move == "d":
            return self._trainer.step_discriminator()
        if move == "g":
            return self._trainer.step_generator()
        return self._trainer.step()

    def _record(self, report: StepReport) -> None:
        self._report = report
        self._history.append([getattr(report, name) for name in CURVES])
        if self._album.wants(report.iteration):
            self._draw()

    # Publishing --------------------------------------------------------------------

    def _publish(self) -> None:
        """Replace the frame; draw a picture when one is due and somebody looks."""
        if self._ready:
            waiting = RunState.DETACHED if self._detached else RunState.RUNNING
            self._state = waiting if self._plan else RunState.PAUSED
        if self._picture_due():
            self._draw()
        trainer = self._trainer
        self.frame = replace(
            self.frame,
            state=self._state,
            reason=self._reason,
            iteration=trainer.iteration if trainer else 0,
            discriminator_moves=trainer.discriminator_moves if trainer else 0,
            generator_moves=trainer.generator_moves if trainer else 0,
            epoch=trainer.epoch if trainer else 0.0,
            rate=self._rate(),
            report=self._report,
            curves=self._history.curves(),
            album=self._album.pages,
        )

    def _picture_due(self) -> bool:
        shown = self.frame.picture
        if self._trainer is None or shown is None or shown.iteration == self._trainer.iteration:
            return False
        if self._state != RunState.RUNNING:
            return self._alive or self._state == RunState.DIVERGED
        if time.monotonic() - self.last_seen > WATCHED_SECONDS:
            return False
        # A slow generator is drawn less often, so that looking costs training little.
        gap = min(max(PICTURE_GAP, self._picture_cost / PICTURE_SHARE), LONGEST_PICTURE_GAP)
        return time.perf_counter() - self._picture_time >= gap

    def _draw(self) -> None:
        assert self._trainer is not None
        begin = time.perf_counter()
        grey = contact_sheet(to_grey(self._trainer.sample(SAMPLES)))
        self._picture_id += 1
        side = math.isqrt(SAMPLES)
        picture = Picture(self._picture_id, self._trainer.iteration, side, side, grey)
        if self._album.wants(picture.iteration):
            self._album.add(picture.iteration, picture.png)
        self.frame = replace(self.frame, picture=picture, album=self._album.pages)
        self._picture_time = time.perf_counter()
        self._picture_cost = self._picture_time - begin

    def _rate(self) -> float | None:
        """Iterations a second over the last three seconds of training, as it was seen."""
        if self._state != RunState.RUNNING or self._trainer is None:
            self._marks.clear()
            return None
        now = time.perf_counter()
        self._marks.append((now, self._trainer.iteration))
        while now - self._marks[0][0] > 3:
            self._marks.popleft()
        (then, first), (_, last) = self._marks[0], self._marks[-1]
        return (last - first) / (now - then) if now - then > 0.3 else None
