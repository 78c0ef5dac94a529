"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine() -> str:
    """Return cores, processor and library versions in one line."""
    import torch

    info = Path("/proc/cpuinfo")
    names = (
        [line for line in info.read_text().splitlines() if "model name" in line]
        if info.exists()
        else []
    )
    processor = names[0].split(":", 1)[1].strip() if names else platform.processor()
    return (
        f"{os.cpu_count()} cores, {processor}, Python {platform.python_version()}, "
        f"torch {torch.__version__}"
    )
