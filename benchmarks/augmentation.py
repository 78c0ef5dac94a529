"""Does a GAN help where labelled pictures are few: ``python -m benchmarks.augmentation``.

On MNIST, for n pictures of each class and so many seeds: each seed draws its n pictures (those of a
smaller n are among those of a larger), trains a GAN and one with DiffAugment on these alone, and
then a classifier for each arm of ``gan_core.augmentation.ARMS``, with the same first weights and
as many steps. Accuracies are those of all 10,000 test pictures.

Prints for each n and arm the mean over the seeds with its 95 % interval, then its paired
differences to ``real`` and, where the arm has affine pictures, to ``affine``. All settings were
chosen on other seeds (100 and up). One process, one thread; seconds are the processor's.
``--pictures`` only trains both GANs of one cell and keeps what they make for the page.
``--write`` keeps the figures that the app shows after each cell, and goes on with those
kept under the same settings.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from benchmarks.figures import introduce, say
from benchmarks.seeds import keep, kept
from gan_core.augmentation import (
    ARMS,
    GANS,
    RECIPE,
    Cell,
    CellSettings,
    Interval,
    difference,
    mean_of,
    verdict,
)
from gan_core.data import load_images
from gan_core.pictures import contact_sheet, png, to_grey

FIGURES = Path(__file__).parent.parent / "assets" / "figures" / "augmentation.json"
PICTURES = FIGURES.parent.parent / "pictures"
PICTURED = CellSettings(n=10, seed=0, arms=("gan", "gan_diff"))
NS = (5, 10, 20, 50, 100)
SEEDS = 10
# What an arm is compared with: what it adds to.
BASES = {"over_real": "real", "over_affine": "affine"}
DIGITS = 4  # behind the point


def measure(n: int, seed: int) -> dict[str, float]:
    """Play one cell; return the accuracy of each arm, and the seconds of the processor."""
    train = load_images("mnist", fall_back=False)
    test = load_images("mnist", train=False, fall_back=False)
    begin = time.process_time()
    *_, last = Cell(train, test, CellSettings(n=n, seed=seed)).run()
    seconds = time.process_time() - begin
    accuracies = {arm: round(value, DIGITS) for arm, value in last.accuracies.items()}
    return accuracies | {"seconds": round(seconds, 1)}


def table_of(cells: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return for each n with two seeds or more, and each arm, what the seeds come to."""
    return {n: row_of(list(seeds.values())) for n, seeds in cells.items() if len(seeds) > 1}


def row_of(seeds: list[dict[str, float]]) -> dict[str, Any]:
    """Return mean, interval and differences of each arm."""
    found: dict[str, Any] = {}
    for arm in ARMS:
        values = [seed[arm] for seed in seeds]
        found[arm] = in_figures(mean_of(values))
        for name, base in BASES.items():
            if arm != base and (base == "real" or ARMS[arm].affine):
                over = difference(values, [seed[base] for seed in seeds])
                found[arm][name] = in_figures(over) | {"verdict": verdict(over)}
    return found


def in_figures(of: Interval) -> dict[str, Any]:
    """Return an interval as the file has it."""
    ends = {"mean": of.mean, "low": of.low, "high": of.high}
    return {name: round(value, DIGITS) for name, value in ends.items()}


def settings_of() -> dict[str, Any]:
    """Return what the figures depend on besides n and the seed."""
    settings = CellSettings()
    return {
        "dataset": "mnist",
        "gan": RECIPE.to_dict() | {"seed": "that of the cell"},
        "gans": GANS,
        "gan_iterations": settings.gan_iterations,
        "generated_per_class": settings.generated,
        "classifier_steps": settings.classifier_steps,
        "arms": list(ARMS),
    }


def write(cells: dict[str, dict[str, Any]]) -> None:
    """Keep all cells with what they come to."""
    whole = {"settings": settings_of(), "table": table_of(cells)}
    command = "python -m benchmarks.augmentation --write"
    keep(FIGURES, command, "cells", cells, list(cells), **whole)


def show(table: dict[str, Any]) -> None:
    """Print a line for each n and arm."""
    print(f"{'n':>4} {'arm':15} {'accuracy, %':>14} {'over real':>30} {'over affine':>30}")
    for n, row in table.items():
        for arm, found in row.items():
            told = [difference_of(found.get(name)) for name in BASES]
            half = (found["high"] - found["low"]) / 2
            mean = f"{100 * found['mean']:.2f} ± {100 * half:.2f}"
            print(f"{n:>4} {arm:15} {mean:>14} {told[0]:>30} {told[1]:>30}".rstrip())


