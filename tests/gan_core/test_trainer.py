"""The game: what a move changes, what it leaves alone, and what it equals."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from gan_core.config import PRESETS, TrainConfig
from gan_core.data import load_images
from gan_core.losses import LOSSES
from gan_core.models import Dropout
from gan_core.penalties import PENALTIES, slopes
from gan_core.trainer import StepReport, Trainer, TrainingDiverged

# Every loss, and everything that bounds D's slope, each in a recipe of its own.
RECIPES = {key: {"loss": key} for key in LOSSES} | {
    **{key: {key: 0.5} for key in (*PENALTIES, "weight_clip")},
    "spectral_norm": {"spectral_norm": "on"},
}


def trained(config: TrainConfig, pictures: Tensor, iterations: int) -> Trainer:
    trainer = Trainer(config, pictures)
    for _ in trainer.run(iterations):
        pass
    return trainer


def weights(module: nn.Module) -> list[Tensor]:
    return [weight.detach().clone() for weight in module.parameters()]


def equal(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def counted(count: int) -> Tensor:
    """Return pictures that tell their number: the first has grey 0, the next 1/count, …"""
    greys = torch.arange(count, dtype=torch.float32) / count
    return greys.view(-1, 1, 1, 1).expand(-1, 1, 28, 28).contiguous()


def record_real(trainer: Trainer) -> list[Tensor]:
    """Note the first half of whatever D judges in a D-move: the real pictures."""
    seen: list[Tensor] = []
    size = trainer.config.batch_size

    def note(_module: nn.Module, arguments: tuple[Tensor]) -> None:
        if len(arguments[0]) > size:
            seen.append(arguments[0][:-size].clone())

    trainer.discriminator.register_forward_pre_hook(note)
    return seen


# Invariants -----------------------------------------------------------------------


def test_pausing_changes_nothing(tiny, pictures, assert_same):
    paused = trained(tiny, pictures, 3)
    for _ in paused.run(4):
        pass
    assert_same(paused.state_dict(), trained(tiny, pictures, 7).state_dict())


def test_leaving_a_run_early_changes_nothing(tiny, pictures, assert_same):
    trainer = Trainer(tiny, pictures)
    for report in trainer.run(100):
        if report.iteration == 3:
            break
    assert_same(trainer.state_dict(), trained(tiny, pictures, 3).state_dict())


@pytest.mark.parametrize("recipe", RECIPES)
def test_looking_changes_nothing(tiny, pictures, assert_same, recipe):
    tiny = tiny.replace(**RECIPES[recipe])
    watched = Trainer(tiny, pictures)
    for _ in range(3):
        watched.step_discriminator()
        _look(watched)
        watched.step_generator()
        _look(watched)
    plain = Trainer(tiny, pictures)
    for _ in range(3):
        plain.step_discriminator()
        plain.step_generator()
    assert_same(watched.state_dict(), plain.state_dict())


def _look(trainer: Trainer) -> None:
    trainer.sample(5, seed=3)
    trainer.generate(trainer.noise(2))
    trainer.state_dict()
    assert trainer.epoch > 0


def test_a_state_does_not_change_when_training_goes_on(tiny, pictures, assert_same):
    trainer = trained(tiny, pictures, 1)
    state = trainer.state_dict()
    before = {key: value.clone() for key, value in state.items()}
    trainer.step()
    assert_same(state, before)


def test_two_sessions_do_not_share_randomness(tiny, pictures, assert_same):
    one, other = Trainer(tiny, pictures), Trainer(tiny.replace(seed=1), pictures)
    for _ in range(3):
        one.step()
        other.step()
    assert_same(one.state_dict(), trained(tiny, pictures, 3).state_dict())
    assert_same(other.state_dict(), trained(tiny.replace(seed=1), pictures, 3).state_dict())


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_shared_random_numbers_are_left_alone(tiny, pictures, recipe):
    before = torch.get_rng_state()
    trained(tiny.replace(**RECIPES[recipe]), pictures, 2).sample(3)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_shared_random_numbers_have_no_influence(tiny, pictures, assert_same):
    torch.manual_seed(1)
    one = trained(tiny, pictures, 2).state_dict()
    torch.manual_seed(2)
    assert_same(one, trained(tiny, pictures, 2).state_dict())


def test_discriminator_move_leaves_generator_alone(tiny, pictures):
    trainer = Trainer(tiny, pictures)
    generator, discriminator = weights(trainer.generator), weights(trainer.discriminator)
    trainer.step_discriminator()
    assert equal(weights(trainer.generator), generator)
    assert not equal(weights(trainer.discriminator), discriminator)


@pytest.mark.parametrize("recipe", RECIPES)
def test_generator_move_leaves_discriminator_alone(tiny, pictures, assert_same, recipe):
    trainer = Trainer(tiny.replace(**RECIPES[recipe]), pictures)
    trainer.step_discriminator()
    generator = weights(trainer.generator)
    before = {name: value.clone() for name, value in trainer.discriminator.state_dict().items()}
    trainer.step_generator()
    assert_same(trainer.discriminator.state_dict(), before)
    assert not equal(weights(trainer.generator), generator)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_generator_move_gathers_no_gradient_for_the_discriminator(tiny, pictures, loss):
    trainer = Trainer(tiny.replace(loss=loss), pictures)
    trainer.step_generator()
    assert all(weight.grad is None for weight in trainer.discriminator.parameters())


def test_a_move_each_by_hand_equals_one_step(tiny, pictures, assert_same):
    by_hand, at_once = Trainer(tiny, pictures), Trainer(tiny, pictures)
    for _ in range(3):
        by_hand.step_discriminator()
        by_hand.step_generator()
        at_once.step()
    one, other = by_hand.state_dict(), at_once.state_dict()
    # The clock counts half moves as iterations; everything else is the same.
    assert one.pop("clock").tolist() == [6, 3, 3, *other.pop("clock").tolist()[3:]]
    assert_same(one, other)


def test_several_discriminator_moves_by_hand_equal_one_step(tiny, pictures, assert_same):
    by_hand, at_once = (Trainer(tiny.replace(discriminator_steps=3), pictures) for _ in range(2))
    for _ in range(3):
        by_hand.step_discriminator()
    by_hand.step_generator()
    at_once.step()
    one, other = by_hand.state_dict(), at_once.state_dict()
    del one["clock"], other["clock"]
    assert_same(one, other)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_the_discriminator_moves_as_often_as_the_recipe_says(tiny, pictures, steps):
    trainer = trained(tiny.replace(discriminator_steps=steps), pictures, 3)
    assert (trainer.discriminator_moves, trainer.generator_moves) == (3 * steps, 3)


def test_the_generator_may_move_twice_in_a_row(tiny, pictures):
    trainer = Trainer(tiny, pictures)
    trainer.step_generator()
    before = weights(trainer.generator)
    trainer.step_generator()
    assert not equal(weights(trainer.generator), before)


def test_the_same_seed_gives_the_same_run(tiny, pictures, assert_same):
    one, other = (trained(tiny, pictures, 3).state_dict() for _ in range(2))
    assert_same(one, other)


def test_another_seed_gives_another_run(tiny, pictures):
    one, other = (trained(tiny.replace(seed=seed), pictures, 1) for seed in (0, 1))
    assert not equal(weights(one.generator), weights(other.generator))


@pytest.mark.parametrize("key", PRESETS)
def test_every_preset_makes_a_finite_step(key, pictures):
    report = Trainer(PRESETS[key].replace(batch_size=4), pictures).step()
    assert math.isfinite(report.d_loss)
    assert math.isfinite(report.g_loss)


def test_training_does_not_change_the_data(tiny, pictures):
    before = pictures.clone()
    trained(tiny, pictures, 2)
    assert torch.equal(pictures, before)


# The same losses as the tutorial loop ------------------------------------------------


class Replay(nn.Module):
    """Dropout with masks that were drawn elsewhere, in their order."""

    def __init__(self, masks: deque[Tensor]) -> None:
        super().__init__()
        self.masks = masks

    def forward(self, x: Tensor) -> Tensor:
        return x * self.masks.popleft()


@dataclass
class Tutorial:
    """The loop as the tutorials write it: BCELoss after Sigmoid, plain Adam, separate passes."""

    generator: nn.Module
    discriminator: nn.Module
    masks: deque[Tensor]
    generator_adam: torch.optim.Optimizer
    discriminator_adam: torch.optim.Optimizer
    loss: str

    def step(self, real: Tensor, noise: Tensor) -> tuple[float, float]:
        bce = nn.BCELoss()
        ones, zeros = torch.ones(len(real), 1), torch.zeros(len(real), 1)
        flat = real.view(len(real), -1)

        fake = self.generator(noise)
        on_real = bce(self.discriminator(flat), ones)
        d_loss = on_real + bce(self.discriminator(fake.detach()), zeros)
        self.discriminator_adam.zero_grad()
        d_loss.backward()
        self.discriminator_adam.step()

        judged = self.discriminator(fake)
        g_loss = -bce(judged, zeros) if self.loss == "minimax" else bce(judged, ones)
        self.generator_adam.zero_grad()
        g_loss.backward()
        self.generator_adam.step()
        return d_loss.item(), g_loss.item()


def tutorial_with_the_weights_of(trainer: Trainer) -> Tutorial:
    """Build the tutorial's pair and let it start where ``trainer`` starts."""
    masks: deque[Tensor] = deque()

    def leaky() -> nn.Module:
        return nn.LeakyReLU(0.2)

    generator = nn.Sequential(
        *(nn.Linear(100, 256), leaky(), nn.Linear(256, 512), leaky()),
        *(nn.Linear(512, 1024), leaky(), nn.Linear(1024, 784), nn.Tanh()),
    )
    discriminator = nn.Sequential(
        *(nn.Linear(784, 1024), leaky(), Replay(masks), nn.Linear(1024, 512), leaky()),
        *(Replay(masks), nn.Linear(512, 256), leaky(), Replay(masks), nn.Linear(256, 1)),
        nn.Sigmoid(),
    )
    with torch.no_grad():
        for ours, theirs in (
            (trainer.generator, generator),
            (trainer.discriminator, discriminator),
        ):
            for source, target in zip(ours.parameters(), theirs.parameters(), strict=True):
                target.copy_(source)
    config = trainer.config
    betas = (config.beta1, config.beta2)
    return Tutorial(
        generator,
        discriminator,
        masks,
        torch.optim.Adam(generator.parameters(), lr=config.generator_lr, betas=betas),
        torch.optim.Adam(discriminator.parameters(), lr=config.discriminator_lr, betas=betas),
        config.loss,
    )


