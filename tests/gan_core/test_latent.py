"""Ways through the latent space."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from gan_core.config import MODEL_KEYS
from gan_core.latent import directions, draw, first_weights, lerp, path, slerp
from gan_core.models import MODELS

DIM = 100


def random(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.fixture
def ends() -> tuple[Tensor, Tensor]:
    """Two independent draws, scaled to the norm that is typical of them."""
    a, b = random(2, DIM)
    return a / a.norm() * 10, b / b.norm() * 10


# Draws ----------------------------------------------------------------------------------


def test_a_draw_depends_on_its_seed_alone():
    torch.manual_seed(0)
    first = draw(3, 5, 7)
    torch.manual_seed(1)
    assert torch.equal(draw(3, 5, 7), first)
    assert not torch.equal(draw(3, 5, 8), first)
    assert first.shape == (3, 5)


def test_a_draw_leaves_the_shared_random_numbers_alone():
    before = torch.random.get_rng_state()
    draw(3, 5, 7)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_draw_is_as_long_as_it_should_be():
    norms = draw(2000, DIM, 0).norm(dim=1)
    assert norms.mean().item() == pytest.approx(math.sqrt(DIM), rel=0.02)


# Lines and arcs -------------------------------------------------------------------------


@pytest.mark.parametrize("walk", [lerp, slerp])
def test_a_walk_begins_and_ends_at_its_ends(walk, ends):
    a, b = ends
    assert torch.allclose(walk(a, b, 0.0), a)
    assert torch.allclose(walk(a, b, 1.0), b)


def test_the_line_is_straight(ends):
    a, b = ends
    assert torch.allclose(lerp(a, b, 0.25), 0.75 * a + 0.25 * b)


def test_the_arc_is_shoemakes(ends):
    a, b = ends
    w = math.acos(float(a @ b) / float(a.norm() * b.norm()))
    expected = math.sin(0.7 * w) / math.sin(w) * a + math.sin(0.3 * w) / math.sin(w) * b
    assert torch.allclose(slerp(a, b, 0.3), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("t", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_the_arc_keeps_the_norm(ends, t):
    a, b = ends
    assert slerp(a, b, t).norm().item() == pytest.approx(10, rel=1e-12)


def test_the_arc_turns_evenly(ends):
    a, b = ends
    points = [slerp(a, b, t) for t in (0.0, 0.25, 0.5, 0.75, 1.0)]
    cosines = [float(p @ q) / 100 for p, q in pairwise(points)]
    assert cosines == pytest.approx([cosines[0]] * 4, rel=1e-9)


def test_half_way_on_the_line_is_shorter_by_the_square_root_of_two():
    starts, goals = random(2, 500, DIM)
    middles = torch.stack([lerp(a, b, 0.5) for a, b in zip(starts, goals, strict=True)])
    assert middles.norm(dim=1).mean().item() == pytest.approx(math.sqrt(DIM / 2), rel=0.02)


def test_half_way_on_the_arc_is_as_long_as_the_ends():
    starts, goals = random(2, 500, DIM)
    middles = torch.stack([slerp(a, b, 0.5) for a, b in zip(starts, goals, strict=True)])
    assert middles.norm(dim=1).mean().item() == pytest.approx(math.sqrt(DIM), rel=0.02)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([1.0, 2.0], [1.0, 2.0]),  # the same
        ([1.0, 2.0], [3.0, 6.0]),  # parallel
        ([1.0, 2.0], [-1.0, -2.0]),  # opposite
        ([0.0, 0.0], [1.0, 2.0]),
        ([1.0, 2.0], [0.0, 0.0]),
        ([0.0, 0.0], [0.0, 0.0]),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_where_there_is_no_arc_the_walk_is_straight(a, b, dtype):
    start, end = torch.tensor(a, dtype=dtype), torch.tensor(b, dtype=dtype)
    for t in (0.0, 0.3, 0.5, 1.0):
        assert torch.allclose(slerp(start, end, t), lerp(start, end, t))


def test_nearly_parallel_ends_are_no_trouble():
    a = random(DIM)
    for distance in (1e-3, 1e-5, 1e-7, 1e-9):
        b = a + distance * random(DIM, seed=1)
        assert torch.allclose(slerp(a, b, 0.5), (a + b) / 2, atol=1e-5)


def test_latent_spaces_of_one_dimension_have_a_line_only():
    a, b = torch.tensor([2.0]), torch.tensor([-1.0])
    assert torch.allclose(slerp(a, b, 0.5), torch.tensor([0.5]))


# Paths ----------------------------------------------------------------------------------


@pytest.mark.parametrize("spherical", [True, False])
def test_a_path_holds_both_ends(ends, spherical):
    points = path(*ends, 11, spherical=spherical)
    assert points.shape == (11, DIM)
    assert torch.allclose(points[0], ends[0])
    assert torch.allclose(points[-1], ends[1])


def test_a_path_is_an_arc_unless_it_is_asked_to_be_a_line(ends):
    a, b = ends
    assert torch.allclose(path(a, b, 5)[2], slerp(a, b, 0.5))
    assert torch.allclose(path(a, b, 5, spherical=False)[2], (a + b) / 2)


def test_a_path_keeps_the_numbers_type():
    a, b = draw(2, 4, 0)
    assert path(a, b, 3).dtype == torch.float32


# Directions -----------------------------------------------------------------------------


@pytest.fixture(params=MODEL_KEYS)
def generator(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(3)
    return MODELS[request.param].generator(12).double()


def test_the_first_weights_are_those_that_read_z(generator):
    weights = first_weights(generator)
    assert weights.shape[1] == 12
    assert weights is next(iter(generator.parameters()))


def test_directions_are_the_eigenvectors_of_what_the_first_layer_does(generator):
    """The n of length 1 that maximise |A n|: eigenvectors of A'A, by another way than the SVD."""
    weights = first_weights(generator).detach()
    values, vectors = torch.linalg.eigh(weights.T @ weights)
    found = directions(generator, 12)
    moved = (found @ weights.T).norm(dim=1).square()
    assert torch.allclose(moved, values.flip(0))
    assert torch.allclose((found @ vectors.flip(1)).abs(), torch.eye(12).double(), atol=1e-8)


def test_directions_have_length_one_and_are_perpendicular(generator):
    found = directions(generator, 6)
    assert found.shape == (6, 12)
    assert torch.allclose(found @ found.T, torch.eye(6).double(), atol=1e-9)


def test_directions_begin_with_the_one_that_moves_most(generator):
    weights = first_weights(generator).detach()
    moved = (directions(generator, 12) @ weights.T).norm(dim=1)
    assert torch.equal(moved, moved.sort(descending=True).values)
    other = random(200, 12, seed=5)
    other /= other.norm(dim=1, keepdim=True)
    assert (other @ weights.T).norm(dim=1).max() <= moved[0]


def test_directions_have_a_sign_that_does_not_change(generator):
    found = directions(generator, 6)
    largest = found.gather(1, found.abs().argmax(1, keepdim=True))
    assert (largest > 0).all()
    assert torch.equal(directions(generator, 6), found)


def test_directions_need_no_gradient(generator):
    assert not directions(generator.requires_grad_(False), 2).requires_grad
