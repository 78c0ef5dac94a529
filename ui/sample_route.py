"""Pictures from the shipped weights, for the first page: ``api/shipped/...``."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gan_core.pictures import contact_sheet, png, to_grey
from ui import warm

COUNT = 8
LARGEST_SEED = 9999
_FOREVER = {"Cache-Control": "max-age=86400"}


def routes() -> list[BaseRoute]:
    """Return the routes to mount beside Streamlit's own."""
    return [
        Route("/api/shipped/fake/{seed}.png", fake),
        Route("/api/shipped/noise/{seed}.png", noise),
    ]


async def fake(request: Request) -> Response:
    """Answer with eight digits that the shipped generator makes of this seed's noise."""
    return await _answer(request, _fake)


async def noise(request: Request) -> Response:
    """Answer with that noise itself, drawn as grey squares."""
    return await _answer(request, _noise)


async def _answer(request: Request, make: Callable[[int], bytes]) -> Response:
    text = request.path_params["seed"]
    if not text.isdecimal() or len(text) > len(str(LARGEST_SEED)):
        return Response(status_code=404)
    content = await run_in_threadpool(make, int(text))
    return Response(content, media_type="image/png", headers=_FOREVER)


@lru_cache(maxsize=512)
def _fake(seed: int) -> bytes:
    warm.wait()
    from gan_core.latent import draw
    from gan_core.pretrained import load_generator

    generator = load_generator("dcgan")
    return png(contact_sheet(to_grey(generator(draw(COUNT, generator.latent_dim, seed))), 4))


@lru_cache(maxsize=512)
def _noise(seed: int) -> bytes:
    warm.wait()
    from gan_core.latent import draw
    from gan_core.pretrained import load_generator

    z = draw(COUNT, load_generator("dcgan").latent_dim, seed)
    squares = z[:, :64].clamp(-2.5, 2.5).div(2.5).view(COUNT, 1, 8, 8)
    return png(contact_sheet(to_grey(squares), 4), scale=2)
