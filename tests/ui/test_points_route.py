"""The routes of the playground: looks of a run, its new verbs, and somebody's own points."""

from __future__ import annotations

import csv
import io
import json
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.exceptions import StarletteDeprecationWarning

from gan_core.config import TrainConfig
from gan_core.engine import Engine, Run, RunState
from gan_core.packing import unpack
from gan_core.points import meter
from ui import live_route, points_route

with warnings.catch_warnings():  # it would like the successor of httpx better
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from starlette.testclient import TestClient

SMALL = TrainConfig(
    model="points", dataset="eight_soft", latent_dim=2, batch_size=16, width=16, layers=2
)
SOON = 60.0
LONGEST_MESSAGE = 60_000


@pytest.fixture
def client(engine: Engine) -> Iterator[TestClient]:
    assert engine is live_route.engine()
    with TestClient(Starlette(routes=[*live_route.routes(), *points_route.routes()])) as client:
        yield client


@pytest.fixture
def settle(wait_until) -> Callable[[Run], Run]:
    def wait(run: Run) -> Run:
        run.snapshot().result(SOON)
        wait_until(lambda: not run.has_work)
        run.snapshot().result(SOON)
        wait_until(lambda: run.frame.state not in (RunState.RUNNING, RunState.LOADING))
        return run

    return wait


@pytest.fixture
def run(engine: Engine, settle) -> Run:
    return settle(engine.start(SMALL))


def look(client: TestClient, run: Run, **held: object) -> tuple[dict[str, Any], bytes]:
    answer = client.get(f"/api/run/{run.view_token}", params=held)
    assert answer.status_code == 200
    assert len(answer.content) <= LONGEST_MESSAGE
    return unpack(answer.content)


def post(client: TestClient, run: Run, verb: str) -> int:
    return client.post(f"/api/run/{run.control_token}/{verb}").status_code


def blocks_of(about: dict[str, Any], content: bytes) -> dict[str, np.ndarray]:
    blocks, at = {}, 0
    for name, kind, shape in about["blocks"]:
        blocks[name] = np.frombuffer(content, f"<{kind}", math.prod(shape), at).reshape(shape)
        at += blocks[name].nbytes
    assert at == len(content)
    return blocks


# Looks ----------------------------------------------------------------------------------


def test_a_first_look_brings_everything(client, run):
    head, content = look(client, run)
    assert (head["kind"], head["data"], head["fallback"]) == ("points", "eight_soft", "")
    assert head["rates"] == {"g": SMALL.generator_lr, "d": SMALL.discriminator_lr}
    assert (head["kept"], head["album"], head["slow"]) == ([0], [0], 0)
    assert head["meter"]["iterations"] == [0]
    assert (head["meter"]["start"], head["meter"]["centres"]) == (0, 8)
    assert len(head["meter"]["rows"][0]) == len(head["meter"]["names"])
    blocks = blocks_of(head["picture"], content)
    assert set(blocks) == {"real", "generated", "manifold", "arrows", "verdict", "noise", "optimal"}
    real = blocks["real"] * (head["picture"]["reach"] / 32767)
    assert np.allclose(real, run.data.points[:400].numpy(), atol=1e-4)


def test_the_bytes_begin_at_a_multiple_of_four(client, run, settle):
    for _ in range(4):
        message = client.get(f"/api/run/{run.view_token}").content
        assert int.from_bytes(message[:4], "little") % 4 == 0
        run.step()
        settle(run)


def test_only_what_is_new_travels(client, run, settle):
    run.step()
    settle(run)
    head, content = look(client, run)
    held = {"picture": head["picture"]["id"], "meter": 0, "meter_from": 2}
    again, nothing = look(client, run, **held)
    assert (content != b"", again["picture"], nothing) == (True, None, b"")
    assert (again["meter"]["start"], again["meter"]["rows"]) == (2, [])
    run.step()
    settle(run)
    newer, _ = look(client, run, **held)
    assert newer["meter"]["iterations"] == [2]
    assert len(newer["meter"]["rows"]) == 1


def test_who_holds_readings_that_were_thinned_since_gets_all(client, run, settle, monkeypatch):
    monkeypatch.setattr(meter, "CAPACITY", 4)
    for _ in range(5):
        run.step()
        settle(run)
    head, _ = look(client, run, meter=0, meter_from=4)
    assert (head["meter"]["thinned"], head["meter"]["start"]) == (1, 0)
    assert head["meter"]["iterations"] == [0, 2, 4, 5]


