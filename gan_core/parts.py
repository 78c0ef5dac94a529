"""Work that is done in parts, for whoever must not be kept waiting by the whole of it."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

Outcome = TypeVar("Outcome")


def all_of(parts: Generator[object, None, Outcome]) -> Outcome:
    """Do all parts, one after the other; return what they come to."""
    while True:
        try:
            next(parts)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome
