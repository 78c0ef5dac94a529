"""One training run at four moments: both players kept, so that a person can join the game.

``python -m gan_core stages`` trains the shipped convolutional recipe and writes
``assets/pretrained/stages``; nothing else of the course needs MNIST for this.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save
from torch import Tensor, nn

from gan_core.checkpoint import write_atomically
from gan_core.config import SettingError, TrainConfig
from gan_core.judging import judges_single
from gan_core.latent import draw
from gan_core.layers import Generator
from gan_core.models import without_weights
from gan_core.pictures import Grey, contact_sheet, to_grey
from gan_core.pretrained import filled
from gan_core.trainer import StepReport, Trainer

# Iterations at which the players are kept: nothing learned, shapes, strokes, digits.
STAGES = {"start": 0, "early": 200, "middle": 1000, "late": 8000}
ASSETS = Path(__file__).parent.parent / "assets"
FOLDER = ASSETS / "pretrained" / "stages"
REAL_SHEET = ASSETS / "pictures" / "mnist_test_100.png"
PER_CLASS = 10
_PLAYERS = ("generator", "discriminator")


@dataclass(frozen=True, slots=True)
class Stage:
    """Both players of one moment, in eval mode and shared: never trained on.

    ``generator`` has the averaged weights (EMA), ``discriminator`` the plain ones.
    """

    key: str
    iteration: int
    generator: Generator
    discriminator: nn.Module

    @torch.no_grad()
    def fakes(self, count: int, seed: int) -> Tensor:
        """Return (count, 1, 28, 28) generated pictures in [-1, 1] that depend on ``seed`` alone.

        Rounded to the 256 greys of a screen: D then judges what a person is shown.
        """
        made = self.generator(draw(count, self.generator.latent_dim, seed))
        return from_grey(to_grey(made))

    @torch.no_grad()
    def judge(self, images: Tensor) -> Tensor:
        """Return D's probability that each picture (N, 1, 28, 28) is real, (N,)."""
        return torch.sigmoid(self.discriminator(images))


# Making them ------------------------------------------------------------------------------


