"""Ways through the latent space."""

from __future__ import annotations

import base64
import math
import random as python_random
import re
import struct
import subprocess
import sys
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan_core.config import MODEL_KEYS
from gan_core.latent import (
    LARGEST_COORDINATE,
    PointAdam,
    PointError,
    Search,
    blend,
    combine,
    decode_point,
    directions,
    draw,
    encode_point,
    find,
    find_all,
    first_weights,
    lerp,
    path,
    path_length,
    principal_directions,
    slerp,
)
from gan_core.models import MODELS, PIXELS, Generator

DIM = 100
ROOT = Path(__file__).parents[2]


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


# Four corners ---------------------------------------------------------------------------


@pytest.fixture
def corners() -> Tensor:
    """Four independent draws, all of norm 10."""
    four = random(4, DIM, seed=2)
    return four / four.norm(dim=1, keepdim=True) * 10


@pytest.mark.parametrize(
    ("u", "v", "corner"), [(0.0, 0.0, 0), (1.0, 0.0, 1), (0.0, 1.0, 2), (1.0, 1.0, 3)]
)
def test_a_blend_has_its_corners_where_they_are(corners, u, v, corner):
    assert torch.allclose(blend(corners, u, v), corners[corner])


def test_along_its_edges_a_blend_is_an_arc(corners):
    for t in (0.2, 0.5, 0.9):
        assert torch.allclose(blend(corners, t, 0.0), slerp(corners[0], corners[1], t))
        assert torch.allclose(blend(corners, t, 1.0), slerp(corners[2], corners[3], t))
        assert torch.allclose(blend(corners, 0.0, t), slerp(corners[0], corners[2], t))
        assert torch.allclose(blend(corners, 1.0, t), slerp(corners[1], corners[3], t))


