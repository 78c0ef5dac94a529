"""The page *Playground* in a real browser: train, look, go back, draw, and slow motion."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from benchmarks.app_server import LiveView, open_live

pytestmark = pytest.mark.browser

POLL = re.compile(r"/api/run/[^/]+\?")  # the question for news, at its own pace
# A small pair that moves quickly on a busy machine.
SMALL = "lang=en&dataset=eight_soft&width=16&layers=1&batch_size=32"


@pytest.fixture
def live(open_page) -> LiveView:
    """Return a fresh run in the playground, built and paused, with its first look drawn."""
    page = open_page(viewport={"width": 1300, "height": 1000})
    live = open_live(page, f"/playground?{SMALL}", "points")
    live.wait_for("frames", 1)
    return live


def plane(page: Page) -> Locator:
    return page.locator(".gan-live .plane canvas")


def tile(page: Page, measure: str) -> Locator:
    return page.locator(f".gan-live .tile[data-measure={measure}] b")


def drawn(page: Page) -> str:
    """What the plot looks like now."""
    page.wait_for_timeout(150)
    picture: str = plane(page).evaluate("canvas => canvas.toDataURL()")
    return picture


def stroke(page: Page, *places: tuple[float, float]) -> None:
    """Draw a line over the plot, through places given as parts of its size."""
    canvas = plane(page)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    ways = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*ways[0])
    page.mouse.down()
    for way in ways[1:]:
        page.mouse.move(*way, steps=12)
    page.mouse.up()


def data(page: Page) -> Locator:
    """The sidebar's choice of data."""
    return page.get_by_role("combobox", name="Data")


def choose_file(page: Page, content: bytes) -> None:
    file = FilePayload(name="points.csv", mimeType="text/csv", buffer=content)
    page.locator(".gan-live input[type=file]").set_input_files(file)


def test_something_is_to_be_seen_before_any_click(live):
    expect(tile(live.page, "js_bits")).not_to_have_text("–")
    expect(tile(live.page, "sliced_w1")).not_to_have_text("–")
    assert len(drawn(live.page)) > 5000


def test_training_moves_the_fakes_and_the_meter(live):
    before, js = drawn(live.page), tile(live.page, "js_bits").inner_text()
    live.press("play")
    live.wait_for("iteration", 60)
    live.wait_for("picture", 5)
    live.press("play")
    live.wait_for_state("paused")
    expect(tile(live.page, "js_bits")).not_to_have_text(js)
    assert drawn(live.page) != before


@pytest.mark.parametrize("kind", ["layer", "word"])
def test_a_layer_is_toggled_in_the_browser_alone(live, kind):
    page = live.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    toggle = page.locator(f".gan-live .{kind}.sheet")
    other = page.locator(f".gan-live .{'word' if kind == 'layer' else 'layer'}.sheet")
    before = drawn(page)
    toggle.click()
    expect(other).to_have_attribute("aria-pressed", "true")
    assert drawn(page) != before
    toggle.click()
    expect(other).to_have_attribute("aria-pressed", "false")
    assert drawn(page) == before
    assert [url for url in asked if not POLL.search(url)] == []


def count_drawings(page: Page) -> None:
    """Let each canvas count, from now on, how often it is cleared to be drawn anew."""
    page.evaluate("""() => {
      const { clearRect } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.clearRect = function (...box) {
        this.canvas.dataset.drawings = Number(this.canvas.dataset.drawings ?? 0) + 1;
        return clearRect.apply(this, box);
      };
    }""")


def drawings(page: Page, part: str) -> int:
    """How often the canvases of a part have been drawn since then, all together."""
    return sum(
        int(canvas.get_attribute("data-drawings") or 0)
        for canvas in page.locator(f".gan-live {part} canvas").all()
    )


