"""The report: its rows, its floors, what it cannot say, and that it can be called off."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gan_core.data import ImageSet
from gan_core.data.images import embedded_digits
from gan_core.metrics import evaluate as report_of
from gan_core.metrics.classes import class_score, class_shares
from gan_core.metrics.evaluate import (
    COVERAGE_K,
    FIDELITY_K,
    Cancelled,
    RealPictures,
    Report,
    Row,
    evaluate,
    real_pictures,
)
from gan_core.metrics.frechet import features, frechet_distance
from gan_core.metrics.manifolds import neighbourhoods
from gan_core.metrics.table import LINES, MISSING, as_text
from gan_core.pretrained import load_classifier, load_generator


def shuffled() -> Tensor:
    images = embedded_digits().images
    return images[torch.randperm(len(images), generator=torch.Generator().manual_seed(6))]


def as_mnist(count: int = 500) -> RealPictures:
    """Embedded digits in the place of MNIST's, some of them unseen."""
    images = shuffled()
    return RealPictures("mnist", images[:count], images[500 : 500 + count], images[500:1297])


@pytest.fixture(scope="module")
def generated() -> Tensor:
    generator = load_generator("mlp")
    noise = torch.randn(500, 100, generator=torch.Generator().manual_seed(8))
    return generator(noise)


@pytest.fixture(scope="module")
def report(generated: Tensor) -> Report:
    return evaluate(generated, as_mnist())


def test_every_measure_is_that_of_its_own_function(generated, report):
    real, model = as_mnist(), load_classifier()
    reference, made = features(model, real.reference), features(model, generated)
    row = report.generated
    assert row.frechet == pytest.approx(frechet_distance(reference, made))
    assert row.fidelity == neighbourhoods(reference, made, k=FIDELITY_K)
    assert row.spread == neighbourhoods(reference, made, k=COVERAGE_K)
    assert row.classes == class_shares(model(generated))
    assert row.score == pytest.approx(class_score(model(generated)))


def test_the_real_row_measures_real_pictures_in_the_place_of_the_generated(report):
    real = as_mnist()
    swapped = evaluate(real.other, real)
    assert swapped.generated.frechet == report.real.frechet
    assert swapped.generated.fidelity == report.real.fidelity
    assert swapped.generated.spread == report.real.spread
    assert swapped.generated.classes == report.real.classes


def test_real_pictures_are_measured_as_real(report):
    row = report.real
    assert row.frechet < report.generated.frechet / 5
    assert row.fidelity.precision > 0.8
    assert row.fidelity.recall > 0.8
    assert row.spread.density == pytest.approx(1, abs=0.2)
    assert row.spread.coverage == pytest.approx(1 - 2**-COVERAGE_K, abs=0.04)
    assert row.classes is not None
    assert row.classes.covered == 10
    assert row.copies is not None
    assert row.copies.near_share < 0.03
    assert abs(row.copies.score) < 2.5


def test_a_memoriser_is_best_in_all_but_the_look_for_copies(report):
    real = as_mnist()
    assert real.training is not None
    found = evaluate(real.training[:500], real).generated
    assert found.frechet < 1.2 * report.real.frechet
    assert found.spread.coverage > 0.9
    assert found.copies is not None
    assert (found.copies.near_share, found.copies.distance_ratio) == (1.0, 0.0)


def test_all_sides_are_cut_to_the_smallest(generated):
    real = as_mnist()
    small = evaluate(generated[:300], real)
    assert small.count == 300
    assert small.real.frechet == pytest.approx(
        frechet_distance(
            *(features(load_classifier(), side[:300]) for side in (real.reference, real.other))
        )
    )


def test_other_data_have_no_classes(generated):
    real = as_mnist()
    found = evaluate(generated, RealPictures("kmnist", real.reference, real.other, real.training))
    for row in (found.generated, found.real):
        assert (row.classes, row.score) == (None, None)
        assert row.copies is not None


def test_without_unseen_pictures_copies_are_not_told(generated):
    real = as_mnist()
    found = evaluate(generated, RealPictures("mnist", real.reference, real.other, None))
    assert (found.generated.copies, found.real.copies) == (None, None)
    assert found.generated.classes is not None