def train_stages(
    config: TrainConfig,
    data: Tensor,
    moments: Mapping[str, int] = STAGES,
    seen: Callable[[StepReport], object] = lambda _report: None,
) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Train once, yielding (key, weights of both players) as each moment is reached.

    Args:
        config: the recipe; it must ask for an average.
        data: real pictures (N, 1, 28, 28) in [-1, 1].
        moments: iterations by key, rising.
        seen: called with the report of every iteration.

    Raises:
        ValueError: if the recipe keeps no average, or D cannot judge a single picture.
    """
    if not judges_single(config):
        raise ValueError(
            "the stages keep a discriminator of single pictures, without company or class"
        )
    trainer = Trainer(config, data)
    if trainer.average is None:
        raise ValueError("ema_decay must be more than 0: the stages keep averaged weights")
    for key, iteration in moments.items():
        for report in trainer.run(iteration - trainer.iteration):
            seen(report)
        players = zip(_PLAYERS, (trainer.average, trainer.discriminator), strict=True)
        yield (
            key,
            {
                f"{player}.{name}": value.detach().clone()
                for player, module in players
                for name, value in module.state_dict().items()
            },
        )


def save_stage(key: str, weights: Mapping[str, Tensor], folder: Path = FOLDER) -> Path:
    """Write ``key.safetensors`` in float16 and return its path."""
    small = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in weights.items()
    }
    path = folder / f"{key}.safetensors"
    write_atomically(path, save(small))
    return path


def save_card(told: Mapping[str, Any], folder: Path = FOLDER) -> Path:
    """Write ``stages.json``: how the stages were made and what was measured of them."""
    path = folder / "stages.json"
    write_atomically(path, json.dumps(told, indent=2).encode() + b"\n")
    return path


# Loading them -----------------------------------------------------------------------------


def card(folder: Path = FOLDER) -> dict[str, Any]:
    """Return how the stages were made and what was measured of them."""
    content: dict[str, Any] = json.loads((folder / "stages.json").read_text("utf-8"))
    return content


@lru_cache(maxsize=len(STAGES))
def load_stage(key: str, folder: Path = FOLDER) -> Stage:
    """Return both players of a stage.

    Raises:
        SettingError: (a ValueError) on an unknown key.
    """
    if key not in STAGES:
        raise SettingError("stage", "one of " + ", ".join(STAGES), key)
    told = card(folder)
    config = TrainConfig.from_dict(told["config"])
    weights = load_file(folder / f"{key}.safetensors")
    generator, discriminator = (
        {
            name.removeprefix(player + "."): value
            for name, value in weights.items()
            if name.startswith(player + ".")
        }
        for player in _PLAYERS
    )
    return Stage(
        key,
        told["iterations"][key],
        filled(lambda: without_weights(config)[0], generator),
        filled(lambda: without_weights(config)[1], discriminator),
    )


# Real pictures for those without the data -------------------------------------------------


def pick_real(images: Tensor, labels: Tensor, per_class: int = PER_CLASS) -> Tensor:
    """Return the first ``per_class`` pictures of each class, (10 · per_class, 1, 28, 28)."""
    chosen = [torch.nonzero(labels == digit).flatten()[:per_class] for digit in range(10)]
    return images[torch.cat(chosen)]


def save_real_sheet(images: Tensor, path: Path = REAL_SHEET) -> Path:
    """Write pictures as one small PNG, ten to a row."""
    sheet = Image.fromarray(contact_sheet(to_grey(images), 10))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, format="PNG", optimize=True)
    return path


@lru_cache(maxsize=1)
def real_pictures(path: Path = REAL_SHEET) -> Tensor:
    """Return the MNIST test pictures that come with the course, (100, 1, 28, 28) in [-1, 1].

    D never saw them: it was trained on the training pictures. MNIST: LeCun, Cortes and
    Burges, CC BY-SA 3.0 (assets/pictures/mnist_test_100.md).
    """
    with Image.open(path) as sheet:
        grey = np.asarray(sheet.convert("L"))
    rows, columns = grey.shape[0] // 28, grey.shape[1] // 28
    tiles = grey.reshape(rows, 28, columns, 28).transpose(0, 2, 1, 3).reshape(-1, 28, 28)
    return from_grey(np.ascontiguousarray(tiles))


def from_grey(grey: Grey) -> Tensor:
    """Turn bytes (N, 28, 28) into pictures (N, 1, 28, 28) in [-1, 1]."""
    return torch.from_numpy(grey.copy()).view(-1, 1, 28, 28).float().div_(127.5).sub_(1)


# Measuring them ---------------------------------------------------------------------------


def accuracy(stage: Stage, real: Tensor, seed: int = 1) -> dict[str, float]:
    """Say how often D is right on these real pictures and on as many fakes.

    ``real``, ``fake`` and ``all`` are shares from 0 to 1 of D's verdicts (above 1/2 says
    "real"). ``pairs`` is the share of pairs, one real and one fake, in which D gives the real
    one more: it shows what D knows even where all its verdicts lie on one side. Chance is 1/2.
    """
    on_real, on_fake = stage.judge(real), stage.judge(stage.fakes(len(real), seed))
    lead = on_real[:, None] - on_fake
    shares = {
        "real": (on_real > 0.5).double().mean(),
        "fake": (on_fake <= 0.5).double().mean(),
        "pairs": ((lead > 0).double() + (lead == 0).double() / 2).mean(),
    }
    shares["all"] = (shares["real"] + shares["fake"]) / 2
    return {key: round(share.item(), 4) for key, share in shares.items()}


__all__ = [
    "REAL_SHEET",
    "STAGES",
    "Stage",
    "accuracy",
    "card",
    "from_grey",
    "load_stage",
    "pick_real",
    "real_pictures",
    "save_card",
    "save_real_sheet",
    "save_stage",
    "train_stages",
]
