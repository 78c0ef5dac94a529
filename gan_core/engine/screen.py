"""What a run shows: curves, looks and an album, drawn when they are due."""

from __future__ import annotations

import copy
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gan_core.engine.frame import Frame, Look, Reason, RunState
from gan_core.history import CURVES, Album, History

if TYPE_CHECKING:
    from gan_core.engine.session import Session
    from gan_core.engine.views import View
    from gan_core.trainer import StepReport, Trainer

WATCHED_SECONDS = 2.0
# Whoever clicks through single steps does not wait for the meter.
REST_SECONDS = 0.5


class Screen:
    """Draws one run from its beginning on; a new start of the run gets a new screen.

    Args:
        kind: what the run makes, "pictures" or "points".
        run_id: of which start of the run this is.
        numbers: where the ids of looks come from; they rise over all starts of a run.
    """

    def __init__(self, kind: str, run_id: int, numbers: Iterator[int]) -> None:
        self.kind = kind
        self.run_id = run_id
        self._numbers = numbers
        self._view: View | None = None
        self._history = History()
        self._album = Album()
        self._marks: deque[tuple[float, int]] = deque()
        self._report: StepReport | None = None
        self._look: Look | None = None
        self._is_fine = False
        self._look_time = 0.0
        self._look_cost = 0.0
        self._asked_at = 0.0  # when somebody last asked, as the newest look was drawn
        self._worked = 0.0
        self._rests_since: float | None = None

    def begin(self, view: View, trainer: Trainer, seen: Any = None) -> None:
        """Draw the first look; curves begin behind what the trainer has done already.

        ``seen``: the memory of another screen, which this one goes on from.
        """
        self._view = view
        self._history = History(view.buckets, first=trainer.iteration + 1)
        if seen is not None:
            self._recall(seen)
        self._draw(trainer, finely=True)

    def note_work(self, seconds: float) -> None:
        """Take in how much of the processor's time a move took."""
        self._worked += seconds

    def reading_due(self, trainer: Trainer, last_seen: float, *, moves_wait: bool) -> bool:
        """Say whether a part of a reading of the meter is to be taken: only while watched."""
        reader = self._view.reader if self._view else None
        if reader is None or time.monotonic() - last_seen > WATCHED_SECONDS:
            return False
        since = self._rests_since
        rests = since is not None and time.perf_counter() - since > REST_SECONDS
        return reader.due(trainer, self._worked, resting=rests and not moves_wait)

    def read_on(self, trainer: Trainer) -> None:
        """Take that part."""
        assert self._view is not None
        assert self._view.reader is not None
        self._view.reader.go_on(trainer, self._worked)

    def record(self, report: StepReport, trainer: Trainer, *, is_last: bool) -> bool:
        """Take in what a move measured; say whether the album kept a look of it.

        ``is_last``: nothing comes after it for the time being.
        """
        self._report = report
        self._history.append([getattr(report, name) for name in CURVES])
        wanted = self._album.wants(report.iteration)
        if wanted:
            self._draw(trainer, finely=is_last)
        return wanted

    def frame(
        self,
        session: Session | None,
        state: RunState,
        reason: Reason | None = None,
        *,
        last_seen: float = 0.0,
    ) -> Frame:
        """Return what there is to see now; draw a look if one is due and somebody looks."""
        trainer = session.trainer if session else None
        if state != RunState.PAUSED:
            self._rests_since = None
        elif self._rests_since is None:
            self._rests_since = time.perf_counter()
        if trainer is not None and self._due(trainer, state, last_seen):
            self._draw(trainer, finely=state != RunState.RUNNING)
            self._asked_at = last_seen
        view = self._view
        return Frame(
            run_id=self.run_id,
            state=state,
            reason=reason,
            iteration=trainer.iteration if trainer else 0,
            discriminator_moves=trainer.discriminator_moves if trainer else 0,
            generator_moves=trainer.generator_moves if trainer else 0,
            epoch=trainer.epoch if trainer else 0.0,
            rate=self._rate(trainer, state),
            report=self._report,
            curves=self._history.curves(),
            picture=self._look,
            album=self._album.pages,
            kind=self.kind,
            rates=session.rates if session else None,
            kept=session.kept if session else (),
            meter=view.readings if view else None,
            slow=session.slow if session else None,
        )

    def not_after(self, deadline: float, last_seen: float) -> float:
        """Return when a worker should come to draw: at ``deadline``, or before if watched."""
        if self._view is None or not self._is_wanted(last_seen):
            return deadline
        return min(deadline, self._next_look)

    @property
    def _next_look(self) -> float:
        """When a look is due while the run is watched, on the clock of ``perf_counter``."""
        assert self._view is not None
        shortest, longest = self._view.gaps
        # A slow generator is drawn less often, so that looking costs training little.
        return self._look_time + min(max(shortest, self._look_cost / self._view.share), longest)

    def memory(self) -> Any:
        """Return what was seen so far, for going back to it."""
        view = self._view.memory() if self._view else None
        seen = copy.deepcopy((self._history, self._report))
        return seen, copy.copy(self._album), view

    def go_back(self, run_id: int, memory: Any, trainer: Trainer) -> None:
        """Show again what had been seen by then; ``run_id`` tells browsers to forget."""
        self.run_id = run_id
        self._marks.clear()
        self._recall(memory)
        self._draw(trainer, finely=True)

    def _recall(self, memory: Any) -> None:
        seen, album, view = memory
        self._history, self._report = copy.deepcopy(seen)
        self._album = copy.copy(album)
        if self._view:
            self._view.remember(view)

    def _due(self, trainer: Trainer, state: RunState, last_seen: float) -> bool:
        shown = self._look
        if shown is None:
            return False
        is_new = shown.iteration != trainer.iteration
        if state != RunState.RUNNING:
            rests = state in (RunState.PAUSED, RunState.DETACHED, RunState.DIVERGED)
            return rests and (is_new or not self._is_fine)
        return is_new and self._is_wanted(last_seen) and time.perf_counter() >= self._next_look

    def _is_wanted(self, last_seen: float) -> bool:
        """Say whether somebody is watching, and has asked since the newest look was drawn."""
        recent = time.monotonic() - last_seen <= WATCHED_SECONDS
        return recent and last_seen != self._asked_at

    def _draw(self, trainer: Trainer, *, finely: bool) -> None:
        assert self._view is not None
        # Of the processor's time: on a busy machine a look takes longer, but costs no more.
        begin = time.thread_time()
        self._look = self._view.draw(trainer, next(self._numbers), finely=finely)
        self._is_fine = finely
        if self._album.wants(trainer.iteration):
            self._album.add(trainer.iteration, self._look.page)
        self._look_cost = time.thread_time() - begin
        self._look_time = time.perf_counter()

    def _rate(self, trainer: Trainer | None, state: RunState) -> float | None:
        """Iterations a second over the last three seconds of training, as it was seen."""
        if state != RunState.RUNNING or trainer is None:
            self._marks.clear()
            return None
        now = time.perf_counter()
        self._marks.append((now, trainer.iteration))
        while now - self._marks[0][0] > 3:
            self._marks.popleft()
        (then, first), (_, last) = self._marks[0], self._marks[-1]
        return (last - first) / (now - then) if now - then > 0.3 else None
