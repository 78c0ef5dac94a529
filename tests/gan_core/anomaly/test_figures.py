"""The benchmark of all digits: its kept figures, and how digits are added to them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import anomaly as benchmark

OPTIONS = argparse.Namespace(seconds=15, encoder_seconds=8, images=500)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """Measure nothing; return which digits were asked for."""
    asked: list[int] = []

    def measure(digit: int, options: argparse.Namespace) -> dict[str, Any]:
        asked.append(digit)
        pair = {"auroc": 0.9, "auprc": 0.99}
        return {
            "prevalence": 0.9,
            "prevalence_some": 0.9,
            "seconds_per_100": 3.0,
            "images_per_second": 5000,
            "round": len(asked),
            "areas": {
                name: {"some": pair} if name == "anogan" else {"all": pair, "some": pair}
                for name in benchmark.SCORERS
            },
            "options": vars(options)["seconds"],
        }

    monkeypatch.setattr(benchmark, "measure", measure)
    monkeypatch.setattr(benchmark, "FIGURES", tmp_path / "anomaly.json")
    return asked


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> dict[str, Any]:
    """Run the command; return what it has kept."""
    monkeypatch.setattr("sys.argv", ["anomaly", *arguments])
    benchmark.main()
    path = benchmark.FIGURES
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def test_the_kept_figures_were_made_with_the_settings_of_the_command():
    content = json.loads(benchmark.FIGURES.read_text("utf-8"))
    assert content["settings"] == benchmark.settings_of(OPTIONS)
    assert content["command"] == benchmark.COMMAND
    assert list(content["digits"]) == [str(digit) for digit in range(10)]
    for one in content["digits"].values():
        assert list(one["areas"]) == list(benchmark.SCORERS)
        for name, parts in one["areas"].items():
            assert list(parts) == (["some"] if name == "anogan" else ["all", "some"])
            assert all(0 <= area <= 1 for pair in parts.values() for area in pair.values())
        assert one["left_out"] == 0


def test_the_options_that_made_them_are_the_first_ones(monkeypatch, measured):
    content = run(monkeypatch, "--digits", "3", "--write")
    assert content["settings"] == benchmark.settings_of(OPTIONS)
    assert measured == [3]


def test_a_digit_is_added_to_those_kept_and_they_stand_in_order(monkeypatch, measured):
    run(monkeypatch, "--digits", "7", "3", "--write")
    content = run(monkeypatch, "--digits", "5", "--write")
    assert measured == [7, 3, 5]
    assert {digit: one["round"] for digit, one in content["digits"].items()} == {
        "3": 2,
        "5": 3,
        "7": 1,
    }
    assert list(content["digits"]) == ["3", "5", "7"]


def test_a_digit_that_is_measured_again_takes_the_place_of_the_old_one(monkeypatch, measured):
    run(monkeypatch, "--digits", "7", "3", "--write")
    content = run(monkeypatch, "--digits", "7", "--write")
    assert {digit: one["round"] for digit, one in content["digits"].items()} == {"3": 2, "7": 3}
    assert measured == [7, 3, 7]


def test_figures_of_other_settings_are_not_mixed_with_new_ones(monkeypatch, measured):
    run(monkeypatch, "--digits", "7", "3", "--write")
    content = run(monkeypatch, "--digits", "5", "--seconds", "2", "--write")
    assert list(content["digits"]) == ["5"]
    assert content["settings"]["gan_seconds"] == 2
    assert measured == [7, 3, 5]


def test_without_being_told_it_keeps_nothing(monkeypatch, measured, capsys):
    assert run(monkeypatch, "--digits", "7") == {}
    assert "digit 7 is done" in capsys.readouterr().out
    before = run(monkeypatch, "--digits", "3", "--write")
    assert run(monkeypatch, "--digits", "5") == before
    assert measured == [7, 3, 5]
