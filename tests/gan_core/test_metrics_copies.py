"""Who copies is found out, and who does not is not."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from gan_core.data.images import embedded_digits
from gan_core.metrics import copies
from gan_core.metrics.copies import (
    CELLS,
    PER_CELL,
    Copies,
    CopyTest,
    _ranks,
    _z_score,
    quick_test,
)


def shuffled() -> Tensor:
    images = embedded_digits().images
    return images[torch.randperm(len(images), generator=torch.Generator().manual_seed(3))]


@pytest.fixture(scope="module")
def digits() -> tuple[Tensor, Tensor, Tensor]:
    """Pictures learned from, unseen ones, and more unseen ones."""
    images = shuffled()
    return images[:797], images[797:1297], images[1297:]


@pytest.fixture(scope="module")
def copy_test(digits) -> CopyTest:
    return CopyTest(digits[0], digits[1])


@pytest.fixture(scope="module")
def honest(digits, copy_test) -> Copies:
    return copy_test(digits[2])


def test_unseen_real_pictures_are_no_copies(honest):
    assert honest.near_share < 0.03
    assert honest.distance_ratio == pytest.approx(1, abs=0.06)
    assert abs(honest.score) < 2
    assert (honest.count, honest.unseen) == (500, 500)


def test_a_memoriser_is_found_out(digits, copy_test):
    found = copy_test(digits[0][:500])
    assert (found.near_share, found.distance_ratio) == (1.0, 0.0)
    assert found.score < -10


def test_noise_does_not_hide_a_copy(digits, copy_test):
    noise = 0.1 * torch.randn(500, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    found = copy_test((digits[0][:500] + noise).clamp(-1, 1))
    assert found.near_share > 0.9
    assert found.score < -8


def test_copies_now_and_then_show_in_the_share(digits, copy_test, honest):
    some = digits[2].clone()
    some[:50] = digits[0][:50]
    found = copy_test(some)
    assert found.near_share == pytest.approx(0.1 + 0.9 * honest.near_share, abs=0.01)
    assert found.score < honest.score


def test_noise_is_far_from_everything(copy_test, pictures):
    found = copy_test(pictures)
    assert found.near_share == 0
    assert found.distance_ratio > 1.5
    assert found.score > 3


def test_plain_pictures_alone_are_not_taken_for_copies():
    """Ones lie near to other ones: within their cell that is nothing special."""
    data = embedded_digits()
    order = torch.randperm(len(data.images), generator=torch.Generator().manual_seed(4))
    images, labels = data.images[order], data.labels[order]
    unseen, later = images[600:1200], images[1200:][labels[1200:] == 1]
    assert CopyTest(images[:600], unseen)(later).near_share < 0.05


@pytest.mark.parametrize(("examples", "finds"), [(0, False), (20, True), (280, True), (300, False)])
def test_a_quick_test_needs_few_examples_and_enough_others(digits, examples, finds):
    images = digits[0][:490]
    assert (quick_test(images, examples) is not None) == finds


def test_a_quick_test_tells_those_learned_from_from_the_others():
    images = embedded_digits().images
    found = quick_test(images, 100)
    assert found is not None
    assert found(images[:100]).near_share == 1
    assert found(images[600:1100]).near_share < 0.05


def test_so_many_examples_that_a_look_takes_long_are_not_looked_up(digits, monkeypatch):
    monkeypatch.setattr(copies, "MOST_LEARNED", 50)
    assert quick_test(digits[0], 50) is not None
    assert quick_test(digits[0], 51) is None


def test_the_same_question_has_the_same_answer(digits, copy_test, honest):
    assert copy_test(digits[2]) == honest
    assert CopyTest(digits[0], digits[1])(digits[2]) == honest


def test_it_says_how_many_it_has_looked_up(digits):
    told: list[int] = []
    CopyTest(digits[0], digits[1], told.append)(digits[2])
    assert sum(told) == len(digits[1]) + len(digits[2])


def test_cells_are_as_many_as_the_unseen_pictures_allow(digits):
    few, many = CopyTest(*digits[:2]), CopyTest(digits[0], digits[1].repeat(20, 1, 1, 1)[:3000])
    assert len(few._centres) == len(digits[1]) // PER_CELL
    assert len(many._centres) == CELLS


# By hand ------------------------------------------------------------------------------------------


def test_a_rank_is_the_share_of_real_ones_that_are_as_near():
    made, real = torch.tensor([0.5, 2.0, 9.0]), torch.tensor([1.0, 2.0, 3.0, 4.0])
    assert _ranks(made, real).tolist() == pytest.approx([1 / 5, 3 / 5, 5 / 5])


def test_a_rank_keeps_its_promise():
    """P(rank ≤ r) ≤ r for a picture like the real ones."""
    random = torch.Generator().manual_seed(0)
    ranks = torch.cat(
        [
            _ranks(torch.rand(1, generator=random), torch.rand(199, generator=random))
            for _ in range(5000)
        ]
    )
    for limit in (0.01, 0.1, 0.5):
        assert (ranks <= limit).double().mean().item() == pytest.approx(
            limit, abs=4 * math.sqrt(limit * (1 - limit) / 5000)
        )


def test_the_score_of_a_cell_is_mann_and_whitneys():
    made, real = torch.tensor([0.5, 2.0, 9.0]).double(), torch.tensor([1.0, 2.0, 3.0, 4.0]).double()
    won = sum((r < m) + (r == m) / 2 for m in made.tolist() for r in real.tolist())
    expected = (won - 3 * 4 / 2) / math.sqrt(3 * 4 * (3 + 4 + 1) / 12)
    assert _z_score(made, real) == pytest.approx(expected)


def test_the_score_of_a_cell_is_standard_normal_where_nothing_is_copied():
    random = torch.Generator().manual_seed(2)
    draws = [
        _z_score(
            torch.rand(40, generator=random).double(), torch.rand(60, generator=random).double()
        )
        for _ in range(2000)
    ]
    scores = torch.tensor(draws)
    assert scores.mean().item() == pytest.approx(0, abs=0.09)
    assert scores.std().item() == pytest.approx(1, abs=0.06)
