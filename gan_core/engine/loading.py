"""Data on their way to a run: a download must not hold up other runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gan_core.engine.views import Data


class Loading:
    """Fetches data in a thread of its own.

    Args:
        load: how to get data by their key.
        deliver: takes an action for a worker to do, from any thread.
    """

    def __init__(
        self, load: Callable[[str], Data], deliver: Callable[[Callable[[], None]], object]
    ) -> None:
        self._load = load
        self._deliver = deliver
        self._outcome: Data | Exception | None = None
        self._number = 0

    @property
    def arrived(self) -> bool:
        """Whether there is an outcome, good or bad."""
        return self._outcome is not None

    def start(self, key: str, given: Data | None = None) -> None:
        """Get the data of a key; those that are given need not be fetched."""
        self._number += 1
        if given is not None and given.key == key:
            self._outcome = given
            return
        arguments = (self._number, key)
        threading.Thread(target=self._fetch, args=arguments, daemon=True, name="load-data").start()

    def cancel(self) -> None:
        """Let what is under way come too late."""
        self._number += 1
        self._outcome = None

    def take(self) -> Data:
        """Return what has arrived, once.

        Raises:
            Exception: whatever kept the data from being had.
        """
        outcome, self._outcome = self._outcome, None
        if isinstance(outcome, Exception):
            raise outcome
        assert outcome is not None
        return outcome

    def _fetch(self, number: int, key: str) -> None:
        outcome: Data | Exception
        try:
            outcome = self._load(key)
        except Exception as error:  # raised again by the worker, which reports it
            outcome = error

        def arrive() -> None:
            if number == self._number:  # not overtaken by another restart
                self._outcome = outcome

        self._deliver(arrive)