def test_inside_a_blend_is_an_arc_between_two_arcs(corners):
    def arc(a: Tensor, b: Tensor, t: float) -> Tensor:
        w = math.acos(float(a @ b) / float(a.norm() * b.norm()))
        return (math.sin((1 - t) * w) * a + math.sin(t * w) * b) / math.sin(w)

    expected = arc(arc(corners[0], corners[1], 0.3), arc(corners[2], corners[3], 0.3), 0.8)
    assert torch.allclose(blend(corners, 0.3, 0.8), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("u", [0.1, 0.5, 0.7])
@pytest.mark.parametrize("v", [0.1, 0.5, 0.7])
def test_a_blend_keeps_the_norm_that_the_bilinear_mean_loses(corners, u, v):
    assert blend(corners, u, v).norm().item() == pytest.approx(10, rel=1e-12)
    above = (1 - u) * corners[0] + u * corners[1]
    below = (1 - u) * corners[2] + u * corners[3]
    assert ((1 - v) * above + v * below).norm() < 9.5


def test_a_blend_of_the_same_point_is_that_point(corners):
    same = corners[:1].expand(4, DIM)
    assert torch.allclose(blend(same, 0.3, 0.6), corners[0])


def test_where_a_blend_has_no_arc_it_is_straight():
    a = torch.tensor([1.0, 2.0])
    assert torch.allclose(blend(torch.stack([a, -a, 3 * a, 0 * a]), 0.5, 0.5), 0.75 * a)


# Arithmetic -----------------------------------------------------------------------------


def test_concepts_are_added_by_their_means():
    a, b, c = random(3, DIM), random(4, DIM, seed=1), random(5, DIM, seed=2)
    expected = [
        sum(row[i].item() for row in a) / 3
        - sum(row[i].item() for row in b) / 4
        + sum(row[i].item() for row in c) / 5
        for i in range(DIM)
    ]
    assert torch.allclose(combine(a, b, c), torch.tensor(expected, dtype=torch.float64))


def test_what_is_taken_away_can_be_put_back():
    a, b = random(2, 3, DIM)
    assert torch.allclose(combine(a, b, b), a.mean(0))


@pytest.mark.parametrize("few", ["a", "b", "c"])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_concept_of_fewer_than_three_is_refused(few, count):
    samples = {name: random(count if name == few else 3, 4) for name in "abc"}
    with pytest.raises(ValueError, match=f"^{few} must hold at least 3 samples, got {count}$"):
        combine(**samples)


def test_the_outcome_is_as_long_as_a_draw():
    outcomes = torch.stack([combine(*random(3, 3, DIM, seed=seed)) for seed in range(500)])
    assert outcomes.norm(dim=1).mean().item() == pytest.approx(math.sqrt(DIM), rel=0.02)


# How far a walk goes ----------------------------------------------------------------------


def test_a_walk_is_as_long_as_its_steps():
    walk = random(4, 6)
    expected = sum(
        math.sqrt(sum((q - p) ** 2 for p, q in zip(a, b, strict=True)))
        for a, b in pairwise(walk.tolist())
    )
    assert path_length(walk) == pytest.approx(expected)


def test_a_straight_walk_is_as_long_as_its_ends_are_apart():
    a, b = random(2, 6)
    assert path_length(path(a, b, 7, spherical=False)) == pytest.approx((b - a).norm().item())
    assert path_length(path(a, b, 7)) > (b - a).norm().item()


def test_who_does_not_move_has_gone_nowhere():
    assert path_length(random(1, 6)) == 0.0
    assert path_length(random(1, 6).expand(5, 6)) == 0.0


# Directions -----------------------------------------------------------------------------


@pytest.fixture(params=MODEL_KEYS)
def generator(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(3)
    return MODELS[request.param].generator(12).double()


def test_the_first_weights_are_those_that_read_z(generator):
    weights = first_weights(generator)
    assert weights.shape[1] == 12
    assert torch.equal(weights, next(iter(generator.parameters())))


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


# Directions behind the nonlinearity -------------------------------------------------------


def stretched(generator: Generator, stretches: Tensor) -> Generator:
    """Give the first layer singular values that are well apart; it is then at rest."""
    weight = first_weights(generator)
    left, _, right = torch.linalg.svd(weight.detach(), full_matrices=False)
    with torch.no_grad():
        weight.copy_(left @ stretches.to(weight.dtype).diag() @ right)
    return generator.eval()


@pytest.fixture(params=MODEL_KEYS)
def bent(request: pytest.FixtureRequest) -> Generator:
    """A generator of 12 coordinates whose first layer stretches each by half the one before."""
    torch.manual_seed(4)
    generator = MODELS[request.param].generator(12)
    return stretched(generator, 8 * 0.5 ** torch.arange(12))


def straightened(generator: Generator) -> Generator:
    """Take the bend out of the first nonlinearity: slope 1 on both sides."""
    layers = generator.net
    first = next(i for i, one in enumerate(layers) if isinstance(one, nn.ReLU | nn.LeakyReLU))
    layers[first] = nn.LeakyReLU(1.0)
    return generator


def test_without_a_bend_both_ways_find_the_same_directions(bent):
    found = principal_directions(straightened(bent), 5)
    cosines = (found * directions(bent, 5)).sum(1)
    assert (cosines > 0.99).all()  # the sign is the same too


def test_principal_directions_are_principal_components_and_least_squares(bent):
    z = torch.randn(600, 12, generator=torch.Generator().manual_seed(0)).double()
    weight, first = first_weights(bent).detach().double(), bent.net[0]
    answers = z @ weight.T + (0 if first.bias is None else first.bias.detach().double())
    if any(isinstance(layer, nn.BatchNorm2d) for layer in bent.net):
        answers = (answers / (1 + 1e-5) ** 0.5).clamp(min=0)  # fresh: mean 0, variance 1
    else:
        answers = torch.where(answers > 0, answers, 0.2 * answers)
    centred = (answers - answers.mean(0)).numpy()
    _, vectors = np.linalg.eigh(centred @ centred.T)  # the components up to their lengths
    components = vectors[:, ::-1][:, :4]
    solved, *_ = np.linalg.lstsq(components, z.numpy(), rcond=None)
    solved /= np.linalg.norm(solved, axis=1, keepdims=True)
    found = principal_directions(bent, 4, samples=600).double().numpy()
    assert (np.abs((found * solved).sum(1)) > 0.999).all()


def test_principal_directions_have_length_one_and_a_sign_that_does_not_change(bent):
    found = principal_directions(bent, 6)
    assert found.shape == (6, 12)
    assert torch.allclose(found.norm(dim=1), torch.ones(6), atol=1e-5)
    largest = found.gather(1, found.abs().argmax(1, keepdim=True))
    assert (largest > 0).all()


def test_principal_directions_depend_on_their_seed_alone(bent):
    torch.manual_seed(0)
    first = principal_directions(bent, 3, samples=500, seed=1)
    torch.manual_seed(1)
    assert torch.equal(principal_directions(bent, 3, samples=500, seed=1), first)
    assert not torch.equal(principal_directions(bent, 3, samples=500, seed=2), first)


def test_the_search_for_principal_directions_leaves_everything_alone(bent, assert_same):
    weights = {key: value.clone() for key, value in bent.state_dict().items()}
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy(), python_random.getstate()
    found = principal_directions(bent, 3, samples=500)
    assert_same(bent.state_dict(), weights)
    assert not found.requires_grad
    assert all(weight.grad is None for weight in bent.parameters())
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])
    assert python_random.getstate() == before[2]