def test_a_picture_is_drawn_anew_only_when_something_changed(live):
    page = live.page
    tall(page)
    count_drawings(page)
    page.wait_for_timeout(1500)  # the page goes on asking, and nothing is new
    assert drawings(page, "") == 0
    page.locator(".gan-live .layer.sheet").click()
    live.until(lambda: drawings(page, ".plane") == 1)
    assert drawings(page, ".chart") == 0
    live.press("step")
    live.until(lambda: drawings(page, ".thumb.fake") >= 2 and drawings(page, ".losses") >= 1)
    assert drawings(page, ".thumb:is(.real, .noise)") == 0


def test_numbers_and_curves_change_only_when_there_was_time_to_read_them(live):
    page = live.page
    tall(page)
    shown = page.locator(".gan-live .number.iteration b")
    live.press("play")
    live.wait_for("iteration", 20)
    page.evaluate("(now) => (performance.now = () => now)", page.evaluate("performance.now()"))
    live.wait_for("frames", live.number("frames") + 2)
    page.wait_for_timeout(300)  # what was under way is done
    count_drawings(page)
    before = shown.inner_text()
    live.wait_for("frames", live.number("frames") + 10)
    assert drawings(page, ".plane") >= 10
    assert drawings(page, ".chart") == 0
    assert shown.inner_text() == before
    live.press("play")
    live.wait_for_state("paused")
    live.until(lambda: int(shown.inner_text().replace(",", "")) == live.number("iteration"))
    live.until(lambda: drawings(page, ".losses") >= 1)


def test_what_is_out_of_sight_is_drawn_when_it_comes_back(live):
    page = live.page
    count_drawings(page)
    page.set_viewport_size({"width": 1300, "height": 500})
    page.wait_for_timeout(300)
    before, frames = drawings(page, ".thumb.fake"), live.number("frames")
    live.press("step")
    live.wait_for("frames", frames + 1)
    live.until(lambda: drawings(page, ".plane") >= 1)
    assert drawings(page, ".thumb.fake") == before
    page.locator(".gan-live .machine").scroll_into_view_if_needed()
    live.until(lambda: drawings(page, ".thumb.fake") > before)


def tall(page: Page) -> None:
    """Make the window so high that all of the component is in sight."""
    page.set_viewport_size({"width": 1300, "height": 2600})
    page.wait_for_timeout(500)


def test_a_step_back_is_really_a_step_back(live):
    live.press("step10")
    live.wait_for("iteration", 10)
    live.press("step10")
    live.wait_for("iteration", 20)
    live.page.locator(".gan-live .step-back").click()
    live.until(lambda: live.number("iteration") < 20)
    reached = live.number("iteration")
    live.press("step")
    live.until(lambda: live.number("iteration") == reached + 1)


def test_from_a_moment_looked_back_at_training_goes_on(live):
    live.press("step10")
    live.wait_for("iteration", 10)
    slider = live.page.locator(".gan-live .lookback input")
    slider.press("Home")
    expect(live.page.locator(".gan-live .lookback output")).to_have_text("Iteration 0")
    assert live.number("iteration") == 10
    live.page.locator(".gan-live .go-on").click()
    live.until(lambda: live.number("iteration") == 0)


def test_one_iteration_under_glass(live):
    page = live.page
    page.get_by_role("button", name="Take the next iteration apart").click()
    marks = page.locator(".gan-live .mark")
    expect(marks).to_have_count(11)
    assert live.number("iteration") == 1
    slow = page.locator(".gan-live .slow")
    expect(slow.locator(".line-of-code")).to_contain_text("self._batches.next()")
    forward = slow.get_by_role("button", name="Forward")
    for _ in range(5):
        forward.click()
    expect(slow).to_have_attribute("data-place", "6")
    expect(slow.locator(".weight-group.g")).to_have_text("G is frozen: no weight changes.")
    expect(slow.locator(".weight-group.d li").first).to_be_visible()
    expect(page.locator(".gan-live .node.d[data-lit=moving]")).to_have_count(1)
    slow.locator(".mark").last.press("ArrowLeft")
    expect(slow).to_have_attribute("data-place", "5")
    marks.last.click()
    expect(slow.locator(".weight-group.d")).to_have_text("D is frozen: no weight changes.")
    assert live.number("iteration") == 1


