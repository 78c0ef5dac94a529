"""Precision, recall, density and coverage: by hand, by prdc, and on clouds that are known."""

from __future__ import annotations

import pytest
import torch
from prdc import compute_prdc
from torch import Tensor

from gan_core.metrics.frechet import frechet_distance
from gan_core.metrics.manifolds import Cloud, compare, neighbourhoods

COUNT = 1500
K = 5


def normal(count: int, size: int, seed: int) -> Tensor:
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed))


def mixture(seed: int, *, modes: int = 10, spread: float = 1.0) -> Tensor:
    """Ten blobs in 16 dimensions, or the first few of them."""
    random = torch.Generator().manual_seed(seed)
    centres = 3 * normal(10, 16, seed=99)
    which = torch.randint(modes, (COUNT,), generator=random)
    return centres[which] + spread * torch.randn(COUNT, 16, generator=random)


def by_hand(real: Tensor, fake: Tensor, k: int) -> dict[str, float]:
    """Kynkäänniemi 2019 and Naeem 2020, point by point."""

    def distance(x: Tensor, y: Tensor) -> float:
        return (x.double() - y.double()).norm().item()

    def ball(points: Tensor, index: int) -> float:
        others = [distance(points[index], p) for j, p in enumerate(points) if j != index]
        return sorted(others)[k - 1]

    real_balls = [ball(real, i) for i in range(len(real))]
    fake_balls = [ball(fake, j) for j in range(len(fake))]
    apart = [[distance(x, y) for y in fake] for x in real]
    rows, columns = range(len(real)), range(len(fake))
    return {
        "precision": sum(any(apart[i][j] < real_balls[i] for i in rows) for j in columns)
        / len(fake),
        "recall": sum(any(apart[i][j] < fake_balls[j] for j in columns) for i in rows) / len(real),
        "density": sum(apart[i][j] < real_balls[i] for i in rows for j in columns)
        / (k * len(fake)),
        "coverage": sum(min(apart[i]) < real_balls[i] for i in rows) / len(real),
    }


def measured(real: Tensor, fake: Tensor, k: int = K) -> dict[str, float]:
    found = neighbourhoods(real, fake, k=k)
    return {name: getattr(found, name) for name in ("precision", "recall", "density", "coverage")}


@pytest.mark.parametrize("k", [1, 2, 5])
def test_all_four_are_those_of_the_papers_point_by_point(k):
    real, fake = normal(23, 3, seed=1), 0.8 * normal(17, 3, seed=2) + 0.4
    assert measured(real, fake, k) == pytest.approx(by_hand(real, fake, k))


def test_the_edge_of_a_ball_is_not_part_of_it():
    """Copies of real points lie exactly on the edges of the balls that reach to them."""
    real = normal(30, 4, seed=3)
    fake = real[:8].repeat(2, 1)
    assert measured(real, fake, 3) == pytest.approx(by_hand(real, fake, 3))


@pytest.mark.parametrize("k", [3, 5])
@pytest.mark.parametrize(("size", "scale"), [(2, 1.0), (16, 0.7), (64, 1.2), (1000, 1.0)])
def test_prdc_finds_the_same(k, size, scale):
    real, fake = normal(700, size, seed=4), scale * normal(600, size, seed=5)
    expected = {name: float(one) for name, one in compute_prdc(real, fake, nearest_k=k).items()}
    assert measured(real, fake, k) == pytest.approx(expected, abs=1e-4)


def test_several_k_at_once_are_those_one_by_one():
    real, fake = normal(300, 8, seed=6), normal(200, 8, seed=7)
    together = compare(Cloud(real, 5), Cloud(fake, 5), (3, 5))
    assert together == [neighbourhoods(real, fake, k=3), neighbourhoods(real, fake, k=5)]


def test_parts_add_up():
    """More points than are taken at a time: every real point is told of, once."""
    told: list[int] = []
    real, fake = normal(1203, 2, seed=8), normal(40, 2, seed=9)
    compare(Cloud(real, 3), Cloud(fake, 3), (3,), told.append)
    assert sum(told) == 1203
    assert len(told) > 1


@pytest.mark.parametrize("k", [3, 5, 10])
def test_coverage_of_one_source_is_1_less_2_to_the_minus_k(k):
    found = neighbourhoods(normal(3000, 4, seed=10), normal(3000, 4, seed=11), k=k)
    assert found.coverage == pytest.approx(1 - 2**-k, abs=0.015)
    assert found.density == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(("size", "expected"), [(2, 0.997), (16, 0.88), (64, 0.70)])
def test_precision_and_recall_of_one_source_fall_with_the_dimension(size, expected):
    found = neighbourhoods(normal(COUNT, size, seed=12), normal(COUNT, size, seed=13), k=K)
    assert found.precision == pytest.approx(expected, abs=0.04)
    assert found.recall == pytest.approx(expected, abs=0.04)


# What each of them sees -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real() -> Tensor:
    return mixture(20)


@pytest.fixture(scope="module")
def same(real: Tensor) -> dict[str, float]:
    return measured(real, mixture(21))


@pytest.mark.parametrize("modes", [5, 1])
def test_recall_and_coverage_fall_with_the_modes_that_are_left_out(modes, real, same):
    found = measured(real, mixture(22, modes=modes))
    assert found["recall"] == pytest.approx(modes / 10 * same["recall"], abs=0.05)
    assert found["coverage"] == pytest.approx(modes / 10 * same["coverage"], abs=0.05)
    assert found["precision"] == pytest.approx(same["precision"], abs=0.05)
    assert found["density"] == pytest.approx(1, abs=0.25)
    assert frechet_distance(real, mixture(22, modes=modes)) > 20


def test_half_the_spread_is_all_precision_and_no_recall(real):
    found = measured(real, mixture(23, spread=0.5))
    assert found["precision"] > 0.99
    assert found["recall"] < 0.1
    assert found["density"] > 5
    assert found["coverage"] > 0.99  # blind to it


def test_too_much_spread_is_all_recall_and_little_precision(real):
    found = measured(real, mixture(24, spread=1.5))
    assert found["recall"] > 0.99
    assert found["precision"] < 0.4
    assert found["coverage"] < 0.5


def test_a_tenth_of_the_points_copied_again_and_again_shows_in_recall_and_coverage(real):
    random = torch.Generator().manual_seed(25)
    found = measured(real, real[torch.randint(COUNT // 10, (COUNT,), generator=random)])
    assert found["precision"] == 1.0
    assert found["recall"] < 0.1
    # A real point is covered if it, or one of the four strictly within its ball, is copied.
    assert found["coverage"] == pytest.approx(1 - 0.9**K, abs=0.05)


def test_one_point_made_again_and_again_is_no_manifold(real):
    found = measured(real, real[:1].repeat(100, 1))
    assert (found["precision"], found["recall"]) == (1.0, 0.0)
    assert found["coverage"] < 0.01


def test_clouds_far_apart_score_nothing(real):
    assert set(measured(real, real + 100).values()) == {0.0}


@pytest.mark.parametrize("k", [0, -1, 4, 9])
def test_without_so_many_neighbours_it_says_so(k):
    with pytest.raises(ValueError, match="k must be from 1 to 3"):
        neighbourhoods(normal(4, 2, seed=1), normal(4, 2, seed=2), k=k)


def test_the_points_are_not_changed(real):
    before = real.clone()
    neighbourhoods(real, mixture(26), k=K)
    assert torch.equal(real, before)
