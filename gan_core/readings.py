"""What the meter of a run has read in the course of it, in bounded memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CAPACITY = 128


@dataclass(frozen=True, slots=True)
class Readings:
    """Readings at one moment; never changed afterwards.

    Attributes:
        names: what the columns are.
        centres: how many modes (of points) or classes (of pictures) there are to find, None
            where there are none to count.
        thinned: how often every second reading was dropped to make room.
        iterations: when each was taken, ascending.
        rows: a value per name; nan where there is nothing to measure.
    """

    names: tuple[str, ...] = ()
    centres: int | None = None
    thinned: int = 0
    iterations: tuple[int, ...] = ()
    rows: tuple[tuple[float, ...], ...] = field(default=(), repr=False)


def added(readings: Readings, iteration: int, values: Mapping[str, float | None]) -> Readings:
    """Return the readings with one more; where they are full, every second one goes before."""
    iterations, rows, thinned = readings.iterations, readings.rows, readings.thinned
    if len(rows) == CAPACITY:
        iterations, rows, thinned = iterations[::2], rows[::2], thinned + 1
    row = tuple(float("nan") if value is None else float(value) for value in values.values())
    return Readings(
        tuple(values), readings.centres, thinned, (*iterations, iteration), (*rows, row)
    )
