"""Jobs: long experiments with an end, in turns with the runs."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from gan_core.config import TrainConfig
from gan_core.engine import Engine, EngineFull, Job, JobState, Step
from gan_core.engine import job as job_module
from gan_core.engine.job import ENDED, Pace
from gan_core.report import TrainingDiverged

PATIENCE = 60.0
MUCH_LATER = 1801.0


class Held:
    """Something large that an experiment holds."""


@dataclass
class Counting:
    """An experiment that counts, as far as it is let; till then it treads on the spot."""

    total: int = 5
    gate: threading.Semaphore | None = None
    fails_at: int | None = None
    diverges_at: int | None = None
    ready: threading.Event = field(default_factory=threading.Event)
    unavailable: bool = False
    closed: bool = False
    held: weakref.ref[Held] | None = None

    def __post_init__(self) -> None:
        self.ready.set()

    def prepare(self) -> None:
        assert self.ready.wait(PATIENCE)
        if self.unavailable:
            raise OSError("the shelf is empty")

    def steps(self) -> Generator[Step, None, str]:
        large = Held()
        self.held = weakref.ref(large)
        try:
            for done in range(1, self.total + 1):
                while self.gate is not None and not self.gate.acquire(timeout=0.002):
                    yield Step("wait", done - 1, self.total)
                if done == self.fails_at:
                    raise ZeroDivisionError("a mistake")
                if done == self.diverges_at:
                    raise TrainingDiverged(done, "D's loss")
                yield Step("count", done, self.total, {"n": done}, {"page": b"%d" % done})
        finally:
            self.closed = True
        return "counted"


@pytest.fixture
def engine(shelf) -> Iterator[Engine]:
    engine = Engine(workers=1, load_data=shelf, max_jobs=2)
    yield engine
    engine.close()


@pytest.fixture
def ended(eventually) -> Callable[[Job], Job]:
    def wait(job: Job) -> Job:
        eventually(lambda: job.frame.state in ENDED)
        return job

    return wait


@pytest.fixture
def at(eventually) -> Callable[[Job, int], None]:
    """Wait until so many steps are done and shown."""
    return lambda job, done: eventually(lambda: job.frame.done == done)


def gated(total: int = 5) -> Counting:
    return Counting(total, threading.Semaphore(0))


def let(experiment: Counting, steps: int) -> None:
    assert experiment.gate is not None
    experiment.gate.release(steps)


def test_a_job_ends_with_a_result(engine, ended):
    job = ended(engine.job(Counting(), "here"))
    frame = job.frame
    assert (frame.state, frame.stage, frame.done, frame.total) == (JobState.DONE, "count", 5, 5)
    assert (job.result, job.place) == ("counted", "here")


def test_its_values_become_curves_and_its_pictures_the_newest(engine, ended):
    frame = ended(engine.job(Counting())).frame
    assert frame.curves["n"].mean[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert (frame.pictures["page"].version, frame.pictures["page"].png) == (5, b"5")


def test_curves_are_bounded(engine, ended):
    total = 5 * job_module.BUCKETS
    curve = ended(engine.job(Counting(total))).frame.curves["n"]
    assert len(curve.mean) <= job_module.BUCKETS
    counts = np.arange(1, total + 1).reshape(-1, curve.width)
    assert np.array_equal(curve.mean[:, 0], counts.mean(1))


def test_what_was_seen_stays_as_it_was(engine, at):
    experiment = gated()
    job = engine.job(experiment)
    let(experiment, 2)
    at(job, 2)
    before = job.frame
    let(experiment, 1)
    at(job, 3)
    assert (before.done, len(before.curves["n"].mean)) == (2, 2)
    assert before.pictures["page"].png == b"2"
    assert job.frame.version > before.version
    let(experiment, 9)


def test_a_paused_job_rests_and_goes_on_where_it_was(engine, at, ended, eventually):
    experiment = gated()
    job = engine.job(experiment)
    let(experiment, 2)
    at(job, 2)
    job.pause()
    let(experiment, 1)  # the step being made is finished
    eventually(lambda: job.frame.state == JobState.PAUSED)
    stood = job.frame.done
    assert stood in (2, 3)
    let(experiment, 9)
    engine.job(Counting(1))  # the worker is free for others
    assert job.frame.done == stood
    assert job.frame.left is None
    job.resume()
    assert ended(job).result == "counted"
    assert job.frame.curves["n"].mean[:, 0].tolist() == [1, 2, 3, 4, 5]


def test_a_job_paused_before_its_data_came_waits(engine, eventually):
    experiment = Counting()
    experiment.ready.clear()
    job = engine.job(experiment)
    job.pause()
    experiment.ready.set()
    eventually(lambda: job.frame.state == JobState.PAUSED)
    assert job.frame.done == 0
    job.resume()
    eventually(lambda: job.frame.state == JobState.DONE)


def test_a_cancelled_job_lets_go(engine, at, ended):
    experiment = gated()
    job = engine.job(experiment)
    let(experiment, 2)
    at(job, 2)
    job.cancel()
    let(experiment, 1)
    assert ended(job).frame.state == JobState.CANCELLED
    assert experiment.closed
    assert job.result is None
    gc.collect()
    assert experiment.held is not None
    assert experiment.held() is None


@pytest.mark.parametrize("verb", [Job.pause, Job.resume, Job.cancel])
def test_steering_what_is_over_harms_nothing(engine, ended, eventually, verb):
    job = ended(engine.job(Counting()))
    verb(job)
    eventually(lambda: not job.has_work)
    assert job.frame.state == (JobState.CANCELLED if verb is Job.cancel else JobState.DONE)


def test_a_job_that_fails_says_why_and_harms_no_other(engine, ended):
    broken = ended(engine.job(Counting(fails_at=3)))
    assert broken.frame.state == JobState.FAILED
    assert broken.frame.reason.detail == "ZeroDivisionError: a mistake"
    assert broken.frame.done == 2
    assert ended(engine.job(Counting())).result == "counted"


def test_a_job_that_diverges_says_where(engine, ended):
    frame = ended(engine.job(Counting(diverges_at=4))).frame
    assert frame.state == JobState.DIVERGED
    assert (frame.reason.iteration, frame.reason.detail) == (4, "D's loss")


def test_a_job_without_its_data_fails(engine, ended):
    frame = ended(engine.job(Counting(unavailable=True))).frame
    assert (frame.state, frame.reason.detail) == (JobState.FAILED, "OSError: the shelf is empty")


def test_waiting_for_data_holds_up_nobody(engine, ended, eventually):
    slow = Counting()
    slow.ready.clear()
    waiting = engine.job(slow)
    assert ended(engine.job(Counting())).result == "counted"
    assert waiting.frame.state == JobState.LOADING
    slow.ready.set()
    eventually(lambda: waiting.frame.state == JobState.DONE)


def test_jobs_and_runs_take_turns(engine, eventually):
    run = engine.start(TrainConfig(dataset="digits", model="dcgan", latent_dim=3, batch_size=4))
    run.play()
    job = engine.job(Counting(10**9))
    for _ in range(2):
        moved, done = run.frame.iteration, job.frame.done
        eventually(lambda: (run.seen() or run.frame.iteration > moved) and job.frame.done > done)  # noqa: B023
    engine.drop(job)


def test_a_job_is_found_by_either_token(engine):
    job = engine.job(Counting())
    assert engine.find_job(job.control_token) == (job, True)
    assert engine.find_job(job.view_token) == (job, False)
    assert engine.find_job("else") is None
    engine.drop(job)
    assert engine.find_job(job.control_token) is None


def test_what_nobody_looks_at_is_dropped_after_a_while(engine, ended):
    job = ended(engine.job(Counting()))
    engine.tidy(job.last_seen + MUCH_LATER - 2)
    assert engine.jobs() == [job]
    engine.tidy(job.last_seen + MUCH_LATER)
    assert engine.jobs() == []
    assert job.result is None or job.has_work  # it goes with the next turn


def test_a_full_engine_drops_what_is_forgotten_only(engine, ended):
    first, second = (ended(engine.job(Counting())) for _ in range(2))
    with pytest.raises(EngineFull):
        engine.job(Counting())  # both were looked at a moment ago
    first.last_seen -= 11
    third = engine.job(Counting())
    assert engine.jobs() == [second, third]


def test_a_job_at_work_is_never_dropped_for_another(engine, at):
    experiments = [gated(), gated()]
    jobs = [engine.job(experiment) for experiment in experiments]
    let(experiments[0], 1)
    at(jobs[0], 1)
    for job in jobs:
        job.last_seen -= 100
    with pytest.raises(EngineFull):
        engine.job(Counting())
    for experiment in experiments:
        let(experiment, 9)


# The time left ---------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a clock that a test sets: its only element."""
    now = [100.0]
    monkeypatch.setattr(job_module.time, "perf_counter", lambda: now[0])
    return now


