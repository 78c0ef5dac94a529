"""The way of a job to the browser: how far it is, its curves and pictures; and its steering.

``GET api/job/<token>?version=n`` answers with what there is to see, or with 204 where that is
what the browser holds already. ``GET api/job/<token>/picture/<name>.png`` is one of its
pictures; ``POST api/job/<token>/<verb>`` steers it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gan_core.engine import Job, JobFrame
from gan_core.history import Curves
from ui import runs
from ui.live_route import whole
from ui.questions import answered

VERBS: dict[str, Callable[[Job], None]] = {
    "pause": Job.pause,
    "resume": Job.resume,
    "cancel": Job.cancel,
}
_NO_STORE = {"Cache-Control": "no-store"}


def routes() -> list[BaseRoute]:
    """Return the routes to mount beside Streamlit's own."""
    return [
        Route("/api/job/{token}", look),
        Route("/api/job/{token}/picture/{name}.png", picture),
        Route("/api/job/{token}/{verb}", steer, methods=["POST"]),
    ]


async def look(request: Request) -> Response:
    """Answer with what there is to see, where the browser does not hold it yet."""
    found = runs.engine().find_job(request.path_params["token"])
    if found is None:
        return Response(status_code=404, headers=_NO_STORE)
    job, may_steer = found
    job.seen()
    frame = job.frame
    if whole(request.query_params.get("version"), otherwise=-1) == frame.version:
        return Response(status_code=204, headers=_NO_STORE)
    return answered({"may_control": may_steer, **told(frame)})


def told(frame: JobFrame) -> dict[str, Any]:
    """Return a frame as JSON values; of the pictures only which there are."""
    reason = frame.reason
    return {
        "version": frame.version,
        "state": frame.state,
        "reason": None
        if reason is None
        else {"code": reason.code, "iteration": reason.iteration, "detail": reason.detail},
        "stage": frame.stage,
        "done": frame.done,
        "total": frame.total,
        "left": frame.left,
        "seconds": frame.seconds,
        "curves": {name: _curve(curve) for name, curve in frame.curves.items()},
        "pictures": {name: shown.version for name, shown in frame.pictures.items()},
    }


def _curve(curve: Curves) -> dict[str, Any]:
    """Return the middle of each bucket, counted in readings, and its mean."""
    middle = curve.first + (curve.width - 1) / 2
    means = curve.mean[:, 0].tolist()
    return {
        "x": [middle + curve.width * place for place in range(len(means))],
        "y": [float(f"{mean:.5g}") if math.isfinite(mean) else None for mean in means],
    }


async def picture(request: Request) -> Response:
    """Answer with the newest picture of a name."""
    found = runs.engine().find_job(request.path_params["token"])
    shown = found[0].frame.pictures.get(request.path_params["name"]) if found else None
    if shown is None:
        return Response(status_code=404, headers=_NO_STORE)
    return Response(shown.png, media_type="image/png", headers=_NO_STORE)


async def steer(request: Request) -> Response:
    """Obey a verb; only the control token may."""
    found = runs.engine().find_job(request.path_params["token"])
    if found is None:
        return Response(status_code=404)
    job, may_steer = found
    if not may_steer:
        return Response(status_code=403)
    verb = VERBS.get(request.path_params["verb"])
    if verb is None:
        return Response(status_code=404)
    job.seen()
    verb(job)
    return Response(status_code=204)
