"""Pictures from the shipped weights, for the first page: ``api/shipped/...``."""

from __future__ import annotations

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
    seed = _seed(request)
    if seed is None:
        return Response(status_code=404)
    return _answer(await run_in_threadpool(_fake, seed))


async def noise(request: Request) -> Response:
    """Answer with that noise itself, drawn as grey squares."""
    seed = _seed(request)
    if seed is None:
        return Response(status_code=404)
    return _answer(await run_in_threadpool(_noise, seed))


def _seed(request: Request) -> int | None:
    text = request.path_params["seed"]
    return int(text) if text.isdecimal() and len(text) <= len(str(LARGEST_SEED)) else None


def _answer(content: bytes) -> Response:
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
