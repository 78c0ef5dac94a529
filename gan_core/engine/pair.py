"""Two runs steered as one: they stay in step, so that their curves can be compared."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

from gan_core.engine.fork import Parting
from gan_core.engine.plan import FOR_EVER, Plan
from gan_core.engine.run import MAX_PLANNED, Run

# How many moves one twin may be ahead of the other. The engine gives turns of time, and in
# one turn a quick run would leave a slow one far behind.
LEAD = 4

_Move = tuple[str, bool]


class Common:
    """One plan for two runs: whatever move one of them makes, the other owes it.

    Each run has a part of it, which it follows as any plan. Safe to use from many threads.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.moves = Plan()
        self.parts: list[Part] = []

    def part(self, wake: Callable[[], None]) -> Part:
        """Return the plan for one more run; ``wake`` is called when it may have work."""
        part = Part(self, wake)
        self.parts.append(part)
        return part

    def add(self, move: str, count: float) -> None:
        """Plan moves for all."""
        with self.lock:
            self.moves.add(move, count)
        self.wake()

    def clear(self) -> None:
        """Plan nothing more; what one has made, the others still make."""
        with self.lock:
            self.moves.clear()
        self.wake()

    def wake(self) -> None:
        """Let all see whether there is something to do; never while the lock is held."""
        for part in tuple(self.parts):
            part.wake()


class Part(Plan):
    """What one of several runs has to do of their common plan."""

    def __init__(self, common: Common, wake: Callable[[], None]) -> None:
        self._common = common
        self._owed: deque[_Move] = deque()
        self.wake = wake

    def __bool__(self) -> bool:
        with self._common.lock:
            return bool(self._owed or (self._takes_part and self._common.moves))

    @property
    def _takes_part(self) -> bool:
        return self in self._common.parts

    @property
    def may_move(self) -> bool:
        """Say whether there is a move to make, and nobody to wait for."""
        with self._common.lock:
            late = any(len(other._owed) >= LEAD for other in self._common.parts)
            return bool(self._owed or (self._takes_part and self._common.moves and not late))

    def add(self, move: str, count: float) -> None:
        """Plan moves for all runs."""
        self._common.add(move, count)

    def clear(self) -> None:
        """Plan nothing more for any of them."""
        self._common.clear()

    def leave(self) -> None:
        """Take no more part; the others go on without waiting."""
        with self._common.lock:
            self._owed.clear()
            if self in self._common.parts:
                self._common.parts.remove(self)
        self._common.wake()

    def next(self) -> _Move | None:
        """Take the move that this run owes, or the next one, which the others then owe."""
        with self._common.lock:
            move = self._take()
        if move is not None:
            self._common.wake()
        return move

    def _take(self) -> _Move | None:
        if self._owed:
            return self._owed.popleft()
        others = [part for part in self._common.parts if part is not self]
        if not self._takes_part or any(len(other._owed) >= LEAD for other in others):
            return None
        move = self._common.moves.next()
        if move is not None:
            for other in others:
                other._owed.append(move)
        return move


class Pair:
    """Two runs side by side, A and B, with one set of buttons.

    While they play, neither is more than ``LEAD`` moves ahead of the other; whenever they
    rest, both stand at the same iteration. A twin that diverges stops with its reason, and
    the other goes on. Nothing here waits for training.

    Attributes:
        control_token: whoever holds it may steer both.
        view_token: whoever holds it may watch.
        a, b: the twins.
        place: what it was begun for; a name that the pages choose.
    """

    def __init__(
        self, a: Run, b: Run, plans: Common, parting: Future[Parting] | None, place: str = ""
    ) -> None:
        self.control_token = secrets.token_urlsafe(12)
        self.view_token = secrets.token_urlsafe(12)
        self.a, self.b, self.place = a, b, place
        self._plans = plans
        self._parting = parting
        self._lock = threading.Lock()
        a.together = b.together = (a, b)

    @property
    def runs(self) -> tuple[Run, Run]:
        """A and B."""
        return self.a, self.b

    @property
    def is_fork(self) -> bool:
        """Say whether B left A on its way; otherwise both run from their beginning."""
        return self._parting is not None

    @property
    def forked_at(self) -> int | None:
        """The iteration at which B left A; None before that, and where there was no fork."""
        parting = self._left()
        return None if parting is None else parting.moment.iteration

    def _left(self) -> Parting | None:
        coming = self._parting
        if coming is None or not coming.done() or coming.exception() is not None:
            return None
        return coming.result()

    # Steering: from any thread, returns at once -----------------------------------------

    def play(self) -> None:
        """Train both until told otherwise."""
        self._plans.add("both", FOR_EVER)

    def pause(self) -> None:
        """Stop both at the same iteration, the one that the faster has reached."""
        self._plans.clear()

    def step(self, count: int = 1) -> None:
        """Make ``count`` iterations in both, then pause."""
        self._plan("both", count)

    def step_discriminator(self, count: int = 1) -> None:
        """Let both D move ``count`` times, then pause."""
        self._plan("d", count)

    def step_generator(self, count: int = 1) -> None:
        """Let both G move ``count`` times, then pause."""
        self._plan("g", count)

    def rewind(self, iteration: int) -> None:
        """Go back to the youngest state at or before ``iteration`` that both have kept.

        Where they have kept none, both begin again.
        """
        kept = sorted(set(self.a.frame.kept) & set(self.b.frame.kept))
        if not kept:
            self.reset()
            return
        goal = max((moment for moment in kept if moment <= iteration), default=kept[0])
        with self._lock:
            for run, plan in self._new_plans():
                run.go_back(goal, plan, otherwise=self.reset)

    def reset(self) -> None:
        """Let both begin again, where they were forked or from the same first weights."""
        left = self._left()
        if left is None and self.is_fork:
            self.pause()  # they stand where they began
            return
        with self._lock:
            for run, plan in self._new_plans():
                if left is None:
                    run.reset(plan)
                else:
                    run.begin_at(left.origin, run.config, left.data, plan)

    def part(self, keep: Run | None = None) -> None:
        """Let them go on alone, paused.

        Where neither is to be kept, A goes back to where B left it.
        """
        left = self._left()
        with self._lock:
            for run in self.runs:
                run.together = (run,)
                run.follow(Plan())
            if keep is None and left is not None:
                config = left.config
                self.a.begin_at(left.origin, config, left.data)

    def _plan(self, move: str, count: int) -> None:
        self._plans.add(move, min(max(count, 1), MAX_PLANNED))

    def _new_plans(self) -> list[tuple[Run, Part]]:
        """Return a new plan for each: no move of the old one can be mixed up with it."""
        plans = Common()
        shared = [(run, plans.part(run.wake)) for run in self.runs]
        self._plans = plans
        return shared
