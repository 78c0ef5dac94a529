"""Where the small networks of the lessons are trained: one thread, one core, one at a time.

torch splits even small products over all cores and its threads then wait for each other by
spinning. While something else trains on these cores, a job of 0.3 s took up to 15 s that way.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from starlette.exceptions import HTTPException

from ui import warm

_P = ParamSpec("_P")
_T = TypeVar("_T")


def _prepare() -> None:
    warm.wait()
    warm.use_one_thread()


_worker = ThreadPoolExecutor(1, thread_name_prefix="small-nets", initializer=_prepare)


# So many jobs may wait: a class that presses at once, not a loop that never stops asking.
MOST_WAITING = 64
_places = threading.Semaphore(MOST_WAITING)


async def apart(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Run a function in that thread, after those that came before; return what it returns.

    Raises:
        HTTPException: with status 503, if too many wait.
    """
    if not _places.acquire(blocking=False):
        raise HTTPException(503)
    try:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(_worker, lambda: function(*args, **kwargs))
    finally:
        _places.release()
