"""The route that shows and steers jobs."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Generator, Iterator

import pytest
from starlette.applications import Starlette
from starlette.exceptions import StarletteDeprecationWarning

from gan_core.engine import Engine, Job, JobState, Step
from ui import job_route, runs

with warnings.catch_warnings():  # it would like the successor of httpx better
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from starlette.testclient import TestClient


class Three:
    """An experiment of three steps that treads on the spot till the next is let."""

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)

    def prepare(self) -> None:
        pass

    def steps(self) -> Generator[Step, None, int]:
        for done in (1, 2, 3):
            while not self.gate.acquire(timeout=0.002):
                yield Step("wait", done - 1, 3)
            value = float("nan") if done == 2 else done / 3
            yield Step("count", done, 3, {"third": value}, {"page": b"PNG%d" % done})
        return 3


@pytest.fixture
def client(engine: Engine) -> Iterator[TestClient]:
    assert engine is runs.engine()
    with TestClient(Starlette(routes=job_route.routes())) as client:
        yield client


@pytest.fixture
def three() -> Iterator[Three]:
    experiment = Three()
    yield experiment
    experiment.gate.release(9)


@pytest.fixture
def job(engine: Engine, three: Three) -> Job:
    return engine.job(three)


@pytest.fixture
def shows(wait_until) -> Callable[..., None]:
    def wait(job: Job, **wanted: object) -> None:
        wait_until(lambda: all(getattr(job.frame, name) == to for name, to in wanted.items()))

    return wait


def test_it_tells_how_far_a_job_is(client, job, three, shows):
    three.gate.release(3)
    shows(job, state=JobState.DONE)
    told = client.get(f"/api/job/{job.control_token}").json()
    assert (told["state"], told["stage"], told["done"], told["total"]) == ("done", "count", 3, 3)
    assert told["may_control"] is True
    assert told["reason"] is None
    assert told["curves"] == {"third": {"x": [1, 2, 3], "y": [0.33333, None, 1.0]}}
    assert told["pictures"] == {"page": 3}


def test_what_the_browser_holds_is_not_sent_again(client, job, three, shows):
    three.gate.release(3)
    shows(job, state=JobState.DONE)
    path = f"/api/job/{job.control_token}"
    version = client.get(path).json()["version"]
    again = client.get(path, params={"version": version})
    assert (again.status_code, again.content) == (204, b"")
    assert client.get(path, params={"version": "x"}).status_code == 200


def test_asking_is_looking(client, job):
    job.last_seen = 0.0
    client.get(f"/api/job/{job.view_token}")
    assert job.last_seen > 0


def test_its_pictures(client, job, three, shows):
    three.gate.release(2)
    shows(job, done=2)
    path = f"/api/job/{job.view_token}/picture"
    answer = client.get(f"{path}/page.png")
    assert (answer.content, answer.headers["content-type"]) == (b"PNG2", "image/png")
    assert client.get(f"{path}/else.png").status_code == 404


def test_it_is_steered_by_its_control_token_alone(client, job, three, shows):
    three.gate.release(1)
    shows(job, done=1)
    for verb in job_route.VERBS:
        assert client.post(f"/api/job/{job.view_token}/{verb}").status_code == 403
    assert job.frame.state == JobState.RUNNING
    assert client.post(f"/api/job/{job.control_token}/pause").status_code == 204
    three.gate.release(1)
    shows(job, state=JobState.PAUSED)
    assert client.get(f"/api/job/{job.view_token}").json()["may_control"] is False
    client.post(f"/api/job/{job.control_token}/resume")
    shows(job, state=JobState.RUNNING)
    client.post(f"/api/job/{job.control_token}/cancel")
    three.gate.release(1)
    shows(job, state=JobState.CANCELLED)


def test_unknown_tokens_and_verbs(client, job):
    assert client.get("/api/job/none").status_code == 404
    assert client.get("/api/job/none/picture/page.png").status_code == 404
    assert client.post("/api/job/none/pause").status_code == 404
    assert client.post(f"/api/job/{job.control_token}/dance").status_code == 404


def test_a_failure_is_told(client, engine, shows):
    class Broken(Three):
        def prepare(self) -> None:
            raise OSError("no shelf")

    job = engine.job(Broken())
    shows(job, state=JobState.FAILED)
    told = client.get(f"/api/job/{job.view_token}").json()
    assert told["reason"] == {"code": "failed", "iteration": 0, "detail": "OSError: no shelf"}
