"""GAN against VAE, with one decoder and one budget: ``python -m benchmarks.vae``.

Trains both sides on MNIST from scratch by ``RECIPE``: the same decoder from the same first
weights, the same latent size, data, batches and optimiser, and as many seconds of one thread.
Seconds are the processor's; how many iterations they were enough for is printed, for an iteration
of a GAN has two moves. Weights are rounded to half precision, as they are shipped, and measured
by ``gan_core.versus.table.Referee``: samples from the prior against the test pictures, and test
pictures rebuilt. Beside them stand real pictures, as they are and blurred. ``--write`` keeps the
table, ``--weights`` ships the pair of seed 0, ``--real`` measures the real pictures alone again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmarks.seeds import add_options, keep, played
from gan_core.data import load_images
from gan_core.metrics.evaluate import RealPictures, real_pictures
from gan_core.trainer import Trainer
from gan_core.vae import SIGMA, Vae, VaeTrainer, bound
from gan_core.versus.rebuild import RESTARTS, STEPS
from gan_core.versus.recipe import RECIPE, SIDES
from gan_core.versus.shipped import save_card, save_side
from gan_core.versus.table import REBUILT, Referee, Scores

FIGURES = Path(__file__).parent.parent / "assets" / "figures" / "vae.json"
SECONDS = 30.0
COUNT = 10_000
BOUND_COUNT = 2000
# With this, in pixels, real pictures are about as sharp as the VAE's samples.
BLUR = 0.65
DIGITS = 4  # significant, in the file

Figures = dict[str, float | None]


@lru_cache(maxsize=1)
def real() -> RealPictures:
    """Return MNIST to measure against; the copies are not looked up."""
    found = real_pictures("mnist", COUNT)
    return RealPictures(found.key, found.reference, found.other, None)


@lru_cache(maxsize=1)
def referee() -> Referee:
    """Return the one that all seeds played in a process share."""
    return Referee(real())


def outcome(side: str, seconds: float, ship: bool, seed: int) -> Figures:
    """Train one seed of a side on one thread; return what it is worth."""
    torch.set_num_threads(1)
    data = load_images("mnist", fall_back=False)
    config = RECIPE.replace(seed=seed)
    trainer = {"gan": Trainer, "vae": VaeTrainer}[side](config, data.images)
    begin = time.thread_time()
    while (spent := time.thread_time() - begin) < seconds:
        trainer.step()
    assert trainer.average is not None  # the recipe asks for one
    network = in_half(trainer.average)
    if ship and seed == 0:
        print(save_side(side, network), flush=True)
    return measured(network) | {"iterations": trainer.iteration, "seconds": spent}


@torch.no_grad()
def in_half(network: nn.Module) -> nn.Module:
    """Round the weights to half precision, as they are shipped."""
    for value in network.state_dict().values():
        if value.is_floating_point():
            value.copy_(value.half())
    return network


def measured(network: nn.Module) -> Figures:
    """Return the row of a generator or a VAE; of a VAE also its bound in nats a picture."""
    if not isinstance(network, Vae):
        return asdict(referee().gan(network))
    found = bound(network, real().reference[:BOUND_COUNT])
    terms = {"elbo": found.elbo, "reconstruction": found.reconstruction, "kl": found.kl}
    return asdict(referee().vae(network)) | terms


def measure(side: str, outcomes: Iterable[Figures]) -> dict[str, list[float | None]]:
    """Print a line for each seed; return the figures by name."""
    ended = []
    for seed, one in enumerate(outcomes):
        ended.append(one)
        shown = ", ".join(f"{name} {value:.4g}" for name, value in one.items() if value is not None)
        print(f"{side} seed {seed}: {shown}", flush=True)
    return {name: [one[name] for one in ended] for name in ended[0]}


def spread(values: list[float]) -> dict[str, Any]:
    """Return the median of all seeds, the lowest, the highest, and each."""
    ends = {"median": statistics.median(values), "low": min(values), "high": max(values)}
    return {name: _short(value) for name, value in ends.items()} | {
        "seeds": [_short(value) for value in values]
    }


def _short(value: float | None) -> float | None:
    if value is None or isinstance(value, int):
        return value
    return float(f"{value:.{DIGITS}g}")


def real_rows() -> dict[str, Any]:
    """Return what real pictures score, what they do when they are blurred, and how much."""
    rows = {"real": referee().real(), "blurred": referee().blurred(BLUR)}
    return {
        **{name: _row(scores) for name, scores in rows.items()},
        "blur": BLUR,
        "mean_picture_error": _short(referee().mean_picture_error()),
    }


def _row(scores: Scores) -> dict[str, float | None]:
    return {name: _short(value) for name, value in asdict(scores).items()}


def keep_real() -> None:
    """Measure real pictures alone again, and keep all else that the file tells."""
    content = json.loads(FIGURES.read_text("utf-8")) | real_rows()
    content["sides"] = content.pop("sides")  # last, as before
    FIGURES.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def _card(command: str, figures: dict[str, Any]) -> dict[str, Any]:
    """Return where the shipped pair is from: the first seed of each side."""
    firsts = {
        side: {name: values["seeds"][0] for name, values in figures[side].items()} for side in SIDES
    }
    return {
        "name": "versus",
        "config": RECIPE.to_dict(),
        "sigma": SIGMA,
        "iterations": {side: firsts[side].pop("iterations") for side in SIDES},
        "training_seconds": {side: firsts[side].pop("seconds") for side in SIDES},
        "weights": "average (EMA)",
        "command": command,
        "data": "mnist, 60000 training images",
        "date": date.today().isoformat(),
        "measured": firsts,
    }


def main() -> None:
    """Train both sides and print the table; keep it, and ship the weights, if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of training, each side")
    parser.add_argument("--weights", action="store_true", help="ship the pair of seed 0")
    add_options(parser, seeds=5)
    parser.add_argument("--real", action="store_true", help="keep both sides as they are")
    options = parser.parse_args()
    if options.real:
        keep_real()
        return
    tasks = {side: partial(outcome, side, options.seconds, options.weights) for side in SIDES}
    figures: dict[str, Any] = {}
    for side, outcomes in played(tasks, options):
        figures[side] = {name: spread(values) for name, values in measure(side, outcomes).items()}
    measured_real = real_rows()
    print_table(figures, measured_real["real"])
    command = "python -m benchmarks.vae --write" + " --weights" * options.weights
    if options.weights:
        print(save_card(_card(command, figures)))
    if options.write:
        keep(
            *(FIGURES, command, "sides", figures, SIDES),
            training_seconds=options.seconds,
            count=COUNT,
            rebuilt={"pictures": REBUILT, "restarts": RESTARTS, "steps": STEPS},
            sigma=SIGMA,
            **measured_real,
        )


def print_table(figures: dict[str, Any], real_row: dict[str, float | None]) -> None:
    """Print the median of each measure with its range over the seeds, and what real ones score."""
    for name in {name: None for side in SIDES for name in figures[side]}:
        cells = []
        for side in SIDES:
            found = figures[side].get(name)
            text = "–" if found is None else "{median:g} ({low:g} to {high:g})".format(**found)
            cells.append(f"{side} {text}")
        as_real = real_row.get(name)
        cells.append("" if as_real is None else f"real {as_real:g}")
        print(f"{name:14} " + "   ".join(f"{cell:36}" for cell in cells).rstrip())


if __name__ == "__main__":
    main()
