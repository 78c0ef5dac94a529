"""What the playground's page costs: ``python -m benchmarks.playground --page``.

Opens the page in a real Chromium and lets the preset of a point set train, in turns with the
engine alone in a process of its own that nobody polls. Prints iterations a second of both,
looks drawn a second, the share of time in which the page was blocked, and how large the
answers to its questions were, by the browser's own count.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.app_server import LiveView, find_chromium, open_chromium, serve
from benchmarks.live import Pace, engine_alone, helper_engine, say, train_for, visitor
from gan_core.data.images import data_folder
from gan_core.points.presets import POINT_PRESETS

MOST_BYTES = 60_000
# The browser forgets what it has loaded after 250 entries if nobody asks it to remember more.
REMEMBER = "performance.setResourceTimingBufferSize(20000);"
SIZES = """performance.getEntriesByType("resource")
  .filter((entry) => /\\/api\\/run\\/[^/]+\\?/.test(entry.name) && entry.encodedBodySize)
  .map((entry) => entry.encodedBodySize)"""


def page(key: str, rounds: int, seconds: float) -> None:
    """Measure the page with the preset of a point set."""
    path = find_chromium()
    if path is None:
        sys.exit("this benchmark needs a Chromium")
    ratios: list[float] = []
    paces: list[Pace] = []
    told = ("--engine-alone", str(seconds), "--sets", key)
    with (
        open_chromium(path) as browser,
        serve(Path(data_folder())) as address,
        visitor(browser) as opened,
        helper_engine("-m", "benchmarks.playground", *told) as alone,
    ):
        opened.add_init_script(REMEMBER)
        live = _open(opened, f"{address}/playground?dataset={key}")
        for number in range(1, rounds + 1):
            bare = alone()
            paces.append(train_for(live, seconds))
            ratios.append(paces[-1].iterations / bare)
            print(
                f"round {number}: engine alone {bare:.1f} it/s, live {paces[-1].iterations:.1f} "
                f"it/s, ratio {ratios[-1]:.2f}, {paces[-1].pictures:.1f} looks a second",
                flush=True,
            )
        sizes = sorted(opened.evaluate(SIZES))
    say("median ratio live ÷ alone", statistics.median(ratios), 0.8, at_least=True)
    drawn = statistics.median(pace.pictures for pace in paces)
    say("looks drawn a second", drawn, 10, at_least=True)
    blocked = statistics.mean(pace.blocked for pace in paces)
    say("time in long tasks", 100 * blocked, 5, "%")
    print(f"{len(sizes)} answers, median {statistics.median(sizes):,.0f} bytes")
    say("largest answer", sizes[-1], MOST_BYTES, "bytes")


def _open(opened: Page, url: str) -> LiveView:
    opened.goto(url)
    live = LiveView(opened)
    live.wait_for_state("paused")
    return live


def alone(key: str, seconds: float) -> None:
    """Train a preset in the engine for so long at each line read, and print the rate."""
    engine_alone(POINT_PRESETS[key], seconds)
