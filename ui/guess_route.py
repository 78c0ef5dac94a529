"""The routes of the two games that a student plays: ``api/guess/...``.

A round is a signed word, ``stage.number.signature``. What it shows (real or fake, and
which picture) follows from the stage and the number by a keyed hash, and the key lives
only as long as the process. So nothing is stored for a round, no memory can fill up, and
neither the word nor its number tells a browser the truth before it answers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gan_core.config import SettingError
from ui.questions import answered, read, refused
from ui.small_nets import apart

STAGE_KEYS = ("start", "early", "middle", "late")
TRUTHS = ("real", "fake")
LARGEST_SEED = 2**53 - 1
FAKES = 256  # a stage's generated pictures, made once and then shared by all
_SECRET = secrets.token_bytes(32)
_ready: set[str] = set()


def routes() -> list[BaseRoute]:
    """Return the routes to mount beside Streamlit's own."""
    return [
        Route("/api/guess/round", new_round),
        Route("/api/guess/answer", answer, methods=["POST"]),
        Route("/api/guess/train", train, methods=["POST"]),
    ]


# Be the discriminator ---------------------------------------------------------------------


async def new_round(request: Request) -> Response:
    """Show one picture, 784 grey bytes in base64, with the round's word."""
    try:
        stage = _stage(request.query_params.get("stage", "start"))
        number = _seed(request.query_params.get("seed"))
    except SettingError as error:
        return refused(error)
    found = await _show(stage, number)
    return answered(
        {
            "round": _sign(stage, number),
            "stage": stage,
            "picture": base64.b64encode(found.picture).decode(),
        }
    )


async def answer(request: Request) -> Response:
    """Take a student's word for a round; say the truth and what D of that stage thinks."""
    try:
        asked = await read(request)
        stage, number = _verified(asked.get("round"))
        if asked.get("says") not in TRUTHS:
            raise SettingError("says", "one of " + ", ".join(TRUTHS), asked.get("says"))
    except SettingError as error:
        return refused(error)
    found = await _show(stage, number)
    return answered(
        {
            "truth": found.truth,
            "d_probability": found.d_probability,
            "student_right": asked["says"] == found.truth,
            "d_right": ("real" if found.d_probability > 0.5 else "fake") == found.truth,
        }
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """What a round shows, and what stays on the server until the student has answered."""

    truth: str
    picture: bytes
    d_probability: float


@dataclass(frozen=True, slots=True)
class Deck:
    """All pictures of one kind at one stage, each judged by that stage's D."""

    pictures: list[bytes]
    probabilities: list[float]


async def _show(stage: str, number: int) -> Shown:
    """Look up what a round shows; both kinds are made before, so that the time tells nothing."""
    if stage not in _ready:
        for truth in TRUTHS:
            await apart(deck_of, stage, truth)
        _ready.add(stage)
    return shown(stage, number)


def shown(stage: str, number: int) -> Shown:
    """Return what a round shows: a coin and a picture, both thrown by the keyed hash."""
    draw = int.from_bytes(_keyed("draw", stage, number)[:16], "big")
    truth = TRUTHS[draw & 1]
    deck = deck_of(stage, truth)
    index = (draw >> 1) % len(deck.pictures)
    return Shown(truth, deck.pictures[index], deck.probabilities[index])


@lru_cache(maxsize=len(STAGE_KEYS) * len(TRUTHS))
def deck_of(stage: str, truth: str) -> Deck:
    """Return the pictures of a stage that are shown as ``truth``; made once and kept."""
    from gan_core.pictures import to_grey
    from gan_core.stages import load_stage, real_pictures

    players = load_stage(stage)
    images = (
        real_pictures()
        if truth == "real"
        else players.fakes(FAKES, int.from_bytes(_keyed("noise", stage, 0)[:6], "big"))
    )
    return Deck([one.tobytes() for one in to_grey(images)], players.judge(images).tolist())


def _keyed(purpose: str, stage: str, number: int) -> bytes:
    return hmac.digest(_SECRET, f"{purpose}.{stage}.{number}".encode(), hashlib.sha256)


def _sign(stage: str, number: int) -> str:
    return f"{stage}.{number}.{_keyed('sign', stage, number).hex()}"


def _verified(word: object) -> tuple[str, int]:
    """Return stage and number of a round that this process has given out."""
    if isinstance(word, str) and word.isascii() and word.count(".") == 2:
        stage, number, _ = word.split(".")
        known = stage in STAGE_KEYS and _is_number(number)
        if known and hmac.compare_digest(_sign(stage, int(number)), word):
            return stage, int(number)
    raise SettingError("round", "a round of this game", word)


def _stage(text: str) -> str:
    if text not in STAGE_KEYS:
        raise SettingError("stage", "one of " + ", ".join(STAGE_KEYS), text)
    return text


def _seed(text: str | None) -> int:
    """Return the seed asked for, or any."""
    if text is None:
        return secrets.randbelow(LARGEST_SEED + 1)
    if not _is_number(text):
        raise SettingError("seed", f"a whole number from 0 to {LARGEST_SEED}", text)
    return int(text)


def _is_number(text: str) -> bool:
    plain = text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_SEED))
    return plain and int(text) <= LARGEST_SEED


# Be the generator -------------------------------------------------------------------------


async def train(request: Request) -> Response:
    """Let D learn against a student's points; answer with D along the line and the score."""
    try:
        asked = await read(request)
        found = await apart(_turn, asked.get("points"), asked.get("level"), asked.get("seed", 0))
    except SettingError as error:
        return refused(error)
    return answered(found)


def _turn(points: Any, level: Any, seed: Any) -> dict[str, Any]:
    from gan_core.theory.duel import discriminators_turn
    from gan_core.theory.levels import LINE, PLACES

    found = discriminators_turn(points, level, seed)
    return {
        "line": LINE,
        "places": PLACES,
        "verdict": found.verdict.round(5).tolist(),
        "logit": found.logit.round(4).tolist(),
        "losses": {key: loss.round(5).tolist() for key, loss in found.losses.items()},
        "pushes": {key: push.round(6).tolist() for key, push in found.pushes.items()},
        "right_real": found.right_real,
        "right_fake": found.right_fake,
        "accuracy": found.accuracy,
        "won": found.won,
        "w1": round(found.w1, 4),
        "w1_best": round(found.w1_best, 4),
        "crowd": found.crowd,
        "collapsed": found.collapsed,
    }
