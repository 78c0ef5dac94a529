"""The live route: what travels, to whom, and what a browser may ask for."""

from __future__ import annotations

import csv
import io
import json
import math
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from starlette.applications import Starlette
from starlette.exceptions import StarletteDeprecationWarning

from gan_core.checkpoint import from_bytes
from gan_core.data import ImageSet
from gan_core.engine import Engine, Run, RunState, views
from gan_core.engine import frame as frame_module
from gan_core.history import CURVES
from gan_core.metrics.pictures import NAMES, yardstick_of
from gan_core.pictures import contact_sheet, to_grey
from gan_core.trainer import Trainer
from ui import live_frame, live_route

with warnings.catch_warnings():  # it would like the successor of httpx better
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from starlette.testclient import TestClient

LATER = 11.0  # seconds after which a run that nobody looks at rests
SOON = 60.0
CAPACITY = 8  # buckets of a short history


@pytest.fixture
def client(engine: Engine) -> Iterator[TestClient]:
    assert engine is live_route.engine()
    with TestClient(Starlette(routes=live_route.routes())) as client:
        yield client


@pytest.fixture
def run(engine, tiny_config, wait_until, monkeypatch) -> Run:
    """A run that is built, whose history doubles its buckets after eight iterations."""
    monkeypatch.setattr(views.PictureView, "buckets", CAPACITY)
    run = engine.start(tiny_config)
    wait_until(lambda: run.frame.state == RunState.PAUSED)
    return run


@pytest.fixture
def settle(wait_until) -> Callable[[Run], None]:
    """Wait until everything wanted of a run is done and shown."""

    def wait(run: Run) -> None:
        run.snapshot().result(SOON)
        wait_until(lambda: not run.has_work)
        run.snapshot().result(SOON)
        wait_until(lambda: run.frame.state != RunState.RUNNING)

    return wait


def no_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def decode(content: bytes) -> tuple[dict[str, Any], bytes]:
    """Take an answer apart: the length of the JSON text, the text, the picture."""
    length = int.from_bytes(content[:4], "little")
    assert len(content) >= 4 + length
    head = json.loads(content[4 : 4 + length].decode("utf-8"), parse_constant=no_constant)
    return head, content[4 + length :]


def look(client: TestClient, token: str, **held: object) -> tuple[dict[str, Any], bytes]:
    answer = client.get(f"/api/run/{token}", params={key.rstrip("_"): held[key] for key in held})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return decode(answer.content)


def post(client: TestClient, run: Run, verb: str) -> int:
    return client.post(f"/api/run/{run.control_token}/{verb}").status_code


