"""A cell as a job: its steps, its pictures and what it ends with."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from gan_core.augmentation import Cell, CellSettings
from gan_core.augmentation import experiment as module
from gan_core.augmentation.experiment import CellExperiment, CellResult
from gan_core.data import ImageSet, embedded_digits
from gan_core.data.parts import apart, parted
from gan_core.engine import Step

QUICK = CellSettings(
    5, 0, ("real", "gan", "generated_diff"), gan_iterations=3, classifier_steps=4, generated=10
)


@pytest.fixture(scope="module")
def sets() -> dict[bool, ImageSet]:
    train, test = apart(embedded_digits())
    return {True: train, False: ImageSet("digits", test.images[:60], test.labels[:60])}


@pytest.fixture
def experiment(sets) -> CellExperiment:
    made = CellExperiment(QUICK, lambda _key, *, train=True: replace(sets[train], key="mnist"))
    made.prepare()
    return made


def played(experiment: CellExperiment) -> tuple[list[Step], CellResult]:
    steps, found = experiment.steps(), []
    while True:
        try:
            found.append(next(steps))
        except StopIteration as end:
            return found, end.value


def test_it_ends_with_what_the_cell_ends_with(experiment, sets):
    steps, result = played(experiment)
    cell = Cell(sets[True], sets[False], QUICK)
    list(cell.run())
    assert result.accuracies == cell.accuracies
    assert (result.settings, result.dataset, result.fallback) == (QUICK, "mnist", "")
    assert result.test_size == 60
    assert [step.done for step in steps] == list(range(1, QUICK.total + 1))
    assert {step.total for step in steps} == {QUICK.total}


def test_every_stage_tells_its_losses(experiment):
    steps, _ = played(experiment)
    told = {name for step in steps for name in step.values}
    assert told == {
        *("gan_d_loss", "gan_g_loss", "gan_diff_d_loss", "gan_diff_g_loss"),
        *("real_loss", "gan_loss", "generated_diff_loss"),
    }
    stages = list(dict.fromkeys(step.stage for step in steps))
    assert stages == ["gan_gan", "gan_gan_diff", "real", "gan", "generated_diff"]


def test_the_real_pictures_are_shown_at_once(experiment):
    steps, result = played(experiment)
    picture = Image.open(io.BytesIO(steps[0].pictures["real"]))
    assert picture.size == (28 * 5, 28 * 10)
    row = np.asarray(picture)[28 * 3 : 28 * 4].reshape(28, 5, 28).transpose(1, 0, 2)
    assert np.array_equal(row, result.shown["real"][3])


def test_what_the_gan_makes_is_shown_now_and_then(experiment, monkeypatch):
    monkeypatch.setattr(module, "PICTURE_SECONDS", -1.0)  # as often as can be
    steps, _ = played(experiment)
    shown = [name for step in steps for name in step.pictures]
    assert {"gan", "gan_diff"} <= set(shown)
    last = next(step for step in reversed(steps) if "gan" in step.pictures)
    assert Image.open(io.BytesIO(last.pictures["gan"])).size == (280, 280)


def test_the_last_pictures_of_each_gan_are_shown(experiment):
    steps, result = played(experiment)
    for gan in ("gan", "gan_diff"):
        content = [step.pictures[gan] for step in steps if gan in step.pictures][-1]
        with Image.open(io.BytesIO(content)) as picture:
            row = np.asarray(picture)[28 * 7 : 28 * 8].reshape(28, 10, 28).transpose(1, 0, 2)
        assert np.array_equal(row, result.shown[gan][7])


def test_the_pictures_that_are_kept_are_bytes(experiment):
    _, result = played(experiment)
    assert {name: shown.shape for name, shown in result.shown.items()} == {
        "real": (10, 5, 28, 28),
        "gan": (10, 10, 28, 28),
        "gan_diff": (10, 10, 28, 28),
    }
    assert all(shown.dtype == np.uint8 for shown in result.shown.values())


def test_without_mnist_the_built_in_digits_serve(sets):
    def load(key: str, *, train: bool = True) -> ImageSet:
        assert key == "mnist"
        return replace(sets[train], key="digits", fallback="no_network")

    experiment = CellExperiment(QUICK, load)
    experiment.prepare()
    _, result = played(experiment)
    assert (result.dataset, result.fallback) == ("digits", "no_network")
    train, test = parted(load)
    assert {picture.numpy().tobytes() for picture in train.images}.isdisjoint(
        picture.numpy().tobytes() for picture in test.images
    )


def test_half_of_mnist_is_not_enough(sets):
    def load(_key: str, *, train: bool = True) -> ImageSet:
        return replace(sets[train], key="mnist", fallback="" if train else "damaged")

    assert {(part.key, part.fallback) for part in parted(load)} == {("digits", "damaged")}
