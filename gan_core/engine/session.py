"""A game under way: the trainer, what is shown of it, and what it can go back to."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from gan_core.engine.past import Moment, Past

if TYPE_CHECKING:
    from gan_core.engine.screen import Screen
    from gan_core.engine.views import View
    from gan_core.points.slow import SlowStep
    from gan_core.trainer import StepReport, Trainer

# While it plays, a run keeps a state to go back to this often.
KEEP_SECONDS = 0.5


class Session:
    """One start of a run, from the moment its data are there; used by one worker at a time.

    Args:
        seen: what another screen had shown by then, where this goes on from it.

    Attributes:
        slow: the newest step taken under glass.
    """

    def __init__(self, trainer: Trainer, view: View, screen: Screen, seen: Any = None) -> None:
        self.trainer = trainer
        self.slow: SlowStep | None = None
        self._screen = screen
        self._past = Past(view.most_bytes)
        self._kept_at = 0.0
        screen.begin(view, trainer, seen)

    @property
    def rates(self) -> tuple[float, float]:
        """Learning rates of G and D."""
        config = self.trainer.config
        return config.generator_lr, config.discriminator_lr

    @property
    def kept(self) -> tuple[int, ...]:
        """Iterations that it can go back to."""
        return self._past.iterations

    def move(self, move: str, *, is_last: bool) -> None:
        """Make one move of the plan, and note what it measured."""
        begin = time.thread_time()
        report = self._make(move)
        self._screen.note_work(time.thread_time() - begin)
        in_album = self._screen.record(report, self.trainer, is_last=is_last)
        if in_album or is_last:
            self._keep()

    def _make(self, move: str) -> StepReport:
        if move == "d":
            return self.trainer.step_discriminator()
        if move == "g":
            return self.trainer.step_generator()
        if move == "slow":
            return self._make_slowly()
        return self.trainer.step()

    def _make_slowly(self) -> StepReport:
        from gan_core.points.slow import slowly

        report, self.slow = slowly(self.trainer, 1 + (self.slow.number if self.slow else 0))
        return report

    def set_rates(self, rates: tuple[float, float]) -> None:
        """Change the learning rates of G and D from the next move on."""
        self.trainer.set_rates(*rates)

    def rest(self) -> None:
        """Keep the state that a pause leaves."""
        self._keep()

    def keep_on(self) -> None:
        """Keep a state if the last one is old."""
        if time.perf_counter() - self._kept_at > KEEP_SECONDS:
            self._keep()

    def go_back(self, iteration: int, run_id: int) -> bool:
        """Go back to the youngest kept state at or before ``iteration``, if there is one."""
        moment = self._past.back_to(iteration)
        if moment is None:
            return False
        self.trainer.load_state_dict(moment.state)
        self.set_rates(moment.rates)
        self._screen.go_back(run_id, moment.seen, self.trainer)
        return True

    def moment(self) -> Moment:
        """Return everything as it is now."""
        state = self.trainer.state_dict()
        return Moment(self.trainer.iteration, state, self.rates, self._screen.memory())

    def _keep(self) -> None:
        if self._past.wants(self.trainer.iteration):
            self._past.keep(self.moment())
            self._kept_at = time.perf_counter()
