"""The cases of the clinic: one knob each, a symptom that the doctor knows, a recorded picture."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest
from PIL import Image

from benchmarks import clinic as benchmark
from benchmarks import modes
from gan_core.clinic.cases import CASES
from gan_core.clinic.doctor import SYMPTOMS
from gan_core.clinic.figures import recorded, reproduced, row_figures
from gan_core.clinic.published import ROWS, SETS
from gan_core.config import POINT_MODEL, TrainConfig
from gan_core.metrics.points import PointQuality

ASSETS = Path(__file__).parents[3] / "assets"
OF_PICTURES = {"kl", "near_share"}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))


@each_case
def test_the_cure_changes_what_it_says_and_nothing_else(case):
    changed = {
        name: getattr(case.cured, name)
        for name in case.sick.to_dict()
        if getattr(case.cured, name) != getattr(case.sick, name)
    }
    assert changed == dict(case.cure) != {}


@each_case
def test_the_doctor_knows_the_symptom(case):
    assert case.symptom in SYMPTOMS
    assert case.symptom != "healthy"


@each_case
def test_the_measure_is_one_that_such_a_run_has(case):
    points = {spec.name for spec in fields(PointQuality)}
    assert case.measure in (points if case.sick.model == POINT_MODEL else OF_PICTURES)


@each_case
def test_a_twin_trains_from_the_same_seed(case):
    assert case.sick.seed == case.cured.seed == TrainConfig().seed


@each_case
def test_the_picture_was_recorded_with_these_recipes(case):
    """Otherwise: python -m benchmarks.clinic_pictures <key>."""
    about = recorded(ASSETS / "figures" / "clinic_pictures.json", case)
    assert about is not None
    sick, cured = about["iterations"]
    assert 0 < sick <= case.iterations
    assert cured == case.iterations
    with Image.open(ASSETS / "pictures" / f"clinic_{case.key}.png") as picture:
        assert picture.width > 1.9 * picture.height


@each_case
def test_at_least_eight_of_ten_seeds_are_ill_and_cured_when_measured(case):
    measured = json.loads(benchmark.FIGURES.read_text("utf-8"))["cases"][case.key]
    assert measured["seeds"] == 10
    assert measured["ill"] >= 8
    assert measured["cured"] >= 8
    assert max(measured["seconds"]) <= 60


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_readme_has_the_figures(name):
    text = (ASSETS.parent / name).read_text("utf-8")
    kept = json.loads(benchmark.FIGURES.read_text("utf-8"))["cases"]
    assert list(kept) == list(CASES)
    measured = [*benchmark.rows(kept), *modes.rows(modes.FIGURES)]
    assert [row for row in measured if row not in text] == []


@pytest.mark.parametrize("name", SETS)
def test_the_published_order_was_found_again(name):
    measured = row_figures(modes.FIGURES)[name]
    assert list(measured) == list(ROWS)
    assert {one.seeds for one in measured.values()} == {5}
    found = reproduced(measured)
    assert found["modes"]
    assert found["reverse_kl"]
