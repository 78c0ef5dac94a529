"""The doctor's route: what it says of one run and of two, and that asking changes nothing."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.exceptions import StarletteDeprecationWarning

from gan_core.clinic.doctor import EARLY
from gan_core.config import TrainConfig
from gan_core.engine import Run, RunState
from ui import doctor_route, live_route, pair_route

with warnings.catch_warnings():  # it would like the successor of httpx better
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from starlette.testclient import TestClient

SMALL = TrainConfig(model="points", dataset="eight", latent_dim=2, batch_size=8, width=4, layers=1)


@pytest.fixture
def client() -> Iterator[TestClient]:
    routes = [*live_route.routes(), *pair_route.routes(), *doctor_route.routes()]
    with TestClient(Starlette(routes=routes)) as client:
        yield client


@pytest.fixture
def run(engine, wait_until) -> Run:
    run = engine.start(SMALL)
    wait_until(lambda: run.frame.state == RunState.PAUSED)
    return run


def ask(client: TestClient, kind: str, token: str) -> list[dict[str, Any]]:
    answer = client.get(f"/api/{kind}/{token}/diagnosis")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    told = json.loads(answer.content, parse_constant=no_constant)
    assert told.keys() == {"runs"}
    runs: list[dict[str, Any]] = told["runs"]
    return runs


def no_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def test_of_a_young_run_it_is_too_early_to_tell(client, run):
    for token in (run.control_token, run.view_token):
        assert ask(client, "run", token) == [
            {
                "state": "paused",
                "iteration": 0,
                "too_early": True,
                "measured": False,
                "findings": [],
            }
        ]


def test_an_older_run_is_told_of_with_its_numbers(client, run, wait_until):
    """Before it has learned anything, D says ½ of everything: JS tells what that is worth."""
    for _ in range(4):
        before = run.frame.iteration
        run.step(EARLY // 4)
        wait_until(lambda before=before: run.frame.iteration >= before + EARLY // 4)
        wait_until(lambda: run.frame.state == RunState.PAUSED)
    (told,) = ask(client, "run", run.view_token)
    assert (told["too_early"], told["measured"]) == (False, True)
    assert told["findings"]
    for finding in told["findings"]:
        assert all(isinstance(value, float) for value in finding["values"].values())


def test_both_twins_are_told_of(client, engine, wait_until):
    pair = engine.pair(SMALL, SMALL.replace(r1=0.1))
    pair.step(3)
    wait_until(lambda: all(run.frame.iteration == 3 for run in pair.runs))
    told = ask(client, "pair", pair.view_token)
    assert [one["iteration"] for one in told] == [3, 3]
    assert ask(client, "pair", pair.control_token) == ask(client, "pair", pair.view_token)


def test_what_is_no_number_is_null():
    assert doctor_route._number(float("nan")) is None
    assert doctor_route._number(float("inf")) is None
    assert doctor_route._number(0.123456) == 0.1235


def test_asking_is_not_watching(client, run):
    before = run.last_seen, run.viewers
    ask(client, "run", run.view_token)
    assert (run.last_seen, run.viewers) == before


@pytest.mark.parametrize("kind", ["run", "pair"])
def test_whoever_has_no_token_learns_nothing(client, run, kind):
    assert client.get(f"/api/{kind}/nobody/diagnosis").status_code == 404
    assert client.post(f"/api/{kind}/{run.control_token}/diagnosis").status_code in (404, 405)
