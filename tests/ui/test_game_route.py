"""The routes of the page *The game*: what the formulas say, and nothing else."""

from __future__ import annotations

import json
import math
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from starlette.applications import Starlette
from starlette.exceptions import StarletteDeprecationWarning

from gan_core.dynamics import METHODS, UPDATES, Alternating, Simultaneous, growth, trajectory
from gan_core.theory import Mixture, compare, generator_slopes, optimal_discriminator
from gan_core.theory.learned import MOMENTS
from ui import game_route
from ui.game_route import AXIS, PATH_POINTS, POINTS, affordable, routes

with warnings.catch_warnings():  # it would like the successor of httpx better
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from starlette.testclient import TestClient

ONE = {"weights": [1], "means": [0], "widths": [1]}
OTHER = {"weights": [1], "means": [2], "widths": [1]}
TWO = {"weights": [0.25, 0.75], "means": [-3, 3], "widths": [0.7, 0.4]}


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(Starlette(routes=routes()))


@pytest.fixture(scope="module")
def ask(client):
    """Return how to ask a route, and that what comes back is JSON without nan."""

    def no_constant(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    def asking(name: str, body: Any, status: int = 200) -> dict[str, Any]:
        content = body if isinstance(body, (str, bytes)) else json.dumps(body)
        answer = client.post(f"/api/game/{name}", content=content)
        assert answer.status_code == status
        assert answer.headers["cache-control"] == "no-store"
        return json.loads(answer.text, parse_constant=no_constant)

    return asking


def walk(ask, **asked: Any) -> dict[str, Any]:
    (only,) = ask("turn", {"game": "dirac", "methods": ["gan"], **asked})["walks"]
    return only


# The best reply --------------------------------------------------------------------------


def test_a_reply_has_the_printed_figures_of_two_gaussians_two_apart(ask):
    answer = ask("reply", {"p": ONE, "q": OTHER})
    printed = {"jsd": 0.336831, "value": -0.712633, "loss": 0.712633, "kl_pq": 2, "kl_qp": 2}
    printed |= {"w1": 2, "tv": 0.6827, "saturating": 0.4496, "non_saturating": 1.5504}
    for name, figure in printed.items():
        assert answer[name] == pytest.approx(figure, abs=6e-5)


def test_a_reply_is_what_the_formulas_say(ask):
    answer = ask("reply", {"p": TWO, "q": OTHER})
    p, q = Mixture((1, 3), (-3, 3), (0.7, 0.4)), Mixture.gaussian(2, 1)
    x = np.linspace(*AXIS, POINTS)
    assert answer["p"] == pytest.approx(p.pdf(x), rel=1e-4)
    assert answer["q"] == pytest.approx(q.pdf(x), rel=1e-4)
    assert answer["d"] == pytest.approx(optimal_discriminator(p, q, x), rel=1e-4)
    distances, slopes = compare(p, q), generator_slopes(p, q)
    for name in ("jsd", "kl_pq", "kl_qp", "tv", "w1", "value"):
        assert answer[name] == pytest.approx(getattr(distances, name), rel=1e-6)
    assert answer["saturating"] == pytest.approx(slopes.saturating, rel=1e-6)


def test_where_p_is_q_the_best_d_always_says_a_half(ask):
    answer = ask("reply", {"p": TWO, "q": TWO})
    assert set(answer["d"]) == {0.5}
    assert answer["value"] == pytest.approx(-math.log(4), abs=1e-6)
    assert answer["jsd"] == answer["w1"] == answer["tv"] == 0


BAD_DENSITIES = [
    ({"weights": [1], "means": [0], "widths": [0]}, "p.widths"),
    ({"weights": [1], "means": [0], "widths": [-1]}, "p.widths"),
    ({"weights": [0], "means": [0], "widths": [1]}, "p.weights"),
    ({"weights": [1], "means": [7.5], "widths": [1]}, "p.means"),
    ({"weights": [1], "means": [math.nan], "widths": [1]}, "p.means"),
    ({"weights": [1], "means": [math.inf], "widths": [1]}, "p.means"),
    ({"weights": [1], "means": ["0"], "widths": [1]}, "p.means"),
    ({"weights": [1], "means": [True], "widths": [1]}, "p.means"),
    ({"weights": [1] * 5, "means": [0] * 5, "widths": [1] * 5}, "p.weights"),
    ({"weights": [], "means": [], "widths": []}, "p.weights"),
    ({"weights": 1, "means": 0, "widths": 1}, "p.weights"),
    ({"weights": [1, 1], "means": [0], "widths": [1]}, "p"),
    ({"weights": [1], "means": [0]}, "p.widths"),
    (None, "p"),
    ([1, 0, 1], "p"),
]


@pytest.mark.parametrize("route", ["reply", "learn"])
@pytest.mark.parametrize(("density", "field"), BAD_DENSITIES)
def test_a_density_out_of_range_is_named(ask, route, density, field):
    refused = ask(route, {"p": density, "q": ONE}, status=400)
    assert (refused["code"], refused["field"]) == ("range", field)
    assert refused["range"]


@pytest.mark.parametrize("route", ["reply", "learn", "turn"])
@pytest.mark.parametrize("body", ["", "no JSON", "[]", "3", "null", b"\xff\xfe", " " * 5000])
def test_what_is_not_an_object_is_refused(ask, route, body):
    assert ask(route, body, status=400)["field"] == "body"


# A D that learns -------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch):
    """Let D learn for thirty steps only."""
    from gan_core.theory import learned

    def learn(p, q, x, **options):
        return original(p, q, x, moments=(0, 10, 30), **options)

    original = learned.learn
    monkeypatch.setattr(learned, "learn", learn)
    game_route._learned.cache_clear()
    yield
    game_route._learned.cache_clear()


@pytest.mark.usefixtures("quick")
def test_a_d_that_learns_approaches_the_best_one(ask):
    moments = ask("learn", {"p": ONE, "q": OTHER})["moments"]
    assert [one["steps"] for one in moments] == [0, 10, 30]
    assert moments[0]["error"] > 0.1
    assert moments[-1]["error"] < 0.06
    assert all(len(one["d"]) == POINTS and min(one["d"]) >= 0 for one in moments)


@pytest.mark.usefixtures("quick")
def test_the_same_seed_learns_the_same_and_leaves_other_randomness_alone(ask):
    before = torch.random.get_rng_state()
    first = ask("learn", {"p": ONE, "q": OTHER, "seed": 1})
    game_route._learned.cache_clear()
    assert ask("learn", {"p": ONE, "q": OTHER, "seed": 1}) == first
    assert ask("learn", {"p": ONE, "q": OTHER, "seed": 2}) != first
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_d_is_shown_up_to_a_thousand_steps():
    assert MOMENTS == (0, 10, 30, 100, 300, 1000)


@pytest.mark.parametrize("seed", [-1, 0.5, "0", 10_000, None, True])
def test_a_seed_out_of_range_is_named(ask, seed):
    assert ask("learn", {"p": ONE, "q": ONE, "seed": seed}, status=400)["field"] == "seed"


# Why it turns ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "r"),
    [
        ({"methods": ["gan"]}, 3.097),
        ({"methods": ["non_saturating"]}, 0.640),
        ({"methods": ["r1"]}, 2.6e-6),
        ({"methods": ["wgan"]}, 1.002),
        ({"methods": ["instance_noise"]}, 5.7e-5),
        ({"methods": ["gan"], "updates": ["alternating"]}, 1.421),
        ({"methods": ["gan"], "updates": ["alternating"], "discriminator_moves": 5}, 1.845),
        ({"methods": ["non_saturating"], "penalise_all": True}, 2.2e-6),
    ],
)
def test_the_walk_ends_where_the_table_says(ask, asked, r):
    assert walk(ask, **asked, steps=500)["last"] == pytest.approx(r, rel=0.02)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("update", UPDATES)
