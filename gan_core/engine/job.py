"""A job: a long experiment with an end, advanced in turns, whose result is kept."""

from __future__ import annotations

import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from gan_core.engine.frame import Reason
from gan_core.engine.loading import Loading
from gan_core.engine.orders import Orders
from gan_core.history import Curves, History

_log = logging.getLogger(__name__)
R_co = TypeVar("R_co", covariant=True)

# Buckets of each curve: a chart on a page is some 500 pixels wide.
BUCKETS = 256
# What is left is told by the pace of the last so many seconds of work: the stages of an
# experiment need not be equally fast.
PACE_SECONDS = 15.0
# Before there is this much to go by, nothing is told.
LEAST_SECONDS = 1.0
_MARK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an experiment.

    Attributes:
        stage: what is being done, as a key for the page's word.
        done: steps done by now.
        total: steps in all. Steps of one size make the time that is left come true.
        values: what was measured at this step, by name; each name becomes a curve over its
            own readings.
        pictures: PNGs by name; each takes the place of the last one of that name.
    """

    stage: str
    done: int
    total: int
    values: Mapping[str, float] = field(default_factory=dict)
    pictures: Mapping[str, bytes] = field(default_factory=dict)


class Experiment(Protocol[R_co]):
    """What a job does. Used by one job, once."""

    def prepare(self) -> None:
        """Fetch what is needed, in a thread of its own: it may take long and wait for a network."""
        ...

    def steps(self) -> Generator[Step, None, R_co]:
        """Do it, yielding after each step, and return the result.

        Between two steps it may wait for ever, or be closed. No step should take longer than
        some 50 ms: others wait for their turn.
        """
        ...


class JobState(StrEnum):
    """Where a job stands."""

    LOADING = "loading"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"
    DIVERGED = "diverged"
    FAILED = "failed"


# It is over, and nothing brings it back.
ENDED = frozenset({JobState.DONE, JobState.CANCELLED, JobState.DIVERGED, JobState.FAILED})


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture of a job. ``version`` rises with every new one."""

    version: int
    png: bytes


@dataclass(frozen=True, slots=True)
class JobFrame:
    """One look at a job: immutable, so that any number may look without a lock.

    Attributes:
        version: rises whenever anything else here changes.
        stage: key of what is being done; empty before the first step.
        done, total: steps.
        left: seconds to go at the present pace; None while that cannot be told.
        seconds: how long it has been at work, pauses left out, turns of others included.
        curves: one column each, by the name of the value.
        pictures: the newest by name.
    """

    version: int = 0
    state: JobState = JobState.LOADING
    reason: Reason | None = None
    stage: str = ""
    done: int = 0
    total: int = 0
    left: float | None = None
    seconds: float = 0.0
    curves: Mapping[str, Curves] = field(default_factory=dict)
    pictures: Mapping[str, Shown] = field(default_factory=dict)


