"""The two games that a student plays: fair, closed until answered, and hard to break."""

from __future__ import annotations

import base64
import json
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from starlette.applications import Starlette
from starlette.exceptions import StarletteDeprecationWarning

from gan_core.stages import STAGES, load_stage, real_pictures
from gan_core.theory.levels import LEVELS, PLACES, POINTS
from ui import guess, guess_route

with warnings.catch_warnings():  # it would like the successor of httpx better
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from starlette.testclient import TestClient

MANY = 400


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=guess_route.routes())) as client:
        yield client


def new_round(client: TestClient, **asked: object) -> dict[str, Any]:
    answer = client.get("/api/guess/round", params=asked)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def told(client: TestClient, word: object, says: object = "real") -> dict[str, Any]:
    answer = client.post("/api/guess/answer", json={"round": word, "says": says})
    assert answer.status_code == 200
    return answer.json()


def refused(answer: Any, field: str) -> None:
    assert answer.status_code == 400
    assert set(answer.json()) == {"code", "field", "range"}
    assert answer.json()["field"] == field


# A round --------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", STAGES)
def test_a_round_shows_a_picture_and_nothing_else(client, stage):
    shown = new_round(client, stage=stage)
    assert set(shown) == {"round", "stage", "picture"}
    assert shown["stage"] == stage
    assert len(base64.b64decode(shown["picture"])) == 784


@pytest.mark.parametrize("stage", STAGES)
def test_the_answer_is_that_of_the_same_stages_discriminator(client, stage):
    from gan_core.stages import from_grey

    real = {bytes(one.tobytes()) for one in _grey(real_pictures())}
    for seed in range(12):
        shown = new_round(client, stage=stage, seed=seed)
        picture = base64.b64decode(shown["picture"])
        found = told(client, shown["round"])
        grey = torch.frombuffer(bytearray(picture), dtype=torch.uint8).view(1, 28, 28).numpy()
        expected = load_stage(stage).judge(from_grey(grey)).item()
        assert found["d_probability"] == pytest.approx(expected, abs=1e-5)
        assert (found["truth"] == "real") == (picture in real)
        assert found["d_right"] == ((found["d_probability"] > 0.5) == (found["truth"] == "real"))


def _grey(images: torch.Tensor) -> Any:
    from gan_core.pictures import to_grey

    return to_grey(images)


def test_real_and_fake_come_equally_often(client):
    truths = Counter(
        told(client, new_round(client, stage="late")["round"])["truth"] for _ in range(MANY)
    )
    assert set(truths) == {"real", "fake"}
    assert abs(truths["real"] - MANY / 2) < 5 * (MANY / 4) ** 0.5  # five standard deviations


def test_the_score_is_the_students_word_against_the_truth(client):
    word = new_round(client, stage="early", seed=5)["round"]
    both = {says: told(client, word, says) for says in ("real", "fake")}
    truth = both["real"]["truth"]
    assert {says: one["student_right"] for says, one in both.items()} == {
        "real": truth == "real",
        "fake": truth == "fake",
    }


def test_the_same_seed_shows_the_same_picture(client):
    one, two = (new_round(client, stage="late", seed=41) for _ in range(2))
    assert one == two
    others = {new_round(client, stage="late", seed=seed)["picture"] for seed in range(20)}
    assert len(others) > 10
    assert new_round(client, stage="late")["round"] != new_round(client, stage="late")["round"]


# Closed until answered ------------------------------------------------------------------


def test_nothing_in_the_round_tells_the_truth(client):
    """Words of real and of fake rounds look alike: same parts, lengths and letters."""
    groups: dict[str, list[str]] = {"real": [], "fake": []}
    for seed in range(1000, 1000 + MANY):
        shown = new_round(client, stage="middle", seed=seed)
        groups[told(client, shown["round"])["truth"]].append(shown["round"])
        assert set(shown) == {"round", "stage", "picture"}
    lengths = [{len(word) for word in words} for words in groups.values()]
    assert lengths[0] == lengths[1]
    for place in range(64):  # each bit of the signature is a coin in both groups
        for words in groups.values():
            odd = sum(int(word.split(".")[2][place], 16) & 1 for word in words)
            assert abs(odd - len(words) / 2) < 5.5 * (len(words) / 4) ** 0.5


def test_another_key_throws_other_coins(monkeypatch):
    """The number of a round says nothing to those who do not know the process's key."""
    seeds = range(64)
    ours = [guess_route.shown("late", seed).truth for seed in seeds]
    monkeypatch.setattr(guess_route, "_SECRET", b"another")
    theirs = [guess_route.shown("late", seed).truth for seed in seeds]
    assert 8 < sum(one == other for one, other in zip(ours, theirs, strict=True)) < 56


