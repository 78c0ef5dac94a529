"""The route that steers two runs as one."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import pytest
from starlette.applications import Starlette
from starlette.exceptions import StarletteDeprecationWarning

from gan_core.config import TrainConfig
from gan_core.engine import Engine, Pair, RunState
from ui import live_route, pair_route, runs

with warnings.catch_warnings():  # it would like the successor of httpx better
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from starlette.testclient import TestClient

SMALL = TrainConfig(
    model="points", dataset="eight_soft", latent_dim=2, batch_size=16, width=16, layers=1
)
SOON = 60.0


@pytest.fixture
def client(engine: Engine) -> Iterator[TestClient]:
    assert engine is runs.engine()
    with TestClient(Starlette(routes=[*live_route.routes(), *pair_route.routes()])) as client:
        yield client


@pytest.fixture
def settle(wait_until) -> Callable[[Pair], Pair]:
    """Wait until everything wanted of both is done and shown."""

    def at_rest(pair: Pair) -> bool:
        pair.a.seen()
        busy = (RunState.RUNNING, RunState.LOADING)
        return not any(run.has_work or run.frame.state in busy for run in pair.runs)

    def wait(pair: Pair) -> Pair:
        for _ in range(2):
            for run in pair.runs:
                run.snapshot().result(SOON)
            wait_until(lambda: at_rest(pair))
        return pair

    return wait


@pytest.fixture
def pair(engine: Engine, settle) -> Pair:
    return settle(engine.pair(SMALL, SMALL.replace(loss="hinge")))


def iterations(pair: Pair) -> list[int]:
    return [run.frame.iteration for run in pair.runs]


def post(client: TestClient, token: str, verb: str) -> int:
    return client.post(f"/api/pair/{token}/{verb}").status_code


@pytest.mark.parametrize(
    ("verb", "moves"),
    [
        ("step", (1, 1, 1)),
        ("step?count=7", (7, 7, 7)),
        ("step-discriminator?count=3", (3, 3, 0)),
        ("step-generator", (1, 0, 1)),
    ],
)
def test_a_verb_moves_both(client, pair, settle, verb, moves):
    assert post(client, pair.control_token, verb) == 204
    for run in settle(pair).runs:
        frame = run.frame
        assert (frame.iteration, frame.discriminator_moves, frame.generator_moves) == moves


def test_both_play_and_pause(client, pair, settle, wait_until):
    assert post(client, pair.control_token, "play") == 204
    wait_until(lambda: min(iterations(pair)) > 5)
    assert post(client, pair.control_token, "pause") == 204
    settle(pair)
    assert iterations(pair)[0] == iterations(pair)[1]


def test_both_go_back_and_begin_again(client, pair, settle):
    for _ in range(3):
        post(client, pair.control_token, "step")
        settle(pair)
    assert post(client, pair.control_token, "rewind?to=2") == 204
    assert iterations(settle(pair)) == [2, 2]
    assert post(client, pair.control_token, "rewind?to=nowhere") == 204
    assert iterations(settle(pair)) == [0, 0]
    post(client, pair.control_token, "step?count=4")
    settle(pair)
    assert post(client, pair.control_token, "reset") == 204
    assert iterations(settle(pair)) == [0, 0]


def test_no_more_steps_at_once_than_a_single_run_makes(client, pair, monkeypatch):
    asked: list[int] = []
    monkeypatch.setattr(Pair, "step", lambda _pair, count: asked.append(count))
    post(client, pair.control_token, "step?count=999999")
    post(client, pair.control_token, "step?count=-4")
    assert asked == [live_route.MOST_STEPS, 1]


def test_a_watcher_may_look_and_not_steer(client, pair):
    told = client.get(f"/api/pair/{pair.view_token}").json()
    assert told["may_control"] is False
    assert client.get(f"/api/pair/{pair.control_token}").json()["may_control"] is True
    assert [post(client, pair.view_token, verb) for verb in pair_route.VERBS] == [403] * 7


def test_what_is_told_lets_nobody_steer(client, pair):
    answer = client.get(f"/api/pair/{pair.control_token}")
    assert answer.headers["cache-control"] == "no-store"
    for run in pair.runs:
        assert run.control_token not in answer.text
    assert pair.control_token not in answer.text
    for name, run in zip("ab", pair.runs, strict=True):
        assert client.get(f"/api/run/{answer.json()[name]}").status_code == 200
        assert answer.json()[name] == run.view_token


def test_two_from_the_beginning_have_no_fork(client, pair):
    told = client.get(f"/api/pair/{pair.view_token}").json()
    assert (told["is_fork"], told["forked_at"]) == (False, None)


def test_a_fork_says_where_it_left(client, engine, pair, settle):
    pair.step(5)
    settle(pair)
    fork = settle(engine.twin(pair.a, {"r1": 0.5}))
    told = client.get(f"/api/pair/{fork.view_token}").json()
    assert (told["is_fork"], told["forked_at"]) == (True, 5)


@pytest.mark.parametrize("token", ["nonsense", "a" * 5000])
def test_an_unknown_token_finds_nothing(client, pair, token):
    assert client.get(f"/api/pair/{token}").status_code == 404
    assert post(client, token, "play") == 404
    assert iterations(pair) == [0, 0]


def test_the_token_of_a_run_is_none_of_a_pair(client, pair):
    assert post(client, pair.a.control_token, "play") == 404


@pytest.mark.parametrize("verb", ["stop", "slow", "rates", "__init__", "keep-going"])
def test_what_a_pair_cannot_do_is_refused(client, pair, verb):
    assert post(client, pair.control_token, verb) == 404


def test_a_pair_that_has_ended_is_found_no_more(client, engine, pair):
    engine.part(pair)
    assert client.get(f"/api/pair/{pair.view_token}").status_code == 404
    assert client.get(f"/api/run/{pair.a.view_token}").status_code == 404
