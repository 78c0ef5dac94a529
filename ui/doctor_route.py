"""What the doctor says of a run in training, or of both runs of a pair.

``GET api/run/<token>/diagnosis`` and ``GET api/pair/<token>/diagnosis`` answer with a part for
each run: whether it is too early to tell, whether there are readings to go by, and what was
found, with its numbers. The sentences are the browser's. Asking is not watching.
"""

from __future__ import annotations

import math
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gan_core.engine import Run, RunState
from ui import runs
from ui.questions import answered


def routes() -> list[BaseRoute]:
    """Return the routes to mount beside Streamlit's own."""
    return [
        Route("/api/run/{token}/diagnosis", of_run),
        Route("/api/pair/{token}/diagnosis", of_pair),
    ]


async def of_run(request: Request) -> Response:
    """Answer with what the doctor says of one run."""
    found = runs.engine().find(request.path_params["token"])
    return await _answer(() if found is None else (found[0],))


async def of_pair(request: Request) -> Response:
    """Answer with what the doctor says of A and of B."""
    found = runs.engine().find_pair(request.path_params["token"])
    return await _answer(() if found is None else found[0].runs)


async def _answer(asked: tuple[Run, ...]) -> Response:
    if not asked:
        return Response(status_code=404, headers={"Cache-Control": "no-store"})
    return answered({"runs": [await run_in_threadpool(_diagnosis, run) for run in asked]})


def _diagnosis(run: Run) -> dict[str, Any]:
    # Not before a run is there: this needs torch, which the server loads in the background.
    from gan_core.clinic.doctor import Record, diagnose, is_measured, too_early
    from gan_core.readings import Readings

    frame = run.frame
    record = Record(
        run.config, frame.curves, frame.meter or Readings(), frame.state == RunState.DIVERGED
    )
    findings = [
        {"key": finding.key, "values": {n: _number(v) for n, v in finding.values.items()}}
        for finding in diagnose(record)
    ]
    return {
        "state": frame.state,
        "iteration": frame.iteration,
        "too_early": too_early(record),
        "measured": is_measured(record),
        "findings": findings,
    }


def _number(value: float) -> float | None:
    """JSON has no nan: null says "not measured"."""
    return float(f"{value:.4g}") if math.isfinite(value) else None