def grey(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


# The frame ------------------------------------------------------------------------------


def test_a_first_look_brings_everything(client, run):
    head, picture = look(client, run.control_token, viewer="me")
    assert head["state"] == "paused"
    assert head["reason"] is None
    assert head["report"] is None
    assert head["run_id"] == run.frame.run_id
    assert (head["iteration"], head["d_moves"], head["g_moves"]) == (0, 0, 0)
    assert head["last_move"] == "none"
    assert head["rate"] is None
    assert head["album"] == [0]
    assert head["history"] == {
        "width": 1,
        "start": 0,
        "first_iteration": 1,
        "names": list(live_frame.SHOWN),
        "low": [],
        "high": [],
        "mean": [],
    }
    assert head["picture"] == {
        "id": run.frame.picture.id,
        "iteration": 0,
        "rows": 8,
        "columns": 8,
        "by_class": False,
    }
    assert np.array_equal(grey(picture), run.frame.picture.grey)
    assert (head["data"], head["fallback"], head["keep_going"]) == ("digits", "", False)
    assert (head["viewers"], head["may_control"]) == (1, True)


def test_the_numbers_are_those_of_the_trainer(client, run, settle):
    assert post(client, run, "step?count=2") == 204
    settle(run)
    head, _ = look(client, run.control_token)
    report = run.frame.report
    assert head["iteration"] == head["d_moves"] == head["g_moves"] == 2
    assert head["report"]["iteration"] == 2
    assert head["report"]["d_loss"] == report.d_loss
    assert head["report"]["d_terms"] == list(report.d_terms)
    shown = [CURVES.index(name) for name in live_frame.SHOWN]
    assert np.allclose(head["history"]["mean"], run.frame.curves.mean[:, shown], atol=6e-5)


def test_only_new_points_and_pictures_travel(client, run, settle):
    run.step(5)
    settle(run)
    first, picture = look(client, run.control_token)
    assert len(first["history"]["mean"]) == 5
    held = {"width": 1, "from_": 4, "picture": first["picture"]["id"]}

    second, nothing = look(client, run.control_token, **held)
    assert picture
    assert nothing == b""
    assert second["picture"] is None
    assert second["history"]["start"] == 4
    for kind in ("low", "high", "mean"):  # the last bucket may have grown: it comes again
        assert second["history"][kind] == first["history"][kind][4:]

    run.step(1)
    settle(run)
    third, newer = look(client, run.control_token, **held)
    assert len(third["history"]["mean"]) == 2
    assert third["picture"]["id"] > first["picture"]["id"]
    assert newer


def test_all_points_travel_again_when_the_buckets_have_doubled(client, run, settle):
    run.step(CAPACITY)
    settle(run)
    assert look(client, run.control_token)[0]["history"]["width"] == 1
    run.step(1)
    settle(run)
    head, _ = look(client, run.control_token, width=1, from_=7)
    assert (head["history"]["width"], head["history"]["start"]) == (2, 0)
    assert len(head["history"]["mean"]) == CAPACITY // 2 + 1


def test_what_was_not_measured_is_null(client, run, settle):
    run.step_discriminator()
    settle(run)
    head, _ = look(client, run.control_token)
    assert math.isnan(run.frame.report.g_loss)
    assert head["report"]["g_loss"] is None
    column = head["history"]["names"].index("g_loss")
    assert [head["history"][kind][0][column] for kind in ("low", "high", "mean")] == [None] * 3
    assert isinstance(head["report"]["d_loss"], float)
    assert (head["d_moves"], head["g_moves"]) == (1, 0)


def test_infinity_is_null_too(run, settle):
    run.step()
    settle(run)
    frame = run.frame
    curves = replace(frame.curves, high=np.full_like(frame.curves.high, np.inf))
    report = replace(frame.report, d_loss=math.inf, d_terms=(math.nan, -math.inf))
    head, _ = decode(live_frame.encode(replace(frame, curves=curves, report=report)))
    assert head["history"]["high"] == [[None] * 4]
    assert head["report"]["d_loss"] is None
    assert head["report"]["d_terms"] == [None, None]


def test_a_run_that_stopped_by_itself_says_why(client, run):
    reason = frame_module.Reason("failed", 7, 'a "quoted" détail')
    run.frame = replace(run.frame, state=RunState.FAILED, reason=reason)
    head, _ = look(client, run.view_token)
    assert head["state"] == "failed"
    assert head["reason"] == {"code": "failed", "iteration": 7, "detail": 'a "quoted" détail'}


@pytest.mark.parametrize("nonsense", ["-1", "nan", "9" * 5000, "½", ""])
def test_bad_numbers_in_the_query_are_harmless(client, run, settle, nonsense):
    run.step(2)
    settle(run)
    for name in ("width", "from", "picture"):
        head, _ = look(client, run.control_token, **{"width": 1, name: nonsense})
        assert head["history"]["start"] == 0
        assert len(head["history"]["mean"]) == 2


def test_more_points_held_than_there_are_brings_all(client, run, settle):
    run.step(2)
    settle(run)
    head, _ = look(client, run.control_token, width=1, from_=3)
    assert (head["history"]["start"], len(head["history"]["mean"])) == (0, 2)


# Who may do what ------------------------------------------------------------------------

FILES = ("", "/real.png", "/samples.png", "/history.csv", "/album/0.png")


@pytest.mark.parametrize("path", [*FILES, "/checkpoint.safetensors"])
@pytest.mark.usefixtures("run")
def test_an_unknown_token_finds_nothing(client, path):
    assert client.get(f"/api/run/no-such-token{path}").status_code == 404


def test_an_unknown_token_steers_nothing(client, run):
    assert client.post("/api/run/no-such-token/play").status_code == 404
    assert run.frame.state == RunState.PAUSED


@pytest.mark.parametrize("verb", [*live_route.VERBS, "keep-going?on=1", "no-such-verb"])
def test_a_watcher_may_not_steer(client, run, settle, verb):
    before = run.frame.run_id
    assert client.post(f"/api/run/{run.view_token}/{verb}").status_code == 403
    settle(run)
    assert (run.frame.iteration, run.frame.run_id, run.keep_going) == (0, before, False)


def test_a_watcher_may_look_but_not_take_the_weights(client, run):
    for path in FILES:  # also before the first iteration
        assert client.get(f"/api/run/{run.view_token}{path}").status_code == 200
    assert client.get(f"/api/run/{run.view_token}/checkpoint.safetensors").status_code == 403
    head, _ = look(client, run.view_token)
    assert head["may_control"] is False
    assert run.control_token not in json.dumps(head)


# Verbs ----------------------------------------------------------------------------------


def test_play_and_pause(client, run, settle, wait_until):
    assert post(client, run, "play") == 204
    wait_until(lambda: run.frame.iteration > 1)
    assert look(client, run.control_token)[0]["state"] == "running"
    assert post(client, run, "pause") == 204
    settle(run)
    assert look(client, run.control_token)[0]["state"] == "paused"


@pytest.mark.parametrize(
    ("verb", "d_moves", "g_moves"),
    [
        ("step", 1, 1),
        ("step?count=2", 2, 2),
        ("step-discriminator?count=2", 2, 0),
        ("step-generator?count=2", 0, 2),
        ("step?count=-5", 1, 1),
        ("step?count=many", 1, 1),
    ],
)
def test_a_step_makes_its_moves(client, run, settle, verb, d_moves, g_moves):
    assert post(client, run, verb) == 204
    settle(run)
    frame = run.frame
    assert (frame.discriminator_moves, frame.generator_moves) == (d_moves, g_moves)


@pytest.mark.parametrize("verb", ["step", "step-discriminator", "step-generator"])
def test_one_click_makes_a_thousand_steps_at_most(client, run, monkeypatch, verb):
    asked: list[int] = []
    monkeypatch.setattr(Run, verb.replace("-", "_"), lambda _run, count: asked.append(count))
    assert post(client, run, f"{verb}?count={'9' * 30}") == 204
    assert asked == [live_route.MOST_STEPS]


def test_reset_starts_again(client, run, settle, wait_until):
    old, before = look(client, run.control_token)
    run.step(2)
    settle(run)
    assert post(client, run, "reset") == 204
    wait_until(lambda: run.frame.run_id > old["run_id"] and run.frame.state == RunState.PAUSED)
    head, picture = look(client, run.control_token, width=1, from_=2)
    assert (head["iteration"], head["history"]["mean"]) == (0, [])
    assert head["run_id"] > old["run_id"]
    assert np.array_equal(grey(picture), grey(before))


def test_keep_going_is_switched_on_and_off(client, run):
    for asked, kept in (("on=1", True), ("on=0", False), ("on=1", True), ("", False)):
        assert post(client, run, f"keep-going?{asked}") == 204
        assert look(client, run.control_token)[0]["keep_going"] is kept


def test_an_unknown_verb_is_not_found(client, run):
    assert post(client, run, "explode") == 404


def test_looking_does_not_steer(client, run):
    assert client.get(f"/api/run/{run.control_token}/play").status_code == 405


# Viewers --------------------------------------------------------------------------------


def test_a_look_brings_a_resting_run_back(client, engine, run, wait_until):
    run.play()
    wait_until(lambda: run.frame.state == RunState.RUNNING)
    engine.tidy(time.monotonic() + LATER)
    wait_until(lambda: run.frame.state == RunState.DETACHED)
    look(client, run.view_token, viewer="me")
    wait_until(lambda: run.frame.state == RunState.RUNNING)


def test_many_viewers_share_one_encoded_picture(client, run, settle, monkeypatch):
    made: list[object] = []

    def counted(picture: Any) -> bytes:
        made.append(picture)
        return original(picture)

    original = frame_module.png
    run.step(7)  # the album keeps 6 and 8: nobody has needed this picture yet
    settle(run)
    monkeypatch.setattr(frame_module, "png", counted)
    shown = {look(client, run.view_token, viewer=f"student {n}")[1] for n in range(5)}
    assert len(shown) == 1
    assert len(made) == 1
    assert run.frame.picture.png is run.frame.picture.png
    assert look(client, run.control_token, viewer="student 0")[0]["viewers"] == 5


def test_the_owner_is_one_viewer_also_when_steering(client, run):
    look(client, run.control_token, viewer="owner")
    post(client, run, "pause")
    assert look(client, run.control_token, viewer="owner")[0]["viewers"] == 1


# Files ----------------------------------------------------------------------------------


def test_the_real_pictures_are_the_first_of_the_data(client, run, digits):
    answer = client.get(f"/api/run/{run.view_token}/real.png")
    assert answer.headers["content-type"] == "image/png"
    expected = contact_sheet(to_grey(digits.images[: views.COLUMNS**2]))
    assert np.array_equal(grey(answer.content), expected)


def test_the_samples_are_the_picture_on_the_screen(client, run, settle):
    run.step(3)
    settle(run)
    answer = client.get(f"/api/run/{run.view_token}/samples.png")
    assert "gan-samples-3.png" in answer.headers["content-disposition"]
    assert np.array_equal(grey(answer.content), run.frame.picture.grey)


def test_the_album_keeps_earlier_pictures(client, run, settle):
    first = grey(client.get(f"/api/run/{run.view_token}/album/0.png").content)
    run.step(3)
    settle(run)
    head, _ = look(client, run.control_token)
    assert head["album"] == [0, 1, 2, 3]
    pages = [
        grey(client.get(f"/api/run/{run.view_token}/album/{page}.png").content) for page in range(4)
    ]
    assert np.array_equal(pages[0], first)
    assert np.array_equal(pages[3], run.frame.picture.grey)
    assert not np.array_equal(pages[0], pages[3])


@pytest.mark.parametrize("page", ["1", "9" * 30, "9" * 5000, "-1"])
def test_a_page_that_is_not_there_is_not_found(client, run, page):
    assert client.get(f"/api/run/{run.view_token}/album/{page}.png").status_code == 404


def test_the_history_is_a_table(client, run, settle):
    run.step(CAPACITY)
    run.step_discriminator(3)
    settle(run)
    answer = client.get(f"/api/run/{run.view_token}/history.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    table = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8"), newline="")))
    curves = run.frame.curves
    assert curves.width == 2
    assert [row["first_iteration"] for row in table] == ["1", "3", "5", "7", "9", "11"]
    assert [row["last_iteration"] for row in table] == ["2", "4", "6", "8", "10", "12"]
    for kind in ("mean", "low", "high"):
        for column, name in enumerate(CURVES):
            cells = [float(row[f"{name}_{kind}"] or "nan") for row in table]
            expected = getattr(curves, kind)[:, column]
            assert np.allclose(cells, expected, rtol=1e-5, equal_nan=True)
    assert table[-1]["g_loss_mean"] == ""