@pytest.fixture
def recorded_masks(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """Return the list into which every dropout mask goes as it is drawn."""
    drawn: list[Tensor] = []
    draw: Callable[[Dropout, Tensor], Tensor] = Dropout.mask

    def record(layer: Dropout, x: Tensor) -> Tensor:
        drawn.append(draw(layer, x))
        return drawn[-1]

    monkeypatch.setattr(Dropout, "mask", record)
    return drawn


def in_the_tutorials_order(drawn: list[Tensor], size: int) -> list[Tensor]:
    """Cut the masks of the shared pass in two: real pictures first, then fakes, then G's move."""
    shared, generator_move = drawn[:3], drawn[3:]
    return [m[:size] for m in shared] + [m[size:] for m in shared] + generator_move


@pytest.mark.parametrize("loss", ["non_saturating", "minimax"])
def test_the_losses_are_those_of_the_tutorial_loop(loss, recorded_masks):
    trainer = Trainer(TrainConfig(loss=loss), load_images("digits").images)
    tutorial = tutorial_with_the_weights_of(trainer)
    real, noise = record_real(trainer), []
    trainer.generator.register_forward_pre_hook(lambda _module, z: noise.append(z[0].clone()))
    for report in trainer.run(6):
        tutorial.masks.extend(in_the_tutorials_order(recorded_masks, 64))
        recorded_masks.clear()
        expected = tutorial.step(real[-1], noise[-1])
        assert (report.d_loss, report.g_loss) == pytest.approx(expected, abs=1e-5)
        assert not tutorial.masks
    assert len(real) == len(noise) == 6


# Losses and bounds --------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_trains_as_its_authors_did_and_d_learns(tiny, loss):
    recipe = {"batch_size": 8, **LOSSES[loss].recommended, "discriminator_steps": 1}
    trainer = Trainer(tiny.replace(loss=loss, **recipe), load_images("digits").images)
    for report in trainer.run(30):
        assert all(map(math.isfinite, (report.d_loss, report.g_loss, *report.d_terms)))
        assert all(map(math.isfinite, (report.d_grad_norm, report.g_grad_norm)))
    trainer = Trainer(trainer.config.replace(discriminator_lr=1e-3), trainer.data)
    paid = [trainer.step_discriminator().d_loss for _ in range(30)]
    assert sum(paid[-5:]) < sum(paid[:5])


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_terms_are_those_of_the_loss_and_then_the_penalties(tiny, pictures, recipe):
    trainer = Trainer(tiny.replace(**RECIPES[recipe]), pictures)
    report = trainer.step()
    assert len(report.d_terms) == trainer.loss.terms + len(trainer.penalties)
    assert sum(report.d_terms) == pytest.approx(report.d_loss, rel=1e-5, abs=1e-6)


def test_each_penalty_is_added_with_its_weight_in_one_order(tiny, pictures):
    """With weights so far apart, each number can only belong to its own penalty."""
    tiny = tiny.replace(dropout=0, batch_size=8)
    recipe = tiny.replace(gradient_penalty=1.0, r2=100.0, r1=0.01)
    terms = Trainer(recipe, pictures).step().d_terms[2:]
    alone = [
        Trainer(tiny.replace(**{key: getattr(recipe, key)}), pictures).step().d_terms[2]
        for key in ("r1", "r2", "gradient_penalty")
    ]
    assert terms == pytest.approx(alone, rel=1e-5)


def test_a_penalty_changes_where_d_goes_and_not_where_it_starts(tiny, pictures):
    plain, penalised = (Trainer(tiny.replace(r1=r1), pictures) for r1 in (0.0, 10.0))
    assert equal(weights(plain.discriminator), weights(penalised.discriminator))
    first, second = plain.step_discriminator(), penalised.step_discriminator()
    assert first.d_terms == second.d_terms[:2]
    assert not equal(weights(plain.discriminator), weights(penalised.discriminator))


@pytest.mark.parametrize("recipe", [{"r1": 100.0}, {"r2": 100.0}, {"weight_clip": 0.001}])
def test_a_bound_makes_d_flatter(tiny, pictures, recipe):
    tiny = tiny.replace(dropout=0, batch_size=8, discriminator_lr=2e-3)

    def slope(config: TrainConfig) -> float:
        trainer = trained(config, pictures, 30)
        return slopes(trainer.discriminator, pictures).norm(dim=1).mean().item()

    assert slope(tiny.replace(**recipe)) < 0.5 * slope(tiny)


def test_without_penalties_d_makes_one_pass_a_move(tiny, pictures):
    trainer, passes = Trainer(tiny, pictures), []
    trainer.discriminator.register_forward_hook(lambda *_: passes.append(1))
    trainer.step_discriminator()
    assert len(passes) == 1
    trainer.step_generator()
    assert len(passes) == 2


def test_clipping_holds_every_weight_of_d_after_each_move(tiny, pictures):
    trainer = Trainer(tiny.replace(weight_clip=0.005), pictures)
    for _ in range(3):
        trainer.step()
        largest = max(weight.abs().max().item() for weight in trainer.discriminator.parameters())
        assert largest == pytest.approx(0.005)
    assert max(weight.abs().max() for weight in trainer.generator.parameters()) > 0.005


@pytest.mark.parametrize("moves", [1, 2])
def test_the_relativistic_generator_is_paired_with_the_pictures_d_saw_last(tiny, pictures, moves):
    trainer = Trainer(tiny.replace(loss="relativistic", dropout=0), pictures)
    seen, judged = record_real(trainer), []
    for _ in range(moves):
        trainer.step_discriminator()
    trainer.discriminator.register_forward_hook(lambda _module, _x, y: judged.append(y.detach()))
    epoch = trainer.epoch
    report = trainer.step_generator()
    on_fake, on_real = judged
    assert torch.equal(on_real, trainer.discriminator(seen[-1]).detach())
    by_hand = torch.log(1 + torch.exp(on_real - on_fake)).mean().item()
    assert report.g_loss == pytest.approx(by_hand, rel=1e-5)
    assert trainer.epoch == epoch


def test_the_relativistic_generator_may_move_first(tiny, pictures):
    trainer = Trainer(tiny.replace(loss="relativistic", dropout=0), pictures)
    seen = record_real(trainer)
    assert math.isfinite(trainer.step_generator().g_loss)
    paired = trainer._batches.last()
    trainer.step_discriminator()
    assert torch.equal(seen[0], paired)


@pytest.mark.parametrize("recipe", [{"loss": "relativistic"}, {"gradient_penalty": 1.0}])
@pytest.mark.parametrize("count", [2, 5])
def test_pairs_need_no_full_batch_of_data(tiny, pictures, recipe, count):
    report = Trainer(tiny.replace(batch_size=8, **recipe), pictures[:count]).step()
    assert math.isfinite(report.d_loss + report.g_loss)


# Reports --------------------------------------------------------------------------


def test_a_report_counts_from_one(tiny, pictures):
    assert [report.iteration for report in Trainer(tiny, pictures).run(3)] == [1, 2, 3]


def test_the_terms_add_up_to_the_loss_of_d(tiny, pictures):
    report = Trainer(tiny, pictures).step()
    assert len(report.d_terms) == 2
    assert sum(report.d_terms) == pytest.approx(report.d_loss, rel=1e-6)


def test_a_discriminator_move_measures_nothing_of_the_generator(tiny, pictures):
    report = Trainer(tiny, pictures).step_discriminator()
    assert report.move == "d"
    assert math.isnan(report.g_loss)
    assert math.isnan(report.g_grad_norm)


def test_a_generator_move_measures_nothing_of_the_discriminators_loss(tiny, pictures):
    report = Trainer(tiny, pictures).step_generator()
    assert report.move == "g"
    assert math.isnan(report.d_loss)
    assert math.isnan(report.d_grad_norm)
    assert report.d_terms == ()


def test_an_untrained_discriminator_cannot_tell(pictures):
    report = Trainer(TrainConfig(batch_size=24), pictures).step()
    assert report.d_loss == pytest.approx(math.log(4), abs=0.1)
    assert (report.d_real, report.d_fake) == pytest.approx((0.5, 0.5), abs=0.05)


def test_the_gradient_norm_is_that_of_the_gradient(tiny, pictures):
    trainer = Trainer(tiny, pictures)
    report = trainer.step()
    squares = sum(w.grad.double().square().sum().item() for w in trainer.generator.parameters())
    assert report.g_grad_norm == pytest.approx(math.sqrt(squares), rel=1e-4)


def test_a_report_holds_plain_numbers(tiny, pictures):
    report = Trainer(tiny, pictures).step()
    values = [getattr(report, name) for name in StepReport.__dataclass_fields__]
    assert {type(value) for value in values} == {int, str, float, tuple}


# The average ----------------------------------------------------------------------


def test_the_average_follows_the_generator(tiny, pictures):
    trainer = Trainer(tiny.replace(ema_decay=0.25), pictures)
    kept = weights(trainer.average)
    for move in (1, 2, 3):
        trainer.step()
        decay = min(0.25, (1 + move) / (10 + move))
        current = weights(trainer.generator)
        kept = [decay * old + (1 - decay) * new for old, new in zip(kept, current, strict=True)]
    for ours, by_hand in zip(weights(trainer.average), kept, strict=True):
        torch.testing.assert_close(ours, by_hand)


def test_the_average_shares_the_batch_norm_of_the_generator(pictures):
    trainer = trained(TrainConfig(model="dcgan", batch_size=4, ema_decay=0.9), pictures, 2)
    buffers = zip(trainer.average.buffers(), trainer.generator.buffers(), strict=True)
    assert all(torch.equal(kept, current) for kept, current in buffers)


def test_without_decay_there_is_no_average(tiny, pictures):
    assert Trainer(tiny.replace(ema_decay=0), pictures).average is None


def test_the_average_does_not_change_training(tiny, pictures):
    averaged = trained(tiny, pictures, 3)
    plain = trained(tiny.replace(ema_decay=0), pictures, 3)
    assert equal(weights(averaged.generator), weights(plain.generator))


def test_samples_come_from_the_average(tiny, pictures):
    trainer = trained(tiny, pictures, 2)
    assert torch.equal(trainer.sample(3), trainer.average(trainer.noise(3)))


# Looking --------------------------------------------------------------------------


def test_samples_are_pictures_between_minus_one_and_one(tiny, pictures):
    images = Trainer(tiny, pictures).sample(5)
    assert images.shape == (5, 1, 28, 28)
    assert images.abs().max() <= 1
    assert not images.requires_grad


def test_the_same_noise_gives_the_same_samples(tiny, pictures):
    trainer = trained(tiny, pictures, 1)
    assert torch.equal(trainer.sample(4, seed=2), trainer.sample(4, seed=2))
    assert not torch.equal(trainer.sample(4, seed=2), trainer.sample(4, seed=3))


# Data -----------------------------------------------------------------------------


def test_every_picture_is_seen_once_an_epoch(tiny):
    trainer = Trainer(tiny, counted(12))
    seen = record_real(trainer)
    for _ in trainer.run(6):
        pass
    for epoch in (seen[:3], seen[3:]):
        numbers = (torch.cat(epoch)[:, 0, 0, 0] * 12).round().int()
        assert sorted(numbers.tolist()) == list(range(12))


def test_every_epoch_has_its_own_order(tiny):
    trainer = Trainer(tiny, counted(12))
    seen = record_real(trainer)
    for _ in trainer.run(6):
        pass
    assert not torch.equal(torch.cat(seen[:3]), torch.cat(seen[3:]))


def test_a_batch_holds_no_picture_twice_where_the_data_do_not_divide(tiny):
    trainer = Trainer(tiny, counted(10))
    seen = record_real(trainer)
    for _ in trainer.run(8):
        pass
    assert all(len(batch[:, 0, 0, 0].unique()) == 4 for batch in seen)


def test_epochs_are_counted_as_the_share_of_the_data_seen(tiny, pictures):
    trainer = Trainer(tiny, pictures)
    epochs = []
    for _ in trainer.run(7):
        epochs.append(trainer.epoch)
    assert epochs == pytest.approx([n / 6 for n in range(1, 8)])


@pytest.mark.parametrize("count", [2, 3, 5])
def test_data_smaller_than_a_batch_are_enough(tiny, pictures, count):
    report = Trainer(tiny.replace(batch_size=8), pictures[:count]).step()
    assert math.isfinite(report.d_loss)


@pytest.mark.parametrize(
    "shape", [(5, 28, 28), (5, 784), (5, 3, 28, 28), (5, 1, 32, 32), (1, 1, 28, 28), (0, 1, 28, 28)]
)
def test_data_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match="shape"):
        Trainer(TrainConfig(), torch.zeros(shape))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float64, torch.float16])
