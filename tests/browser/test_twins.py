"""Two runs side by side in a real browser: fork, play in step, look, keep one, watch."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.app_server import open_live, wait_until, wait_until_drawn
from gan_core.engine.pair import LEAD
from ui.words import translate

pytestmark = pytest.mark.browser

POINTS = "lang=en&dataset=eight_soft&width=16&layers=1&batch_size=32"
DIGITS = "lang=en&dataset=digits&model=dcgan&batch_size=4&latent_dim=8"

# A section slides open for half a second, and its buttons move away under the mouse.
AT_REST = "[...document.querySelectorAll('details')].every(one => !one.getAnimations().length)"


class TwinView:
    """The component that shows both: what its root says of them, and its buttons."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root: Locator = page.locator(".gan-twins")

    def number(self, name: str) -> int:
        """Return "iteration", "a", "b", "fork" or "drawn"."""
        return int(self.root.get_attribute(f"data-{name}") or 0)

    def press(self, verb: str) -> None:
        self.root.locator(f'[data-verb="{verb}"]').click()

    def wait_for_state(self, state: str) -> None:
        self.page.locator(f'.gan-twins[data-state="{state}"]').wait_for()

    def until(self, condition: Callable[[], bool]) -> None:
        wait_until(condition, lambda: self.page.wait_for_timeout(50))

    def both_at(self, iteration: int) -> None:
        self.until(lambda: self.number("a") == self.number("b") == iteration)


def open_section(page: Page) -> None:
    page.get_by_text("Compare with one change").click()
    page.get_by_role("button", name="Fork here").wait_for()
    wait_until_drawn(page)
    page.wait_for_function(AT_REST)


def forked(page: Page) -> TwinView:
    open_section(page)
    page.get_by_role("button", name="Fork here").click()
    twins = TwinView(page)
    twins.wait_for_state("paused")
    return twins


@pytest.fixture
def twins(open_page) -> TwinView:
    """Return a run of points that was forked at iteration 10, and its fork."""
    page = open_page(viewport={"width": 1300, "height": 2600})
    live = open_live(page, f"/playground?{POINTS}", "points")
    live.press("step10")
    live.wait_for("iteration", 10)
    live.wait_for_state("paused")
    twins = forked(page)
    twins.both_at(10)
    return twins


def picture(canvas: Locator) -> str:
    drawn: str = canvas.evaluate("canvas => canvas.toDataURL()")
    return drawn


def colours(canvas: Locator) -> int:
    """Count the columns of a chart in which something saturated is drawn: curves, not axes."""
    count: int = canvas.evaluate(
        """canvas => {
          const { width, height } = canvas;
          const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
          const found = new Set();
          for (let at = 0; at < data.length; at += 4) {
            const part = [data[at], data[at + 1], data[at + 2]];
            const vivid = Math.max(...part) - Math.min(...part) > 60;
            if (data[at + 3] > 200 && vivid) found.add((at / 4) % width);
          }
          return found.size;
        }"""
    )
    return count


def test_a_fork_stands_where_its_parent_stands(twins):
    twins.until(lambda: twins.number("fork") == 10)
    expect(twins.root.locator(".changes li")).to_have_count(1)
    change = twins.root.locator(".changes li").inner_text()
    assert re.fullmatch(r"Learning rate of D: [\d.e-]+ → [\d.e-]+", change)
    titles = twins.root.locator(".half .title")
    expect(titles.first).to_contain_text("A: Learning rate of D")
    expect(titles.last).to_contain_text("B: Learning rate of D")
    expect(twins.page.locator(".gan-playground")).to_have_count(0)


def test_both_advance_together_and_rest_together(twins):
    twins.press("play")
    twins.wait_for_state("running")
    twins.until(lambda: min(twins.number("a"), twins.number("b")) >= 60)
    # Each is asked in turn, so that the two numbers are seldom of one moment.
    twins.until(lambda: abs(twins.number("a") - twins.number("b")) <= LEAD)
    twins.press("play")
    twins.wait_for_state("paused")
    twins.until(lambda: twins.number("a") == twins.number("b") >= 60)


def test_steps_are_made_by_both(twins):
    twins.press("step")
    twins.both_at(11)
    twins.press("step10")
    twins.both_at(21)
    twins.press("step-discriminator")
    twins.both_at(22)
    for moves in twins.root.locator(".number.d_moves b").all():
        expect(moves).to_have_text("22")
    for moves in twins.root.locator(".number.g_moves b").all():
        expect(moves).to_have_text("21")


