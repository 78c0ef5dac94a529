"""What the playground's page costs: ``python -m benchmarks.playground --page``.

Opens the page in a real Chromium and lets the preset of a point set train, in turns with the
engine alone in a process of its own that nobody polls. Prints iterations a second of both,
looks drawn a second, what they cost the page's main thread, the share of time in which it
was blocked, and how large the answers to its questions were, by the browser's own count.
Before that, what a look and a reading of the meter cost the server.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.app_server import open_chromium, open_live, serve
from benchmarks.engine_alone import engine_alone, helper_engine
from benchmarks.figures import chromium, say, say_all
from benchmarks.rounds import compare, visitor
from gan_core.data.images import data_folder
from gan_core.points.presets import POINT_PRESETS
from gan_core.points.sets import load_points
from gan_core.points.view import PointView
from gan_core.trainer import Trainer

MOST_BYTES = 60_000
# The longest that a reading of the meter may keep a run from training.
METER_MILLISECONDS = 20
TIMES = 40
# The browser forgets what it has loaded after 250 entries if nobody asks it to remember more.
REMEMBER = "performance.setResourceTimingBufferSize(20000);"
SIZES = """performance.getEntriesByType("resource")
  .filter((entry) => /\\/api\\/run\\/[^/]+\\?/.test(entry.name) && entry.encodedBodySize)
  .map((entry) => entry.encodedBodySize)"""


def page(key: str, rounds: int, seconds: float) -> None:
    """Measure the page with the preset of a point set."""
    told = ("--engine-alone", str(seconds), "--sets", key)
    with (
        open_chromium(chromium()) as browser,
        serve(Path(data_folder())) as address,
        visitor(browser) as opened,
        helper_engine("-m", "benchmarks.playground", *told) as alone,
    ):
        opened.add_init_script(REMEMBER)
        live = open_live(opened, f"{address}/playground?dataset={key}", "points")
        compare(live, alone, rounds, seconds, ratio=0.8, looks=10)
        sizes = opened.evaluate(SIZES)
    say_all(f"{len(sizes)} answers", sizes, "bytes")
    say("largest answer", max(sizes), "bytes", at_most=MOST_BYTES)


def server(key: str) -> None:
    """Print what the server pays for what the page shows, in the processor's time."""
    torch.set_num_threads(1)
    data = load_points(key)
    trainer = Trainer(POINT_PRESETS[key], data.points)
    view = PointView(data)
    first = _milliseconds(lambda: view.draw(trainer, 1, finely=True))
    looks, readings = [], []
    for _ in range(TIMES):
        trainer.step()
        looks.append(_milliseconds(lambda: view.draw(trainer, 1, finely=False)))
        readings.append(_milliseconds(lambda: view.draw(trainer, 1, finely=True)) - looks[-1])
    say("first look, everything about the set made ready", first, "ms")
    say_all("a look", looks, "ms")
    say_all("a reading of the meter", readings, "ms", at_most=METER_MILLISECONDS)


def _milliseconds(work: Callable[[], object]) -> float:
    begin = time.thread_time()
    work()
    return 1000 * (time.thread_time() - begin)


def alone(key: str, seconds: float) -> None:
    """Train a preset in the engine for so long at each line read, and print the rate."""
    engine_alone(POINT_PRESETS[key], seconds)
