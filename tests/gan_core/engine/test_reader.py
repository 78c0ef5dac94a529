"""The live meter: when it reads, what that costs, and that it changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from gan_core.config import TrainConfig
from gan_core.data import ImageSet
from gan_core.data.images import embedded_digits
from gan_core.engine import Run, RunState, audience, reader, screen, session
from gan_core.engine import run as run_module
from gan_core.engine.reader import SECONDS, SHARE, Reader
from gan_core.metrics import pictures as yardsticks
from gan_core.metrics.frechet import features
from gan_core.metrics.pictures import NAMES, Yardstick, yardstick_of
from gan_core.pretrained import load_classifier
from gan_core.trainer import Trainer

TINY = TrainConfig(dataset="digits", model="dcgan", latent_dim=3, batch_size=4)
RESTED = screen.REST_SECONDS + 0.1


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    data = embedded_digits()
    return ImageSet("mnist", data.images[:500], data.labels[:500])


@pytest.fixture(autouse=True)
def known(digits: ImageSet) -> Yardstick:
    return yardstick_of(digits).result(60)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Seconds on the wall, and seconds of the processor's: both as a test says."""
    clock = SimpleNamespace(now=1000.0, worked=0.0)
    clock.monotonic = clock.perf_counter = lambda: clock.now
    clock.thread_time = lambda: clock.worked
    for module in (audience, run_module, screen, session, reader):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def trainer(digits: ImageSet) -> Trainer:
    trainer = Trainer(TINY, digits.images)
    trainer.step()
    return trainer


def read(one: Reader, trainer: Trainer, worked: float = 0.0) -> int:
    """Go on until a reading is complete; return in how many parts it was."""
    assert one.readings is not None
    before, parts = len(one.readings.rows), 0
    while len(one.readings.rows) == before:
        one.go_on(trainer, worked)
        parts += 1
    return parts


# One reader ---------------------------------------------------------------------------------------


def test_a_reading_is_what_the_yardstick_says_of_the_same_noise(digits, trainer, known):
    one = Reader(digits)
    read(one, trainer)
    made = trainer.generate(trainer.noise(known.count, reader.SEED))
    expected = known.measure(features(load_classifier(), made))
    assert one.readings is not None
    assert one.readings.names == NAMES
    assert one.readings.iterations == (1,)
    assert one.readings.rows[0] == pytest.approx(tuple(expected.values()))
    assert one.readings.centres == 10


def test_copies_are_looked_for_where_few_pictures_are_trained_on(digits, trainer, monkeypatch):
    one = Reader(digits, examples=100)
    read(one, trainer)
    assert one.readings is not None
    assert one.readings.names == (*NAMES, "near_share", "near_share_floor")
    assert one.readings.rows[0][-2:] == (0, 0.01)  # no copies yet: noise
    monkeypatch.setattr(trainer, "generate", lambda z: digits.images[torch.arange(len(z)) % 100])
    read(one, trainer)
    assert one.readings.rows[1][-2:] == (1, 0.01)


def test_a_reading_is_of_one_moment_however_long_it_takes(digits, trainer):
    """Moves between its parts do not change what is read."""
    one, other = Reader(digits), Reader(digits)
    read(other, trainer)
    one.go_on(trainer, 0.0)
    trainer.step()
    read(one, trainer)
    assert one.readings == other.readings


def test_it_comes_in_parts(digits, trainer, known):
    assert read(Reader(digits), trainer) > known.count // reader.BATCH


def test_reading_changes_nothing_in_training(digits, assert_same):
    watched, alone = Trainer(TINY, digits.images), Trainer(TINY, digits.images)
    one = Reader(digits)
    for _ in range(3):
        watched.step()
        alone.step()
        read(one, watched)
    assert_same(watched.state_dict(), alone.state_dict())


def test_the_next_reading_waits_until_it_is_paid_for(digits, trainer, clock):
    one = Reader(digits)
    clock.now += SECONDS
    assert one.due(trainer, 0.0, resting=False)
    read(one, trainer)
    one._cost = 0.2  # the test's clock stood still
    trainer.step()
    clock.now += 100
    worth = 0.2 * (1 - SHARE) / SHARE
    assert not one.due(trainer, 0.99 * worth, resting=False)
    assert one.due(trainer, 1.01 * worth, resting=False)


def test_a_cheap_reading_comes_every_few_seconds(digits, trainer, clock):
    one = Reader(digits)
    clock.now += SECONDS
    read(one, trainer)
    trainer.step()
    clock.now += SECONDS - 0.1
    assert not one.due(trainer, 1e6, resting=False)
    clock.now += 0.2
    assert one.due(trainer, 1e6, resting=False)


def test_the_cost_is_the_processors_time_of_all_parts(digits, trainer, clock, monkeypatch):
    one = Reader(digits)
    whole = features

    def slowly(*arguments: object) -> Tensor:
        clock.worked += 0.25
        return whole(*arguments)

    monkeypatch.setattr(reader, "features", slowly)
    parts = read(one, trainer)
    assert one._cost == pytest.approx(0.25 * (parts - 2))


def test_at_rest_a_reading_comes_at_once_but_only_one(digits, trainer):
    one = Reader(digits)
    assert not one.due(trainer, 0.0, resting=False)
    assert one.due(trainer, 0.0, resting=True)
    read(one, trainer)
    assert not one.due(trainer, 0.0, resting=True)
    trainer.step_discriminator()  # G makes what it made before
    assert not one.due(trainer, 0.0, resting=True)
    trainer.step_generator()
    assert one.due(trainer, 0.0, resting=True)


