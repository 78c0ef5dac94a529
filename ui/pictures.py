"""Pictures inside a page, without a file on the server that could be gone too soon."""

from __future__ import annotations

import base64


def inline(png: bytes) -> str:
    """Return a PNG as a ``data:`` address, for ``st.image`` and browser components."""
    return "data:image/png;base64," + base64.b64encode(png).decode()
