"""What a run or a job needs before it can begin: a download must not hold up the others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Arrived(Generic[T]):
    """What a fetch ended with."""

    value: T | Exception


class Loading(Generic[T]):
    """Fetches something in a thread of its own.

    Args:
        deliver: takes an action for a worker to do, from any thread.
    """

    def __init__(self, deliver: Callable[[Callable[[], None]], object]) -> None:
        self._deliver = deliver
        self._outcome: _Arrived[T] | None = None
        self._number = 0

    @property
    def arrived(self) -> bool:
        """Whether there is an outcome, good or bad."""
        return self._outcome is not None

    def start(self, fetch: Callable[[], T]) -> None:
        """Fetch; what was under way before comes too late."""
        self._number += 1
        arguments = (self._number, fetch)
        threading.Thread(target=self._fetch, args=arguments, daemon=True, name="load-data").start()

    def give(self, value: T) -> None:
        """Take what is there already, as if it had been fetched."""
        self._number += 1
        self._outcome = _Arrived(value)

    def cancel(self) -> None:
        """Let what is under way come too late."""
        self._number += 1
        self._outcome = None

    def take(self) -> T:
        """Return what has arrived, once.

        Raises:
            Exception: whatever kept it from being had.
        """
        assert self._outcome is not None
        value, self._outcome = self._outcome.value, None
        if isinstance(value, Exception):
            raise value
        return value

    def _fetch(self, number: int, fetch: Callable[[], T]) -> None:
        value: T | Exception
        try:
            value = fetch()
        except Exception as error:  # raised again by the worker, which reports it
            value = error

        def arrive() -> None:
            if number == self._number:  # not overtaken by another start
                self._outcome = _Arrived(value)

        self._deliver(arrive)
