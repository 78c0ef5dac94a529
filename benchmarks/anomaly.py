"""How well anomalies are told from normal digits: ``python -m benchmarks.anomaly``.

The one-class protocol on MNIST: for each digit everything is learned from its training pictures
alone (some 6,000), and all 10,000 test pictures are scored; the other nine digits are the
anomalies. A small DCGAN (the "fast" recipe) is trained for so many seconds, then an encoder for
f-AnoGAN; AnoGAN's search takes both players as they are. It is slow, so it scores some of the
test pictures only, drawn with a seed; the others' areas on these same pictures stand beside.

Prints the area under the ROC curve (.5 by chance) and under the precision-recall curve (the
prevalence by chance) of each scorer, and the speeds of both searches. One seed a digit, one
thread; seconds are the processor's, so that a busy machine counts as a quiet one. ``--write``
keeps the figures that the app shows; with ``--digits`` it adds to those kept under the same
settings. ``--weights 0`` ships the networks of that digit with scores and cases; they are rounded
to half precision before they score anything.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.figures import introduce, say
from benchmarks.machine import machine
from benchmarks.seeds import keep, kept
from benchmarks.vae import in_half
from gan_core.anomaly import (
    AnoGan,
    EncoderSettings,
    EncoderTrainer,
    Explainer,
    Explanation,
    FastAnoGan,
    OneClass,
    PcaResidual,
    PixelNeighbour,
    SearchSettings,
    one_class,
    precision_recall,
    roc,
)
from gan_core.anomaly.experiment import RECIPE
from gan_core.anomaly.outcome import SEARCHED, Bench, Outcome, shown_cases
from gan_core.anomaly.recorded import DATA, NETWORKS, save_outcome
from gan_core.anomaly.settings import Settings
from gan_core.data import load_images
from gan_core.trainer import Trainer

FIGURES = Path(__file__).parent.parent / "assets" / "figures" / "anomaly.json"
COMMAND = "python -m benchmarks.anomaly --write"
DIGITS = tuple(range(10))
SCORERS = ("pixel_neighbour", "unit_neighbour", "pca_residual", "fast_anogan", "anogan")
# Mean AUROC of the nearest neighbour as published (Bergmann 2020, table 2), to hold ours against.
PUBLISHED = 0.975


@dataclass(frozen=True)
class Learned:
    """What was learned of one digit: the networks, and after how many steps."""

    networks: dict[str, nn.Module]
    iterations: int
    encoder_steps: int
    fast: FastAnoGan
    search: AnoGan
    baselines: dict[str, Explainer]

    @property
    def scorers(self) -> dict[str, Explainer]:
        """All of them by name."""
        return {**self.baselines, "fast_anogan": self.fast, "anogan": self.search}


def measure(digit: int, options: argparse.Namespace) -> dict[str, Any]:
    """Learn one digit and score the test set; return the figures."""
    split = one_class(
        load_images(DATA, fall_back=False),
        load_images(DATA, train=False, fall_back=False),
        [digit],
    )
    ships = digit == options.weights
    learned = learn(split, options, half=ships)
    some = torch.randperm(len(split.test), generator=torch.Generator().manual_seed(0))
    some = some[: options.images]
    scores, seconds = {}, {}
    for name, scorer in learned.scorers.items():
        images = split.test[some] if name == SEARCHED else split.test
        scores[name], seconds[name] = timed(scorer.score, images)
    if ships:
        ship(learned, split, some, scores)
    return {
        "learned_from": len(split.training),
        "left_out": split.left_out,
        "prevalence": round(split.prevalence, 4),
        "prevalence_some": round(split.labels[some].float().mean().item(), 4),
        "iterations": learned.iterations,
        "encoder_steps": learned.encoder_steps,
        "seconds_per_100": round(100 * seconds[SEARCHED] / len(some), 2),
        "images_per_second": round(len(split.test) / seconds["fast_anogan"]),
        "areas": {name: areas_of(split, name, scores[name], some) for name in SCORERS},
    }


def learn(split: OneClass, options: argparse.Namespace, *, half: bool) -> Learned:
    """Train for so many seconds; with ``half`` weights are rounded as they are shipped."""
    trainer = Trainer(RECIPE, split.training)
    spend(options.seconds, trainer.step)
    assert trainer.average is not None  # the recipe asks for one
    generator, discriminator = trainer.average, trainer.discriminator
    if half:
        in_half(generator)
        in_half(discriminator)
    learner = EncoderTrainer(EncoderSettings(), generator, discriminator, split.training)
    spend(options.encoder_seconds, learner.step)
    if half:
        in_half(learner.encoder)
    return Learned(
        networks=dict(zip(NETWORKS, (generator, discriminator, learner.encoder), strict=True)),
        iterations=trainer.iteration,
        encoder_steps=learner.iteration,
        fast=learner.scorer(),
        search=AnoGan(generator, discriminator),
        baselines={
            "pixel_neighbour": PixelNeighbour(split.training),
            "unit_neighbour": PixelNeighbour(split.training, unit_length=True),
            "pca_residual": PcaResidual(split.training, RECIPE.latent_dim),
        },
    )


def ship(learned: Learned, split: OneClass, some: Tensor, scores: dict[str, Tensor]) -> None:
    """Write the networks with scores and cases, as the page *Anomaly detection* begins."""
    cases = {}
    for name, scorer in learned.scorers.items():
        own = some if name == SEARCHED else torch.arange(len(split.test))
        images = split.test[own]

        def explain(
            places: Tensor, scorer: Explainer = scorer, images: Tensor = images
        ) -> Explanation:
            return scorer.explain(images[places])

        cases[name] = shown_cases(
            split.digits[own], split.labels[own], scores[name], images, explain
        )
    outcome = Outcome(
        settings=Settings(
            normal=split.normal,
            gan_iterations=learned.iterations,
            encoder_steps=learned.encoder_steps,
            searched=len(some),
        ),
        data=DATA,
        fallback="",
        learned_from=len(split.training),
        digits=split.digits,
        labels=split.labels,
        searched=some,
        scores=scores,
        cases=cases,
        bench=Bench(learned.fast, learned.search, lambda: None),
    )
    command = f"{COMMAND} --digits {split.normal[0]} --weights {split.normal[0]}"
    told = {
        "command": command,
        "machine": machine(),
        "date": date.today().isoformat(),
        "judge_alone": judge_alone(learned.networks["discriminator"], split),
    }
    for path in save_outcome(outcome, learned.networks, told):
        print(path, f"{path.stat().st_size:,} bytes", flush=True)


@torch.no_grad()
def judge_alone(discriminator: nn.Module, split: OneClass) -> dict[str, Any]:
    """Return the AUROC of -D(x) as a score, and how many of each digit D calls real."""
    verdicts = torch.cat([discriminator(part) for part in split.test.split(500)])
    return {
        "auroc": round(roc(split.labels, -verdicts).area, 4),
        "called_real": [
            round((verdicts[split.digits == digit] > 0).double().mean().item(), 4)
            for digit in DIGITS
        ],
    }


def spend(seconds: float, step: Callable[[], object]) -> None:
    """Repeat a step for so many seconds of the processor."""
    begin = time.process_time()
    while time.process_time() - begin < seconds:
        step()


def timed(score: Callable[[Tensor], Tensor], images: Tensor) -> tuple[Tensor, float]:
    """Return the scores, and the seconds of the processor that they took."""
    begin = time.process_time()
    scores = score(images)
    return scores, time.process_time() - begin


def areas_of(
    split: OneClass, name: str, scores: Tensor, some: Tensor
) -> dict[str, dict[str, float]]:
    """Return both areas over all test pictures, and over those that AnoGAN scores."""
    if name == SEARCHED:
        return {"some": area_pair(split.labels[some], scores)}
    return {
        "all": area_pair(split.labels, scores),
        "some": area_pair(split.labels[some], scores[some]),
    }


def area_pair(labels: Tensor, scores: Tensor) -> dict[str, float]:
    """Return AUROC and AUPRC."""
    return {
        "auroc": round(roc(labels, scores).area, 4),
        "auprc": round(precision_recall(labels, scores).area, 4),
    }


def show(figures: dict[str, Any]) -> None:
    """Print a table for each area and each set of pictures, then the speeds."""
    for part, chance in (("all", "prevalence"), ("some", "prevalence_some")):
        names = [name for name in SCORERS if part == "some" or name != SEARCHED]
        for area in ("auroc", "auprc"):
            print(f"\n{area.upper()}, {part} test pictures")
            print(f"{'normal':8}", *(f"{name:>16}" for name in names), f"{'by chance':>10}")
            for digit, one in figures.items():
                row = [one["areas"][name][part][area] for name in names]
                print(line(digit, row, 0.5 if area == "auroc" else one[chance]))
            for name, middle in (("mean", statistics.mean), ("median", statistics.median)):
                print(line(name, [middle(column(figures, n, part, area)) for n in names]))
    print()
    for name in ("pixel_neighbour", "unit_neighbour"):
        mean = statistics.mean(column(figures, name, "all", "auroc"))
        say(f"{name}: mean AUROC, away from {PUBLISHED}", abs(mean - PUBLISHED), at_most=0.01)
    slow = statistics.median(one["seconds_per_100"] for one in figures.values())
    say("AnoGAN: 100 pictures, median", slow, "s", at_most=15)
    fast = statistics.median(one["images_per_second"] for one in figures.values())
    say("f-AnoGAN, median", fast, "pictures a second", at_least=500)


def column(figures: dict[str, Any], name: str, part: str, area: str) -> list[float]:
    """Return the areas of a scorer, digit by digit."""
    return [one["areas"][name][part][area] for one in figures.values()]


def line(name: str, row: Iterable[float], chance: float | None = None) -> str:
    """Return one line of a table."""
    end = "" if chance is None else f"{chance:10.4f}"
    return " ".join([f"{name:8}", *(f"{value:16.4f}" for value in row), end]).rstrip()


def settings_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return what the figures depend on besides the digit."""
    search = SearchSettings()
    return {
        "protocol": "one-class",
        "gan": "fast",
        "gan_seconds": options.seconds,
        "encoder_seconds": options.encoder_seconds,
        "anogan_images": options.images,
        "anogan_restarts": search.restarts,
        "anogan_steps": search.steps,
        "pca_components": RECIPE.latent_dim,
    }


def main() -> None:
    """Measure the digits; keep the figures if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--digits", nargs="+", type=int, default=list(DIGITS), choices=DIGITS)
    parser.add_argument("--seconds", type=float, default=15, help="for the GAN of a digit")
    parser.add_argument("--encoder-seconds", type=float, default=8, help="for its encoder")
    parser.add_argument("--images", type=int, default=500, help="so many for AnoGAN")
    parser.add_argument("--weights", type=int, choices=DIGITS, help="ship this digit's networks")
    parser.add_argument("--write", action="store_true", help="keep the figures in assets/")
    options = parser.parse_args()
    torch.set_num_threads(1)
    introduce()
    settings = settings_of(options)
    # The digits that are not measured now stay, if they were measured alike.
    goes_on = options.write and kept(FIGURES, "settings") == settings
    figures = kept(FIGURES, "digits") if goes_on else {}
    for digit in options.digits:
        figures[str(digit)] = measure(digit, options)
        print(f"digit {digit} is done", flush=True)
        if options.write:
            order = [str(one) for one in DIGITS]
            keep(FIGURES, COMMAND, "digits", figures, order, settings=settings)
    show(dict(sorted(figures.items())))


if __name__ == "__main__":
    main()