def test_a_walk_is_the_trajectory(ask, method, update):
    found = walk(ask, methods=[method], updates=[update], steps=100, start=[0.5, -0.25], h=0.1)
    path = trajectory(METHODS[method](), UPDATES[update](), (0.5, -0.25), 0.1, 100)
    assert found["rounds"] == list(range(101))
    # Sent with five decimals.
    assert found["x"] == pytest.approx(path[:, 0], abs=5.1e-6)
    assert found["y"] == pytest.approx(path[:, 1], abs=5.1e-6)
    near = growth(METHODS[method](), UPDATES[update](), 0.1)
    assert found["growth"] == (near if near is None else pytest.approx(near, rel=1e-6))


def test_growth_near_the_middle_is_measured_as_predicted(ask):
    found = walk(ask, start=[1e-3, 0], steps=200)
    assert found["growth"] == pytest.approx(1.00498756, abs=5e-7)
    assert found["factor"] == pytest.approx(1.00498756, abs=1e-6)
    assert found["kind"] == "grows"


def test_the_game_xy_grows_by_the_root_of_one_plus_h_squared(ask):
    updates = ["simultaneous", "alternating", "extragradient", "optimistic"]
    asked = {"game": "bilinear", "h": 0.1, "updates": updates, "steps": 300}
    found = {one["update"]: one for one in ask("turn", asked)["walks"]}
    assert found["simultaneous"]["factor"] == pytest.approx(1.0049875621, abs=1e-6)
    assert found["extragradient"]["factor"] == pytest.approx(0.9950376877, abs=1e-6)
    assert found["optimistic"]["growth"] == pytest.approx(0.9949361530, abs=1e-6)
    assert found["alternating"]["kind"] == "cycles"
    assert 1.345 < found["alternating"]["low"] < found["alternating"]["high"] < 1.4143


