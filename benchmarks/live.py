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
import os
import statistics
import time
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.age import age, really_age
from benchmarks.app_server import LiveView, open_chromium, open_live, serve
from benchmarks.engine_alone import engine_alone, helper_engine
from benchmarks.figures import chromium, introduce, percentile, say
from benchmarks.rounds import compare, visitor
from benchmarks.viewers import viewers
from gan_core.config import DATASET_KEYS, TrainConfig

CLICK_PAUSE = """(root) => new Promise((resolve) => {
  const begin = performance.now();
  new MutationObserver((_, observer) => {
    if (root.dataset.state !== "paused") return;
    observer.disconnect();
    resolve(performance.now() - begin);
  }).observe(root, { attributeFilter: ["data-state"] });
  root.querySelector('[data-verb="play"]').click();
})"""


def main() -> None:
    """Run the rounds and print the figures."""
    options = _options()
    dataset, data = _data(options.dataset)
    if options.engine_alone:
        engine_alone(TrainConfig(dataset=dataset), options.engine_alone)
        return
    introduce()
    if options.long:
        really_age()
        return
    path = chromium()
    rounds, seconds = options.rounds, options.seconds
    print(f"data: {dataset}; preset: lesson; {rounds} rounds of {seconds:g} s a side")
    with open_chromium(path) as browser:
        first_picture(browser, data, "/")
        first_picture(browser, data, f"/train?dataset={dataset}")
        told = ("--engine-alone", str(seconds), "--dataset", dataset)
        with serve(data) as address, visitor(browser) as page:
            live = open_live(page, f"{address}/train?dataset={dataset}")
            with helper_engine("-m", "benchmarks.live", *told) as alone:
                compare(live, alone, rounds, seconds, ratio=0.85, looks=4)
            pauses(live, options.clicks)
            viewers(live, address)
    age(TrainConfig(dataset=dataset), rounds, seconds)


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
        say(f"first picture on {path.split('?')[0]}, cold server", seconds, "s", at_most=5)
        if path == "/":
            page.locator('.gan-pipeline[data-state="live"]').wait_for()
            print(
                f"  (freshly made ones took their place after {time.perf_counter() - begin:.1f} s)"
            )


def pauses(live: LiveView, clicks: int) -> None:
    """Print how long a click on Pause takes to show."""
    times = []
    for _ in range(clicks):
        live.press("play")
        live.wait_for_state("running")
        live.wait_for("iteration", live.number("iteration") + 2)
        times.append(live.root.evaluate(CLICK_PAUSE))
    middle, late = statistics.median(times), percentile(times, 95)
    print(f"Pause, click to shown, {clicks} times: p50 {middle:.0f} ms, p95 {late:.0f} ms")
    say("p95 of Pause", late, "ms", at_most=500)


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
