"""AnoGAN: its loss by hand, and what the search may and may not do."""

from __future__ import annotations

from itertools import islice

import pytest
import torch
from torch import Tensor, nn

from gan_core.anomaly import AnoGan, SearchSettings
from gan_core.anomaly.anogan import BATCH, search_loss
from gan_core.config import TrainConfig
from gan_core.latent import draw
from gan_core.models import build_discriminator
from gan_core.pretrained import load_discriminator, load_generator

QUICK = SearchSettings(restarts=3, steps=12)


def by_hand(players, images: Tensor, z: Tensor, weight: float) -> Tensor:
    """(1 - λ) Σ|x - G(z)| + λ Σ|f(x) - f(G(z))|, one picture after the other."""
    generator, discriminator = players.generator.eval(), players.discriminator.eval()
    hidden = nn.Sequential(*list(discriminator.net)[:-1], nn.Flatten())
    losses = []
    for x, point in zip(images, z, strict=True):
        made = generator(point[None])
        residual = (x - made).abs().sum()
        features = (hidden(x[None]) - hidden(made)).abs().sum()
        losses.append((1 - weight) * residual + weight * features)
    return torch.stack(losses)


# The loss -------------------------------------------------------------------------------


def test_the_loss_is_as_written_by_hand():
    x = torch.tensor([[[[0.5, -1.0], [0.25, 1.0]]], [[[0.0, 0.0], [0.0, 0.0]]]]).double()
    made = torch.tensor([[[[0.0, -0.5], [0.5, 1.0]]], [[[0.0, 0.0], [0.0, -1.0]]]]).double()
    seen = torch.tensor([[1.0, -2.0, 3.0], [0.0, 0.0, 0.0]]).double()
    felt = torch.tensor([[1.5, 2.0, 3.0], [0.0, 0.5, 0.0]]).double()
    found = search_loss(x, made, seen, felt, feature_weight=0.1)
    expected = [0.9 * (0.5 + 0.5 + 0.25) + 0.1 * (0.5 + 4.0), 0.9 * 1.0 + 0.1 * 0.5]
    assert found.tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("weight", [0.0, 0.1, 1.0])
def test_the_search_begins_with_the_loss_at_its_starting_points(players, some, weight):
    scorer = AnoGan(*vars(players).values(), SearchSettings(weight, restarts=2, seed=3))
    first = next(scorer.search(some))
    starts = draw(2, 4, 3).double()
    expected = [by_hand(players, some, start.expand(5, 4), weight) for start in starts]
    assert torch.allclose(first.losses, torch.stack(expected, 1), rtol=1e-9)
    assert torch.allclose(first.scores, torch.stack(expected, 1).min(1).values, rtol=1e-9)
    assert (first.step, first.steps) == (1, 60)


def test_the_first_move_is_adams_down_the_loss(players, some):
    """Adam's first step is rate · gradient / (|gradient| + 1e-8) (Kingma & Ba 2015)."""
    settings = SearchSettings(restarts=1, steps=2, learning_rate=0.3)
    steps = list(AnoGan(*vars(players).values(), settings).search(some))
    z = draw(1, 4, 0).double().repeat(5, 1).requires_grad_()
    (gradient,) = torch.autograd.grad(by_hand(players, some, z, 0.1).sum(), z)
    moved = z.detach() - 0.3 * gradient / (gradient.abs() + 1e-8)
    expected = by_hand(players, some, moved, 0.1)
    assert torch.allclose(steps[1].losses[:, 0], expected, rtol=1e-7)


# The search -----------------------------------------------------------------------------


def test_the_search_lowers_the_loss(players, some):
    steps = list(AnoGan(*vars(players).values(), QUICK).search(some))
    assert (steps[-1].scores < steps[0].scores).all()
    assert (steps[-1].losses.mean(1) < steps[0].losses.mean(1)).all()


def test_the_score_is_the_lowest_loss_met(players, some):
    scorer = AnoGan(*vars(players).values(), QUICK)
    steps = list(scorer.search(some))
    lowest = torch.stack([step.losses for step in steps]).amin((0, 2))
    assert torch.equal(steps[-1].scores, lowest)
    assert torch.equal(scorer.score(some), lowest)
    assert torch.allclose(by_hand(players, some, steps[-1].z, 0.1), lowest, rtol=1e-9)


def test_pictures_side_by_side_are_searched_as_one_by_one(players, some):
    scorer = AnoGan(*vars(players).values(), QUICK)
    single = torch.cat([scorer.score(picture[None]) for picture in some])
    assert torch.allclose(scorer.score(some), single, rtol=1e-6)


def test_restarts_side_by_side_are_those_one_by_one(players, some):
    together = list(AnoGan(*vars(players).values(), QUICK).search(some))
    starts = draw(3, 4, QUICK.seed).double()
    for number, start in enumerate(starts):
        z = start.repeat(5, 1).requires_grad_()
        adam = torch.optim.Adam([z], lr=QUICK.learning_rate)
        for step in together:
            losses = by_hand_batched(players, some, z)
            assert torch.allclose(step.losses[:, number], losses, rtol=1e-6)
            adam.zero_grad()
            losses.sum().backward(inputs=[z])
            adam.step()