@pytest.mark.parametrize("nonsense", ["-1", "nan", "9" * 5000, "½"])
def test_bad_numbers_in_the_query_are_harmless(client, run, nonsense):
    for name in ("meter", "meter_from", "picture"):
        assert look(client, run, **{name: nonsense})[0]["meter"]["start"] == 0


def test_the_longest_message_is_below_60_kb(client, engine, settle):
    """All buckets of the curves full, all readings, and the largest look."""
    run = settle(engine.start(SMALL.replace(latent_dim=1)))
    readings = run.frame.meter
    run.between_moves(lambda _: _fill(run)).result(SOON)
    run.step()
    settle(run)
    head, content = look(client, run)
    assert len(head["history"]["mean"]) == 256
    assert len(head["meter"]["rows"]) == meter.CAPACITY > len(readings.rows)
    assert "optimal" in blocks_of(head["picture"], content)


def _fill(run: Run) -> None:
    """Give a run curves and readings as long as they get, with long numbers."""
    screen = run._screen
    random = np.random.default_rng(0)
    for _ in range(255):
        screen._history.append((-100 * random.random(6)).tolist())
    quality = (0.123456, 0.001234, 7, 8, 0.98765, 0.123456, 0.123456, 0.012345)
    readings = screen._view.readings
    screen._view.readings = meter.Readings(
        readings.names,
        8,
        0,
        tuple(range(100_000, 100_000 + meter.CAPACITY - 1)),
        (quality,) * (meter.CAPACITY - 1),
    )


def test_an_old_look_comes_whole(client, run, settle):
    for _ in range(2):
        run.step()
        settle(run)
    answer = client.get(f"/api/run/{run.view_token}/album/1.bin")
    about, content = unpack(answer.content)
    assert about["iteration"] == 1
    assert set(blocks_of(about, content)) >= {"generated", "verdict"}
    for path in ("album/1.png", "album/3.bin", "album/-1.bin", "real.png", "samples.png"):
        assert client.get(f"/api/run/{run.view_token}/{path}").status_code == 404


def test_a_run_of_pictures_has_neither_meter_nor_slow_steps(client, engine, tiny_config, settle):
    run = settle(engine.start(tiny_config))
    assert post(client, run, "slow") == 204
    settle(run)
    assert run.frame.iteration == 0
    head, _ = look(client, run)
    assert (head["kind"], head["meter"], head["kept"]) == ("pictures", None, [])
    for path in ("album/0.bin", "meter.csv", "slow.json"):
        assert client.get(f"/api/run/{run.view_token}/{path}").status_code == 404


def test_what_the_meter_read_is_a_table(client, run, settle):
    run.step()
    settle(run)
    answer = client.get(f"/api/run/{run.view_token}/meter.csv")
    table = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["iteration"] for row in table] == ["0", "1"]
    assert float(table[1]["js_bits"]) == pytest.approx(run.frame.meter.rows[1][0], rel=1e-4)


# Verbs ----------------------------------------------------------------------------------


def test_learning_rates_change_while_it_runs(client, run, settle):
    assert post(client, run, "rates?g=0.01&d=0.02") == 204
    settle(run)
    assert look(client, run)[0]["rates"] == {"g": 0.01, "d": 0.02}
    assert post(client, run, "rates?d=0.5") == 204
    settle(run)
    assert look(client, run)[0]["rates"] == {"g": 0.01, "d": 0.5}


@pytest.mark.parametrize("rate", ["0", "11", "nan", "fast", ""])
def test_a_bad_rate_is_refused_with_its_range(client, run, rate):
    answer = client.post(f"/api/run/{run.control_token}/rates?g={rate}")
    assert answer.status_code == 400
    assert answer.json() == {"code": "range", "field": "generator_lr", "range": "from 1e-06 to 10"}


def test_rewind(client, run, settle):
    for _ in range(3):
        run.step()
        settle(run)
    before, _ = look(client, run)
    assert before["kept"] == [0, 1, 2, 3]
    assert post(client, run, "rewind?to=2") == 204
    settle(run)
    head, content = look(client, run, picture=before["picture"]["id"])
    assert head["run_id"] > before["run_id"]
    assert (head["iteration"], head["picture"]["iteration"]) == (2, 2)
    assert content
    assert post(client, run, "rewind?to=nowhere") == 204
    assert settle(run).frame.iteration == 0


