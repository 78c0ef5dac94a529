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
import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import websockets
from playwright.sync_api import Browser, Page
from streamlit.proto.BackMsg_pb2 import BackMsg

from benchmarks.app_server import find_chromium, open_chromium, serve
from benchmarks.machine import machine
from gan_core.config import MODEL_KEYS
from gan_core.data.images import data_folder

SESSIONS = 30
# A drag of some seconds, a look at the outcome, the next drag.
REST_EVERY = 3.0
READY_SECONDS, PAYLOAD_BYTES, UPDATES = 2.0, 3.5e6, 45.0
PIXEL_MILLISECONDS = {"mlp": 33.0, "dcgan": 50.0}

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
    path = find_chromium()
    if path is None:
        sys.exit("this benchmark needs a Chromium")
    print(machine())
    print(f"load {os.getloadavg()[0]:.1f} at the beginning")
    with open_chromium(path) as browser, serve(data_folder()) as address:
        for model in MODEL_KEYS:
            measure(browser, address, model, options.rounds, options.seconds)


def measure(browser: Browser, address: str, model: str, rounds: int, seconds: float) -> None:
    """Print the figures of one generator."""
    url = f"{address}/latent?model={model}"
    with _visitor(browser) as page:  # the server's first time is not this benchmark's subject
        _open(page, url)
    opened = []
    for _ in range(rounds):
        with _visitor(browser) as page:
            opened.append(_open(page, url))
    ready = statistics.median(opened)
    _say(f"{model}: ready after opening, median", ready, "s", at_most=READY_SECONDS)
    size = payload(address, model)
    _say(f"{model}: generator", size / 1e6, "MB", at_most=PAYLOAD_BYTES / 1e6)
    alone, company = [], []
    with _visitor(browser) as page:
        _open(page, url)
        for _ in range(rounds):
            alone.append(drag(page, seconds))
            with sessions(address, model):
                company.append(drag(page, seconds))
    limit = PIXEL_MILLISECONDS[model]
    for name, drags in (("alone", alone), (f"with {SESSIONS} sessions", company)):
        wait = statistics.median(one.p95 for one in drags)
        spread = f"({min(one.p95 for one in drags):.1f}–{max(one.p95 for one in drags):.1f})"
        _say(f"{model}, {name}: pointer to pixels, p95 {spread}", wait, "ms", at_most=limit)
        updates = statistics.median(one.updates for one in drags)
        _say(f"{model}, {name}: pictures", updates, "a second", at_least=UPDATES)
    ratios = [together.p95 / single.p95 for single, together in zip(alone, company, strict=True)]
    _say(f"{model}: p95 in company / alone", statistics.median(ratios), "×", at_most=1.10)


# One real browser -------------------------------------------------------------------------


@contextmanager
def _visitor(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(120_000)
    context.add_init_script(WATCH)
    yield context.new_page()
    context.close()


def _open(page: Page, url: str) -> float:
    """Open the studio with an empty cache; return the seconds until it is ready."""
    page.goto(url, wait_until="commit")
    page.wait_for_function("window.ready !== null")
    return float(page.evaluate("window.ready")) / 1000


def payload(address: str, model: str) -> int:
    """Return the bytes of a generator's file, as sent."""
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
        card = client.get(f"/api/latent/model/{model}").raise_for_status().json()
        answer = client.get("/" + card["generator"]).raise_for_status()
        return answer.num_bytes_downloaded


def drag(page: Page, seconds: float) -> Drag:
    """Drag in circles over the pad and return what the page measured."""
    pad = page.locator(".gan-latent .field")
    pad.scroll_into_view_if_needed()
    page.wait_for_timeout(1500)  # the sheet under the pad and the verdicts have come to rest
    return Drag(*_circle(page, pad.bounding_box() or {}, seconds))


def _circle(page: Page, box: dict[str, float], seconds: float) -> tuple[list[float], float]:
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.evaluate("window.begin()")
    began = time.perf_counter()
    while (now := time.perf_counter() - began) < seconds:
        radius = 0.4 * box["width"] * (0.6 + 0.4 * math.sin(0.7 * now))
        page.mouse.move(
            middle[0] + radius * math.cos(2 * now), middle[1] + radius * math.sin(2 * now)
        )
    outcome = page.evaluate("window.end()")
    page.mouse.up()
    return outcome["waits"], len(outcome["waits"]) / outcome["seconds"]


# Thirty others ----------------------------------------------------------------------------


@contextmanager
def sessions(address: str, model: str) -> Iterator[None]:
    """Keep thirty sessions open and dragging until the block ends."""
    stop, ready = threading.Event(), threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            asyncio.run(_all_sessions(address, model, stop, ready))
        except BaseException as error:
            failures.append(error)
            ready.set()

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if failures:
        raise failures[0]


async def _all_sessions(
    address: str, model: str, stop: threading.Event, ready: threading.Event
) -> None:
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=60) as client:
        opened = asyncio.Semaphore(0)
        tasks = [
            asyncio.create_task(_session(client, model, number, stop, opened))
            for number in range(SESSIONS)
        ]
        for _ in tasks:
            await opened.acquire()
        ready.set()
        await asyncio.gather(*tasks)


async def _session(
    client: httpx.AsyncClient,
    model: str,
    number: int,
    stop: threading.Event,
    opened: asyncio.Semaphore,
) -> None:
    """Open the page as a session of Streamlit's, load the generator, then drag and rest."""
    stream = str(client.base_url).replace("http", "ws", 1).rstrip("/") + "/_stcore/stream"
    async with websockets.connect(stream, subprotocols=["streamlit"], max_size=None) as socket:
        begin = BackMsg()
        begin.rerun_script.query_string = f"model={model}"
        begin.rerun_script.page_name = "latent"
        await socket.send(begin.SerializeToString())
        card = (await client.get(f"/api/latent/model/{model}")).raise_for_status().json()
        for network in ("generator", "discriminator", "classifier"):
            (await client.get("/" + card[network])).raise_for_status()
        picture = (await client.get(f"/api/latent/target/real/{number}")).content
        opened.release()
        await asyncio.sleep(REST_EVERY * number / SESSIONS)
        while not stop.is_set():
            answer = await client.post(f"/api/latent/nearest/{card['dataset']}", content=picture)
            answer.raise_for_status()
            await asyncio.sleep(REST_EVERY)


# ------------------------------------------------------------------------------------------


def _say(
    what: str,
    value: float,
    unit: str,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
) -> None:
    target = ""
    if at_most is not None:
        target = f"(≤ {at_most:g}: {'met' if value <= at_most else 'missed'})"
    if at_least is not None:
        target = f"(≥ {at_least:g}: {'met' if value >= at_least else 'missed'})"
    print(f"{what}: {value:.2f} {unit} {target}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a drag")
    return parser.parse_args()


if __name__ == "__main__":
    main()