def test_the_keys_steer_both(twins):
    twins.page.keyboard.press("ArrowRight")
    twins.both_at(11)
    twins.page.keyboard.press("Space")
    twins.wait_for_state("running")
    twins.page.keyboard.press("Space")
    twins.wait_for_state("paused")
    twins.until(lambda: twins.number("a") == twins.number("b") > 11)


def test_the_charts_show_both(twins):
    """B's line comes to what was there, where B has left A."""
    charts = twins.root.locator(".twin-charts canvas")
    expect(charts).to_have_count(4)
    before = [picture(chart) for chart in charts.all()]
    twins.press("step100")
    twins.both_at(110)
    twins.page.wait_for_timeout(300)
    for chart, was in zip(charts.all(), before, strict=True):
        assert picture(chart) != was
        assert colours(chart) > 100
        told = chart.get_attribute("aria-label") or ""
        numbers = re.search(r"At iteration 110: A (\S+), B (\S+)\.", told)
        assert numbers is not None
        assert numbers[1] != numbers[2]


def test_the_readings_stand_side_by_side(twins):
    rows = twins.root.locator(".readings tbody tr")
    expect(rows).to_have_count(5)
    js = twins.root.locator(".readings tr[data-measure=js_bits] td")
    expect(js.nth(0)).not_to_have_text("–")
    assert js.nth(0).inner_text() == js.nth(1).inner_text()  # at the fork, both are the same
    expect(js.nth(2)).to_contain_text("real vs real")
    twins.press("step100")
    twins.both_at(110)
    twins.until(lambda: js.nth(0).inner_text() != js.nth(1).inner_text())
    title = twins.root.locator(".reading-part .curves figcaption")
    expect(title).to_have_text("JS divergence")
    twins.root.locator(".readings tr[data-measure=sliced_w1] label").click()
    expect(title).to_have_text("Sliced W1")


def test_reset_takes_both_back_to_the_fork(twins):
    twins.press("step10")
    twins.both_at(20)
    twins.press("reset")
    twins.press("reset")  # what has been learned is lost: it asks once
    twins.both_at(10)


def test_both_go_back_together(twins):
    twins.press("step")
    twins.both_at(11)
    twins.press("step")
    twins.both_at(12)
    slider = twins.root.locator(".lookback input")
    slider.press("End")
    slider.press("ArrowLeft")
    slider.press("ArrowLeft")
    twins.root.locator(".go-on").click()
    twins.until(lambda: twins.number("a") == twins.number("b") < 12)


def test_a_layer_is_shown_on_both_stages(twins):
    canvases = twins.root.locator(".half canvas").all()
    before = [picture(canvas) for canvas in canvases]
    twins.root.locator(".layer.sheet").click()
    twins.page.wait_for_timeout(300)
    assert all(picture(canvas) != was for canvas, was in zip(canvases, before, strict=True))


def test_b_is_kept_and_goes_on_alone(twins):
    twins.press("step10")
    twins.both_at(20)
    twins.page.get_by_role("button", name="Keep B").click()
    live = twins.page.locator('.gan-playground[data-state="paused"][data-iteration="20"]')
    live.wait_for()
    assert "twin=" not in twins.page.url
    live.locator('[data-verb="step"]').click()
    twins.page.locator('.gan-playground[data-iteration="21"]').wait_for()


def test_closing_takes_the_run_back_to_the_fork(twins):
    twins.press("step10")
    twins.both_at(20)
    twins.page.get_by_role("button", name="Close", exact=True).click()
    twins.page.locator('.gan-playground[data-state="paused"][data-iteration="10"]').wait_for()


def test_a_reload_keeps_both(twins):
    twins.press("step10")
    twins.both_at(20)
    twins.until(lambda: "twin=" in twins.page.url)
    twins.page.reload()
    twins.wait_for_state("paused")
    twins.both_at(20)
    twins.until(lambda: twins.number("fork") == 10)


