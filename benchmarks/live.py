"""What the live page costs: its training against the engine alone, and how it feels.

``python -m benchmarks.live`` opens *Train on digits* in a real Chromium and measures

* iterations a second with the page open against ``gan_core.engine.Engine`` alone, in a
  process of its own that nobody polls: in turns, so that a busy machine slows both;
* pictures drawn a second, and the share of time in which the page was blocked
  (``PerformanceObserver("longtask")``: tasks of 50 ms and more);
* the time from a click on Pause to the page saying "paused", by the browser's clock;
* the time from opening a page to its first picture, on a server just started;
* whether a run's age slows it down (see :func:`age`; ``--long`` really trains that long);
* thirty viewers asking five times a second, and what they cost the training.

Data sets are taken from ``$GAN_DATA``; without MNIST there, the embedded digits serve.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import torch
from playwright.sync_api import Browser, Page
from torch import Tensor

from benchmarks.app_server import LiveView, find_chromium, open_chromium, open_live, serve
from benchmarks.machine import machine
from gan_core.config import DATASET_KEYS, PRESETS, TrainConfig
from gan_core.data import load_images
from gan_core.engine import Engine, Run, RunState
from gan_core.engine.engine import SLICE_SECONDS
from gan_core.history import CURVES, Album, History

YOUNG, OLD = 1_000, 20_000
VIEWERS, VIEWERS_HERTZ, VIEWERS_SECONDS = 30, 5, 10.0
WARM_UP_ITERATIONS = 20
TURN = 5

# Counts blocked time from the first script on; `buffered` would count the page's loading, too.
WATCH_LONG_TASKS = """
window.blocked = 0;
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.blocked += task.duration;
}).observe({ type: "longtask" });
"""
# A reading at the moment at which the iteration counter changes.
READ = """(root) => new Promise((resolve) => {
  new MutationObserver((_, observer) => {
    observer.disconnect();
    resolve({ seconds: performance.now() / 1000, iteration: Number(root.dataset.iteration),
              frames: Number(root.dataset.frames), blocked: window.blocked / 1000 });
  }).observe(root, { attributeFilter: ["data-iteration"] });
})"""
CLICK_PAUSE = """(root) => new Promise((resolve) => {
  const begin = performance.now();
  new MutationObserver((_, observer) => {
    if (root.dataset.state !== "paused") return;
    observer.disconnect();
    resolve(performance.now() - begin);
  }).observe(root, { attributeFilter: ["data-state"] });
  root.querySelector('[data-verb="play"]').click();
})"""


@dataclass(frozen=True, slots=True)
class Pace:
    """What a stretch of training on the page looked like, a second."""

    iterations: float
    pictures: float
    blocked: float


def main() -> None:
    """Run the rounds and print the figures."""
    options = _options()
    dataset, data = _data(options.dataset)
    if options.engine_alone:
        engine_alone(TrainConfig(dataset=dataset), options.engine_alone)
        return
    print(machine())
    print(f"load {os.getloadavg()[0]:.1f} at the beginning")
    if options.long:
        really_age()
        return
    path = find_chromium()
    if path is None:
        sys.exit("this benchmark needs a Chromium")
    rounds, seconds = options.rounds, options.seconds
    print(f"data: {dataset}; preset: lesson; {rounds} rounds of {seconds:g} s a side")
    with open_chromium(path) as browser:
        first_picture(browser, data, "/")
        first_picture(browser, data, f"/train?dataset={dataset}")
        with serve(data) as address, visitor(browser) as page:
            live = open_live(page, f"{address}/train?dataset={dataset}")
            training_rate(live, dataset, rounds, seconds)
            pauses(live, options.clicks)
            viewers(live, address)
    age(TrainConfig(dataset=dataset), rounds, seconds)


# On the page ----------------------------------------------------------------------------


@contextmanager
def visitor(browser: Browser) -> Iterator[Page]:
    """Open an empty page with nothing in its cache."""
    context = browser.new_context()
    context.set_default_timeout(120_000)
    context.add_init_script(WATCH_LONG_TASKS)
    yield context.new_page()
    context.close()


def first_picture(browser: Browser, data: Path, path: str) -> None:
    """Print how long after opening a page its first pictures are there, on a cold server."""
    with serve(data) as address, visitor(browser) as page:
        begin = time.perf_counter()
        page.goto(address + path, wait_until="commit")
        if path == "/":
            pictures = page.locator(".gan-pipeline img")
            pictures.nth(2).wait_for()
            pictures.evaluate_all("(images) => Promise.all(images.map((image) => image.decode()))")
        else:
            page.locator(".gan-live[data-frames]").wait_for()
        seconds = time.perf_counter() - begin
        say(f"first picture on {path.split('?')[0]}, cold server", seconds, 5, "s")
        if path == "/":
            page.locator('.gan-pipeline[data-state="live"]').wait_for()
            print(
                f"  (freshly made ones took their place after {time.perf_counter() - begin:.1f} s)"
            )


def training_rate(live: LiveView, dataset: str, rounds: int, seconds: float) -> None:
    """Print the page's rate against the engine's, pictures a second and blocked time."""
    ratios: list[float] = []
    paces: list[Pace] = []
    told = ("--engine-alone", str(seconds), "--dataset", dataset)
    with helper_engine("-m", "benchmarks.live", *told) as alone:
        for number in range(1, rounds + 1):
            bare = alone()
            paces.append(train_for(live, seconds))
            ratios.append(paces[-1].iterations / bare)
            print(
                f"round {number}: engine alone {bare:.1f} it/s, live {paces[-1].iterations:.1f} "
                f"it/s, ratio {ratios[-1]:.2f}",
                flush=True,
            )
    print(f"ratios from {min(ratios):.2f} to {max(ratios):.2f}")
    say("median ratio live ÷ alone", statistics.median(ratios), 0.85, at_least=True)
    drawn = statistics.median(pace.pictures for pace in paces)
    say("pictures drawn a second", drawn, 4, at_least=True)
    blocked = statistics.mean(pace.blocked for pace in paces)
    say("time in long tasks", 100 * blocked, 5, "%")


def train_for(live: LiveView, seconds: float) -> Pace:
    """Play for some seconds, then pause; the counters are read when they change."""
    _play(live)
    pace = _pace(live, seconds)
    live.press("play")
    live.wait_for_state("paused")
    return pace


def _play(live: LiveView) -> None:
    live.press("play")
    live.wait_for("iteration", live.number("iteration") + WARM_UP_ITERATIONS)


def _pace(live: LiveView, seconds: float) -> Pace:
    first = live.root.evaluate(READ)
    live.page.wait_for_timeout(1000 * seconds)
    last = live.root.evaluate(READ)
    spent = last["seconds"] - first["seconds"]
    return Pace(*((last[key] - first[key]) / spent for key in ("iteration", "frames", "blocked")))


def pauses(live: LiveView, clicks: int) -> None:
    """Print how long a click on Pause takes to show."""
    times = []
    for _ in range(clicks):
        live.press("play")
        live.wait_for_state("running")
        live.wait_for("iteration", live.number("iteration") + 2)
        times.append(live.root.evaluate(CLICK_PAUSE))
    middle, late = statistics.median(times), _percentile(times, 95)
    print(f"Pause, click to shown, {clicks} times: p50 {middle:.0f} ms, p95 {late:.0f} ms")
    say("p95 of Pause", late, 500, "ms")


def viewers(live: LiveView, address: str) -> None:
    """Print what thirty viewers get, and what they cost the training."""
    token = parse_qs(urlsplit(live.view_link).query)["run"][0]
    _play(live)
    without = _pace(live, VIEWERS_SECONDS)
    times: list[float] = []
    cost: list[float] = []

    def ask() -> None:
        times.extend(asyncio.run(_crowd(f"{address}/api/run/{token}")))
        cost.append(time.thread_time())

    crowd = threading.Thread(target=ask)
    crowd.start()
    with_them = _pace(live, VIEWERS_SECONDS - 1)
    crowd.join()
    live.press("play")
    live.wait_for_state("paused")
    print(
        f"{VIEWERS} viewers at {VIEWERS_HERTZ} Hz for {VIEWERS_SECONDS:g} s: {len(times)} answers, "
        f"p50 {statistics.median(times):.0f} ms, p95 {_percentile(times, 95):.0f} ms; live "
        f"{with_them.iterations:.1f} it/s with them, {without.iterations:.1f} without "
        f"(asking took this machine {cost[0]:.1f} s of a core, beside the answering)"
    )


async def _crowd(url: str) -> list[float]:
    limits = httpx.Limits(max_connections=VIEWERS)
    async with httpx.AsyncClient(trust_env=False, limits=limits, timeout=30) as client:
        each = [_viewer(client, url, f"viewer-{number}", number) for number in range(VIEWERS)]
        return [spent for times in await asyncio.gather(*each) for spent in times]


async def _viewer(client: httpx.AsyncClient, url: str, name: str, number: int) -> list[float]:
    """Ask as the page does, saying what is held; return the answers' times in ms."""
    times = []
    held = {"width": 0, "from": 0, "picture": 0}
    await asyncio.sleep(number / VIEWERS / VIEWERS_HERTZ)  # they did not all arrive at once
    end = time.perf_counter() + VIEWERS_SECONDS
    while (begin := time.perf_counter()) < end:
        answer = (await client.get(url, params={**held, "viewer": name})).content
        times.append(1000 * (time.perf_counter() - begin))
        head = json.loads(answer[4 : 4 + int.from_bytes(answer[:4], "little")])
        curves, picture = head["history"], head["picture"]
        held["width"] = curves["width"]
        held["from"] = max(0, curves["start"] + len(curves["mean"]) - 1)
        held["picture"] = picture["id"] if picture else held["picture"]
        await asyncio.sleep(max(0.0, 1 / VIEWERS_HERTZ - (time.perf_counter() - begin)))
    return times