def test_a_learning_rate_changes_while_it_trains(live):
    live.press("play")
    live.wait_for("iteration", 5)
    with live.page.expect_response(lambda answer: "/rates?g=" in answer.url) as response:
        live.page.locator(".gan-live .rates .slider.g input").press("End")
    assert response.value.ok
    reached = live.number("iteration")
    live.until(
        lambda: (
            live.number("iteration") > reached
            or live.root.get_attribute("data-state") == "diverged"
        )
    )


def test_slow_playing_makes_one_step_after_the_other(live):
    live.page.locator(".gan-live .chip", has_text="4 a second").click()
    live.press("play")
    live.wait_for("iteration", 3)
    assert live.number("iteration") < 60
    live.press("play")
    live.wait_for_state("paused")


def test_a_drawn_set_is_trained_on(live):
    page = live.page
    page.get_by_role("button", name="Draw your own data").click()
    use = page.get_by_role("button", name="Train on these")
    expect(use).to_be_disabled()
    stroke(page, (0.2, 0.3), (0.8, 0.3))
    stroke(page, (0.3, 0.7), (0.6, 0.8))
    use.click()
    expect(data(page)).to_have_value("Your own points")
    live.wait_for_state("paused")
    live.press("step10")
    live.wait_for("iteration", 10)
    expect(page.locator(".gan-live .layer.best")).to_be_disabled()


def test_the_arrow_keys_draw_too(live):
    page = live.page
    page.get_by_role("button", name="Draw your own data").click()
    expect(plane(page)).to_be_focused()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Space")
    expect(page.locator(".gan-live .bench [role=status]")).to_have_text("15 points")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Draw your own data")).to_be_visible()
    assert live.number("iteration") == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"x,y\n1,2\n3,4\n", "too few"),
        (b"1,2\n" * 30, "the same"),
        (b"1,2\n3,four\n" * 10, "not a number"),
        (b"1\n2\n" * 10, "two columns"),
    ],
)
def test_a_bad_file_gets_a_sentence_and_changes_nothing(live, content, sentence):
    choose_file(live.page, content)
    expect(live.page.locator(".gan-live .trouble-line")).to_contain_text(sentence)
    expect(data(live.page)).to_have_value("Eight soft modes in a ring")


def test_a_good_file_is_trained_on(live):
    rows = b"".join(b"%d;%d\n" % (row, row * row) for row in range(40))
    choose_file(live.page, rows)
    expect(data(live.page)).to_have_value("Your own points")
    live.wait_for_state("paused")


def test_an_experiment_sets_the_stage(live):
    page = live.page
    answer = page.get_by_test_id("stRadio").first.locator("label", has_text="Like D*").last
    answer.click()
    page.get_by_role("button", name="Set up and run").first.click()
    expect(page.locator(".gan-live .layer.best")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".gan-live .layer.arrows")).to_have_attribute("aria-pressed", "false")
    # Both have played a little; now D alone goes on.
    together = live.wait_for("g-moves", 100)
    live.wait_for("d-moves", together + 20)
    assert live.number("g-moves") == together


def test_who_watches_cannot_steer(live, open_page):
    other = open_page()
    watching = open_live(other, live.view_link, "points")
    expect(watching.root.locator(".watching")).to_be_visible()
    expect(watching.button("play")).to_be_hidden()
    expect(other.locator(".gan-live :is(.easel, .bench)")).to_have_count(0)


def test_a_phone_needs_no_sideways_scrolling(open_page):
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True)
    open_live(page, f"/playground?{SMALL}", "points").wait_for("frames", 1)
    wide = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
    assert wide <= 0


def test_nothing_complains(live, complaints):
    live.press("step10")
    live.wait_for("iteration", 10)
    live.page.get_by_role("button", name="Take the next iteration apart").click()
    expect(live.page.locator(".gan-live .mark")).to_have_count(11)
    assert complaints == []
