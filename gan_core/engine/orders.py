"""What is wanted of a run: written down in any thread, done by a worker between two moves."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")
Action = Callable[[], None]


class Orders:
    """Actions in their order; some of them wait until the run has been built."""

    def __init__(self) -> None:
        self._now: deque[Action] = deque()
        self._once_built: list[Action] = []

    def __len__(self) -> int:
        """Return how many can be obeyed now."""
        return len(self._now)

    def add(self, action: Action) -> None:
        """Put an action behind those that wait."""
        self._now.append(action)

    def obey(self) -> None:
        """Do all that is wanted, in order."""
        while self._now:
            self._now.popleft()()

    def postpone(self, action: Action) -> None:
        """Let an action wait until there is something that it can be done with."""
        self._once_built.append(action)

    def recall(self) -> None:
        """Put behind the others what was postponed: the run is built, or never will be."""
        self._now.extend(self._once_built)
        self._once_built.clear()


def answer(future: Future[T], look: Callable[[], T]) -> None:
    """Fill a future that somebody still waits for with what ``look`` returns or raises."""
    if future.set_running_or_notify_cancel():
        try:
            future.set_result(look())
        except Exception as error:  # whoever asked learns of it; the run goes on
            future.set_exception(error)
