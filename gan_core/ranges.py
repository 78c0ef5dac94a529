"""Numbers that come from a control: checked once, named in the error."""

from __future__ import annotations

from dataclasses import field, fields
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


def range_of(settings: type, name: str) -> tuple[float, float]:
    """Return the lowest and the highest value of a field that :func:`ranged` declared."""
    spec = next(spec for spec in fields(settings) if spec.name == name)
    _, low, high = spec.metadata["slider"]
    return low, high


def check_ranged(settings: Any) -> None:
    """Check what :func:`ranged` declared; where the default is whole, the value must be.

    For the ``__post_init__`` of a frozen dataclass.

    Raises:
        SettingError: (a ValueError) naming the field and its range.
    """
    for spec in fields(settings):
        if "slider" in spec.metadata:
            default, low, high = spec.metadata["slider"]
            check = whole if isinstance(default, int) else number
            value = check(spec.name, getattr(settings, spec.name), low, high)
            object.__setattr__(settings, spec.name, value)
