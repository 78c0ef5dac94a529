"""From tensors to pictures and back: sheets, PNG, GIF, uploads. Does not import torch."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

if TYPE_CHECKING:
    from torch import Tensor

Grey = npt.NDArray[np.uint8]

SIDE = 28
# Five stops of cividis (Nuñez, Anderton & Renslow 2018): even in lightness, and the same to
# colour-blind eyes. The browser's heat.js has the same.
HEAT_STOPS = ((0, 34, 78), (53, 69, 108), (102, 105, 112), (165, 149, 107), (254, 232, 56))
MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_PIXELS = 16_000_000  # 64 MB when decoded


class PictureError(ValueError):
    """A file that cannot be taken as a picture of a digit.

    ``code`` says why: "too_large", "not_an_image", "too_many_pixels",
    "damaged" or "empty".
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"not a usable picture ({code}): {detail}")
        self.code = code


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


def heat(values: npt.NDArray[np.floating]) -> Grey:
    """Colour values (H, W) from 0 to 1; the bytes (H, W, 3)."""
    places = np.linspace(0, 1, len(HEAT_STOPS))
    channels = [np.interp(values, places, channel) for channel in zip(*HEAT_STOPS, strict=True)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def compared(pictures: Grey, expected: Grey, gap: int = 2) -> Grey:
    """Lay pictures in a row, what was expected instead below, and where they differ below that.

    Args:
        pictures: bytes (N, H, W).
        expected: likewise.
        gap: width of the white lines between them.

    Returns:
        Bytes (rows, columns, 3), the differences coloured from 0 (the same) to 1 (black for
        white).
    """
    apart = np.abs(pictures.astype(np.float64) - expected) / 255
    rows = []
    for row in (*(np.repeat(one[..., None], 3, -1) for one in (pictures, expected)), heat(apart)):
        edged = np.pad(row, ((0, 0), (gap, 0), (gap, 0), (0, 0)), constant_values=255)
        rows.append(np.concatenate(list(edged), axis=1))
    return np.pad(np.concatenate(rows), ((0, gap), (0, gap), (0, 0)), constant_values=255)


def png(picture: Grey, scale: int = 1) -> bytes:
    """Encode a picture (H, W), or one in colours (H, W, 3), as PNG, enlarged ``scale`` times."""
    image = Image.fromarray(picture)
    if scale > 1:
        image = image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


def gif(frames: Grey, milliseconds: int, scale: int = 8) -> bytes:
    """Encode grey frames (N, H, W) as a GIF that loops for ever."""
    images = [
        Image.fromarray(frame).resize(
            (frame.shape[1] * scale, frame.shape[0] * scale), Image.Resampling.NEAREST
        )
        for frame in frames
    ]
    buffer = io.BytesIO()
    images[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=images[1:],
        duration=milliseconds,
        loop=0,
    )
    return buffer.getvalue()


def letter(character: str) -> Grey:
    """Draw a letter (28, 28), framed as a digit: what no digit generator has seen."""
    image = Image.new("L", (64, 64))
    ImageDraw.Draw(image).text(
        (32, 32), character, fill=255, font=ImageFont.load_default(44), anchor="mm"
    )
    return framed(np.asarray(image))


def read_digit(content: bytes) -> Grey:
    """Read a PNG or JPEG of a digit and bring it to (28, 28), white on black.

    The type and the number of pixels are checked before anything is decoded.

    Raises:
        PictureError: if it is not such a file, too large, damaged, or blank.
    """
    if len(content) > MAX_FILE_BYTES:
        raise PictureError("too_large", f"more than {MAX_FILE_BYTES >> 20} MB")
    try:
        image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))
    except UnidentifiedImageError as error:
        raise PictureError("not_an_image", str(error)) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError("too_many_pixels", str(error)) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise PictureError("damaged", str(error)) from error
    if image.width * image.height > MAX_PIXELS:
        raise PictureError("too_many_pixels", f"{image.width} × {image.height}")
    try:
        image.thumbnail((512, 512))
        upright = ImageOps.exif_transpose(image)  # telephones note how they were held
        flat = Image.new("RGBA", upright.size, "white")
        flat.alpha_composite(upright.convert("RGBA"))
    except Exception as error:  # Pillow has no error of its own for a damaged file
        raise PictureError("damaged", str(error)) from error
    return framed(_white_on_black(np.asarray(flat.convert("L"))))


def _white_on_black(grey: Grey) -> Grey:
    """Turn dark ink on a light ground round."""
    return 255 - grey if _ground(grey) > 127 else grey


def _ground(grey: Grey) -> int:
    """Return the grey of the ground: what the edge is made of, however much ink there is."""
    return int(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))


def framed(ink: Grey) -> Grey:
    """Frame white ink on black (H, W) as MNIST does (LeCun 1998): (28, 28).

    The ink's box is scaled to fit 20×20, and its centre of mass is put in the
    middle.

    Raises:
        PictureError: "empty" if nothing stands out from the ground.
    """
    ground = _ground(ink)
    lifted = np.clip((ink.astype(np.int32) - ground) * 255 // max(1, 255 - ground), 0, 255)
    lifted[lifted < lifted.max() * 0.15] = 0  # paper is never quite even
    if lifted.max() < 40:
        raise PictureError("empty", "nothing stands out from the ground")
    rows, columns = np.nonzero(lifted)
    box = lifted[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    image = Image.fromarray((box * (255 / box.max())).astype(np.uint8))
    largest = max(image.size)
    size = tuple(max(1, round(20 * side / largest)) for side in image.size)
    small = np.asarray(image.resize((size[0], size[1]), Image.Resampling.LANCZOS))
    if small.max() < 4:
        raise PictureError("empty", "specks of which nothing is left at this size")
    return _centred((small * (255 / small.max())).astype(np.uint8))  # a thin pen has become grey


def _centred(small: Grey) -> Grey:
    """Put a picture of at most 20×20 into 28×28, its centre of mass in the middle."""
    rows, columns = np.indices(small.shape)
    mass = small.sum(dtype=np.int64)
    middle = (SIDE - 1) / 2
    canvas = np.zeros((SIDE, SIDE), dtype=np.uint8)
    top, left = (
        min(max(round(middle - float((place * small).sum() / mass)), 0), SIDE - length)
        for place, length in ((rows, small.shape[0]), (columns, small.shape[1]))
    )
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas
