"""From tensors to pictures: contact sheets and PNG. Does not import torch."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

if TYPE_CHECKING:
    from torch import Tensor

Grey = npt.NDArray[np.uint8]


def to_grey(images: Tensor) -> Grey:
    """Turn (N, 1, H, W) in [-1, 1] into bytes (N, H, W), 0 black to 255 white."""
    scaled = images.detach().squeeze(1).add(1).mul(127.5).round().clamp(0, 255)
    return scaled.byte().cpu().numpy()


def contact_sheet(images: Grey, columns: int | None = None) -> Grey:
    """Lay (N, H, W) out as one picture, row by row; missing places are black."""
    count, height, width = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    filled = np.zeros((rows * columns, height, width), dtype=np.uint8)
    filled[:count] = images
    grid = filled.reshape(rows, columns, height, width).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(grid.reshape(rows * height, columns * width))


def film_strip(sheets: Sequence[Grey], gap: int = 0) -> Grey:
    """Lay sheets of one height side by side, six pixels of grey ``gap`` between them."""
    space = np.full((sheets[0].shape[0], 6), gap, dtype=np.uint8)
    return np.hstack([part for sheet in sheets for part in (sheet, space)][:-1])


def png(picture: Grey, scale: int = 1) -> bytes:
    """Encode a grey picture (H, W) as PNG, each pixel enlarged ``scale`` times."""
    image = Image.fromarray(picture)
    if scale > 1:
        image = image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
