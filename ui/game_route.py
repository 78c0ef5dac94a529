"""The routes of the page *The game*, ``api/game/...``: JSON in, JSON out.

Each answers one movement of a control. All figures come from ``gan_core``; here
they are only asked for, thinned out and rounded.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gan_core.config import SettingError
from gan_core.dynamics import (
    METHODS,
    UPDATES,
    Alternating,
    Bilinear,
    Game,
    Update,
    eigenvalues,
    growth,
    radius,
    trajectory,
)
from gan_core.dynamics.portrait import GAP, fate, median_turn, spaced, thin
from gan_core.dynamics.stability import multipliers
from gan_core.ranges import number, whole
from gan_core.theory import (
    Mixture,
    compare,
    generator_slopes,
    optimal_discriminator,
)
from ui.questions import answered, read, refused
from ui.small_nets import apart

AXIS = (-8.0, 8.0)
POINTS = 321
MOST_BUMPS = 4
BUMP = {"weights": (0.05, 1.0), "means": (-7.0, 7.0), "widths": (0.15, 3.0)}

MOST_WALKS = 4
ROUNDS = (100, 10_000)
PATH_POINTS = 600
RADIUS_POINTS = 240
FIELD = 15
REACHES = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
START = 4.0
_JUMP = 0.6  # radians a round beyond which a path is a row of points rather than a curve
# How long a round takes, in µs on a quiet core, so that no answer takes over about 30 ms.
_BUDGET = 30_000
_ROUND = {"simultaneous": 2, "alternating": 2.5, "extragradient": 4, "optimistic": 2, "proximal": 9}
_SLOWER = {"instance_noise": 4, "bilinear": 0.5}


def routes() -> list[BaseRoute]:
    """Return the routes to mount beside Streamlit's own."""
    return [
        Route("/api/game/reply", _answering(reply), methods=["POST"]),
        Route("/api/game/learn", _answering(learn, run=apart), methods=["POST"]),
        Route("/api/game/turn", _answering(turn), methods=["POST"]),
    ]


def _answering(
    answer: Callable[[dict[str, Any]], dict[str, Any]],
    run: Callable[..., Awaitable[dict[str, Any]]] = run_in_threadpool,
) -> Any:
    """Turn a function of JSON into an endpoint; bad input becomes status 400.

    ``run`` says in which thread it is answered, so that no other answer has to wait.
    """

    async def endpoint(request: Request) -> Response:
        try:
            return answered(await run(answer, await read(request)))
        except SettingError as error:
            return refused(error)

    return endpoint


# The best reply --------------------------------------------------------------------------


def reply(asked: dict[str, Any]) -> dict[str, Any]:
    """Compare p and q: curves for the chart, every distance, and G's slopes."""
    p, q = _density(asked, "p"), _density(asked, "q")
    x = np.linspace(*AXIS, POINTS)
    distances, slopes = compare(p, q), generator_slopes(p, q)
    return {
        "p": _curve(p.pdf(x)),
        "q": _curve(q.pdf(x)),
        "d": _curve(optimal_discriminator(p, q, x)),
        "jsd": _figure(distances.jsd),
        "kl_pq": _figure(distances.kl_pq),
        "kl_qp": _figure(distances.kl_qp),
        "tv": _figure(distances.tv),
        "w1": _figure(distances.w1),
        "value": _figure(distances.value),
        "loss": _figure(distances.discriminator_loss),
        "saturating": _figure(slopes.saturating),
        "non_saturating": _figure(slopes.non_saturating),
    }


def learn(asked: dict[str, Any]) -> dict[str, Any]:
    """Train a small D on samples of p and q; its curve at each of a few moments."""
    p, q = _density(asked, "p"), _density(asked, "q")
    seed = whole("seed", asked.get("seed", 0), 0, 9999)
    return _learned(p, q, seed)


@lru_cache(maxsize=64)  # a class that presses the same button pays once
def _learned(p: Mixture, q: Mixture, seed: int) -> dict[str, Any]:
    from gan_core.theory.learned import learn

    moments = learn(p, q, np.linspace(*AXIS, POINTS), seed=seed)
    return {
        "moments": [
            {"steps": one.steps, "d": _curve(one.verdict), "error": _figure(one.error)}
            for one in moments
        ]
    }


