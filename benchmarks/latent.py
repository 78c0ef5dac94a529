"""How the latent studio feels: from the pointer to the picture, and what it loads.

``python -m benchmarks.latent`` opens *Latent space* in a real Chromium and measures, for
both shipped generators,

* the time from opening the page to the generator being ready, and the bytes it took;
* dragging on the pad: from the pointer event's own time to the end of the frame in which
  the picture's pixels have changed, and changed pictures a second;
* the same drag while thirty other sessions are open and dragging: each is a protocol
  client with a Streamlit session, which loads the generator as a browser does and, as the
  studio does whenever a drag comes to rest, asks for the nearest training picture.

Alone and in company are taken in turn, so that a busy machine slows both.
Data sets are taken from ``$GAN_DATA``.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from playwright.async_api import Browser, CDPSession, Page, async_playwright

from benchmarks.app_server import CHROMIUM_OPTIONS, serve
from benchmarks.figures import chromium, introduce, say
from benchmarks.sessions import SESSIONS, sessions
from gan_core.config import MODEL_KEYS
from gan_core.data.images import data_folder

READY_SECONDS, PAYLOAD_BYTES, UPDATES = 2.0, 3.5e6, 45.0
PIXEL_MILLISECONDS = {"mlp": 33.0, "dcgan": 50.0}

# A mouse reports 125 times a second and does not wait for the page to answer.
MOUSE_SECONDS = 0.008

# Measures in the page itself. A frame's message arrives when the frame has been drawn.
WATCH = """
window.ready = null;
window.drag = null;
const deep = (node, selector) => {
  for (const one of node.querySelectorAll("*")) {
    if (one.matches(selector)) return one;
    const inner = one.shadowRoot && deep(one.shadowRoot, selector);
    if (inner) return inner;
  }
  return null;
};
const look = () => {
  const root = deep(document, ".gan-latent");
  const shows = root?.dataset.state === "ready" && Number(root.dataset.moves) > 0;
  if (shows) window.ready = performance.now();
  else requestAnimationFrame(look);
};
requestAnimationFrame(look);
const pixels = () => {
  const { data } = window.canvas.getContext("2d").getImageData(0, 0, 28, 28);
  let sum = 0;
  for (let at = 0; at < data.length; at += 4) sum = (sum * 31 + data[at]) % 4294967291;
  return sum;
};
addEventListener("pointermove", (event) => {
  const { drag } = window;
  if (!drag) return;
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      const now = pixels();
      if (now === drag.pixels) return;
      drag.pixels = now;
      drag.waits.push(performance.now() - event.timeStamp);
    };
    channel.port2.postMessage(0);
  });
}, true);
window.begin = () => {
  window.canvas = deep(document, "canvas.digit.large");
  window.drag = { waits: [], pixels: pixels(), began: performance.now() };
};
window.end = () => {
  const { waits, began } = window.drag;
  window.drag = null;
  return { waits, seconds: (performance.now() - began) / 1000 };
};
"""


@dataclass(frozen=True, slots=True)
class Drag:
    """One drag: milliseconds from pointer to changed pixels, and changed pictures a second."""

    waits: list[float]
    updates: float

    @property
    def p95(self) -> float:
        """The wait that 95 % of the pictures stay under."""
        return statistics.quantiles(self.waits, n=20)[-1]


def main() -> None:
    """Run the rounds and print the figures."""
    options = _options()
    path = chromium()
    introduce()
    asyncio.run(_measure_all(path, options.rounds, options.seconds))


async def _measure_all(path: str, rounds: int, seconds: float) -> None:
    with serve(data_folder()) as address:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
            for model in MODEL_KEYS:
                await measure(browser, address, model, rounds, seconds)
            await browser.close()


async def measure(browser: Browser, address: str, model: str, rounds: int, seconds: float) -> None:
    """Print the figures of one generator."""
    url = f"{address}/latent?model={model}"
    async with _visitor(browser) as page:  # the server's first time is not what is measured
        await _open(page, url)
    opened = []
    for _ in range(rounds):
        async with _visitor(browser) as page:
            opened.append(await _open(page, url))
    painted, ready = (statistics.median(times) for times in zip(*opened, strict=True))
    say(f"{model}: Streamlit's first paint after opening, median", painted, "s")
    say(f"{model}: picture drawn after opening, median", ready, "s")
    after = statistics.median(end - begin for begin, end in opened)
    say(f"{model}: picture drawn after that, median", after, "s", at_most=READY_SECONDS)
    size = payload(address, model)
    say(f"{model}: generator", size / 1e6, "MB", at_most=PAYLOAD_BYTES / 1e6)
    alone, company = [], []
    async with _visitor(browser) as page:
        await _open(page, url)
        for _ in range(rounds):
            alone.append(await drag(page, seconds))
            with sessions(address, model):
                company.append(await drag(page, seconds))
    limit = PIXEL_MILLISECONDS[model]
    for name, drags in (("alone", alone), (f"with {SESSIONS} sessions", company)):
        wait = statistics.median(one.p95 for one in drags)
        spread = f"({min(one.p95 for one in drags):.1f}–{max(one.p95 for one in drags):.1f})"
        say(f"{model}, {name}: pointer to pixels, p95 {spread}", wait, "ms", at_most=limit)
        updates = statistics.median(one.updates for one in drags)
        say(f"{model}, {name}: pictures", updates, "a second", at_least=UPDATES)
    ratios = [together.p95 / single.p95 for single, together in zip(alone, company, strict=True)]
    say(f"{model}: p95 in company / alone", statistics.median(ratios), "×", at_most=1.10)


# One real browser -------------------------------------------------------------------------


@asynccontextmanager
async def _visitor(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(120_000)
    await context.add_init_script(WATCH)
    yield await context.new_page()
    await context.close()


async def _open(page: Page, url: str) -> tuple[float, float]:
    """Open the studio with an empty cache; return when it was painted and when ready, in s."""
    await page.goto(url, wait_until="commit")
    await page.wait_for_function("window.ready !== null")
    painted = await page.evaluate(
        "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    )
    return painted / 1000, await page.evaluate("window.ready") / 1000


def payload(address: str, model: str) -> int:
    """Return the bytes of a generator's file, as sent."""
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
        card = client.get(f"/api/latent/model/{model}").raise_for_status().json()
        answer = client.get("/" + card["generator"]).raise_for_status()
        return answer.num_bytes_downloaded


