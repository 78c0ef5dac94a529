"""The app as a visitor meets it: a server of its own, and a real Chromium.

The browser tests and ``python -m benchmarks.live`` both start here.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
from playwright.sync_api import Browser, Locator, Page, sync_playwright

ROOT = Path(__file__).parents[1]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--no-proxy-server",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
]
# Only so that something broken ends: nothing is expected to take this long.
PATIENCE = 60.0


@contextmanager
def serve(data: Path) -> Iterator[str]:
    """Run the app on a free port of this machine; yield its address.

    The server cannot reach the network: its proxy is a port where nobody listens.

    Args:
        data: folder of data sets (``GAN_DATA``).
    """
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    nowhere = {f"{scheme}_proxy": "http://127.0.0.1:9" for scheme in ("http", "https", "ftp")}
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    settings = {"port": port, "headless": "true", "address": "127.0.0.1"}
    command += [part for key, value in settings.items() for part in (f"--server.{key}", str(value))]
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **nowhere, "GAN_DATA": str(data)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for_health(address, server)
            yield address
        except BaseException:
            log.seek(0)
            sys.stderr.buffer.write(b"the server said:\n" + log.read()[-4000:])
            raise
        finally:
            _end(server)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_health(address: str, server: subprocess.Popen[bytes]) -> None:
    with httpx.Client(trust_env=False, timeout=5) as client:

        def answers() -> bool:
            if server.poll() is not None:
                raise RuntimeError(f"the server ended with status {server.returncode}")
            try:
                return client.get(address + "/_stcore/health").is_success
            except httpx.TransportError:
                return False

        wait_until(answers, lambda: time.sleep(0.02))


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(timeout=15)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def wait_until(condition: Callable[[], bool], rest: Callable[[], object]) -> None:
    """Return when ``condition`` holds; ``rest`` passes the time between two looks.

    Raises:
        TimeoutError: if it never does.
    """
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"it has not happened in {PATIENCE:g} s")
        rest()


def find_chromium() -> str | None:
    """Return the path of an installed Chromium, or None."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


@contextmanager
def open_chromium(path: str) -> Iterator[Browser]:
    """Run a headless Chromium that speaks to this machine alone."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


class LiveView:
    """The live component of a page: what its root says of itself, and its buttons."""

    def __init__(self, page: Page, place: str = "run") -> None:
        self.page = page
        self.place = place
        self.root: Locator = page.locator(".gan-live")

    def number(self, name: str) -> int:
        """Return "iteration", "picture", "frames", "d-moves" or "g-moves"."""
        return int(self.root.get_attribute(f"data-{name}") or 0)

    def button(self, verb: str) -> Locator:
        """Return the button of "play", "step", "step-discriminator", "reset" and so on."""
        return self.root.locator(f'[data-verb="{verb}"]')

    def press(self, verb: str) -> None:
        """Click a button, once it can be clicked."""
        self.button(verb).click()

    def wait_for_state(self, state: str) -> None:
        """Return when the run is "paused", "running" and so on."""
        self.page.locator(f'.gan-live[data-state="{state}"]').wait_for()

    def wait_for(self, name: str, least: int) -> int:
        """Return a number as soon as it has reached ``least``."""
        self.until(lambda: self.number(name) >= least)
        return self.number(name)

    def until(self, condition: Callable[[], bool]) -> None:
        """Return when ``condition`` holds; the page lives on meanwhile."""
        wait_until(condition, lambda: self.page.wait_for_timeout(50))

    @property
    def token(self) -> str:
        """The token in the page's address; Streamlit writes it there a moment after drawing."""
        return parse_qs(urlsplit(self.page.url).query).get(self.place, [""])[0]

    @property
    def view_link(self) -> str:
        """The address in the sidebar, under which others may watch."""
        link = self.page.get_by_test_id("stSidebar").get_by_test_id("stCode")
        return re.sub(r"\s", "", link.inner_text())


class JobView:
    """The component of a long experiment: what its root says of itself."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root: Locator = page.locator(".gan-job")

    @property
    def done(self) -> int:
        """How many steps are done."""
        return int(self.root.get_attribute("data-done") or 0)

    def wait_for_state(self, state: str) -> None:
        """Return when the experiment is "running", "paused", "done" and so on."""
        self.page.locator(f'.gan-job[data-state="{state}"]').wait_for()

    def reaches(self, least: int) -> None:
        """Return when so many steps are done; however slowly, as long as it goes on."""
        while (stood := self.done) < least:
            wait_until(lambda: self.done > stood, lambda: self.page.wait_for_timeout(50))


def set_number(page: Page, label: str, value: int) -> None:
    """Type a number into a field; return when the page has taken it."""
    box = page.get_by_label(label, exact=True)
    box.fill(str(value))
    box.press("Enter")
    wait_until_drawn(page)


def wait_until_drawn(page: Page) -> None:
    """Return when Streamlit has run the page's script to its end and shows what it made."""
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    page.get_by_test_id("stHeading").first.wait_for()
    for unfinished in ("[data-stale=true]", "[data-testid=stSkeleton]"):
        page.locator(unfinished).first.wait_for(state="detached")


def open_live(page: Page, url: str, place: str = "run") -> LiveView:
    """Open a page with a live component; return when its run is built and paused.

    ``place`` is the parameter of the address that holds the token: "run" or "points".
    """
    page.goto(url)
    live = LiveView(page, place)
    live.wait_for_state("paused")
    live.until(lambda: bool(live.token))
    return live
