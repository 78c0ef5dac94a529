"""The live route: how pictures and numbers of a run reach any number of browsers.

``GET api/run/<token>`` answers with one frame: the length of a JSON text, the
JSON, and the bytes of a new look: a PNG of pictures, or points as its JSON explains
them. The browser says what it already holds, so only what is new travels. No
Streamlit script runs for any of this.
"""

from __future__ import annotations

import asyncio
import csv
import io
import math
from collections.abc import Callable

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gan_core.config import SettingError
from gan_core.engine import Picture, Run
from gan_core.history import CURVES
from ui.live_frame import encode
from ui.questions import answered, refused
from ui.runs import engine

_NO_STORE = {"Cache-Control": "no-store"}
MOST_STEPS = 1000

VERBS: dict[str, Callable[[Run, QueryParams], None]] = {
    "play": lambda run, _: run.play(),
    "pause": lambda run, _: run.pause(),
    "step": lambda run, ask: run.step(count(ask)),
    "step-discriminator": lambda run, ask: run.step_discriminator(count(ask)),
    "step-generator": lambda run, ask: run.step_generator(count(ask)),
    "slow": lambda run, _: run.slow_step(),
    "rates": lambda run, ask: run.set_rates(_rate(ask, "g"), _rate(ask, "d")),
    "rewind": lambda run, ask: run.rewind(whole(ask.get("to"))),
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
        Route(base + "/album/{page}.bin", album_page),
        Route(base + "/slow.json", slow_step),
        Route(base + "/meter.csv", meter),
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
        held_width=whole(ask.get("width")),
        held_bucket=whole(ask.get("from")),
        held_picture=whole(ask.get("picture")),
        held_thinned=whole(ask.get("meter")),
        held_readings=whole(ask.get("meter_from")),
        extra={
            "may_control": may_steer,
            "viewers": run.viewers,
            "keep_going": run.keep_going,
            "data": run.data.key if run.data else None,
            "fallback": run.data.fallback if run.data else "",
        },
    )
    return Response(body, media_type="application/octet-stream", headers=_NO_STORE)


def whole(text: str | None, otherwise: int = 0) -> int:
    """Return the whole number that a parameter says; ``otherwise`` if it says none."""
    try:
        return int(text or otherwise)
    except ValueError:
        return otherwise


def count(ask: QueryParams) -> int:
    """Return how many moves are asked for, at least one."""
    return min(max(whole(ask.get("count", "1")), 1), MOST_STEPS)


def _rate(ask: QueryParams, player: str) -> float | None:
    """Return the learning rate asked for; what is no number is for the recipe to refuse."""
    text = ask.get(player)
    try:
        return None if text is None else float(text)
    except ValueError:
        return math.nan


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
        try:
            VERBS[verb](run, ask)
        except SettingError as error:
            return refused(error)
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
    if picture is None or not isinstance(picture, Picture):
        return Response(status_code=404)
    return _png(picture.png, f"gan-samples-{picture.iteration}.png")


async def album_page(request: Request) -> Response:
    """Answer with a look from earlier in the run: a picture, or points as one message."""
    found = engine().find(request.path_params["token"])
    frame = found[0].frame if found else None
    wanted = ".bin" if frame and frame.kind == "points" else ".png"
    page = whole(request.path_params["page"], otherwise=-1)
    if frame is None or not 0 <= page < len(frame.album) or not request.url.path.endswith(wanted):
        return Response(status_code=404)
    kind = "image/png" if wanted == ".png" else "application/octet-stream"
    return _file(frame.album[page].content, kind, None)


async def slow_step(request: Request) -> Response:
    """Answer with the newest iteration that was taken under glass."""
    found = engine().find(request.path_params["token"])
    slow = found[0].frame.slow if found else None
    if slow is None:
        return Response(status_code=404)
    told = {"number": slow.number, "iteration": slow.iteration, "moments": slow.moments}
    return answered(told)


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


async def meter(request: Request) -> Response:
    """Answer with what the meter has read as CSV: one row a reading."""
    found = engine().find(request.path_params["token"])
    readings = found[0].frame.meter if found else None
    if readings is None:
        return Response(status_code=404)
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["iteration", *readings.names])
    for iteration, row in zip(readings.iterations, readings.rows, strict=True):
        writer.writerow(
            [iteration, *("" if math.isnan(value) else f"{value:.6g}" for value in row)]
        )
    return _file(table.getvalue().encode(), "text/csv", "gan-meter.csv")


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