def test_who_watches_sees_both_and_has_no_buttons(twins, open_page):
    link = twins.page.get_by_test_id("stSidebar").get_by_test_id("stCode").inner_text()
    other = open_page()
    other.goto(re.sub(r"\s", "", link))
    watching = TwinView(other)
    watching.wait_for_state("paused")
    watching.both_at(10)
    expect(watching.root.locator(".watching")).to_be_visible()
    expect(watching.root.locator('[data-verb="play"]')).to_be_hidden()
    expect(other.get_by_role("button", name="Keep B")).to_have_count(0)


def test_a_twin_that_diverges_stops_and_the_other_goes_on(open_page):
    page = open_page(viewport={"width": 1300, "height": 1600})
    wild = f"{POINTS}&loss=wasserstein&optimizer=sgd&r1=0&r2=0&discriminator_lr=1e-5&beta1=0"
    open_live(page, f"/playground?{wild}", "points")
    open_section(page)
    value = page.get_by_role("spinbutton", name="Learning rate of D").last
    value.fill("10")
    value.press("Enter")
    expect(page.get_by_text(re.compile("→ 10"))).to_be_visible()
    page.get_by_role("button", name="Both from the beginning").click()
    twins = TwinView(page)
    twins.wait_for_state("paused")
    twins.press("step100")
    page.locator('.gan-twins[data-state-b="diverged"]').wait_for()
    twins.until(lambda: twins.number("a") == 100)
    assert twins.number("b") < 100
    expect(twins.root.locator(".state.diverged")).to_contain_text("broke down")
    expect(twins.root.locator(".in-step")).to_have_text("B has stopped. A can go on alone.")
    twins.press("step")
    twins.until(lambda: twins.number("a") == 101)


def test_digits_are_compared_as_contact_sheets(open_page):
    page = open_page(viewport={"width": 1300, "height": 1600})
    open_live(page, f"/train?{DIGITS}")
    twins = forked(page)
    sheets = twins.root.locator(".half .sheet canvas")
    expect(sheets).to_have_count(2)
    before = [picture(sheet) for sheet in sheets.all()]
    assert before[0] == before[1]
    twins.press("step10")
    twins.both_at(10)
    page.wait_for_timeout(500)
    after = [picture(sheet) for sheet in sheets.all()]
    assert after[0] != after[1]
    for now, was in zip(after, before, strict=True):
        assert now != was


def test_where_both_are_told_classes_both_sheets_have_a_row_for_each(open_page):
    page = open_page(viewport={"width": 1300, "height": 1600})
    open_live(page, f"/train?{DIGITS}&conditional=on")
    twins = forked(page)
    told = translate("en", "live.picture_alt_rows", count=100, iteration=0)
    for half in twins.root.locator(".half").all():
        expect(half.locator(".sheet canvas")).to_have_attribute(
            "aria-label", re.compile(re.escape(told))
        )
        expect(half.get_by_text(translate("en", "live.rows"))).to_be_visible()


def test_pictures_are_measured_side_by_side(open_page):
    """Of a hundred pictures learned from, copies are counted too; the built-in digits' classes
    are not those that the classifier knows."""
    page = open_page(viewport={"width": 1300, "height": 1600})
    open_live(page, f"/train?{DIGITS}&examples=100")
    twins = forked(page)
    names = twins.root.locator(".readings .reading-name span")
    expect(names).to_have_text(["Fréchet distance", "Coverage", "Near copies"])
    copies = twins.root.locator(".readings tr[data-measure=near_share] td")
    expect(copies).to_have_text(["0.0 %", "0.0 %", "real vs real: 1.0 %"])
    twins.root.locator(".readings tr[data-measure=coverage] label").click()
    expect(twins.root.locator(".reading-part .curves figcaption")).to_have_text("Coverage")


def test_a_phone_needs_no_sideways_scrolling(open_page):
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True)
    open_live(page, f"/playground?{POINTS}", "points")
    twins = forked(page)
    twins.press("step")
    twins.both_at(1)
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    lefts = [half.bounding_box()["x"] for half in twins.root.locator(".half").all()]
    assert lefts[0] == lefts[1]


def test_nothing_complains(twins, complaints):
    twins.press("step10")
    twins.both_at(20)
    twins.page.get_by_role("button", name="Keep A").click()
    twins.page.locator('.gan-playground[data-state="paused"]').wait_for()
    # B may just have been asked for news when it ended.
    assert [one for one in complaints if "404" not in one or "/api/run/" not in one] == []
