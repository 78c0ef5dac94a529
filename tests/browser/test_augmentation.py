"""The page *Data augmentation* in a real browser: a cell rests, goes on, ends and is kept."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.app_server import JobView, set_number, wait_until_drawn

pytestmark = pytest.mark.browser

JOB = ".gan-job"


@pytest.fixture
def page_of_cells(open_page) -> Page:
    """Return the page, drawn."""
    page: Page = open_page(viewport={"width": 1300, "height": 1000})
    page.goto("/augmentation?lang=en")
    wait_until_drawn(page)
    return page


def run(page: Page) -> Locator:
    page.get_by_role("button", name="Run this cell").click()
    return page.locator(JOB)


def test_a_cell_shows_its_way_rests_goes_on_and_is_cancelled(page_of_cells, complaints):
    page = page_of_cells
    job = run(page)
    JobView(page).reaches(5)
    expect(job.locator("img").first).to_be_visible()
    assert job.locator("img").first.evaluate("image => image.naturalWidth") == 280
    expect(job.locator("canvas").first).to_have_attribute(
        "aria-label", "The losses of GAN over its steps."
    )
    job.get_by_role("button", name="Pause").click()
    JobView(page).wait_for_state("paused")
    stood = JobView(page).done
    expect(job.get_by_role("button", name="Pause")).to_be_hidden()
    job.get_by_role("button", name="Go on").click()
    JobView(page).wait_for_state("running")
    JobView(page).reaches(stood + 5)
    job.get_by_role("button", name="Cancel").click()
    JobView(page).wait_for_state("cancelled")
    expect(job.get_by_role("button", name="Cancel")).to_be_hidden()
    assert complaints == []


def test_a_cell_ends_and_its_result_is_there_after_a_reload(page_of_cells, complaints):
    page = page_of_cells
    set_number(page, "Iterations of the GAN", 3)
    set_number(page, "Steps of the classifier", 4)
    run(page)
    result = page.get_by_role("heading", name="n = 10, seed 0: what came of it")
    expect(result).to_be_visible()
    JobView(page).wait_for_state("done")
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
    JobView(page).reaches(1)
    link = page.get_by_test_id("stSidebar").get_by_test_id("stCode").last.inner_text()
    query = urlsplit("".join(link.split())).query
    other = open_page(viewport={"width": 1300, "height": 1000})
    other.goto(f"/augmentation?{query}")
    JobView(other).reaches(2)
    expect(other.locator(JOB).get_by_role("button", name="Pause")).to_be_hidden()
    expect(other.get_by_text("You are watching somebody else's cell.")).to_be_visible()
    page.locator(JOB).get_by_role("button", name="Cancel").click()
    JobView(other).wait_for_state("cancelled")