def _density(asked: dict[str, Any], name: str) -> Mixture:
    """Read a mixture as the page can show it: narrower limits than the formulas'."""
    parts = asked.get(name)
    if not isinstance(parts, dict):
        raise SettingError(name, "an object with weights, means and widths", parts)
    for field, (low, high) in BUMP.items():
        values = parts.get(field)
        if not isinstance(values, list) or not 1 <= len(values) <= MOST_BUMPS:
            raise SettingError(f"{name}.{field}", f"1 to {MOST_BUMPS} numbers", values)
        for value in values:
            number(f"{name}.{field}", value, low, high)
    lists = [tuple(parts[field]) for field in BUMP]
    if len({len(values) for values in lists}) != 1:
        raise SettingError(name, "as many weights as means and widths", parts)
    return Mixture(*lists)


# Why it turns ----------------------------------------------------------------------------


def turn(asked: dict[str, Any]) -> dict[str, Any]:
    """Walk through a game with up to four methods or update rules side by side."""
    dirac = _choice(asked, "game", ("dirac", "bilinear")) == "dirac"
    games = _games(asked) if dirac else [_bilinear(asked)]
    updates = _updates(asked)
    pairs = [(game, update) for game in games for update in updates]
    if len(pairs) > MOST_WALKS:
        raise SettingError("methods", f"at most {MOST_WALKS} walks", len(pairs))
    h = _number(asked, "h", 0.2, 0.001, 5.0)
    start = _start(asked)
    wanted = whole("steps", asked.get("steps", 500), *ROUNDS)
    rounds = min(wanted, affordable(pairs))
    paths = [trajectory(game, update, start, h, rounds) for game, update in pairs]
    reach = _reach(asked, start, paths)
    return {
        "rounds": rounds,
        "capped": rounds < wanted,
        "reach": reach,
        "field": {"game": games[0].key, **_field(games[0], reach)},
        "walks": [
            _walk(game, update, h, path) for (game, update), path in zip(pairs, paths, strict=True)
        ],
    }


def affordable(pairs: Sequence[tuple[Game, Update]]) -> int:
    """Return how many rounds of all these walks together fit into one quick answer."""
    cost = 0.0
    for game, update in pairs:
        moves = 1.0
        if isinstance(update, Alternating):
            moves = (update.discriminator_moves + update.generator_moves) / 2
        cost += _ROUND[update.key] * moves * _SLOWER.get(game.key, 1)
    return int(min(max(_BUDGET / cost, ROUNDS[0]), ROUNDS[1]))


def _walk(game: Game, update: Update, h: float, path: Any) -> dict[str, Any]:
    kept, r = thin(path, PATH_POINTS), radius(path)
    end = fate(path)
    shown = spaced(end.rounds + 1, RADIUS_POINTS)
    points = path[kept]
    points[kept == GAP] = math.nan
    return {
        "method": game.key,
        "update": update.key,
        "rounds": np.where(kept == GAP, -1, kept).tolist(),
        "x": _places(points[:, 0]),
        "y": _places(points[:, 1]),
        "r_rounds": shown.tolist(),
        "r": _curve(r[shown]),
        "eigenvalues": _complex(eigenvalues(game)),
        "multipliers": _complex(multipliers(game, update, h)),
        "growth": _figure(growth(game, update, h)),
        "jumps": median_turn(path) > _JUMP,
        "kind": end.kind,
        "made": end.rounds,
        "factor": _figure(end.factor),
        "low": _figure(end.low),
        "high": _figure(end.high),
        "first": _figure(r[0]),
        "last": _figure(r[end.rounds]),
    }


