"""The latent studio's routes, ``api/latent/...``: networks, pictures and comparisons.

The studio runs the generator in the browser; it asks here once for the
networks, and then only when a drag has come to rest.
"""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gan_core.config import DATASET_KEYS, SHIPPED_KEYS
from gan_core.pictures import MAX_FILE_BYTES, SIDE, PictureError, gif, letter, read_digit
from ui import shelf, warm
from ui.runs import engine

PIXELS = SIDE * SIDE
MOST_PICTURES = 225  # the studio's 15 × 15 sheet
MOST_FRAMES = 120
LARGEST_SEED = 9999
LETTERS = "AEFHKMNRTWXY"
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_NO_STORE = {"Cache-Control": "no-store"}


def routes() -> list[BaseRoute]:
    """Return the routes to mount beside Streamlit's own."""
    base = "/api/latent"
    return [
        Route(base + "/model/{name}", model),
        Route(base + "/take/{token}", take, methods=["POST"]),
        Route(base + "/run/{token}", progress),
        Route(base + "/network/{name}", network),
        Route(base + "/pictures/{name}", pictures, methods=["POST"]),
        Route(base + "/nearest/{dataset}", nearest, methods=["POST"]),
        Route(base + "/target/{kind}/{seed}", target),
        Route(base + "/upload", upload, methods=["POST"]),
        Route(base + "/gif", film, methods=["POST"]),
    ]


# Networks --------------------------------------------------------------------------------


async def model(request: Request) -> Response:
    """Answer with the card of a generator that comes with the course."""
    name = request.path_params["name"]
    if name not in SHIPPED_KEYS:
        return _nothing(404)
    return JSONResponse(await run_in_threadpool(_shipped_card, name), headers=_NO_STORE)


def _shipped_card(name: str) -> shelf.Card:
    warm.wait()
    return shelf.shipped_card(name)


async def take(request: Request) -> Response:
    """Copy a run's networks as they are between two moves; answer with their card."""
    found = engine().find(request.path_params["token"])
    if found is None:
        return _nothing(404)
    run = found[0]
    run.seen()
    try:
        waiting = asyncio.wrap_future(run.between_moves(shelf.copy_of))
        kept = await asyncio.wait_for(waiting, timeout=30)
    except (TimeoutError, RuntimeError):
        return _nothing(503)
    return JSONResponse(await run_in_threadpool(shelf.card_of, kept), headers=_NO_STORE)


async def progress(request: Request) -> Response:
    """Say how far a run has come; asking keeps it in training, as watching does."""
    found = engine().find(request.path_params["token"])
    if found is None:
        return _nothing(404)
    run = found[0]
    run.seen(request.query_params.get("viewer", "")[:32])
    answer = {"state": run.frame.state, "iteration": run.frame.iteration}
    return JSONResponse(answer, headers=_NO_STORE)


async def network(request: Request) -> Response:
    """Answer with a network's file; its name is its content's, so it never changes."""
    name = request.path_params["name"]
    content = shelf.find(lambda one: one.file(name))
    if content is None:
        return _nothing(404)
    return Response(content, media_type="application/octet-stream", headers=_FOREVER)


async def pictures(request: Request) -> Response:
    """Make pictures of points, for browsers that cannot: (N, latent_dim) floats to bytes.

    Where G is told a class, ``digits`` says which it is asked for: one of all points, or one
    after the other those of each; without it, 0.
    """
    name = request.path_params["name"]
    generator = shelf.find(lambda one: one.generator(name))
    if generator is None:
        return _nothing(404)
    body = await _body(request, 4 * MOST_PICTURES * generator.latent_dim)
    if body is None or not body or len(body) % (4 * generator.latent_dim):
        return _nothing(400)
    points = np.frombuffer(body, dtype="<f4").reshape(-1, generator.latent_dim)
    digits = request.query_params.get("digits", "")
    if not np.isfinite(points).all() or not _fit(digits, len(points)):
        return _nothing(400)
    return _grey(await run_in_threadpool(_make, generator, points, digits))


def _fit(digits: str, count: int) -> bool:
    """Say whether there is no digit, one for all points, or one for each."""
    return len(digits) in (0, 1, count) and set(digits) <= set("0123456789")


def _make(generator: Any, points: Any, digits: str) -> bytes:
    import torch

    from gan_core.conditional import ConditionalGenerator, with_classes
    from gan_core.pictures import to_grey

    z = torch.from_numpy(points.copy())
    if isinstance(generator, ConditionalGenerator):
        labels = torch.tensor([int(digit) for digit in digits or "0"])
        z = with_classes(z, labels.expand(len(z)))
    with torch.no_grad():
        return to_grey(generator(z)).tobytes()


