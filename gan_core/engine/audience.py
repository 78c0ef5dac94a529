"""Who is looking at a run."""

from __future__ import annotations

import threading
import time

RECENT_SECONDS = 5.0


class Audience:
    """Viewers by the names they give themselves; used from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}

    def note(self, viewer: str) -> None:
        """Note that a viewer looked just now; forget those who left."""
        now = time.monotonic()
        with self._lock:
            if viewer:
                self._last[viewer] = now
            if len(self._last) > 1:
                self._last = {who: at for who, at in self._last.items() if _recent(at, now)}

    @property
    def names(self) -> tuple[str, ...]:
        """Who looked in the last five seconds."""
        now = time.monotonic()
        with self._lock:
            return tuple(who for who, at in self._last.items() if _recent(at, now))


def _recent(then: float, now: float) -> bool:
    return now - then < RECENT_SECONDS