def test_the_table_of_a_run_that_went_on_begins_where_it_does(client, run, settle, wait_until):
    run.step(3)
    settle(run)
    taken = run.snapshot().result(SOON)
    run.restart(taken.config, taken.state)
    settle(run)
    wait_until(lambda: run.frame.state == RunState.PAUSED and run.frame.iteration == 3)
    run.step()
    settle(run)
    answer = client.get(f"/api/run/{run.view_token}/history.csv")
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8"), newline=""))
    assert (row["first_iteration"], row["last_iteration"]) == ("4", "4")
    assert look(client, run.view_token)[0]["history"]["first_iteration"] == 4


def test_the_checkpoint_goes_on_as_the_run_does(client, run, settle, digits, assert_same):
    run.step(3)
    settle(run)
    answer = client.get(f"/api/run/{run.control_token}/checkpoint.safetensors")
    assert answer.status_code == 200
    assert "gan-dcgan-3.safetensors" in answer.headers["content-disposition"]
    saved = from_bytes(answer.content)
    assert saved.config == run.config
    assert saved.about == {"iteration": 3}
    assert_same(saved.state, run.snapshot().result(SOON).state)

    resumed = Trainer(saved.config, digits.images)
    resumed.load_state_dict(saved.state)
    resumed.step()
    run.step()
    settle(run)
    assert_same(resumed.state_dict(), run.snapshot().result(SOON).state)


