"""Loading what is slow while nobody waits for it.

The first page needs no torch. Once it is out, a thread imports torch and the
rest; then ``gc.freeze()`` moves all of that out of the garbage collector's
sight. Streamlit runs a full collection after every script, which over torch's
objects takes 100-340 ms and holds up every other thread.
"""

from __future__ import annotations

import gc
import threading
import time
from importlib import import_module

from gan_core.config import SHIPPED_KEYS
from ui.shelf import shipped_card

_FIRST = ("torch", "gan_core.trainer", "gan_core.pretrained", "gan_core.latent")
_LATER = (
    "torchvision.datasets",
    "sklearn.datasets",
    "sklearn.decomposition",
    "plotly.graph_objects",
)

# A page that has waited for torch now builds its run: let it go first.
_PAUSE_SECONDS = 3.0

_started = threading.Lock()
_done = threading.Event()


def start(delay: float = 0.0) -> None:
    """Begin loading in the background, ``delay`` seconds from now; once per process."""
    if _started.acquire(blocking=False):
        timer = threading.Timer(delay, _load)
        timer.daemon = True
        timer.start()


def wait() -> None:
    """Return when torch and the core are loaded, here or by the thread; at once, if they are."""
    start()
    for name in _FIRST:
        import_module(name)


def is_done() -> bool:
    """Say whether everything slow is loaded and frozen."""
    return _done.is_set()


def wait_until_done() -> None:
    """Return when everything slow is loaded and frozen."""
    start()
    _done.wait()


def _load() -> None:
    try:
        for name in _FIRST:
            import_module(name)
        use_one_thread()
        time.sleep(_PAUSE_SECONDS)
        for name in _LATER:
            import_module(name)
        for key in SHIPPED_KEYS:
            shipped_card(key)
        freeze()
    finally:
        _done.set()


def use_one_thread() -> None:
    """Let a request compute on the thread that answers it; runs in training choose for themselves.

    With more, OpenMP's threads spin after each small product: a search for the
    nearest digit took 18 ms of processor time in place of 3.
    """
    import torch

    torch.set_num_threads(1)


def freeze() -> None:
    """Take all objects that live now out of later garbage collections."""
    gc.collect()
    gc.freeze()