def test_a_reading_that_was_begun_is_ended(digits, trainer):
    one = Reader(digits)
    one.go_on(trainer, 0.0)
    assert one.due(trainer, 0.0, resting=False)


def test_before_the_yardstick_is_made_nothing_is_due(digits, trainer, monkeypatch):
    one = Reader(digits)
    pending = SimpleNamespace(done=lambda: False)
    monkeypatch.setattr(reader, "yardstick_of", lambda _data: pending)
    assert not one.due(trainer, 1e6, resting=True)


def test_too_few_pictures_are_never_measured(trainer):
    data = embedded_digits()
    few = Reader(ImageSet("digits", data.images[:50], data.labels[:50]))
    assert few.readings is None
    assert not few.due(trainer, 1e6, resting=True)


def test_other_data_have_no_classes_to_find(digits):
    assert Reader(ImageSet("kmnist", digits.images, digits.labels)).readings.centres is None


def test_a_generator_that_broke_down_has_a_reading_without_scores(digits, trainer):
    with torch.no_grad():
        next(trainer.generator.parameters()).fill_(torch.nan)
    one = Reader(digits)
    read(one, trainer)
    assert one.readings is not None
    count, *scores = one.readings.rows[0]
    assert count == 250
    assert all(value != value for value in scores)


def test_going_back_forgets_what_was_read_since(digits, trainer):
    one = Reader(digits)
    read(one, trainer)
    then = one.readings
    trainer.step()
    read(one, trainer)
    one.go_on(trainer, 0.0)
    one.remember(then)
    assert one.readings == then
    assert one.due(trainer, 0.0, resting=True)
    assert one._parts is None


# In a run -----------------------------------------------------------------------------------------


@pytest.fixture
def alone(digits: ImageSet, clock: SimpleNamespace) -> Iterator[Run]:  # noqa: ARG001
    """A run without an engine, built and shown."""
    wakes: list[Run] = []
    run = Run(TINY, lambda _key: digits, wakes.append, data=None)
    run.wakes = wakes  # type: ignore[attr-defined]
    run.advance(0)
    while run.frame.state == RunState.LOADING:
        run.advance(0)
    yield run
    run.stop()
    run.advance(0)


def work_off(run: Run) -> None:
    for _ in range(100):
        if not run.has_work:
            return
        run.advance(0)
    raise AssertionError("it never came to rest")


def test_a_run_at_rest_is_measured_once_somebody_looks(alone, clock):
    assert alone.frame.meter.rows == ()
    clock.now += 10
    assert not alone.has_work
    alone.seen()
    assert alone.has_work
    work_off(alone)
    assert alone.frame.meter.iterations == (0,)


def test_looking_at_a_run_at_rest_wakes_the_engine(alone, clock):
    clock.now += RESTED
    alone.wakes.clear()
    alone.seen()
    assert alone.wakes == [alone]
    work_off(alone)
    alone.wakes.clear()
    alone.seen()
    assert alone.wakes == []


def test_a_click_does_not_wait_for_the_meter(alone, clock):
    """Right after a step the run is at rest, and nothing is measured yet."""
    alone.seen()
    alone.step()
    alone.advance(0)
    assert alone.frame.iteration == 1
    assert not alone.has_work
    clock.now += RESTED
    alone.seen()
    work_off(alone)
    assert alone.frame.meter.iterations == (1,)


def test_whoever_plays_after_a_rest_does_not_wait_for_the_meter(alone, clock):
    clock.now += RESTED
    alone.play()
    alone.seen()
    for _ in range(10):
        alone.advance(0)
    assert alone.frame.iteration == 10
    assert alone.frame.meter.rows == ()
    assert alone._session.trainer.iteration == 10
    assert alone._screen._view.reader._parts is None


def test_moves_go_on_between_the_parts_of_a_reading(alone, clock):
    alone.play()
    clock.now += SECONDS
    for turn in range(1, 30):
        alone.seen()
        alone.advance(0)
        assert alone.frame.iteration == turn
        if alone.frame.meter.rows:
            break
    assert turn > 2
    assert alone.frame.meter.iterations == (0,)


def test_a_run_that_nobody_watches_is_not_measured(alone, clock):
    alone.step(1000)
    for _ in range(20):
        clock.now += SECONDS
        clock.worked += 10
        alone.advance(0)
    assert alone.frame.meter.rows == ()


def test_a_new_start_forgets_the_readings(alone, clock):
    clock.now += RESTED
    alone.seen()
    work_off(alone)
    assert alone.frame.meter.rows
    alone.reset()
    for _ in range(3):
        alone.advance(0)
    assert alone.frame.run_id == 3
    assert alone.frame.meter.rows == ()


def test_runs_that_diverged_are_not_measured(alone, clock, monkeypatch):
    monkeypatch.setattr(yardsticks.Yardstick, "measure", lambda *_: pytest.fail("measured"))
    with torch.no_grad():
        alone._session.trainer.discriminator.get_parameter("net.0.weight").fill_(torch.nan)
    alone.step()
    alone.advance(0)
    assert alone.frame.state == RunState.DIVERGED
    clock.now += RESTED
    alone.seen()
    assert not alone.has_work


def test_a_run_is_the_same_whether_it_is_watched_or_not(digits, clock, assert_same):
    def trained(*, watched: bool) -> dict[str, Tensor]:
        run = Run(TINY, lambda _key: digits, lambda _run: None)
        run.step(8)
        for _ in range(40):
            clock.now += SECONDS
            clock.worked += 10
            if watched:
                run.seen()
            run.advance(0)
        assert bool(run.frame.meter.rows) == watched
        assert run.frame.iteration == 8
        return run._session.trainer.state_dict()

    assert_same(trained(watched=True), trained(watched=False))
