"""The science of the course: a GAN, trained one move at a time.

Imports neither streamlit nor plotly, and loads torch only when a name that
needs it is first used, so that a web page can appear before torch does.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "TrainConfig": "gan_core.config",
    "PRESETS": "gan_core.config",
    "load_images": "gan_core.data",
    "DATASETS": "gan_core.data",
    "LOSSES": "gan_core.losses",
    "MODELS": "gan_core.models",
    "PENALTIES": "gan_core.penalties",
    "Trainer": "gan_core.trainer",
    "StepReport": "gan_core.trainer",
    "TrainingDiverged": "gan_core.trainer",
    "History": "gan_core.history",
}

__all__ = [
    "DATASETS",
    "LOSSES",
    "MODELS",
    "PENALTIES",
    "PRESETS",
    "History",
    "StepReport",
    "TrainConfig",
    "Trainer",
    "TrainingDiverged",
    "load_images",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