def test_a_run_being_built_has_no_files_yet(client, engine, tiny_config, monkeypatch):
    monkeypatch.setattr(Run, "advance", lambda _run, _seconds: time.sleep(0.01))
    waiting = engine.start(tiny_config)
    for path in ("/real.png", "/samples.png", "/album/0.png"):
        assert client.get(f"/api/run/{waiting.control_token}{path}").status_code == 404
    head, picture = look(client, waiting.control_token)
    assert (head["state"], head["picture"], head["data"], picture) == ("loading", None, None, b"")


def test_a_run_that_cannot_be_built_has_no_checkpoint(client, engine, tiny_config, monkeypatch):
    asked_for = threading.Event()

    def broken(_key: str) -> None:
        assert asked_for.wait(SOON)
        raise OSError("the shelf is empty")

    monkeypatch.setattr(engine, "_load_data", broken)
    failed = engine.start(tiny_config)
    early = failed.snapshot()
    asked_for.set()
    assert isinstance(early.exception(timeout=5), RuntimeError)  # not left waiting
    answer = client.get(f"/api/run/{failed.control_token}/checkpoint.safetensors")
    assert answer.status_code == 503


# How good the pictures are --------------------------------------------------------------


@pytest.fixture
def measured(client, run, digits, wait_until) -> Run:
    """A run whose first reading somebody has waited for."""
    yardstick_of(digits).result(SOON)
    wait_until(lambda: look(client, run.view_token)[0]["meter"]["rows"] != [])
    return run