@pytest.mark.parametrize(
    ("gamma", "expected"),
    [(0.3, {-0.15 + 0.476970j, -0.15 - 0.476970j}), (2.0, {-0.133975 + 0j, -1.866025 + 0j})],
)
def test_eigenvalues_of_r1(ask, gamma, expected):
    found = {complex(*pair) for pair in walk(ask, methods=["r1"], gamma=gamma)["eigenvalues"]}
    assert sorted(found, key=str) == pytest.approx(sorted(expected, key=str), abs=1e-5)


def test_a_kink_has_no_eigenvalues(ask):
    found = walk(ask, methods=["wgan_gp"])
    assert found["eigenvalues"] is found["multipliers"] is found["growth"] is None


def test_an_optimistic_round_has_four_multipliers(ask):
    assert len(walk(ask, updates=["optimistic"])["multipliers"]) == 4


def test_an_escape_is_said_and_drawn_up_to_the_edge(ask):
    found = ask("turn", {"game": "bilinear", "h": 1.0, "steps": 200})["walks"][0]
    assert found["kind"] == "escapes"
    assert found["made"] == found["rounds"][-1] == 19  # √2 · √2^19 = 1,024
    assert found["last"] > 1000


def test_at_a_step_size_of_four_the_walk_stays_only_below(ask):
    near = {"updates": ["alternating"], "start": [0.01, 0.01], "steps": 2000}
    assert walk(ask, **near, h=3.9)["high"] < 0.2
    assert walk(ask, **near, h=4.1)["high"] > 0.5


def test_long_paths_are_thinned_and_costly_ones_cut_short(ask):
    answer = ask("turn", {"game": "dirac", "methods": ["instance_noise"], "steps": 10_000})
    assert answer["capped"]
    assert 1000 < answer["rounds"] < 5000
    answer = ask("turn", {"game": "dirac", "methods": ["gan"], "steps": 10_000})
    assert (answer["capped"], answer["rounds"]) == (False, 10_000)
    assert len(answer["walks"][0]["x"]) <= PATH_POINTS


def test_more_walks_or_more_moves_afford_fewer_rounds():
    gan = METHODS["gan"]()
    one = affordable([(gan, Simultaneous())] * 2)
    assert affordable([(gan, Simultaneous())] * 4) == pytest.approx(one / 2, abs=1)
    assert affordable([(gan, Alternating(discriminator_moves=9))]) < one


