"""A run of points: looks, the meter, going back, slow motion, rates, and somebody's own data."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
import torch

from gan_core.config import SettingError, TrainConfig
from gan_core.engine import Engine, Run, RunState
from gan_core.packing import unpack
from gan_core.points.sets import PointData
from gan_core.trainer import Trainer

SMALL = TrainConfig(
    model="points", dataset="eight_soft", latent_dim=2, batch_size=16, width=16, layers=2
)
PATIENCE = 60.0


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(workers=1)
    yield engine
    engine.close()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.002)


def settle(run: Run) -> Run:
    run.snapshot().result(PATIENCE)
    wait_until(lambda: not run.has_work)
    run.snapshot().result(PATIENCE)
    wait_until(lambda: run.frame.state not in (RunState.RUNNING, RunState.LOADING))
    return run


def state(run: Run) -> dict[str, torch.Tensor]:
    return run.snapshot().result(PATIENCE).state


@pytest.fixture
def run(engine: Engine) -> Run:
    return settle(engine.start(SMALL))


def stepped(run: Run, count: int) -> Run:
    """Make single steps, as by hand."""
    for _ in range(count):
        run.step()
        settle(run)
    return run


# Looking --------------------------------------------------------------------------------


def test_a_run_of_points_says_so_from_the_beginning(engine):
    run = engine.start(SMALL)
    assert run.frame.kind == "points"
    assert settle(run).frame.kind == "points"
    assert run.real_png is None


def test_a_paused_run_shows_and_measures_its_last_move(run):
    stepped(run, 3)
    assert run.frame.picture.iteration == 3
    assert run.frame.picture.facts["optimal_at"] == 3
    assert run.frame.meter.iterations[-1] == 3
    assert run.frame.meter.centres == 8
    named = dict(zip(run.frame.meter.names, run.frame.meter.rows[-1], strict=True))
    assert 0 < named["js_floor_bits"] < named["js_bits"] <= 1


def test_watching_changes_nothing(run, assert_same):
    run.play()
    while run.frame.iteration < 40:
        run.seen()
        time.sleep(0.01)
    run.pause()
    settle(run)
    trainer = Trainer(SMALL, run.data.points)
    for _ in trainer.run(run.frame.iteration):
        pass
    assert_same(state(run), trainer.state_dict())


def test_a_watched_run_shows_ten_looks_in_a_second(run):
    run.play()
    begin = time.monotonic()
    seen = set()
    while time.monotonic() - begin < 2:
        run.seen()
        seen.add(run.frame.picture.id)
        time.sleep(0.005)
    assert len(seen) >= 12  # the machine of a test may be busy


def test_pages_of_the_album_can_be_read_alone(run):
    stepped(run, 2)
    iterations = [unpack(page.content)[0]["iteration"] for page in run.frame.album]
    assert iterations == [page.iteration for page in run.frame.album] == [0, 1, 2]


def test_the_meter_forgets_every_second_reading_when_it_is_full(run, monkeypatch):
    monkeypatch.setattr("gan_core.readings.CAPACITY", 4)
    stepped(run, 5)
    assert run.frame.meter.iterations == (0, 2, 4, 5)
    assert run.frame.meter.thinned == 1


# Going back -----------------------------------------------------------------------------


def test_every_step_by_hand_can_be_gone_back_to(run):
    assert stepped(run, 9).frame.kept == tuple(range(10))


def test_from_where_it_went_back_training_goes_on_bit_for_bit(run, assert_same):
    stepped(run, 4)
    there = state(run)
    run.step(6)
    first = state(settle(run))
    run.rewind(4)
    assert_same(state(settle(run)), there)
    assert run.frame.iteration == 4
    run.step(6)
    assert_same(state(settle(run)), first)


def test_going_back_forgets_what_came_later(run):
    stepped(run, 6)
    before = run.frame
    run.rewind(3)
    frame = settle(run).frame
    assert frame.run_id == before.run_id + 1
    assert (frame.iteration, frame.picture.iteration, frame.report.iteration) == (3, 3, 3)
    assert frame.picture.id > before.picture.id
    assert len(frame.curves.mean) == 3
    assert [page.iteration for page in frame.album] == [0, 1, 2, 3]
    assert frame.meter.iterations == (0, 1, 2, 3)
    assert frame.kept == (0, 1, 2, 3)
    assert len(before.curves.mean) == 6


def test_going_back_takes_the_learning_rates_of_then(run):
    stepped(run, 2)
    run.set_rates(generator=0.5)
    stepped(run, 2)
    assert run.frame.rates[0] == 0.5
    run.rewind(1)
    assert settle(run).frame.rates == (SMALL.generator_lr, SMALL.discriminator_lr)
    assert run.asked == run.config == SMALL


def test_one_can_go_back_while_it_plays(run):
    run.play()
    wait_until(lambda: run.frame.iteration > 30)
    run.rewind(10)
    frame = settle(run).frame
    assert (frame.state, frame.iteration) == (RunState.PAUSED, 10)


def test_one_can_go_back_from_a_divergence(engine):
    run = settle(engine.start(SMALL.replace(loss="wasserstein", optimizer="sgd")))
    stepped(run, 3)
    run.set_rates(10.0, 10.0)
    run.play()
    wait_until(lambda: run.frame.state == RunState.DIVERGED)
    assert run.frame.reason.code == "diverged"
    run.rewind(2)
    wait_until(lambda: run.frame.state == RunState.PAUSED)
    assert (run.frame.reason, run.frame.iteration) == (None, 2)
    stepped(run, 1)
    assert run.frame.iteration == 3


def test_a_playing_run_keeps_a_state_now_and_then(run, monkeypatch):
    monkeypatch.setattr("gan_core.engine.session.KEEP_SECONDS", 0.1)
    run.play()
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin > 2 and run.frame.iteration > 100)
    run.pause()
    frame = settle(run).frame
    in_album = {page.iteration for page in frame.album}
    assert len([kept for kept in frame.kept if kept not in in_album]) >= 2


def test_the_states_stay_within_their_memory(engine, monkeypatch):
    monkeypatch.setattr("gan_core.points.view.PointView.most_bytes", 1_000_000)
    run = stepped(settle(engine.start(SMALL)), 30)
    assert run.frame.kept[0] == 0
    assert run.frame.kept[-1] == 30
    assert len(run.frame.kept) < 15


def test_a_restart_leaves_nothing_to_go_back_to(run):
    stepped(run, 3)
    run.reset()
    wait_until(lambda: run.frame.iteration == 0 and run.frame.state == RunState.PAUSED)
    run.rewind(2)
    assert settle(run).frame.iteration == 0


# Rates ----------------------------------------------------------------------------------


def test_rates_hold_from_the_next_move_on(run, assert_same):
    stepped(run, 2)
    run.set_rates(discriminator=0.01)
    stepped(run, 2)
    trainer = Trainer(SMALL, run.data.points)
    for _ in trainer.run(2):
        pass
    trainer.set_rates(SMALL.generator_lr, 0.01)
    for _ in trainer.run(2):
        pass
    assert_same(state(run), trainer.state_dict())
    assert run.frame.rates == (SMALL.generator_lr, 0.01)
    assert run.config.discriminator_lr == run.asked.discriminator_lr == 0.01


@pytest.mark.parametrize("rate", [0.0, -1.0, 10.5, float("nan")])
def test_a_rate_out_of_range_changes_nothing(run, rate):
    with pytest.raises(SettingError, match="generator_lr"):
        run.set_rates(generator=rate)
    assert stepped(run, 1).frame.rates == (SMALL.generator_lr, SMALL.discriminator_lr)


def test_rates_chosen_while_it_is_built_are_not_lost(engine):
    run = engine.start(SMALL)
    run.set_rates(generator=0.03)
    settle(run)
    assert run.frame.rates[0] == 0.03


# Slow motion ----------------------------------------------------------------------------


def test_a_slow_step_is_one_step_and_a_pause(run, assert_same):
    run.play()
    wait_until(lambda: run.frame.iteration > 3)
    run.slow_step()
    frame = settle(run).frame
    assert frame.state == RunState.PAUSED
    assert (frame.slow.number, frame.slow.iteration) == (1, frame.iteration)
    trainer = Trainer(SMALL, run.data.points)
    for _ in trainer.run(frame.iteration):
        pass
    assert_same(state(run), trainer.state_dict())


def test_slow_steps_are_numbered(run):
    for _ in range(2):
        run.slow_step()
        settle(run)
    assert run.frame.slow.number == 2
    assert run.frame.kept == (0, 1, 2)


# Own data -------------------------------------------------------------------------------


def own(seed: int) -> PointData:
    points = torch.rand(50, 2, generator=torch.Generator().manual_seed(seed)) - 0.5
    return PointData("own", points, None)


def test_a_run_learns_from_points_that_are_handed_in(engine):
    data = own(1)
    run = stepped(settle(engine.start(SMALL.replace(dataset="own"), data=data)), 1)
    assert run.data is data
    assert run.frame.picture.facts["optimal_at"] is None
    assert "optimal" not in run.frame.picture.blocks
    assert run.frame.meter.centres is None
    run.reset()
    wait_until(lambda: run.frame.iteration == 0 and run.frame.state == RunState.PAUSED)
    assert run.data is data


def test_a_run_may_go_over_to_own_points_and_back(run):
    data = own(2)
    run.restart(SMALL.replace(dataset="own"), data=data)
    assert settle(run).data is data
    run.restart(SMALL)
    assert settle(run).data.key == "eight_soft"
    run.restart(SMALL.replace(dataset="own"))
    assert settle(run).data is data


def test_own_points_that_nobody_handed_in_fail_the_run(engine):
    run = engine.start(SMALL.replace(dataset="own"))
    wait_until(lambda: run.frame.state == RunState.FAILED)


def test_few_examples_are_what_is_trained_on_and_shown(engine):
    run = settle(engine.start(SMALL.replace(examples=12)))
    whole = run.data.points
    trained_on = run.between_moves(lambda trainer: trainer.data.clone()).result(PATIENCE)
    assert len(whole) > 12
    assert torch.equal(trained_on, whole[:12])
    assert run.frame.picture.blocks["real"].shape == (12, 2)