class Job:
    """A long experiment under way, steered from any thread and advanced by one worker at a time.

    It goes on while nobody looks: it has an end, and its visitor may read on meanwhile.

    Attributes:
        control_token: whoever holds it may steer.
        view_token: whoever holds it may watch.
        place: who it belongs to.
        experiment: what it does.
        result: what the experiment returned; None before it is done.
        last_seen: when somebody looked, by ``time.monotonic``.
    """

    def __init__(
        self, experiment: Experiment[Any], wake: Callable[[Job], None], place: str = ""
    ) -> None:
        self.control_token = secrets.token_urlsafe(12)
        self.view_token = secrets.token_urlsafe(12)
        self.place = place
        self.experiment = experiment
        self.result: Any = None
        self.last_seen = time.monotonic()
        self.frame = JobFrame()
        self._wake = wake
        self._wanted = Orders()
        self._loading: Loading[None] = Loading(self._want)
        self._steps: Generator[Step, None, Any] | None = None
        self._state = JobState.LOADING
        self._reason: Reason | None = None
        self._is_paused = False
        self._step: Step | None = None
        self._histories: dict[str, History] = {}
        self._pictures: dict[str, Shown] = {}
        self._pace = Pace()

    # Steering: from any thread, returns at once ------------------------------------

    def begin(self) -> None:
        """Let it prepare itself, and then work."""
        self._loading.start(self.experiment.prepare)

    def pause(self) -> None:
        """Rest after the step being made."""
        self._want(lambda: self._rest(paused=True))

    def resume(self) -> None:
        """Go on with the next step."""
        self._want(lambda: self._rest(paused=False))

    def cancel(self) -> None:
        """End it for good and let go of its memory; a result that is there already goes too."""

        def finish() -> None:
            self.result = None
            self._end(JobState.CANCELLED)

        if self._state != JobState.CANCELLED:
            self._wanted.add(finish)
            self._wake(self)

    def _rest(self, *, paused: bool) -> None:
        self._is_paused = paused
        self._pace.rest()

    def _want(self, action: Callable[[], None]) -> None:
        if self._state not in ENDED:
            self._wanted.add(action)
            self._wake(self)

    # Watching ----------------------------------------------------------------------

    def seen(self) -> None:
        """Note that somebody looked: what is looked at is not forgotten."""
        self.last_seen = time.monotonic()

    # Working: by one worker at a time ------------------------------------------------

    @property
    def has_work(self) -> bool:
        """Say whether a worker would find something to do."""
        if self._wanted or self._loading.arrived:
            return True
        return self._steps is not None and not self._is_paused

    def advance(self, seconds: float) -> None:
        """Obey what is wanted, then work for about ``seconds``.

        Whatever goes wrong ends this job alone, and its frame says why.
        """
        from gan_core.report import TrainingDiverged

        try:
            self._wanted.obey()
            if self._loading.arrived:
                self._loading.take()
                self._steps = self.experiment.steps()
            self._work(time.perf_counter() + seconds)
        except TrainingDiverged as error:
            reason = Reason("diverged", error.iteration, error.quantity)
            self._end(JobState.DIVERGED, reason)
        except Exception as error:  # a worker serves all: one job must not end it
            _log.exception("job failed")
            reason = Reason("failed", detail=f"{type(error).__name__}: {error}")
            self._end(JobState.FAILED, reason)
        self._publish()

    def _work(self, deadline: float) -> None:
        while self._steps is not None and not self._is_paused and not self._wanted:
            try:
                self._take(next(self._steps))
            except StopIteration as end:
                self.result = end.value
                self._end(JobState.DONE)
                return
            if time.perf_counter() >= deadline:
                return

    def _take(self, step: Step) -> None:
        self._step = step
        self._pace.note(step.done)
        for name, value in step.values.items():
            if name not in self._histories:
                self._histories[name] = History(BUCKETS, columns=1)
            self._histories[name].append([value])
        for name, content in step.pictures.items():
            last = self._pictures.get(name)
            self._pictures[name] = Shown(last.version + 1 if last else 1, content)

    def _end(self, state: JobState, reason: Reason | None = None) -> None:
        """Let go of what the experiment holds."""
        self._loading.cancel()
        if self._steps is not None:
            self._steps.close()
        self._steps = None
        self._pace.rest()
        self._state, self._reason = state, reason

    def _publish(self) -> None:
        if self._state not in ENDED and self._steps is not None:
            self._state = JobState.PAUSED if self._is_paused else JobState.RUNNING
        step = self._step or Step("", 0, 0)
        at_work = self._state == JobState.RUNNING
        self.frame = JobFrame(
            version=self.frame.version + 1,
            state=self._state,
            reason=self._reason,
            stage=step.stage,
            done=step.done,
            total=step.total,
            left=self._pace.left(step.total) if at_work else None,
            seconds=self._pace.seconds,
            curves={name: history.curves() for name, history in self._histories.items()},
            pictures=dict(self._pictures),
        )


class Pace:
    """How fast a job goes; time in which it rests does not count.

    Attributes:
        seconds: how long it has been at work.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._marks: deque[tuple[float, int]] = deque()
        self._last: float | None = None

    def note(self, done: int) -> None:
        """Take in that so many steps are done by now."""
        now = time.perf_counter()
        if self._last is not None:
            self.seconds += now - self._last
        self._last = now
        if not self._marks or self.seconds - self._marks[-1][0] >= _MARK_SECONDS:
            self._marks.append((self.seconds, done))
        while self._marks[-1][0] - self._marks[0][0] > PACE_SECONDS:
            self._marks.popleft()

    def rest(self) -> None:
        """Let the clock stand until the next step."""
        self._last = None

    def left(self, total: int) -> float | None:
        """Return the seconds until ``total`` steps are done; None while that cannot be told."""
        if len(self._marks) < 2:
            return None
        (begin, first), (end, done) = self._marks[0], self._marks[-1]
        if end - begin < LEAST_SECONDS or done <= first:
            return None
        return max(0, total - done) * (end - begin) / (done - first)
