"""What measuring costs, and whether it measures right: ``python -m benchmarks.metrics``.

* How long a whole report of 10,000 generated pictures against 10,000 real ones takes, and
  which part of it takes what share.
* The check that prdc's authors published: 10,000 against 10,000 draws of N(0, I) in 1,000
  dimensions, k = 5, precision .4772, recall .4705, density 1.0555, coverage .9735.
* What the shipped generators score beside real pictures.

Needs MNIST. ``--write`` keeps the figures in assets/, beside those of ``benchmarks.meter``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.machine import machine
from gan_core.config import MODEL_KEYS
from gan_core.latent import draw
from gan_core.metrics.classes import class_score, class_shares
from gan_core.metrics.copies import CopyTest
from gan_core.metrics.evaluate import (
    COVERAGE_K,
    FIDELITY_K,
    LOOKED_UP,
    RealPictures,
    evaluate,
    real_pictures,
)
from gan_core.metrics.frechet import features, frechet_distance
from gan_core.metrics.manifolds import Cloud, compare, neighbourhoods
from gan_core.metrics.table import as_text
from gan_core.pretrained import load_classifier, load_generator

FIGURES = Path(__file__).parent.parent / "assets" / "figures" / "metrics.json"
COUNT = 10_000
SEED = 1
PUBLISHED = {"precision": 0.4772, "recall": 0.4705, "density": 1.0555, "coverage": 0.9735}


def generated(name: str) -> Tensor:
    """Return pictures of a shipped generator."""
    generator = load_generator(name)
    return generator(draw(COUNT, generator.latent_dim, SEED))


def seconds(action: Callable[[], object]) -> float:
    """Return how long it takes."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def shares(images: Tensor, real: RealPictures) -> dict[str, float]:
    """Return the share of each part of a report, from doing the parts one after the other."""
    model = load_classifier()
    training = real.training
    assert training is not None
    halves = real.reference[:LOOKED_UP], real.reference[LOOKED_UP : 2 * LOOKED_UP]
    sides = [features(model, side) for side in (real.reference, images, real.other)]
    clouds = [Cloud(side, COVERAGE_K) for side in sides]

    def look_up() -> None:
        copies = CopyTest(training, halves[0])
        copies(images[:LOOKED_UP])
        copies(halves[1])

    def read() -> None:
        for side in sides[1:]:
            frechet_distance(sides[0], side)
            class_shares(model.head(side))
            class_score(model.head(side))

    spent = {
        "features": seconds(
            lambda: [features(model, side) for side in (real.reference, images, real.other)]
        ),
        "neighbours": seconds(lambda: [Cloud(side, COVERAGE_K) for side in sides]),
        "neighbourhoods": seconds(
            lambda: [compare(clouds[0], side, (FIDELITY_K, COVERAGE_K)) for side in clouds[1:]]
        ),
        "distance and classes": seconds(read),
        "copies": seconds(look_up),
    }
    return {part: value / sum(spent.values()) for part, value in spent.items()}


def published_check(draws: int) -> dict[str, list[float]]:
    """Return what pairs of samples of N(0, I) in 1,000 dimensions score, one for each seed.

    The four lean the same way in one draw: what a few points near the middle hold.
    """
    found = []
    for seed in range(draws):
        random = torch.Generator().manual_seed(seed)
        real, fake = torch.randn(2, COUNT, 1000, generator=random)
        found.append(neighbourhoods(real, fake, k=5))
    return {name: sorted(round(getattr(one, name), 4) for one in found) for name in PUBLISHED}


def main() -> None:
    """Measure and print; keep the figures if asked."""
    options = _options()
    torch.set_num_threads(options.threads)
    print(machine(), f"{options.threads} torch threads, load {os.getloadavg()[0]:.1f}")
    real = real_pictures("mnist", COUNT)
    if real.fallback:
        raise SystemExit("this benchmark needs MNIST")
    content: dict[str, Any] = {
        "command": "python -m benchmarks.metrics --write",
        "machine": machine(),
        "threads": options.threads,
        "count": COUNT,
        "shipped": {},
    }
    spent = []
    for name in MODEL_KEYS:
        images = generated(name)
        for _ in range(options.rounds):
            begin = time.perf_counter()
            report = evaluate(images, real)
            spent.append(time.perf_counter() - begin)
        content["shipped"][name] = asdict(report)
        print(f"\n{name}\n{as_text(report)}")
    content["seconds"] = round(statistics.median(spent), 1)
    content["shares"] = {part: round(share, 3) for part, share in shares(images, real).items()}
    print(f"\na report: {content['seconds']} s (median of {len(spent)}, to {max(spent):.1f} s)")
    print(", ".join(f"{part} {share:.0%}" for part, share in content["shares"].items()))
    content["published"], content["check"] = PUBLISHED, published_check(options.draws)
    for name, values in content["check"].items():
        print(
            f"N(0, I) in 1,000 dimensions, {name}: {statistics.median(values):.4f} "
            f"({values[0]} to {values[-1]}), published {PUBLISHED[name]}"
        )
    if options.write:
        known = json.loads(FIGURES.read_text("utf-8")) if FIGURES.exists() else {}
        content |= {"live": known["live"]} if "live" in known else {}
        FIGURES.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.metrics", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--rounds", type=int, default=3, help="reports per generator")
    parser.add_argument("--draws", type=int, default=5, help="of the published check")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true", help="keep the figures in assets/")
    return parser.parse_args()


if __name__ == "__main__":
    main()
