"""What was measured: means, errors, orders, and files that are not there."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gan_core.clinic.cases import CASES
from gan_core.clinic.figures import (
    FLOORS,
    PERFECT,
    case_figures,
    estimate,
    measured_on,
    recipes,
    recorded,
    reproduced,
    row_figures,
    same_order,
)
from gan_core.clinic.published import ITERATIONS, PACGAN, R3GAN, ROWS, SAMPLES, SETS
from gan_core.metrics.classes import kl_from_uniform
from gan_core.points.presets import POINT_PRESETS

ROW = {
    "modes": [6, 7, 8],
    "modes_lenient": [7, 8, 8],
    "high_quality": [0.6, 0.7, 0.8],
    "reverse_kl": [0.5, None, 0.3],
    "seconds": [20.0, 22.0, 24.0],
}


def kept(folder: Path, content: object) -> Path:
    path = folder / "figures.json"
    path.write_text(json.dumps(content), "utf-8")
    return path


def test_a_mean_has_the_standard_error_of_its_seeds():
    """Written out: values 6, 7, 8 have s² = 2/2 = 1, so the error is 1/√3."""
    assert estimate([6, 7, 8]).mean == pytest.approx(7)
    assert estimate([6, 7, 8]).error == pytest.approx(1 / math.sqrt(3))


def test_one_seed_has_no_error_and_none_no_mean():
    assert estimate([4.0]).mean == 4.0
    assert math.isnan(estimate([4.0]).error)
    with pytest.raises(ValueError, match="at least one"):
        estimate([])


def test_what_has_not_been_measured_is_not_there(tmp_path):
    nowhere = tmp_path / "nothing.json"
    assert case_figures(nowhere) == {}
    assert row_figures(nowhere) == {}
    assert measured_on(nowhere) == ""
    assert recorded(nowhere, CASES["collapse"]) is None


def test_the_figures_of_a_case_are_read(tmp_path):
    case = {"seeds": 10, "ill": 10, "cured": 9, "seconds": [31.2, 40.1], "before": 1, "after": 0.1}
    found = case_figures(kept(tmp_path, {"cases": {"blind": case}}))
    assert list(found) == ["blind"]
    assert (found["blind"].ill, found["blind"].cured, found["blind"].seeds) == (10, 9, 10)
    assert found["blind"].seconds == (31.2, 40.1)


def test_the_figures_of_a_row_are_read(tmp_path):
    path = kept(tmp_path, {"sets": {"eight": {"gan": ROW}}, "machine": "two cores"})
    row = row_figures(path)["eight"]["gan"]
    assert (row.seeds, row.modes.mean, row.modes_lenient.mean) == (3, 7, pytest.approx(23 / 3))
    assert row.reverse_kl is not None
    assert row.reverse_kl.mean == pytest.approx(0.4)  # of the seeds that had any mode
    assert measured_on(path) == "two cores"


def test_a_row_without_any_mode_has_no_balance(tmp_path):
    path = kept(tmp_path, {"sets": {"eight": {"gan": {**ROW, "reverse_kl": [None] * 3}}}})
    assert row_figures(path)["eight"]["gan"].reverse_kl is None


@pytest.mark.parametrize(
    ("ours", "same"),
    [
        ({"a": 1, "b": 2, "c": 9}, True),
        ({"a": 2, "b": 1}, False),
        ({"a": 1, "b": 1}, False),
        ({"a": 1}, None),
    ],
)
def test_rows_stand_in_the_same_order_or_not(ours, same):
    assert same_order(ours, {"a": 10, "b": 20}) == same


def test_the_papers_would_find_their_own_order(tmp_path):
    """Their own values in our place: everything is reproduced."""
    rows = {
        key: {**ROW, "modes": [row.modes] * 2, "reverse_kl": [row.reverse_kl] * 2}
        for key, row in PACGAN["eight"].items()
    }
    rows |= {
        key: {**ROW, "modes": [8, 8], "reverse_kl": [(kl - 0.0781) / 10]}
        for key, (_, kl) in ((key, value) for key, value in R3GAN.items() if value is not None)
    }
    figures = row_figures(kept(tmp_path, {"sets": {"eight": rows}}))["eight"]
    assert reproduced(figures) == {"modes": True, "reverse_kl": True, "losses": True}
    assert reproduced({"gan": figures["gan"]}) == dict.fromkeys(("modes", "reverse_kl", "losses"))


def test_every_published_row_can_be_made_again():
    assert set(PACGAN) == set(SETS) == set(FLOORS) == set(ITERATIONS)
    assert {key for rows in PACGAN.values() for key in rows} | set(R3GAN) <= set(ROWS)
    assert set(SETS) <= set(POINT_PRESETS)


@pytest.mark.parametrize(("name", "modes"), [("eight", 8), ("grid", 25)])
def test_the_floor_is_what_a_perfect_sampler_reads(name, modes):
    random = torch.Generator().manual_seed(3)
    within = round(SAMPLES * PERFECT)
    drawn = torch.randint(modes, (2000, within), generator=random)
    read = [kl_from_uniform(torch.bincount(one, minlength=modes)) for one in drawn]
    assert sum(read) / len(read) == pytest.approx(FLOORS[name], rel=0.05)


def test_a_picture_of_other_recipes_is_not_shown(tmp_path):
    case = CASES["blind"]
    path = kept(tmp_path, {"blind": {"seed": 0, "iterations": [1, 1], **recipes(case)}})
    assert recorded(path, case) is not None
    assert recorded(path, replace(case, iterations=case.iterations + 1)) is None
    assert recorded(path, replace(case, cure={"seed": 4})) is None
