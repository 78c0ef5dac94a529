"""The page *The game* in a real browser: what is dragged, clicked or keyed is answered."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from benchmarks.app_server import wait_until_drawn

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page) -> Page:
    """Return the page with both charts answered once."""
    page = open_page(viewport={"width": 1200, "height": 1000})
    page.goto("/game?lang=en")
    wait_until_drawn(page)
    for name in ("reply", "turn"):
        expect(page.locator(f".gan-{name}[data-answers]")).to_be_visible()
    return page


def number(page: Page, key: str):
    return page.locator(f".gan-reply [data-key={key}] b")


def chip(page: Page, component: str, text: str):
    return page.locator(f".gan-{component} .chip", has_text=text)


def test_a_dragged_bump_changes_the_distance(page):
    expect(number(page, "w1")).to_have_text("2.0000")
    handle = page.locator(".gan-reply .handle[data-key=q0]")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=4)
    page.mouse.up()
    expect(number(page, "w1")).not_to_have_text("2.0000")


def test_a_handle_obeys_the_arrow_keys(page):
    handle = page.locator(".gan-reply .handle[data-key=q0]")
    handle.press("ArrowRight")
    expect(number(page, "w1")).to_have_text("2.1000")
    handle.press("Shift+ArrowLeft")
    expect(number(page, "w1")).to_have_text("1.6000")


def test_examples_show_their_numbers(page):
    chip(page, "reply", "Far apart").click()
    expect(number(page, "jsd")).to_have_text("0.6931")
    expect(number(page, "w1")).to_have_text("10.0000")
    chip(page, "reply", "The same").click()
    expect(number(page, "value")).to_have_text("−1.3863")


def test_bumps_come_and_go_between_one_and_four(page):
    add = page.locator(".gan-reply .button", has_text="Add to q")
    remove = page.locator(".gan-reply .button", has_text="Remove")
    expect(remove).to_be_disabled()
    for _ in range(3):
        add.click()
    expect(add).to_be_disabled()
    expect(page.locator(".gan-reply .handle[data-key^=q]")).to_have_count(4)
    for _ in range(3):
        remove.click()
    expect(remove).to_be_disabled()


def test_a_d_learns_and_its_moments_can_be_chosen(page):
    page.locator(".gan-reply .button.primary").click()
    chip(page, "reply", "1000").click()
    expect(page.locator(".gan-reply .error")).to_have_text(re.compile(r"0\.0[01]"))


def test_a_click_on_the_portrait_is_the_new_start(page):
    canvas = page.locator(".gan-turn .portrait canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    handle = page.locator(".gan-turn .handle")
    expect(handle).to_have_attribute("aria-valuetext", "1.00, 1.00")
    page.mouse.click(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.6)
    expect(handle).not_to_have_attribute("aria-valuetext", "1.00, 1.00")


def test_methods_are_compared_up_to_four(page):
    chip(page, "turn", "Four methods").click()
    expect(page.locator(".gan-turn .verdicts li")).to_have_count(4)
    expect(chip(page, "turn", "Consensus").locator("input")).to_be_disabled()


def test_the_game_xy_is_measured_as_predicted(page):
    page.locator(".gan-turn .chip", has_text="The game xy").first.click()
    expect(page.locator(".gan-turn .verdicts li").first).to_contain_text("×1.00499 a round")
    expect(page.locator(".gan-turn .verdicts li").nth(1)).to_contain_text("keeps going round")


def test_only_the_sum_of_the_min_max_losses_is_always_zero(page):
    sums = page.locator(".gan-sums td.sum")
    expect(sums).to_have_text(["0.0000", "2.6311"])
    page.locator(".gan-sums input").first.press("End")
    expect(sums.first).to_have_text("0.0000")
    expect(sums.nth(1)).not_to_have_text("2.6311")


def test_an_experiment_sets_the_stage(page):
    answer = page.get_by_test_id("stRadio").first.locator("label", has_text="W1").last
    answer.click()
    page.get_by_role("button", name="Set up and run").first.click()
    expect(number(page, "w1")).to_have_text("10.0000")


def test_nothing_complains(page, complaints):
    chip(page, "turn", "In turn, h").click()
    expect(page.locator(".gan-turn .verdicts li")).to_contain_text("keeps going round")
    assert complaints == []