# Comparisons and targets -------------------------------------------------------------------


async def nearest(request: Request) -> Response:
    """Answer with the training picture that is nearest to 784 grey bytes."""
    dataset = request.path_params["dataset"]
    body = await _body(request, PIXELS)
    if dataset not in DATASET_KEYS or body is None or len(body) != PIXELS:
        return _nothing(400)
    return JSONResponse(await run_in_threadpool(_nearest, dataset, body), headers=_NO_STORE)


def _nearest(dataset: str, body: bytes) -> dict[str, Any]:
    warm.wait()
    import torch

    from gan_core.pictures import to_grey

    known = _known(dataset)
    if known is None:
        return {"available": False}
    images, neighbours, usual = known
    grey = torch.from_numpy(np.frombuffer(body, dtype=np.uint8).copy())
    found = neighbours.nearest(grey.float().div(127.5).sub(1))
    picture = to_grey(images.images[found.index : found.index + 1]).tobytes()
    return {
        "available": True,
        "label": int(images.labels[found.index]),
        "distance": round(found.distance, 3),
        "usual": usual,
        "picture": base64.b64encode(picture).decode(),
    }


_measuring = threading.Lock()


def _known(dataset: str) -> Any:
    from gan_core.data import at_hand

    with _measuring:  # thirty students, one measurement
        if at_hand(dataset) is None or at_hand(dataset, train=False) is None:
            return None  # not yet: a run may download them
        return _measured(dataset)


@lru_cache(maxsize=len(DATASET_KEYS))
def _measured(dataset: str) -> Any:
    """Return training pictures, their index and the usual distance.

    The distance is None where there are no unseen pictures to measure it with.
    """
    from gan_core.data import at_hand
    from gan_core.data.images import EMBEDDED
    from gan_core.metrics.neighbours import Neighbours

    train, test = at_hand(dataset), at_hand(dataset, train=False)
    assert train is not None
    assert test is not None
    neighbours = Neighbours(train.images)
    if dataset == EMBEDDED:
        return train, neighbours, None  # the built-in digits have no test set
    return train, neighbours, round(neighbours.usual_distance(test.images), 3)


async def target(request: Request) -> Response:
    """Answer with a picture to search for: a real digit, or what G never saw."""
    kind, text = request.path_params["kind"], request.path_params["seed"]
    if kind not in _TARGETS or not text.isdecimal() or len(text) > len(str(LARGEST_SEED)):
        return _nothing(404)
    return _grey(await run_in_threadpool(_TARGETS[kind], int(text)))


def _real(seed: int) -> bytes:
    warm.wait()
    from gan_core.data import at_hand, embedded_digits
    from gan_core.pictures import to_grey

    images = (at_hand("mnist", train=False) or embedded_digits()).images
    return to_grey(images[seed % len(images)][None]).tobytes()


def _unseen(seed: int) -> bytes:
    return letter(LETTERS[seed % len(LETTERS)]).tobytes()


_TARGETS: dict[str, Callable[[int], bytes]] = {"real": _real, "unseen": _unseen}


async def upload(request: Request) -> Response:
    """Bring a PNG or JPEG to 28×28 as MNIST frames its digits."""
    body = await _body(request, MAX_FILE_BYTES)
    try:
        if body is None:
            raise PictureError("too_large", f"more than {MAX_FILE_BYTES >> 20} MB")
        return _grey((await run_in_threadpool(read_digit, body)).tobytes())
    except PictureError as error:
        return JSONResponse({"code": error.code}, status_code=400, headers=_NO_STORE)


async def film(request: Request) -> Response:
    """Turn pictures of 784 grey bytes each into a looping GIF."""
    body = await _body(request, MOST_FRAMES * PIXELS)
    text = request.query_params.get("milliseconds", "80")
    if not body or len(body) % PIXELS or len(body) < 2 * PIXELS or not text.isdecimal():
        return _nothing(400)
    frames = np.frombuffer(body, dtype=np.uint8).reshape(-1, SIDE, SIDE)
    content = await run_in_threadpool(gif, frames, min(max(int(text[:5]), 20), 2000))
    return Response(content, media_type="image/gif", headers=_NO_STORE)


async def _body(request: Request, most: int) -> bytes | None:
    """Return the request's body, or None as soon as it proves longer than allowed."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > most:
            return None
    return bytes(content)


def _grey(content: bytes) -> Response:
    return Response(content, media_type="application/octet-stream", headers=_NO_STORE)


def _nothing(status: int) -> Response:
    return Response(status_code=status, headers=_NO_STORE)
