"""One run: a trainer with a plan, worked off in slices by the engine's workers."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from gan_core.config import POINT_MODEL, TrainConfig
from gan_core.engine.audience import Audience
from gan_core.engine.fork import Origin, Parting, changed, start_alike
from gan_core.engine.frame import Frame, Reason, RunState
from gan_core.engine.loading import Loading
from gan_core.engine.orders import Orders, answer
from gan_core.engine.plan import FOR_EVER, Plan
from gan_core.engine.screen import Screen
from gan_core.engine.session import Session
from gan_core.engine.views import view_of

if TYPE_CHECKING:
    from torch import Tensor

    from gan_core.engine.views import Data
    from gan_core.trainer import Trainer

_log = logging.getLogger(__name__)
T = TypeVar("T")

MAX_PLANNED = 1_000_000
_AT_FIRST = Origin()


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
        together: the runs that count as seen when this one is.
    """

    def __init__(
        self,
        config: TrainConfig,
        load_data: Callable[[str], Data],
        wake: Callable[[Run], None],
        origin: Origin | None = _AT_FIRST,
        data: Data | None = None,
        plan: Plan | None = None,
    ) -> None:
        self.control_token = secrets.token_urlsafe(12)
        self.view_token = secrets.token_urlsafe(12)
        self.config = config
        self.asked = config
        self.data: Data | None = None
        self.real_png: bytes | None = None
        self.keep_going = False
        self.together: tuple[Run, ...] = (self,)
        self.last_seen = time.monotonic()
        self._wake = wake
        self._origin = _AT_FIRST if origin is None else origin
        self._given = data
        self._wanted = Orders()
        self._plan: Plan = Plan() if plan is None else plan
        self._audience = Audience()
        self._session: Session | None = None
        self._restart_wanted = origin is not None
        self._load_data = load_data
        self._loading: Loading[Data] = Loading(self._want)
        self._look_numbers = count(1)
        self._run_id = 0
        self._detached = False
        self._begin()

    def _begin(self) -> None:
        """Forget what was seen; the trainer is built by a worker."""
        self._run_id += 1
        kind = "points" if self.asked.model == POINT_MODEL else "pictures"
        self._screen = Screen(kind, self._run_id, self._look_numbers)
        self._state = RunState.LOADING
        self._reason: Reason | None = None
        self.frame: Frame = self._screen.frame(None, RunState.LOADING)

    # Steering: from any thread, returns at once ------------------------------------

    def play(self) -> None:
        """Train until told otherwise."""
        self._want(lambda: self._plan.add("both", FOR_EVER))

    def pause(self) -> None:
        """Stop after the move being made."""
        self._want(self._plan.clear)

    def step(self, count: int = 1) -> None:
        """Make ``count`` iterations, then pause."""
        self._want(lambda: self._plan.add("both", min(max(count, 1), MAX_PLANNED)))

    def step_discriminator(self, count: int = 1) -> None:
        """Let D alone move ``count`` times, then pause."""
        self._want(lambda: self._plan.add("d", min(max(count, 1), MAX_PLANNED)))

    def step_generator(self, count: int = 1) -> None:
        """Let G alone move ``count`` times, then pause."""
        self._want(lambda: self._plan.add("g", min(max(count, 1), MAX_PLANNED)))

    def slow_step(self) -> None:
        """Make one iteration under glass, then pause; ``frame.slow`` tells what happened.

        For points only: of a picture there is too much to tell.
        """

        def begin() -> None:
            if self.asked.model == POINT_MODEL:
                self._plan.clear()
                self._plan.add("slow", 1)

        self._want(begin)

    def set_rates(self, generator: float | None = None, discriminator: float | None = None) -> None:
        """Change learning rates from the next move on; None leaves one as it is.

        Raises:
            SettingError: (a ValueError) if a rate is out of range.
        """
        given = {"generator_lr": generator, "discriminator_lr": discriminator}
        changes = {name: rate for name, rate in given.items() if rate is not None}
        self.asked = self.asked.replace(**changes)

        def change() -> None:
            if self._session is not None:
                now = self._session.rates
                self._session.set_rates((generator or now[0], discriminator or now[1]))
                self.config = self.config.replace(**changes)

        self._want(change)

    def rewind(self, iteration: int) -> None:
        """Go back to the youngest kept state at or before ``iteration``, and pause there.

        Training goes on from it bit for bit, with the learning rates of then.
        """
        self._want(lambda: self._go_back(iteration))

    def reset(self, plan: Plan | None = None) -> None:
        """Start again from the same seed: the same first weights."""
        self.begin_at(Origin(like=self._origin.like), self.config, plan=plan)

    def restart(
        self,
        config: TrainConfig,
        state: dict[str, Tensor] | None = None,
        data: Data | None = None,
    ) -> None:
        """Start again with another recipe, from a saved state, or on given data; viewers stay.

        Data once given serve for as long as the recipe names them.
        """
        self.begin_at(Origin(state), config, data)

    def begin_at(
        self,
        origin: Origin,
        config: TrainConfig,
        data: Data | None = None,
        plan: Plan | None = None,
    ) -> None:
        """Start again anywhere; a run that shared its plan leaves it, and follows ``plan``."""
        self.asked = config

        def begin() -> None:
            if self._state == RunState.STOPPED:
                return
            self._origin = origin
            self._given = data or self._given
            self._follow(Plan() if plan is None else plan)
            self._restart_wanted = True

        self._want(begin)

    def follow(self, plan: Plan) -> None:
        """Forget what was planned and do what another plan says."""
        self._want(lambda: self._follow(plan))

    def go_back(self, iteration: int, plan: Plan, otherwise: Callable[[], None]) -> None:
        """Go back to exactly this kept state, and follow another plan from there.

        ``otherwise``: called where the state is no longer kept.
        """

        def back() -> None:
            self._follow(plan)
            if self._session is not None and iteration in self._session.kept:
                self._go_back(iteration)
            else:
                otherwise()

        self._want(back)

    def part(self, plan: Plan | None = None) -> Future[Parting]:
        """Pause, and hand over everything, so that another run can go on from exactly here.

        ``plan``: what to follow from then on.
        """

        def take(session: Session) -> Parting:
            self._plan.clear()
            if plan is not None:
                self._follow(plan)
            if not self._alive:
                self._plan.leave()  # nobody shall wait for this run
            assert self.data is not None
            return Parting(session.trainer.config, session.moment(), self.data)

        return self._ask(take)

    def go_on_from(
        self, coming: Future[Parting], changes: Mapping[str, Any], plan: Plan | None = None
    ) -> None:
        """Begin with what another run hands over, as soon as it does; fail if it does not."""

        def begin(arrived: Future[Parting]) -> None:
            error = arrived.exception()
            if error is None:
                parting = arrived.result()
                config = changed(parting.config, changes)
                origin = parting.origin
                own = self._plan if plan is None else plan  # steps already asked for are not lost
                self.begin_at(origin, config, parting.data, own)
                return
            if plan is not None:
                plan.leave()  # nobody shall wait for this run
            self._want(partial(_raise, error))

        coming.add_done_callback(begin)

    def stop(self) -> None:
        """End the run for good and let go of its memory."""

        def finish() -> None:
            self._restart_wanted = False
            self._loading.cancel()
            self._session = None
            self._end(RunState.STOPPED, None)

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
        return self._ask(lambda session: look(session.trainer))

    def _ask(self, look: Callable[[Session], T]) -> Future[T]:
        future: Future[T] = Future()

        def see() -> T:
            if self._session is None:
                raise RuntimeError("the run has no networks to look at")
            return look(self._session)

        def take() -> None:
            if self._being_built:
                self._wanted.postpone(take)
            else:
                answer(future, see)

        if not self._want(take):
            take()  # no worker comes by any more
        return future

    @property
    def _being_built(self) -> bool:
        return self._restart_wanted or self._state == RunState.LOADING

    def wake(self) -> None:
        """Let the engine see whether there is something to do."""
        self._wake(self)

    def _want(self, action: Callable[[], None]) -> bool:
        if self._state == RunState.STOPPED:  # what has ended does not come back
            return False
        self._wanted.add(action)
        self._wake(self)
        return True

    # Watching ----------------------------------------------------------------------

    def seen(self, viewer: str = "") -> None:
        """Note that somebody looked; brings a detached run back."""
        self._audience.note(viewer)
        for run in self.together:
            run.last_seen = time.monotonic()
            if run._detached:
                run._detached = False
                run._wake(run)
        if self._reading_due:
            self._wake(self)

    @property
    def keeps_going(self) -> bool:
        """Say whether it, or a run that belongs to it, shall train while nobody looks."""
        return any(run.keep_going for run in self.together)

    @property
    def viewers(self) -> int:
        """How many looked in the last five seconds."""
        return len(self._audience.names)

    def detach(self) -> None:
        """Rest until somebody looks again; the plan is kept."""
        if self._plan and not self._detached:
            self._detached = True
            self._wake(self)

    # Working: by one worker at a time --------------------------------------------------

    @property
    def has_work(self) -> bool:
        """Say whether a worker would find something to do."""
        if self._wanted or self._restart_wanted or self._loading.arrived or self._reading_due:
            return True
        if self._state == RunState.RUNNING and not self._plan:
            return True  # somebody else cleared the plan: this is to be shown
        return self._plan.may_move and not self._detached and self._ready

    @property
    def _reading_due(self) -> bool:
        """Whether a part of a reading of the meter is to be taken."""
        session = self._session
        if session is None or not self._ready or self._detached:
            return False
        waiting = bool(self._plan)
        return self._screen.reading_due(session.trainer, self.last_seen, moves_wait=waiting)

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
            self._wanted.obey()
            if self._restart_wanted:
                self._fetch()
            if self._loading.arrived:
                try:
                    self._build()
                finally:
                    self._wanted.recall()
                self._wanted.obey()
            if self._session is not None and self._reading_due:
                self._screen.read_on(self._session.trainer)
            self._train(time.perf_counter() + seconds)
        except TrainingDiverged as error:
            self._end(RunState.DIVERGED, Reason("diverged", error.iteration, error.quantity))
        except Exception as error:  # a worker serves all runs: one must not end it
            _log.exception("run failed")
            self._end(RunState.FAILED, Reason("failed", detail=f"{type(error).__name__}: {error}"))
        self._publish()

    def _end(self, state: RunState, reason: Reason | None) -> None:
        self._plan.leave()
        self._state, self._reason = state, reason
        self._wanted.recall()  # whoever waits learns of it

    def _follow(self, plan: Plan) -> None:
        if plan is not self._plan:
            self._plan.leave()
            self._plan = plan

    def _fetch(self) -> None:
        self._restart_wanted = False
        self._begin()
        self._session = None  # the old one's memory goes before the new one's comes
        if self._given is not None and self._given.key == self.asked.dataset:
            self._loading.give(self._given)
        else:
            self._loading.start(partial(self._load_data, self.asked.dataset))

    def _build(self) -> None:
        from gan_core.trainer import Trainer

        self.data = self._loading.take()
        self.config = self.asked.replace(dataset=self.data.key)
        view = view_of(self.data, self.config)
        trainer = Trainer(self.config, view.samples, view.labels)
        origin = self._origin
        if origin.like is not None:
            start_alike(trainer, origin.like)
        if origin.state is not None:
            trainer.adopt(origin.state)
        self._session = Session(trainer, view, self._screen, origin.seen)
        self._state = RunState.PAUSED
        self.real_png = view.real_png

    def _train(self, deadline: float) -> None:
        deadline = self._screen.not_after(deadline, self.last_seen)
        while self._ready and not self._detached and not self._wanted:
            planned = self._plan.next()
            if planned is None:
                return
            assert self._session is not None
            move, is_last = planned
            self._session.move(move, is_last=is_last)
            if time.perf_counter() >= deadline:
                return

    def _go_back(self, iteration: int) -> None:
        session = self._session
        if session is None or not session.go_back(iteration, self._run_id + 1):
            return
        self._run_id += 1
        generator_lr, discriminator_lr = session.rates
        rates = {"generator_lr": generator_lr, "discriminator_lr": discriminator_lr}
        self.config, self.asked = self.config.replace(**rates), self.asked.replace(**rates)
        self._plan.clear()
        self._state, self._reason = RunState.PAUSED, None

    def _publish(self) -> None:
        """Replace the frame; what a pause leaves can be gone back to."""
        session = self._session
        if self._ready and session is not None:
            waiting = RunState.DETACHED if self._detached else RunState.RUNNING
            self._state = waiting if self._plan else RunState.PAUSED
            session.keep_on() if self._plan else session.rest()
        self.frame = self._screen.frame(
            session, self._state, self._reason, last_seen=self.last_seen
        )


def _raise(error: BaseException) -> None:
    raise error
