"""Steering two runs as one: what the buttons of the twins ask for.

``GET api/pair/<token>`` says what the visitor may do and where the two parted; ``POST
api/pair/<token>/<verb>`` steers both. What there is to see of each comes by the live
route, as for any run.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gan_core.engine import Pair
from ui import runs
from ui.live_route import count, whole
from ui.questions import answered

VERBS: dict[str, Callable[[Pair, QueryParams], None]] = {
    "play": lambda pair, _: pair.play(),
    "pause": lambda pair, _: pair.pause(),
    "step": lambda pair, ask: pair.step(count(ask)),
    "step-discriminator": lambda pair, ask: pair.step_discriminator(count(ask)),
    "step-generator": lambda pair, ask: pair.step_generator(count(ask)),
    "rewind": lambda pair, ask: pair.rewind(whole(ask.get("to"))),
    "reset": lambda pair, _: pair.reset(),
}


def routes() -> list[BaseRoute]:
    """Return the routes to mount beside Streamlit's own."""
    return [
        Route("/api/pair/{token}", look),
        Route("/api/pair/{token}/{verb}", steer, methods=["POST"]),
    ]


async def look(request: Request) -> Response:
    """Answer with what the visitor may do, and the iteration at which B left A."""
    found = runs.engine().find_pair(request.path_params["token"])
    if found is None:
        return Response(status_code=404, headers={"Cache-Control": "no-store"})
    pair, may_steer = found
    return answered(
        {
            "may_control": may_steer,
            "is_fork": pair.is_fork,
            "forked_at": pair.forked_at,
            "a": pair.a.view_token,
            "b": pair.b.view_token,
        }
    )


async def steer(request: Request) -> Response:
    """Obey a verb; only the control token may."""
    found = runs.engine().find_pair(request.path_params["token"])
    verb = request.path_params["verb"]
    if found is None or verb not in VERBS:
        return Response(status_code=404)
    pair, may_steer = found
    if not may_steer:
        return Response(status_code=403)
    pair.a.seen()
    VERBS[verb](pair, request.query_params)
    return Response(status_code=204)
