"""Messages of JSON and bytes."""

from __future__ import annotations

import pytest

from gan_core.packing import pack, unpack


@pytest.mark.parametrize("text", ["", "a", "ab", "abc", "abcd", "ü 生成器"])
def test_what_was_packed_comes_back_and_the_bytes_are_aligned(text):
    message = pack({"text": text}, b"\x01\x02")
    assert unpack(message) == ({"text": text}, b"\x01\x02")
    assert (len(message) - 2) % 4 == 0
