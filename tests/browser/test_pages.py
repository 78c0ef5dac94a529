"""Every lesson in a real browser: pictures come, nothing sticks out, both themes are drawn."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.app_server import LiveView, wait_until, wait_until_drawn
from ui.lessons import LESSONS

pytestmark = pytest.mark.browser

PATHS = ["" if lesson is LESSONS[0] else lesson.path for lesson in LESSONS]
PHONE = {"width": 390, "height": 844}
WIDEST = """() => ["html", "[data-testid=stMain]"].map((name) => document.querySelector(name))
    .filter((box) => box.scrollWidth > box.clientWidth)
    .map((box) => `${box.tagName} is ${box.scrollWidth} px wide in ${box.clientWidth}`)
"""


def open_lesson(page: Page, path: str) -> None:
    """Open a lesson; return when all of it is drawn, pictures included."""
    page.goto(f"/{path}?dataset=digits")
    wait_until_drawn(page)
    if path == "latent":
        page.locator('.gan-latent[data-state="ready"]').wait_for()
    page.get_by_test_id("stMain").locator("img, canvas").first.wait_for()  # every lesson has some
    for image in page.locator("img").all():
        wait_until(lambda image=image: is_loaded(image), lambda: page.wait_for_timeout(50))


def is_loaded(image: Locator) -> bool:
    """Say whether an <img> shows something."""
    return image.evaluate("(image) => image.complete && image.naturalWidth > 0")


def lightness(page: Page) -> float:
    """Return the mean of the background's red, green and blue, 0 to 255."""
    background = page.get_by_test_id("stApp").evaluate("(app) => getComputedStyle(app).background")
    red, green, blue = background[background.index("(") + 1 : background.index(")")].split(",")[:3]
    return (int(red) + int(green) + int(blue)) / 3


def test_the_first_page_shows_recorded_pictures_and_then_live_ones(page, complaints):
    page.goto("/")
    page.locator(".gan-pipeline img").first.wait_for()
    page.locator('.gan-pipeline[data-state="live"]').wait_for()
    pictures = page.locator(".gan-pipeline img")
    expect(pictures).to_have_count(3)
    assert all(is_loaded(image) for image in pictures.all())
    assert complaints == []


def test_new_noise_makes_new_pictures(page):
    page.goto("/")
    pipeline = page.locator(".gan-pipeline")
    page.locator('.gan-pipeline[data-state="live"]').wait_for()
    pipeline.locator("button.toggle").click()
    seed = pipeline.get_attribute("data-seed") or ""
    pipeline.locator("button.renew").click()
    expect(pipeline).not_to_have_attribute("data-seed", seed)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_fits_a_phone(open_page, path):
    page = open_page(viewport=PHONE)
    open_lesson(page, path)
    assert page.evaluate(WIDEST) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_drawn_in_both_themes(open_page, complaints, path, theme):
    page = open_page(color_scheme=theme)
    open_lesson(page, path)
    assert (lightness(page) > 128) == (theme == "light")
    for component in page.locator('[class^="gan-"]').all():
        expect(component).to_have_attribute("data-theme", theme)
    if path == "train":
        LiveView(page).wait_for("frames", 1)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert complaints == []