# The engine alone -----------------------------------------------------------------------


@contextmanager
def helper_engine(*arguments: str) -> Iterator[Callable[[], float]]:
    """Keep an engine ready in another process; yield a function that lets it train once.

    ``arguments``: of the Python that calls :func:`engine_alone`.
    """
    command = [sys.executable, *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as helper:
        assert helper.stdin is not None
        assert helper.stdout is not None

        def measure() -> float:
            helper.stdin.write("go\n")
            helper.stdin.flush()
            return float(helper.stdout.readline())

        try:
            yield measure
        finally:
            helper.stdin.close()
            helper.wait(timeout=60)


def engine_alone(config: TrainConfig, seconds: float) -> None:
    """Train for ``seconds`` at each line read, and print the rate."""
    engine = Engine()
    run = started(engine, config)
    for _ in sys.stdin:
        print(rate_of(run, seconds), flush=True)
    engine.close()


def started(engine: Engine, config: TrainConfig) -> Run:
    """Begin a run that nobody looks at; return it when it is built."""
    run = engine.start(config)
    run.keep_going = True  # nobody looks
    _wait(lambda: run.frame.state == RunState.PAUSED, run)
    return run


def _wait(condition: Callable[[], bool], run: Run) -> None:
    while not condition():
        if run.frame.reason is not None:
            raise RuntimeError(run.frame.reason.detail)
        time.sleep(0.002)


def _next_move(run: Run) -> tuple[float, int]:
    """Return time and iteration when the run's counter changes."""
    before = run.frame.iteration
    _wait(lambda: run.frame.iteration != before, run)
    return time.perf_counter(), run.frame.iteration


def rate_of(run: Run, seconds: float) -> float:
    """Play for some seconds; return iterations a second after a short warm-up."""
    run.play()
    warm = run.frame.iteration + WARM_UP_ITERATIONS
    _wait(lambda: run.frame.iteration >= warm, run)
    then, first = _next_move(run)
    time.sleep(seconds)
    now, last = _next_move(run)
    run.pause()
    _wait(lambda: run.frame.state == RunState.PAUSED, run)
    return (last - first) / (now - then)


# Age ------------------------------------------------------------------------------------


def age(config: TrainConfig, rounds: int, seconds: float) -> None:
    """Print the rate of a run that remembers 20,000 iterations against one of 1,000."""
    print(
        f"age: two runs with the same weights, whose histories, albums and iteration counters "
        f"were filled as {YOUNG:,} and {OLD:,} iterations fill them, without the training; "
        f"advanced in turns of {TURN} of the engine's slices"
    )
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
    origin = _alone(config)
    origin.step(WARM_UP_ITERATIONS)
    while origin.frame.iteration < WARM_UP_ITERATIONS:
        origin.advance(SLICE_SECONDS)
    runs = [_aged(origin, iterations) for iterations in (YOUNG, OLD)]
    ratios = []
    for number in range(1, rounds + 1):
        young, old = _in_turns(runs, seconds)
        ratios.append(old / young)
        print(
            f"round {number}: {young:.1f} it/s young, {old:.1f} it/s old, ratio {old / young:.3f}"
        )
    median = statistics.median(ratios)
    say(f"median ratio at {OLD:,} ÷ at {YOUNG:,}", median, 0.95, at_least=True)


def _alone(config: TrainConfig, state: dict[str, Tensor] | None = None) -> Run:
    """Return a run that waits to be advanced by hand."""
    run = Run(config, load_images, lambda _: None, state)

    def built() -> bool:
        run.advance(0)
        return run.frame.state == RunState.PAUSED

    _wait(built, run)
    return run


def _aged(origin: Run, iterations: int) -> Run:
    """Return a run with ``origin``'s weights and the memory of that many iterations."""
    waiting = origin.snapshot()
    origin.advance(0)
    taken = waiting.result(60)
    taken.state["clock"][0] = iterations
    run = _alone(taken.config, taken.state)
    report, picture = origin.frame.report, origin.frame.picture
    assert report is not None
    assert picture is not None
    # No public way fills a run's memory without training.
    history, album = History(), Album()
    run._screen._history, run._screen._album = history, album
    values = [getattr(report, name) for name in CURVES]
    for iteration in range(1, iterations + 1):
        history.append(values)
        if album.wants(iteration):
            album.add(iteration, picture.page)
    run.play()
    run.advance(0)
    return run


def _in_turns(runs: Sequence[Run], seconds: float) -> list[float]:
    """Advance all in short turns, ``seconds`` each; return iterations a second."""
    made, spent = [0] * len(runs), [0.0] * len(runs)
    while min(spent) < seconds:
        for index, run in enumerate(runs):
            before, begin = run.frame.iteration, time.perf_counter()
            for _ in range(TURN):
                run.advance(SLICE_SECONDS)
            made[index] += run.frame.iteration - before
            spent[index] += time.perf_counter() - begin
    return [count / time_spent for count, time_spent in zip(made, spent, strict=True)]


def really_age() -> None:
    """Train to 20,000 iterations; print the rates around 1,000 and around 20,000."""
    config = PRESETS["fast"].replace(dataset="digits")
    print(f"age: the preset fast on the embedded digits, really trained to {OLD:,} iterations")
    engine = Engine()
    run = started(engine, config)
    run.play()
    rates = []
    for middle in (YOUNG, OLD):
        times = []
        for iteration in (middle - 500, middle + 500):
            _wait(lambda least=iteration: run.frame.iteration >= least, run)
            times.append((time.perf_counter(), run.frame.iteration))
        (then, first), (now, last) = times
        rates.append((last - first) / (now - then))
        print(f"around {middle:,}: {rates[-1]:.1f} it/s", flush=True)
    engine.close()
    print(f"ratio {rates[1] / rates[0]:.3f}; minutes lie between, so the machine counts, too")


# Odds and ends --------------------------------------------------------------------------


def say(what: str, value: float, target: float, unit: str = "", *, at_least: bool = False) -> None:
    """Print a figure and whether it meets its target."""
    met = value >= target if at_least else value <= target
    sign = "≥" if at_least else "≤"
    print(
        f"{what}: {value:.2f} {unit}".rstrip(),
        f"(target {sign} {target:g}): {'met' if met else 'MISSED'}",
        flush=True,
    )


def _percentile(values: Sequence[float], part: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[part - 1]


def _data(asked: str | None) -> tuple[str, Path]:
    """Return the data set to train on and the folder of data sets."""
    folder = Path(os.environ.get("GAN_DATA", "data")).resolve()
    if asked is None and not (folder / "MNIST" / "raw").is_dir():
        print("GAN_DATA does not name a folder with MNIST: the embedded digits serve")
        asked = "digits"
    return asked or "mnist", folder


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.live", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=5.0, help="per side and round")
    parser.add_argument("--clicks", type=int, default=24, help="on Pause")
    parser.add_argument("--dataset", choices=DATASET_KEYS, help="by default mnist or digits")
    parser.add_argument("--long", action="store_true", help="really train to 20,000 iterations")
    parser.add_argument(
        "--engine-alone", type=float, metavar="SECONDS", help="one measurement for each line read"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
