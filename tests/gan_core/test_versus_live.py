"""The duel: both sides trained in turn, and what is told of it on the way and at the end."""

from __future__ import annotations

import io
import math
from collections.abc import Generator
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core.config import SettingError, TrainConfig
from gan_core.data import ImageSet
from gan_core.data.images import EMBEDDED, embedded_digits
from gan_core.engine import Step
from gan_core.metrics.evaluate import RealPictures, real_pictures
from gan_core.pictures import to_grey
from gan_core.trainer import Trainer
from gan_core.vae import Bound, VaeTrainer, bound
from gan_core.versus import live
from gan_core.versus.live import Duel, DuelResult, DuelSettings
from gan_core.versus.recipe import RECIPE
from gan_core.versus.table import Referee

TINY = TrainConfig(dataset=EMBEDDED, model="dcgan", latent_dim=3, batch_size=4, ema_decay=0.9)
SETTINGS = DuelSettings(TINY, sigma=0.7, iterations=6)
FEW = {"count": 40, "rebuilt": 5, "search_steps": 3}


def prepared(settings: DuelSettings = SETTINGS) -> Duel:
    duel = Duel(settings, **FEW)
    duel.prepare()
    return duel


def played(steps: Generator[Step, None, DuelResult]) -> tuple[list[Step], DuelResult]:
    """All steps, and what they came to."""
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return seen, end.value


@pytest.fixture(scope="module")
def duel() -> tuple[list[Step], DuelResult]:
    return played(prepared().steps())


@pytest.fixture(scope="module")
def sides() -> tuple[Trainer, VaeTrainer]:
    """Each side trained alone, by its own trainer."""
    images = embedded_digits().images
    gan, vae = Trainer(TINY, images), VaeTrainer(TINY, images, 0.7)
    for _ in range(6):
        gan.step()
        vae.step()
    return gan, vae


