"""DiffAugment: by hand, differentiable, alike for both kinds, and nothing at all when off."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_core import checkpoint
from gan_core.config import MODEL_KEYS, POINT_MODEL, OnlyPictures, TrainConfig
from gan_core.data import embedded_digits
from gan_core.diff_augment import BLACK, augmented, covered, moved
from gan_core.losses import LOSSES
from gan_core.penalties import PENALTIES
from gan_core.trainer import Trainer

EVERY_MODEL = pytest.mark.parametrize("model", MODEL_KEYS)
STEPS = pytest.mark.parametrize("step", [moved, covered, augmented])
SIDE, FURTHEST = 28, 4  # an eighth of 28, rounded
COMBINED: dict[str, dict[str, Any]] = {
    "alone": {},
    "packs_and_noise": {"packing": 2, "instance_noise": 0.3},
    "penalties": {"r1": 0.1, "r2": 0.1, "gradient_penalty": 1.0},
    "unrolled": {"unrolled_steps": 2, "loss": "relativistic"},
    "company": {"minibatch_stddev": "on", "batch_norm": "on"},
    "classes": {"conditional": "on"},
}
EVERY_COMBINATION = pytest.mark.parametrize("combined", COMBINED)


def random_of(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(count: int = 6, channels: int = 1, height: int = SIDE, width: int = SIDE) -> Tensor:
    """Return pictures without two pixels alike, in float64."""
    shape = (count, channels, height, width)
    return torch.rand(shape, generator=random_of(9), dtype=torch.float64) * 2 - 1


def made(**changes: Any) -> Trainer:
    config = TrainConfig(latent_dim=3, batch_size=8, ema_decay=0.9, diff_augment="on")
    digits = embedded_digits()
    return Trainer(config.replace(**changes), digits.images[:24], digits.labels[:24])


def after(trainer: Trainer, steps: int) -> Trainer:
    for _ in trainer.run(steps):
        pass
    return trainer


def what_d_sees(trainer: Trainer) -> list[Tensor]:
    seen: list[Tensor] = []
    trainer.discriminator.register_forward_pre_hook(lambda _module, x: seen.append(x[0].detach()))
    return seen


# By hand ----------------------------------------------------------------------------------


def shifted_by_hand(picture: Tensor, down: int, right: int) -> Tensor:
    """Return what stands ``down`` rows lower and ``right`` columns further right, else black."""
    height, width = picture.shape[1:]
    result = torch.full_like(picture, -1.0)
    for row in range(height):
        for column in range(width):
            if 0 <= row - down < height and 0 <= column - right < width:
                result[:, row, column] = picture[:, row - down, column - right]
    return result


def shift_of(before: Tensor, after_it: Tensor, down: int, right: int) -> tuple[int, int] | None:
    """Find by how much one picture was moved, trying everything up to so far."""
    for rows in range(-down, down + 1):
        for columns in range(-right, right + 1):
            if torch.equal(shifted_by_hand(before, rows, columns), after_it):
                return rows, columns
    return None


@pytest.mark.parametrize(
    ("height", "width", "down", "right"), [(28, 28, 4, 4), (8, 8, 1, 1), (16, 40, 2, 5)]
)
def test_a_picture_is_moved_by_whole_pixels_and_black_moves_in(height, width, down, right):
    pictures = noise(12, 2, height, width)
    found = [
        shift_of(*pair, down, right)
        for pair in zip(pictures, moved(pictures, random_of(1)), strict=True)
    ]
    assert None not in found
    assert len(set(found)) > 3  # each its own


def test_every_shift_is_as_likely_as_every_other():
    pixel = torch.full((40_500, 1, SIDE, SIDE), BLACK)
    pixel[:, 0, 14, 14] = 1
    places = moved(pixel, random_of(2)).flatten(1).argmax(1)
    down, right = places // SIDE - 14, places % SIDE - 14
    assert (down.abs().max(), right.abs().max()) == (FURTHEST, FURTHEST)
    of_each = torch.bincount((down + 4) * 9 + right + 4, minlength=81)
    # 500 of each are expected, with a deviation of √(500 · 80/81) = 22.2: five of them.
    assert (of_each - 500).abs().max() < 111


def test_a_digit_in_its_frame_is_moved_as_a_whole():
    digits = embedded_digits().images[:50]
    assert (digits[:, :, :FURTHEST] == BLACK).all()  # four rows and columns of frame
    before, now = ((each + 1).sum((1, 2, 3)) for each in (digits, moved(digits, random_of())))
    torch.testing.assert_close(now, before)


def test_the_hole_is_a_rectangle_of_half_the_side_around_any_pixel():
    pictures = torch.ones(8000, 1, SIDE, SIDE)
    black = (covered(pictures, random_of(3)) == BLACK)[:, 0]
    rows, columns = black.any(2), black.any(1)
    assert torch.equal(black, rows[:, :, None] & columns[:, None, :])
    for lines in (rows, columns):
        first = lines.int().argmax(1)
        last = SIDE - 1 - lines.flip(1).int().argmax(1)
        assert torch.equal(lines.sum(1), last - first + 1)  # in one piece
        # The middle m is uniform on 0 to 27 and the hole m - 7 to m + 6, cut at the edges.
        by_hand = torch.tensor(
            [sum(m - 7 <= line <= m + 6 for m in range(SIDE)) / SIDE for line in range(SIDE)]
        )
        assert (lines.float().mean(0) - by_hand).abs().max() < 0.03  # five deviations
        assert (lines.sum(1).min(), lines.sum(1).max()) == (7, 14)
    assert (rows.float().argmax(1) != columns.float().argmax(1)).any()


def test_what_is_not_covered_stays_as_it_is():
    pictures = noise()
    now = covered(pictures, random_of(4))
    assert ((now == pictures) | (now == BLACK)).all()
    assert (now == pictures).any((1, 2, 3)).all()


@STEPS
def test_channels_of_a_picture_are_augmented_alike(step):
    pictures = noise(8).repeat(1, 3, 1, 1)
    now = step(pictures, random_of(5))
    assert torch.equal(now[:, :1].expand_as(now), now)


@STEPS
def test_the_same_random_numbers_give_the_same_pictures(step):
    pictures = noise()
    before = pictures.clone()
    shared = torch.get_rng_state()
    assert torch.equal(step(pictures, random_of(6)), step(pictures, random_of(6)))
    assert not torch.equal(step(pictures, random_of(6)), step(pictures, random_of(7)))
    assert torch.equal(pictures, before)
    assert torch.equal(torch.get_rng_state(), shared)


# Differentiable ---------------------------------------------------------------------------


@STEPS
def test_the_gradient_is_that_of_the_pixels_that_are_left(step):
    """A pixel that D still sees, anywhere, has the weight that D gives to that place."""
    pictures = noise().requires_grad_()
    weights = noise(6).flip(3)
    now = step(pictures, random_of(8))
    (gradient,) = torch.autograd.grad((now * weights).sum(), pictures)
    for picture, shown, weight, slope in zip(pictures, now, weights, gradient, strict=True):
        by_hand = torch.zeros_like(picture)
        where = {value.item(): place for place, value in enumerate(shown.flatten())}
        for place, value in enumerate(picture.flatten()):
            if value.item() in where:
                by_hand.view(-1)[place] = weight.flatten()[where[value.item()]]
        assert torch.equal(slope, by_hand)
        assert slope.abs().sum() > 0


@STEPS
def test_autograd_agrees_with_finite_differences(step):
    pictures = noise(2, 1, 8, 8).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: step(x, random_of(1)), pictures)
    assert torch.autograd.gradgradcheck(lambda x: step(x, random_of(1)).square(), pictures)


# In training ------------------------------------------------------------------------------


@EVERY_MODEL
def test_d_sees_either_kind_augmented_in_both_moves(model):
    trainer = made(model=model, dropout=0.0)
    seen = what_d_sees(trainer)
    trainer.step_discriminator()
    real, fake = trainer._batches.last(), trainer._fake.detach()
    at = trainer.random.get_state()
    trainer.step_generator()
    of_d, of_g = seen
    assert not torch.equal(of_d[:8], real)
    assert not torch.equal(of_d[8:], fake)
    # G's move draws anew, from the trainer's own random numbers.
    assert torch.equal(of_g, augmented(fake, random_of().set_state(at)))
    assert not torch.equal(of_g, of_d[8:])


def test_real_and_generated_pictures_are_augmented_alike_on_average():
    """The same pictures shown as either kind: what D sees of both has one distribution."""
    trainer = made(batch_size=512)
    digit = embedded_digits().images[:1].expand(20_000, -1, -1, -1)
    real, fake = trainer._shown(digit), trainer._shown(digit)
    assert not torch.equal(real, fake)
    spread = (real.var(0) / 20_000 * 2).sqrt()
    # Of 784 pixels none is six deviations off.
    assert ((real.mean(0) - fake.mean(0)).abs() <= 6 * spread + 1e-6).all()
    # A one-sided augmentation would be found: the digit as it is lies far outside.
    assert ((real.mean(0) - digit[0]).abs() > 6 * spread + 1e-6).any()


def test_g_learns_through_the_augmentation():
    trainer = made(dropout=0.0)
    trainer.step_discriminator()
    random = random_of().set_state(trainer.random.get_state())
    z = trainer._noise
    fake = trainer.generator(z)
    loss = trainer.loss.generator(real=None, fake=trainer.discriminator(augmented(fake, random)))
    by_hand = torch.autograd.grad(loss.mean(), list(trainer.generator.parameters()))
    trainer.step_generator()
    for weight, gradient in zip(trainer.generator.parameters(), by_hand, strict=True):
        torch.testing.assert_close(weight.grad, gradient)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_penalties_are_taken_at_what_d_is_shown(penalty):
    trainer = made(dropout=0.0, **{penalty: 1.0})
    judged = []
    kept = trainer._judge
    trainer._judge = lambda *args, **more: judged.append(kept(*args, **more)) or judged[-1]
    seen = what_d_sees(trainer)
    trainer.step_discriminator()
    assert torch.equal(torch.cat([judged[0].real, judged[0].fake]), seen[0])
    assert not torch.equal(judged[0].real, trainer._batches.last())


@EVERY_MODEL
@EVERY_COMBINATION
def test_a_run_goes_on_bit_for_bit(model, combined, assert_same):
    trainer = after(made(model=model, **COMBINED[combined]), 2)
    trainer.step_discriminator()
    saved = checkpoint.from_bytes(checkpoint.to_bytes(trainer.config, trainer.state_dict()))
    resumed = made(**saved.config.to_dict())
    resumed.load_state_dict(saved.state)
    for one in (trainer, resumed):
        one.step_generator()
        one.step_generator()
        one.step()
    assert_same(resumed.state_dict(), trainer.state_dict())


@EVERY_COMBINATION
def test_looking_changes_nothing(combined, assert_same):
    looked, plain = made(**COMBINED[combined]), made(**COMBINED[combined])
    for _ in range(2):
        looked.sample(3)
        looked.step(lambda _moment: None)
        looked.sample(3)
        plain.step()
    assert_same(looked.state_dict(), plain.state_dict())


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_takes_it(loss):
    report = made(loss=loss).step()
    assert all(abs(value) < 1e6 for value in (report.d_loss, report.g_loss))


@EVERY_MODEL
def test_off_nothing_is_drawn_and_nothing_changes(model, monkeypatch, assert_same):
    def not_called(*_args: object) -> Tensor:
        raise AssertionError("augmented, though it is off")

    monkeypatch.setattr("gan_core.trainer.augmented", not_called)
    trainer = made(model=model, diff_augment="off", dropout=0.0)
    seen = what_d_sees(trainer)
    trainer.step_discriminator()
    assert torch.equal(seen[0], torch.cat([trainer._batches.last(), trainer._fake.detach()]))
    settings = trainer.config.to_dict()
    del settings["diff_augment"]  # as in a file from before there was this setting
    old = TrainConfig.from_dict(json.loads(json.dumps(settings)))
    assert old == trainer.config
    resumed = made(**old.to_dict())
    resumed.load_state_dict(trainer.state_dict())
    assert_same(after(resumed, 2).state_dict(), after(trainer, 2).state_dict())


def test_it_is_off_at_first_and_points_cannot_have_it():
    assert TrainConfig().diff_augment == "off"
    with pytest.raises(OnlyPictures, match="diff_augment must be off where the model makes points"):
        TrainConfig(model=POINT_MODEL, diff_augment="on")
