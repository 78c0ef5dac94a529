"""Who turns the crank: steering, fair turns, and what happens when something goes wrong."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from gan_core.config import TrainConfig
from gan_core.data import ImageSet
from gan_core.engine import Engine, EngineFull, Run, RunState, Snapshot, audience, screen, session
from gan_core.engine import run as run_module
from gan_core.trainer import Trainer

TINY = TrainConfig(dataset="digits", model="dcgan", latent_dim=3, batch_size=4)
PATIENCE = 60.0  # only so that a broken engine does not hang the tests
LATER = 11.0  # seconds after which a run that nobody looks at rests
MUCH_LATER = 1801.0  # seconds after which it is ended


class Library:
    """Data sets for the engine: good ones, and under some keys bad ones."""

    def __init__(self, pictures: Tensor) -> None:
        self.pictures = pictures
        self.open = threading.Event()
        self.open.set()

    def __call__(self, key: str) -> ImageSet:
        assert self.open.wait(PATIENCE)
        if key == "fashion_mnist":
            raise OSError("the shelf is empty")
        images = self.pictures.clone()
        if key == "kmnist":
            images[5] = float("nan")
        return ImageSet(key, images, torch.zeros(len(images), dtype=torch.int64))


@pytest.fixture
def library(pictures: Tensor) -> Library:
    return Library(pictures)


@pytest.fixture
def engine(library: Library) -> Iterator[Engine]:
    engine = Engine(workers=1, load_data=library)
    yield engine
    library.open.set()
    engine.close()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.002)


def wait_for(run: Run, *states: RunState) -> Run:
    wait_until(lambda: run.frame.state in states)
    return run


def ready(engine: Engine, config: TrainConfig = TINY) -> Run:
    return wait_for(engine.start(config), RunState.PAUSED)


def snapshot(run: Run) -> Snapshot:
    return run.snapshot().result(PATIENCE)


def settle(run: Run) -> Run:
    """Wait until everything wanted so far is done and shown."""
    snapshot(run)  # filled when all that was wanted before it has been noted
    wait_until(lambda: not run.has_work)
    snapshot(run)  # filled when the last move has been shown
    return wait_for(run, *(set(RunState) - {RunState.RUNNING, RunState.LOADING}))


def part(state: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    return {key: value for key, value in state.items() if key.startswith(f"{name}.")}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


# Beginning ------------------------------------------------------------------------------


def test_a_run_shows_that_it_is_loading(engine, library):
    library.open.clear()
    run = engine.start(TINY)
    assert run.frame.state == RunState.LOADING
    assert run.frame.picture is None


def test_a_run_begins_paused_with_a_picture(engine):
    run = ready(engine)
    assert run.frame.iteration == 0
    assert run.frame.picture.grey.shape == (8 * 28, 8 * 28)
    assert run.frame.picture.png.startswith(b"\x89PNG")


def test_the_first_picture_is_in_the_album(engine):
    assert [page.iteration for page in ready(engine).frame.album] == [0]


def test_a_run_shows_the_real_pictures(engine):
    assert ready(engine).real_png.startswith(b"\x89PNG")


def test_a_run_names_the_data_it_really_has(library):
    def embedded(_key: str) -> ImageSet:
        data = library("digits")
        return ImageSet("digits", data.images, data.labels, "no_network")

    engine = Engine(workers=1, load_data=embedded)
    try:
        run = ready(engine, TINY.replace(dataset="mnist"))
        assert run.config.dataset == "digits"
        assert run.data.fallback == "no_network"
    finally:
        engine.close()


def test_play_before_the_run_is_built_is_not_lost(engine, library):
    library.open.clear()
    run = engine.start(TINY)
    run.play()
    library.open.set()
    wait_until(lambda: run.frame.iteration > 0)


# Steering -------------------------------------------------------------------------------


def test_play_trains(engine):
    run = ready(engine)
    run.play()
    wait_until(lambda: run.frame.iteration >= 5)
    assert run.frame.state == RunState.RUNNING


def test_pause_stops_training(engine):
    run = ready(engine)
    run.play()
    wait_until(lambda: run.frame.iteration > 0)
    run.pause()
    reached = settle(run).frame.iteration
    assert run.frame.state == RunState.PAUSED
    assert snapshot(run).iteration == reached


def test_ten_steps_are_exactly_ten(engine):
    run = ready(engine)
    run.step(10)
    assert settle(run).frame.iteration == 10
    assert run.frame.state == RunState.PAUSED


def test_a_step_while_playing_ends_the_playing(engine):
    run = ready(engine)
    run.play()
    wait_until(lambda: run.frame.iteration > 0)
    run.step(2)
    assert settle(run).frame.state == RunState.PAUSED


@pytest.mark.parametrize("count", [0, -3])
def test_fewer_than_one_step_is_one(engine, count):
    run = ready(engine)
    run.step(count)
    assert settle(run).frame.iteration == 1


def test_steps_in_the_engine_are_those_of_the_trainer(engine, library, assert_same):
    run = ready(engine)
    run.step(4)
    trainer = Trainer(TINY, library("digits").images)
    for _ in trainer.run(4):
        pass
    assert_same(snapshot(settle(run)).state, trainer.state_dict())


def test_a_discriminator_move_changes_the_discriminator_alone(engine):
    run = ready(engine)
    before = snapshot(run).state
    run.step_discriminator()
    after = snapshot(settle(run)).state
    weights = ".net.0.weight"
    assert torch.equal(before["generator" + weights], after["generator" + weights])
    assert not same(part(before, "discriminator"), part(after, "discriminator"))
    assert (run.frame.discriminator_moves, run.frame.generator_moves) == (1, 0)


def test_a_generator_move_changes_the_generator_alone(engine):
    run = ready(engine)
    before = snapshot(run).state
    run.step_generator()
    after = snapshot(settle(run)).state
    assert same(part(before, "discriminator"), part(after, "discriminator"))
    assert not same(part(before, "generator"), part(after, "generator"))
    assert (run.frame.discriminator_moves, run.frame.generator_moves) == (0, 1)


def test_every_click_on_a_discriminator_move_is_a_move(engine):
    run = ready(engine)
    for _ in range(7):
        run.step_discriminator()
    assert settle(run).frame.discriminator_moves == 7


def test_clicks_on_different_moves_are_obeyed_in_their_order(engine, library, assert_same):
    run = ready(engine)
    trainer = Trainer(TINY, library("digits").images)
    for move in ("step_discriminator", "step_generator", "step", "step_generator"):
        getattr(run, move)()
        getattr(trainer, move)()
    assert_same(snapshot(settle(run)).state, trainer.state_dict())


def test_the_report_is_that_of_the_last_move(engine):
    run = ready(engine)
    run.step(3)
    report = settle(run).frame.report
    assert (report.iteration, report.move) == (3, "both")


def test_the_curves_hold_every_iteration(engine):
    run = ready(engine)
    run.step(6)
    curves = settle(run).frame.curves
    assert (len(curves.mean), curves.width) == (6, 1)
    assert curves.mean[-1, 0] == run.frame.report.d_loss


def test_a_paused_run_shows_the_picture_of_its_last_move(engine):
    run = ready(engine)
    run.step(3)
    assert settle(run).frame.picture.iteration == 3
    assert run.frame.picture.id > 1


# Starting again -------------------------------------------------------------------------


def test_reset_returns_to_the_same_first_weights(engine, assert_same):
    run = ready(engine)
    before = snapshot(run).state
    run.step(3)
    settle(run)
    run.reset()
    assert_same(snapshot_after_restart(run, 3), before)


def snapshot_after_restart(run: Run, run_id: int) -> dict[str, Tensor]:
    wait_until(lambda: run.frame.run_id >= run_id)
    return snapshot(wait_for(run, RunState.PAUSED)).state


def test_reset_raises_the_run_id_and_forgets_what_was_seen(engine):
    run = ready(engine)
    run.step(3)
    before = settle(run).frame.run_id
    run.reset()
    wait_until(lambda: run.frame.run_id > before)
    wait_for(run, RunState.PAUSED)
    assert run.frame.iteration == len(run.frame.curves.mean) == 0
    assert run.frame.report is None
    assert [page.iteration for page in run.frame.album] == [0]


def test_pictures_after_a_reset_have_new_ids(engine):
    run = ready(engine)
    before = run.frame.picture.id
    run.reset()
    wait_until(lambda: run.frame.picture is not None and run.frame.picture.id > before)


def test_reset_ends_the_playing(engine):
    run = ready(engine)
    run.play()
    wait_until(lambda: run.frame.iteration > 0)
    run.reset()
    assert settle(run).frame.iteration == 0


def test_restart_takes_another_recipe(engine):
    run = ready(engine)
    before = run.frame.run_id
    run.restart(TINY.replace(latent_dim=7, seed=4))
    wait_until(lambda: run.frame.run_id > before)
    wait_for(run, RunState.PAUSED)
    assert snapshot(run).config == TINY.replace(latent_dim=7, seed=4)
    assert run.config.latent_dim == 7


def test_a_run_started_from_a_snapshot_goes_on_bit_for_bit(engine, assert_same):
    run = ready(engine)
    run.step(2)
    run.step_discriminator()
    taken = snapshot(settle(run))
    heir = wait_for(engine.start(taken.config, taken.state), RunState.PAUSED)
    assert heir.frame.iteration == 3
    for each in (run, heir):
        each.step_generator()
        each.step(2)
    assert_same(snapshot(settle(heir)).state, snapshot(settle(run)).state)


def test_a_state_that_does_not_fit_fails_the_run_and_says_so(engine):
    run = wait_for(engine.start(TINY, {"clock": torch.zeros(5)}), RunState.FAILED)
    assert "does not fit" in run.frame.reason.detail


# Many runs ------------------------------------------------------------------------------


def test_runs_move_at_about_the_same_pace(engine):
    runs = [ready(engine) for _ in range(3)]
    for run in runs:
        run.play()
    wait_until(lambda: sum(run.frame.iteration for run in runs) >= 60)
    made = [run.frame.iteration for run in runs]
    assert max(made) <= 4 * min(made) + 10


def test_a_newcomer_is_served_while_others_play(engine):
    old = ready(engine)
    old.play()
    new = engine.start(TINY)
    new.play()
    wait_until(lambda: new.frame.iteration >= 5)


def test_runs_do_not_share_randomness(engine, library, assert_same):
    runs = [ready(engine, TINY.replace(seed=seed)) for seed in (1, 2)]
    for run in runs:
        run.step(5)
    for run in runs:
        alone = Trainer(run.config, library("digits").images)
        for _ in alone.run(5):
            pass
        assert_same(snapshot(settle(run)).state, alone.state_dict())


# When something goes wrong --------------------------------------------------------------


def test_data_that_cannot_be_had_fail_that_run_and_say_why(engine):
    run = wait_for(engine.start(TINY.replace(dataset="fashion_mnist")), RunState.FAILED)
    assert run.frame.reason.code == "failed"
    assert run.frame.reason.detail == "OSError: the shelf is empty"


def test_an_exception_in_one_run_stops_that_run_alone(engine, monkeypatch):
    step = Trainer.step

    def broken(trainer: Trainer) -> object:
        if trainer.config.seed == 13:
            raise RuntimeError("a wheel came off")
        return step(trainer)

    monkeypatch.setattr(Trainer, "step", broken)
    good, bad = ready(engine), ready(engine, TINY.replace(seed=13))
    for run in (good, bad):
        run.play()
    wait_for(bad, RunState.FAILED)
    assert bad.frame.reason.detail == "RuntimeError: a wheel came off"
    reached = good.frame.iteration
    wait_until(lambda: good.frame.iteration > reached + 5)


def test_a_failed_run_can_start_again(engine):
    run = wait_for(engine.start(TINY.replace(dataset="fashion_mnist")), RunState.FAILED)
    run.restart(TINY)
    wait_for(run, RunState.PAUSED)
    assert run.frame.reason is None


def diverged(engine: Engine) -> Run:
    run = ready(engine, TINY.replace(dataset="kmnist"))
    run.play()
    return wait_for(run, RunState.DIVERGED)


def test_divergence_is_shown_with_its_iteration(engine):
    run = diverged(engine)
    assert (run.frame.reason.code, run.frame.reason.detail) == ("diverged", "L_D")
    assert run.frame.reason.iteration == run.frame.iteration + 1


def test_the_last_good_state_of_a_diverged_run_can_be_saved(engine):
    taken = snapshot(diverged(engine))
    assert [key for key, value in taken.state.items() if not value.isfinite().all()] == []


def test_a_diverged_run_does_not_play_on(engine):
    run = diverged(engine)
    run.play()
    snapshot(run)
    assert not run.has_work
    assert run.frame.state == RunState.DIVERGED


def test_a_diverged_run_can_start_again(engine):
    run = diverged(engine)
    run.restart(TINY)
    wait_for(run, RunState.PAUSED)
    run.step(2)
    assert settle(run).frame.iteration == 2


def test_a_snapshot_of_a_run_without_a_trainer_is_an_error(engine):
    run = wait_for(engine.start(TINY.replace(dataset="fashion_mnist")), RunState.FAILED)
    with pytest.raises(RuntimeError, match="no networks to look at"):
        snapshot(run)


# Looking between two moves --------------------------------------------------------------


def state_of(trainer: Trainer) -> tuple[int, int, int, dict[str, Tensor]]:
    moves = trainer.discriminator_moves, trainer.generator_moves
    return trainer.iteration, *moves, trainer.state_dict()


def test_a_look_sees_the_trainer_as_it_is_between_two_moves(engine, library, assert_same):
    run = ready(engine)
    run.play()
    looks = []
    for _ in range(5):
        reached = run.frame.iteration
        wait_until(lambda reached=reached: run.frame.iteration > reached)
        looks.append(run.between_moves(state_of).result(PATIENCE))
    run.pause()
    trainer = Trainer(TINY, library("digits").images)
    for iteration, d_moves, g_moves, state in looks:
        assert iteration == d_moves == g_moves
        while trainer.iteration < iteration:
            trainer.step()
        assert_same(state, trainer.state_dict())


def test_a_look_happens_in_the_engines_own_thread(engine):
    run = ready(engine)
    names = run.between_moves(lambda _trainer: threading.current_thread().name)
    assert names.result(PATIENCE).startswith("engine-")


def test_a_look_comes_after_what_was_wanted_before_it(engine):
    run = ready(engine)
    run.restart(TINY.replace(seed=9))
    assert run.between_moves(lambda trainer: trainer.config.seed).result(PATIENCE) == 9


def test_looking_changes_nothing(engine, library, assert_same):
    run = ready(engine)
    run.step(4)
    settle(run)
    for _ in range(3):
        run.between_moves(state_of).result(PATIENCE)
    run.step(2)
    trainer = Trainer(TINY, library("digits").images)
    for _ in trainer.run(6):
        pass
    assert_same(snapshot(settle(run)).state, trainer.state_dict())


def test_a_look_at_a_run_being_loaded_waits_until_it_is_built(engine, library):
    library.open.clear()
    run = engine.start(TINY)
    look = run.between_moves(lambda trainer: trainer.iteration)
    time.sleep(0.05)
    assert not look.done()
    library.open.set()
    assert look.result(PATIENCE) == 0


def test_a_look_at_a_diverged_run_sees_its_last_good_state(engine):
    *_, state = diverged(engine).between_moves(state_of).result(PATIENCE)
    assert all(value.isfinite().all() for value in state.values())


def test_a_look_at_a_resting_run_is_answered(engine):
    run = playing(engine)
    engine.tidy(time.monotonic() + LATER)
    wait_for(run, RunState.DETACHED)
    assert run.between_moves(lambda trainer: trainer.iteration).result(PATIENCE) > 0
    assert run.frame.state == RunState.DETACHED


def test_a_look_at_a_failed_run_is_an_error(engine):
    run = wait_for(engine.start(TINY.replace(dataset="fashion_mnist")), RunState.FAILED)
    with pytest.raises(RuntimeError, match="no networks to look at"):
        run.between_moves(state_of).result(PATIENCE)


def test_a_look_at_a_run_that_fails_to_load_is_an_error(engine, library):
    library.open.clear()
    run = engine.start(TINY.replace(dataset="fashion_mnist"))
    look = run.between_moves(state_of)
    library.open.set()
    with pytest.raises(RuntimeError, match="no networks to look at"):
        look.result(PATIENCE)


SHORT = 5.0  # for what would wait for ever if it were broken


def test_a_look_at_a_stopped_run_is_an_error_at_once(engine):
    run = ready(engine)
    engine.stop(run)
    wait_for(run, RunState.STOPPED)
    with pytest.raises(RuntimeError, match="no networks to look at"):
        run.between_moves(state_of).result(SHORT)


def test_a_look_that_waits_in_line_behind_a_stop_is_an_error(engine):
    run = playing(engine)
    engine.stop(run)
    with pytest.raises(RuntimeError, match="no networks to look at"):
        run.between_moves(state_of).result(SHORT)


def test_a_look_at_a_run_that_is_stopped_while_it_loads_is_an_error(engine, library):
    library.open.clear()
    run = engine.start(TINY)
    look = run.between_moves(state_of)
    wait_until(lambda: not run.has_work)
    engine.stop(run)
    wait_for(run, RunState.STOPPED)
    library.open.set()
    with pytest.raises(RuntimeError, match="no networks to look at"):
        look.result(SHORT)


@pytest.mark.parametrize("kind", [RuntimeError, ValueError, ZeroDivisionError, MemoryError])
def test_what_a_look_raises_reaches_whoever_asked_and_training_goes_on(engine, kind):
    def stumble(_trainer: Trainer) -> None:
        raise kind("the looker stumbled")

    run = playing(engine)
    with pytest.raises(kind, match="the looker stumbled"):
        run.between_moves(stumble).result(SHORT)
    reached = run.frame.iteration
    wait_until(lambda: run.frame.iteration > reached)
    assert (run.frame.state, run.frame.reason) == (RunState.RUNNING, None)


def test_a_look_that_nobody_waits_for_any_more_is_not_taken(alone):
    seen: list[int] = []
    look = alone.between_moves(lambda trainer: seen.append(trainer.iteration))
    assert look.cancel()
    alone.advance(0)
    assert seen == []
    assert alone.frame.state == RunState.PAUSED


# Nobody looks ---------------------------------------------------------------------------


def playing(engine: Engine) -> Run:
    run = ready(engine)
    run.play()
    wait_until(lambda: run.frame.iteration > 0)
    return run


def test_a_run_that_nobody_looks_at_rests(engine):
    run = playing(engine)
    engine.tidy(time.monotonic() + LATER)
    wait_for(run, RunState.DETACHED)
    wait_until(lambda: not run.has_work)
    assert snapshot(run).iteration == run.frame.iteration


def test_a_resting_run_goes_on_when_somebody_looks(engine):
    run = playing(engine)
    engine.tidy(time.monotonic() + LATER)
    reached = wait_for(run, RunState.DETACHED).frame.iteration
    run.seen("a viewer")
    wait_until(lambda: run.frame.iteration > reached)
    assert run.frame.state == RunState.RUNNING


def test_a_run_that_somebody_looks_at_does_not_rest(engine):
    run = playing(engine)
    run.seen("a viewer")
    engine.tidy(time.monotonic() + 1)
    reached = run.frame.iteration
    wait_until(lambda: run.frame.iteration > reached)


def test_a_paused_run_stays_paused_when_nobody_looks(engine):
    run = ready(engine)
    engine.tidy(time.monotonic() + LATER)
    assert settle(run).frame.state == RunState.PAUSED


def test_a_run_told_to_keep_going_goes_on(engine):
    run = playing(engine)
    run.keep_going = True
    engine.tidy(time.monotonic() + MUCH_LATER)
    reached = run.frame.iteration
    wait_until(lambda: run.frame.iteration > reached + 3)
    assert engine.runs() == [run]


def test_a_long_forgotten_run_is_ended(engine):
    run = ready(engine)
    engine.tidy(time.monotonic() + MUCH_LATER)
    wait_for(run, RunState.STOPPED)
    assert engine.find(run.control_token) is None
    assert engine.runs() == []


def test_even_a_run_told_to_keep_going_is_ended_in_the_end(engine):
    run = ready(engine)
    run.keep_going = True
    engine.tidy(time.monotonic() + 4 * 3600)
    wait_for(run, RunState.STOPPED)


# Tokens and room ------------------------------------------------------------------------


def test_the_control_token_may_steer(engine):
    run = engine.start(TINY)
    assert engine.find(run.control_token) == (run, True)


def test_the_view_token_may_only_watch(engine):
    run = engine.start(TINY)
    assert engine.find(run.view_token) == (run, False)


@pytest.mark.parametrize("token", ["", "nonsense", None])
def test_an_unknown_token_finds_nothing(engine, token):
    engine.start(TINY)
    assert engine.find(token) is None


def test_tokens_cannot_be_guessed(engine):
    tokens = {t for _ in range(5) for t in vars(engine.start(TINY)).items() if "token" in t[0]}
    assert len(tokens) == 10
    assert min(len(token) for _, token in tokens) >= 16


@pytest.fixture
def small_engine(library: Library) -> Iterator[Engine]:
    engine = Engine(workers=1, load_data=library, max_runs=2)
    yield engine
    engine.close()


def test_a_full_engine_refuses_another_run(small_engine):
    runs = [small_engine.start(TINY) for _ in range(2)]
    with pytest.raises(EngineFull):
        small_engine.start(TINY)
    assert small_engine.runs() == runs


def test_a_full_engine_gives_up_the_run_that_nobody_watches(small_engine):
    watched, forgotten = (ready(small_engine) for _ in range(2))
    forgotten.last_seen -= 60
    new = small_engine.start(TINY)
    assert small_engine.runs() == [watched, new]
    wait_for(forgotten, RunState.STOPPED)


def test_a_full_engine_does_not_give_up_a_run_told_to_keep_going(small_engine):
    for _ in range(2):
        run = ready(small_engine)
        run.keep_going = True
        run.last_seen -= 60
    with pytest.raises(EngineFull):
        small_engine.start(TINY)


def test_a_stopped_run_makes_room(small_engine):
    runs = [small_engine.start(TINY) for _ in range(2)]
    small_engine.stop(runs[0])
    new = small_engine.start(TINY)
    assert small_engine.runs() == [runs[1], new]


def test_stop_frees_the_trainer(engine, monkeypatch):
    built: list[weakref.ref[Trainer]] = []
    build = Trainer.__init__

    def note(trainer: Trainer, *arguments: object) -> None:
        built.append(weakref.ref(trainer))
        build(trainer, *arguments)

    monkeypatch.setattr(Trainer, "__init__", note)
    run = playing(engine)
    engine.stop(run)
    wait_for(run, RunState.STOPPED)
    wait_until(lambda: [kept() for kept in built] == [None])


def test_a_stopped_run_is_found_no_more(engine):
    run = ready(engine)
    engine.stop(run)
    assert engine.find(run.control_token) is None
    assert engine.find(run.view_token) is None


def test_closing_ends_the_workers(library):
    engine = Engine(workers=2, load_data=library)
    playing(engine)
    engine.close()
    assert not any(thread.is_alive() for thread in engine._threads)


def test_two_workers_never_advance_one_run_at_once(library):
    engine = Engine(workers=2, load_data=library)
    inside: list[str] = []
    crowded: list[str] = []
    advance = Run.advance

    def watched(run: Run, seconds: float) -> None:
        if run.control_token in inside:
            crowded.append(run.control_token)
        inside.append(run.control_token)
        advance(run, seconds)
        inside.remove(run.control_token)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "advance", watched)
        try:
            run = ready(engine)
            for _ in range(30):
                run.step_discriminator()
                time.sleep(0.001)
            assert settle(run).frame.discriminator_moves == 30
        finally:
            engine.close()
    assert crowded == []


# A run alone, with a clock of our own -----------------------------------------------------


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=1000.0, worked=0.0)
    clock.monotonic = clock.perf_counter = lambda: clock.now
    clock.thread_time = lambda: clock.worked
    for module in (audience, run_module, screen, session):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def alone(library: Library, clock: SimpleNamespace) -> Run:  # noqa: ARG001
    """A run without an engine: built, paused, and advanced by hand."""
    run = Run(TINY, library, wake=lambda _run: None)

    def built() -> bool:
        run.advance(0)
        return run.frame.state == RunState.PAUSED

    wait_until(built)
    return run


@pytest.mark.parametrize("late", [True, False])
def test_a_run_that_is_stopped_as_its_data_arrive_stays_stopped(library, late):
    library.open.clear()
    run = Run(TINY, library, wake=lambda _run: None)
    run.advance(0)  # asks for the data
    if late:
        run.stop()
    library.open.set()
    wait_until(lambda: len(run._wanted) == (2 if late else 1))
    run.stop()
    for _ in range(3):
        run.advance(0)
    assert run.frame.state == RunState.STOPPED
    assert run._session is None
    assert not run.has_work


def test_a_run_that_is_started_again_as_it_is_stopped_stays_stopped(alone):
    alone.stop()
    alone.reset()
    for _ in range(3):
        alone.advance(0)
    assert alone.frame.state == RunState.STOPPED
    assert not alone.has_work


def test_every_viewer_of_the_last_five_seconds_counts_once(alone, clock):
    for name in ("ada", "ada", "grace"):
        alone.seen(name)
        clock.now += 1
    assert alone.viewers == 2


def test_a_viewer_who_left_is_counted_no_more(alone, clock):
    alone.seen("ada")
    clock.now += 6
    assert alone.viewers == 0


def test_a_snapshot_that_nobody_waits_for_any_more_does_no_harm(alone):
    alone.advance(0)
    alone.snapshot().cancel()
    alone.advance(0)
    assert alone.frame.state == RunState.PAUSED


def test_a_slice_that_is_over_is_left_after_one_move(alone):
    alone.play()
    alone.advance(0)
    assert alone.frame.iteration == 1
    alone.advance(0)
    assert alone.frame.iteration == 2


def test_a_run_that_nobody_watches_draws_no_pictures_but_the_albums(alone, clock):
    alone.step(1_000)
    for _ in range(14):
        clock.now += 3
        alone.advance(0)
    assert alone.frame.picture.iteration == 12
    assert [page.iteration for page in alone.frame.album][-2:] == [10, 12]


def test_a_watched_run_draws_several_pictures_a_second(alone, clock):
    alone.play()
    for _ in range(20):
        clock.now += 0.3
        alone.seen()
        alone.advance(0)
        assert alone.frame.picture.iteration == alone.frame.iteration


def test_the_rate_is_in_iterations_a_second(alone, clock):
    alone.play()
    for _ in range(10):
        clock.now += 0.5
        alone.advance(0)
    assert alone.frame.rate == pytest.approx(2.0)


def test_a_paused_run_has_no_rate(alone, clock):
    alone.step(3)
    for _ in range(4):
        clock.now += 0.5
        alone.advance(0)
    assert alone.frame.rate is None
