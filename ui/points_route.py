"""The route for a visitor's own points: drawn ones or a file in, a name for them out.

``POST api/points/own`` takes JSON ``{"points": [[x, y], ...]}`` as they were drawn, or
the bytes of a CSV. What it answers with names the points for a new run, and for nobody else.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections import OrderedDict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gan_core.config import OWN_POINTS
from ui.questions import answered
from ui.small_nets import apart

if TYPE_CHECKING:
    from gan_core.points.own import Own
    from gan_core.points.sets import PointData

MOST_BYTES = 8 * 1024 * 1024
MOST_KEPT = 64  # sets of at most 20,000 points: 10 MB in all
PREVIEW = 400


class Drawer:
    """Own points by name, bounded; the oldest go first. Safe to use from many threads."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[str, PointData] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, data: PointData) -> str:
        """Keep points; return a name that nobody can guess."""
        name = secrets.token_urlsafe(12)
        with self._lock:
            self._kept[name] = data
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return name

    def get(self, name: str) -> PointData | None:
        """Return points by their name; used again, they are new again."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
            return self._kept.get(name)


@lru_cache(maxsize=1)
def drawer() -> Drawer:
    """Return the one drawer of this process."""
    return Drawer()


def own(name: str) -> PointData | None:
    """Return the points that a visitor has handed in, for a run to learn from."""
    return drawer().get(name)


def routes() -> list[BaseRoute]:
    """Return the routes to mount beside Streamlit's own."""
    return [Route("/api/points/own", hand_in, methods=["POST"])]


async def hand_in(request: Request) -> Response:
    """Take in points; answer with their name, or with what is wrong with them."""
    content = await _read(request)
    if content is None:
        return _refused("too_large", f"{MOST_BYTES >> 20} MB")
    drawn = request.headers.get("content-type", "").startswith("application/json")
    return await apart(_taken, content, drawn)


async def _read(request: Request) -> bytes | None:
    """Return what was sent; what is too long is not even read to its end."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > MOST_BYTES:
            return None
    return bytes(content)


def _taken(content: bytes, drawn: bool) -> Response:
    from gan_core.points.own import PointsError
    from gan_core.points.sets import PointData

    try:
        found = _points(content, drawn)
    except PointsError as error:
        return _refused(error.code, error.detail)
    name = drawer().put(PointData(OWN_POINTS, found.points, None, rows=found.rows))
    preview = [[round(x, 4), round(y, 4)] for x, y in found.points[:PREVIEW].tolist()]
    return answered({"id": name, "rows": found.rows, "kept": found.kept, "points": preview})


def _points(content: bytes, drawn: bool) -> Own:
    from gan_core.points.own import PointsError, from_drawing, read_csv

    if not drawn:
        return read_csv(content)
    try:
        asked: Any = json.loads(content)
        return from_drawing(asked["points"])
    except (ValueError, RecursionError, TypeError, KeyError) as error:
        if isinstance(error, PointsError):
            raise
        raise PointsError("not_numbers", "") from error


def _refused(code: str, detail: str) -> Response:
    return JSONResponse(
        {"code": code, "detail": detail}, status_code=400, headers={"Cache-Control": "no-store"}
    )
