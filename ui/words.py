"""Every word on the screen, from one catalogue per language."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).parent.parent / "assets"
LANGUAGES = {"en": "English", "zh": "中文"}
DEFAULT = "en"


@lru_cache(maxsize=4)
def catalogue(language: str) -> dict[str, str]:
    """Return all words of a language, keys joined by dots: ``train.title``."""
    text = (ASSETS / "words" / f"{language}.toml").read_text("utf-8")
    return dict(_flat(tomllib.loads(text), ""))


def _flat(table: dict[str, Any], prefix: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in table.items():
        name = prefix + key
        pairs += _flat(value, name + ".") if isinstance(value, dict) else [(name, str(value))]
    return pairs


def translate(language: str, key: str, **values: object) -> str:
    """Return a sentence with its ``{placeholders}`` filled.

    Raises:
        KeyError: if the catalogue has no such key.
    """
    sentence = catalogue(language)[key]
    return sentence.format(**values) if values else sentence


def section(language: str, name: str) -> dict[str, str]:
    """Return all words below ``name``, without that prefix; for browser components."""
    prefix = name + "."
    return {
        key[len(prefix) :]: text
        for key, text in catalogue(language).items()
        if key.startswith(prefix)
    }


@lru_cache(maxsize=64)
def lesson(language: str, name: str) -> str:
    """Return a piece of lesson prose in Markdown."""
    return (ASSETS / "lessons" / language / f"{name}.md").read_text("utf-8")
