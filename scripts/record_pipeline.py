"""Record the first page's pictures: ``python scripts/record_pipeline.py``.

The page shows them until torch has loaded. The real digits are chosen by hand;
noise and fakes are the very answers of ``api/shipped/...`` for one seed, so the
first live picture differs from the recorded one in nothing but its seed.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gan_core.checkpoint import write_atomically
from gan_core.data.images import embedded_digits
from gan_core.pictures import contact_sheet, png, to_grey
from ui import sample_route

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "assets" / "pictures"
SEED = 3  # RECORDED_SEED in ui/browser/pipeline.js says the same
COLUMNS = 4

# Clearly written, all different: 3 0 6 2 / 5 9 4 8.
REAL = (345, 812, 1261, 463, 365, 1360, 41, 1295)


def real() -> bytes:
    """Return a contact sheet of eight real digits."""
    return png(contact_sheet(to_grey(embedded_digits().images[list(REAL)]), COLUMNS))


def main() -> None:
    """Write the three pictures; the last two need the shipped weights ``dcgan``."""
    for name, make in (
        ("real", real),
        ("fake", lambda: sample_route._fake(SEED)),
        ("noise", lambda: sample_route._noise(SEED)),
    ):
        path = FOLDER / f"pipeline_{name}.png"
        write_atomically(path, make())
        print(path.relative_to(ROOT), path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
