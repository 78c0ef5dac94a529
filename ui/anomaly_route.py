"""The routes of the page *Anomaly detection*: a picture judged, and test digits to begin with.

``POST api/anomaly/judge/<token>`` takes 784 grey bytes, as ``api/latent/upload`` answers a
drawing or a file with, and answers with what each scorer says. The token is a job's, or
"recorded". ``GET api/anomaly/digit/<data>/<digit>/<seed>`` is a test picture, 784 bytes.
"""

from __future__ import annotations

import base64
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gan_core.pictures import SIDE
from ui import runs, warm
from ui.anomaly import PLACE, RECORDED
from ui.questions import answered

if TYPE_CHECKING:
    from gan_core.anomaly.outcome import Outcome

PIXELS = SIDE * SIDE
DATA = ("mnist", "digits")
LARGEST_SEED = 9999
_NO_STORE = {"Cache-Control": "no-store"}
# Whoever judges makes copies of the training pictures: one at a time.
_judging = threading.Lock()


def routes() -> list[BaseRoute]:
    """Return the routes to mount beside Streamlit's own."""
    base = "/api/anomaly"
    return [
        Route(base + "/judge/{token}", judge, methods=["POST"]),
        Route(base + "/digit/{data}/{digit}/{seed}", digit),
    ]


async def judge(request: Request) -> Response:
    """Answer with what each scorer says of a picture."""
    body = await _body(request)
    if body is None:
        return Response(status_code=400, headers=_NO_STORE)
    outcome = await run_in_threadpool(_outcome, request.path_params["token"])
    if outcome is None:
        return Response(status_code=404, headers=_NO_STORE)
    return answered(await run_in_threadpool(_judged, outcome, body))


def _outcome(token: str) -> Outcome | None:
    """Return the outcome of a job that is done, or the recorded one."""
    if token == RECORDED:
        warm.wait()
        from gan_core.anomaly.recorded import load_outcome

        return load_outcome()
    found = runs.engine().find_job(token)
    if found is None or found[0].place != PLACE:
        return None
    found[0].seen()
    result: Outcome | None = found[0].result
    return result


def _judged(outcome: Outcome, body: bytes) -> dict[str, Any]:
    import torch

    from gan_core.stages import from_grey

    picture = from_grey(np.frombuffer(body, dtype=np.uint8).reshape(1, SIDE, SIDE))
    with _judging, torch.inference_mode(False):
        verdicts = outcome.judge(picture)
    return {
        "verdicts": [
            {
                "scorer": name,
                "score": float(f"{verdict.score:.4g}"),
                "odder_than": verdict.odder_than,
                "expected": base64.b64encode(verdict.expected.tobytes()).decode(),
            }
            for name, verdict in verdicts.items()
        ]
    }


async def digit(request: Request) -> Response:
    """Answer with a test picture of a digit."""
    data, shown, seed = (request.path_params[name] for name in ("data", "digit", "seed"))
    if data not in DATA or shown not in list("0123456789"):
        return Response(status_code=404, headers=_NO_STORE)
    if not seed.isdecimal() or len(seed) > len(str(LARGEST_SEED)):
        return Response(status_code=404, headers=_NO_STORE)
    content = await run_in_threadpool(_digit, data, int(shown), int(seed))
    return Response(content, media_type="application/octet-stream", headers=_NO_STORE)


def _digit(data: str, shown: int, seed: int) -> bytes:
    warm.wait()
    from gan_core.anomaly.experiment import example
    from gan_core.pictures import to_grey

    return to_grey(example(data, shown, seed)).tobytes()


async def _body(request: Request) -> bytes | None:
    """Return the 784 bytes that were sent; None if they are not, as soon as they are too many."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > PIXELS:
            return None
    return bytes(content) if len(content) == PIXELS else None
