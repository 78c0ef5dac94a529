"""Tensors to greys to PNG and GIF, and uploads back to greys."""

from __future__ import annotations

import io
import json
import random
import re
import struct
import warnings
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFile

from gan_core import pictures as module
from gan_core.data.images import embedded_digits
from gan_core.pictures import (
    HEAT_STOPS,
    MAX_FILE_BYTES,
    PictureError,
    compared,
    contact_sheet,
    framed,
    gif,
    heat,
    letter,
    png,
    read_digit,
    to_grey,
)
from gan_core.pretrained import load_classifier


def opened(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


@pytest.mark.parametrize(("value", "grey"), [(-1, 0), (1, 255), (0, 128), (-9, 0), (9, 255)])
def test_minus_one_is_black_and_one_is_white(value, grey):
    assert (to_grey(torch.full((1, 1, 2, 2), float(value))) == grey).all()


def test_every_grey_comes_back_from_the_training_scale():
    greys = torch.arange(256, dtype=torch.float32).view(1, 1, 16, 16)
    assert np.array_equal(to_grey(greys / 127.5 - 1).ravel(), np.arange(256))


def test_looking_at_a_tensor_does_not_change_it(pictures):
    before = pictures.clone()
    to_grey(pictures)
    assert torch.equal(pictures, before)


def test_pictures_that_carry_gradients_can_be_looked_at(pictures):
    assert to_grey(pictures.clone().requires_grad_()).shape == (24, 28, 28)


@pytest.mark.parametrize("place", range(6))
def test_a_sheet_is_read_row_by_row(place):
    images = np.arange(6, dtype=np.uint8)[:, None, None].repeat(2, 1).repeat(3, 2)
    sheet = contact_sheet(images, columns=3)
    row, column = divmod(place, 3)
    assert (sheet[2 * row : 2 * row + 2, 3 * column : 3 * column + 3] == place).all()


def test_missing_places_are_black():
    sheet = contact_sheet(np.full((3, 2, 2), 255, dtype=np.uint8), columns=2)
    assert (sheet[2:, 2:] == 0).all()


@pytest.mark.parametrize(("count", "shape"), [(1, (2, 2)), (2, (2, 4)), (5, (4, 6)), (9, (6, 6))])
def test_a_sheet_is_as_square_as_can_be(count, shape):
    assert contact_sheet(np.zeros((count, 2, 2), dtype=np.uint8)).shape == shape


def test_a_png_holds_every_pixel():
    picture = np.arange(64, dtype=np.uint8).reshape(8, 8)
    assert np.array_equal(opened(png(picture)), picture)


def test_an_enlarged_png_repeats_every_pixel():
    picture = np.arange(4, dtype=np.uint8).reshape(2, 2)
    assert np.array_equal(opened(png(picture, scale=3)), picture.repeat(3, 0).repeat(3, 1))


# Films ------------------------------------------------------------------------------------


@pytest.fixture
def frames() -> np.ndarray:
    """Five frames (5, 6, 4), all different."""
    return np.random.default_rng(0).integers(0, 256, (5, 6, 4), dtype=np.uint8)


def test_a_film_runs_for_ever(frames):
    film = Image.open(io.BytesIO(gif(frames, 80)))
    assert film.format == "GIF"
    assert film.info["loop"] == 0  # 0 is "without end"
    assert film.info["duration"] == 80


def test_a_film_holds_every_pixel_of_every_frame(frames):
    film = Image.open(io.BytesIO(gif(frames, 80, scale=3)))
    assert film.n_frames == 5
    for number, frame in enumerate(frames):
        film.seek(number)
        assert np.array_equal(np.asarray(film.convert("L")), frame.repeat(3, 0).repeat(3, 1))


@pytest.mark.parametrize("scale", [1, 8])
def test_a_film_is_enlarged(frames, scale):
    assert Image.open(io.BytesIO(gif(frames, 80, scale))).size == (4 * scale, 6 * scale)


def test_a_film_in_which_nothing_moves_is_still_a_film():
    film = Image.open(io.BytesIO(gif(np.zeros((3, 28, 28), dtype=np.uint8), 40)))
    assert film.size == (224, 224)


# Uploads ------------------------------------------------------------------------------------

SPACE = 20  # MNIST's digits fill a box of 20x20 in the 28x28


def encoded(picture: np.ndarray, kind: str = "PNG", mode: str = "L", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).convert(mode).save(buffer, format=kind, **options)
    return buffer.getvalue()


def drawn(width: int = 120, height: int = 90) -> np.ndarray:
    """A seven in white on black, somewhere off the middle."""
    picture = np.zeros((height, width), dtype=np.uint8)
    picture[10:16, 60:90] = 255
    for row in range(16, 60):
        left = 84 - (row - 16) // 2
        picture[row, left : left + 6] = 255
    return picture


def tilted(width: int, height: int) -> np.ndarray:
    """A bar across the middle of a picture of any size, a third of its length."""
    picture = np.zeros((height, width), dtype=np.uint8)
    rows = slice(height // 3, max(height // 3 + 1, 2 * height // 3))
    columns = slice(width // 2, max(width // 2 + 1, width // 2 + width // 8))
    picture[rows, columns] = 255
    return picture


def transparent(picture: np.ndarray) -> bytes:
    """Black ink on nothing at all, as drawing programs save it."""
    buffer = io.BytesIO()
    ink = np.zeros((*picture.shape, 4), dtype=np.uint8)
    ink[..., 3] = picture
    Image.fromarray(ink).save(buffer, format="PNG")
    return buffer.getvalue()


def palette_with_transparency(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray((picture > 127).astype(np.uint8))
    image = image.convert("P")
    image.putpalette([9, 200, 30, 0, 0, 40] + [0] * 762)
    image.save(buffer, format="PNG", transparency=0)  # the green is not seen
    return buffer.getvalue()


def mixed(picture: np.ndarray, kind: str, mode: str = "RGB") -> bytes:
    """Dark blue on yellowish paper."""
    share = picture[..., None] / 255
    colours = share * np.array([20, 30, 120]) + (1 - share) * np.array([245, 240, 215])
    image = Image.fromarray(colours.astype(np.uint8))
    buffer = io.BytesIO()
    (image.quantize(8) if mode == "P" else image.convert(mode)).save(buffer, format=kind)
    return buffer.getvalue()


KINDS: dict[str, Callable[[np.ndarray], bytes]] = {
    "grey PNG": encoded,
    "dark on light": lambda picture: encoded(255 - picture),
    "black and white": lambda picture: encoded(picture, mode="1"),
    "16 bits": lambda picture: encoded(picture.astype(np.uint16) * 257, mode="I;16"),
    "RGB PNG": lambda picture: mixed(picture, "PNG"),
    "RGBA": lambda picture: mixed(picture, "PNG", "RGBA"),
    "RGBA with transparency": transparent,
    "grey with opacity": lambda picture: encoded(picture, mode="LA"),
    "palette": lambda picture: mixed(picture, "PNG", "P"),
    "palette with transparency": palette_with_transparency,
    "grey JPEG": lambda picture: encoded(picture, "JPEG", quality=95),
    "RGB JPEG": lambda picture: mixed(picture, "JPEG"),
    "CMYK JPEG": lambda picture: mixed(picture, "JPEG", "CMYK"),
    "progressive JPEG": lambda picture: encoded(picture, "JPEG", progressive=True, quality=95),
}


def box(picture: np.ndarray, above: int = 0) -> tuple[int, int]:
    """Height and width of the ink."""
    rows, columns = np.nonzero(picture > above)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def centre(picture: np.ndarray) -> tuple[float, float]:
    """The centre of mass: row, column."""
    weights = picture.astype(np.float64)
    rows, columns = np.indices(picture.shape)
    return tuple(float((place * weights).sum() / weights.sum()) for place in (rows, columns))


@pytest.mark.parametrize("kind", KINDS)
def test_a_digit_is_read_from_every_kind_of_file(kind):
    read = read_digit(KINDS[kind](drawn()))
    assert (read.shape, read.dtype) == ((28, 28), np.uint8)
    plain = read_digit(encoded(drawn()))
    assert np.abs(read.astype(int) - plain).mean() < 6
    assert read.max() > 200


@pytest.mark.parametrize("kind", KINDS)
def test_ink_is_white_and_ground_is_black(kind):
    read = read_digit(KINDS[kind](drawn()))
    assert np.median(read) == 0
    assert read[0].max() == read[-1].max() == read[:, 0].max() == read[:, -1].max() == 0
    assert 0.02 < (read > 127).mean() < 0.3


def test_dark_on_light_is_the_same_digit_turned_round():
    assert np.array_equal(read_digit(encoded(255 - drawn())), read_digit(encoded(drawn())))


@pytest.mark.parametrize(
    ("width", "height"),
    [(1, 1000), (1000, 1), (2000, 50), (50, 2000), (28, 28), (20, 20), (3, 3), (3999, 4000)],
)
def test_a_picture_of_any_size_becomes_28_by_28(width, height):
    read = read_digit(encoded(tilted(width, height)))
    assert read.shape == (28, 28)
    assert max(box(read)) == SPACE
    assert read.max() > 100


@pytest.mark.parametrize("kind", KINDS)
def test_the_ink_fills_20_by_20_around_its_centre_of_mass(kind):
    read = read_digit(KINDS[kind](drawn()))
    assert max(box(read)) == SPACE
    assert centre(read) == pytest.approx((13.5, 13.5), abs=0.51)


def test_the_shape_of_the_ink_is_kept():
    bar = np.zeros((100, 100), dtype=np.uint8)
    bar[20:80, 40:55] = 255  # 60 x 15: 20 x 5
    assert box(read_digit(encoded(bar)), above=127) == (20, 5)


def test_where_the_ink_stands_does_not_matter():
    picture = drawn()
    moved = np.roll(picture, (20, -50), axis=(0, 1))
    assert np.array_equal(read_digit(encoded(moved)), read_digit(encoded(picture)))


def test_paper_is_never_quite_even():
    paper = np.random.default_rng(1).normal(215, 4, drawn().shape)
    page = np.where(drawn() > 127, 60, paper).astype(np.uint8)
    read = read_digit(encoded(page, "JPEG"))
    assert np.abs(read.astype(int) - read_digit(encoded(drawn()))).mean() < 6


def test_a_pale_pencil_is_lifted_to_white():
    pale = (drawn() * 0.3).astype(np.uint8)
    assert read_digit(encoded(pale)).max() == 255


@pytest.mark.parametrize("pen", [2, 5, 20])
def test_a_thin_pen_is_as_white_as_a_thick_one(pen):
    picture = np.zeros((400, 400), dtype=np.uint8)
    picture[50:350, 200 : 200 + pen] = 255
    picture[50 : 50 + pen, 120:200] = 255
    assert read_digit(encoded(picture)).max() == 255


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """A hundred real digits, spread over the embedded ones, with what they are."""
    data = embedded_digits()
    return to_grey(data.images[::18]), data.labels[::18].numpy()


def recognised(greys: np.ndarray, labels: np.ndarray) -> float:
    pictures = torch.from_numpy(greys).float().div(127.5).sub(1).unsqueeze(1)
    return float((load_classifier()(pictures).argmax(1).numpy() == labels).mean())


def test_what_is_read_is_framed_as_the_classifier_knows_it(digits):
    greys, labels = digits
    read = np.stack([read_digit(png(255 - grey, scale=7)) for grey in greys])
    assert recognised(read, labels) > 0.93


def test_a_digit_that_was_cut_out_closely_is_read_too(digits):
    """Ink may then cover more than half of the picture; the ground is what the edge is made of."""
    greys, labels = digits
    read = []
    for grey in greys:
        rows, columns = np.nonzero(grey > 40)
        cut = grey[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        read.append(read_digit(png(np.pad(cut, 1), scale=7)))
    assert recognised(np.stack(read), labels) >= 0.93


def test_a_thick_ring_that_fills_its_picture_is_read():
    rows, columns = np.indices((60, 40))
    radius = np.hypot((rows - 29.5) / 30, (columns - 19.5) / 20)
    ring = np.where((radius < 1) & (radius > 0.45), 255, 0).astype(np.uint8)
    assert (ring > 0).mean() > 0.6
    for picture in (ring, 255 - ring):
        assert box(read_digit(encoded(picture)), above=127) == pytest.approx((20, 13), abs=1)


@pytest.mark.parametrize(
    ("orientation", "turned"),
    [
        (1, lambda upright: upright),
        (3, lambda upright: np.rot90(upright, 2)),
        (6, lambda upright: np.rot90(upright, 1)),  # to be turned clockwise for looking
        (8, lambda upright: np.rot90(upright, -1)),
    ],
)
def test_a_photograph_is_read_as_its_camera_was_held(orientation, turned):
    """Telephones store what the sensor saw, and in EXIF how to turn it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(turned(255 - drawn()))
    read = read_digit(encoded(stored, "JPEG", quality=95, exif=exif))
    upright = read_digit(encoded(255 - drawn(), "JPEG", quality=95))
    assert np.abs(read.astype(int) - upright).mean() < 3


# Uploads that are refused -------------------------------------------------------------------


def code_of(content: bytes) -> str:
    with pytest.raises(PictureError) as caught:
        read_digit(content)
    assert isinstance(caught.value, ValueError)
    return caught.value.code


def test_nothing_is_not_a_picture():
    assert code_of(b"") == "not_an_image"


@pytest.mark.parametrize(
    "content",
    [
        b"seven",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7\n",
        b"\x80\x04.",
        bytes(1000),
        "点".encode(),
    ],
)
def test_other_files_are_not_pictures(content):
    assert code_of(content) == "not_an_image"


@pytest.mark.parametrize("kind", ["GIF", "BMP", "WEBP", "TIFF", "PPM"])
def test_other_kinds_of_pictures_are_refused(kind):
    assert code_of(encoded(drawn(), kind)) == "not_an_image"


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("share", [0.5, 0.7, 0.9])
def test_a_file_that_was_cut_off_is_damaged(kind, share):
    noise = np.random.default_rng(3).integers(0, 256, (90, 120), dtype=np.uint8)
    content = encoded(noise, kind)
    assert code_of(content[: int(share * len(content))]) == "damaged"


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((40, 40)),
        np.full((40, 40), 255),
        np.full((40, 40), 127),
        np.full((40, 40), 128),
        np.zeros((1, 1)),
        np.random.default_rng(2).integers(240, 256, (40, 40)),
        np.random.default_rng(2).integers(0, 16, (40, 40)),
    ],
)
def test_a_blank_sheet_is_empty(picture):
    assert code_of(encoded(picture.astype(np.uint8))) == "empty"


def test_nothing_but_transparency_is_empty():
    assert code_of(transparent(np.zeros((40, 40), dtype=np.uint8))) == "empty"


def specks(width: int, height: int) -> np.ndarray:
    """Two dots so far apart that nothing is left of them at 20x20."""
    picture = np.zeros((height, width), dtype=np.uint8)
    picture[3, 3] = picture[-12, -12] = 255
    return picture


@pytest.mark.parametrize("size", [(512, 512), (500, 300)])
def test_specks_of_which_nothing_is_left_are_empty(size):
    assert code_of(encoded(specks(*size))) == "empty"
    with pytest.raises(PictureError, match="empty"):
        framed(specks(*size))


def refuse(*_arguments: object, **_options: object) -> None:
    raise AssertionError("it was decoded")


def test_a_file_that_is_too_large_is_not_even_opened(monkeypatch):
    monkeypatch.setattr(module.Image, "open", refuse)
    assert code_of(bytes(MAX_FILE_BYTES + 1)) == "too_large"


def test_a_file_may_be_as_large_as_the_limit():
    content = encoded(drawn())
    padded = content + bytes(MAX_FILE_BYTES - len(content))
    assert read_digit(padded).shape == (28, 28)


def chunk(kind: bytes, content: bytes) -> bytes:
    whole = kind + content
    return struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))


def declared_png(width: int, height: int) -> bytes:
    """A tiny PNG that says it is large."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def declared_jpeg(width: int, height: int) -> bytes:
    """A tiny JPEG whose frame header says it is large."""
    content = bytearray(encoded(drawn(), "JPEG"))
    frame = content.index(b"\xff\xc0")  # marker, length, precision, height, width
    content[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(content)


LARGE = [(4001, 4000), (64_000, 251), (10_000, 10_000), (20_000, 20_000), (60_000, 60_000)]


@pytest.mark.parametrize("size", LARGE)
@pytest.mark.parametrize("make", [declared_png, declared_jpeg])
@pytest.mark.parametrize("how", ["error", "ignore"])  # Pillow only warns of some
def test_a_file_that_says_it_is_huge_is_refused_before_it_is_decoded(make, size, how, monkeypatch):
    content = make(*size)
    for place in (Image.Image, ImageFile.ImageFile):
        monkeypatch.setattr(place, "load", refuse)
    with warnings.catch_warnings():
        warnings.simplefilter(how)
        assert code_of(content) == "too_many_pixels"


@pytest.mark.parametrize("seed", range(200))
def test_any_damage_is_a_picture_error_or_a_picture(seed):
    chance = random.Random(seed)
    kinds = [encoded(drawn()), encoded(drawn(), "JPEG"), palette_with_transparency(drawn())]
    content = bytearray(chance.choice(kinds))
    for _ in range(chance.randint(1, 6)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow tells of odd files; they are judged here
        with suppress(PictureError):
            assert read_digit(bytes(content)).shape == (28, 28)


@pytest.mark.parametrize("seed", range(20))
def test_damage_in_what_a_camera_noted_is_no_trouble_either(seed):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    exif[0x8769] = {0x9000: b"0230"}
    whole = encoded(255 - drawn(), "JPEG", exif=exif)
    note, chance = whole.index(b"MM\0*"), random.Random(seed)
    for _ in range(50):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            content[note + chance.randrange(80)] = chance.randrange(256)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with suppress(PictureError):
                assert read_digit(bytes(content)).shape == (28, 28)


# Framing and letters ------------------------------------------------------------------------


def test_framing_does_not_change_what_it_frames():
    picture = drawn()
    before = picture.copy()
    framed(picture)
    assert np.array_equal(picture, before)


def test_ink_at_the_side_of_its_box_is_moved_no_further_than_the_frame():
    """A heavy dot with a long thin tail: the centre of mass would push the tail out."""
    comet = np.zeros((40, 40), dtype=np.uint8)
    comet[:8, :8] = 255
    comet[4, 8:] = 80
    read = framed(np.pad(comet, 30))
    assert max(box(read)) == SPACE


@pytest.mark.parametrize("character", "AEFHKMNRTWXY")
def test_a_letter_is_framed_as_a_digit(character):
    drawing = letter(character)
    assert (drawing.shape, drawing.dtype) == ((28, 28), np.uint8)
    assert max(box(drawing)) == SPACE
    assert centre(drawing) == pytest.approx((13.5, 13.5), abs=0.51)
    assert drawing.max() > 200
    assert np.array_equal(letter(character), drawing)


def test_letters_differ():
    drawings = {letter(character).tobytes() for character in "AEFHKMNRTWXY"}
    assert len(drawings) == 12


# Differences in colour --------------------------------------------------------------------


def test_heat_goes_through_its_stops_and_grows_lighter():
    stops = heat(np.linspace(0, 1, 5)[None])[0]
    assert [tuple(stop) for stop in stops.tolist()] == list(HEAT_STOPS)
    between = heat(np.array([[0.125]]))[0, 0]
    assert between.tolist() == [26, 52, 93]  # the middle of the first two, rounded to even
    fine = heat(np.linspace(0, 1, 101)[None])[0].astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(fine) >= -0.5).all()


def test_the_browser_has_the_same_stops():
    script = Path(__file__).parents[2] / "ui" / "browser" / "latent" / "heat.js"
    listed = re.search(r"STOPS = (\[\[.*\]\])", script.read_text("utf-8"))
    assert listed is not None
    assert json.loads(listed[1]) == [list(stop) for stop in HEAT_STOPS]


def test_pictures_stand_above_what_was_expected_and_what_differs():
    pictures = np.array([[[0, 255], [100, 0]], [[10, 10], [10, 10]]], np.uint8)
    expected = np.array([[[0, 0], [100, 51]], [[10, 10], [10, 10]]], np.uint8)
    sheet = compared(pictures, expected, gap=1)
    assert sheet.shape == (3 * 3 + 1, 2 * 3 + 1, 3)
    assert (sheet[[0, 3, 6, 9]] == 255).all()
    assert (sheet[:, [0, 3, 6]] == 255).all()
    assert (sheet[1:3, 1:3] == pictures[0][..., None]).all()
    assert (sheet[4:6, 4:6] == expected[1][..., None]).all()
    assert (sheet[7:9, 1:3] == heat(np.array([[0, 1], [0, 0.2]]))).all()
    assert (sheet[7:9, 4:6] == HEAT_STOPS[0]).all()


def test_a_picture_in_colours_is_encoded_as_it_is():
    sheet = heat(np.linspace(0, 1, 12).reshape(3, 4))
    image = Image.open(io.BytesIO(png(sheet, 3)))
    assert (image.mode, image.size) == ("RGB", (12, 9))
    assert (np.asarray(image)[::3, ::3] == sheet).all()