def picture(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


# Training -----------------------------------------------------------------------------------


def test_each_step_tells_what_both_trainers_measured(duel):
    images = embedded_digits().images
    gan, vae = Trainer(TINY, images), VaeTrainer(TINY, images, 0.7)
    for step in duel[0][:6]:
        game, lower = gan.step(), vae.step()
        assert step.values == {
            "d_loss": game.d_loss,
            "g_loss": game.g_loss,
            "elbo": lower.elbo,
            "reconstruction": lower.reconstruction,
            "kl": lower.kl,
        }


def test_elbo_is_its_two_terms(duel):
    for step in duel[0][:6]:
        told = step.values
        assert told["elbo"] == pytest.approx(told["reconstruction"] - told["kl"], rel=1e-6)


def test_resting_changes_nothing(duel):
    """Between two steps another duel is played, and the process's numbers are drawn from."""
    steps, other = prepared().steps(), prepared(replace(SETTINGS, sigma=1.5)).steps()
    rested = []
    while True:
        try:
            rested.append(next(steps))
        except StopIteration as end:
            result = end.value
            break
        torch.rand(3)
        next(other, None)
    assert rested == duel[0]
    assert result == duel[1]


def test_steps_count_up_to_a_total_that_is_known_from_the_first(duel):
    steps = duel[0]
    assert {step.total for step in steps} == {steps[-1].total}
    assert [step.done for step in steps[:-1]] == list(range(1, steps[-1].total + 1))
    assert steps[-1].done == steps[-1].total
    stages = [step.stage for step in steps]
    assert list(dict.fromkeys(stages)) == ["train", "search", "score"]
    assert stages.count("train") == 6


def test_no_step_leaves_gradients_switched_off(duel):
    """A worker serves all: what it calls next may need them."""
    assert duel
    for _ in prepared(replace(SETTINGS, iterations=1)).steps():
        assert torch.is_grad_enabled()


# Pictures -----------------------------------------------------------------------------------


ITERATIONS = 2 * live.EVERY + 3


def test_pictures_come_early_and_then_at_every_so_many_iterations():
    steps = prepared(replace(SETTINGS, iterations=ITERATIONS)).steps()
    shown = [step.done for step in (next(steps) for _ in range(ITERATIONS)) if step.pictures]
    assert shown == [*live.EARLY, live.EVERY, 2 * live.EVERY, ITERATIONS]


def test_pictures_are_the_samples_of_both_sides(duel, sides):
    gan, vae = sides
    last = duel[0][5].pictures
    for side, trainer in (("gan", gan), ("vae", vae)):
        shown = picture(last[side])
        assert shown.shape == (8 * 56, 8 * 56)
        first = to_grey(trainer.sample(64))[0].repeat(2, 0).repeat(2, 1)
        assert np.array_equal(shown[:56, :56], first)
    assert duel[0][0].pictures.keys() == {"real", "gan", "vae", "rebuilt"}
    assert all("real" not in step.pictures for step in duel[0][1:])


def test_rebuilt_pictures_stand_below_the_real_ones(duel, sides):
    targets = real_pictures(EMBEDDED, 40).reference[:5]
    shown = picture(duel[0][5].pictures["rebuilt"])
    assert shown.shape == (2 * 56, 5 * 56)
    assert np.array_equal(shown[:56:2, :56:2], to_grey(targets)[0])
    made = to_grey(sides[1].reconstruct(targets))
    assert np.array_equal(shown[56::2, 2 * 56 :: 2][:, :28], made[2])
    at_the_end = picture(duel[0][-1].pictures["rebuilt"])
    assert at_the_end.shape == (3 * 56, 5 * 56)
    assert np.array_equal(at_the_end[: 2 * 56], shown)


# The end ------------------------------------------------------------------------------------


def test_the_table_is_the_referees(duel, sides):
    gan, vae = sides
    assert gan.average is not None
    referee = Referee(real_pictures(EMBEDDED, 40), rebuilt=5, steps=3)
    result = duel[1]
    assert result.gan == referee.gan(gan.average)
    assert result.vae == referee.vae(vae.average)
    assert result.real == referee.real()
    assert (result.count, result.rebuilt) == (40, 5)
    assert (result.key, result.fallback) == (EMBEDDED, "")
    assert result.settings == SETTINGS


def test_the_bound_is_that_of_the_vae_on_test_pictures(duel, sides):
    test_pictures = real_pictures(EMBEDDED, 40).reference
    assert duel[1].bound == bound(sides[1].average, test_pictures)
    assert len(duel[1].bound.kl_per_dimension) == 3


def test_a_coordinate_counts_as_used_from_a_tenth_of_a_nat_on(duel):
    told = replace(duel[1], bound=Bound(-700.0, (0.0, 0.0999, 0.1, 2.0)))
    assert told.used == 2


def test_without_an_average_the_trained_networks_are_measured():
    config = TINY.replace(ema_decay=0.0)
    _, result = played(prepared(DuelSettings(config, 0.7, 2)).steps())
    gan = Trainer(config, embedded_digits().images)
    for _ in range(2):
        gan.step()
    referee = Referee(real_pictures(EMBEDDED, 40), rebuilt=5, steps=3)
    assert result.gan == referee.gan(gan.generator.eval())
    assert all(math.isfinite(value) for value in asdict(result.vae).values())


def test_more_pictures_are_not_rebuilt_than_there_are(monkeypatch):
    images = embedded_digits().images
    few = RealPictures(EMBEDDED, images[:8], images[8:16], None)
    monkeypatch.setattr(live, "real_pictures", lambda _key, _count: few)
    _, result = played(prepared(replace(SETTINGS, iterations=1)).steps())
    assert (result.count, result.rebuilt) == (8, 5)
    monkeypatch.setattr(live, "REBUILT", 20)
    duel = Duel(replace(SETTINGS, iterations=1), count=8, search_steps=1)
    duel.prepare()
    assert played(duel.steps())[1].rebuilt == 8


@pytest.mark.parametrize("reason", ["no_network", "damaged"])
def test_other_data_than_asked_for_are_said_at_once(monkeypatch, reason):
    digits = embedded_digits()
    found = ImageSet(EMBEDDED, digits.images, digits.labels, reason)
    monkeypatch.setattr(live, "load_images", lambda _key: found)
    monkeypatch.setattr(live, "real_pictures", lambda _key, count: real_pictures(EMBEDDED, count))
    settings = DuelSettings(TINY.replace(dataset="mnist"), iterations=1)
    steps, result = played(prepared(settings).steps())
    assert steps[0].stage == f"train_{reason}"
    assert (result.key, result.fallback) == (EMBEDDED, reason)


# Settings -----------------------------------------------------------------------------------


def test_by_default_a_duel_has_the_recipe_of_the_table():
    assert DuelSettings().config == RECIPE


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"sigma": 0.01}, "sigma"),
        ({"sigma": 2.5}, "sigma"),
        ({"sigma": math.nan}, "sigma"),
        ({"iterations": 0}, "iterations"),
        ({"iterations": 20_001}, "iterations"),
        ({"iterations": 1.5}, "iterations"),
        ({"config": RECIPE.replace(noise="uniform")}, "noise"),
        ({"config": RECIPE.replace(conditional="on")}, "conditional"),
    ],
)
def test_a_setting_out_of_range_is_named(changes, name):
    with pytest.raises(SettingError, match=f"^{name} must be") as caught:
        DuelSettings(**changes)
    assert caught.value.name == name
