"""*Latent space* in a real browser: moving, finding, taking home, and what goes wrong."""

from __future__ import annotations

import base64
import io
import json
import math
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FilePayload,
    Locator,
    Page,
    Request,
    expect,
)
from safetensors.torch import load
from torch import Tensor, nn

from benchmarks.app_server import PATIENCE, LiveView, open_live, wait_until, wait_until_drawn
from gan_core import checkpoint
from gan_core.conditional import with_classes
from gan_core.config import CONDITIONAL, MODEL_KEYS
from gan_core.latent import lerp, slerp
from gan_core.models import ConvGenerator
from gan_core.pictures import MAX_FILE_BYTES, png, to_grey
from gan_core.pretrained import card, load_generator
from gan_core.trainer import Trainer
from ui.words import translate

pytestmark = pytest.mark.browser

say = partial(translate, "en")
MODES = ["pad", "sliders", "between", "arithmetic", "find"]
FEW = 8
TINY_RUN = f"/train?dataset=digits&model=dcgan&batch_size=4&latent_dim={FEW}"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
# It asks for its own address at several places.
OF_STREAMLIT = ("/_stcore/", "/media/", "/static/")

Grey = npt.NDArray[np.uint8]
NewTab = Callable[[], Page]

READ = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return Array.from({ length: data.length / 4 }, (_, pixel) => data[4 * pixel]);
}"""
# The middle of each of the sheet's 15 × 15 digits: nothing is painted where it is transparent.
FILLED = """(canvas) => {
  const { data, width } = canvas.getContext("2d").getImageData(0, 0, 420, 420);
  const places = Array.from({ length: 15 }, (_, index) => 28 * index + 14);
  const alpha = (x, y) => data[4 * (y * width + x) + 3];
  return places.flatMap((y) => places.map((x) => alpha(x, y))).filter(Boolean).length;
}"""
TWO_FRAMES = "() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"
SCROLLED = "() => document.querySelector('[data-testid=stMain]').scrollTop + scrollY"
TOO_WIDE = """() => ["html", "[data-testid=stMain]"].map((name) => document.querySelector(name))
    .filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.tagName)"""


def read(canvas: Locator) -> Grey:
    """Return the grey pixels of a canvas of 28 × 28."""
    return np.array(canvas.evaluate(READ), dtype=np.uint8).reshape(28, 28)


def furthest(one: Grey, other: Grey) -> int:
    """Return how far apart two pictures are in their worst pixel, in steps of grey."""
    return int(np.abs(one.astype(int) - other.astype(int)).max())


def picture_of(generator: nn.Module, z: Tensor) -> Grey:
    """Return what PyTorch makes of a point."""
    with torch.no_grad():
        return to_grey(generator(z[None]))[0]


def number_in(text: str) -> float:
    """Return the first number of a sentence."""
    found = re.search(r"[-−]?\d+(\.\d+)?", text)
    assert found is not None, text
    return float(found[0].replace("−", "-"))


class StudioView:
    """The studio of a page: what it shows, how one moves, and what one takes home."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.locator(".gan-latent")
        self.field = self.root.locator(".field")
        self.notice = self.root.locator(".notice")

    def open(self, address: str = "/latent") -> StudioView:
        """Open the page; return when the generator is ready."""
        self.page.bring_to_front()
        self.page.goto(address)
        return self.wait_for_state("ready")

    def wait_for_state(self, state: str) -> StudioView:
        """Return when the studio is "ready", "remote" or "failed", and the page is drawn."""
        self.page.locator(f'.gan-latent[data-state="{state}"]').wait_for()
        wait_until_drawn(self.page)
        return self

    def until(self, condition: Callable[[], bool]) -> None:
        """Return when ``condition`` holds; the page lives on meanwhile."""
        wait_until(condition, lambda: self.page.wait_for_timeout(20))

    # What it shows

    @property
    def picture(self) -> Grey:
        return read(self.root.locator("canvas.large"))

    @property
    def moves(self) -> int:
        return int(self.root.get_attribute("data-moves") or 0)

    @property
    def length(self) -> float:
        """‖z‖, as it is written."""
        return number_in(self.root.locator(".length b").inner_text())

    @property
    def verdict(self) -> str:
        return self.root.locator(".verdict .fill").get_attribute("style") or ""

    @property
    def classes(self) -> tuple[str, ...]:
        bars = self.root.locator(".class").all()
        return tuple(bar.get_attribute("style") or "" for bar in bars)

    def wait_for_another_picture(self, before: Grey) -> Grey:
        self.until(lambda: furthest(self.picture, before) > 0)
        return self.picture

    def wait_for_picture(self, expected: Grey) -> None:
        """Return when the picture is this one, up to one step of grey."""
        self.until(lambda: furthest(self.picture, expected) <= 1)

    # How one moves

    def show(self, mode: str) -> StudioView:
        self.root.locator(f'[data-tab="{mode}"]').click()
        expect(self.root).to_have_attribute("data-mode", mode)
        return self

    def choose(self, model: str) -> StudioView:
        self.root.locator(f'input[data-key="{model}"]').check()
        expect(self.root).to_have_attribute("data-model", model)
        return self

    def press(self, verb: str) -> None:
        self.root.locator(f'[data-verb="{verb}"]').click()

    def take_again(self) -> None:
        """Take the run as it is now."""
        self.root.locator("button.take").click()

    def another_digit(self) -> None:
        """Draw a random digit; return when the server has said what is nearest to it."""
        with self.page.expect_response("**/api/latent/nearest/*"):
            self.press("random")

    def place(self, u: float, v: float) -> tuple[float, float]:
        """Return where on the screen a place of the pad is."""
        box = self.field.bounding_box()
        assert box is not None
        return box["x"] + u * box["width"], box["y"] + v * box["height"]

    # What one takes home

    def take(self, what: str) -> bytes:
        """Press one of the buttons below and return the file."""
        with self.page.expect_download() as download:
            self.root.locator(f'[data-keep="{what}"]').click()
        name = download.value.suggested_filename
        expect(self.root.locator(".done")).to_have_text(say("studio.keep_saved", file=name))
        return Path(download.value.path()).read_bytes()

    @property
    def point(self) -> dict[str, Any]:
        """z as numbers, and what goes with them."""
        taken: dict[str, Any] = json.loads(self.take("json"))
        return taken

    @property
    def z(self) -> Tensor:
        return torch.tensor(self.point["z"])

    @property
    def link(self) -> str:
        """The link, copied."""
        self.root.locator('[data-keep="link"]').click()
        expect(self.root.locator(".done")).to_have_text(say("studio.keep_copied"))
        return str(self.page.evaluate("() => navigator.clipboard.readText()"))


