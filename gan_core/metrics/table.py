"""A report as text: every measure beside real pictures' own, and what it does not see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gan_core.metrics.evaluate import COVERAGE_K, FIDELITY_K, Report, Row

MISSING = "–"


@dataclass(frozen=True, slots=True)
class Line:
    """One measure: its name, where a row has it, how it is written, what it is blind to."""

    name: str
    place: str
    layout: str
    blind: str


LINES = (
    Line("Fréchet distance, 64 features", "frechet", ".2f", "shape beyond covariance, copies"),
    Line(f"precision, k = {FIDELITY_K}", "fidelity.precision", ".3f", "what is left out, copies"),
    Line(f"recall, k = {FIDELITY_K}", "fidelity.recall", ".3f", "how good the others are"),
    Line(
        f"density, k = {COVERAGE_K}", "spread.density", ".3f", "what is left out; has no upper end"
    ),
    Line(f"coverage, k = {COVERAGE_K}", "spread.coverage", ".3f", "what is generated besides"),
    Line("classes with 1 % or more", "classes.covered", "d", "all within a class, and quality"),
    Line("KL(classes ‖ uniform), nats", "classes.kl", ".4f", "all within a class, and quality"),
    Line("class score, 1 to 10", "score", ".2f", "collapse within a class, copies"),
    Line("near copies", "copies.near_share", ".1%", "copies that are shifted or redrawn"),
    Line("distance to training, ratio", "copies.distance_ratio", ".2f", "few copies among many"),
    Line("C_T, far below 0 for copies", "copies.score", ".1f", "few copies among many"),
)


def as_text(report: Report) -> str:
    """Return the report as lines of text."""
    rows = (report.generated, report.real)
    cells = [
        ("measure", "generated", "real v. real", "blind to"),
        *((line.name, *(_written(line, row) for row in rows), line.blind) for line in LINES),
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        f"{name:{widths[0]}}  {made:>{widths[1]}}  {real:>{widths[2]}}  {blind}"
        for name, made, real, blind in cells
    ]
    return "\n".join([*lines, "", *_notes(report)])


def _written(line: Line, row: Row) -> str:
    found: Any = row
    for name in line.place.split("."):
        if found is None:
            return MISSING
        found = getattr(found, name)
    return MISSING if found is None else format(found, line.layout)


def _notes(report: Report) -> list[str]:
    notes = [
        f"N = {report.count:,} pictures on either side ({report.key}). "
        "Numbers of another N are not comparable.",
        "real v. real: real pictures in the place of the generated ones. "
        "A perfect generator scores about that.",
        "The features are the course's own digit classifier's: this is no FID.",
    ]
    made, real = report.generated.classes, report.real.classes
    if made is None or real is None:
        notes.append("No classes: the classifier reads MNIST's digits alone.")
    else:
        for name, shares in (("generated", made.shares), ("real", real.shares)):
            listed = " ".join(f"{100 * share:.1f}" for share in shares)
            notes.append(f"classes 0 to 9 in %, {name}: {listed}")
    copies = report.generated.copies
    if copies is None:
        notes.append("Copies cannot be told: too few real pictures that G has not seen.")
    else:
        notes.append(
            f"Copies: {copies.count:,} pictures looked up among all training pictures, "
            f"beside {copies.unseen:,} unseen real ones."
        )
    return notes
