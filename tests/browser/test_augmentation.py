"""The page *Data augmentation* in a real browser: a cell rests, goes on, ends and is kept."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.app_server import wait_until, wait_until_drawn

pytestmark = pytest.mark.browser

JOB = ".gan-job"


@pytest.fixture
def page_of_cells(open_page) -> Page:
    """Return the page, drawn."""
    page: Page = open_page(viewport={"width": 1300, "height": 1000})
    page.goto("/augmentation?lang=en")
    wait_until_drawn(page)
    return page


def set_number(page: Page, label: str, value: int) -> None:
    box = page.get_by_label(label, exact=True)
    box.fill(str(value))
    box.press("Enter")
    wait_until_drawn(page)


def run(page: Page) -> Locator:
    page.get_by_role("button", name="Run this cell").click()
    return page.locator(JOB)


def in_state(page: Page, state: str) -> None:
    page.locator(f'{JOB}[data-state="{state}"]').wait_for()


def done(page: Page) -> int:
    return int(page.locator(JOB).get_attribute("data-done") or 0)


def reaches(page: Page, least: int) -> None:
    wait_until(lambda: done(page) >= least, lambda: page.wait_for_timeout(50))


def test_a_cell_shows_its_way_rests_goes_on_and_is_cancelled(page_of_cells, complaints):
    page = page_of_cells
    job = run(page)
    reaches(page, 5)
    expect(job.locator("img").first).to_be_visible()
    assert job.locator("img").first.evaluate("image => image.naturalWidth") == 280
    expect(job.locator("canvas").first).to_have_attribute(
        "aria-label", "The losses of GAN over its steps."
    )
    job.get_by_role("button", name="Pause").click()
    in_state(page, "paused")
    stood = done(page)
    expect(job.get_by_role("button", name="Pause")).to_be_hidden()
    job.get_by_role("button", name="Go on").click()
    in_state(page, "running")
    reaches(page, stood + 5)
    job.get_by_role("button", name="Cancel").click()
    in_state(page, "cancelled")
    expect(job.get_by_role("button", name="Cancel")).to_be_hidden()
    assert complaints == []


def test_a_cell_ends_and_its_result_is_there_after_a_reload(page_of_cells, complaints):
    page = page_of_cells
    set_number(page, "Iterations of the GAN", 3)
    set_number(page, "Steps of the classifier", 4)
    run(page)
    result = page.get_by_role("heading", name="n = 10, seed 0: what came of it")
    expect(result).to_be_visible()
    in_state(page, "done")
    figures = page.locator(".figures tbody tr th")
    expect(figures).to_have_text(["Real only", "Real, moved and turned", "Real + GAN"])
    expect(page.get_by_alt_text("Generated pictures, a row for each digit")).to_be_visible()
    assert parse_qs(urlsplit(page.url).query)["job"]
    page.reload()
    expect(result).to_be_visible()
    expect(page.get_by_text("The GAN, asked for a 0")).to_be_visible()
    assert complaints == []


def test_whoever_has_the_link_watches(page_of_cells, open_page):
    page = page_of_cells
    run(page)
    reaches(page, 1)
    link = page.get_by_test_id("stSidebar").get_by_test_id("stCode").last.inner_text()
    query = urlsplit("".join(link.split())).query
    other = open_page(viewport={"width": 1300, "height": 1000})
    other.goto(f"/augmentation?{query}")
    reaches(other, 2)
    expect(other.locator(JOB).get_by_role("button", name="Pause")).to_be_hidden()
    expect(other.get_by_text("You are watching somebody else's cell.")).to_be_visible()
    page.locator(JOB).get_by_role("button", name="Cancel").click()
    in_state(other, "cancelled")
