"""Runs whose players are told classes: sheets in rows, forks, and data without a class."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core.conditional import sheet_of_samples
from gan_core.config import TrainConfig
from gan_core.data import ImageSet
from gan_core.engine import CHANGEABLE, Engine, RunState
from gan_core.pictures import contact_sheet, to_grey

TOLD = TrainConfig(
    dataset="digits", model="dcgan", latent_dim=3, batch_size=4, conditional="on", ema_decay=0.9
)


@pytest.fixture
def few(pictures: torch.Tensor) -> ImageSet:
    """Return 24 pictures whose labels are 0, 1, …, 9, 0, …"""
    return ImageSet("digits", pictures, torch.arange(len(pictures)) % 10)


@pytest.fixture
def engine(few) -> Iterator[Engine]:
    engine = Engine(workers=1, load_data=lambda _key: few)
    yield engine
    engine.close()


@pytest.fixture
def run(engine, settled):
    run = engine.start(TOLD)
    run.step(3)
    settled(run)
    return run


def test_every_row_of_the_sheet_is_one_class(run):
    shown = run.frame.picture
    assert (shown.rows, shown.columns, shown.iteration) == (10, 10, 3)
    assert shown.about["by_class"]
    samples = run.between_moves(lambda trainer: sheet_of_samples(trainer, 10)).result(60)
    assert np.array_equal(shown.grey, contact_sheet(to_grey(samples), 10))


def test_real_pictures_stand_in_the_same_rows(run, few):
    with Image.open(io.BytesIO(run.real_png)) as image:
        tiles = np.asarray(image).reshape(10, 28, 10, 28).swapaxes(1, 2)
    grey = to_grey(few.images)
    for label in range(10):
        found = grey[few.labels.numpy() == label]
        assert np.array_equal(tiles[label, : len(found)], found)
        assert not tiles[label, len(found) :].any()


def test_a_run_trains_on_the_labels_of_its_data(run, few):
    labels = run.between_moves(lambda trainer: trainer.labels.clone()).result(60)
    assert torch.equal(labels, few.labels)


def test_few_examples_are_shown_with_their_classes(engine, settled):
    run = engine.start(TOLD.replace(examples=5))
    settled(run)
    assert run.between_moves(lambda trainer: len(trainer.labels)).result(60) == 5
    with Image.open(io.BytesIO(run.real_png)) as image:
        first = np.asarray(image)[:, :28].reshape(10, -1)
    assert first.any(1).tolist() == [True] * 5 + [False] * 5


def test_a_fork_goes_on_with_the_classes(engine, run, settled, state_of, assert_same):
    run.step_discriminator()
    settled(run)
    fork = engine.fork(run, generator_lr=TOLD.generator_lr)
    settled(fork)
    for one in (run, fork):
        one.step_generator()
        one.step(2)
    settled(run, fork)
    assert fork.frame.state == RunState.PAUSED
    assert_same(state_of(fork), state_of(run))
    assert "conditional" not in CHANGEABLE


def test_a_saved_run_goes_on(engine, run, settled, state_of, assert_same):
    saved = run.snapshot().result(60)
    other = engine.start(saved.config)
    other.restart(saved.config, saved.state)
    settled(other)
    assert_same(state_of(other), saved.state)


def test_labels_that_are_no_classes_fail_the_run(settled, pictures):
    def load(key: str) -> ImageSet:
        return ImageSet(key, pictures, torch.full((len(pictures),), 12))

    engine = Engine(workers=1, load_data=load)
    try:
        run = engine.start(TOLD.replace(dataset="kmnist"))
        settled(run)
        assert run.frame.state == RunState.FAILED
        assert "labels must be from 0 to 9, got 12" in run.frame.reason.detail
    finally:
        engine.close()


def test_twins_with_and_without_classes_begin_side_by_side(engine, settled):
    pair = engine.pair(TOLD.replace(conditional="off"), TOLD)
    pair.step(2)
    settled(*pair.runs)
    assert [run.frame.iteration for run in pair.runs] == [2, 2]
    assert [run.frame.picture.rows for run in pair.runs] == [8, 10]
    assert [run.frame.picture.by_class for run in pair.runs] == [False, True]
