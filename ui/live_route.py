"""The live route: how pictures and numbers of a run reach any number of browsers.

``GET api/run/<token>`` answers with one frame: the length of a JSON text, the
JSON, and a PNG if there is a new picture. The browser says what it already
holds, so only new points travel. No Streamlit script runs for any of this.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gan_core.engine import Frame, Run
from gan_core.history import CURVES, Curves
from ui.runs import engine

SHOWN = ("d_loss", "g_loss", "d_real", "d_fake")
_COLUMNS = [CURVES.index(name) for name in SHOWN]
_NO_STORE = {"Cache-Control": "no-store"}
MOST_STEPS = 1000

VERBS: dict[str, Callable[[Run, int], None]] = {
    "play": lambda run, _: run.play(),
    "pause": lambda run, _: run.pause(),
    "step": lambda run, count: run.step(count),
    "step-discriminator": lambda run, count: run.step_discriminator(count),
    "step-generator": lambda run, count: run.step_generator(count),
    "reset": lambda run, _: run.reset(),
}


def routes() -> list[BaseRoute]:
    """Return the routes to mount beside Streamlit's own."""
    base = "/api/run/{token}"
    return [
        Route(base, look),
        Route(base + "/real.png", real_picture),
        Route(base + "/samples.png", samples),
        Route(base + "/history.csv", history),
        Route(base + "/checkpoint.safetensors", checkpoint),
        Route(base + "/album/{page}.png", album_page),
        Route(base + "/{verb}", steer, methods=["POST"]),
    ]


async def look(request: Request) -> Response:
    """Answer with what the browser does not hold yet."""
    found = engine().find(request.path_params["token"])
    if found is None:
        return Response(status_code=404, headers=_NO_STORE)
    run, may_steer = found
    ask = request.query_params
    run.seen(ask.get("viewer", "")[:32])
    frame = run.frame
    body = encode(
        frame,
        held_width=_whole(ask.get("width")),
        held_bucket=_whole(ask.get("from")),
        held_picture=_whole(ask.get("picture")),
        extra={
            "may_control": may_steer,
            "viewers": run.viewers,
            "keep_going": run.keep_going,
            "data": run.data.key if run.data else None,
            "fallback": run.data.fallback if run.data else "",
        },
    )
    return Response(body, media_type="application/octet-stream", headers=_NO_STORE)


def encode(
    frame: Frame,
    *,
    held_width: int = 0,
    held_bucket: int = 0,
    held_picture: int = 0,
    extra: dict[str, Any] | None = None,
) -> bytes:
    """Turn a frame into bytes, leaving out what the browser holds."""
    picture = frame.picture
    is_new = picture is not None and picture.id != held_picture
    head = {
        "state": frame.state,
        "reason": None
        if frame.reason is None
        else {
            "code": frame.reason.code,
            "iteration": frame.reason.iteration,
            "detail": frame.reason.detail,
        },
        "run_id": frame.run_id,
        "iteration": frame.iteration,
        "d_moves": frame.discriminator_moves,
        "g_moves": frame.generator_moves,
        "rate": _number(frame.rate),
        "epoch": round(frame.epoch, 3),
        "last_move": frame.report.move if frame.report else "none",
        "report": _report(frame),
        "history": _history(frame.curves, held_width, held_bucket),
        "picture": {
            "id": picture.id,
            "iteration": picture.iteration,
            "rows": picture.rows,
            "columns": picture.columns,
        }
        if picture is not None and is_new
        else None,
        "album": [page.iteration for page in frame.album],
        **(extra or {}),
    }
    text = json.dumps(head, separators=(",", ":")).encode()
    image = picture.png if picture is not None and is_new else b""
    return len(text).to_bytes(4, "little") + text + image


def _report(frame: Frame) -> dict[str, Any] | None:
    report = frame.report
    if report is None:
        return None
    numbers = {name: _number(getattr(report, name)) for name in CURVES}
    terms = [_number(term) for term in report.d_terms]
    return {"iteration": report.iteration, **numbers, "d_terms": terms}


