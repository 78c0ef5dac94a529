"""The latent studio's routes: what each answers, and what it makes of nonsense."""

from __future__ import annotations

import asyncio
import base64
import io
import statistics
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from starlette.applications import Starlette
from starlette.exceptions import StarletteDeprecationWarning

from gan_core.conditional import with_classes
from gan_core.config import CONDITIONAL, DATASET_KEYS, MODEL_KEYS, SHIPPED_KEYS
from gan_core.engine import Engine, Run, RunState
from gan_core.latent import draw
from gan_core.pictures import MAX_FILE_BYTES, letter, png, to_grey
from gan_core.pretrained import card, load_generator
from gan_core.trainer import Trainer
from ui import latent_route, shelf, warm
from ui.shelf import Shelf, digest

with warnings.catch_warnings():  # it would like the successor of httpx better
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from starlette.testclient import TestClient

PIXELS = 784
SOON = 60.0
LATER = 11.0  # seconds after which a run that nobody looks at rests
NO_STORE = "no-store"


@pytest.fixture
def client(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    assert engine is latent_route.engine()
    monkeypatch.setattr(warm, "start", lambda _delay=0.0: None)
    latent_route._measured.cache_clear()  # it remembers another test's folder
    with TestClient(Starlette(routes=latent_route.routes())) as client:
        yield client
    latent_route._measured.cache_clear()


@pytest.fixture
def run(engine, tiny_config, wait_until) -> Run:
    run = engine.start(tiny_config)
    wait_until(lambda: run.frame.state == RunState.PAUSED)
    return run


@pytest.fixture
def go_on(wait_until) -> Callable[[Run, int], None]:
    """Let a run make some iterations, and wait for them: a copy may be taken between any two."""

    def make(run: Run, count: int) -> None:
        goal = run.frame.iteration + count
        run.step(count)
        wait_until(lambda: run.frame.iteration == goal and run.frame.state == RunState.PAUSED)

    return make


def model(client: TestClient, name: str) -> dict[str, Any]:
    answer = client.get(f"/api/latent/model/{name}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == NO_STORE
    return answer.json()


def refused(answer: Any, status: int) -> None:
    assert answer.status_code == status
    assert answer.headers["cache-control"] == NO_STORE
    assert answer.content == b""


def greys(answer: Any) -> np.ndarray:
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == NO_STORE
    assert answer.headers["content-type"] == "application/octet-stream"
    return np.frombuffer(answer.content, dtype=np.uint8).reshape(-1, 28, 28)


def floats(z: torch.Tensor) -> bytes:
    return z.numpy().astype("<f4").tobytes()


# A shipped generator's card ---------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED_KEYS)
def test_a_shipped_generators_card(client, name):
    told = model(client, name)
    assert told == shelf.shipped_card(name)
    assert told["iteration"] == card(name)["iterations"]


@pytest.mark.parametrize(
    "name", ["stylegan", "run", "MLP", "dcgan_discriminator", "classifier", "x" * 2000]
)
def test_an_unknown_generator_is_not_found(client, name):
    refused(client.get(f"/api/latent/model/{name}"), 404)


# A run's card -----------------------------------------------------------------------------


def take(client: TestClient, token: str) -> dict[str, Any]:
    answer = client.post(f"/api/latent/take/{token}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == NO_STORE
    return answer.json()


def test_a_copy_is_taken_of_a_run(client, run, tiny_config):
    told = take(client, run.control_token)
    assert told["name"] == "run"
    assert told["latent_dim"] == tiny_config.latent_dim
    assert (told["iteration"], told["dataset"]) == (0, "digits")
    assert len(told["sefa"]) == len(told["ganspace"]) == tiny_config.latent_dim


def test_a_run_in_training_is_taken_as_it_is_between_two_moves(
    client, run, tiny_config, digits, wait_until
):
    run.play()
    wait_until(lambda: run.frame.iteration > 2)
    told = take(client, run.control_token)
    assert 2 < told["iteration"] <= run.frame.iteration
    assert run.frame.state == RunState.RUNNING
    run.pause()

    z = draw(5, tiny_config.latent_dim, 1)
    made = greys(client.post("/" + told["pictures"], content=floats(z)))
    alone = Trainer(tiny_config, digits.images)
    for _ in alone.run(told["iteration"]):
        pass
    assert np.array_equal(made, to_grey(alone.generate(z)))


def test_a_copy_stays_as_it_was_when_the_run_has_gone_on(client, run, tiny_config, go_on):
    first = take(client, run.control_token)
    z = floats(draw(2, tiny_config.latent_dim, 1))
    before = greys(client.post("/" + first["pictures"], content=z))
    go_on(run, 2)
    second = take(client, run.control_token)
    assert second["iteration"] == 2
    assert second["generator"] != first["generator"]
    assert np.array_equal(greys(client.post("/" + first["pictures"], content=z)), before)


def test_taking_a_copy_does_not_change_training(
    client, run, tiny_config, digits, go_on, assert_same
):
    go_on(run, 2)
    take(client, run.control_token)
    go_on(run, 2)
    alone = Trainer(tiny_config, digits.images)
    for _ in alone.run(4):
        pass
    assert_same(run.snapshot().result(SOON).state, alone.state_dict())


def test_a_watcher_may_take_a_copy_too(client, run):
    answer = client.post(f"/api/latent/take/{run.view_token}")
    assert answer.status_code == 200
    assert run.control_token not in answer.text
    assert run.view_token not in answer.text


@pytest.mark.parametrize("token", ["no-such-token", "x" * 2000])
@pytest.mark.usefixtures("run")
def test_of_an_unknown_run_no_copy_is_taken(client, token):
    refused(client.post(f"/api/latent/take/{token}"), 404)


def test_of_a_run_that_was_ended_no_copy_is_taken(client, engine, run):
    engine.stop(run)
    refused(client.post(f"/api/latent/take/{run.control_token}"), 404)


def test_of_a_run_that_failed_no_copy_is_taken(
    client, engine, tiny_config, monkeypatch, wait_until
):
    def broken(_key: str) -> None:
        raise OSError("the shelf is empty")

    monkeypatch.setattr(engine, "_load_data", broken)
    failed = engine.start(tiny_config)
    wait_until(lambda: failed.frame.state == RunState.FAILED)
    refused(client.post(f"/api/latent/take/{failed.control_token}"), 503)


def test_a_run_that_does_not_answer_in_time_is_told_of(client, run, monkeypatch):
    def never(_run: Run, _look: object) -> Future[object]:
        late: Future[object] = Future()
        late.set_exception(TimeoutError())
        return late

    monkeypatch.setattr(Run, "between_moves", never)
    refused(client.post(f"/api/latent/take/{run.control_token}"), 503)


def test_a_run_being_loaded_is_taken_when_it_is_built(
    client, engine, tiny_config, digits, monkeypatch
):
    opened = threading.Event()

    def slow(_key: str) -> object:
        assert opened.wait(SOON)
        return digits

    monkeypatch.setattr(engine, "_load_data", slow)
    loading = engine.start(tiny_config)
    threading.Timer(0.2, opened.set).start()
    assert take(client, loading.control_token)["iteration"] == 0


def test_a_copy_is_taken_by_asking_for_it_alone(client, run):
    assert client.get(f"/api/latent/take/{run.control_token}").status_code == 405


# How far a run has come -------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["control_token", "view_token"])
def test_progress_is_told_to_whoever_may_look(client, run, go_on, kind):
    go_on(run, 3)
    answer = client.get(f"/api/latent/run/{getattr(run, kind)}")
    assert answer.json() == {"state": "paused", "iteration": 3}
    assert answer.headers["cache-control"] == NO_STORE


def test_asking_for_progress_keeps_a_run_in_training(client, engine, run, wait_until):
    run.play()
    wait_until(lambda: run.frame.state == RunState.RUNNING)
    engine.tidy(time.monotonic() + LATER)
    wait_until(lambda: run.frame.state == RunState.DETACHED)
    client.get(f"/api/latent/run/{run.view_token}", params={"viewer": "me"})
    wait_until(lambda: run.frame.state == RunState.RUNNING)
    assert run.viewers == 1


def test_a_viewers_long_name_is_cut_short(client, run):
    for ending in ("a", "b"):
        client.get(f"/api/latent/run/{run.view_token}", params={"viewer": "x" * 5000 + ending})
    assert run.viewers == 1
    assert max(len(name) for name in run._audience.names) <= 32


@pytest.mark.usefixtures("run")
def test_an_unknown_run_has_no_progress(client):
    refused(client.get("/api/latent/run/no-such-token"), 404)


# Networks ---------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["generator", "discriminator", "classifier"])
def test_a_network_may_be_kept_for_ever(client, part):
    address = model(client, "dcgan")[part]
    answer = client.get("/" + address)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert digest(answer.content) == address.rpartition("/")[2]


def test_a_copys_networks_can_be_had(client, run):
    told = take(client, run.view_token)
    for part in ("generator", "discriminator", "classifier"):
        answer = client.get("/" + told[part])
        assert digest(answer.content) == told[part].rpartition("/")[2]


@pytest.mark.parametrize("name", ["0" * 32, "mlp", "pyproject.toml", "x" * 2000])
def test_an_unknown_network_is_not_found_and_not_kept(client, name):
    refused(client.get(f"/api/latent/network/{name}"), 404)


def test_a_copy_that_has_left_the_shelf_is_not_found(client, run, go_on, monkeypatch):
    small = Shelf(most=1)
    monkeypatch.setattr(shelf, "copies", lambda: small)
    first = take(client, run.view_token)
    go_on(run, 1)
    second = take(client, run.view_token)
    for part in ("generator", "discriminator"):
        refused(client.get("/" + first[part]), 404)
        assert client.get("/" + second[part]).status_code == 200
    refused(client.post("/" + first["pictures"], content=bytes(12)), 404)


# Pictures for browsers that cannot make them --------------------------------------------------


@pytest.mark.parametrize("name", MODEL_KEYS)
@pytest.mark.parametrize("count", [1, 3, latent_route.MOST_PICTURES])
def test_points_become_pictures(client, name, count):
    generator = load_generator(name)
    z = draw(count, generator.latent_dim, 4)
    made = greys(client.post("/" + model(client, name)["pictures"], content=floats(z)))
    assert np.array_equal(made, to_grey(generator(z)))


@pytest.fixture
def asked_for(client) -> Callable[[str, int], Any]:
    """Return how to have pictures of some draws made by the generator that is told a digit."""
    address = model(client, CONDITIONAL)["pictures"]

    def ask(digits: str, count: int) -> Any:
        z = draw(count, load_generator(CONDITIONAL).latent_dim, 4)
        return client.post(f"/{address}", params={"digits": digits}, content=floats(z))

    return ask


@pytest.mark.parametrize(
    ("digits", "labels"),
    [("7", [7] * 3), ("", [0] * 3), ("709", [7, 0, 9])],
)
def test_a_generator_that_is_told_a_digit_draws_the_one_asked_for(asked_for, digits, labels):
    generator = load_generator(CONDITIONAL)
    z = with_classes(draw(3, generator.latent_dim, 4), torch.tensor(labels))
    assert np.array_equal(greys(asked_for(digits, 3)), to_grey(generator(z)))


@pytest.mark.parametrize("digits", ["12", "7777", "x", "7 ", "-1", "٣", "1" * 5000])
def test_digits_that_are_none_or_do_not_fit_are_refused(asked_for, digits):
    refused(asked_for(digits, 3), 400)


def test_of_a_generator_that_is_told_none_a_digit_changes_nothing(client):
    address = model(client, "dcgan")["pictures"]
    made = [client.post(f"/{address}?digits={digits}", content=ONE) for digits in ("", "7")]
    assert np.array_equal(greys(made[0]), greys(made[1]))


def test_a_copy_of_a_run_that_is_told_classes_draws_the_digit_asked_for(
    client, engine, tiny_config, wait_until
):
    run = engine.start(tiny_config.replace(conditional="on"))
    wait_until(lambda: run.frame.state == RunState.PAUSED)
    told = take(client, run.view_token)
    assert (told["conditional"], told["name"]) == (True, "run")
    z = draw(2, tiny_config.latent_dim, 1)
    made = greys(client.post(f"/{told['pictures']}?digits=7", content=floats(z)))
    expected = run.between_moves(lambda trainer: trainer.generate(z, 7)).result(SOON)
    assert np.array_equal(made, to_grey(expected))


@pytest.fixture
def pictures_of(client) -> Callable[[bytes], Any]:
    address = model(client, "dcgan")["pictures"]
    return lambda body: client.post("/" + address, content=body)


ONE = floats(torch.zeros(64))  # a point of the shipped DCGAN


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        ONE[:-1],
        ONE[:-4],
        ONE + b"\0",
        ONE + ONE[:8],
        ONE * (latent_route.MOST_PICTURES + 1),
        floats(torch.full((64,), torch.nan)),
        floats(torch.full((64,), torch.inf)),
        ONE + ONE[:-4] + floats(torch.tensor([-torch.inf])),
    ],
    ids=lambda body: f"{len(body)} bytes",
)
def test_what_is_not_a_number_of_points_is_refused(pictures_of, body):
    refused(pictures_of(body), 400)


@pytest.mark.parametrize("size", [60.0, 1e6, 1e38])
def test_points_far_outside_are_no_trouble(pictures_of, size):
    assert len(greys(pictures_of(floats(torch.full((64,), size))))) == 1


def test_only_generators_make_pictures(client):
    told = model(client, "dcgan")
    names = [told[part].rpartition("/")[2] for part in ("discriminator", "classifier")]
    for name in (*names, "0" * 32, "dcgan"):
        refused(client.post(f"/api/latent/pictures/{name}", content=ONE), 404)


def test_pictures_are_asked_for_with_points(client):
    assert client.get("/" + model(client, "dcgan")["pictures"]).status_code == 405


# The nearest training picture ------------------------------------------------------------------


def idx(content: bytes, *sizes: int) -> bytes:
    """Write bytes as LeCun's idx format: type 8, number of axes, sizes, content."""
    head = bytes([0, 0, 8, len(sizes)]) + b"".join(size.to_bytes(4, "big") for size in sizes)
    return head + content


def pixels(train: bool, count: int) -> np.ndarray:
    return np.random.default_rng(int(train)).integers(0, 256, (count, 28, 28), dtype=np.uint8)


TRAIN, TEST = pixels(True, 20), pixels(False, 7)


@pytest.fixture
def mnist(tmp_path: Path, engine: Engine) -> Callable[[], None]:  # noqa: ARG001
    """Put a tiny MNIST in torchvision's layout where the data are looked for; when asked."""

    def write() -> None:
        raw = tmp_path / "MNIST" / "raw"
        raw.mkdir(parents=True)
        for name, greys in (("train", TRAIN), ("t10k", TEST)):
            labels = bytes(place % 10 for place in range(len(greys)))
            content = idx(greys.tobytes(), len(greys), 28, 28)
            (raw / f"{name}-images-idx3-ubyte").write_bytes(content)
            (raw / f"{name}-labels-idx1-ubyte").write_bytes(idx(labels, len(greys)))

    return write


def nearest(client: TestClient, dataset: str, picture: np.ndarray) -> dict[str, Any]:
    answer = client.post(f"/api/latent/nearest/{dataset}", content=picture.tobytes())
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == NO_STORE
    return answer.json()


def distances(picture: np.ndarray) -> list[float]:
    """From a picture to all training pictures, greys scaled to 0..1."""
    apart = (TRAIN.astype(np.float64) - picture) / 255
    return np.sqrt((apart**2).sum((1, 2))).tolist()


def test_the_nearest_training_picture_is_shown_with_the_usual_distance(client, mnist):
    mnist()
    picture = TRAIN[13].copy()
    picture[0, :9] = 255 - picture[0, :9]
    told = nearest(client, "mnist", picture)
    assert told["available"] is True
    assert told["label"] == 3
    assert told["distance"] == pytest.approx(distances(picture)[13], abs=1e-3)
    assert base64.b64decode(told["picture"]) == TRAIN[13].tobytes()
    usual = statistics.median(min(distances(unseen)) for unseen in TEST)
    assert told["usual"] == pytest.approx(usual, abs=1e-3)


def test_a_copy_of_a_training_picture_is_told_of(client, mnist):
    mnist()
    told = nearest(client, "mnist", TRAIN[4])
    assert (told["distance"], told["label"]) == (0.0, 4)


def test_the_built_in_digits_have_no_unseen_ones_to_compare_with(client, digits):
    picture = to_grey(digits.images[30:31])
    told = nearest(client, "digits", picture)
    assert told["available"] is True
    assert told["usual"] is None
    assert told["label"] == int(digits.labels[30])
    assert told["distance"] == pytest.approx(0, abs=0.05)  # their greys are between two bytes
    assert base64.b64decode(told["picture"]) == picture.tobytes()


@pytest.mark.parametrize("dataset", [key for key in DATASET_KEYS if key != "digits"])
def test_data_that_are_not_at_hand_are_not_downloaded(client, dataset, tmp_path, monkeypatch):
    def refuse(*_arguments: object) -> None:
        raise AssertionError("a download was asked for")

    monkeypatch.setattr("gan_core.data.images._download", refuse)
    assert nearest(client, dataset, TRAIN[0]) == {"available": False}
    assert list(tmp_path.iterdir()) == []


def test_data_that_came_later_are_compared_with(client, mnist):
    """A run on the training page downloads them while this page is open."""
    assert nearest(client, "mnist", TRAIN[0]) == {"available": False}
    mnist()
    assert nearest(client, "mnist", TRAIN[0])["available"] is True


def test_thirty_who_ask_at_once_share_one_measurement(client, mnist, monkeypatch):
    mnist()
    from gan_core.metrics.neighbours import Neighbours

    measured: list[int] = []
    measure = Neighbours.usual_distance

    def count(known: Neighbours, unseen: torch.Tensor) -> float:
        measured.append(len(unseen))
        time.sleep(0.05)
        return measure(known, unseen)

    monkeypatch.setattr(Neighbours, "usual_distance", count)
    threads = [
        threading.Thread(target=latent_route._nearest, args=("mnist", TRAIN[0].tobytes()))
        for _ in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert nearest(client, "mnist", TRAIN[0])["distance"] == 0.0
    assert measured == [len(TEST)]


@pytest.mark.parametrize("dataset", ["cifar10", "MNIST", "digits ", "x" * 2000])
def test_an_unknown_data_set_is_refused(client, dataset):
    refused(client.post(f"/api/latent/nearest/{dataset}", content=bytes(PIXELS)), 400)


@pytest.mark.parametrize("size", [0, 1, PIXELS - 1, PIXELS + 1, 2 * PIXELS])
def test_what_is_not_one_picture_is_refused(client, size):
    refused(client.post("/api/latent/nearest/digits", content=bytes(size)), 400)


# Targets ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 5, latent_route.LARGEST_SEED])
def test_a_real_target_is_a_digit_the_generator_did_not_see(client, mnist, seed):
    mnist()
    made = greys(client.get(f"/api/latent/target/real/{seed}"))
    assert np.array_equal(made[0], TEST[seed % len(TEST)])


@pytest.mark.parametrize("seed", [0, 5, latent_route.LARGEST_SEED])
def test_without_mnist_a_built_in_digit_is_the_target(client, digits, seed):
    made = greys(client.get(f"/api/latent/target/real/{seed}"))
    place = seed % len(digits.images)
    assert np.array_equal(made, to_grey(digits.images[place : place + 1]))


def test_an_unseen_target_is_a_letter(client):
    letters = latent_route.LETTERS
    for seed in (0, 1, len(letters), latent_route.LARGEST_SEED):
        made = greys(client.get(f"/api/latent/target/unseen/{seed}"))
        assert np.array_equal(made[0], letter(letters[seed % len(letters)]))


@pytest.mark.parametrize("kind", ["real", "unseen"])
@pytest.mark.parametrize("seed", ["-1", "1.5", "x", "½", "10000", "9" * 2000, "1e3", "%20"])
def test_a_seed_that_is_none_is_not_found(client, kind, seed):
    refused(client.get(f"/api/latent/target/{kind}/{seed}"), 404)


@pytest.mark.parametrize("kind", ["own", "REAL", "seed", "x" * 2000])
def test_an_unknown_kind_of_target_is_not_found(client, kind):
    refused(client.get(f"/api/latent/target/{kind}/3"), 404)


# Uploads ------------------------------------------------------------------------------------


def drawing() -> np.ndarray:
    picture = np.full((90, 70), 255, dtype=np.uint8)
    picture[15:75, 30:38] = 0
    return picture


def upload(client: TestClient, content: bytes) -> Any:
    return client.post("/api/latent/upload", content=content)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_an_upload_is_brought_to_28_by_28(client, kind):
    buffer = io.BytesIO()
    Image.fromarray(drawing()).save(buffer, format=kind)
    made = greys(upload(client, buffer.getvalue()))
    assert made.shape == (1, 28, 28)
    assert made.max() > 200
    assert np.median(made) == 0


def specks() -> bytes:
    picture = np.zeros((500, 500), dtype=np.uint8)
    picture[3, 3] = picture[490, 490] = 255
    return png(picture)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not_an_image"),
        (b"seven", "not_an_image"),
        (b"GIF89a" + bytes(100), "not_an_image"),
        (png(drawing())[:150], "damaged"),
        (png(np.full((20, 20), 255, dtype=np.uint8)), "empty"),
        (specks(), "empty"),
        (bytes(MAX_FILE_BYTES + 1), "too_large"),
    ],
    ids=["nothing", "text", "GIF", "cut off", "blank", "dust", "too large"],
)
def test_a_bad_upload_is_refused_with_a_code(client, content, code):
    answer = upload(client, content)
    assert answer.status_code == 400
    assert answer.json() == {"code": code}
    assert answer.headers["cache-control"] == NO_STORE