@pytest.mark.parametrize("name", MODEL_KEYS)
def test_a_space_of_one_coordinate_has_one_direction(name):
    torch.manual_seed(0)
    generator = MODELS[name].generator(1).eval()
    assert directions(generator, 6).tolist() == [[1.0]]
    assert principal_directions(generator, 1, samples=200).tolist() == [[1.0]]


# Back from a picture to its z ---------------------------------------------------------------


class Lantern(Generator):
    """A generator small enough to be followed by hand: tanh(A z)."""

    def __init__(self, latent_dim: int = 4) -> None:
        super().__init__(latent_dim)
        random = torch.Generator().manual_seed(11)
        self.weight = nn.Parameter(torch.randn(PIXELS, latent_dim, generator=random) / 2)

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(z @ self.weight.T).view(-1, 1, 28, 28)


@pytest.fixture
def lantern() -> Lantern:
    return Lantern().eval()


@pytest.fixture
def hidden() -> Tensor:
    """A point on the sphere that the search stays on."""
    z = draw(1, 4, 21)
    return z / z.norm() * 2


@pytest.fixture
def target(lantern, hidden) -> Tensor:
    return lantern(hidden)[0].detach()


def last(searches: object) -> Search:
    *_, search = searches
    return search


def test_a_picture_of_the_generators_own_is_found(lantern, hidden, target):
    search = last(find(lantern, target))
    assert search.error < 1e-4
    assert torch.allclose(search.z, hidden[0], atol=0.05)


def test_a_picture_that_it_never_makes_is_not_found(lantern, pictures):
    assert last(find(lantern, pictures[0])).error > 0.05


def test_a_shipped_generator_comes_close_to_its_own_picture():
    from gan_core.pretrained import load_generator

    generator = load_generator("dcgan")
    own = generator(draw(1, generator.latent_dim, 5))[0]
    steps = list(find(generator, own, restarts=4, steps=60))
    assert steps[-1].error < 0.25 * steps[0].error


def test_the_error_is_the_mean_square_per_pixel_with_black_0_and_white_1(lantern, target):
    search = next(find(lantern, target, restarts=3, seed=5))
    starts = draw(3, 4, 5).double()
    made = torch.tanh(starts @ lantern.weight.detach().double().T)
    goal = target.double().flatten()
    expected = [(((m + 1) / 2 - (goal + 1) / 2) ** 2).mean().item() for m in made]
    assert search.step == 1
    assert search.errors.tolist() == pytest.approx(expected, rel=1e-5)
    assert search.error == pytest.approx(min(expected), rel=1e-5)
    assert torch.equal(search.z.double(), starts[expected.index(min(expected))])


@pytest.mark.parametrize("pull", [0.0, 0.1, 50.0])
def test_the_first_step_is_adams_down_the_error_and_the_pull(lantern, target, pull):
    """Adam's first step is rate · gradient / (|gradient| + 1e-8) (Kingma & Ba 2015)."""
    made = list(islice(find(lantern, target, restarts=5, seed=5, pull=pull, learning_rate=0.3), 2))
    z = draw(5, 4, 5).double().requires_grad_()
    weight, goal = lantern.weight.detach().double(), target.double().flatten()
    errors = ((torch.tanh(z @ weight.T) - goal) / 2).square().mean(1)
    beyond = (z.norm(dim=1) / math.sqrt(4) - 1).clamp(min=0)
    (gradient,) = torch.autograd.grad((errors + pull * beyond**2).sum(), z)
    moved = z.detach() - 0.3 * gradient / (gradient.abs() + 1e-8)
    expected = ((torch.tanh(moved @ weight.T) - goal) / 2).square().mean(1)
    assert (beyond > 0).any()
    assert made[1].errors.tolist() == pytest.approx(expected.tolist(), rel=1e-4)


def test_the_pull_keeps_the_search_near_the_sphere(lantern, hidden):
    far = lantern(3 * hidden)[0].detach()
    free, held = (last(find(lantern, far, steps=300, pull=pull)).z for pull in (0.0, 50.0))
    assert free.norm() > 4
    assert held.norm() < 2.5