def _games(asked: dict[str, Any]) -> list[Game]:
    """Build the chosen methods, each with those of the page's settings that it has."""
    keys = asked.get("methods")
    if not isinstance(keys, list) or not 1 <= len(keys) <= MOST_WALKS:
        raise SettingError("methods", f"1 to {MOST_WALKS} of {', '.join(METHODS)}", keys)
    settings = {
        "gamma": _number(asked, "gamma", 0.3, 0.0, 10.0),
        "noise": _number(asked, "noise", 0.7, 0.0, 3.0),
        "clip": _number(asked, "clip", 1.0, 0.05, 5.0),
    }
    everywhere = asked.get("penalise_all", False) is True
    games: list[Game] = []
    for key in keys:
        if not isinstance(key, str) or key not in METHODS:
            raise SettingError("methods", f"1 to {MOST_WALKS} of {', '.join(METHODS)}", key)
        fields = {spec.name for spec in METHODS[key].parameters()} & settings.keys()
        if not everywhere and METHODS[key]().gamma == 0:
            fields -= {"gamma"}  # an R1 penalty is not part of this method
        games.append(METHODS[key](**{name: settings[name] for name in fields}))
    return games


def _bilinear(asked: dict[str, Any]) -> Game:
    return Bilinear(gamma=_number(asked, "gamma", 0.0, 0.0, 10.0))


def _updates(asked: dict[str, Any]) -> list[Update]:
    keys = asked.get("updates", ["simultaneous"])
    known = f"1 to {MOST_WALKS} of {', '.join(UPDATES)}"
    if not isinstance(keys, list) or not 1 <= len(keys) <= MOST_WALKS:
        raise SettingError("updates", known, keys)
    moves = whole("discriminator_moves", asked.get("discriminator_moves", 1), 1, 10)
    updates: list[Update] = []
    for key in keys:
        if not isinstance(key, str) or key not in UPDATES:
            raise SettingError("updates", known, key)
        alternating = key == Alternating.key
        updates.append(Alternating(discriminator_moves=moves) if alternating else UPDATES[key]())
    return updates


def _start(asked: dict[str, Any]) -> tuple[float, float]:
    start = asked.get("start", [1.0, 1.0])
    if not isinstance(start, list) or len(start) != 2:
        raise SettingError("start", "two numbers", start)
    x, y = (number("start", value, -START, START) for value in start)
    return x, y


def _reach(asked: dict[str, Any], start: tuple[float, float], paths: Sequence[Any]) -> float:
    """Return half the width of the portrait: as asked, or so that all paths fit, if they can."""
    if asked.get("reach") is not None:
        return _number(asked, "reach", 2.0, REACHES[0], REACHES[-1])
    largest = max(float(np.nanmax(np.abs(path))) for path in paths)
    # A path that leaves for good is drawn up to the edge; the others would become too small.
    wanted = max(1.15 * abs(start[0]), 1.15 * abs(start[1]), min(1.15 * largest, REACHES[-2]))
    return next((reach for reach in REACHES if reach >= wanted), REACHES[-1])


def _field(game: Game, reach: float) -> dict[str, Any]:
    """Sample the field on a grid over the portrait, row by row from below."""
    places = np.linspace(-reach, reach, FIELD)
    across, up = game.field(places[None, :], places[:, None])
    return {"places": _places(places), "dx": _places(across.ravel()), "dy": _places(up.ravel())}


# Reading and writing ---------------------------------------------------------------------


def _number(asked: dict[str, Any], name: str, default: float, low: float, high: float) -> float:
    return number(name, asked.get(name, default), low, high)


def _choice(asked: dict[str, Any], name: str, known: Sequence[str]) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or value not in known:
        raise SettingError(name, f"one of {', '.join(known)}", value)
    return value


def _figure(value: float | None) -> float | None:
    """Seven digits; JSON has no nan: null says "there is none"."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.7g}")


def _curve(values: Any) -> list[float | None]:
    return [float(f"{v:.5g}") if math.isfinite(v) else None for v in values.tolist()]


def _places(values: Any) -> list[float | None]:
    """Five decimals: a hundredth of a pixel in the smallest portrait."""
    return [value if value == value else None for value in values.round(5).tolist()]


def _complex(values: Sequence[complex] | None) -> list[list[float | None]] | None:
    if values is None:
        return None
    return [[_figure(value.real), _figure(value.imag)] for value in values]
