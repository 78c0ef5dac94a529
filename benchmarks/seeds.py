"""How benchmarks play many seeds at once, and keep what they came to."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.machine import machine

Key = TypeVar("Key", bound=Hashable)
Outcome = TypeVar("Outcome")


def add_options(parser: argparse.ArgumentParser, *, seeds: int) -> None:
    """Add how many seeds to play, how many at a time, and whether to keep the figures."""
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="seeds at a time")
    parser.add_argument("--write", action="store_true", help="keep the figures in assets/")


def played(
    tasks: dict[Key, Callable[[int], Outcome]], options: argparse.Namespace
) -> Iterator[tuple[Key, Iterator[Outcome]]]:
    """Play all seeds of all tasks in other processes; yield each task's outcomes in order."""
    print(machine(), f"one thread a seed, {options.jobs} at a time")
    # Forked processes would inherit torch's threads in an unknown state.
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, spawned) as pool:
        coming = {key: pool.map(task, range(options.seeds)) for key, task in tasks.items()}
        yield from coming.items()


def kept(path: Path, part: str) -> dict[str, Any]:
    """Return what was kept in a file of figures; nothing where there is none."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))[part] if path.exists() else {}
    return found


def keep(
    path: Path, command: str, part: str, figures: dict[str, Any], order: Sequence[str], **more: Any
) -> None:
    """Write figures in their order, with the command and the machine that made them."""
    content = {
        "command": command,
        "machine": machine(),
        **more,
        part: {key: figures[key] for key in order if key in figures},
    }
    path.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