def difference_of(found: dict[str, Any] | None) -> str:
    """Return a difference in percentage points, with its verdict."""
    if found is None:
        return ""
    half = (found["high"] - found["low"]) / 2
    return f"{100 * found['mean']:+.2f} ± {100 * half:.2f} {found['verdict']}"


def rows(table: dict[str, Any]) -> list[str]:
    """Return the lines of the README's two tables: accuracies, then differences.

    A difference whose interval leaves 0 out is bold.
    """
    accuracies = [
        f"| {n} | " + " | ".join(in_percent(found) for found in row.values()) + " |"
        for n, row in table.items()
    ]
    differences = [
        f"| {n} | " + " | ".join(in_points(found) for found in differences_of(row)) + " |"
        for n, row in table.items()
    ]
    return accuracies + differences


def differences_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the differences of all arms, those over real first."""
    return [found[name] for name in BASES for found in row.values() if name in found]


def in_percent(found: dict[str, Any]) -> str:
    """Return a mean and half of its interval, in per cent."""
    return f"{100 * found['mean']:.1f} ± {50 * (found['high'] - found['low']):.1f}"


def in_points(found: dict[str, Any]) -> str:
    """Return a difference in percentage points, bold if its interval leaves 0 out."""
    half = 50 * (found["high"] - found["low"])
    told = f"{100 * found['mean']:+.1f} ± {half:.1f}".replace("-", "−")
    return told if found["verdict"] == "no_difference" else f"**{told}**"


def missing(
    cells: dict[str, dict[str, Any]], ns: Iterable[int], seeds: Iterable[int]
) -> list[tuple[int, int]]:
    """Return the cells that are not kept yet, seed by seed."""
    wanted = [(n, seed) for seed in seeds for n in ns]
    return [(n, seed) for n, seed in wanted if str(seed) not in cells.get(str(n), {})]


def ordered(cells: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the cells by n, then by seed."""
    return {
        n: dict(sorted(seeds.items(), key=lambda one: int(one[0])))
        for n, seeds in sorted(cells.items(), key=lambda one: int(one[0]))
    }


def ship_pictures(settings: CellSettings) -> None:
    """Train the GANs of a cell; keep its real pictures and theirs, a row for each class."""
    train = load_images("mnist", fall_back=False)
    cell = Cell(train, load_images("mnist", train=False, fall_back=False), settings)
    while len(cell.generated) < len(settings.gans):
        cell.step()
    for name, images in cell.shown().items():
        sheet = contact_sheet(to_grey(images.flatten(0, 1)), images.shape[1])
        place = PICTURES / f"augmentation_{name}.png"
        place.write_bytes(png(sheet))
        print(place)


def main() -> None:
    """Measure the cells that are not kept yet; keep them if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ns", nargs="+", type=int, default=list(NS), help="pictures a class")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="so many, from 0 on")
    parser.add_argument("--first-seed", type=int, default=0, help="100 and up are for choosing")
    parser.add_argument("--write", action="store_true", help="keep the figures in assets/")
    parser.add_argument("--pictures", action="store_true", help="only make those of the page")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.pictures:
        ship_pictures(PICTURED)
        return
    introduce()
    goes_on = options.write and kept(FIGURES, "settings") == settings_of()
    cells: dict[str, dict[str, Any]] = kept(FIGURES, "cells") if goes_on else {}
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    for n, seed in missing(cells, options.ns, seeds):
        found = measure(n, seed)
        cells = ordered(cells | {str(n): cells.get(str(n), {}) | {str(seed): found}})
        print(
            f"n {n} seed {seed}:", *(f"{key} {value}" for key, value in found.items()), flush=True
        )
        if options.write:
            write(cells)
    table = table_of(cells)
    show(table)
    print(*rows(table), sep="\n")
    spent = [one["seconds"] for of_n in cells.values() for one in of_n.values()]
    say("one cell, at most", max(spent), "s of one core", at_most=90)
    say("all cells", sum(spent) / 60, "minutes of one core", at_most=55)


if __name__ == "__main__":
    main()
