"""A server, a Chromium, and pages whose complaints are heard."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from benchmarks.app_server import (
    CHROMIUM_NAMES,
    PATIENCE,
    LiveView,
    find_chromium,
    open_chromium,
    open_live,
    serve,
)

OpenPage = Callable[..., Page]
# Digits that need no network, and a pair of networks that moves quickly on a busy machine.
RECIPE = "dataset=digits&model=dcgan&batch_size=4&latent_dim=8"
# It asks for its own address at several places, and drops pictures before they are fetched.
OF_STREAMLIT = ("/_stcore/", "/media/", "/static/")

expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="session")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a server that has no data sets and no network."""
    with serve(tmp_path_factory.mktemp("no_data")) as url:
        yield url


# Not for the whole session: while Playwright runs, this thread cannot run another event loop.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return a real browser; skip, or with GAN_BROWSER=required fail, where there is none."""
    path = find_chromium()
    if path is None:
        reason = "no browser: none of " + ", ".join(CHROMIUM_NAMES) + " is installed"
        if os.environ.get("GAN_BROWSER") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    with open_chromium(path) as browser:
        yield browser


@pytest.fixture
def complaints() -> list[str]:
    """Return what the pages of this test have complained about so far."""
    return []


@pytest.fixture
def open_page(chromium: Browser, app_url: str, complaints: list[str]) -> Iterator[OpenPage]:
    """Return a function that opens an empty page; each is a visitor of its own."""
    pages: list[Page] = []

    def listen(message: ConsoleMessage) -> None:
        place = message.location["url"]
        if message.type == "error" and not any(part in place for part in OF_STREAMLIT):
            complaints.append(f"{message.text} at {place}")

    def open_page(**options: Any) -> Page:
        context = chromium.new_context(base_url=app_url, **options)
        context.set_default_timeout(PATIENCE * 1000)
        page = context.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        for place, kind in {"run": "run", "points": "run", "twin": "pair", "job": "job"}.items():
            token = LiveView(page, place).token
            if token:  # the next test's run shall not have to share the engine with this one
                page.request.post(f"/api/{kind}/{token}/pause")
        page.context.close()


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """Return an empty page of one visitor."""
    return open_page()


@pytest.fixture
def live(page: Page) -> LiveView:
    """Return a fresh run on *Train on digits*, built and paused."""
    return open_live(page, f"/train?{RECIPE}")


@pytest.fixture
def pickle_file(tmp_path: Path) -> Path:
    """Return a pickle that calls itself a checkpoint."""
    import torch

    path = tmp_path / "innocent.safetensors"
    torch.save({"clock": torch.zeros(5)}, path)
    return path
