"""The recipes of the playground, and the benchmark that measures them."""

from __future__ import annotations

import json
import sys

import pytest
import torch

import benchmarks.playground as benchmark
from benchmarks.playground import GOAL_BITS, LOOKS, _held_since
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
    ends = [float(k + 1) for k in range(LOOKS)]
    good, bad = GOAL_BITS / 2, GOAL_BITS * 2
    assert _held_since([good] * LOOKS, ends) == 1
    assert _held_since([bad] + [good] * (LOOKS - 1), ends) == 2
    assert _held_since([good] * (LOOKS - 1) + [bad], ends) is None
    assert _held_since([good, bad] + [good] * (LOOKS - 2), ends) == 3
    assert _held_since([good] * 3, ends[:3]) is None  # it broke down on the way
    assert _held_since([float("nan")] * LOOKS, ends) is None


def test_the_benchmark_measures_and_keeps_its_figures(monkeypatch, tmp_path, capsys):
    threads = torch.get_num_threads()
    figures = tmp_path / "playground.json"
    monkeypatch.setattr(benchmark, "FIGURES", figures)
    monkeypatch.setattr(benchmark, "LOOKS", 2)
    asked = ["--sets", "line", "eight", "--seeds", "2", "--seconds", "0.1", "--write"]
    monkeypatch.setattr(sys, "argv", ["playground", *asked])
    benchmark.main()
    torch.set_num_threads(threads)
    said = capsys.readouterr().out
    assert said.count("seed 0") == said.count("seed 1") == 2
    kept = json.loads(figures.read_text("utf-8"))["sets"]
    assert list(kept) == ["line", "eight"]
    assert all(len(kept[key]["js_bits"]) == 2 for key in kept)
    assert kept["line"]["modes"] == [None, None]
    assert "modes" in said
