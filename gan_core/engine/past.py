"""States that a run can go back to, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

# A copy of the curves takes about so much.
SEEN_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything of a run at one iteration.

    Attributes:
        state: of the trainer, see ``Trainer.state_dict``.
        rates: learning rates of G and D.
        seen: what the screen had shown by then.
    """

    iteration: int
    state: dict[str, Tensor]
    rates: tuple[float, float]
    seen: Any

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return SEEN_BYTES + sum(tensor.nbytes for tensor in self.state.values())


class Past:
    """Moments of a run: all of the youngest, fewer of the older ones, always the first.

    Where memory runs out, the moment goes whose loss leaves the smallest gap, measured
    against how long ago it was. Whoever goes back far lands about as precisely, in
    proportion, as somebody who goes back a little.

    Args:
        most_bytes: how much all states together may take; 0 keeps none.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._moments: list[Moment] = []
        self._size = 0
        self.iterations: tuple[int, ...] = ()

    def wants(self, iteration: int) -> bool:
        """Say whether a moment at this iteration would be new."""
        return self.most_bytes > 0 and (not self.iterations or iteration > self.iterations[-1])

    def keep(self, moment: Moment) -> None:
        """Add the youngest moment; older ones make room."""
        self._moments.append(moment)
        self._size += moment.size
        while self._size > self.most_bytes and len(self._moments) > 2:
            self._size -= self._moments.pop(self._least()).size
        self._list()

    def back_to(self, iteration: int) -> Moment | None:
        """Return the youngest moment at or before ``iteration``, and forget all after it.

        Before the first there is none, so the first it is.
        """
        while len(self._moments) > 1 and self._moments[-1].iteration > iteration:
            self._size -= self._moments.pop().size
        self._list()
        return self._moments[-1] if self._moments else None

    def _list(self) -> None:
        """Replace the tuple, so that readers need no lock."""
        self.iterations = tuple(moment.iteration for moment in self._moments)

    def _least(self) -> int:
        """Return the index of the moment that is missed least; never the first or last."""
        times = [moment.iteration for moment in self._moments]

        def gap(index: int) -> float:
            return (times[index + 1] - times[index - 1]) / (1 + times[-1] - times[index])

        return min(range(1, len(times) - 1), key=gap)
