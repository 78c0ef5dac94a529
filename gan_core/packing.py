"""One message of JSON and bytes: what explains, and what is explained."""

from __future__ import annotations

import json
from typing import Any

ALIGNMENT = 4


def pack(head: dict[str, Any], content: bytes = b"") -> bytes:
    """Return the length of a JSON text (4 bytes, little endian), the text, and the content.

    The text is filled up with spaces, so that the content begins at a multiple of four and
    a browser can read numbers from it where it lies.
    """
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return len(text).to_bytes(4, "little") + text + content


def unpack(message: bytes) -> tuple[dict[str, Any], bytes]:
    """Take such a message apart."""
    end = 4 + int.from_bytes(message[:4], "little")
    return json.loads(message[4:end]), message[end:]