def test_an_upload_is_posted(client):
    assert client.get("/api/latent/upload").status_code == 405


MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("upload", MAX_FILE_BYTES),
        ("gif", latent_route.MOST_FRAMES * PIXELS),
        ("nearest/digits", PIXELS),
        ("pictures", 4 * latent_route.MOST_PICTURES * 64),
    ],
)
def test_a_body_without_end_is_read_no_further_than_allowed(client, path, most):
    if path == "pictures":
        path = model(client, "dcgan")["pictures"].removeprefix("api/latent/")
    parts = 0
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        nonlocal parts
        parts += 1
        assert parts <= most // MEGABYTE + 2, "it reads and reads"
        return {"type": "http.request", "body": bytes(MEGABYTE), "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/api/latent/{path}",
        "query_string": b"",
        "headers": [(b"content-length", b"10")],  # what it says of itself does not count
    }
    asyncio.run(Starlette(routes=latent_route.routes())(scope, receive, send))
    assert parts == most // MEGABYTE + 1
    assert sent[0]["status"] == 400


# Films --------------------------------------------------------------------------------------


def film(client: TestClient, content: bytes, query: str = "") -> Any:
    return client.post(f"/api/latent/gif{query}", content=content)


@pytest.mark.parametrize("count", [2, 7, latent_route.MOST_FRAMES])
def test_pictures_become_a_film_that_runs_for_ever(client, count):
    frames = pixels(True, count)
    answer = film(client, frames.tobytes(), "?milliseconds=120")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/gif"
    assert answer.headers["cache-control"] == NO_STORE
    moving = Image.open(io.BytesIO(answer.content))
    assert (moving.n_frames, moving.info["loop"], moving.info["duration"]) == (count, 0, 120)
    moving.seek(count - 1)
    shown = np.asarray(moving.convert("L"))
    scale = len(shown) // 28
    assert np.array_equal(shown[::scale, ::scale], frames[-1])


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("", 80),
        ("?milliseconds=0", 20),
        ("?milliseconds=5", 20),
        ("?milliseconds=2000", 2000),
        ("?milliseconds=2001", 2000),
        (f"?milliseconds={'9' * 5000}", 2000),
    ],
)
def test_a_film_is_neither_too_fast_nor_too_slow(client, asked, kept):
    answer = film(client, pixels(True, 2).tobytes(), asked)
    assert Image.open(io.BytesIO(answer.content)).info["duration"] == kept


@pytest.mark.parametrize("text", ["", "-1", "many", "1e3", "80.5", "½", "8%200", "nan"])
def test_a_tempo_that_is_none_is_refused(client, text):
    refused(film(client, pixels(True, 2).tobytes(), f"?milliseconds={text}"), 400)


@pytest.mark.parametrize(
    "size",
    [0, 1, PIXELS, PIXELS + 1, 2 * PIXELS - 1, (latent_route.MOST_FRAMES + 1) * PIXELS],
)
def test_what_is_not_a_number_of_frames_is_refused(client, size):
    refused(film(client, bytes(size)), 400)


# All ----------------------------------------------------------------------------------------


def test_nothing_here_changes_the_shared_random_numbers(client, run):
    before = torch.random.get_rng_state()
    told = take(client, run.control_token)
    client.post("/" + told["pictures"], content=bytes(12))
    nearest(client, "digits", TRAIN[0])
    client.get("/api/latent/target/real/3")
    assert torch.equal(torch.random.get_rng_state(), before)