def test_the_arrows_are_the_field(ask):
    field = ask("turn", {"game": "dirac", "methods": ["r1"], "gamma": 0.5, "reach": 2})["field"]
    places = np.array(field["places"])
    across, up = METHODS["r1"](gamma=0.5).field(places[None, :], places[:, None])
    assert field["game"] == "r1"
    assert field["dx"] == pytest.approx(across.ravel(), abs=1e-3)
    assert field["dy"] == pytest.approx(up.ravel(), abs=1e-3)


def test_the_portrait_is_as_wide_as_the_path_unless_asked(ask):
    near = {"game": "dirac", "methods": ["r1"], "start": [0.05, 0]}
    assert ask("turn", near)["reach"] == 0.1
    assert ask("turn", {**near, "start": [1, 1]})["reach"] == 2
    assert ask("turn", {**near, "reach": 4})["reach"] == 4


def test_a_penalty_is_added_only_where_it_belongs_or_is_asked_for(ask):
    assert walk(ask, gamma=1.0)["eigenvalues"] == [[0, 0.5], [0, -0.5]]
    assert walk(ask, gamma=1.0, penalise_all=True)["eigenvalues"][0] == [-0.5, 0]


BAD_TURNS = [
    ({"game": "chess"}, "game"),
    ({"game": None}, "game"),
    ({"methods": ["vae"]}, "methods"),
    ({"methods": []}, "methods"),
    ({"methods": "gan"}, "methods"),
    ({"methods": [["gan"]]}, "methods"),
    ({"methods": ["gan"] * 5}, "methods"),
    ({"methods": ["gan", "r1", "r2"], "updates": ["simultaneous", "alternating"]}, "methods"),
    ({"updates": ["random"]}, "updates"),
    ({"updates": None}, "updates"),
    ({"h": 0}, "h"),
    ({"h": -1}, "h"),
    ({"h": 5.01}, "h"),
    ({"h": math.nan}, "h"),
    ({"h": math.inf}, "h"),
    ({"h": "0.2"}, "h"),
    ({"h": None}, "h"),
    ({"gamma": -0.1}, "gamma"),
    ({"gamma": math.nan}, "gamma"),
    ({"noise": 4}, "noise"),
    ({"clip": 0}, "clip"),
    ({"discriminator_moves": 0}, "discriminator_moves"),
    ({"discriminator_moves": 1.5}, "discriminator_moves"),
    ({"discriminator_moves": 11}, "discriminator_moves"),
    ({"steps": 99}, "steps"),
    ({"steps": 10_001}, "steps"),
    ({"steps": 500.5}, "steps"),
    ({"steps": True}, "steps"),
    ({"start": [1]}, "start"),
    ({"start": [1, 1, 1]}, "start"),
    ({"start": [1, math.nan]}, "start"),
    ({"start": [5, 0]}, "start"),
    ({"start": "11"}, "start"),
    ({"reach": 0}, "reach"),
    ({"reach": math.inf}, "reach"),
]


@pytest.mark.parametrize(("change", "field"), BAD_TURNS)
def test_a_setting_out_of_range_is_named(ask, change, field):
    refused = ask("turn", {"game": "dirac", "methods": ["gan"], **change}, status=400)
    assert (refused["code"], refused["field"]) == ("range", field)
    assert refused["range"]


@pytest.mark.parametrize("start", [[0, 0], [0, 1e-300]])
def test_a_start_at_the_solution_is_no_trouble(ask, start):
    found = walk(ask, start=start)
    assert found["kind"] in ("rests", "cycles", "grows")


def test_only_post_is_answered(client):
    assert client.get("/api/game/turn").status_code == 405


def test_a_queue_that_is_full_turns_the_next_one_away(client, monkeypatch):
    import threading

    from ui import small_nets

    monkeypatch.setattr(small_nets, "_places", threading.Semaphore(0))
    q = {"weights": [1.0], "means": [2.0], "widths": [1.0]}
    answer = client.post("/api/game/learn", json={"p": q, "q": q, "seed": 0})
    assert answer.status_code == 503
