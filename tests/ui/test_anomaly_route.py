"""The routes that judge a picture and hand out test digits."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from starlette.applications import Starlette
from starlette.exceptions import StarletteDeprecationWarning

from gan_core.anomaly.experiment import AnomalyExperiment
from gan_core.anomaly.outcome import SCORERS
from gan_core.anomaly.recorded import load_outcome
from gan_core.anomaly.settings import Settings
from gan_core.data import ImageSet
from gan_core.data.parts import apart
from gan_core.engine import Engine, Job, JobState
from gan_core.stages import real_pictures
from ui import anomaly_route, runs, warm
from ui.anomaly import PLACE

with warnings.catch_warnings():  # it would like the successor of httpx better
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from starlette.testclient import TestClient

TINY = Settings(
    normal=(3,), gan_iterations=2, encoder_steps=2, searched=10, restarts=1, search_steps=2
)


@pytest.fixture
def client(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    assert engine is runs.engine()
    monkeypatch.setattr(warm, "wait", lambda: None)
    with TestClient(Starlette(routes=anomaly_route.routes())) as client:
        yield client


@pytest.fixture
def job(engine: Engine, digits: ImageSet, wait_until) -> Job:
    def load(_key: str, *, train: bool = True) -> ImageSet:
        assert train in (True, False)
        return replace(digits, fallback="no_network")

    job = engine.job(AnomalyExperiment(TINY, load), PLACE)
    wait_until(lambda: job.frame.state == JobState.DONE)
    return job


def grey(digits: ImageSet, place: int = 0) -> bytes:
    scaled: bytes = digits.images[place].add(1).mul(127.5).round().byte().numpy().tobytes()
    return scaled


def test_a_picture_is_judged_by_all_scorers(client, job, digits):
    body = grey(digits, 7)
    answer = client.post(f"/api/anomaly/judge/{job.view_token}", content=body)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    verdicts = answer.json()["verdicts"]
    assert [one["scorer"] for one in verdicts] == list(SCORERS)
    picture = torch.from_numpy(np.frombuffer(body, np.uint8).copy()).view(1, 1, 28, 28)
    expected = job.result.judge(picture.float() / 127.5 - 1)
    for one in verdicts:
        verdict = expected[one["scorer"]]
        assert one["score"] == pytest.approx(verdict.score, rel=1e-3)
        assert one["odder_than"] == verdict.odder_than
        assert base64.b64decode(one["expected"]) == verdict.expected.tobytes()


def test_both_tokens_judge_and_judging_is_looking(client, job, digits):
    job.last_seen = 0.0
    for token in (job.control_token, job.view_token):
        answer = client.post(f"/api/anomaly/judge/{token}", content=grey(digits))
        assert answer.status_code == 200
    assert job.last_seen > 0


def test_without_mnist_only_the_networks_of_the_recorded_one_judge(client):
    """GAN_DATA is an empty folder here."""
    seven = real_pictures()[70].add(1).mul(127.5).round().byte().numpy().tobytes()
    answer = client.post("/api/anomaly/judge/recorded", content=seven)
    verdicts = {one["scorer"]: one for one in answer.json()["verdicts"]}
    assert list(verdicts) == ["fast_anogan", "anogan"]
    assert all(one["odder_than"] > 0.99 for one in verdicts.values())  # it learned zeros


@pytest.mark.parametrize("token", ["nobody", "../recorded", "x" * 3000])
def test_nobody_judges_under_another_name(client, digits, token):
    answer = client.post(f"/api/anomaly/judge/{token}", content=grey(digits))
    assert answer.status_code == 404


def test_what_is_not_done_judges_nobody(client, engine, digits, wait_until):
    job = engine.job(AnomalyExperiment(replace(TINY, gan_iterations=5000), _embedded), PLACE)
    answer = client.post(f"/api/anomaly/judge/{job.control_token}", content=grey(digits))
    assert answer.status_code == 404
    engine.drop(job)
    wait_until(lambda: job.frame.state == JobState.CANCELLED)


def test_a_job_of_another_page_judges_nobody(client, engine, digits, wait_until):
    other = engine.job(AnomalyExperiment(TINY, _embedded), "versus")
    wait_until(lambda: other.frame.state == JobState.DONE)
    answer = client.post(f"/api/anomaly/judge/{other.view_token}", content=grey(digits))
    assert answer.status_code == 404


def _embedded(_key: str, *, train: bool = True) -> ImageSet:
    from gan_core.data.images import embedded_digits

    assert train in (True, False)
    return replace(embedded_digits(), fallback="no_network")


@pytest.mark.parametrize("size", [0, 1, 783, 785, 100_000])
def test_what_is_no_picture_is_refused(client, size):
    answer = client.post("/api/anomaly/judge/recorded", content=b"\x00" * size)
    assert (answer.status_code, answer.content) == (400, b"")


def test_a_picture_is_not_asked_for_by_get(client):
    assert client.get("/api/anomaly/judge/recorded").status_code == 405


@pytest.mark.parametrize("digit", range(10))
def test_a_digit_of_mnist_is_one_of_those_that_come_with_the_course(client, digit):
    shown = {client.get(f"/api/anomaly/digit/mnist/{digit}/{seed}").content for seed in range(12)}
    shipped = real_pictures()[10 * digit : 10 * digit + 10].add(1).mul(127.5).round().byte()
    assert shown == {picture.numpy().tobytes() for picture in shipped}


def test_a_built_in_digit_is_one_that_nobody_learned_from(client, digits):
    train, test = apart(digits)
    known = {grey(train, place) for place in range(len(train.images))}
    kept = {grey(test, place) for place in range(len(test.images)) if int(test.labels[place]) == 4}
    shown = {client.get(f"/api/anomaly/digit/digits/4/{seed}").content for seed in range(80)}
    assert len(shown) > 20
    assert shown <= kept
    assert shown.isdisjoint(known)


@pytest.mark.parametrize(
    "path",
    [
        "mnist/10/0",
        "mnist/-1/0",
        "mnist/x/0",
        "kmnist/1/0",
        "mnist/1/x",
        "mnist/1/-1",
        "mnist/1/99999",
    ],
)
def test_a_digit_that_is_none_is_not_there(client, path):
    answer = client.get(f"/api/anomaly/digit/{path}")
    assert (answer.status_code, answer.content) == (404, b"")


def test_the_recorded_outcome_is_loaded_once():
    assert load_outcome() is load_outcome()
