"""How every benchmark begins, and how it prints a figure and whether that meets its target."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Sequence

from benchmarks.app_server import find_chromium
from benchmarks.machine import machine


def introduce() -> None:
    """Print what is measured on, and how busy that is already."""
    print(machine())
    print(f"load {os.getloadavg()[0]:.1f} at the beginning", flush=True)


def chromium() -> str:
    """Return the path of a Chromium; end the benchmark where there is none."""
    path = find_chromium()
    if path is None:
        sys.exit("this benchmark needs a Chromium")
    return path


def say(
    what: str,
    value: float,
    unit: str = "",
    *,
    at_most: float | None = None,
    at_least: float | None = None,
) -> None:
    """Print a figure, and whether it meets its target if it has one."""
    target = ""
    if at_most is not None:
        target = f"(≤ {at_most:g}: {'met' if value <= at_most else 'MISSED'})"
    if at_least is not None:
        target = f"(≥ {at_least:g}: {'met' if value >= at_least else 'MISSED'})"
    print(" ".join(part for part in (f"{what}: {value:,.2f}", unit, target) if part), flush=True)


def say_all(
    what: str,
    values: Sequence[float],
    unit: str = "",
    *,
    at_most: float | None = None,
    at_least: float | None = None,
) -> None:
    """Print the median of some figures with their range, and whether it meets its target."""
    named = f"{what}, median ({min(values):.2f}–{max(values):.2f})"
    say(named, statistics.median(values), unit, at_most=at_most, at_least=at_least)


def percentile(values: Sequence[float], part: int) -> float:
    """Return the value that ``part`` per cent of all stay under."""
    return statistics.quantiles(values, n=100, method="inclusive")[part - 1]
