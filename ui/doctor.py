"""The doctor beside a run: what its numbers say, in sentences that the browser keeps fresh."""

from __future__ import annotations

from ui import words
from ui.live import browser_component
from ui.runs import Seat
from ui.state import t, visit
from ui.twins import Found


def beside(seat: Seat) -> None:
    """Show what the doctor says of a run."""
    _show("run", seat.run.view_token, [""])


def beside_both(found: Found) -> None:
    """Show what the doctor says of A and of B."""
    _show("pair", found.pair.view_token, ["A", "B"])


def name(symptom: str) -> str:
    """Return what the doctor calls a symptom."""
    return t(f"doctor.name_{symptom}")


def _show(kind: str, token: str, marks: list[str]) -> None:
    browser_component("doctor", "widgets")(
        key="doctor",
        data={
            "kind": kind,
            "token": token,
            "marks": marks,
            "words": words.section(visit().language, "doctor"),
        },
    )
