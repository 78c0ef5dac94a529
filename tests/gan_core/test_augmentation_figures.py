"""The benchmark of few pictures: what it keeps, and what the app and the README are told."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import mean

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks import augmentation as benchmark
from gan_core.augmentation import ARMS, FEWEST, MOST, VERDICTS, CellSettings, draw
from gan_core.data import ImageSet, embedded_digits
from gan_core.data.parts import apart
from gan_core.pictures import to_grey

OVER_REAL = [arm for arm in ARMS if arm != "real"]


@pytest.fixture
def play(monkeypatch, tmp_path, capsys):
    """Return what plays the benchmark on the embedded digits, and returns what it said and kept."""
    path = tmp_path / "augmentation.json"
    train, test = apart(embedded_digits())

    def load(_key: str, *, train: bool = True, **_more: object) -> ImageSet:
        return sides[train]

    sides = {True: train, False: ImageSet("digits", test.images[:100], test.labels[:100])}
    monkeypatch.setattr(benchmark, "FIGURES", path)
    monkeypatch.setattr(benchmark, "load_images", load)
    monkeypatch.setattr(benchmark, "CellSettings", short)

    def run(*asked: str) -> tuple[str, dict]:
        monkeypatch.setattr(sys, "argv", ["augmentation", *asked])
        threads = torch.get_num_threads()
        try:
            benchmark.main()
        finally:
            torch.set_num_threads(threads)
        said = capsys.readouterr().out
        return said, json.loads(path.read_text("utf-8")) if path.exists() else {}

    return run


def short(n: int = 20, seed: int = 0) -> CellSettings:
    return CellSettings(n, seed, gan_iterations=2, classifier_steps=3, generated=10)


def test_the_benchmark_measures_and_keeps_its_figures(play):
    said, kept = play("--ns", "5", "10", "--seeds", "2", "--write")
    assert [said.count(f"n {n} seed {seed}:") for n in (5, 10) for seed in (0, 1)] == [1] * 4
    assert kept["command"] == "python -m benchmarks.augmentation --write"
    assert kept["settings"]["classifier_steps"] == 3
    assert kept["settings"]["arms"] == list(ARMS)
    assert {n: list(seeds) for n, seeds in kept["cells"].items()} == {
        "5": ["0", "1"],
        "10": ["0", "1"],
    }
    for n, row in kept["table"].items():
        cells = list(kept["cells"][n].values())
        assert list(row) == list(ARMS)
        for arm, found in row.items():
            values = [cell[arm] for cell in cells]
            assert found["mean"] == pytest.approx(mean(values), abs=1e-4)
            half = 12.7062 * abs(values[0] - values[1]) / 2  # t of one degree of freedom
            assert found["high"] - found["low"] == pytest.approx(2 * half, abs=3e-4)
    assert {arm: sorted(found.keys()) for arm, found in kept["table"]["5"].items()} == {
        "real": ["high", "low", "mean"],
        **{arm: ["high", "low", "mean", "over_real"] for arm in OVER_REAL},
        **{
            arm: ["high", "low", "mean", "over_affine", "over_real"]
            for arm in ("gan_affine", "gan_diff_affine")
        },
    }


def test_kept_cells_are_not_measured_again_and_nothing_is_kept_unasked(play):
    _, first = play("--ns", "5", "--seeds", "1", "--write")
    said, second = play("--ns", "5", "--seeds", "2", "--write")
    assert "seed 0" not in said
    assert second["cells"]["5"]["0"] == first["cells"]["5"]["0"]
    said, third = play("--ns", "5", "--seeds", "1")
    assert "n 5 seed 0:" in said
    assert third == second


def test_under_other_settings_the_figures_begin_anew(play, monkeypatch):
    play("--ns", "5", "--seeds", "1", "--write")
    monkeypatch.setattr(
        benchmark,
        "CellSettings",
        lambda n=20, seed=0: CellSettings(
            n, seed, gan_iterations=1, classifier_steps=3, generated=10
        ),
    )
    _, kept = play("--ns", "10", "--seeds", "1", "--write")
    assert list(kept["cells"]) == ["10"]
    assert kept["settings"]["gan_iterations"] == 1


def test_the_table_says_what_seeds_come_to():
    cells = {
        str(seed): dict.fromkeys(ARMS, 0.7 + 0.01 * seed)
        | {"affine": 0.8 + 0.01 * seed + 0.001 * (seed % 2), "generated": 0.5 + 0.03 * seed}
        for seed in range(3)
    }
    row = benchmark.table_of({"5": cells})["5"]
    assert row["real"] == {"mean": 0.71, "low": 0.6852, "high": 0.7348}  # ± 4.3027 · .01 / √3
    over = row["affine"]["over_real"]
    assert over["mean"] == pytest.approx(0.1003, abs=1e-4)
    assert over["verdict"] == "helps"
    assert row["generated"]["over_real"]["verdict"] == "hurts"
    assert row["gan"]["over_real"] == {
        "mean": 0,
        "low": 0,
        "high": 0,
        "verdict": "no_difference",
    }
    assert row["gan_diff_affine"]["over_affine"]["verdict"] == "hurts"
    lines = benchmark.rows({"5": row})
    assert lines[0].startswith("| 5 | 71.0 ± 2.5 | 81.0 ± 2.5 | 71.0 ± 2.5 |")
    assert lines[1].startswith("| 5 | **+10.0 ± 0.1** | +0.0 ± 0.0 |")
    assert benchmark.table_of({"5": {"0": cells["0"]}}) == {}


def test_the_figures_are_those_of_the_settings():
    kept = json.loads(benchmark.FIGURES.read_text("utf-8"))
    assert kept["settings"] == benchmark.settings_of()
    assert list(kept["cells"]) == list(kept["table"]) == [str(n) for n in benchmark.NS]
    assert all(FEWEST <= n <= MOST for n in benchmark.NS)
    for seeds in kept["cells"].values():
        assert list(seeds) == [str(seed) for seed in range(benchmark.SEEDS)]
    assert kept["table"] == benchmark.table_of(kept["cells"])
    verdicts = [
        found["over_real"]["verdict"]
        for row in kept["table"].values()
        for arm, found in row.items()
        if arm != "real"
    ]
    assert set(verdicts) <= set(VERDICTS)


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_readme_has_the_figures(name):
    kept = json.loads(benchmark.FIGURES.read_text("utf-8"))
    text = (benchmark.FIGURES.parents[2] / name).read_text("utf-8")
    assert [row for row in benchmark.rows(kept["table"]) if row not in text] == []


def test_the_pictures_of_the_page_are_those_of_a_cell(play, monkeypatch, tmp_path):
    settings = CellSettings(
        6, 3, ("gan", "gan_diff"), gan_iterations=2, classifier_steps=3, generated=10
    )
    monkeypatch.setattr(benchmark, "PICTURES", tmp_path)
    monkeypatch.setattr(benchmark, "PICTURED", settings)
    said, kept = play("--pictures")
    assert kept == {}
    assert [Path(line).name for line in said.splitlines()] == [
        f"augmentation_{name}.png" for name in ("real", "gan", "gan_diff")
    ]
    with Image.open(tmp_path / "augmentation_real.png") as picture:
        real = np.asarray(picture)
    drawn = draw(apart(embedded_digits())[0], 6, 3)
    row = np.hstack(to_grey(drawn.images[drawn.labels == 4]))
    assert np.array_equal(real[28 * 4 : 28 * 5], row)
    with Image.open(tmp_path / "augmentation_gan.png") as picture:
        assert picture.size == (280, 280)


def test_the_pictures_of_the_page_are_there():
    for name in ("real", "gan", "gan_diff"):
        with Image.open(benchmark.PICTURES / f"augmentation_{name}.png") as picture:
            assert picture.size == (280, 280)
    assert benchmark.PICTURED.n == 10
