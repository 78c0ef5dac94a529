"""What the tests of the pages start from: a small engine and pages without a browser."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gan_core.config import POINT_KEYS, TrainConfig
from gan_core.data import ImageSet
from gan_core.data.images import EMBEDDED, embedded_digits
from gan_core.engine import Engine
from gan_core.points.sets import PointData, load_points
from ui import latent, latent_route, live, live_route, runs, server, state, warm, words
from ui.state import Visit

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # only so that a page that never ends does not hang the tests

OpenPage = Callable[..., AppTest]


@pytest.fixture(scope="session")
def tiny_config() -> TrainConfig:
    """Return a recipe that is built and trained in no time."""
    return TrainConfig(dataset=EMBEDDED, model="dcgan", latent_dim=3, batch_size=4)


@pytest.fixture(scope="session")
def digits() -> ImageSet:
    """Return the embedded digits, loaded once."""
    return embedded_digits()


@pytest.fixture(scope="session")
def wait_until() -> Callable[[Callable[[], bool]], None]:
    """Return how to wait for what another thread does."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, "it never happened"
            time.sleep(0.002)

    return wait


@pytest.fixture
def engine(digits: ImageSet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Engine]:
    """Put a small engine in place of the process's own; it never asks the network."""

    def load(key: str) -> ImageSet | PointData:
        if key in POINT_KEYS:
            return load_points(key, 2000)
        return digits if key == EMBEDDED else replace(digits, fallback="no_network")

    monkeypatch.setenv("GAN_DATA", str(tmp_path))
    small = Engine(workers=1, load_data=load)
    for module in (runs, live_route, latent_route, latent, server):
        monkeypatch.setattr(module, "engine", lambda: small)
    yield small
    small.close()


@pytest.fixture(params=words.LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    """Return each language in turn."""
    return str(request.param)


@pytest.fixture
def speak(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return how to choose the language of what is called outside a page."""

    def choose(language: str) -> None:
        monkeypatch.setattr(state, "visit", lambda: Visit(language=language))

    return choose


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return how to tell AppTest the language: it formats choices outside the session."""

    def choose(language: str) -> None:
        monkeypatch.setitem(st.session_state, "visit", Visit(language=language))

    return choose


@pytest.fixture
def open_page(
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    reader: Callable[[str], None],
) -> OpenPage:
    """Return how to open a page in a language, with a URL that may say more."""
    assert engine is runs.engine()
    monkeypatch.setattr(warm, "start", lambda _delay=0.0: None)
    monkeypatch.setattr(warm, "wait", lambda: None)

    def open_it(name: str, language: str = words.DEFAULT, **query: str) -> AppTest:
        live.browser_component.cache_clear()  # each AppTest has a registry of its own
        reader(language)
        app = AppTest.from_file(ROOT / "ui" / "shell.py", default_timeout=PATIENCE)
        app.context = {"url": f"http://gan.example/{name}?lang={language}"}
        app.query_params = {"lang": language, **query}
        app.run()  # the shell: only now are the pages known
        app.switch_page(f"../pages/{name}.py")
        app.query_params = {"lang": language, **query}
        return app.run()

    return open_it