def by_hand_batched(players, images: Tensor, z: Tensor) -> Tensor:
    hidden = nn.Sequential(*list(players.discriminator.eval().net)[:-1], nn.Flatten())
    made = players.generator.eval()(z)
    residual = (images - made).abs().sum((1, 2, 3))
    return 0.9 * residual + 0.1 * (hidden(images) - hidden(made)).abs().sum(1)


def test_more_pictures_than_a_batch_are_scored_in_parts(players, some):
    scorer = AnoGan(*vars(players).values(), SearchSettings(restarts=1, steps=2))
    many = some.repeat(25, 1, 1, 1)
    assert len(many) > BATCH
    told: list[int] = []
    scores = scorer.score(many, told.append)
    assert told == [BATCH, len(many) - BATCH]
    assert torch.allclose(scores, scorer.score(some).repeat(25), rtol=1e-9)


def test_a_search_can_be_cancelled(players, some):
    search = AnoGan(*vars(players).values(), QUICK).search(some)
    assert [found.step for found in islice(search, 2)] == [1, 2]
    search.close()
    assert list(search) == []


def test_what_was_shown_does_not_change_afterwards(players, some):
    search = AnoGan(*vars(players).values(), QUICK).search(some)
    first = next(search)
    kept = [getattr(first, name).clone() for name in ("losses", "z", "scores")]
    list(search)
    for name, value in zip(("losses", "z", "scores"), kept, strict=True):
        assert torch.equal(getattr(first, name), value)
        assert not getattr(first, name).requires_grad


def test_a_score_depends_on_the_settings_alone(players, some):
    torch.manual_seed(0)
    first = AnoGan(*vars(players).values(), QUICK).score(some)
    before = torch.manual_seed(1).get_state()
    assert torch.equal(AnoGan(*vars(players).values(), QUICK).score(some), first)
    assert torch.equal(torch.random.get_rng_state(), before)
    other = AnoGan(*vars(players).values(), SearchSettings(restarts=3, steps=12, seed=1))
    assert not torch.equal(other.score(some), first)


def test_looking_changes_nothing(players, some, assert_same):
    networks = vars(players).values()
    before = [{k: v.clone() for k, v in network.state_dict().items()} for network in networks]
    images = some.clone()
    AnoGan(*networks, QUICK).score(images)
    for network, state in zip(networks, before, strict=True):
        assert_same(network.state_dict(), state)
        assert network.training
        assert all(w.requires_grad and w.grad is None for w in network.parameters())
    assert torch.equal(images, some)


def test_a_scorer_keeps_the_players_as_they_were(players, some):
    scorer = AnoGan(*vars(players).values(), QUICK)
    before = scorer.score(some)
    with torch.no_grad():
        for network in vars(players).values():
            for weight in network.parameters():
                weight.mul_(2)
    assert torch.equal(scorer.score(some), before)


# What it finds --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped() -> AnoGan:
    settings = SearchSettings(restarts=2, steps=40)
    return AnoGan(load_generator("dcgan"), load_discriminator("dcgan"), settings)


@pytest.fixture(scope="module")
def own() -> Tensor:
    generator = load_generator("dcgan")
    return generator(draw(4, generator.latent_dim, 77))


def test_what_the_generator_makes_is_normal_and_what_it_never_makes_is_not(shipped, own, pictures):
    assert shipped.score(own).max() < 0.5 * shipped.score(pictures[:4]).min()


def test_it_shows_what_it_found_and_where_that_differs(shipped, own):
    *_, last = shipped.search(own)
    shown = shipped.explain(own)
    made = load_generator("dcgan")(last.z)
    assert torch.allclose(shown.reconstruction, made, atol=1e-5)
    assert torch.allclose(shown.residual, (own - made).abs() / 2, atol=1e-5)
    assert torch.equal(shown.residual, shipped.explained(own, last.z).residual)
    assert not shown.residual.requires_grad


# Bad input ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "allowed"),
    [
        ({"feature_weight": -0.1}, "from 0 to 1"),
        ({"feature_weight": 1.1}, "from 0 to 1"),
        ({"feature_weight": float("nan")}, "from 0 to 1"),
        ({"restarts": 0}, "a whole number from 1 to 16"),
        ({"restarts": 17}, "a whole number from 1 to 16"),
        ({"steps": 0}, "a whole number from 1 to 2000"),
        ({"steps": 1.5}, "a whole number from 1 to 2000"),
        ({"learning_rate": 0.0}, "from 0.0001 to 10"),
        ({"seed": -1}, "a whole number from 0 to 2147483647"),
    ],
)
def test_settings_out_of_range_are_refused(setting, allowed):
    (name,) = setting
    with pytest.raises(ValueError, match=f"^{name} must be {allowed}, got "):
        SearchSettings(**setting)


def test_no_picture_is_refused(players):
    scorer = AnoGan(*vars(players).values())
    for ask in (scorer.score, scorer.explain, lambda images: next(scorer.search(images))):
        with pytest.raises(ValueError, match=r"^images must be pictures of shape \(N >= 1, 1, 28"):
            ask(torch.zeros(0, 1, 28, 28))


def test_a_discriminator_of_packs_is_refused(players):
    packs = build_discriminator(TrainConfig(packing=2), torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match=r"^packing must be 1, got 2$"):
        AnoGan(players.generator, packs)