def test_a_slow_step_is_told(client, run, settle):
    assert client.get(f"/api/run/{run.view_token}/slow.json").status_code == 404
    assert post(client, run, "slow") == 204
    settle(run)
    assert look(client, run)[0]["slow"] == 1
    answer = client.get(f"/api/run/{run.view_token}/slow.json")
    told = answer.json()
    assert (told["number"], told["iteration"]) == (1, 1)
    assert [one["kind"] for one in told["moments"]][:3] == ["sample", "generate", "judge"]
    assert len(answer.content) < LONGEST_MESSAGE


@pytest.mark.parametrize("verb", ["rates?g=0.01", "rewind?to=0", "slow"])
def test_a_watcher_may_not_steer(client, run, verb):
    assert client.post(f"/api/run/{run.view_token}/{verb}").status_code == 403


# Own points -----------------------------------------------------------------------------

DRAWN = [[0.1 * k, -0.05 * k] for k in range(12)]


def hand_in(client: TestClient, points: object) -> Any:
    return client.post("/api/points/own", json={"points": points})


def upload(client: TestClient, content: bytes) -> Any:
    return client.post("/api/points/own", content=content, headers={"content-type": "text/csv"})


def test_drawn_points_get_a_name(client):
    answer = hand_in(client, DRAWN)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["rows"], len(told["points"])) == (12, 400)
    data = points_route.own(told["id"])
    assert (data.key, data.rows, data.known) == ("own", 12, None)
    assert np.allclose(data.points[:400].numpy(), told["points"], atol=1e-4)


def test_a_file_gets_a_name(client):
    rows = "\n".join(f"{k},{k * k}" for k in range(30))
    told = upload(client, f"x,y\n{rows}".encode()).json()
    assert (told["rows"], told["kept"]) == (30, 30)
    assert np.abs(points_route.own(told["id"]).points.numpy()).max() < 1.5


def test_many_rows_are_sampled_down_and_that_is_said(client):
    content = b"\n".join(b"%d,%d" % (k, k % 97) for k in range(25_000))
    told = upload(client, content).json()
    assert (told["rows"], told["kept"]) == (25_000, 20_000)
    data = points_route.own(told["id"])
    assert (data.rows, data.kept) == (25_000, 20_000)


@pytest.mark.parametrize(
    ("points", "code"),
    [
        (DRAWN[:9], "too_few"),
        ([[1, 2]] * 12, "all_equal"),
        ([["a", "b"]] * 12, "not_numbers"),
        ([[None, 1]] * 12, "not_numbers"),
        ([[1]] * 12, "not_numbers"),
        (7, "not_numbers"),
        ({"a": 1}, "not_numbers"),
        ([], "too_few"),
    ],
)
def test_a_bad_drawing_is_refused_with_its_reason(client, points, code):
    answer = hand_in(client, points)
    assert answer.status_code == 400
    assert answer.json()["code"] == code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "too_few"),
        (b"x\n" * 20, "no_columns"),
        (b"1,2\n" * 20, "all_equal"),
        (b"1,2\nnan,3\n" * 10, "not_numbers"),
        (b"\xff\xfe" * 30, "not_numbers"),
        (b"1,2\n" * (points_route.MOST_BYTES // 4 + 1), "too_large"),
    ],
)
def test_a_bad_file_is_refused_with_its_reason(client, content, code):
    answer = upload(client, content)
    assert answer.status_code == 400
    assert answer.json()["code"] == code


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"dots": []}', b"[" * 100_000])
def test_what_is_no_drawing_is_refused(client, content):
    headers = {"content-type": "application/json"}
    answer = client.post("/api/points/own", content=content, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["code"] == "not_numbers"


def test_nobody_finds_points_by_another_name(client):
    names = {hand_in(client, DRAWN).json()["id"] for _ in range(3)}
    assert len(names) == 3
    assert points_route.own("") is points_route.own("own") is None


def test_the_drawer_is_bounded_and_the_oldest_go_first():
    drawer = points_route.Drawer(most=3)
    names = [drawer.put(number) for number in range(3)]  # what it keeps does not matter here
    assert drawer.get(names[0]) == 0
    drawer.put(3)
    assert [drawer.get(name) for name in names] == [0, None, 2]


def test_a_run_learns_from_own_points(client, run, settle):
    data = points_route.own(hand_in(client, DRAWN).json()["id"])
    run.restart(SMALL.replace(dataset="own"), data=data)
    settle(run)
    head, content = look(client, run)
    assert head["data"] == "own"
    assert "optimal" not in blocks_of(head["picture"], content)
    assert json.dumps(head["meter"], allow_nan=False)
    column = head["meter"]["names"].index("modes")
    assert head["meter"]["rows"][0][column] is None
