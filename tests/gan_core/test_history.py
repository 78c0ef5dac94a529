"""Curves and pictures of any length in bounded memory."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest

from gan_core.history import CURVES, Album, Curves, History
from gan_core.pictures import png

MILLION = 1_000_000
SPIKE_AT = 123_457
LENGTHS = [1, 2, 7, 8, 9, 15, 16, 17, 31, 64, 65, 100, 257, 1000]


@pytest.fixture(scope="module")
def million() -> History:
    """Return a history of a million even iterations, but for one spike up and one down."""
    history = History(capacity=8)
    usual = np.full(len(CURVES), 0.5)
    for iteration in range(1, MILLION + 1):
        if iteration == SPIKE_AT:
            history.append([9.0] * len(CURVES))
        elif iteration == SPIKE_AT + 1:
            history.append([-9.0] * len(CURVES))
        else:
            history.append(usual)
    return history


def naive(rows: np.ndarray, width: int) -> list[np.ndarray]:
    return [rows[start : start + width] for start in range(0, len(rows), width)]


def filled(rows: np.ndarray, capacity: int = 8) -> Curves:
    history = History(capacity=capacity)
    for row in rows:
        history.append(row)
    return history.curves()


def test_the_largest_value_survives_a_million_iterations(million):
    assert (million.curves().high.max(axis=0) == 9).all()


def test_the_smallest_value_survives_a_million_iterations(million):
    assert (million.curves().low.min(axis=0) == -9).all()


def test_a_spike_stays_in_the_bucket_of_its_iteration(million):
    curves = million.curves()
    assert curves.high[:, 0].argmax() == (SPIKE_AT - 1) // curves.width


def test_memory_stays_the_same_after_a_million_iterations(million):
    sizes = [value.nbytes for value in vars(million).values() if isinstance(value, np.ndarray)]
    new = [value.nbytes for value in vars(History(8)).values() if isinstance(value, np.ndarray)]
    assert sizes == new


def test_the_buckets_cover_a_million_iterations(million):
    curves = million.curves()
    assert len(curves.low) <= 8
    assert (len(curves.low) - 1) * curves.width < MILLION <= len(curves.low) * curves.width


@pytest.mark.parametrize("length", LENGTHS)
def test_the_buckets_hold_what_a_plain_computation_gives(length):
    rows = np.random.default_rng(length).normal(size=(length, len(CURVES)))
    curves = filled(rows)
    parts = naive(rows, curves.width)
    assert np.array_equal(curves.low, [part.min(axis=0) for part in parts])
    assert np.array_equal(curves.high, [part.max(axis=0) for part in parts])
    np.testing.assert_allclose(curves.mean, [part.mean(axis=0) for part in parts], rtol=1e-12)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_bucket_is_never_wider_than_needed(length):
    width = filled(np.zeros((length, len(CURVES)))).width
    assert width == 1 or width * 8 < 2 * length


def test_what_was_not_measured_is_left_out_of_the_mean():
    rows = np.full((16, len(CURVES)), np.nan)
    rows[0], rows[1] = 3.0, np.nan
    curves = filled(rows)
    assert curves.width == 2
    assert (curves.mean[0] == 3).all()


def test_a_bucket_without_measurements_shows_nan():
    rows = np.full((16, len(CURVES)), np.nan)
    rows[0] = 3.0
    curves = filled(rows)
    assert all(np.isnan(part[1:]).all() for part in (curves.low, curves.high, curves.mean))


def test_each_curve_counts_its_own_measurements():
    rows = np.ones((20, len(CURVES)))
    rows[::2, 0] = np.nan
    rows[1::2, 0] = 7
    curves = filled(rows)
    assert (curves.mean[:, 0] == 7).all()
    assert (curves.mean[:, 1:] == 1).all()


def test_an_empty_history_has_no_buckets():
    assert History().curves().low.shape == (0, len(CURVES))


def test_curves_do_not_change_when_the_history_goes_on():
    history = History(capacity=2)
    history.append([1.0] * len(CURVES))
    before = history.curves()
    for _ in range(5):
        history.append([9.0] * len(CURVES))
    assert (before.high == 1).all()


def test_curves_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        History().curves().width = 3


@pytest.mark.parametrize("capacity", [-2, 0, 1, 3])
def test_a_capacity_that_cannot_be_halved_is_refused(capacity):
    with pytest.raises(ValueError, match="capacity"):
        History(capacity)


def album_of(iterations: int) -> Album:
    album = Album()
    for iteration in range(iterations + 1):
        if album.wants(iteration):
            album.add(iteration, b"")
    return album


def test_an_album_of_a_million_iterations_stays_thin():
    assert 50 <= len(album_of(MILLION).pages) <= 80


def test_an_album_begins_with_every_iteration():
    assert [page.iteration for page in album_of(5).pages] == [0, 1, 2, 3, 4, 5]


def test_the_pages_of_an_album_are_never_more_than_a_quarter_apart():
    kept = [page.iteration for page in album_of(10_000).pages]
    assert all(later - now <= max(1, now / 4 + 0.5) for now, later in pairwise(kept))


def test_readers_of_an_album_keep_what_they_have():
    album = album_of(3)
    before = album.pages
    album.add(4, png(np.zeros((2, 2), dtype=np.uint8)))
    assert len(before) == 4
    assert len(album.pages) == 5
