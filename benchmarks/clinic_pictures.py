"""What each case of the clinic comes to: ``python -m benchmarks.clinic_pictures``.

Trains every case and its cured twin from the same seed, as the page does, and keeps a picture
of both at their end, with the recipes that made it: the page shows it before any click, for as
long as the case still has these recipes. With names of cases, only these are made again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from gan_core.clinic.cases import CASES, Case
from gan_core.clinic.figures import recipes
from gan_core.config import POINT_MODEL, TrainConfig
from gan_core.data import load_images
from gan_core.pictures import contact_sheet, film_strip, to_grey
from gan_core.points.sets import VIEW, load_points
from gan_core.trainer import Trainer, TrainingDiverged

ASSETS = Path(__file__).parent.parent / "assets"
SEED = 0
# Points are drawn four times as large and then made smaller: round dots, smooth edges.
SIDE, FINE, DOT, GAP = 480, 4, 3.2, 24
REAL, FAKE, FRAME = (0, 114, 178, 255), (230, 159, 0, 255), (125, 125, 125, 255)
SHOWN = 400
DIGITS = 36

Dots = np.ndarray[Any, np.dtype[np.float32]]


def record(case: Case) -> dict[str, Any]:
    """Train both twins of a case; keep their picture, and return what is to be known of it."""
    sick, cured = (finished(config, case) for config in (case.sick, case.cured))
    path = ASSETS / "pictures" / f"clinic_{case.key}.png"
    about = {"seed": SEED, "iterations": [sick.iteration, cured.iteration], **recipes(case)}
    if case.sick.model == POINT_MODEL:
        of_points(case.sick.dataset, sick, cured).save(path, optimize=True)
        about |= {"points": SHOWN, "outside": outside(sick)}
    else:
        of_digits(sick, cured).save(path, optimize=True)
    return about


def outside(trainer: Trainer) -> int:
    """Return how many of the points that are drawn lie outside the picture."""
    points = trainer.sample(SHOWN).numpy()
    return int((~(np.abs(points) <= VIEW).all(axis=1)).sum())


def finished(config: TrainConfig, case: Case) -> Trainer:
    """Return the trainer after all iterations of a case, or where its training broke off."""
    is_plane = config.model == POINT_MODEL
    data = load_points(config.dataset).points if is_plane else load_images(config.dataset).images
    trainer = Trainer(config.replace(seed=SEED), data[: config.examples or None])
    try:
        for _ in trainer.run(case.iterations):
            pass
    except TrainingDiverged as error:
        print(f"{case.key}: {error}")
    return trainer


def of_points(dataset: str, *trainers: Trainer) -> Image.Image:
    """Draw the points of each trainer over those of the data, as the playground does."""
    real = load_points(dataset).points[:SHOWN].numpy()
    plots = [plot(real, trainer.sample(SHOWN).numpy()) for trainer in trainers]
    picture = Image.new("RGBA", (2 * SIDE + GAP, SIDE))
    for place, one in enumerate(plots):
        picture.paste(one, (place * (SIDE + GAP), 0))
    return picture


def plot(real: Dots, fake: Dots) -> Image.Image:
    """Draw real points as filled dots and generated ones as rings, on nothing."""
    picture = Image.new("RGBA", (SIDE * FINE, SIDE * FINE), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    radius = DOT * FINE
    for x, y in places(real):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=REAL)
    for x, y in places(fake):
        box = (x - 1.6 * radius, y - 1.6 * radius, x + 1.6 * radius, y + 1.6 * radius)
        pen.ellipse(box, outline=FAKE, width=round(0.9 * radius))
    last = SIDE * FINE - 1
    pen.rectangle((0, 0, last, last), outline=FRAME, width=2 * FINE)
    return picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def places(points: Dots) -> Dots:
    """Return where points are drawn; what lies outside the view stays outside the picture."""
    seen = points[np.isfinite(points).all(axis=1)]
    placed: Dots = (seen * [1, -1] / (2 * VIEW) + 0.5) * SIDE * FINE
    return placed


def of_digits(*trainers: Trainer) -> Image.Image:
    """Lay the samples of each trainer out as a sheet."""
    sheets = [contact_sheet(to_grey(trainer.sample(DIGITS))) for trainer in trainers]
    strip = Image.fromarray(film_strip(sheets, gap=125))
    return strip.resize((strip.width * 3, strip.height * 3), Image.Resampling.NEAREST)


def main() -> None:
    """Record the cases asked for, all if none is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=[], help="keys; all without any")
    chosen = parser.parse_args().cases or list(CASES)
    path = ASSETS / "figures" / "clinic_pictures.json"
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for key in chosen:
        known[key] = record(CASES[key])
        kept = {name: known[name] for name in CASES if name in known}
        path.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
        print(key, known[key]["iterations"])


if __name__ == "__main__":
    main()
