"""Fair turns for all runs of one process."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from gan_core.config import POINT_KEYS, TrainConfig
from gan_core.engine.fork import Origin, changed, twin_of
from gan_core.engine.job import Experiment, Job
from gan_core.engine.pair import Common, Pair
from gan_core.engine.run import Run

if TYPE_CHECKING:
    from torch import Tensor

    from gan_core.engine.views import Data

SLICE_SECONDS = 0.05
DETACH_SECONDS = 10.0
REAP_SECONDS = 30 * 60.0
KEPT_GOING_SECONDS = 3 * 3600.0
MAX_RUNS = 64
MAX_JOBS = 64
MAX_THREADS_PER_RUN = 4


class EngineFull(RuntimeError):
    """As many runs as the engine holds, and all of them are being watched."""


class Worked(Protocol):
    """What takes turns: a run, or a job."""

    @property
    def has_work(self) -> bool:
        """Whether a worker would find something to do."""
        ...

    def advance(self, seconds: float) -> None:
        """Work for about so long; never raises."""
        ...


class Engine:
    """A few worker threads that advance all runs and jobs in turn.

    One core is left to whoever draws the pages. Each turn is a short slice of
    time, whatever the size of the run, so thirty runs move at the same pace.

    Args:
        workers: number of worker threads; by default all cores but one.
        load_data: how to get a data set by its key; by default torchvision's files.
    """

    def __init__(
        self,
        workers: int | None = None,
        load_data: Callable[[str], Data] | None = None,
        max_runs: int = MAX_RUNS,
        max_jobs: int = MAX_JOBS,
    ) -> None:
        self._cores = max(1, (os.cpu_count() or 2) - 1)
        self._load_data = load_data or _default_data
        self._max_runs = max_runs
        self._max_jobs = max_jobs
        self._turn = threading.Condition()
        self._ready: deque[Worked] = deque()  # waiting for a worker
        self._held: set[Worked] = set()  # with a worker or waiting
        self._runs: dict[str, tuple[Run, bool]] = {}
        self._pairs: dict[str, tuple[Pair, bool]] = {}
        self._jobs: dict[str, tuple[Job, bool]] = {}
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, daemon=True, name=f"engine-{index}")
            for index in range(workers or self._cores)
        ]
        for thread in [*self._threads, threading.Thread(target=self._tidy, daemon=True)]:
            thread.start()

    def start(
        self,
        config: TrainConfig,
        state: dict[str, Tensor] | None = None,
        data: Data | None = None,
    ) -> Run:
        """Begin a run, paused; it is built by a worker and shows itself when ready.

        ``data``: what to train on, where that is nothing to be had by its key.

        Raises:
            EngineFull: if there is no room even after reaping what nobody watches.
        """
        self._make_room(1)
        return self._admit(Run(config, self._load_data, self._wake, Origin(state), data))

    def fork(self, run: Run, **changes: Any) -> Run:
        """Begin a run where another one stands, with some settings changed.

        Both are then paused at the same iteration. The fork has the other's past: its curves,
        its album, and what its meter has read. Without a change it stays the same for ever,
        bit for bit.

        Raises:
            SettingError: if a value is out of range, or a change does not keep the shapes of
                the weights (``CannotFork``).
            EngineFull: if there is no room.
        """
        child = self._fork(run, changes)
        child.go_on_from(run.part(), changes)
        return child

    def twin(self, run: Run, changes: Mapping[str, Any], place: str = "") -> Pair:
        """Fork a run; from then on it and its fork are steered as one.

        Raises:
            SettingError, EngineFull: as ``fork`` does.
        """
        child = self._fork(run, changes)
        plans = Common()
        own, childs = plans.part(run.wake), plans.part(child.wake)
        coming = run.part(own)
        child.go_on_from(coming, changes, childs)
        return self._bind(Pair(run, child, plans, coming, place))

    def pair(
        self,
        config_a: TrainConfig,
        config_b: TrainConfig,
        data: Data | None = None,
        place: str = "",
    ) -> Pair:
        """Begin two runs that are steered as one, both from their beginning.

        With the same seed they see the same batches, and begin with the same weights and the
        same noise wherever these have the same shapes. ``data``: as for ``start``.

        Raises:
            EngineFull: if there is no room for both.
        """
        self._make_room(2)
        plans = Common()
        origins = (Origin(), Origin(like=twin_of(config_a, config_b)))
        a, b = (
            Run(config, self._load_data, self._wake, origin, data)
            for config, origin in zip((config_a, config_b), origins, strict=True)
        )
        for run in (a, b):
            run.follow(plans.part(run.wake))
            self._admit(run)
        return self._bind(Pair(a, b, plans, None, place))

    def _fork(self, run: Run, changes: Mapping[str, Any]) -> Run:
        config = changed(run.config, changes)
        self._make_room(1, sparing=run)
        return self._admit(Run(config, self._load_data, self._wake, None))

    def _admit(self, run: Run) -> Run:
        with self._turn:
            self._runs[run.control_token] = (run, True)
            self._runs[run.view_token] = (run, False)
        self._wake(run)
        return run

    def _bind(self, pair: Pair) -> Pair:
        with self._turn:
            self._pairs[pair.control_token] = (pair, True)
            self._pairs[pair.view_token] = (pair, False)
        return pair

    def find(self, token: str) -> tuple[Run, bool] | None:
        """Return the run behind a token, and whether that token may steer it."""
        return self._runs.get(token)

    def find_pair(self, token: str) -> tuple[Pair, bool] | None:
        """Return the pair behind a token, and whether that token may steer it."""
        return self._pairs.get(token)

    def runs(self) -> list[Run]:
        """Return all runs, oldest first."""
        with self._turn:
            return [run for run, may_steer in self._runs.values() if may_steer]

    def stop(self, run: Run) -> None:
        """End a run and free its memory; if it was one of a pair, the other goes on alone."""
        run.stop()
        with self._turn:
            self._runs.pop(run.control_token, None)
            self._runs.pop(run.view_token, None)
            pairs = {pair for pair, _ in self._pairs.values() if run in pair.runs}
        for pair in pairs:
            self._release(pair)

    def part(self, pair: Pair, keep: Run | None = None) -> None:
        """End a pair: only one of its runs, or neither, stays.

        A run that was forked is not ended when neither is kept: it goes back to where its
        fork left it.
        """
        self._release(pair)
        kept = keep or (pair.a if pair.is_fork else None)
        pair.part(keep)
        for run in pair.runs:
            if run is not kept:
                self.stop(run)

    def _release(self, pair: Pair) -> None:
        with self._turn:
            self._pairs.pop(pair.control_token, None)
            self._pairs.pop(pair.view_token, None)

    # Jobs -------------------------------------------------------------------------

    def job(self, experiment: Experiment[Any], place: str = "") -> Job:
        """Begin a long experiment; it takes turns with the runs until it is done.

        ``place``: who it belongs to, for whoever finds it.

        Raises:
            EngineFull: if there is no room even after dropping what nobody looks at.
        """
        self._make_room_for_job()
        job = Job(experiment, self._wake, place)
        with self._turn:
            self._jobs[job.control_token] = (job, True)
            self._jobs[job.view_token] = (job, False)
        job.begin()
        return job

    def find_job(self, token: str) -> tuple[Job, bool] | None:
        """Return the job behind a token, and whether that token may steer it."""
        return self._jobs.get(token)

    def jobs(self) -> list[Job]:
        """Return all jobs, oldest first."""
        with self._turn:
            return [job for job, may_steer in self._jobs.values() if may_steer]

    def drop(self, job: Job) -> None:
        """End a job and free its memory, its result too."""
        job.cancel()
        with self._turn:
            self._jobs.pop(job.control_token, None)
            self._jobs.pop(job.view_token, None)

    def _make_room_for_job(self) -> None:
        while len(self.jobs()) >= self._max_jobs:
            at_rest = (job for job in self.jobs() if not job.has_work)
            forgotten = min(at_rest, key=lambda job: job.last_seen, default=None)
            if forgotten is None or time.monotonic() - forgotten.last_seen < DETACH_SECONDS:
                raise EngineFull(f"all {self._max_jobs} jobs are at work or being looked at")
            self.drop(forgotten)

    def close(self) -> None:
        """End all runs, jobs and workers."""
        for run in self.runs():
            self.stop(run)
        for job in self.jobs():
            self.drop(job)
        with self._turn:
            self._closed = True
            self._turn.notify_all()
        for thread in self._threads:
            thread.join(timeout=10)

    # Turns ------------------------------------------------------------------------

    def _wake(self, one: Worked) -> None:
        with self._turn:
            if one not in self._held and one.has_work:
                self._held.add(one)
                self._ready.append(one)
                self._turn.notify()

    def _work(self) -> None:
        threads = 0
        while True:
            with self._turn:
                while not self._ready and not self._closed:
                    self._turn.wait()
                if self._closed:
                    return
                one = self._ready.popleft()
                wanted = self._threads_each()
            if wanted != threads:
                threads = wanted
                _use_threads(threads)
            one.advance(SLICE_SECONDS)
            with self._turn:
                if one.has_work:
                    self._ready.append(one)  # to the end of the queue
                    self._turn.notify()
                else:
                    self._held.discard(one)

    def _threads_each(self) -> int:
        busy = min(max(1, len(self._held)), len(self._threads))
        return max(1, min(MAX_THREADS_PER_RUN, self._cores // busy))

    # Tidying ----------------------------------------------------------------------

    def _tidy(self) -> None:
        while not self._closed:
            time.sleep(1.0)
            self.tidy(time.monotonic())

    def tidy(self, now: float) -> None:
        """Rest the runs that nobody looks at; end runs and jobs long forgotten."""
        for run in self.runs():
            unseen = now - run.last_seen
            if unseen > (KEPT_GOING_SECONDS if run.keeps_going else REAP_SECONDS):
                self.stop(run)
            elif unseen > DETACH_SECONDS and not run.keeps_going:
                run.detach()
        for job in self.jobs():
            if now - job.last_seen > REAP_SECONDS:
                self.drop(job)

    def _make_room(self, places: int, sparing: Run | None = None) -> None:
        """End runs that nobody watches, until there are so many places."""
        while len(self.runs()) + places > self._max_runs:
            idle = [
                run for run in self.runs() if not run.keeps_going and sparing not in run.together
            ]
            forgotten = min(idle, key=lambda run: run.last_seen, default=None)
            if forgotten is None or time.monotonic() - forgotten.last_seen < DETACH_SECONDS:
                raise EngineFull(f"all {self._max_runs} runs are being watched")
            for run in forgotten.together:
                self.stop(run)


def _use_threads(count: int) -> None:
    import torch

    torch.set_num_threads(count)


def _default_data(key: str) -> Data:
    if key in POINT_KEYS:
        from gan_core.points.sets import load_points

        return load_points(key)
    from gan_core.data import load_images

    return load_images(key)
