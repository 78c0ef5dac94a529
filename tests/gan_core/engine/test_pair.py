"""Two runs steered as one: in step, with one set of buttons, ended together."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import torch

from gan_core.config import TrainConfig
from gan_core.engine import Engine, EngineFull, Pair, RunState
from gan_core.engine.pair import LEAD, Common
from gan_core.points.sets import PointData
from gan_core.trainer import Trainer

POINTS = TrainConfig(
    model="points", dataset="eight_soft", latent_dim=2, batch_size=16, width=16, layers=2
)
DIGITS = TrainConfig(dataset="digits", model="dcgan", latent_dim=3, batch_size=4)
# D's loss leaves all bounds within some ten moves.
WILD = {"optimizer": "sgd", "loss": "wasserstein", "discriminator_lr": 0.3}
LATER = 11.0
MUCH_LATER = 1801.0


@pytest.fixture(params=[1, 2])
def engine(request, shelf) -> Iterator[Engine]:
    """Engines with as many workers as runs, and with fewer."""

    engine = Engine(workers=request.param, load_data=shelf)
    yield engine
    engine.close()


@pytest.fixture
def forked(engine, settled) -> Pair:
    """A run of points that was forked at iteration 7, and its fork."""
    run = engine.start(POINTS)
    run.step(7)
    settled(run)
    pair = engine.twin(run, {"discriminator_lr": 1e-3})
    settled(*pair.runs)
    return pair


@pytest.fixture
def fresh(engine, settled) -> Pair:
    pair = engine.pair(POINTS, POINTS.replace(loss="hinge"))
    settled(*pair.runs)
    return pair


def iterations(pair: Pair) -> list[int]:
    return [run.frame.iteration for run in pair.runs]


def states(pair: Pair) -> list[RunState]:
    return [run.frame.state for run in pair.runs]


def apart(pair: Pair) -> int:
    """How many iterations lie between the two at this moment, as the trainers count."""
    sessions = [run._session for run in pair.runs]
    made = [session.trainer.iteration for session in sessions if session]
    return max(made) - min(made)


# In step ----------------------------------------------------------------------------------


def test_a_fork_and_its_parent_stand_at_the_same_iteration(forked):
    assert iterations(forked) == [7, 7]
    assert states(forked) == [RunState.PAUSED, RunState.PAUSED]
    assert forked.forked_at == 7
    assert forked.is_fork


def test_two_from_the_beginning_have_not_been_forked(fresh):
    assert iterations(fresh) == [0, 0]
    assert fresh.forked_at is None
    assert not fresh.is_fork


def test_steps_are_made_by_both(forked, settled, state_of, assert_same):
    forked.step(3)
    forked.step_discriminator(2)
    forked.step_generator()
    settled(*forked.runs)
    for run in forked.runs:
        frame = run.frame
        assert (frame.iteration, frame.discriminator_moves, frame.generator_moves) == (13, 12, 11)
    alone = Trainer(POINTS, forked.a.data.points)
    for _ in alone.run(10):
        pass
    for move in ("step_discriminator", "step_discriminator", "step_generator"):
        getattr(alone, move)()
    assert_same(state_of(forked.a), alone.state_dict())


def test_two_that_play_are_never_far_apart(engine, settled, eventually):
    """The slow one makes twenty moves of D where the quick one makes one."""
    pair = engine.pair(POINTS, POINTS.replace(discriminator_steps=20, batch_size=256))
    settled(*pair.runs)
    pair.play()
    seen: list[int] = []

    def far_enough() -> bool:
        seen.append(apart(pair))
        return min(iterations(pair)) >= 60

    eventually(far_enough)
    pair.pause()
    settled(*pair.runs)
    # One more for the move under way while it was counted.
    assert max(seen) <= LEAD + 1
    assert iterations(pair)[0] == iterations(pair)[1] >= 60


def test_whenever_they_rest_they_stand_at_the_same_iteration(forked, settled, eventually):
    for _ in range(5):
        reached = max(iterations(forked))
        forked.play()
        eventually(lambda reached=reached: max(iterations(forked)) > reached + 3)
        forked.pause()
        settled(*forked.runs)
        assert iterations(forked)[0] == iterations(forked)[1]
        assert states(forked) == [RunState.PAUSED, RunState.PAUSED]


def test_steering_one_steers_both(forked, settled):
    forked.b.step(4)
    settled(*forked.runs)
    assert iterations(forked) == [11, 11]


def test_nobody_waits_for_a_twin_that_has_diverged(engine, settled):
    pair = engine.pair(POINTS, POINTS.replace(**WILD))
    pair.step(400)
    settled(*pair.runs)
    assert states(pair) == [RunState.PAUSED, RunState.DIVERGED]
    assert pair.a.frame.iteration == 400
    assert pair.b.frame.iteration < 400
    assert pair.b.frame.reason.code == "diverged"
    pair.step(10)
    settled(*pair.runs)
    assert pair.a.frame.iteration == 410


def test_a_diverged_run_is_forked_with_a_cure_and_the_cure_goes_on(engine, settled):
    run = engine.start(POINTS.replace(**WILD))
    run.step(500)
    settled(run)
    assert run.frame.state == RunState.DIVERGED
    pair = engine.twin(run, {"loss": "non_saturating", "discriminator_lr": 1e-4})
    settled(*pair.runs)
    reached = run.frame.iteration
    pair.step_discriminator(9)  # its weights are so large that G would diverge at once
    settled(*pair.runs)
    assert iterations(pair) == [reached, reached + 9]
    assert states(pair) == [RunState.DIVERGED, RunState.PAUSED]


def test_a_twin_that_cannot_be_built_does_not_hold_up_the_other(engine, settled):
    load = engine._load_data

    def broken(key: str) -> object:
        if key == "line":
            raise OSError("the shelf is empty")
        return load(key)

    engine._load_data = broken
    pair = engine.pair(POINTS, POINTS.replace(dataset="line"))
    pair.step(20)
    settled(*pair.runs)
    assert states(pair) == [RunState.PAUSED, RunState.FAILED]
    assert pair.a.frame.iteration == 20


def test_a_quick_twin_waits_for_one_that_is_still_loading(engine, eventually, settled):
    gate = threading.Event()
    load = engine._load_data

    def slow(key: str) -> object:
        assert key != "line" or gate.wait(60)
        return load(key)

    engine._load_data = slow
    pair = engine.pair(POINTS, POINTS.replace(dataset="line"))
    pair.play()
    eventually(lambda: pair.a.frame.iteration == LEAD)
    time.sleep(0.05)
    assert pair.a.frame.iteration == LEAD
    gate.set()
    eventually(lambda: min(iterations(pair)) > LEAD)
    pair.pause()
    settled(*pair.runs)
    assert iterations(pair)[0] == iterations(pair)[1]


# Again ------------------------------------------------------------------------------------


def test_reset_returns_both_to_the_fork(forked, settled, state_of, assert_same):
    before = [state_of(run) for run in forked.runs]
    forked.play()
    forked.step(5)
    settled(*forked.runs)
    forked.reset()
    settled(*forked.runs)
    assert iterations(forked) == [7, 7]
    for run, state in zip(forked.runs, before, strict=True):
        assert_same(state_of(run), state)
        assert len(run.frame.curves.mean) == 7
    assert [run.config.discriminator_lr for run in forked.runs] == [2e-4, 1e-3]


def test_after_a_reset_the_same_happens_again(forked, settled, state_of, assert_same):
    forked.step(6)
    settled(*forked.runs)
    before = [state_of(run) for run in forked.runs]
    forked.play()
    forked.reset()
    forked.step(6)
    settled(*forked.runs)
    for run, state in zip(forked.runs, before, strict=True):
        assert_same(state_of(run), state)


def test_two_may_learn_from_data_that_are_given(engine, settled):
    own = PointData("own", torch.rand(40, 2), None)
    recipe = POINTS.replace(dataset="own")
    pair = engine.pair(recipe, recipe.replace(loss="hinge"), own)
    pair.step(2)
    settled(*pair.runs)
    pair.reset()
    settled(*pair.runs)
    assert [run.data is own for run in pair.runs] == [True, True]


def test_reset_returns_two_from_the_beginning_to_it(engine, settled, state_of, assert_same):
    pair = engine.pair(DIGITS, DIGITS.replace(latent_dim=7))
    settled(*pair.runs)
    before = [state_of(run) for run in pair.runs]
    pair.step(3)
    settled(*pair.runs)
    pair.reset()
    settled(*pair.runs)
    for run, state in zip(pair.runs, before, strict=True):
        assert_same(state_of(run), state)
    own = [{k: v for k, v in s.items() if k.startswith("discriminator.")} for s in before]
    assert_same(*own)


def test_rewinding_takes_both_to_a_state_that_both_have_kept(forked, settled):
    for _ in range(4):
        forked.step()
        settled(*forked.runs)
    before = [run.frame.run_id for run in forked.runs]
    forked.rewind(9)
    settled(*forked.runs)
    assert iterations(forked) == [9, 9]
    assert all(run.frame.run_id > was for run, was in zip(forked.runs, before, strict=True))
    forked.step(2)
    settled(*forked.runs)
    assert iterations(forked) == [11, 11]


def test_rewinding_does_not_go_behind_the_fork(forked, settled):
    forked.step(3)
    settled(*forked.runs)
    forked.rewind(2)
    settled(*forked.runs)
    assert iterations(forked) == [7, 7]


def test_rewinding_while_they_play_keeps_them_in_step(forked, settled, eventually):
    for goal in (60, 20, 40):
        forked.play()
        eventually(lambda: min(iterations(forked)) > 80)
        forked.rewind(goal)
        settled(*forked.runs)
        assert iterations(forked)[0] == iterations(forked)[1] <= goal


def test_a_state_that_one_has_lost_takes_both_to_the_beginning(forked, settled):
    forked.step(3)
    settled(*forked.runs)
    forked.b._session._past.back_to(7)  # its frame still names iteration 10
    forked.rewind(10)
    settled(*forked.runs)
    assert iterations(forked) == [7, 7]


def test_digits_go_back_to_their_fork(engine, settled):
    run = engine.start(DIGITS)
    run.step(2)
    settled(run)
    pair = engine.twin(run, {"dropout": 0.0})
    pair.step(3)
    settled(*pair.runs)
    pair.rewind(4)
    settled(*pair.runs)
    assert iterations(pair) == [2, 2]


def test_a_diverged_twin_is_back_after_a_reset(engine, settled):
    pair = engine.pair(POINTS, POINTS.replace(**WILD))
    pair.step(400)
    settled(*pair.runs)
    assert states(pair)[1] == RunState.DIVERGED
    pair.reset()
    pair.step(2)
    settled(*pair.runs)
    assert iterations(pair) == [2, 2]


# Ends -------------------------------------------------------------------------------------


def test_the_fork_is_kept_and_its_parent_ended(engine, forked, settled):
    forked.step(2)
    settled(*forked.runs)
    engine.part(forked, keep=forked.b)
    settled(forked.b)
    assert engine.runs() == [forked.b]
    assert engine.find_pair(forked.control_token) is None
    forked.b.step(3)
    settled(forked.b)
    assert forked.b.frame.iteration == 12


def test_the_parent_is_kept_as_it_is_now(engine, forked, settled):
    forked.step(2)
    settled(*forked.runs)
    engine.part(forked, keep=forked.a)
    settled(forked.a)
    assert engine.runs() == [forked.a]
    assert forked.a.frame.iteration == 9
    assert forked.a.together == (forked.a,)


def test_where_neither_is_kept_the_parent_stands_as_before(
    engine, forked, settled, state_of, assert_same
):
    before = state_of(forked.a)
    forked.step(5)
    settled(*forked.runs)
    engine.part(forked)
    settled(forked.a)
    assert engine.runs() == [forked.a]
    assert_same(state_of(forked.a), before)
    assert forked.a.config == POINTS


def test_of_two_from_the_beginning_neither_may_stay(engine, fresh, settled):
    engine.part(fresh)
    settled(*fresh.runs)
    assert engine.runs() == []
    assert states(fresh) == [RunState.STOPPED, RunState.STOPPED]


def test_a_twin_whose_other_is_ended_goes_on_alone(engine, forked, settled):
    engine.stop(forked.a)
    forked.b.step(9)
    settled(forked.b)
    assert forked.b.frame.iteration == 16
    assert engine.find_pair(forked.view_token) is None


def test_a_twin_that_starts_again_alone_leaves_the_other_alone(forked, settled):
    forked.a.restart(POINTS.replace(seed=3))
    settled(*forked.runs)
    forked.a.step(2)
    settled(*forked.runs)
    assert iterations(forked) == [2, 7]


def test_who_looks_at_one_looks_at_both(engine, forked, settled, eventually):
    forked.play()
    engine.tidy(time.monotonic() + LATER)
    eventually(lambda: states(forked) == [RunState.DETACHED, RunState.DETACHED])
    assert apart(forked) <= LEAD
    reached = max(iterations(forked))
    forked.a.seen()
    eventually(lambda: min(iterations(forked)) > reached)
    forked.pause()
    settled(*forked.runs)


def test_a_forgotten_pair_is_ended_together(engine, forked):
    engine.tidy(time.monotonic() + MUCH_LATER)
    assert engine.runs() == []
    assert engine.find_pair(forked.control_token) is None


def test_one_that_is_to_keep_going_keeps_the_other_going(engine, forked, settled, eventually):
    forked.a.keep_going = True
    forked.play()
    engine.tidy(time.monotonic() + MUCH_LATER)
    reached = max(iterations(forked))
    eventually(lambda: min(iterations(forked)) > reached)
    assert len(engine.runs()) == 2
    forked.pause()
    settled(*forked.runs)


def test_a_pair_counts_as_two_runs(engine):
    engine._max_runs = 3
    engine.start(POINTS)
    engine.pair(POINTS, POINTS)
    with pytest.raises(EngineFull):
        engine.start(POINTS)
    assert len(engine.runs()) == 3


def test_a_pair_for_which_there_is_no_room_leaves_nothing_behind(engine):
    engine._max_runs = 2
    engine.start(POINTS)
    with pytest.raises(EngineFull):
        engine.pair(POINTS, POINTS)
    assert len(engine.runs()) == 1


def test_a_forgotten_pair_makes_room_as_a_whole(engine, forked):
    engine._max_runs = 2
    for run in forked.runs:
        run.last_seen -= 60
    new = engine.start(POINTS)
    assert engine.runs() == [new]


def test_tokens_say_what_one_may_do(engine, forked):
    assert engine.find_pair(forked.control_token) == (forked, True)
    assert engine.find_pair(forked.view_token) == (forked, False)
    assert engine.find_pair("nonsense") is None
    assert engine.find_pair(forked.a.control_token) is None
    assert min(len(forked.control_token), len(forked.view_token)) >= 16


# The common plan --------------------------------------------------------------------------


def test_a_plan_in_common_lets_nobody_get_far_ahead():
    plans = Common()
    quick, slow = plans.part(lambda: None), plans.part(lambda: None)
    plans.add("both", 10)
    made = 0
    while quick.next():
        made += 1
    assert made == LEAD
    assert not quick.may_move
    assert slow.next() == ("both", False)
    assert quick.may_move
    assert quick.next() == ("both", False)
    assert quick.next() is None


def test_what_one_has_made_the_other_still_makes_after_a_pause():
    plans = Common()
    quick, slow = plans.part(lambda: None), plans.part(lambda: None)
    plans.add("both", 2)
    plans.add("d", 1)
    assert [quick.next() for _ in range(2)] == [("both", False), ("both", True)]
    slow.clear()
    assert quick.next() is None
    assert not quick
    assert [slow.next() for _ in range(3)] == [("both", False), ("both", True), None]


def test_who_leaves_owes_nothing_and_gets_nothing():
    plans = Common()
    gone, left = plans.part(lambda: None), plans.part(lambda: None)
    plans.add("both", 20)
    left.next()
    gone.leave()
    assert not gone
    assert gone.next() is None
    assert sum(left.next() is not None for _ in range(30)) == 19
