"""Point sets: each density integrates to 1 and is that of its sampler."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from gan_core.config import POINT_KEYS, SettingError
from gan_core.points.sets import POINT_SETS, VIEW, load_points

EVERY_SET = pytest.mark.parametrize("key", POINT_KEYS)
# Wider than the view: the two Gaussians reach a little beyond it.
WIDE = 3.0


def edges(cells: int, reach: float = WIDE) -> Tensor:
    return torch.linspace(-reach, reach, cells + 1, dtype=torch.float64)


def histogram(points: Tensor, along: Tensor) -> Tensor:
    counts = torch.histogramdd(points.flip(1).double(), [along, along]).hist
    return counts / len(points)


@EVERY_SET
def test_a_density_integrates_to_one(key):
    # A step no larger than σ integrates a Gaussian to 1e-8.
    cells = 600 if POINT_SETS[key].spread else 240
    step = 2 * WIDE / cells
    middle = edges(cells)[:-1] + step / 2
    total = sum(
        POINT_SETS[key].density(torch.cartesian_prod(middle, rows)).sum().item()
        for rows in middle.split(8)
    )
    assert total * step**2 == pytest.approx(1, abs=1e-6)


@EVERY_SET
def test_the_masses_of_all_cells_are_one(key):
    assert POINT_SETS[key].masses(edges(80)).sum().item() == pytest.approx(1, abs=1e-8)


@EVERY_SET
def test_the_mass_of_a_cell_is_the_integral_of_the_density_over_it(key):
    coarse, fine = edges(40, VIEW), 40
    step = VIEW / 20 / fine
    masses = POINT_SETS[key].masses(coarse)
    for row, column in torch.argwhere(masses > masses.max() / 2)[:3]:
        inside = (torch.arange(fine) + 0.5) * step
        points = torch.cartesian_prod(coarse[column] + inside, coarse[row] + inside)
        integral = POINT_SETS[key].density(points).sum() * step**2
        assert integral.item() == pytest.approx(masses[row, column].item(), rel=1e-3)


@EVERY_SET
def test_a_sampler_draws_from_its_density(key):
    count = 200_000
    sample = POINT_SETS[key].sample(count, torch.Generator().manual_seed(1))
    masses = POINT_SETS[key].masses(edges(40)).flatten()
    found = histogram(sample, edges(40)).flatten()
    likely = masses * count > 20
    # Pearson's χ² of the cells that matter: its mean is their number, its σ √(2 cells).
    chi = ((found - masses).square() / masses)[likely].sum().item() * count
    cells = int(likely.sum())
    assert abs(chi - cells) < 5 * math.sqrt(2 * cells)
    assert found[~likely].sum().item() < masses[~likely].sum().item() + 1e-3


@EVERY_SET
def test_nearly_all_points_are_in_view(key):
    points = load_points(key).points
    assert (points.abs() < VIEW).all(1).float().mean().item() > 0.99
    assert points.dtype == torch.float32


@EVERY_SET
def test_the_same_points_at_every_call(key):
    assert torch.equal(load_points(key, 50).points, load_points(key, 50).points)


@pytest.mark.parametrize(("key", "modes"), [("eight", 8), ("eight_soft", 8), ("grid", 25)])
def test_all_modes_are_distinct(key, modes):
    centres = POINT_SETS[key].centres
    assert centres is not None
    assert len(centres) == modes
    distances = torch.pdist(centres)
    assert distances.min().item() > 0.45


def test_the_ring_of_eight_is_that_of_the_papers():
    eight = POINT_SETS["eight"]
    assert eight.spread == 0.01
    assert eight.centres is not None
    angles = [2 * math.pi * k / 8 for k in range(8)]
    expected = torch.tensor([(math.cos(a), math.sin(a)) for a in angles])
    assert torch.allclose(eight.centres, expected, atol=1e-6)


def test_the_line_is_that_of_gan_lab():
    line = POINT_SETS["line"].sample(10_000, torch.Generator().manual_seed(0)) / 2.4 + 0.5
    # On x = .8 - .75u, y = .6 + .3u.
    u = (0.8 - line[:, 0]) / 0.75
    assert (line[:, 1] - 0.6 - 0.3 * u).std().item() == pytest.approx(
        0.01 * math.hypot(1, 0.4), rel=0.05
    )
    assert 0.49 < u.mean().item() < 0.51


def test_an_unknown_set_is_refused_by_name():
    with pytest.raises(SettingError, match="dataset must be one of line"):
        load_points("nonsense")
