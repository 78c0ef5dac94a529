"""What runs beside Streamlit in the same server: the routes, and a faster socket."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from ui import (
    doctor_route,
    game_route,
    guess_route,
    job_route,
    latent_route,
    live_route,
    pair_route,
    points_route,
    sample_route,
)
from ui.runs import engine
from ui.state import t

_log = logging.getLogger(__name__)

BROWSER = Path(__file__).parent / "browser"


def routes() -> list[BaseRoute]:
    """Return everything that is served besides Streamlit's own pages."""
    modules = Mount("/browser", BrowserModules(directory=BROWSER))
    return [
        *live_route.routes(),
        *pair_route.routes(),
        *doctor_route.routes(),
        *sample_route.routes(),
        *guess_route.routes(),
        *game_route.routes(),
        *latent_route.routes(),
        *points_route.routes(),
        *job_route.routes(),
        modules,
    ]


class BrowserModules(StaticFiles):
    """The components' scripts; the browser asks each time whether they have changed."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        """Answer with a file that must be checked before it is used again."""
        response = super().file_response(*arguments, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Prepare the server's sockets; end all runs when it stops."""
    send_small_answers_at_once(asyncio.get_running_loop())
    yield
    engine().close()


def explain_crash(error: Exception) -> bool:
    """Show a sentence in the reader's language in place of a traceback; log the rest."""
    _log.error("page failed", exc_info=error)
    st.error(t("problem.crash"))
    return True


def send_small_answers_at_once(loop: asyncio.AbstractEventLoop) -> None:
    """Set TCP_NODELAY on the listening socket; accepted ones inherit it.

    asyncio does this itself only for sockets made with an explicit TCP
    protocol number, and Streamlit's is not: a small answer on a kept-alive
    connection then waits some 40 ms for the client's delayed acknowledgement.
    """
    create_server = loop.create_server

    async def create(*arguments: Any, **options: Any) -> Any:
        sock = options.get("sock")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return await create_server(*arguments, **options)

    try:
        loop.create_server = create  # type: ignore[method-assign]
    except AttributeError:
        return  # a loop that does not allow this; uvloop sets the option by itself anyway