@pytest.mark.parametrize(
    "forge",
    [
        lambda word: word[:-1] + ("0" if word[-1] != "0" else "1"),
        lambda word: word.replace("late.", "early."),
        lambda word: "late.2" + word[6:],
        lambda word: word + "0",
        lambda word: word.rsplit(".", 1)[0],
        lambda word: word.replace("late.1", "late.01"),
        lambda word: word.upper(),
    ],
)
def test_forged_rounds_are_refused(client, forge):
    word = new_round(client, stage="late", seed=1)["round"]
    assert word.startswith("late.1.")
    refused(client.post("/api/guess/answer", json={"round": forge(word), "says": "real"}), "round")


@pytest.mark.parametrize("word", ["", "late", "late.1.½", "." * 1500, ["late", 1], {}, None, 7])
def test_what_never_was_a_round_is_refused(client, word):
    refused(client.post("/api/guess/answer", json={"round": word, "says": "real"}), "round")


def test_a_round_of_an_earlier_process_is_refused(client, monkeypatch):
    word = new_round(client, stage="late")["round"]
    monkeypatch.setattr(guess_route, "_SECRET", b"after a restart")
    refused(client.post("/api/guess/answer", json={"round": word, "says": "real"}), "round")


# Bad input ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"stage": "end"}, "stage"),
        ({"stage": "../late"}, "stage"),
        ({"stage": "x" * 3000}, "stage"),
        ({"seed": "-1"}, "seed"),
        ({"seed": "1.5"}, "seed"),
        ({"seed": "²"}, "seed"),
        ({"seed": str(2**53)}, "seed"),
        ({"seed": "9" * 5000}, "seed"),
        ({"seed": ""}, "seed"),
    ],
)
def test_a_bad_question_for_a_round(client, asked, field):
    refused(client.get("/api/guess/round", params=asked), field)


@pytest.mark.parametrize("path", ["answer", "train"])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"\xff\xfe", b"[" * 1900, b" " * 5000])
def test_a_body_that_is_no_question(client, path, body):
    refused(client.post(f"/api/guess/{path}", content=body), "body")


@pytest.mark.parametrize("says", ["maybe", "", None, 1, ["real"], {"real": 1}])
def test_a_word_that_is_neither(client, says):
    word = new_round(client)["round"]
    refused(client.post("/api/guess/answer", json={"round": word, "says": says}), "says")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"points": [0] * 7, "level": "one"}, "points"),
        ({"points": [0] * 7 + [5], "level": "one"}, "points"),
        ({"points": [0] * 7 + [True], "level": "one"}, "points"),
        ({"points": "00000000", "level": "one"}, "points"),
        ({"points": {}, "level": "one"}, "points"),
        ({"level": "one"}, "points"),
        ({"points": [0] * 8, "level": "nine"}, "level"),
        ({"points": [0] * 8, "level": {}}, "level"),
        ({"points": [0] * 8}, "level"),
        ({"points": [0] * 8, "level": "one", "seed": -1}, "seed"),
        ({"points": [0] * 8, "level": "one", "seed": "1"}, "seed"),
    ],
)
def test_a_bad_question_for_a_turn(client, asked, field):
    refused(client.post("/api/guess/train", json=asked), field)


def test_points_that_are_no_numbers(client):
    body = b'{"points": [0,0,0,0,0,0,0,NaN], "level": "one"}'
    refused(client.post("/api/guess/train", content=body), "points")


# Memory and D's turn --------------------------------------------------------------------


def test_rounds_leave_nothing_behind(client):
    """What is kept is eight decks of pictures, however many rounds are played."""
    for stage in STAGES:
        new_round(client, stage=stage)
    kept = guess_route.deck_of.cache_info()
    assert kept.currsize == kept.maxsize == 2 * len(STAGES)
    sizes = {name: len(vars(guess_route)[name]) for name in ("_ready", "_SECRET")}
    for seed in range(50):
        told(client, new_round(client, stage="late", seed=seed)["round"])
    assert {name: len(vars(guess_route)[name]) for name in sizes} == sizes
    assert len(guess_route.deck_of("late", "fake").pictures) == guess_route.FAKES
    assert len(guess_route.deck_of("late", "real").pictures) == 100


def test_a_turn_answers_with_a_curve_and_a_score(client):
    asked = {"points": list(LEVELS["one"].start), "level": "one", "seed": 3}
    answer = client.post("/api/guess/train", json=asked)
    assert answer.status_code == 200
    found = json.loads(answer.content, parse_constant=pytest.fail)
    for values in (found["verdict"], found["logit"], *found["losses"].values()):
        assert len(values) == PLACES
    assert set(found["pushes"]) == set(found["losses"]) == {"non_saturating", "minimax"}
    assert found["accuracy"] > 0.9
    assert not found["won"]
    assert found["crowd"] <= POINTS
    assert client.post("/api/guess/train", json=asked).content == answer.content


def test_the_page_tells_the_stages_of_the_core():
    assert {one["key"]: one["iteration"] for one in guess._stages()} == STAGES
    assert tuple(STAGES) == guess_route.STAGE_KEYS
    assert [one["key"] for one in guess._levels()] == list(LEVELS)
