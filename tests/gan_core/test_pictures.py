"""Tensors to greys to PNG."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core.pictures import contact_sheet, png, to_grey


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
