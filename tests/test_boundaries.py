"""Imports point one way: app.py → pages → ui → gan_core."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("gan_core", "ui", "pages", "app")  # each may import those before it
OUTSIDE = ("tests", "benchmarks", "scripts")  # imported by none of them


def files(layer: str) -> list[Path]:
    if layer == "app":
        return [path for path in [ROOT / "app.py"] if path.exists()]
    return sorted((ROOT / layer).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Yield the first name of everything a file imports, at the top or in a function."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def offences(layer: str, forbidden: set[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files(layer)
        for name in imports(path)
        if name in forbidden
    ]


def test_the_layers_are_where_this_test_looks():
    assert len(files("gan_core")) > 10
    assert "torch" in set(imports(ROOT / "gan_core" / "trainer.py"))


def test_the_science_knows_nothing_of_the_web_page():
    assert offences("gan_core", {"streamlit", "plotly", "ui", "pages", "app"}) == []


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_one_way(layer):
    above = set(LAYERS[LAYERS.index(layer) + 1 :])
    assert offences(layer, above | set(OUTSIDE)) == []


def test_what_lessons_share_does_not_import_a_lesson():
    assert offences("ui", {"pages"}) == []


def test_a_lesson_does_not_import_another():
    assert offences("pages", {"pages"}) == []


@pytest.mark.parametrize("word", ["session_state", ".backward("])
def test_a_page_is_a_lesson_plan(word):
    told = [path.name for path in files("pages") if word in path.read_text("utf-8")]
    assert told == []


@pytest.mark.parametrize("module", ["gan_core", "gan_core.config", "gan_core.engine"])
def test_importing_does_not_load_torch(module):
    program = f"import sys, {module}; print(*sorted(sys.modules))"
    outcome = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(outcome.stdout.split())
    assert module in loaded
    assert not {"torch", "torchvision", "streamlit", "sklearn"} & loaded
