"""What a browser is told of a run: one frame as JSON, and the bytes of a look.

The browser says what it already holds, so only new points travel.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_core.engine import Frame
from gan_core.history import CURVES, Curves
from gan_core.packing import pack

if TYPE_CHECKING:
    from gan_core.readings import Readings

SHOWN = ("d_loss", "g_loss", "d_real", "d_fake")
_COLUMNS = [CURVES.index(name) for name in SHOWN]


def encode(
    frame: Frame,
    *,
    held_width: int = 0,
    held_bucket: int = 0,
    held_picture: int = 0,
    held_thinned: int = 0,
    held_readings: int = 0,
    extra: dict[str, Any] | None = None,
) -> bytes:
    """Turn a frame into bytes, leaving out what the browser holds."""
    picture = frame.picture
    is_new = picture is not None and picture.id != held_picture
    head = {
        "state": frame.state,
        "reason": None
        if frame.reason is None
        else {
            "code": frame.reason.code,
            "iteration": frame.reason.iteration,
            "detail": frame.reason.detail,
        },
        "run_id": frame.run_id,
        "iteration": frame.iteration,
        "d_moves": frame.discriminator_moves,
        "g_moves": frame.generator_moves,
        "rate": _number(frame.rate),
        "epoch": round(frame.epoch, 3),
        "last_move": frame.report.move if frame.report else "none",
        "report": _report(frame),
        "history": _history(frame.curves, held_width, held_bucket),
        "picture": picture.about if picture is not None and is_new else None,
        "kind": frame.kind,
        "rates": None if frame.rates is None else {"g": frame.rates[0], "d": frame.rates[1]},
        "kept": frame.kept,
        "slow": frame.slow.number if frame.slow else 0,
        "meter": _meter(frame.meter, held_thinned, held_readings),
        "album": [page.iteration for page in frame.album],
        **(extra or {}),
    }
    return pack(head, picture.content if picture is not None and is_new else b"")


def _report(frame: Frame) -> dict[str, Any] | None:
    report = frame.report
    if report is None:
        return None
    numbers = {name: _number(getattr(report, name)) for name in CURVES}
    terms = [_number(term) for term in report.d_terms]
    return {"iteration": report.iteration, **numbers, "d_terms": terms}


def _history(curves: Curves, held_width: int, held_bucket: int) -> dict[str, Any]:
    known = held_width == curves.width and 0 <= held_bucket <= len(curves.mean)
    start = held_bucket if known else 0
    return {
        "width": curves.width,
        "start": start,
        "first_iteration": curves.first,
        "names": SHOWN,
        "low": _rows(curves.low[start:]),
        "high": _rows(curves.high[start:]),
        "mean": _rows(curves.mean[start:]),
    }


def _rows(values: Any) -> list[list[float | None]]:
    kept = np.round(values[:, _COLUMNS], 4).tolist()
    return [[_number(value) for value in row] for row in kept]


def _meter(readings: Readings | None, held_thinned: int, held: int) -> dict[str, Any] | None:
    if readings is None:
        return None
    known = held_thinned == readings.thinned and 0 <= held <= len(readings.rows)
    start = held if known else 0
    return {
        "thinned": readings.thinned,
        "start": start,
        "names": readings.names,
        "centres": readings.centres,
        "iterations": readings.iterations[start:],
        "rows": [[_number(_short(value)) for value in row] for row in readings.rows[start:]],
    }


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _number(value: float | None) -> float | None:
    """JSON has no nan: null says "not measured"."""
    return None if value is None or not math.isfinite(value) else value
