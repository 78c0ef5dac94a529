"""Own data for the playground: drawn points and CSV files, brought into view."""

from __future__ import annotations

import csv
import io
import math
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.points.sets import VIEW

MOST_BYTES = 8 * 1024 * 1024
MOST_ROWS = 20_000
FEWEST = 10
# Data fill the same part of the view as the built-in sets.
REACH = 1.2
# A drawn point is the middle of a small cloud, as in GAN Lab (.02 of its unit square).
CLOUD = 0.03
DRAWN_ROWS = 4_000
_SEED = 1


class PointsError(ValueError):
    """Points that cannot be trained on.

    ``code`` says why: "too_few", "all_equal", "not_numbers", "too_large" or "no_columns";
    ``detail`` is a number or a piece of the file to name.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"not usable as points ({code}): {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True, eq=False)
class Own:
    """Own points, ready for training.

    Attributes:
        points: (kept, 2) float32 within the view.
        rows: how many there were.
        kept: how many are used.
    """

    points: Tensor
    rows: int
    kept: int


def read_csv(content: bytes) -> Own:
    """Read two columns of numbers, x and y.

    Columns are parted by commas, semicolons or tabs; with the last two a decimal comma is
    understood. A first line of names is skipped, further columns are ignored, and so are
    empty lines. More than 20,000 rows are sampled down, each with the same chance. x and y
    are shifted and scaled by one factor, so that shapes stay as they are.

    Raises:
        PointsError: as its codes say; the size is looked at before anything is read.
    """
    if len(content) > MOST_BYTES:
        raise PointsError("too_large", str(len(content)))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PointsError("not_numbers", "UTF-8") from error
    return _own(_numbers(text))


def from_drawing(points: Sequence[Sequence[float]]) -> Own:
    """Take points as drawn, in coordinates of the view; each becomes a small cloud.

    They stay where they were drawn: nothing is scaled.

    Raises:
        PointsError: as its codes say.
    """
    if len(points) > MOST_ROWS:
        raise PointsError("too_large", str(len(points)))
    drawn = _array(points)
    _check(drawn)
    random = torch.Generator().manual_seed(_SEED)
    middle = torch.from_numpy(drawn.clip(-VIEW, VIEW)).float()
    copies = middle.repeat(math.ceil(DRAWN_ROWS / len(middle)), 1)
    clouds = copies + CLOUD * torch.randn(copies.shape, generator=random)
    return Own(clouds, len(drawn), len(drawn))


def _own(rows: NDArray[np.float64]) -> Own:
    _check(rows)
    low, high = rows.min(0), rows.max(0)
    half = np.max(high / 2 - low / 2)  # halves first: the difference of two floats may overflow
    scaled = (rows - (low / 2 + high / 2)) / half * REACH
    kept = torch.from_numpy(scaled).float()
    if len(kept) > MOST_ROWS:
        random = torch.Generator().manual_seed(_SEED)
        kept = kept[torch.randperm(len(kept), generator=random)[:MOST_ROWS]]
    return Own(kept, len(rows), len(kept))


def _check(rows: NDArray[np.float64]) -> None:
    if len(rows) < FEWEST:
        raise PointsError("too_few", str(len(rows)))
    bad = np.flatnonzero(~np.isfinite(rows).all(1))
    if len(bad):
        raise PointsError("not_numbers", str(bad[0] + 1))
    # Closer than float32 can tell apart, in units of their distance from 0, counts as equal.
    if (np.ptp(rows / 2, axis=0) <= 1e-7 * np.abs(rows).max()).all():
        raise PointsError("all_equal", str(len(rows)))


def _array(points: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    if len(points) == 0:
        raise PointsError("too_few", "0")
    if any(isinstance(value, (str, bytes, bool)) for point in points for value in _pair(point)):
        raise PointsError("not_numbers", "")
    try:
        return np.array([[float(x), float(y)] for x, y in points], dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise PointsError("not_numbers", "") from error


def _pair(point: object) -> Iterable[object]:
    return point if isinstance(point, (list, tuple)) else ()


def _numbers(text: str) -> NDArray[np.float64]:
    """Return the first two columns as numbers, (N, 2)."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise PointsError("too_few", "0")
    mark = _separator(lines)
    first = next(csv.reader(lines[:1], delimiter=mark), [])
    if len(first) < 2:
        raise PointsError("no_columns", lines[0][:40])
    if not _is_row(first, mark):
        lines = lines[1:]
    return _quickly(lines, mark) if _plain(lines, mark) else _carefully(lines, mark)


def _separator(lines: list[str]) -> str:
    """Return the tab or the semicolon where the first line has one, else the comma."""
    return next((mark for mark in "\t;" if mark in lines[0]), ",")


def _is_row(cells: Sequence[str], mark: str) -> bool:
    """Say whether the cells are numbers; also "nan", which is refused later, with its line."""
    try:
        [_number(cell, mark) for cell in cells[:2]]
    except ValueError:
        return False
    return True


def _number(cell: str, mark: str) -> float:
    return float(cell.strip() if mark == "," else cell.strip().replace(",", "."))


def _plain(lines: list[str], mark: str) -> bool:
    """Say whether numpy's reader, ten times as fast, understands the file."""
    return not any('"' in line or (mark != "," and "," in line) or "_" in line for line in lines)


def _quickly(lines: list[str], mark: str) -> NDArray[np.float64]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy warns of a file without rows
            return np.loadtxt(lines, delimiter=mark, usecols=(0, 1), ndmin=2, comments=None)
    except ValueError:
        return _carefully(lines, mark)  # which says where


def _carefully(lines: list[str], mark: str) -> NDArray[np.float64]:
    rows = np.empty((len(lines), 2))
    count = 0
    for cells in csv.reader(io.StringIO("\n".join(lines)), delimiter=mark):
        try:
            x, y = cells[:2]
            rows[count] = _number(x, mark), _number(y, mark)
        except ValueError as error:
            raise PointsError("not_numbers", mark.join(cells)[:40]) from error
        count += 1
    return rows[:count]
