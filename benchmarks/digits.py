"""What a minute of training is worth: ``python -m benchmarks.digits``.

Trains the presets on real MNIST from scratch for a minute on one thread,
with three seeds each (seconds are the processor's, so that a busy machine
counts as a quiet one), and measures the Fréchet distance on the shipped
classifier's features: 10,000 samples against the 10,000 test images. The floor
is 10,000 real training images against the same test images. ``--write`` also
trains the lesson's GAN for five minutes and keeps the figures and film strips
that the app shows.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from benchmarks.machine import machine
from gan_core.config import PRESETS, TrainConfig
from gan_core.data import ImageSet, load_images
from gan_core.metrics.frechet import features, frechet_distance
from gan_core.pictures import contact_sheet, film_strip, png, to_grey
from gan_core.pretrained import load_classifier
from gan_core.trainer import Trainer

ASSETS = Path(__file__).parent.parent / "assets"
FRAMES = 6


class Judge:
    """Distance of samples to the test images, on the classifier's features."""

    def __init__(self) -> None:
        self.model = load_classifier()
        test = load_images("mnist", train=False, fall_back=False)
        self.real = features(self.model, test.images)

    def distance(self, images: torch.Tensor) -> float:
        """Return the Fréchet distance of (N, 1, 28, 28) pictures."""
        return frechet_distance(self.real, features(self.model, images))


def train_for(config: TrainConfig, data: ImageSet, seconds: float) -> Iterator[Trainer]:
    """Train for so many seconds; yield the trainer at FRAMES even moments, the first at 0."""
    trainer = Trainer(config, data.images)
    yield trainer
    spent = 0.0
    for mark in range(1, FRAMES):
        begin = time.process_time()
        while spent + time.process_time() - begin < seconds * mark / (FRAMES - 1):
            trainer.step()
        spent = seconds * mark / (FRAMES - 1)
        yield trainer


def measure(key: str, data: ImageSet, judge: Judge, seeds: int, seconds: float) -> dict[str, Any]:
    """Train a preset with several seeds; return distances, iterations and the film."""
    distances, iterations, film = [], [], []
    for seed in range(seeds):
        for trainer in train_for(PRESETS[key].replace(seed=seed), data, seconds):
            if seed == 0:
                film.append(contact_sheet(to_grey(trainer.sample(16)), 4))
        distances.append(round(judge.distance(trainer.sample(10_000, seed=1)), 1))
        iterations.append(trainer.iteration)
        print(f"{key:8} seed {seed}: distance {distances[-1]:7.1f}, {iterations[-1]} iterations")
    return {"distances": distances, "iterations": iterations, "film": film}


def main() -> None:
    """Measure and print; keep the results if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--long", type=float, default=300, help="seconds for the lesson's GAN")
    parser.add_argument("--presets", nargs="+", default=["lesson", "fast"], choices=PRESETS)
    parser.add_argument("--write", action="store_true", help="keep figures and films in assets/")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(machine(), "one torch thread")
    data = load_images("mnist", fall_back=False)
    judge = Judge()
    floor = round(judge.distance(data.images[:10_000]), 2)
    print(f"real training images: distance {floor}")
    results = {
        key: measure(key, data, judge, options.seeds, options.seconds) for key in options.presets
    }
    if options.write:
        for key, result in results.items():
            (ASSETS / "pictures" / f"film_{key}.png").write_bytes(
                png(film_strip(result.pop("film"), gap=128), scale=2)
            )
        long = measure("lesson", data, judge, 1, options.long)
        content = {
            "command": "python -m benchmarks.digits --write",
            "machine": machine(),
            "seconds": options.seconds,
            "floor": floor,
            "long": {"seconds": options.long, "distance": long["distances"][0]},
            "presets": results,
        }
        path = ASSETS / "figures" / "digits.json"
        path.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
