"""An iteration under glass is an iteration, and what is told of it adds up."""

from __future__ import annotations

import json
import math

import pytest
import torch

from gan_core.config import LOSS_KEYS, TrainConfig
from gan_core.points.sets import load_points
from gan_core.points.slow import MOST_ROWS, slowly
from gan_core.trainer import Trainer

SMALL = TrainConfig(
    model="points", dataset="ring", latent_dim=2, batch_size=16, width=16, layers=2, dropout=0.0
)
D_KINDS = ["sample", "generate", "judge", "loss", "gradient", "move"]
G_KINDS = ["generate", "judge", "loss", "gradient", "move"]


def trainer_of(config: TrainConfig = SMALL) -> Trainer:
    return Trainer(config, load_points("ring", 500).points)


def of(moments: list[dict], player: str, kind: str) -> dict:
    return next(one for one in moments if (one["player"], one["kind"]) == (player, kind))


@pytest.mark.parametrize("loss", LOSS_KEYS)
def test_under_glass_an_iteration_is_the_same(loss, assert_same):
    config = SMALL.replace(loss=loss, dropout=0.3, r1=0.1, ema_decay=0.9)
    slow, quick = trainer_of(config), trainer_of(config)
    for number in range(3):
        report, told = slowly(slow, number)
        assert report == quick.step()
        assert (told.number, told.iteration) == (number, report.iteration)
    assert_same(slow.state_dict(), quick.state_dict())


def test_moments_come_in_the_order_of_the_game():
    _, told = slowly(trainer_of(), 1)
    kinds = [(one["player"], one["kind"]) for one in told.moments]
    assert kinds == [("d", kind) for kind in D_KINDS] + [("g", kind) for kind in G_KINDS]


def test_of_many_moves_the_first_and_the_last_are_told():
    _, told = slowly(trainer_of(SMALL.replace(discriminator_steps=5)), 1)
    turns = {(one["player"], one["turn"], one["turns"]) for one in told.moments}
    assert turns == {("d", 1, 5), ("d", 5, 5), ("g", 1, 1)}


def test_the_losses_are_those_of_the_report():
    report, told = slowly(trainer_of(SMALL.replace(r1=0.5)), 1)
    d, g = of(told.moments, "d", "loss"), of(told.moments, "g", "loss")
    assert d["loss"] == pytest.approx(report.d_loss, rel=1e-3)
    assert d["terms"] == pytest.approx(report.d_terms, rel=1e-3)
    assert sum(d["terms"]) == pytest.approx(d["loss"], rel=1e-3)
    assert (g["loss"], g["terms"][0]) == pytest.approx((report.g_loss, report.g_loss), rel=1e-3)
    judged = of(told.moments, "d", "judge")
    assert judged["mean_real"] == pytest.approx(report.d_real, rel=1e-3)
    assert judged["mean_fake"] == pytest.approx(report.d_fake, rel=1e-3)
    norm = of(told.moments, "d", "gradient")
    assert norm["norm"] == pytest.approx(report.d_grad_norm, rel=1e-3)
    layers = [layer["gradient"] for layer in norm["layers"]]
    assert math.hypot(*layers) == pytest.approx(norm["norm"], rel=1e-3)


def test_whoever_does_not_move_is_frozen():
    _, told = slowly(trainer_of(), 1)
    for player, other in (("d", "g"), ("g", "d")):
        moved = of(told.moments, player, "move")["moved"]
        assert all(layer["by"] > 0 for layer in moved[player])
        assert all(layer["by"] == 0 for layer in moved[other])


def test_the_moves_are_those_of_the_weights():
    trainer = trainer_of()
    before = {name: w.detach().clone() for name, w in trainer.generator.named_parameters()}
    _, told = slowly(trainer, 1)
    for layer in of(told.moments, "g", "move")["moved"]["g"]:
        now = dict(trainer.generator.named_parameters())[layer["name"]].detach()
        was = before[layer["name"]]
        assert layer["by"] == pytest.approx((now - was).norm().item(), rel=1e-3)
        assert layer["was"] == pytest.approx(was.norm().item(), rel=1e-3, abs=1e-6)
        assert layer["shape"] == list(was.shape)


def test_after_its_move_g_sends_the_same_noise_elsewhere():
    trainer = trainer_of()
    _, told = slowly(trainer, 1)
    noise = torch.tensor(of(told.moments, "g", "generate")["noise"])
    after = torch.tensor(of(told.moments, "g", "move")["fake_after"])
    with torch.no_grad():
        assert torch.allclose(trainer.generator(noise), after, atol=1e-3)
    assert not torch.allclose(torch.tensor(of(told.moments, "g", "generate")["fake"]), after)


def test_arrows_of_g_go_where_its_points_go():
    """A small step of plain gradient descent moves the points along their arrows on the whole."""
    config = SMALL.replace(optimizer="sgd", generator_lr=0.05, layers=1)
    _, told = slowly(trainer_of(config), 1)
    gradient, move = of(told.moments, "g", "gradient"), of(told.moments, "g", "move")
    fake = torch.tensor(of(told.moments, "g", "generate")["fake"])
    walked = torch.tensor(move["fake_after"]) - fake
    assert (walked * torch.tensor(gradient["arrows"])).sum() > 0


REMEDIES = {
    "packs": {"packing": 4},
    "deviation": {"minibatch_stddev": "on"},
    "batch_norm": {"batch_norm": "on"},
    "noise": {"instance_noise": 0.5},
    "unrolled": {"unrolled_steps": 2},
    "examples": {"examples": 20},
}


@pytest.mark.parametrize("recipe", REMEDIES)
def test_with_a_remedy_an_iteration_under_glass_is_the_same(recipe, assert_same):
    config = SMALL.replace(**REMEDIES[recipe], dropout=0.3)
    slow, quick = trainer_of(config), trainer_of(config)
    for number in range(3):
        report, told = slowly(slow, number)
        assert report == quick.step()
        json.dumps(told.moments, allow_nan=False)
    assert_same(slow.state_dict(), quick.state_dict())


def test_every_point_is_told_with_the_verdict_on_its_pack():
    report, told = slowly(trainer_of(SMALL.replace(packing=4)), 1)
    sample, judged = of(told.moments, "d", "sample"), of(told.moments, "d", "judge")
    assert len(sample["real"]) == len(judged["real"]) == len(judged["fake"]) == 16
    for start in range(0, 16, 4):
        assert len(set(judged["real"][start : start + 4])) == 1
    assert len(set(judged["real"])) == 4
    assert judged["mean_real"] == pytest.approx(report.d_real, rel=1e-3)
    assert of(told.moments, "d", "move")["mean_real_after"] > judged["mean_real"]


def test_it_is_json_and_bounded():
    config = SMALL.replace(batch_size=1024, latent_dim=16, width=128, discriminator_steps=20)
    _, told = slowly(trainer_of(config), 1)
    text = json.dumps(told.moments, allow_nan=False)
    assert len(text) < 60_000
    assert len(of(told.moments, "d", "generate")["fake"]) == MOST_ROWS


def test_fakes_that_waited_for_g_come_without_their_noise():
    trainer = trainer_of(SMALL.replace(discriminator_steps=0))
    trainer.step_discriminator()
    _, told = slowly(trainer, 1)
    assert "noise" not in of(told.moments, "g", "generate")
    assert "fake_after" not in of(told.moments, "g", "move")
