"""How quickly *The game* and *Losses* answer: from the key or the pointer to the drawn frame.

``python -m benchmarks.pages`` opens both pages in a real Chromium and works their controls
one after the other, each many times. A wait begins with the time of the key's or the
pointer's own event and ends with the frame in which the answer has been drawn: for *The
best reply* and *Why it turns* the figures come from the server, so the way there and back
is in it. *Let a D learn* and *D's turn* train a network and are not meant.

Then it walks 10,000 rounds with every method and every way to move, without a page.
Data sets are taken from ``$GAN_DATA``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from playwright.sync_api import Locator, Page

from benchmarks.app_server import open_chromium, serve, wait_until_drawn
from benchmarks.figures import chromium, introduce, percentile, say
from gan_core.data.images import data_folder
from gan_core.dynamics import METHODS, UPDATES, Bilinear, trajectory

ANSWER_MILLISECONDS = 100.0
WALK_ROUNDS, WALK_MILLISECONDS = 10_000, 50.0

# Measures in the page itself. A frame's message arrives when the frame has been drawn.
WATCH = """
const deep = (node, selector) => {
  for (const one of node.querySelectorAll("*")) {
    if (one.matches(selector)) return one;
    const inner = one.shadowRoot && deep(one.shadowRoot, selector);
    if (inner) return inner;
  }
  return null;
};
// What changes when the answer is drawn: a count of answers, a state, or the drawings themselves.
const signOf = (root) => {
  const { answers, state } = root.dataset;
  if (answers ?? state) return answers ?? state;
  const drawn = [...root.querySelectorAll("canvas")].map((canvas) => canvas.dataset.drawn);
  return drawn.length ? drawn.join() : root.textContent;
};
window.watch = (selector, kind) => {
  const root = deep(document, selector);
  const before = signOf(root);
  window.waited = new Promise((resolve) => {
    setTimeout(() => resolve(null), 5000);
    const look = (began) => requestAnimationFrame(() => {
      const changed = signOf(root) !== before;
      const channel = new MessageChannel();
      channel.port1.onmessage = () => (changed ? resolve(performance.now() - began) : look(began));
      channel.port2.postMessage(0);
    });
    addEventListener(kind, (event) => look(event.timeStamp), { capture: true, once: true });
  });
};
"""


@dataclass(frozen=True, slots=True)
class Control:
    """A control: whose answer is waited for, by which event, and how it is worked.

    ``work`` gets the page and the number of the repetition.
    """

    name: str
    component: str
    event: str
    work: Callable[[Page, int], None]


def inside(component: str, selector: str) -> Callable[[Page], Locator]:
    """Return how to find a part of a component."""
    return lambda page: page.locator(f".gan-{component} {selector}").first


def keys(component: str, selector: str, there: str, back: str) -> Callable[[Page, int], None]:
    """Press one key and the other in turn."""
    part = inside(component, selector)
    return lambda page, number: part(page).press(back if number % 2 else there)


def clicks(component: str, *texts: str, part: str = ".chip") -> Callable[[Page, int], None]:
    """Click what has these texts, one after the other."""

    def work(page: Page, number: int) -> None:
        named = page.locator(f".gan-{component} {part}").filter(has_text=texts[number % len(texts)])
        named.first.click()

    return work


def places(component: str, selector: str) -> Callable[[Page, int], None]:
    """Click at changing places."""
    part = inside(component, selector)

    def work(page: Page, number: int) -> None:
        box = part(page).bounding_box()
        assert box is not None
        across, down = 0.3 + 0.04 * (number % 10), 0.35 + 0.03 * (number % 7)
        part(page).click(position={"x": box["width"] * across, "y": box["height"] * down})

    return work


GAME = (
    Control(
        "be the discriminator: answer, next picture",
        "guess",
        "click",
        lambda page, number: page.locator(
            ".gan-guess " + (".button.next" if number % 2 else ".choice-real")
        ).click(delay=400),  # a click sooner after the answer would not count
    ),
    Control(
        "best reply: handle by key",
        "reply",
        "keydown",
        keys("reply", ".handle[data-key=q0]", "ArrowRight", "ArrowLeft"),
    ),
    Control(
        "best reply: slider Width",
        "reply",
        "keydown",
        keys("reply", ".slider:nth-of-type(2) input", "ArrowRight", "ArrowLeft"),
    ),
    Control("best reply: examples", "reply", "click", clicks("reply", "The same", "Far apart")),
    Control(
        "why it turns: slider h",
        "turn",
        "keydown",
        keys("turn", ".slider input:not(:disabled)", "ArrowRight", "ArrowLeft"),
    ),
    Control(
        "why it turns: start by click", "turn", "pointerup", places("turn", ".portrait canvas")
    ),
    Control(
        "why it turns: examples, four methods among them",
        "turn",
        "click",
        clicks("turn", "Four methods", "The game xy", "In turn, h"),
    ),
    Control("not zero-sum: slider", "sums", "keydown", keys("sums", "input", "End", "Home")),
)
LOSSES = (
    Control(
        "marker by key",
        "losses",
        "keydown",
        keys("losses", ".marker input", "ArrowRight", "ArrowLeft"),
    ),
    Control(
        "marker by click in a picture", "losses", "pointerdown", places("losses", ".push canvas")
    ),
    Control("marker by snap", "losses", "click", clicks("losses", "0.5", "0.1", part=".snap")),
    Control("losses to compare", "losses", "click", clicks("losses", "Hinge")),
    Control("parallel lines", "losses", "keydown", keys("losses", ".lines input", "Home", "End")),
)


def main() -> None:
    """Work every control and print the figures."""
    options = _options()
    path = chromium()
    introduce()
    with serve(data_folder()) as address, open_chromium(path) as browser:
        for name, controls in (("game", GAME), ("losses", LOSSES)):
            page = browser.new_page(base_url=address, viewport={"width": 1440, "height": 1000})
            page.add_init_script(WATCH)
            page.goto(f"/{name}?lang=en")
            wait_until_drawn(page)
            page.wait_for_timeout(3000)  # the server's first answers are not what is measured
            measure(page, name, controls, options.times)
            page.close()
    walks(options.rounds)


def measure(page: Page, name: str, controls: Sequence[Control], times: int) -> None:
    """Print the waits of each control of a page, and of all together."""
    everything = []
    for control in controls:
        waits = [wait(page, control, number) for number in range(-2, times)][2:]
        everything += waits
        say(
            f"{name}: {control.name}, p95", percentile(waits, 95), "ms", at_most=ANSWER_MILLISECONDS
        )
    say(f"{name}: all controls, median", statistics.median(everything), "ms")
    say(f"{name}: all controls, p95", percentile(everything, 95), "ms", at_most=ANSWER_MILLISECONDS)


def wait(page: Page, control: Control, number: int) -> float:
    """Work a control once; return milliseconds from its event to the drawn answer.

    Raises:
        RuntimeError: if no answer was drawn.
    """
    page.evaluate(
        "([selector, kind]) => watch(selector, kind)",
        [f".gan-{control.component}", control.event],
    )
    control.work(page, number)
    waited: float | None = page.evaluate("window.waited")
    if waited is None:
        raise RuntimeError(f"{control.name}: nothing was drawn")
    page.wait_for_timeout(50)  # what follows the answer at leisure is done
    return waited


def walks(rounds: int) -> None:
    """Print how long 10,000 rounds take, the slowest method of every way to move."""
    games = [*(method() for method in METHODS.values()), Bilinear()]
    for key, update in UPDATES.items():
        taken = {}
        for game in games:
            times = []
            for _ in range(rounds):
                began = time.perf_counter()
                trajectory(game, update(), (1.0, 1.0), 0.05, WALK_ROUNDS)
                times.append(1000 * (time.perf_counter() - began))
            taken[game.key] = statistics.median(times)
        slowest = max(taken, key=lambda one: taken[one])
        what = f"{WALK_ROUNDS} rounds, {key}"
        middle = statistics.median(taken.values())
        say(f"{what}, median over methods", middle, "ms", at_most=WALK_MILLISECONDS)
        longest = taken[slowest]
        say(f"{what}, slowest method ({slowest})", longest, "ms", at_most=WALK_MILLISECONDS)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--times", type=int, default=40, help="how often each control is worked")
    parser.add_argument("--rounds", type=int, default=3, help="how often each walk is timed")
    return parser.parse_args()


if __name__ == "__main__":
    main()
