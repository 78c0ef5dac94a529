"""What pages ask the routes: a small JSON object, and the answer where it is not to be had."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gan_core.config import SettingError

MOST_BYTES = 4096
_NO_STORE = {"Cache-Control": "no-store"}


async def read(request: Request) -> dict[str, Any]:
    """Return the JSON object that was sent; what is longer than any of ours is not even read.

    Raises:
        SettingError: if it is none, or too long.
    """
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > MOST_BYTES:
            raise SettingError("body", f"at most {MOST_BYTES} bytes", len(content))
    try:
        asked = json.loads(content)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise SettingError("body", "a JSON object", bytes(content[:40]))
    return asked


def answered(content: dict[str, Any]) -> Response:
    """Answer with JSON that nobody keeps."""
    return JSONResponse(content, headers=_NO_STORE)


def refused(error: SettingError) -> Response:
    """Answer with the field that was wrong, and the range that it has."""
    return JSONResponse(
        {"code": "range", "field": error.name, "range": error.allowed},
        status_code=400,
        headers=_NO_STORE,
    )
