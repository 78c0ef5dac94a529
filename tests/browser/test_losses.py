"""The page *Losses* in a real browser: one marker through all charts, lines, folds, links."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.app_server import wait_until, wait_until_drawn

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page) -> Page:
    """Return the page with the lab drawn."""
    page = open_page(viewport={"width": 1200, "height": 1000})
    page.goto("/losses?lang=en")
    wait_until_drawn(page)
    expect(lab(page)).to_have_attribute("data-logit", "-2.19722")  # D(G(z)) = .1
    return page


def lab(page: Page) -> Locator:
    return page.locator(".gan-losses")


def ratio(page: Page) -> Locator:
    return page.locator(".gan-losses .ratio-value")


def logit(page: Page) -> float:
    return float(lab(page).get_attribute("data-logit"))


def chip(page: Page, text: str) -> Locator:
    return page.locator(".gan-losses .chip", has_text=text)


def unfold(page: Page, text: str) -> None:
    page.get_by_test_id("stExpander").filter(has_text=text).locator("summary").click()


def test_the_ratios_are_1_9_99_999(page):
    snaps = page.locator(".gan-losses .snap")
    for text, shown in (
        ("0.5", "1 : 1"),
        ("0.1", "9 : 1"),
        ("0.01", "99 : 1"),
        ("0.001", "999 : 1"),
    ):
        snaps.get_by_text(text, exact=True).click()
        expect(ratio(page)).to_have_text(shown)


def test_the_marker_follows_the_keyboard_and_a_drag_in_a_chart(page):
    page.locator(".gan-losses input[type=range]").first.press("End")
    expect(ratio(page)).to_contain_text("1 : ")  # D is fooled
    canvas = page.locator(".gan-losses .surface.push canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.15, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    assert logit(page) < -3


def test_up_to_four_losses_stand_side_by_side(page):
    rows = page.locator(".gan-losses table.numbers tbody tr")
    expect(rows).to_have_count(2)
    chip(page, "Hinge").click()
    chip(page, "LSGAN").click()
    expect(rows).to_have_count(4)
    expect(chip(page, "RpGAN").locator("input")).to_be_disabled()
    chip(page, "Hinge").click()
    expect(rows).to_have_count(3)


def test_only_w_changes_while_the_lines_are_apart(page):
    figures = page.locator(".gan-losses .distances-now dd")
    expect(figures).to_have_text(["1.000", "1.000", "0.693", "∞"])
    page.locator(".gan-losses .handle[data-key=theta]").press("ArrowLeft")
    expect(figures).to_have_text(["0.950", "1.000", "0.693", "∞"])


def test_an_experiment_moves_the_marker(page):
    page.get_by_test_id("stRadio").first.locator("label", has_text="The min-max arrow").click()
    page.get_by_role("button", name="Set up and run").first.click()
    wait_until(lambda: logit(page) < -6.8, lambda: page.wait_for_timeout(50))


def test_train_with_this_opens_the_training_page_with_the_loss(page):
    chip(page, "Hinge").click()
    page.get_by_role("button", name="Train with this: Hinge").click()
    page.wait_for_url("**/train*")
    chosen = page.get_by_test_id("stSelectbox").filter(has_text="Loss").locator("input").first
    expect(chosen).to_have_value("Hinge")
    expect(page.locator(".gan-live")).to_be_visible()


def test_formulas_code_and_remedies_unfold(page, complaints):
    code = page.get_by_test_id("stCode")
    expect(code).to_have_count(0)
    unfold(page, "The formulas, and the code that runs")
    expect(code.filter(has_text="class NonSaturating").first).to_be_visible()
    unfold(page, "Penalties and remedies")
    expect(page.get_by_role("link", name="Train with this: R1 penalty γ")).to_be_visible()
    assert complaints == []
