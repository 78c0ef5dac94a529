"""The honest meter: what a perfect sampler scores, and numbers worked out by hand."""

from __future__ import annotations

import math
import time

import pytest
import torch
from torch import Tensor

from gan_core.config import POINT_KEYS
from gan_core.metrics.points import (
    CELL_SIDE,
    CELLS,
    HIGH_QUALITY_OF_PERFECT,
    PointMeter,
    cell_shares,
    jensen_shannon_bits,
    measure,
)
from gan_core.points.sets import POINT_SETS, PointData, load_points

COUNT = 4000
EVERY_SET = pytest.mark.parametrize("key", POINT_KEYS)


def perfect(key: str, seed: int = 99, count: int = COUNT) -> Tensor:
    return POINT_SETS[key].sample(count, torch.Generator().manual_seed(seed))


@EVERY_SET
def test_a_perfect_sampler_scores_the_floor(key):
    meter = PointMeter(POINT_SETS[key])
    found = [meter.measure(perfect(key, seed)) for seed in range(8)]
    floor = found[0].js_floor_bits
    assert 0 < floor < 0.05
    mean = sum(one.js_bits for one in found) / len(found)
    assert mean == pytest.approx(floor, rel=0.15, abs=5e-4)
    assert all(one.sliced_w1 < 4 * one.sliced_w1_floor + 0.01 for one in found)


@EVERY_SET
def test_the_floor_falls_with_the_number_of_samples(key):
    meter = PointMeter(POINT_SETS[key])
    floors = [meter.measure(perfect(key, count=n)).js_floor_bits for n in (1000, 4000, 20_000)]
    assert floors == sorted(floors, reverse=True)
    assert floors[-1] < 0.01


@EVERY_SET
def test_points_elsewhere_score_one_bit(key):
    assert measure(POINT_SETS[key], torch.full((500, 2), 1.49)).js_bits > 0.98
    assert measure(POINT_SETS[key], torch.full((500, 2), 40.0)).js_bits > 0.98


def test_one_of_two_equal_parts_missing_scores_as_by_hand():
    """p = (1/2, 1/2), q = (1, 0): JS = 1/2·(3/2·log2(4/3) + 1/2) - 1/4·…, written out below."""
    p, q = torch.tensor([0.5, 0.5]).double(), torch.tensor([1.0, 0.0]).double()
    m = (0.75, 0.25)
    by_hand = 0.5 * (0.5 * math.log2(0.5 / m[0]) + 0.5 * math.log2(0.5 / m[1]))
    by_hand += 0.5 * math.log2(1 / m[0])
    assert jensen_shannon_bits(p, q) == pytest.approx(by_hand, abs=1e-12)
    assert jensen_shannon_bits(p, p) == 0
    apart = torch.tensor([0.0, 1.0]).double()
    assert jensen_shannon_bits(q, apart) == pytest.approx(1, abs=1e-12)


def test_no_point_is_lost():
    places = torch.tensor(
        [[-1.5, -1.5], [1.5, 0.0], [9.0, 0.0], [math.nan, 0.0], [math.inf, 0.0], [0.01, 0.01]]
    )
    shares = cell_shares(places)
    assert shares.sum().item() == pytest.approx(1)
    assert shares[0] * 6 == pytest.approx(1)
    assert shares[-1] * 6 == pytest.approx(4)  # the upper edge belongs to what is outside
    assert shares[CELLS // 2 * CELLS + CELLS // 2] * 6 == pytest.approx(1)


def test_a_cell_is_counted_by_row_and_column():
    x, y = 3, 20
    place = torch.tensor([[(x + 0.5) * CELL_SIDE - 1.5, (y + 0.5) * CELL_SIDE - 1.5]])
    assert cell_shares(place)[y * CELLS + x] == 1


def test_a_perfect_sampler_has_989_of_1000_within_three_sigma():
    found = measure(POINT_SETS["grid"], perfect("grid", count=20_000))
    assert found.high_quality == pytest.approx(HIGH_QUALITY_OF_PERFECT, abs=0.003)
    assert pytest.approx(0.98889, abs=1e-5) == HIGH_QUALITY_OF_PERFECT
    assert (found.modes, found.modes_lenient) == (25, 25)
    assert found.reverse_kl == pytest.approx(0, abs=0.003)


def test_modes_are_counted_strictly_and_as_in_the_papers():
    eight = POINT_SETS["eight"]
    assert eight.centres is not None
    shares = [500, 400, 90, 10, 9, 1, 0, 0]  # of 1,010: the fourth has .99 %
    fake = torch.cat([eight.centres[k].expand(n, 2) for k, n in enumerate(shares)])
    found = measure(eight, fake)
    assert (found.modes, found.modes_lenient, found.high_quality) == (3, 6, 1.0)
    by_hand = sum(n / 1010 * math.log(8 * n / 1010) for n in shares if n)
    assert found.reverse_kl == pytest.approx(by_hand, abs=1e-9)


def test_samples_between_the_modes_count_for_none():
    eight = POINT_SETS["eight"]
    assert eight.centres is not None
    found = measure(eight, eight.centres.repeat(10, 1) * (1 + 0.031))  # 3.1σ away
    assert (found.modes, found.modes_lenient, found.high_quality) == (0, 0, 0.0)
    assert found.reverse_kl is None


@pytest.mark.parametrize("key", ["line", "moons", "checkerboard"])
def test_what_has_no_modes_has_none_to_count(key):
    found = measure(POINT_SETS[key], perfect(key))
    assert (found.modes, found.modes_lenient, found.high_quality, found.reverse_kl) == (None,) * 4


def test_w1_of_a_shift_is_its_mean_projection():
    """The mean of |cos| over all directions is 2/π."""
    moved = perfect("ring", count=20_000) + torch.tensor([0.5, 0.0])
    found = measure(POINT_SETS["ring"], moved)
    assert found.sliced_w1 == pytest.approx(0.5 * 2 / math.pi, rel=0.03)


def test_own_points_are_compared_with_themselves():
    points = load_points("spiral", 3000).points
    meter = PointMeter(PointData("own", points, None))
    again = points[torch.randint(3000, (COUNT,), generator=torch.Generator().manual_seed(4))]
    found = meter.measure(again)
    assert found.js_bits == pytest.approx(found.js_floor_bits, rel=0.25)
    assert meter.measure(perfect("moons")).js_bits > 0.5
    assert found.modes is None


def test_points_that_are_not_finite_do_not_break_the_meter():
    fake = perfect("eight")
    fake[:10] = math.nan
    fake[10:20] = math.inf
    found = measure(POINT_SETS["eight"], fake)
    assert math.isfinite(found.js_bits)
    assert found.high_quality == pytest.approx(HIGH_QUALITY_OF_PERFECT - 20 / COUNT, abs=0.01)


def test_measuring_is_cheap():
    meter, fake = PointMeter(POINT_SETS["grid"]), perfect("grid")
    meter.measure(fake)
    times = []
    for _ in range(9):
        begin = time.thread_time()
        meter.measure(fake)
        times.append(time.thread_time() - begin)
    assert min(times) < 0.03


def test_measuring_leaves_the_shared_random_numbers_alone():
    before = torch.get_rng_state()
    PointMeter(POINT_SETS["moons"]).measure(perfect("moons"))
    assert torch.equal(torch.get_rng_state(), before)