def test_the_time_left_follows_from_the_pace(clock):
    pace = Pace()
    for done in range(1, 12):
        pace.note(done)
        clock[0] += 0.5
    assert pace.left(31) == pytest.approx(20 * 0.5)
    assert pace.seconds == pytest.approx(5.0)


def test_nothing_is_told_before_there_is_something_to_go_by(clock):
    pace = Pace()
    assert pace.left(10) is None
    pace.note(1)
    clock[0] += 0.9
    pace.note(2)
    assert pace.left(10) is None


def test_rest_does_not_count(clock):
    pace = Pace()
    for done in range(1, 6):
        pace.note(done)
        clock[0] += 0.5
    pace.rest()
    clock[0] += 1000
    for done in range(6, 11):
        pace.note(done)
        clock[0] += 0.5
    assert pace.seconds == pytest.approx(4.0)
    assert pace.left(18) == pytest.approx(8 * 4.0 / 9)


def test_old_paces_are_forgotten(clock):
    pace = Pace()
    done = 0
    for step in (10.0, 1.0):  # seconds a step: a slow stage, then a fast one
        for _ in range(40):
            pace.note(done := done + 1)
            clock[0] += step
    assert pace.left(done + 30) == pytest.approx(30.0)


def test_marks_are_bounded(clock):
    pace = Pace()
    for done in range(100_000):
        pace.note(done)
        clock[0] += 0.001
    assert len(pace._marks) <= job_module.PACE_SECONDS / 0.1 + 2
