"""The recipes of the playground, and the benchmark that measures them."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest
import torch

import benchmarks.playground as benchmark
import benchmarks.seeds as seeds
from benchmarks.playground import GOAL_BITS, LOOKS, Outcome, _held_since
from gan_core.config import POINT_KEYS, TrainConfig
from gan_core.metrics.points import PointMeter
from gan_core.points.presets import POINT_PRESETS
from gan_core.points.sets import load_points
from gan_core.trainer import Trainer


def test_every_set_has_its_recipe():
    assert tuple(POINT_PRESETS) == POINT_KEYS
    for key, preset in POINT_PRESETS.items():
        assert (preset.dataset, preset.model, preset.dropout) == (key, "points", 0)


@pytest.mark.parametrize("key", POINT_KEYS)
def test_a_recipe_survives_json(key):
    preset = POINT_PRESETS[key]
    assert TrainConfig.from_dict(json.loads(json.dumps(preset.to_dict()))) == preset


def test_a_recipe_learns_within_seconds():
    data = load_points("gaussians")
    trainer = Trainer(POINT_PRESETS["gaussians"], data.points)
    meter = PointMeter(data)
    before = meter.measure(trainer.sample(4000)).js_bits
    for _ in trainer.run(250):
        pass
    assert before > 0.6
    assert meter.measure(trainer.sample(4000)).js_bits < before / 2


def test_the_goal_must_be_held_to_the_end():
    good, bad = GOAL_BITS / 2, GOAL_BITS * 2

    def held(*bits: float) -> int | None:
        return _held_since([(10 * (look + 1), value) for look, value in enumerate(bits)])

    assert held(*[good] * LOOKS) == 10
    assert held(bad, *[good] * (LOOKS - 1)) == 20
    assert held(*[good] * (LOOKS - 1), bad) is None
    assert held(good, bad, *[good] * (LOOKS - 2)) == 30
    assert held(*[good] * 3) is None  # it broke down on the way
    assert held(*[float("nan")] * LOOKS) is None


@pytest.mark.parametrize(
    ("change", "passes"),
    [({}, True), ({"reached": None}, False), ({"seconds": 60.1}, False), ({"modes": 9}, False)],
)
def test_a_seed_passes_in_time_and_with_every_mode(change, passes):
    data = load_points("eight")
    quality = PointMeter(data).measure(data.points[:2000])
    whole = Outcome(0, 3000, 4000, 20.0, quality, modes=8)
    assert quality.modes == 8
    assert replace(whole, **change).passed is passes


def test_the_benchmark_measures_and_keeps_its_figures(monkeypatch, tmp_path, capsys):
    figures = tmp_path / "playground.json"
    monkeypatch.setattr(benchmark, "FIGURES", figures)
    monkeypatch.setattr(seeds, "ProcessPoolExecutor", InThisProcess)
    short = {key: preset.replace(lr_decay_moves=40) for key, preset in POINT_PRESETS.items()}
    monkeypatch.setattr(benchmark, "POINT_PRESETS", short)
    asked = ["--sets", "line", "eight", "--seeds", "2", "--write"]
    monkeypatch.setattr(sys, "argv", ["playground", *asked])
    threads = torch.get_num_threads()
    try:
        benchmark.main()
    finally:
        torch.set_num_threads(threads)
    said = capsys.readouterr().out
    assert said.count("seed 0") == said.count("seed 1") == 2
    kept = json.loads(figures.read_text("utf-8"))["sets"]
    assert list(kept) == ["line", "eight"]
    assert all(len(kept[key]["js_bits"]) == 2 for key in kept)
    assert kept["line"]["iterations"] == 40
    assert kept["line"]["modes"] == [None, None]
    assert "modes" in said


class InThisProcess:
    """A pool of one: other processes would not see the shortened recipes."""

    def __init__(self, *_: object) -> None:
        self.map = map

    def __enter__(self) -> InThisProcess:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_readme_has_the_figures(name):
    root = benchmark.FIGURES.parents[2]
    kept = json.loads(benchmark.FIGURES.read_text("utf-8"))["sets"]
    assert tuple(kept) == POINT_KEYS
    text = (root / name).read_text("utf-8")
    assert [row for row in benchmark.rows(kept) if row not in text] == []


@pytest.mark.parametrize("key", POINT_KEYS)
def test_at_least_nine_of_ten_seeds_pass_when_measured(key):
    figures = json.loads(benchmark.FIGURES.read_text("utf-8"))["sets"][key]
    assert figures["iterations"] == POINT_PRESETS[key].lr_decay_moves
    assert figures["passed"] >= 9
    assert len(figures["seconds"]) == 10
