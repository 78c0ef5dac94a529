"""The two games of the page *The game* in a real browser: a student plays D, then G."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.app_server import wait_until_drawn

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page) -> Page:
    """Return the page with a picture to judge and a D that has learned once."""
    page = open_page(viewport={"width": 1200, "height": 1000})
    page.goto("/game?lang=en")
    wait_until_drawn(page)
    expect(page.locator('.gan-guess[data-state="asking"]')).to_be_visible()
    expect(page.locator('.gan-forge[data-state="ready"][data-turns="1"]')).to_be_visible()
    return page


def guess(page: Page) -> Locator:
    return page.locator(".gan-guess")


def forge(page: Page) -> Locator:
    return page.locator(".gan-forge")


def in_turn(page: Page, number: int) -> Locator:
    return page.locator(f'.gan-forge[data-state="ready"][data-turns="{number}"]')


# Be the discriminator ---------------------------------------------------------------------


def test_the_truth_is_shown_after_an_answer_and_not_before(page):
    assert guess(page).get_attribute("data-truth") == ""
    expect(guess(page).locator(".verdict b")).to_have_text("?")
    guess(page).get_by_role("button", name="Real").click()
    expect(guess(page)).to_have_attribute("data-state", "told")
    truth = guess(page).get_attribute("data-truth")
    headline = {"real": "It is real", "fake": "It is fake"}[truth]
    expect(guess(page).locator(".headline")).to_contain_text(headline)
    expect(guess(page).locator(".verdict b")).to_contain_text("%")


def test_a_round_can_be_played_with_the_keyboard_alone(page):
    guess(page).focus()
    for count in (1, 2):
        page.keyboard.press("ArrowRight")
        expect(guess(page)).to_have_attribute("data-state", "told")
        expect(guess(page).locator(".score tr").last).to_contain_text(f"of {count}")
        page.wait_for_timeout(400)  # a second press so soon would be meant for the answer
        page.keyboard.press("Enter")
        expect(guess(page)).to_have_attribute("data-state", "asking")


def test_another_stage_shows_another_picture_and_keeps_the_score(page):
    guess(page).get_by_role("button", name="Fake").click()
    expect(guess(page)).to_have_attribute("data-state", "told")
    guess(page).locator(".chip", has_text="late").click()
    expect(guess(page)).to_have_attribute("data-state", "asking")
    expect(guess(page).locator(".score tr").last).to_contain_text("of 1")


# Be the generator -------------------------------------------------------------------------


def test_points_follow_the_arrows_and_d_learns_again(page):
    point = forge(page).locator(".handle").first
    before = point.get_attribute("aria-valuenow")
    forge(page).locator(".button.follow").click()
    expect(point).not_to_have_attribute("aria-valuenow", before)
    expect(forge(page).locator(".button.turn")).to_be_enabled()
    forge(page).locator(".button.turn").click()
    expect(in_turn(page, 2)).to_be_visible()
    expect(forge(page).locator("table.turns tbody tr")).to_have_count(2)


def test_a_point_obeys_the_arrow_keys(page):
    point = forge(page).locator(".handle").first
    before = float(point.get_attribute("aria-valuenow"))
    point.press("Shift+ArrowRight")
    assert float(point.get_attribute("aria-valuenow")) == pytest.approx(before + 0.25, abs=2e-3)


def test_starting_again_forgets_the_turns(page):
    forge(page).locator(".button.turn").click()
    expect(in_turn(page, 2)).to_be_visible()
    forge(page).locator(".chip", has_text="two bumps").click()
    expect(in_turn(page, 1)).to_be_visible()


def test_nothing_complains(page, complaints):
    forge(page).get_by_text("Hide the data").click()
    forge(page).locator(".chip", has_text="minimax").click()
    assert complaints == []
