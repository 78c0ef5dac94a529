"""Training on the page against the engine alone, in turns, so that a busy machine slows both."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, CDPSession, Page

from benchmarks.app_server import LiveView
from benchmarks.engine_alone import WARM_UP_ITERATIONS
from benchmarks.figures import say, say_all

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
    resolve({ seconds: performance.now() / 1000, iterations: Number(root.dataset.iteration),
              looks: Number(root.dataset.frames), blocked: window.blocked / 1000 });
  }).observe(root, { attributeFilter: ["data-iteration"] });
})"""


@dataclass(frozen=True, slots=True)
class Pace:
    """What a stretch of training on the page looked like, a second.

    Attributes:
        iterations: made by the server.
        looks: drawn by the page.
        blocked: share of the time spent in tasks of 50 ms and more.
        work: of the processor for the page's main thread, in seconds.
    """

    iterations: float
    looks: float
    blocked: float
    work: float

    @property
    def milliseconds_a_look(self) -> float:
        """What a drawn look costs the page's main thread, everything else it does included."""
        return 1000 * self.work / self.looks


@contextmanager
def visitor(browser: Browser) -> Iterator[Page]:
    """Open an empty page with nothing in its cache."""
    context = browser.new_context()
    context.set_default_timeout(120_000)
    context.add_init_script(WATCH_LONG_TASKS)
    yield context.new_page()
    context.close()


def compare(
    live: LiveView,
    alone: Callable[[], float],
    rounds: int,
    seconds: float,
    *,
    ratio: float,
    looks: float,
) -> None:
    """Print the page's rate against the engine's, looks a second, and what they cost the page.

    Whoever was first in one round is second in the next, so that a machine that becomes busier
    favours neither.

    Args:
        ratio, looks: the least that there should be.
    """
    paces, ratios = [], []
    for number in range(1, rounds + 1):
        sides = [alone, lambda: train_for(live, seconds)]
        results = [side() for side in (sides if number % 2 else reversed(sides))]
        bare, pace = results if number % 2 else reversed(results)
        assert isinstance(bare, float)
        assert isinstance(pace, Pace)
        paces.append(pace)
        ratios.append(pace.iterations / bare)
        print(
            f"round {number}: engine alone {bare:.1f} it/s, live {pace.iterations:.1f} it/s, "
            f"ratio {ratios[-1]:.2f}; {pace.looks:.1f} looks a second, "
            f"{pace.milliseconds_a_look:.1f} ms each",
            flush=True,
        )
    say_all("live ÷ alone", ratios, at_least=ratio)
    say_all("looks drawn a second", [pace.looks for pace in paces], at_least=looks)
    costs = [pace.milliseconds_a_look for pace in paces]
    say_all("processor's time of the page's main thread for a drawn look", costs, "ms")
    blocked = statistics.mean(pace.blocked for pace in paces)
    say("time in long tasks", 100 * blocked, "%", at_most=5)


def train_for(live: LiveView, seconds: float) -> Pace:
    """Play for some seconds, then pause; the counters are read when they change."""
    play(live)
    pace = pace_of(live, seconds)
    live.press("play")
    live.wait_for_state("paused")
    return pace


def play(live: LiveView) -> None:
    """Let a run play until it has warmed up."""
    live.press("play")
    live.wait_for("iteration", live.number("iteration") + WARM_UP_ITERATIONS)


def pace_of(live: LiveView, seconds: float) -> Pace:
    """Watch a run that plays for some seconds."""
    page = live.page
    developer = page.context.new_cdp_session(page)
    developer.send("Performance.enable", {"timeDomain": "threadTicks"})
    first, before = live.root.evaluate(READ), _work(developer)
    page.wait_for_timeout(1000 * seconds)
    last, after = live.root.evaluate(READ), _work(developer)
    developer.detach()
    spent = last["seconds"] - first["seconds"]
    told = ((last[key] - first[key]) / spent for key in ("iterations", "looks", "blocked"))
    return Pace(*told, work=(after - before) / spent)


def _work(developer: CDPSession) -> float:
    """Return the seconds that the page's main thread has used of the processor so far."""
    metrics = developer.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))
