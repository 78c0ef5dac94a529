"""Loading in the background, in a process of its own: it cannot be undone in this one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

# What ui/shell.py imports and app.py mounts; the shell itself is a script that draws.
SHELL = (
    "ui.words",
    "ui.state",
    "ui.warm",
    "ui.lessons",
    "ui.live_route",
    "ui.sample_route",
    "ui.server",
)
SLOW = ("torch", "torchvision", "plotly", "sklearn")

PROGRAM = """
import gc, json, sys
from importlib import import_module

import streamlit
loaded_by_streamlit = sorted(sys.modules)
for name in sys.argv[1:]:
    import_module(name)
loaded_by_the_shell = sorted(sys.modules)
from ui import warm
done_before = warm.is_done()
warm.start()
warm.wait_until_done()
print(json.dumps({
    "by_streamlit": loaded_by_streamlit,
    "by_the_shell": loaded_by_the_shell,
    "in_the_end": sorted(sys.modules),
    "done": [done_before, warm.is_done()],
    "frozen": gc.get_freeze_count(),
    "left": len(gc.get_objects()),
}))
"""


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """Return what a fresh process says before and after it has warmed up."""
    outcome = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, *SHELL],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(outcome.stdout)
    return answer


def test_the_shell_loads_nothing_slow(told):
    assert set(SHELL) <= set(told["by_the_shell"])
    own = set(told["by_the_shell"]) - set(told["by_streamlit"])  # it loads a part of plotly
    assert set(SLOW) & own == set()
    assert "torch" not in told["by_the_shell"]


def test_warming_up_loads_torch(told):
    assert {"torch", "plotly.graph_objects", "gan_core.trainer"} <= set(told["in_the_end"])
    assert told["done"] == [False, True]


def test_what_is_loaded_is_out_of_the_garbage_collectors_sight(told):
    """A full collection over torch's objects would hold up every thread after every script."""
    assert told["frozen"] > 50_000
    assert told["left"] < told["frozen"] / 10
