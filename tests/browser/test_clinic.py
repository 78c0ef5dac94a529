"""The page *Clinic* in a real browser: choose, predict, run, and read the diagnosis."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.app_server import LiveView, wait_until_drawn
from gan_core.clinic.doctor import EARLY

pytestmark = pytest.mark.browser

RUN = "Run the sick one beside its cure"


def patient(page: Page, mark: str) -> Locator:
    """What the doctor says of one twin."""
    return page.locator(f'.gan-doctor .patient[aria-label="{mark}"]')


@pytest.fixture
def twins(open_page) -> LiveView:
    """Return the twins of a case, chosen, predicted and begun."""
    page = open_page(viewport={"width": 1300, "height": 1000})
    page.goto("/clinic?lang=en")
    wait_until_drawn(page)
    page.get_by_role("radio", name="A D that has learned nothing").click()
    question = page.get_by_text("What do the losses show while D learns next to nothing?")
    expect(question).to_be_visible()
    expect(page.get_by_role("button", name=RUN)).to_be_disabled()
    page.get_by_text("Both swing more and more").click()
    page.get_by_role("button", name=RUN).click()
    live = LiveView(page, "twin")
    live.root = page.locator(".gan-twins")
    live.until(lambda: bool(live.token))
    return live


def test_a_case_runs_and_the_doctor_speaks(twins, complaints):
    page = twins.page
    for reached in range(EARLY // 4, 2 * EARLY, EARLY // 4):  # however slow: it goes on
        twins.wait_for("b", reached)
    for mark in "AB":
        expect(patient(page, mark)).not_to_have_attribute("data-findings", "too_early")
        expect(patient(page, mark).locator("li").first).not_to_be_empty()
    expect(page.get_by_text("Not what you predicted.")).to_be_visible()
    assert complaints == []
    twins.press("play")
    page.locator('.gan-twins[data-state="paused"]').wait_for()
    assert twins.number("a") == twins.number("b")


def test_the_doctor_asks_by_itself_and_no_script_of_the_page_runs(twins):
    page = twins.page
    doctor = page.locator(".gan-doctor")
    twins.until(lambda: int(doctor.get_attribute("data-asked") or 0) >= 2)
    asked = int(doctor.get_attribute("data-asked") or 0)
    page.evaluate(
        """() => {
          window.runs = 0;
          new MutationObserver(() => { window.runs += 1; }).observe(
            document.querySelector("[data-testid=stApp]"),
            { attributes: true, attributeFilter: ["data-test-script-state"] },
          );
        }"""
    )
    twins.until(lambda: int(doctor.get_attribute("data-asked") or 0) >= asked + 3)
    assert page.evaluate("window.runs") == 0


def test_closing_takes_the_twins_away(twins):
    page = twins.page
    page.get_by_role("button", name="Close").click()
    page.locator(".gan-twins").wait_for(state="detached")
    expect(page.get_by_test_id("stMain").locator("img").first).to_be_visible()


def test_the_doctor_stands_beside_a_run_of_the_playground(open_page):
    page = open_page()
    page.goto("/playground?lang=en&dataset=eight_soft&width=16&layers=1&batch_size=32")
    doctor = page.locator(".gan-doctor .patient")
    expect(doctor).to_have_attribute("data-findings", "too_early")