async def drag(page: Page, seconds: float) -> Drag:
    """Drag in circles over the pad and return what the page measured."""
    pad = page.locator(".gan-latent .field")
    await pad.scroll_into_view_if_needed()
    await page.wait_for_timeout(1500)  # the sheet under the pad and the verdicts come to rest
    box = await pad.bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await page.mouse.move(*middle)
    await page.mouse.down()
    await page.evaluate("window.begin()")
    mouse = await page.context.new_cdp_session(page)
    await _circle(mouse, middle, 0.4 * box["width"], seconds)
    outcome = await page.evaluate("window.end()")
    await page.mouse.up()
    return Drag(outcome["waits"], len(outcome["waits"]) / outcome["seconds"])


async def _circle(
    mouse: CDPSession, middle: tuple[float, float], reach: float, seconds: float
) -> None:
    """Move the mouse at its own pace; the page's answers are only collected at the end."""
    sent = []
    began = time.perf_counter()
    while (now := time.perf_counter() - began) < seconds:
        radius = reach * (0.6 + 0.4 * math.sin(0.7 * now))
        place = {
            "x": middle[0] + radius * math.cos(2 * now),
            "y": middle[1] + radius * math.sin(2 * now),
        }
        event = {"type": "mouseMoved", "button": "left", "buttons": 1, **place}
        sent.append(asyncio.ensure_future(mouse.send("Input.dispatchMouseEvent", event)))
        await asyncio.sleep(MOUSE_SECONDS)
    await asyncio.gather(*sent)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a drag")
    return parser.parse_args()


if __name__ == "__main__":
    main()
