"""Own points: what is read, what is refused and why, and where it ends up."""

from __future__ import annotations

import math
import time

import pytest
import torch

from gan_core.points.own import (
    DRAWN_ROWS,
    MOST_BYTES,
    MOST_ROWS,
    REACH,
    PointsError,
    from_drawing,
    read_csv,
)
from gan_core.points.sets import VIEW

TEN = [(k, k * k) for k in range(10)]


def table(rows=TEN, mark=",", head="", ending="\n") -> bytes:
    return (head + ending.join(f"{x}{mark}{y}" for x, y in rows)).encode()


@pytest.mark.parametrize(
    "content",
    [
        table(),
        table(mark=";"),
        table(mark="\t"),
        table(mark=", "),
        table(ending="\r\n"),
        table(head="x,y\n"),
        table(mark=";", head="x;y\n"),
        table(head="\ufeffx,y\n"),
        table() + b"\n\n",
        b"x,y,label\n" + table(ending=",a\n") + b",a",
        "\n".join(f'"{x}","{y}"' for x, y in TEN).encode(),
        "\n".join(f"{x},0;{y},0" for x, y in TEN).encode(),
    ],
    ids=range(12),
)
def test_the_same_table_in_many_spellings(content):
    own = read_csv(content)
    assert (own.rows, own.kept) == (10, 10)
    assert own.points.dtype == torch.float32
    assert torch.allclose(own.points, read_csv(table()).points)


def test_the_data_fill_the_view_and_keep_their_shape():
    points = read_csv(table([(1000 + 3 * k, -7 + k % 2) for k in range(20)])).points
    low, high = points.min(0).values, points.max(0).values
    assert torch.allclose(low[0], torch.tensor(-REACH))
    assert torch.allclose(high[0], torch.tensor(REACH))
    assert torch.allclose((low + high) / 2, torch.zeros(2), atol=1e-6)
    assert (high - low)[1].item() == pytest.approx(2 * REACH / 57, rel=1e-4)


def refusal(content: bytes) -> PointsError:
    with pytest.raises(PointsError) as caught:
        read_csv(content)
    return caught.value


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "too_few"),
        (b"\n\n", "too_few"),
        (b"x,y\n", "too_few"),
        (table(TEN[:9]), "too_few"),
        (table(TEN[:9], head="x,y\n"), "too_few"),
        (table([(3, 4)] * 20), "all_equal"),
        (table([(1e9, 1e9)] * 19 + [(1e9, 1e9 + 1)]), "all_equal"),
        (table([*TEN, ("nan", 1)]), "not_numbers"),
        (table([*TEN, ("inf", 1)]), "not_numbers"),
        (table([*TEN, (1, "")]), "not_numbers"),
        (table([*TEN, ("many", 1)]), "not_numbers"),
        (table() + b"\n5", "not_numbers"),
        (b"\xff\xfe\x00,1\n" * 20, "not_numbers"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not_numbers"),
        (b"\n".join(b"%d" % k for k in range(20)), "no_columns"),
        (b"1 2\n" * 20, "no_columns"),
        (b"0" * (MOST_BYTES + 1), "too_large"),
    ],
    ids=range(17),
)
def test_what_cannot_be_used_is_refused_with_its_reason(content, code):
    assert refusal(content).code == code


def test_the_refusal_names_the_place():
    assert refusal(table([*TEN, ("many", 1)])).detail == "many,1"
    assert refusal(table(TEN[:9])).detail == "9"
    assert "many" in str(refusal(table([*TEN, ("many", 1)])))


def test_a_million_rows_are_sampled_down_and_said():
    content = b"\n".join(b"%d,%d" % (k % 1000, k % 7) for k in range(1_000_000))
    begin = time.perf_counter()
    own = read_csv(content[:MOST_BYTES].rsplit(b"\n", 1)[0])
    assert time.perf_counter() - begin < 20
    assert own.rows > 900_000
    assert own.kept == len(own.points) == MOST_ROWS


def test_sampling_down_is_even_and_repeatable():
    content = table([(k, k) for k in range(60_000)])
    own = read_csv(content)
    assert own.rows == 60_000
    assert own.points.mean().item() == pytest.approx(0, abs=0.02)
    assert torch.equal(own.points, read_csv(content).points)


def test_huge_numbers_are_scaled_like_others():
    points = read_csv(table([(k * 1e307, k) for k in range(-15, 16)])).points
    assert points.isfinite().all()
    assert points.abs().max().item() == pytest.approx(REACH)


def test_drawn_points_stay_where_they_were_drawn():
    drawn = [[math.cos(k), math.sin(k)] for k in range(12)]
    own = from_drawing(drawn)
    assert (own.rows, own.kept) == (12, 12)
    assert len(own.points) >= DRAWN_ROWS
    clouds = own.points.view(-1, 12, 2)
    assert torch.allclose(clouds.mean(0), torch.tensor(drawn), atol=0.01)
    assert torch.equal(own.points, from_drawing(drawn).points)


def test_points_drawn_outside_come_to_the_edge():
    points = from_drawing([[k * 1.0, 0.0] for k in range(20)]).points
    assert points.max().item() < VIEW + 0.2


@pytest.mark.parametrize(
    ("points", "code"),
    [
        ([], "too_few"),
        ([[0.0, 1.0]] * 9, "too_few"),
        ([[0.0, 1.0]] * 10, "all_equal"),
        ([[0.0, math.nan], *TEN], "not_numbers"),
        ([["0", "1"], *TEN], "not_numbers"),
        ([[True, False], *TEN], "not_numbers"),
        ([[0.0, 1.0, 2.0], *TEN], "not_numbers"),
        ([[0.0], *TEN], "not_numbers"),
        ([None, *TEN], "not_numbers"),
        ([10**400, 1, *TEN], "not_numbers"),
        ([[0.0, 1.0]] * (MOST_ROWS + 1), "too_large"),
    ],
    ids=range(11),
)
def test_a_drawing_that_cannot_be_used_is_refused(points, code):
    with pytest.raises(PointsError) as caught:
        from_drawing(points)
    assert caught.value.code == code