def test_data_of_another_type_are_refused(dtype):
    with pytest.raises(ValueError, match="float32"):
        Trainer(TrainConfig(), torch.zeros(4, 1, 28, 28, dtype=dtype))


# Divergence -----------------------------------------------------------------------


def poisoned(pictures: Tensor, poison: float) -> Tensor:
    """Spoil one picture of 24: with batches of 4 it comes up within six iterations."""
    spoilt = pictures.clone()
    spoilt[5] = poison
    return spoilt


def diverged(config: TrainConfig, data: Tensor) -> tuple[Trainer, TrainingDiverged, int]:
    """Return the trainer, what it raised, and the iteration of its last report."""
    trainer, reports = Trainer(config, data), []
    with pytest.raises(TrainingDiverged) as caught:
        reports.extend(trainer.run(6))
    return trainer, caught.value, reports[-1].iteration if reports else 0


@pytest.mark.parametrize("poison", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_stops_training(tiny, pictures, poison):
    _, error, _ = diverged(tiny, poisoned(pictures, poison))
    assert "L_D" in error.quantity


def test_divergence_names_the_iteration_reached(tiny, pictures):
    trainer, error, done = diverged(tiny, poisoned(pictures, math.nan))
    assert error.iteration == trainer.iteration + 1 == done + 1
    assert f"iteration {done + 1}" in str(error)


def test_the_weights_are_finite_after_divergence(tiny, pictures):
    trainer, _, _ = diverged(tiny, poisoned(pictures, math.nan))
    state = trainer.state_dict()
    assert [key for key, value in state.items() if not value.isfinite().all()] == []


def test_divergence_leaves_the_weights_of_the_last_good_move(tiny, pictures):
    trainer, _, done = diverged(tiny, poisoned(pictures, math.nan))
    good = trained(tiny, pictures, done)
    assert equal(weights(trainer.discriminator), weights(good.discriminator))
    assert equal(weights(trainer.generator), weights(good.generator))


def test_a_diverged_generator_move_leaves_the_generator_alone(tiny, pictures):
    trainer = Trainer(tiny, pictures)
    trainer.step_discriminator()
    before = weights(trainer.generator)
    with torch.no_grad():
        next(trainer.discriminator.parameters()).fill_(math.nan)
    with pytest.raises(TrainingDiverged, match="L_G"):
        trainer.step_generator()
    assert equal(weights(trainer.generator), before)


def test_a_gradient_that_is_not_finite_stops_training(tiny, pictures, monkeypatch):
    trainer = Trainer(tiny, pictures)
    before = weights(trainer.generator)

    def root_at_zero(*, fake: Tensor, **_real: Tensor | None) -> Tensor:
        return (fake - fake).sqrt()  # a finite value with an infinite slope

    monkeypatch.setattr(trainer.loss, "generator", root_at_zero)
    with pytest.raises(TrainingDiverged, match="the gradient of L_G"):
        trainer.step()
    assert equal(weights(trainer.generator), before)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_learning_rate_of_ten_never_makes_a_weight_infinite(tiny, pictures, loss):
    trainer = Trainer(tiny.replace(loss=loss, generator_lr=10, discriminator_lr=10), pictures)
    try:
        for _ in trainer.run(15):
            pass
    except TrainingDiverged as error:
        assert error.iteration == trainer.iteration + 1  # noqa: PT017
    state = trainer.state_dict()
    assert [key for key, value in state.items() if not value.isfinite().all()] == []


# State ----------------------------------------------------------------------------


def test_a_state_of_another_model_is_refused(pictures):
    mlp, dcgan = (Trainer(TrainConfig(model=key), pictures) for key in ("mlp", "dcgan"))
    with pytest.raises(ValueError, match="does not fit"):
        mlp.load_state_dict(dcgan.state_dict())


@pytest.mark.parametrize("name", ["random", "clock", "generator.net.0.weight"])
def test_a_state_with_a_part_missing_is_refused(tiny, pictures, name):
    trainer = trained(tiny, pictures, 1)
    state = trainer.state_dict()
    del state[name]
    with pytest.raises(ValueError, match="does not fit"):
        trainer.load_state_dict(state)


@pytest.mark.parametrize("place", range(5))
def test_a_clock_before_the_beginning_is_refused(pictures, place):
    trainer = Trainer(TrainConfig(model="dcgan", batch_size=4), pictures)
    state = trainer.state_dict()
    state["clock"][place] = -1
    with pytest.raises(ValueError, match="does not fit"):
        trainer.load_state_dict(state)
