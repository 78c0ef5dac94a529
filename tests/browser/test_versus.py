"""The page *GAN vs VAE* in a real browser: its stage, and a duel from its start to its table."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.app_server import JobView, set_number, wait_until, wait_until_drawn

pytestmark = pytest.mark.browser

JOB = ".gan-job"
CHARTS = 4
# The largest part of what is said to be done, from which on the rest is waited for at once.
LITTLE_LEFT = 20


@pytest.fixture
def duels(open_page) -> Page:
    """Return the page, drawn to its end."""
    page: Page = open_page(viewport={"width": 1300, "height": 1000})
    page.goto("/versus?lang=en")
    page.locator(".pictures img").first.wait_for()
    wait_until_drawn(page)
    return page


def begin(page: Page, iterations: int) -> Locator:
    """Train both for so long, on small batches."""
    page.get_by_text("More", exact=True).click()
    expect(page.get_by_label("Batch size", exact=True)).to_be_visible()
    set_number(page, "Batch size", 2)
    set_number(page, "Iterations", iterations)
    page.get_by_role("button", name="Train both").click()
    return page.locator(JOB)


def total(page: Page) -> int:
    """How many steps there are, as the server says."""
    token = parse_qs(urlsplit(page.url).query)["job"][0]
    answer: int = page.request.get(f"/api/job/{token}").json()["total"]
    return answer


def test_the_stage_stands_before_any_click_and_obeys(duels, complaints):
    page = duels
    expect(page.get_by_test_id("stImage").locator("img")).to_have_count(3)
    expect(page.locator(".pictures img")).to_have_count(30 + 18)
    before = page.get_by_test_id("stImage").locator("img").nth(1).get_attribute("src")
    page.get_by_role("button", name="Other z").click()
    expect(page.get_by_text("Noise number 1.")).to_be_visible()
    vae = page.get_by_alt_text("64 digits made by the VAE from the same noise number 1")
    expect(vae).not_to_have_attribute("src", before or "")
    means = vae.get_attribute("src") or ""
    page.get_by_text("With the likelihood's noise").click()
    expect(page.get_by_text("VAE: drawn from its likelihood")).to_be_visible()
    expect(vae).not_to_have_attribute("src", means)
    assert complaints == []


def test_a_duel_goes_rests_and_goes_on(duels, complaints):
    page = duels
    job = begin(page, 20_000)
    JobView(page).reaches(20)
    expect(job.locator("canvas")).to_have_count(CHARTS)
    for canvas in job.locator("canvas").all():
        wait_until(
            lambda canvas=canvas: int(canvas.get_attribute("data-drawn") or 0) > 0,
            lambda: page.wait_for_timeout(50),
        )
    for name in ("GAN", "VAE"):
        picture = job.get_by_alt_text(f"64 samples of the {name} in training")
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.naturalWidth") == 8 * 56
    expect(job.get_by_text("Both sides train, on the built-in digits")).to_be_visible()
    job.get_by_role("button", name="Pause").click()
    JobView(page).wait_for_state("paused")
    stood = JobView(page).done
    page.wait_for_timeout(1500)  # a second look of the page at the least
    assert JobView(page).done == stood
    job.get_by_role("button", name="Go on").click()
    JobView(page).wait_for_state("running")
    JobView(page).reaches(stood + 10)
    job.get_by_role("button", name="Cancel").click()
    JobView(page).wait_for_state("cancelled")
    assert complaints == []


def test_a_duel_ends_with_a_table_that_stays(duels, complaints):
    page = duels
    begin(page, 20)
    JobView(page).reaches(20)
    JobView(page).reaches(total(page) - LITTLE_LEFT)
    ended = page.get_by_text("How it ended", exact=True)
    expect(ended).to_be_visible()
    JobView(page).wait_for_state("done")
    table = page.locator(".figures").first
    expect(table.locator("thead th")).to_have_text(["measure", "GAN", "VAE", "real"])
    assert all(cell for cell in table.locator("tbody td").all_inner_texts())
    expect(page.get_by_test_id("stPlotlyChart")).to_be_visible()
    expect(page.get_by_text("These are the built-in digits")).to_be_visible()
    rebuilt = page.locator(JOB).get_by_alt_text("A row of real test pictures", exact=False)
    assert rebuilt.evaluate("image => image.naturalHeight") == 3 * 56
    assert parse_qs(urlsplit(page.url).query)["job"]
    page.reload()
    expect(ended).to_be_visible()
    assert complaints == []
