"""What a run still has to do: moves in their order, each so many times."""

from __future__ import annotations

import math
from collections import deque

FOR_EVER = math.inf


class Plan:
    """A queue of (move, count), worked off one move at a time.

    A move is "both" (an iteration), "d" or "g" (a half move), or "slow" (an iteration
    under glass).
    """

    def __init__(self) -> None:
        self._moves: deque[tuple[str, float]] = deque()

    def __bool__(self) -> bool:
        return bool(self._moves)

    def add(self, move: str, count: float) -> None:
        """Put moves behind those that wait, so that no click is lost.

        What goes on for ever is replaced, and replaces all.
        """
        if count == FOR_EVER or (self._moves and self._moves[0][1] == FOR_EVER):
            self._moves.clear()
        self._moves.append((move, count))

    def clear(self) -> None:
        """Forget all that was still to do."""
        self._moves.clear()

    @property
    def may_move(self) -> bool:
        """Say whether the next move may be made now."""
        return bool(self._moves)

    def leave(self) -> None:
        """Have no part in it any more: nobody does what is left."""
        self.clear()

    def next(self) -> tuple[str, bool] | None:
        """Take one move from the front; the second value says whether it was its last.

        None if there is none to be made now.
        """
        if not self._moves:
            return None
        move, left = self._moves[0]
        if left > 1:
            self._moves[0] = (move, left - 1)
            return move, False
        self._moves.popleft()
        return move, True