def test_every_step_is_shown_with_its_best_point_so_far(lantern, target):
    searches = list(find(lantern, target, restarts=3, steps=20))
    assert [search.step for search in searches] == list(range(1, 21))
    for search in searches:
        assert search.errors.shape == (3,)
        assert not search.errors.requires_grad
        assert not search.z.requires_grad
        made = lantern(search.z[None])[0]
        assert ((made - target) / 2).square().mean().item() == pytest.approx(search.error, rel=1e-4)
    assert searches[-1].error == min(search.errors.min().item() for search in searches)


@pytest.mark.parametrize("learning_rate", [0.1, 2.0])
def test_the_best_error_never_rises(lantern, target, learning_rate):
    errors = [search.error for search in find(lantern, target, learning_rate=learning_rate)]
    assert all(later <= earlier for earlier, later in pairwise(errors))


def test_a_search_can_be_cancelled(lantern, target):
    search = find(lantern, target)
    assert [next(search).step, next(search).step] == [1, 2]
    search.close()
    assert list(search) == []


def test_what_was_shown_does_not_change_afterwards(lantern, target):
    search = find(lantern, target, steps=5)
    first = next(search)
    z, errors = first.z.clone(), first.errors.clone()
    last(search)
    assert torch.equal(first.z, z)
    assert torch.equal(first.errors, errors)


def test_a_search_depends_on_its_seed_alone(lantern, target):
    torch.manual_seed(0)
    first = last(find(lantern, target, steps=10, seed=3))
    torch.manual_seed(1)
    again, other = (last(find(lantern, target, steps=10, seed=seed)) for seed in (3, 4))
    assert torch.equal(again.z, first.z)
    assert torch.equal(again.errors, first.errors)
    assert not torch.equal(other.z, first.z)


def test_a_search_leaves_the_generator_and_the_shared_random_numbers_alone(lantern, target):
    weight, before = lantern.weight.detach().clone(), torch.random.get_rng_state()
    goal = target.clone()
    last(find(lantern, target, steps=5))
    assert torch.equal(lantern.weight, weight)
    assert lantern.weight.grad is None
    assert torch.equal(target, goal)
    assert torch.equal(torch.random.get_rng_state(), before)


# Many pictures at once ------------------------------------------------------------------------


def test_many_searches_at_once_are_each_the_search_of_one(lantern):
    """More targets than are taken at a time, some of G's own and some not."""
    own = lantern(draw(20, 4, 3)).detach()
    other = torch.rand(20, 1, 28, 28, generator=torch.Generator().manual_seed(1)) * 2 - 1
    targets = torch.cat([own, other])
    settings = {"restarts": 3, "steps": 25, "learning_rate": 0.2, "pull": 5.0, "seed": 6}
    found = find_all(lantern, targets, **settings)
    assert found.shape == (40, 4)
    for index in (0, 7, 19, 20, 33, 39):
        alone = last(find(lantern, targets[index], **settings))
        assert torch.allclose(found[index], alone.z, atol=1e-3)


def test_many_searches_find_what_the_generator_can_make(lantern):
    z = draw(5, 4, 21)
    z = 2 * z / z.norm(dim=1, keepdim=True)
    found = find_all(lantern, lantern(z).detach())
    assert torch.allclose(found, z, atol=0.05)
    assert not found.requires_grad


def test_many_searches_leave_everything_else_alone(lantern, target):
    weight, before = lantern.weight.detach().clone(), torch.random.get_rng_state()
    first = find_all(lantern, target[None], steps=5)
    assert torch.equal(find_all(lantern, target[None], steps=5), first)
    assert torch.equal(lantern.weight, weight)
    assert lantern.weight.grad is None
    assert torch.equal(torch.random.get_rng_state(), before)


def test_points_move_as_torchs_own_adam_moves_them():
    starts, goals = random(5, 7), random(5, 7, seed=1)
    own, theirs = (starts.clone().requires_grad_() for _ in range(2))
    ours, adam = PointAdam(own, 0.1), torch.optim.Adam([theirs], lr=0.1)
    for _ in range(30):
        ours.move((own - goals).square().sum(1).sqrt())
        adam.zero_grad()
        (theirs - goals).square().sum(1).sqrt().sum().backward()
        adam.step()
    assert not torch.allclose(own, starts, atol=0.5)
    assert torch.allclose(own, theirs, rtol=0, atol=1e-12)