# One browser for nearly all tests, and one tab for most: what is loaded once stays loaded.


@pytest.fixture(scope="module")
def visitor(chromium: Browser, app_url: str) -> Iterator[BrowserContext]:
    """Return a visitor's browser; each of its tabs is a session of its own."""
    context = chromium.new_context(base_url=app_url, viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(PATIENCE * 1000)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context
    context.close()


@pytest.fixture
def complaints(visitor: BrowserContext) -> Iterator[list[str]]:
    """Return what the pages of this test have complained about so far."""
    heard: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        place = message.location["url"]
        if message.type == "error" and not any(part in place for part in OF_STREAMLIT):
            heard.append(f"{message.text} at {place}")

    def listen_to_errors(error: Any) -> None:
        heard.append(str(error.error))

    visitor.on("console", listen)
    visitor.on("weberror", listen_to_errors)
    yield heard
    visitor.remove_listener("console", listen)
    visitor.remove_listener("weberror", listen_to_errors)


@pytest.fixture
def tab(visitor: BrowserContext) -> Iterator[Page]:
    """Return an empty tab."""
    page = visitor.new_page()
    page.bring_to_front()
    yield page
    page.close()


@pytest.fixture(scope="module")
def old_tab(visitor: BrowserContext) -> Page:
    """Return the tab that most tests share."""
    return visitor.new_page()


@pytest.fixture
def studio(old_tab: Page, complaints: list[str]) -> Iterator[StudioView]:
    """Return a studio in which others have been at work; nothing complains meanwhile."""
    studio = StudioView(old_tab)
    old_tab.bring_to_front()  # a tab behind another one hardly draws
    if "/latent" not in old_tab.url:
        studio.open()
    studio.wait_for_state("ready")
    if studio.root.get_attribute("data-model") != "mlp":  # another test broke off
        studio.choose("mlp")
    yield studio
    assert complaints == []


# At first -------------------------------------------------------------------------------


def test_the_picture_and_the_sheet_are_there_before_any_click(studio):
    assert studio.moves >= 1
    assert studio.picture.max() > 128
    assert furthest(studio.picture, picture_of(load_generator("mlp"), studio.z)) <= 1
    studio.until(lambda: studio.field.locator("canvas").evaluate(FILLED) == 15 * 15)
    expect(studio.root.locator(".verdict b")).not_to_be_empty()
    expect(studio.root.locator(".class.best")).to_have_count(1)
    expect(studio.root.locator(".fallback, .failure")).to_have_count(2)
    for trouble in studio.root.locator(".fallback, .failure").all():
        expect(trouble).to_be_hidden()


# By hand --------------------------------------------------------------------------------


def test_dragging_on_the_pad_makes_pictures_before_the_button_is_up(studio):
    studio.show("pad").another_digit()
    expect(studio.root.locator(".verdict b")).not_to_be_empty()
    mouse, seen = studio.page.mouse, [studio.picture]
    mouse.move(*studio.place(0.5, 0.5))
    mouse.down()
    for u, v in [(0.3, 0.3), (0.1, 0.9), (0.9, 0.9), (0.9, 0.1)]:
        mouse.move(*studio.place(u, v))
        seen.append(studio.wait_for_another_picture(seen[-1]))
    mouse.up()
    assert len({picture.tobytes() for picture in seen}) == 5


def test_the_verdicts_follow_a_drag_and_the_server_is_asked_only_at_its_end(studio):
    studio.show("pad").another_digit()
    expect(studio.root.locator(".class.best")).to_have_count(1)
    mouse, asked = studio.page.mouse, []

    def listen(request: Request) -> None:
        if "/api/" in request.url:
            asked.append(request.url.rsplit("/api/", 1)[1])

    studio.page.on("request", listen)
    mouse.move(*studio.place(0.5, 0.5))
    mouse.down()
    lengths, readings = {studio.length}, {studio.classes}
    for u, v in [(0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98)]:
        verdict, length = studio.verdict, studio.length
        mouse.move(*studio.place(u, v))
        studio.until(lambda verdict=verdict: studio.verdict != verdict)
        studio.until(lambda length=length: studio.length != length)
        lengths.add(studio.length)
        readings.add(studio.classes)
    assert len(lengths) > 3
    assert len(readings) > 1
    assert asked == []
    with studio.page.expect_response("**/api/latent/nearest/*"):
        mouse.up()
    expect(studio.root.locator(".nearest")).to_contain_text(say("studio.nearest_absent"))
    studio.page.remove_listener("request", listen)
    assert asked == ["latent/nearest/mnist"]


def test_the_pad_shows_two_directions_around_the_point(studio):
    studio.show("pad").another_digit()
    before, z = studio.picture, studio.z
    studio.root.get_by_role("radio", name=say("studio.pad_directions")).check()
    assert furthest(studio.picture, before) == 0
    studio.field.press("Shift+ArrowRight")
    studio.wait_for_another_picture(before)
    card = studio.page.request.get("/api/latent/model/mlp").json()
    moved = z + 1.2 * torch.tensor(card["sefa"][0])  # 0.1 of the 12 that the pad is wide
    assert torch.allclose(studio.z, moved, atol=1e-4)
    studio.root.get_by_role("radio", name=say("studio.pad_corners")).check()


def test_a_corner_of_the_pad_is_another_digit_when_pressed(studio):
    studio.show("pad").another_digit()
    studio.field.press("Home")
    corner = studio.root.locator(".corner.lower_right")
    before, middle = read(corner.locator("canvas")), studio.picture
    corner.click()
    studio.until(lambda: furthest(read(corner.locator("canvas")), before) > 0)
    studio.wait_for_another_picture(middle)
    mouse = studio.page.mouse
    mouse.move(*studio.place(0.5, 0.5))
    mouse.down()
    mouse.move(*studio.place(1.1, 1.1))  # beyond the edge is at the edge
    mouse.up()
    studio.wait_for_picture(read(corner.locator("canvas")))


# By keyboard ----------------------------------------------------------------------------


def test_arrow_keys_walk_on_the_pad_and_home_is_the_middle(studio):
    studio.show("pad")
    studio.field.focus()
    studio.field.press("Home")
    where = partial(say, "studio.pad_where_corners")
    for key, across, down in [
        ("ArrowRight", 52, 50),
        ("ArrowUp", 52, 48),
        ("Shift+ArrowLeft", 42, 48),
        ("Shift+ArrowDown", 42, 58),
        ("Home", 50, 50),
    ]:
        before = studio.picture
        studio.field.press(key)
        expect(studio.field).to_have_attribute("aria-valuetext", where(across=across, down=down))
        studio.wait_for_another_picture(before)


def test_arrow_keys_walk_along_the_tabs(studio):
    studio.show("pad")
    for key, mode in [
        ("ArrowRight", "sliders"),
        ("End", "find"),
        ("ArrowRight", "pad"),
        ("ArrowLeft", "find"),
        ("Home", "pad"),
    ]:
        studio.root.locator('[role="tab"][tabindex="0"]').press(key)
        expect(studio.root).to_have_attribute("data-mode", mode)
        expect(studio.root.locator(f'[data-tab="{mode}"]')).to_be_focused()
        expect(studio.root.locator('[aria-selected="true"]')).to_have_attribute("data-tab", mode)


@pytest.mark.parametrize("mode", MODES)
def test_the_key_r_draws_a_random_digit_in_every_mode(studio, mode):
    studio.show(mode)
    before = studio.picture
    studio.page.keyboard.press("r")
    studio.wait_for_another_picture(before)


# With a finger --------------------------------------------------------------------------


def drag_with_finger(page: Page, places: list[tuple[float, float]]) -> Iterator[None]:
    """Touch the first place, move to the others one by one, and lift."""
    session = page.context.new_cdp_session(page)
    kinds = ["touchStart", *["touchMove"] * (len(places) - 1)]
    for kind, (x, y) in zip(kinds, places, strict=True):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        yield
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


def test_on_a_phone_all_modes_fit_and_a_finger_moves_the_picture_not_the_page(
    open_page, complaints
):
    studio = StudioView(open_page(**PHONE)).open()
    for mode in [*MODES[1:], "pad"]:
        studio.show(mode)
        assert studio.page.evaluate(TOO_WIDE) == []
    studio.field.evaluate("(field) => field.scrollIntoView({ block: 'end' })")
    before, seen = studio.page.evaluate(SCROLLED), [studio.picture]
    places = [(0.2, 0.1), (0.3, 0.3), (0.4, 0.5), (0.5, 0.7), (0.6, 0.9)]
    for _ in drag_with_finger(studio.page, [studio.place(*place) for place in places]):
        seen.append(studio.wait_for_another_picture(seen[-1]))
    assert studio.page.evaluate(SCROLLED) == before
    # The same finger on words does scroll.
    lead = studio.root.locator(".pad .lead").bounding_box()
    x, y = lead["x"] + 20, lead["y"] + 10
    for _ in drag_with_finger(studio.page, [(x, y + down) for down in range(0, 200, 20)]):
        pass
    studio.until(lambda: studio.page.evaluate(SCROLLED) < before)
    assert complaints == []


# Generators -----------------------------------------------------------------------------


def test_both_generators_draw_what_pytorch_draws_and_say_that_no_point_fits_both(studio):
    sizes = {"mlp": 100, "dcgan": 64}
    for model, before in [("dcgan", "mlp"), ("mlp", "dcgan")]:
        studio.choose(model)
        name = say(f"network.{model}")
        sentence = say("studio.fresh_point", model=name, dim=sizes[model], before=sizes[before])
        expect(studio.notice).to_have_text(sentence)
        expect(studio.root.locator(".origin")).to_contain_text(name)
        point = studio.point
        assert (point["model"], point["latent_dim"]) == (model, sizes[model])
        z = torch.tensor(point["z"])
        assert furthest(studio.picture, picture_of(load_generator(model), z)) <= 1
        length = pytest.approx(z.norm().item(), abs=0.006)
        studio.until(lambda length=length: studio.length == length)  # words follow the picture
        expect(studio.notice).to_have_text(sentence)  # it was not in the way of the buttons
    assert set(sizes) == set(MODEL_KEYS)


# Asking for a digit ---------------------------------------------------------------------


def drawn(z: Tensor, digit: int) -> Grey:
    """Return what the generator that is told a digit draws of a point."""
    with torch.no_grad():
        asked = with_classes(z[None], torch.tensor([digit]))
        return to_grey(load_generator(CONDITIONAL)(asked))[0]


class AskedView:
    """The row of ten digits of one z."""

    def __init__(self, studio: StudioView) -> None:
        self.studio = studio
        self.root = studio.root.locator(".asked")

    def option(self, digit: int) -> Locator:
        return self.root.locator(f'[data-asked="{digit}"]')

    def press(self, digit: int) -> None:
        """Ask for a digit, as with the mouse."""
        self.option(digit).check()
        self.wait_for(digit)

    def wait_for(self, digit: int) -> None:
        """Return when a digit is asked for and drawn."""
        expect(self.studio.root).to_have_attribute("data-digit", str(digit))
        expect(self.option(digit)).to_be_checked()
        self.studio.wait_for_picture(drawn(self.studio.z, digit))

    def pictures(self) -> list[Grey]:
        return [read(canvas) for canvas in self.root.locator("canvas").all()]

    def shows(self, z: Tensor) -> bool:
        """Say whether the row shows what this point is for each digit."""
        pictures = self.pictures()
        return all(furthest(pictures[digit], drawn(z, digit)) <= 1 for digit in range(10))


@pytest.fixture
def asked(studio: StudioView) -> Iterator[AskedView]:
    """Return the row of the generator that can be asked for a digit, at 0."""
    studio.choose(CONDITIONAL)
    row = AskedView(studio)
    row.press(0)
    yield row
    studio.show("pad").choose("mlp")


def test_the_ten_digits_of_one_point_are_shown_and_pressing_one_keeps_the_point(asked):
    studio = asked.studio
    studio.show("pad").another_digit()
    z = studio.z
    studio.until(lambda: asked.shows(z))
    studio.wait_for_picture(drawn(z, 0))
    asked.press(7)
    assert torch.equal(studio.z, z)
    assert asked.shows(z)
    expect(studio.root.locator(".verdict b")).not_to_be_empty()
    expect(studio.root.locator(".notes")).to_contain_text(say("studio.verdict_told", digit=7))
    label = re.compile(re.escape(say("studio.picture_alt_asked", asked=7, digit="#")[:-2]))
    expect(studio.root.locator("canvas.large")).to_have_attribute("aria-label", label)
    share = round(100 * card(CONDITIONAL)["measured"]["class_agreement_average"], 1)
    expect(studio.root.locator(".notes")).to_contain_text(say("studio.agreement", percent=share))


def test_the_row_follows_a_drag(asked):
    studio = asked.studio
    studio.show("pad").another_digit()
    mouse, seen = studio.page.mouse, [asked.pictures()]
    mouse.move(*studio.place(0.5, 0.5))
    mouse.down()
    for u, v in [(0.1, 0.2), (0.9, 0.8)]:
        mouse.move(*studio.place(u, v))
        studio.until(
            lambda: all(
                furthest(now, was) > 0 for now, was in zip(asked.pictures(), seen[-1], strict=True)
            )
        )
        seen.append(asked.pictures())
    mouse.up()
    studio.until(lambda: asked.shows(studio.z))


def test_digits_and_arrows_on_the_keyboard_ask_for_a_digit(asked):
    studio = asked.studio
    keyboard = studio.page.keyboard
    keyboard.press("4")
    asked.wait_for(4)
    asked.option(4).focus()
    keyboard.press("ArrowRight")
    asked.wait_for(5)
    studio.field.focus()
    keyboard.press("9")
    asked.wait_for(9)
    z = studio.z
    keyboard.press("r")
    studio.until(lambda: not torch.equal(studio.z, z))
    asked.wait_for(9)


def test_where_no_digit_can_be_asked_for_there_is_no_row_and_no_key(studio):
    expect(studio.root.locator(".asked")).to_be_hidden()
    picture, moves = studio.picture, studio.moves
    studio.page.keyboard.press("4")
    studio.page.evaluate(TWO_FRAMES)
    assert (studio.moves, furthest(studio.picture, picture)) == (moves, 0)
    expect(studio.root).to_have_attribute("data-digit", "")
    assert "digit" not in studio.point
    assert "&digit=" not in studio.link


def test_a_point_comes_along_to_the_generator_that_is_told_a_digit(studio):
    studio.choose("dcgan")
    z = studio.z
    studio.choose(CONDITIONAL)
    assert torch.equal(studio.z, z)
    studio.wait_for_picture(drawn(z, int(studio.root.get_attribute("data-digit") or -1)))
    labels = studio.root.locator(".thumbnail span")
    expect(labels.filter(has_text=say("network.conditional"))).to_have_count(1)
    studio.choose("mlp")


def test_the_digit_goes_home_with_the_point_and_comes_back_by_a_link(tab, asked):
    studio = asked.studio
    studio.show("pad").another_digit()
    asked.press(3)
    point = studio.point
    assert (point["model"], point["digit"], point["latent_dim"]) == (CONDITIONAL, 3, 64)
    link = studio.link
    assert "model=conditional&digit=3&z=" in link
    other = AskedView(StudioView(tab).open(link))
    other.wait_for(3)
    assert furthest(other.studio.picture, studio.picture) <= 1
    other.press(8)
    tab.reload()
    other.studio.wait_for_state("ready")
    other.wait_for(8)


def test_a_link_may_name_a_digit_alone(tab, complaints):
    row = AskedView(StudioView(tab).open("/latent?model=conditional&digit=7"))
    row.wait_for(7)
    assert complaints == []


@pytest.mark.parametrize("leave", ["reload", "change_language", "change_pages"])
def test_the_digit_is_still_there_after(asked, leave):
    asked.press(6)
    {"reload": reload, "change_language": change_language, "change_pages": change_pages}[leave](
        asked.studio.page
    )
    asked.studio.wait_for_state("ready")
    asked.wait_for(6)


def test_the_pad_is_drawn_anew_for_another_digit(asked):
    studio = asked.studio
    studio.show("pad").another_digit()
    corner = studio.root.locator(".corner.upper_left canvas")
    studio.until(lambda: studio.field.locator("canvas").evaluate(FILLED) == 15 * 15)
    mouse = studio.page.mouse
    mouse.move(*studio.place(0.5, 0.5))
    mouse.down()
    mouse.move(*studio.place(-0.1, -0.1))  # beyond the edge is at the edge
    mouse.up()
    z = studio.z
    asked.press(5)
    studio.until(lambda: furthest(read(corner), drawn(z, 5)) <= 1)
    studio.until(lambda: studio.field.locator("canvas").evaluate(FILLED) == 15 * 15)


def test_the_sliders_keep_their_place_for_another_digit(asked):
    studio = asked.studio
    studio.show("sliders").another_digit()
    slider = studio.root.locator('input[data-direction="0"]')
    z = studio.z
    slider.fill("2")
    studio.wait_for_another_picture(drawn(z, 0))
    moved = studio.z
    asked.press(4)
    expect(slider).to_have_value("2")
    assert torch.equal(studio.z, moved)
    answer = studio.page.request.get("/api/latent/model/conditional").json()
    end = z + 6 * torch.tensor(answer["sefa"][0])
    preview = studio.root.locator(".direction").first.locator(".preview canvas").last
    studio.until(lambda: furthest(read(preview), drawn(end, 4)) <= 1)
    expect(studio.root.get_by_text(say("studio.told_sefa"))).to_be_visible()


def test_a_walk_is_walked_by_another_digit(asked):
    studio = asked.studio
    slider, a, b = walk_of_two_digits(studio)
    asked.press(2)
    film = studio.root.locator(".film").first
    expect(film.locator(".blank")).to_have_count(0)
    studio.until(lambda: furthest(read(film.locator("canvas").first), drawn(a, 2)) <= 1)
    studio.until(lambda: furthest(read(film.locator("canvas").last), drawn(b, 2)) <= 1)
    expect(slider).to_have_value("1")


def test_the_same_sum_is_made_of_another_digit(asked):
    studio = asked.studio
    studio.show("arithmetic")
    studio.root.get_by_role("button", name=say("studio.arithmetic_fill")).click()
    outcome = studio.root.locator(".outcome-words")
    expect(outcome).to_contain_text("the classifier reads")
    members = studio.root.locator(".tray:not(.outcome)").first.locator(".member")
    expect(members).to_have_count(20)
    seeds = [one.get_attribute("aria-label") for one in members.all()]
    result = studio.root.locator(".thumb.result canvas")
    studio.wait_for_picture(read(result))
    z = studio.z
    asked.press(9)
    assert torch.equal(studio.z, z)
    studio.until(lambda: furthest(read(result), drawn(z, 9)) <= 1)
    assert [one.get_attribute("aria-label") for one in members.all()] == seeds


def test_a_search_keeps_to_the_digit_and_the_target_stays_for_the_next(asked):
    studio = asked.studio
    studio.show("find")
    asked.press(7)
    target = give(studio, "own")
    own = search(studio)
    entry = studio.root.locator(".logbook tbody tr").first
    name = say("studio.find_generator_conditional")
    expect(entry).to_contain_text(say("studio.find_log_asked", generator=name, digit=7))
    asked.press(1)
    assert furthest(read(studio.root.locator(".compared canvas").first), target) == 0
    other = search(studio)
    expect(entry).to_contain_text(say("studio.find_log_asked", generator=name, digit=1))
    assert own < 0.005
    assert other > own
    studio.press("go")
    found = studio.root.locator(".compared").nth(1).locator("canvas")
    studio.wait_for_picture(read(found))
    studio.wait_for_picture(drawn(studio.z, 1))


def test_without_workers_the_server_draws_the_digit_asked_for(tab, complaints):
    tab.add_init_script("delete window.Worker")
    tab.goto("/latent?model=conditional&digit=7")
    studio = StudioView(tab).wait_for_state("remote")
    row = AskedView(studio)
    row.wait_for(7)
    studio.until(lambda: row.shows(studio.z))
    row.press(2)
    studio.press("random")
    studio.until(lambda: row.shows(studio.z))
    assert complaints == []


def test_on_a_phone_the_row_fits(open_page, complaints):
    studio = StudioView(open_page(**PHONE)).open("/latent?model=conditional&digit=7")
    row = AskedView(studio)
    for mode in MODES:
        studio.show(mode)
        assert studio.page.evaluate(TOO_WIDE) == []
    boxes = [row.root.locator(".one").nth(digit).bounding_box() for digit in range(10)]
    assert all(box is not None and box["width"] >= 30 and box["height"] >= 44 for box in boxes)
    assert len({box["y"] for box in boxes if box}) == 1
    row.root.locator(".one").nth(3).tap()
    expect(studio.root).to_have_attribute("data-digit", "3")
    assert complaints == []


# Sliders --------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["sefa", "ganspace"])
def test_a_slider_moves_along_its_direction(studio, family):
    studio.show("sliders").another_digit()
    studio.root.locator(f'input[value="{family}"]').check()
    before, z = studio.picture, studio.z
    slider = studio.root.locator('input[data-direction="2"]')
    for _ in range(5):
        slider.press("ArrowRight")
    expect(slider).to_have_value("0.5")
    studio.wait_for_another_picture(before)
    card = studio.page.request.get("/api/latent/model/mlp").json()
    assert torch.allclose(studio.z, z + 0.5 * torch.tensor(card[family][2]), atol=1e-5)
    studio.press("centre")
    studio.wait_for_picture(before)
    expect(slider).to_have_value("0")


def test_a_slider_runs_to_the_picture_at_its_end(studio):
    studio.show("sliders").another_digit()
    studio.root.locator('input[value="sefa"]').check()
    preview = studio.root.locator(".direction").first.locator(".preview").last
    studio.until(lambda: read(preview.locator("canvas")).max() > 0)
    preview.click()
    expect(studio.root.locator('input[data-direction="0"]')).to_have_value("6")
    studio.wait_for_picture(read(preview.locator("canvas")))


def test_a_raw_slider_moves_one_number_of_z_alone(studio):
    studio.show("sliders").another_digit()
    studio.root.locator('.sliders input[value="raw"]').check()
    sliders = studio.root.locator("input[data-coordinate]")
    expect(sliders).to_have_count(100)
    z, before = studio.z, studio.picture
    sliders.nth(7).press("ArrowRight" if z[7] < 0 else "ArrowLeft")
    sliders.nth(7).press("ArrowRight" if z[7] < 0 else "ArrowLeft")
    studio.wait_for_another_picture(before)
    moved = studio.z
    assert moved[7].item() == pytest.approx(float(sliders.nth(7).input_value()), abs=1e-5)
    assert (moved != z).nonzero().flatten().tolist() == [7]


# Interpolation --------------------------------------------------------------------------


def walk_of_two_digits(studio: StudioView) -> tuple[Locator, Tensor, Tensor]:
    """Begin a walk; return its slider and both ends."""
    studio.show("between")
    for end in "AB":
        name = say("studio.between_new_label", end=end)
        studio.root.get_by_role("button", name=name).click()
    studio.root.locator('input[value="slerp"]').check()
    slider = studio.root.locator("input.walk")
    ends = []
    for t in "01":
        slider.fill(t)
        ends.append(studio.z)
    return slider, ends[0], ends[1]


def test_the_straight_way_is_shorter_half_way_and_the_arc_is_not(studio):
    slider, a, b = walk_of_two_digits(studio)
    slider.fill("0.5")
    for way, walk, usual in [("slerp", slerp, 10), ("lerp", lerp, math.sqrt(50))]:
        studio.root.locator(f'input[value="{way}"]').check()
        length = walk(a, b, 0.5).norm().item()
        studio.until(lambda length=length: abs(studio.length - length) < 0.006)
        assert length == pytest.approx(usual, abs=1.5)
        told = studio.root.locator(".facts").filter(has_text="√100").inner_text()
        assert f"{way} {length:.2f}" in told
        assert torch.allclose(studio.z, walk(a, b, 0.5), atol=1e-4)
    travel = studio.root.locator(".facts").filter(has_text="Path length")
    expect(travel).to_have_text(re.compile(r"slerp \d+\.\d, lerp \d+\.\d"))


def test_dragging_t_walks_from_a_to_b(studio):
    slider, _, _ = walk_of_two_digits(studio)
    slider.fill("0")
    slider.scroll_into_view_if_needed()
    box, mouse = slider.bounding_box(), studio.page.mouse
    seen = [studio.picture]
    y = box["y"] + box["height"] / 2
    mouse.move(box["x"] + 8, y)
    mouse.down()
    for share in (0.25, 0.5, 0.75):
        mouse.move(box["x"] + share * box["width"], y)
        seen.append(studio.wait_for_another_picture(seen[-1]))
    mouse.up()
    assert float(slider.input_value()) == pytest.approx(0.75, abs=0.05)
    film = studio.root.locator(".film").first
    expect(film.locator(".blank")).to_have_count(0)
    film.locator("canvas").last.click(force=True)
    expect(slider).to_have_value("1")
    studio.wait_for_picture(read(film.locator("canvas").last))


def test_the_loop_runs_until_it_is_stopped(studio):
    slider, _, _ = walk_of_two_digits(studio)
    loop = studio.root.locator("button.loop")
    loop.click()
    expect(loop).to_have_attribute("aria-pressed", "true")
    moves = studio.moves
    studio.until(lambda: studio.moves > moves + 5)
    loop.click()
    expect(loop).to_have_attribute("aria-pressed", "false")
    moves, t = studio.moves, slider.input_value()
    studio.page.evaluate(TWO_FRAMES)
    assert (studio.moves, slider.input_value()) == (moves, t)


# Arithmetic -----------------------------------------------------------------------------


def test_a_sum_of_samples_gives_a_picture_and_its_amount_can_be_changed(studio):
    studio.show("arithmetic")
    result = studio.root.locator(".thumb.result canvas")
    studio.root.get_by_role("button", name=say("studio.arithmetic_other")).click()
    studio.root.get_by_role("button", name=say("studio.arithmetic_fill")).click()
    outcome = studio.root.locator(".outcome-words")
    expect(outcome).to_contain_text("the classifier reads")
    for tray in studio.root.locator(".tray:not(.outcome)").all():
        assert tray.locator(".member").count() >= 3
    studio.wait_for_picture(read(result))
    whole = studio.picture
    studio.root.locator(".amount input").fill("0")
    studio.wait_for_another_picture(whole)
    studio.wait_for_picture(read(studio.root.locator(".thumb.mean canvas").nth(2)))


# Find this digit ------------------------------------------------------------------------


def give(studio: StudioView, verb: str) -> Grey:
    """Choose a target and return it."""
    studio.press(verb)
    target = studio.root.locator(".compared").first
    expect(target.locator(".from")).to_have_text(say(f"studio.find_kind_{verb}"))
    expect(target.locator(".blank")).to_have_count(0)
    return read(target.locator("canvas"))


def search(studio: StudioView) -> float:
    """Search to the end, hearing of the progress, and return the error."""
    rows = studio.root.locator(".logbook tbody tr")
    before = rows.count()
    studio.press("search")
    expect(studio.root.locator(".running .step")).to_contain_text("Step")
    expect(rows).to_have_count(before + 1)
    expect(studio.root.locator(".running")).to_be_hidden()
    return number_in(rows.first.locator(".error-cell").inner_text())


def test_what_it_made_itself_is_found_and_a_letter_is_not(studio):
    studio.show("find")
    target = give(studio, "own")
    own = search(studio)
    studio.press("go")
    studio.until(
        lambda: (
            furthest(
                studio.picture, read(studio.root.locator(".compared").nth(1).locator("canvas"))
            )
            <= 1
        )
    )
    gap = (studio.picture.astype(float) - target) / 255
    assert np.square(gap).mean() == pytest.approx(own, abs=1e-3)
    give(studio, "unseen")
    letter = search(studio)
    assert own < 0.005
    assert letter > 5 * own


def test_a_search_can_be_cancelled_and_the_best_so_far_stays(studio):
    studio.show("find")
    give(studio, "real")
    rows = studio.root.locator(".logbook tbody tr").count()
    studio.press("search")
    expect(studio.root.locator(".running .step")).to_contain_text("Step")
    studio.press("cancel")
    expect(studio.root.locator('[data-verb="search"]')).to_be_enabled()
    expect(studio.root.locator(".running")).to_be_hidden()
    expect(studio.root.locator(".logbook tbody tr")).to_have_count(rows)
    before = studio.picture
    studio.press("go")
    studio.wait_for_another_picture(before)


def test_a_drawing_becomes_a_target(studio):
    studio.show("find").press("draw")
    box, mouse = studio.root.locator(".easel").bounding_box(), studio.page.mouse
    mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
    mouse.down()
    mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"], steps=5)
    mouse.up()
    studio.root.get_by_role("button", name=say("studio.find_use")).click()
    target = studio.root.locator(".compared").first
    expect(target.locator(".from")).to_have_text(say("studio.find_kind_drawn"))
    expect(studio.root.locator(".easel")).to_be_hidden()
    drawn = read(target.locator("canvas"))
    rows, columns = (drawn > 128).nonzero()
    assert np.ptp(rows) > 3 * np.ptp(columns)  # an upright stroke


def test_an_experiment_of_the_page_sets_the_studio_up_once(studio):
    studio.show("find")
    page, slider = studio.page, studio.root.locator('input[data-direction="0"]')
    words = "latent.try.opposite"
    page.get_by_text(say(f"{words}.digit")).click()
    page.get_by_role("button", name=say("lesson.run_it")).and_(page.locator(":enabled")).click()
    expect(studio.root).to_have_attribute("data-mode", "sliders")
    expect(slider).to_have_value("-5")
    expect(page.get_by_text(say(f"{words}.explain"))).to_be_visible()
    slider.fill("2")
    page.get_by_text(say("latent.quiz.memory.b")).click()
    expect(page.get_by_text(say("latent.quiz.memory.explain"))).to_be_visible()
    expect(slider).to_have_value("2")


# Uploads --------------------------------------------------------------------------------


def picture_file(form: str) -> bytes:
    """Return a picture of random grey in a format."""
    grey = np.random.default_rng(0).integers(0, 255, (60, 60), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, form)
    return file.getvalue()


def boundless_png() -> bytes:
    """Return a PNG of a few bytes that says it is 50,000 pixels wide and high."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def test_what_cannot_be_a_target_gets_one_sentence_and_the_studio_lives_on(studio, complaints):
    studio.show("find")
    target = give(studio, "real")
    file = studio.root.locator('input[type="file"]')
    sentence = studio.root.locator(".find [role=alert]")
    jpeg = picture_file("JPEG")
    for name, content, code in [
        ("text.png", b"This is a text.", "not_an_image"),
        ("film.gif", picture_file("GIF"), "not_an_image"),
        ("half.jpg", jpeg[: len(jpeg) // 2], "damaged"),
        ("long.png", bytes(MAX_FILE_BYTES + 1), "too_large"),
        ("wide.png", boundless_png(), "too_many_pixels"),
        ("none.png", b"", "empty"),
        ("plain.png", png(np.full((40, 40), 200, np.uint8)), "empty"),
    ]:
        file.set_input_files(FilePayload(name=name, mimeType="image/png", buffer=content))
        expect(sentence).to_have_text(say(f"studio.find_error_{code}"))
        assert furthest(read(studio.root.locator(".compared canvas").first), target) == 0
    # A refusal is an answer with status 400, which browsers write down as an error.
    assert all("status of 400" in complaint for complaint in complaints)
    complaints.clear()
    line = np.zeros((50, 50), np.uint8)
    line[10:40, 23:27] = 255
    file.set_input_files(FilePayload(name="a.png", mimeType="image/png", buffer=png(line)))
    kind = studio.root.locator(".compared .from").first
    expect(kind).to_have_text(say("studio.find_kind_uploaded"))
    expect(sentence).to_be_hidden()


# Take it home ---------------------------------------------------------------------------


def test_the_picture_the_walk_and_the_numbers_can_be_taken_home(studio):
    studio.show("pad").another_digit()
    picture = Image.open(io.BytesIO(studio.take("png"))).convert("L")
    assert np.array_equal(np.asarray(picture), np.kron(studio.picture, np.ones((10, 10))))
    strip = Image.open(io.BytesIO(studio.take("strip")))
    assert strip.size == (12 * (4 * 28 + 4) - 4, 4 * 28)
    film = Image.open(io.BytesIO(studio.take("gif")))
    assert (film.format, film.size, film.info["loop"]) == ("GIF", (224, 224), 0)
    assert 24 < film.n_frames <= 48
    point = studio.point
    assert set(point) == {"model", "latent_dim", "iteration", "z"}
    assert (point["model"], len(point["z"])) == ("mlp", 100)
    with studio.page.expect_download() as download:
        studio.press("sheet")
    sheet = Image.open(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert sheet.size == (15 * 28 * 2, 15 * 28 * 2)


def test_a_mode_without_a_walk_says_why_there_is_no_film(studio):
    studio.show("find")
    give(studio, "own")
    for film in ("strip", "gif"):
        expect(studio.root.locator(f'[data-keep="{film}"]')).to_be_disabled()
    expect(studio.root.locator("#keep-reason")).to_have_text(say("studio.keep_no_frames"))


# Coming back ----------------------------------------------------------------------------


def reload(page: Page) -> None:
    page.reload()


def change_language(page: Page) -> None:
    for language, mode in [("中文", "zh"), ("English", "en")]:
        page.get_by_test_id("stSidebar").get_by_role("radio", name=language).click()
        tab = page.locator('.gan-latent [data-tab="find"]')
        expect(tab).to_have_text(translate(mode, "studio.find_title"))


def change_pages(page: Page) -> None:
    links = page.get_by_test_id("stSidebarNavLink")
    links.first.click()
    page.locator(".gan-pipeline img").first.wait_for()
    links.filter(has_text=say("nav.latent")).click()


@pytest.mark.parametrize("leave", [reload, change_language, change_pages])
def test_the_point_and_the_mode_are_still_there_after(studio, leave):
    studio.show("sliders").another_digit()
    slider = studio.root.locator('input[data-direction="1"]')
    studio.root.locator('input[value="sefa"]').check()
    slider.fill("3")
    picture, z = studio.picture, studio.z
    leave(studio.page)
    studio.wait_for_state("ready")
    expect(studio.root).to_have_attribute("data-mode", "sliders")
    expect(slider).to_have_value("3")
    studio.wait_for_picture(picture)
    assert torch.allclose(studio.z, z, atol=1e-4)


def test_a_link_brings_others_to_the_same_point_and_does_not_hold_them_there(tab, studio):
    studio.show("pad").another_digit()
    other = StudioView(tab).open(studio.link)
    expect(other.notice).to_have_text(say("studio.link_opened"))
    assert furthest(other.picture, studio.picture) <= 1
    other.another_digit()
    moved = other.picture
    tab.reload()
    other.wait_for_state("ready")
    other.wait_for_picture(moved)


def test_where_pages_may_not_copy_the_link_is_there_to_be_copied(studio):
    address = studio.root.get_by_role("textbox", name=say("studio.keep_link"))
    studio.page.evaluate(
        "() => void Object.defineProperty(navigator, 'clipboard', { configurable: true })"
    )
    studio.root.locator('[data-keep="link"]').click()
    expect(address).to_be_focused()
    assert "&z=" in address.input_value()
    studio.page.evaluate("() => { delete navigator.clipboard; }")
    assert address.input_value() == studio.link


def half_floats(*numbers: float) -> str:
    """Write a point by hand as links hold it."""
    content = np.array(numbers, dtype="<f2").tobytes()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


BAD_POINTS = {
    "damaged": "no!point",
    "count": half_floats(*[0.5] * 99),
    "not_a_number": half_floats(*[0.5] * 99, math.nan),
    "huge": half_floats(*[0.5] * 99, 60000),
    "too_many": half_floats(*[0.5] * 2000),
}


def test_a_bad_point_in_a_link_gets_a_sentence_and_a_usable_studio(tab, complaints):
    studio = StudioView(tab)
    for kind, z in BAD_POINTS.items():
        studio.open(f"/latent?z={z}")
        code = {"too_many": "count"}.get(kind, kind)
        expect(tab.get_by_test_id("stAlert")).to_have_text(say(f"problem.point_{code}"))
        expect(tab.get_by_test_id("stException")).to_have_count(0)
        before = studio.picture
        studio.press("random")
        studio.wait_for_another_picture(before)
    assert complaints == []


# A run of one's own ---------------------------------------------------------------------


def generator_of(live: LiveView) -> nn.Module:
    """Return what a run's pictures come from, as it travels: weights in half precision."""
    answer = live.page.request.get(f"/api/run/{live.token}/checkpoint.safetensors")
    state = load(answer.body())
    part = "average." if any(key.startswith("average.") for key in state) else "generator."
    generator = ConvGenerator(FEW).eval()
    weights = {key.removeprefix(part): w for key, w in state.items() if key.startswith(part)}
    generator.load_state_dict(
        {k: w.half().float() if w.ndim > 1 else w for k, w in weights.items()}
    )
    return generator


@pytest.fixture
def run(tab: Page) -> Iterator[LiveView]:
    """Return a run on *Train on digits*, one iteration old."""
    live = open_live(tab, TINY_RUN)
    live.press("step")
    live.wait_for("iteration", 1)
    live.wait_for_state("paused")
    yield live
    tab.request.post(f"/api/run/{live.token}/pause")


def test_a_run_is_taken_into_the_studio_again_and_again(run, complaints):
    page = run.page
    page.get_by_test_id("stPageLink").filter(has_text=say("latent.open")).click()
    studio = StudioView(page).wait_for_state("ready")
    expect(studio.root).to_have_attribute("data-model", "run-1")
    origin = studio.root.locator(".origin")
    name = say("studio.take_name")
    expect(origin).to_have_text(say("studio.origin", model=name, iteration=1, dim=FEW))
    assert furthest(studio.picture, picture_of(generator_of(run), studio.z)) <= 1
    expect(studio.root.locator(".nearest canvas")).to_be_visible()  # its data are at hand

    studio.take_again()
    expect(studio.notice).to_have_text(say("studio.take_same"))
    chips = studio.root.locator(".chip").filter(has_text="iteration")
    expect(chips).to_have_count(1)

    page.request.post(f"/api/run/{run.token}/step?count=2")
    expect(studio.root.locator(".now")).to_have_text(say("studio.take_now", iteration=3))
    z = studio.z
    studio.take_again()
    expect(studio.root).to_have_attribute("data-model", "run-2")
    expect(origin).to_have_text(say("studio.origin", model=name, iteration=3, dim=FEW))
    expect(chips).to_have_count(2)
    expect(studio.root.locator(".thumbnail")).to_have_count(2)
    assert torch.equal(studio.z, z)  # the same z at both moments
    assert furthest(studio.picture, picture_of(generator_of(run), z)) <= 1
    assert complaints == []

    page.route("**/api/latent/take/*", lambda route: route.fulfill(status=404))
    studio.take_again()
    expect(studio.notice).to_have_text(say("studio.take_gone"))
    studio.choose("run-1")
    studio.wait_for_picture(studio.picture)


def test_a_run_that_is_told_classes_is_asked_for_a_digit(tab, complaints):
    live = open_live(tab, f"{TINY_RUN}&conditional=on")
    live.press("step10")
    live.wait_for("iteration", 10)
    live.wait_for_state("paused")
    answer = tab.request.get(f"/api/run/{live.token}/checkpoint.safetensors")
    saved = checkpoint.from_bytes(answer.body())
    size = saved.config.batch_size
    trainer = Trainer(saved.config, torch.zeros(size, 1, 28, 28), torch.zeros(size).long())
    trainer.load_state_dict(saved.state)
    tab.get_by_test_id("stPageLink").filter(has_text=say("latent.open")).click()
    studio = StudioView(tab).wait_for_state("ready")
    row = AskedView(studio)
    row.option(7).check()
    expect(studio.root).to_have_attribute("data-digit", "7")
    z = studio.z
    # Its weights travel in half precision.
    studio.until(lambda: furthest(studio.picture, to_grey(trainer.generate(z[None], 7))[0]) <= 2)
    expect(studio.root.locator(".verdict b")).not_to_be_empty()
    assert "model=run&digit=7&z=" in studio.link
    tab.request.post(f"/api/run/{live.token}/pause")
    assert complaints == []


def test_a_link_to_a_run_that_is_gone_gets_a_sentence_and_a_usable_studio(tab, complaints):
    studio = StudioView(tab).open("/latent?model=run&run=nonsense")
    expect(tab.get_by_test_id("stAlert")).to_have_text(say("latent.run_gone"))
    expect(studio.root).to_have_attribute("data-model", "mlp")
    expect(studio.root.locator(".take")).to_be_hidden()
    assert complaints == []


# When something is missing --------------------------------------------------------------


def drags_and_draws_what_pytorch_draws(studio: StudioView) -> None:
    """Check that dragging works where the server makes the pictures."""
    before = studio.picture
    mouse = studio.page.mouse
    mouse.move(*studio.place(0.3, 0.3))
    mouse.down()
    during = studio.wait_for_another_picture(before)
    mouse.move(*studio.place(0.9, 0.9))
    studio.wait_for_another_picture(during)
    mouse.up()
    studio.wait_for_picture(picture_of(load_generator("mlp"), studio.z))


def test_without_workers_the_server_makes_the_pictures(tab, complaints):
    tab.add_init_script("delete window.Worker")
    tab.goto("/latent")
    studio = StudioView(tab).wait_for_state("remote")
    sentence = say("studio.remote_features", missing="Worker")
    expect(studio.root.locator(".fallback")).to_have_text(sentence)
    studio.until(lambda: studio.moves > 0)
    drags_and_draws_what_pytorch_draws(studio)
    studio.until(lambda: studio.field.locator("canvas").evaluate(FILLED) == 15 * 15)
    studio.show("find")
    expect(studio.root.locator('[data-verb="search"]')).to_be_disabled()
    expect(studio.root.get_by_text(say("studio.find_remote"))).to_be_visible()
    assert complaints == []


def test_where_the_card_and_then_the_weights_do_not_arrive_there_is_a_way_on(tab):
    tab.route("**/api/latent/model/*", lambda route: route.abort())
    tab.route("**/api/latent/network/*", lambda route: route.abort())
    tab.goto("/latent")
    studio = StudioView(tab).wait_for_state("failed")
    failure = studio.root.locator(".failure")
    expect(failure).to_contain_text(say("studio.card_failed"))
    tab.unroute("**/api/latent/model/*")
    failure.get_by_role("button", name=say("studio.try_again")).click()
    studio.wait_for_state("remote")
    expect(failure).to_be_hidden()
    expect(studio.root.locator(".fallback")).to_have_text(say("studio.remote_weights"))
    studio.until(lambda: studio.moves > 0)
    drags_and_draws_what_pytorch_draws(studio)
    tab.unroute("**/api/latent/network/*")
    studio.choose("dcgan")  # whose weights do arrive
    studio.wait_for_state("ready")
    expect(studio.root.locator(".fallback")).to_be_hidden()