def test_a_run_that_is_looked_at_is_measured(client, measured):
    told = look(client, measured.view_token)[0]["meter"]
    assert told["iterations"] == [0]
    assert told["names"] == list(NAMES)
    row = dict(zip(told["names"], told["rows"][0], strict=True))
    assert row["count"] == 898
    assert row["frechet"] > 10 * row["frechet_floor"] > 0
    assert row["coverage"] < row["coverage_floor"] <= 1
    # The built-in digits are not those that the classifier has learned to name.
    assert told["centres"] is None
    assert {row[name] for name in NAMES if name.startswith(("kl", "cover", "class"))} - {
        row["coverage"],
        row["coverage_floor"],
    } == {None}


def test_only_new_readings_travel(client, measured, wait_until):
    held = {"meter": 0, "meter_from": 1}
    assert look(client, measured.view_token, **held)[0]["meter"]["rows"] == []
    measured.step()
    wait_until(lambda: len(look(client, measured.view_token)[0]["meter"]["rows"]) == 2)
    newer = look(client, measured.view_token, **held)[0]["meter"]
    assert (newer["start"], newer["iterations"]) == (1, [1])


def test_readings_are_a_table(client, measured):
    answer = client.get(f"/api/run/{measured.view_token}/meter.csv")
    table = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["iteration"] for row in table] == ["0"]
    assert float(table[0]["frechet"]) == pytest.approx(measured.frame.meter.rows[0][1], rel=1e-4)
    assert table[0]["class_3"] == ""


def test_too_few_pictures_are_not_measured(client, engine, tiny_config, digits, settle):
    few = ImageSet("digits", digits.images[:40], digits.labels[:40])
    run = engine.start(tiny_config, data=few)
    settle(run)
    assert look(client, run.view_token)[0]["meter"] is None
    assert client.get(f"/api/run/{run.view_token}/meter.csv").status_code == 404


def test_nothing_here_changes_the_shared_random_numbers(client, run, settle):
    before = torch.random.get_rng_state()
    post(client, run, "step?count=2")
    settle(run)
    look(client, run.control_token)
    assert torch.equal(torch.random.get_rng_state(), before)
