"""What was measured of GAN and VAE: the file, its reader, and what the READMEs tell of it."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from benchmarks import vae as benchmark
from gan_core.vae import SIGMA
from gan_core.versus.figures import figures
from gan_core.versus.rebuild import RESTARTS, STEPS
from gan_core.versus.recipe import SIDES
from gan_core.versus.table import REBUILT, Scores

ROOT = Path(__file__).parents[2]
TOLD = json.loads(benchmark.FIGURES.read_text("utf-8"))


def test_the_reader_tells_what_the_file_holds():
    found = figures(benchmark.FIGURES)
    assert (found.command, found.machine) == (TOLD["command"], TOLD["machine"])
    assert found.seconds == benchmark.SECONDS == TOLD["training_seconds"]
    assert (found.count, found.rebuilt) == (benchmark.COUNT, REBUILT)
    assert (found.restarts, found.steps, found.sigma) == (RESTARTS, STEPS, SIGMA)
    assert (found.blur, found.seeds) == (benchmark.BLUR, 5)
    assert found.mean_picture_error == TOLD["mean_picture_error"]
    for side in SIDES:
        for name, spread in found.sides[side].items():
            kept = TOLD["sides"][side][name]
            assert (spread.median, spread.low, spread.high) == (
                kept["median"],
                kept["low"],
                kept["high"],
            )
    measures = {spec.name for spec in fields(Scores)}
    assert found.real.keys() == found.blurred.keys() == measures
    assert measures <= found.sides["gan"].keys()
    assert measures | {"elbo", "reconstruction", "kl"} <= found.sides["vae"].keys()


def test_a_side_has_as_many_seeds_as_its_shortest_row(tmp_path):
    told = json.loads(json.dumps(TOLD))
    told["sides"]["vae"]["kl"]["seeds"].pop()
    path = tmp_path / "vae.json"
    path.write_text(json.dumps(told), "utf-8")
    assert figures(path).seeds == 4


def test_measuring_real_pictures_again_keeps_all_else(tmp_path, monkeypatch):
    path = tmp_path / "vae.json"
    path.write_text(json.dumps(TOLD), "utf-8")
    monkeypatch.setattr(benchmark, "FIGURES", path)
    again = {"real": {"frechet": 2.0}, "blurred": {"frechet": 3.0}, "blur": 0.5}
    monkeypatch.setattr(benchmark, "real_rows", lambda: again)
    benchmark.keep_real()
    assert json.loads(path.read_text("utf-8")) == TOLD | again


def written(value: float) -> str:
    """Three digits that count; what was rounded to ...5 is rounded up."""
    return f"{value * (1 + 1e-12):#.3g}".rstrip(".")


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_readme_has_the_figures(name):
    text = (ROOT / name).read_text("utf-8")
    for spec in fields(Scores):
        cells = []
        for side in SIDES:
            kept = TOLD["sides"][side][spec.name]
            low, median, high = (written(kept[end]) for end in ("low", "median", "high"))
            cells.append(f"{median} ({low}–{high})")
        for row in ("real", "blurred"):
            value = TOLD[row][spec.name]
            cells.append("–" if value is None else written(value))
        assert f"| {' | '.join(cells)} |" in text
    for side in SIDES:
        assert str(TOLD["sides"][side]["frechet"]["seeds"][0]) in text