def _history(curves: Curves, held_width: int, held_bucket: int) -> dict[str, Any]:
    known = held_width == curves.width and 0 <= held_bucket <= len(curves.mean)
    start = held_bucket if known else 0
    return {
        "width": curves.width,
        "start": start,
        "first_iteration": curves.first,
        "names": SHOWN,
        "low": _rows(curves.low[start:]),
        "high": _rows(curves.high[start:]),
        "mean": _rows(curves.mean[start:]),
    }


def _rows(values: Any) -> list[list[float | None]]:
    kept = np.round(values[:, _COLUMNS], 4).tolist()
    return [[_number(value) for value in row] for row in kept]


def _number(value: float | None) -> float | None:
    """JSON has no nan: null says "not measured"."""
    return None if value is None or not math.isfinite(value) else value


def _whole(text: str | None, otherwise: int = 0) -> int:
    try:
        return int(text or otherwise)
    except ValueError:
        return otherwise


async def steer(request: Request) -> Response:
    """Obey a verb; only the control token may."""
    found = engine().find(request.path_params["token"])
    if found is None:
        return Response(status_code=404)
    run, may_steer = found
    if not may_steer:
        return Response(status_code=403)
    verb, ask = request.path_params["verb"], request.query_params
    if verb == "keep-going":
        run.keep_going = ask.get("on") == "1"
    elif verb in VERBS:
        run.seen()
        VERBS[verb](run, min(max(_whole(ask.get("count", "1")), 1), MOST_STEPS))
    else:
        return Response(status_code=404)
    return Response(status_code=204)


async def real_picture(request: Request) -> Response:
    """Answer with real pictures, in the layout of the samples."""
    found = engine().find(request.path_params["token"])
    return _png(found[0].real_png if found else None)


async def samples(request: Request) -> Response:
    """Answer with the newest picture as a file to keep."""
    found = engine().find(request.path_params["token"])
    picture = found[0].frame.picture if found else None
    if picture is None:
        return Response(status_code=404)
    return _png(picture.png, f"gan-samples-{picture.iteration}.png")


async def album_page(request: Request) -> Response:
    """Answer with a picture from earlier in the run."""
    found = engine().find(request.path_params["token"])
    pages: Sequence[Any] = found[0].frame.album if found else ()
    page = _whole(request.path_params["page"], otherwise=-1)
    return _png(pages[page].content if 0 <= page < len(pages) else None)


async def history(request: Request) -> Response:
    """Answer with the curves as CSV: one row a bucket."""
    found = engine().find(request.path_params["token"])
    if found is None:
        return Response(status_code=404)
    curves = found[0].frame.curves
    table = io.StringIO()
    writer = csv.writer(table)
    kinds = ("mean", "low", "high")
    names = [f"{name}_{kind}" for name in CURVES for kind in kinds]
    writer.writerow(["first_iteration", "last_iteration", *names])
    stacked = np.stack([curves.mean, curves.low, curves.high], axis=2)
    for index, row in enumerate(stacked.reshape(-1, len(names)).tolist()):
        first = curves.first + index * curves.width
        cells = ["" if math.isnan(value) else f"{value:.6g}" for value in row]
        writer.writerow([first, first + curves.width - 1, *cells])
    return _file(table.getvalue().encode(), "text/csv", "gan-history.csv")


async def checkpoint(request: Request) -> Response:
    """Answer with the whole state of the run; a copy is made between two moves."""
    from gan_core import checkpoint as checkpoints

    found = engine().find(request.path_params["token"])
    if found is None:
        return Response(status_code=404)
    if not found[1]:
        return Response(status_code=403)
    try:
        taken = await asyncio.wait_for(asyncio.wrap_future(found[0].snapshot()), timeout=30)
    except (TimeoutError, RuntimeError):
        return Response(status_code=503)
    content = await run_in_threadpool(
        checkpoints.to_bytes, taken.config, taken.state, iteration=taken.iteration
    )
    name = f"gan-{taken.config.model}-{taken.iteration}.safetensors"
    return _file(content, "application/octet-stream", name)


def _png(content: bytes | None, name: str | None = None) -> Response:
    if content is None:
        return Response(status_code=404)
    return _file(content, "image/png", name)


def _file(content: bytes, kind: str, name: str | None) -> Response:
    headers = dict(_NO_STORE)
    if name:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(content, media_type=kind, headers=headers)