def test_a_search_needs_no_optimiser_of_torch():
    """Its first use imports for seconds, and a page waits for a search."""
    program = """if True:
        import sys
        from gan_core.versus import shipped
        shipped.by_search(shipped.load_gan(), shipped.one_of_each(0)[:1], restarts=1, steps=2)
        print("torch._dynamo" in sys.modules)
    """
    outcome = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert outcome.stdout.strip() == "False"


# Points as text -----------------------------------------------------------------------------


def text_of(*numbers: float) -> str:
    """A point's text by hand: little-endian half floats in URL-safe base64, unpadded."""
    content = struct.pack(f"<{len(numbers)}e", *numbers)
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@pytest.mark.parametrize("latent_dim", [1, 2, 3, 64, 100, 512])
def test_a_point_comes_back_in_half_precision(latent_dim):
    z = 3 * draw(1, latent_dim, 0)[0]
    back = decode_point(encode_point(z), latent_dim)
    assert back.dtype == torch.float32
    assert torch.equal(back, z.half().float())
    assert torch.allclose(back, z, rtol=2**-11, atol=1e-7)


def test_a_points_text_is_made_as_it_says():
    assert encode_point(torch.tensor([0.5, -2.0, 12.0])) == text_of(0.5, -2.0, 12.0)
    assert decode_point(text_of(0.5, -2.0, 12.0), 3).tolist() == [0.5, -2.0, 12.0]


def test_a_points_text_can_stand_in_a_link_as_it_is():
    for seed in range(20):
        assert re.fullmatch(r"[A-Za-z0-9_-]+", encode_point(10 * draw(1, 100, seed)[0]))


def test_a_points_text_is_short():
    assert len(encode_point(draw(1, 100, 0)[0])) == 267


def test_padding_does_no_harm():
    assert decode_point(text_of(1.0) + "=", 1).tolist() == [1.0]


def test_a_point_may_reach_as_far_as_the_limit():
    edge = LARGEST_COORDINATE
    assert decode_point(text_of(edge, -edge), 2).tolist() == [edge, -edge]


GOOD = text_of(*[0.25] * 8)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "count"),
        ("A", "damaged"),
        (GOOD[:-1] + "!", "damaged"),
        (GOOD[:5] + " " + GOOD[5:], "damaged"),
        (GOOD[:5] + "=" + GOOD[5:], "damaged"),
        (GOOD[:-1] + "é", "damaged"),
        (GOOD[:-1] + "点", "damaged"),
        ("<script>alert(1)</script>", "damaged"),
        (text_of(*[0.25] * 7), "count"),
        (text_of(*[0.25] * 9), "count"),
        (base64.urlsafe_b64encode(bytes(15)).decode(), "count"),  # seven numbers and a half
        (text_of(*[0.25] * 512), "count"),
        ("A" * 1_000_000, "count"),
        ("!" * 1_000_000, "count"),
        (text_of(*[0.25] * 7, math.nan), "not_a_number"),
        (text_of(*[0.25] * 7, math.inf), "not_a_number"),
        (text_of(-math.inf, *[0.25] * 7), "not_a_number"),
        (text_of(math.nan, 1000.0, *[0.25] * 6), "not_a_number"),
        (text_of(*[0.25] * 7, 50.03125), "huge"),
        (text_of(-50.03125, *[0.25] * 7), "huge"),
        (text_of(*[0.25] * 7, 65504.0), "huge"),
    ],
)
def test_a_bad_point_is_refused_and_the_code_says_why(text, code):
    with pytest.raises(PointError) as caught:
        decode_point(text, 8)
    assert caught.value.code == code
    assert len(str(caught.value)) < 200


def test_a_point_of_another_space_is_refused():
    with pytest.raises(PointError, match="8 numbers instead of 7") as caught:
        decode_point(GOOD, 7)
    assert caught.value.code == "count"


@pytest.mark.parametrize("seed", range(50))
def test_any_text_is_a_point_or_a_point_error(seed):
    chance = python_random.Random(seed)
    letters = "ABCabc019-_=+/ \n\0é點"
    text = "".join(chance.choice(letters) for _ in range(chance.randrange(40)))
    try:
        z = decode_point(text, 4)
    except PointError:
        return
    assert z.shape == (4,)
    assert z.abs().max() <= LARGEST_COORDINATE


def test_a_point_error_is_a_value_error():
    assert issubclass(PointError, ValueError)