def test_too_few_unseen_pictures_tell_nothing_of_copies(generated):
    assert evaluate(generated[:300], as_mnist(300)).generated.copies is None


def test_too_few_pictures_are_refused(generated):
    with pytest.raises(ValueError, match="count must be more than 5, got 5"):
        evaluate(generated[:5], as_mnist())


def test_pictures_that_are_not_finite_are_refused(generated):
    broken = generated.clone()
    broken[3, 0, 0, 0] = torch.nan
    with pytest.raises(ValueError, match="finite"):
        evaluate(broken, as_mnist())


# Progress -----------------------------------------------------------------------------------------


def test_progress_rises_to_the_end(generated):
    told: list[float] = []
    evaluate(generated, as_mnist(), told.append)
    assert told == sorted(told)
    assert len(told) > 10
    assert told[-1] == pytest.approx(1)


def test_false_calls_it_off(generated):
    told: list[float] = []

    def stop(share: float) -> bool:
        told.append(share)
        return len(told) < 3

    with pytest.raises(Cancelled):
        evaluate(generated, as_mnist(), stop)
    assert len(told) == 3


def test_what_the_callback_raises_comes_out(generated):
    def fail(_share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(generated, as_mnist(), fail)


def test_measuring_changes_nothing(generated):
    real = as_mnist()
    before = [side.clone() for side in (generated, real.reference, real.other)]
    state = torch.get_rng_state()
    assert evaluate(generated, real) == evaluate(generated, real)
    assert torch.equal(torch.get_rng_state(), state)
    for side, then in zip((generated, real.reference, real.other), before, strict=True):
        assert torch.equal(side, then)


# What it is measured against ----------------------------------------------------------------------


def test_the_embedded_digits_are_measured_half_against_half(tmp_path: Path):
    real = real_pictures("digits", 10_000, tmp_path)
    assert (real.key, real.training, real.fallback) == ("digits", None, "")
    both = torch.cat([real.reference, real.other]).flatten(1)
    assert len(both) == 1797
    assert len(both.unique(dim=0)) == len(embedded_digits().images.flatten(1).unique(dim=0))


def test_a_test_set_is_the_reference_and_nothing_learned_is_in_it(monkeypatch):
    images = shuffled()
    sets = {True: images[:1200], False: images[1200:]}

    def load(key: str, *, train: bool = True, **_options: object) -> ImageSet:
        return ImageSet(key, sets[train], torch.zeros(len(sets[train]), dtype=torch.int64))

    monkeypatch.setattr(report_of, "load_images", load)
    real = real_pictures("mnist", 400)
    assert real.training is sets[True]
    assert len(real.reference) == len(real.other) == 400
    seen = {row.numpy().tobytes() for row in sets[True]}
    assert all(row.numpy().tobytes() in seen for row in real.other)
    assert not any(row.numpy().tobytes() in seen for row in real.reference)


# As text ------------------------------------------------------------------------------------------


def test_every_number_of_the_report_is_written(report):
    text = as_text(report)
    for row in (report.generated, report.real):
        assert f"{row.frechet:.2f}" in text
        assert f"{row.fidelity.recall:.3f}" in text
        assert f"{row.spread.coverage:.3f}" in text
    assert "N = 500 pictures" in text
    assert "no FID" in text
    assert MISSING not in text


def test_every_measure_says_what_it_is_blind_to():
    assert all(line.blind for line in LINES)
    measures = {line.place.split(".")[0] for line in LINES}
    assert measures == {spec.name for spec in fields(Row)}


def test_columns_align(report):
    lines = as_text(report).splitlines()[: len(LINES) + 1]
    ends = {
        line.index(last)
        for line, last in zip(lines, ["blind to", *(x.blind for x in LINES)], strict=True)
    }
    assert len(ends) == 1


def test_what_is_missing_is_a_dash_and_a_sentence(generated):
    real = as_mnist()
    text = as_text(evaluate(generated, RealPictures("digits", real.reference, real.other, None)))
    assert text.count(MISSING) == 2 * 6
    assert "MNIST's digits alone" in text
    assert "Copies cannot be told" in text
