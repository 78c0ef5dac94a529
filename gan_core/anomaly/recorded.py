"""The experiment that comes with the course, and the files that it lies in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save
from torch import nn

from gan_core.anomaly.anogan import AnoGan
from gan_core.anomaly.experiment import RECIPE, learned
from gan_core.anomaly.fast import Encoder, FastAnoGan
from gan_core.anomaly.outcome import KINDS, SCORERS, Bench, Known, Outcome, ShownCases
from gan_core.anomaly.settings import Settings
from gan_core.checkpoint import write_atomically
from gan_core.config import TrainConfig
from gan_core.data import at_hand
from gan_core.models import without_weights
from gan_core.pictures import SIDE, Grey, contact_sheet, png
from gan_core.pretrained import FOLDER as PRETRAINED
from gan_core.pretrained import filled, save_weights

FOLDER = PRETRAINED / "anomaly"
NETWORKS = ("generator", "discriminator", "encoder")
DATA = "mnist"


def save_outcome(
    outcome: Outcome,
    networks: Mapping[str, nn.Module],
    told: Mapping[str, Any],
    folder: Path = FOLDER,
) -> list[Path]:
    """Write an outcome with its networks; return the paths.

    Args:
        outcome: all there is to show.
        networks: generator, discriminator and encoder; written in float16.
        told: what its card shall say besides the settings.
        folder: where to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [save_weights(name, networks[name], folder) for name in NETWORKS]
    numbers = {f"scores.{name}": scores.float() for name, scores in outcome.scores.items()}
    numbers |= {"digits": outcome.digits.byte(), "searched": outcome.searched.int()}
    card = {
        **told,
        "settings": asdict(outcome.settings),
        "config": RECIPE.to_dict(),
        "data": outcome.data,
        "learned_from": outcome.learned_from,
        "cases": {
            name: {
                kind: {"digits": shown[kind].digits, "scores": shown[kind].scores} for kind in KINDS
            }
            for name, shown in outcome.cases.items()
        },
    }
    contents = {
        "numbers.safetensors": save({key: one.contiguous() for key, one in numbers.items()}),
        "cases.png": png(_sheet(outcome)),
        "anomaly.json": json.dumps(card, indent=2).encode() + b"\n",
    }
    for name, content in contents.items():
        write_atomically(folder / name, content)
        paths.append(folder / name)
    return paths


def load_card(folder: Path = FOLDER) -> dict[str, Any]:
    """Return how the recorded experiment was made."""
    content: dict[str, Any] = json.loads((folder / "anomaly.json").read_text("utf-8"))
    return content


@lru_cache(maxsize=2)
def load_outcome(folder: Path = FOLDER) -> Outcome:
    """Return the recorded outcome, shared by all.

    Its scorers that hold training pictures are there only where MNIST is on this disk.
    """
    card = load_card(folder)
    given = card["settings"]
    settings = Settings(**{**given, "normal": tuple(given["normal"])})
    numbers = load_file(folder / "numbers.safetensors")
    digits, searched = (numbers.pop(name).long() for name in ("digits", "searched"))
    return Outcome(
        settings=settings,
        data=card["data"],
        fallback="",
        learned_from=card["learned_from"],
        digits=digits,
        labels=~torch.isin(digits, torch.tensor(settings.normal)),
        searched=searched,
        scores={name: numbers[f"scores.{name}"] for name in SCORERS},
        cases=_cases(card["cases"], folder / "cases.png"),
        bench=_bench(settings, TrainConfig.from_dict(card["config"]), folder),
    )


def _bench(settings: Settings, config: TrainConfig, folder: Path) -> Bench:
    weights = {name: load_file(folder / f"{name}.safetensors") for name in NETWORKS}
    generator = filled(lambda: without_weights(config)[0], weights["generator"])
    discriminator = filled(lambda: without_weights(config)[1], weights["discriminator"])
    encoder = filled(lambda: Encoder(config.latent_dim), weights["encoder"])

    def known() -> Known | None:
        train = at_hand(DATA)
        return None if train is None else learned(train, settings.normal, settings.seed)

    return Bench(
        FastAnoGan(encoder, generator, discriminator, settings.kappa),
        AnoGan(generator, discriminator, settings.search),
        known,
    )


def _sheet(outcome: Outcome) -> Grey:
    """Lay out a row for each scorer and kind: pictures, then what was expected instead."""
    rows = [
        np.concatenate([shown.pictures, shown.expected])
        for name in SCORERS
        for shown in (outcome.cases[name][kind] for kind in KINDS)
    ]
    return contact_sheet(np.concatenate(rows), len(rows[0]))


def _cases(told: Mapping[str, Any], sheet: Path) -> dict[str, dict[str, ShownCases]]:
    """Cut the sheet up again."""
    grey = np.asarray(Image.open(sheet))
    rows = iter(grey.reshape(grey.shape[0] // SIDE, SIDE, -1, SIDE).swapaxes(1, 2))
    cases: dict[str, dict[str, ShownCases]] = {}
    for name in SCORERS:
        cases[name] = {}
        for kind in KINDS:
            pictures, expected = np.split(next(rows), 2)
            one = told[name][kind]
            digits, scores = tuple(one["digits"]), tuple(one["scores"])
            cases[name][kind] = ShownCases(digits, scores, pictures, expected)
    return cases
