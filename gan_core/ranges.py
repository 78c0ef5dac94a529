"""Numbers that come from a control: checked once, named in the error."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from gan_core.config import SettingError


def number(name: str, value: float, low: float, high: float) -> float:
    """Return ``value`` as a float between ``low`` and ``high``, both included.

    Raises:
        SettingError: (a ValueError) naming the field and its range.
    """
    allowed = f"from {low:g} to {high:g}"
    # A nan is between no two numbers, so it is refused as well.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise SettingError(name, allowed, value)
    return float(value)


def whole(name: str, value: int, low: int, high: int) -> int:
    """Return ``value`` as a whole number between ``low`` and ``high``, both included.

    Raises:
        SettingError: (a ValueError) naming the field and its range.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SettingError(name, f"a whole number from {low} to {high}", value)
    return value


def ranged(default: float, low: float, high: float) -> Any:
    """Declare a dataclass field with its default and range, for a slider and for the check."""
    return field(default=default, metadata={"slider": (default, low, high)})
