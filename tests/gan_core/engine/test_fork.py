"""A fork: where another run stands, with its past, and bit for bit the same without a change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
import torch

from gan_core.config import OPTIMIZER_KEYS, SettingError, TrainConfig
from gan_core.engine import CHANGEABLE, CannotFork, Engine, EngineFull, Run, RunState
from gan_core.engine.fork import start_alike, twin_of
from gan_core.trainer import Trainer

POINTS = TrainConfig(
    model="points", dataset="eight_soft", latent_dim=2, batch_size=16, width=16, layers=2
)
DIGITS = TrainConfig(dataset="digits", model="dcgan", latent_dim=3, batch_size=4)
LESSON = TrainConfig(dataset="digits", batch_size=4)
TOLD = DIGITS.replace(conditional="on")


@pytest.fixture
def engine(shelf) -> Iterator[Engine]:
    engine = Engine(workers=2, load_data=shelf)
    yield engine
    engine.close()


@pytest.fixture
def begun(engine, settled):
    """Return how to have a run that has made some moves."""

    def begin(config: TrainConfig, moves: int = 7) -> Run:
        run = engine.start(config)
        run.step(moves)
        settled(run)
        return run

    return begin


# Going on ---------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIMIZER_KEYS)
@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
@pytest.mark.parametrize(
    "config", [POINTS, DIGITS, LESSON, TOLD], ids=["points", "dcgan", "mlp", "conditional"]
)
def test_a_fork_without_a_change_stays_the_same_for_ever(
    engine, begun, settled, state_of, assert_same, config, ema_decay, optimizer
):
    recipe = config.replace(
        ema_decay=ema_decay, optimizer=optimizer, dropout=0.3, lr_decay_moves=40
    )
    run = begun(recipe)
    run.step_discriminator()  # its fakes wait for G's move
    settled(run)
    fork = engine.fork(run)
    settled(run, fork)
    assert_same(state_of(fork), state_of(run))
    for each in (run, fork):
        each.step_generator()
        each.step(50)
    settled(run, fork)
    assert fork.frame.iteration == run.frame.iteration == 59
    assert_same(state_of(fork), state_of(run))
    assert fork.frame.report == run.frame.report


def test_a_fork_goes_on_as_its_own_recipe_does(engine, begun, settled, state_of, assert_same):
    run = begun(POINTS)
    saved = state_of(run)
    fork = engine.fork(run, loss="hinge", discriminator_lr=1e-3)
    fork.step(5)
    settled(fork)
    alone = Trainer(POINTS.replace(loss="hinge", discriminator_lr=1e-3), run.data.points)
    alone.load_state_dict(saved)
    for _ in alone.run(5):
        pass
    assert_same(state_of(fork), alone.state_dict())


def test_a_fork_pauses_its_parent_where_it_leaves_it(engine, begun, settled):
    run = begun(POINTS)
    run.play()
    fork = engine.fork(run, discriminator_lr=1e-3)
    settled(run, fork)
    assert (run.frame.state, fork.frame.state) == (RunState.PAUSED, RunState.PAUSED)
    assert fork.frame.iteration == run.frame.iteration


def test_a_fork_does_not_move_its_parent(engine, begun, settled, state_of, assert_same):
    run = begun(POINTS)
    before = state_of(run)
    fork = engine.fork(run)
    fork.step(10)
    settled(fork)
    assert_same(state_of(run), before)


def test_a_fork_has_the_past_of_its_parent(engine, begun, settled):
    run = begun(POINTS, moves=30)
    fork = engine.fork(run, r1=0.5)
    settled(run, fork)
    assert torch.equal(torch.tensor(fork.frame.curves.mean), torch.tensor(run.frame.curves.mean))
    assert fork.frame.curves.first == 1
    assert fork.frame.album == run.frame.album
    assert fork.frame.meter == run.frame.meter
    before = run.frame
    fork.step(3)
    settled(fork)
    assert len(fork.frame.curves.mean) == 33
    assert run.frame.curves is before.curves  # what the fork sees, it alone sees
    assert fork.frame.meter.iterations[:-1] == before.meter.iterations


def test_a_fork_keeps_the_data_of_its_parent(engine, settled):
    from gan_core.points.sets import PointData

    own = PointData("own", torch.rand(40, 2), None)
    run = engine.start(POINTS.replace(dataset="own"), data=own)
    fork = engine.fork(run)
    settled(run, fork)
    assert fork.data is own


def test_learning_rates_changed_on_the_way_are_those_of_the_fork(engine, begun, settled):
    run = begun(POINTS)
    run.set_rates(generator=0.01)
    fork = engine.fork(run)
    settled(run, fork)
    assert fork.frame.rates == (0.01, POINTS.discriminator_lr)


def test_a_diverged_run_can_be_forked_with_a_cure(engine, settled):
    wild = POINTS.replace(optimizer="sgd", loss="wasserstein", discriminator_lr=10.0)
    run = engine.start(wild)
    run.step(500)
    settled(run)
    assert run.frame.state == RunState.DIVERGED
    fork = engine.fork(run, discriminator_lr=1e-4, generator_lr=1e-4)
    settled(fork)
    assert (fork.frame.state, fork.frame.iteration) == (RunState.PAUSED, run.frame.iteration)
    assert run.frame.state == RunState.DIVERGED


def test_a_fork_of_a_run_that_cannot_be_built_fails_as_it_did(engine, settled, monkeypatch):
    def broken(_key: str) -> None:
        raise OSError("the shelf is empty")

    monkeypatch.setattr(engine, "_load_data", broken)
    run = engine.start(POINTS)
    fork = engine.fork(run)
    settled(run, fork)
    assert fork.frame.state == RunState.FAILED
    assert "no networks to look at" in fork.frame.reason.detail


# What may change --------------------------------------------------------------------------

OTHER = {
    "dataset": "line",
    "model": "dcgan",
    "latent_dim": 5,
    "layers": 1,
    "width": 8,
    "spectral_norm": "on",
    "packing": 2,
    "minibatch_stddev": "on",
    "batch_norm": "on",
    "conditional": "on",
}


@pytest.mark.parametrize("name", OTHER)
def test_a_change_that_does_not_keep_the_shapes_is_refused(engine, begun, name):
    run = begun(DIGITS if name == "conditional" else POINTS)  # points have no classes
    with pytest.raises(CannotFork) as refusal:
        engine.fork(run, **{name: OTHER[name]})
    assert refusal.value.name == name
    assert len(engine.runs()) == 1


def test_a_value_out_of_range_is_refused(engine, begun):
    run = begun(POINTS)
    with pytest.raises(SettingError, match="generator_lr"):
        engine.fork(run, generator_lr=-1.0)
    with pytest.raises(SettingError, match="known setting"):
        engine.fork(run, speed=3)


def test_every_setting_either_keeps_the_shapes_or_is_refused():
    assert {*CHANGEABLE, *OTHER} == set(TrainConfig().to_dict())
    assert not CHANGEABLE & OTHER.keys()


CHANGES = {
    "loss": "hinge",
    "batch_size": 9,
    "generator_lr": 1e-3,
    "discriminator_lr": 1e-3,
    "beta1": 0.0,
    "beta2": 0.9,
    "discriminator_steps": 2,
    "generator_steps": 2,
    "dropout": 0.1,
    "r1": 0.1,
    "r2": 0.1,
    "gradient_penalty": 1.0,
    "weight_clip": 0.1,
    "ema_decay": 0.9,
    "noise": "uniform",
    "optimizer": "sgd",
    "lr_decay_moves": 100,
    "seed": 4,
    "instance_noise": 0.1,
    "instance_noise_moves": 100,
    "unrolled_steps": 2,
    "diff_augment": "on",
    "examples": 20,
}


def cases(names: Iterable[str]) -> pytest.MarkDecorator:
    """Return each setting on points, if they can have it, and on digits."""
    given = list(names)
    of_points = [name for name in given if name != "diff_augment"]
    return pytest.mark.parametrize(
        ("config", "name"),
        [
            *(pytest.param(POINTS, name, id=f"points-{name}") for name in of_points),
            *(pytest.param(DIGITS, name, id=f"digits-{name}") for name in given),
        ],
    )


def test_every_setting_that_keeps_the_shapes_is_tried():
    assert CHANGES.keys() == CHANGEABLE


@cases(CHANGES)
def test_with_any_other_setting_a_fork_goes_on(engine, begun, settled, config, name):
    run = begun(config.replace(loss="relativistic"))
    run.step_discriminator()
    settled(run)
    fork = engine.fork(run, **{name: CHANGES[name]})
    fork.step_generator()
    fork.step(2)
    settled(fork)
    assert fork.frame.state == RunState.PAUSED
    assert fork.frame.iteration == 11


def test_a_full_engine_refuses_a_fork_and_spares_the_run(engine, begun):
    run = begun(POINTS)
    engine._max_runs = 1
    run.last_seen -= 60
    with pytest.raises(EngineFull):
        engine.fork(run)
    assert engine.runs() == [run]


# Starting alike ---------------------------------------------------------------------------

ALIKE = {**CHANGES, "spectral_norm": "on"}


def first(config: TrainConfig, data: torch.Tensor, like: TrainConfig | None = None) -> Trainer:
    trainer = Trainer(config, data)
    twin = twin_of(like, config) if like else None
    if twin is not None:
        start_alike(trainer, twin)
    return trainer


def weights(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """By name, whether a spectral norm stands between or not."""
    return {
        name.replace("parametrizations.", "").replace(".original", ""): value.detach()
        for name, value in module.named_parameters()
    }


@cases(name for name in ALIKE if name != "seed")
def test_twins_begin_with_the_same_weights_batches_and_noise(pictures, assert_same, config, name):
    data = torch.rand(40, 2) if config is POINTS else pictures
    other = config.replace(**{name: ALIKE[name]})
    a, b = first(config, data), first(other, data, like=config)
    assert_same(weights(a.generator), weights(b.generator))
    assert_same(weights(a.discriminator), weights(b.discriminator))
    assert torch.equal(a.random.get_state(), b.random.get_state())
    if name not in ("batch_size", "examples"):
        for _ in range(12):  # more than one pass over the data
            assert torch.equal(a._batches.next(), b._batches.next())
    if name not in ("batch_size", "noise"):
        assert torch.equal(a._draw_noise(), b._draw_noise())


def test_a_g_of_another_shape_leaves_d_as_it_is(pictures, assert_same):
    a = first(DIGITS, pictures)
    b = first(DIGITS.replace(latent_dim=7), pictures, like=DIGITS)
    assert_same(weights(a.discriminator), weights(b.discriminator))
    assert torch.equal(a.random.get_state(), b.random.get_state())


def test_other_networks_begin_with_their_own_weights():
    wide = POINTS.replace(width=24)
    b, alone = first(wide, torch.rand(40, 2), like=POINTS), first(wide, torch.rand(40, 2))
    for player in ("generator", "discriminator"):
        for one, other in zip(
            getattr(b, player).parameters(), getattr(alone, player).parameters(), strict=True
        ):
            assert torch.equal(one, other)


def test_another_seed_is_another_run():
    assert twin_of(POINTS, replace(POINTS, seed=3, latent_dim=5)) is None
    assert twin_of(POINTS, replace(POINTS, loss="hinge")) is None
    assert twin_of(POINTS, replace(POINTS, latent_dim=5)) is POINTS
