"""*Anomaly detection* in a real browser: an experiment from start to end, and one's own picture."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from benchmarks.app_server import wait_until, wait_until_drawn
from gan_core.pictures import png
from ui.words import translate

pytestmark = pytest.mark.browser

say = partial(translate, "en")
SHORT = {"gan_iterations": 20, "encoder_steps": 10}
SHORTER = {"searched": 10, "restarts": 1, "search_steps": 5}


@pytest.fixture
def anomaly(page: Page) -> Page:
    """Return the page, drawn."""
    page.goto("/anomaly?lang=en")
    wait_until_drawn(page)
    return page


def judge(page: Page) -> Locator:
    return page.locator(".gan-odd")


def job(page: Page) -> Locator:
    return page.locator(".gan-job")


def count(page: Page) -> int:
    """How often a picture was judged."""
    return int(judge(page).get_attribute("data-count") or 0)


def done(page: Page) -> int:
    """How many steps the experiment has made."""
    return int(job(page).get_attribute("data-done") or 0)


def until(page: Page, condition) -> None:
    wait_until(condition, lambda: page.wait_for_timeout(50))


def set_number(page: Page, name: str, value: int) -> None:
    """Type a number into the sidebar; return when the page has taken it."""
    field = page.get_by_label(say(f"anomaly.field.{name}"), exact=True)
    field.fill(str(value))
    field.press("Enter")
    expect(field).to_have_value(str(value))
    wait_until_drawn(page)


def begin(page: Page) -> None:
    page.get_by_role("button", name=say("anomaly.run")).click()
    job(page).wait_for()


def judged(page: Page, before: int) -> None:
    """Return when another picture than ``before`` pictures ago has been judged."""
    until(page, lambda: count(page) > before)
    expect(judge(page)).to_have_attribute("data-state", "judged")


def odder(page: Page, scorer: str) -> float:
    row = judge(page).locator(f'.line[data-scorer="{scorer}"]')
    return float(row.get_attribute("data-odder") or "nan")


def look(page: Page) -> None:
    """Scroll to the judgement; it then begins by itself with a seven."""
    judge(page).scroll_into_view_if_needed()
    judged(page, 0)


# An experiment ----------------------------------------------------------------------------


def test_an_experiment_shows_its_way_and_ends(anomaly, complaints):
    page = anomaly
    for name, value in SHORT.items():
        set_number(page, name, value)
    page.get_by_text(say("settings.more"), exact=True).click()
    for name, value in SHORTER.items():
        set_number(page, name, value)
    begin(page)
    page.get_by_text(say("anomaly.course")).wait_for()
    expect(page.get_by_text("A recorded experiment.")).to_have_count(0)
    expect(page.get_by_text(say("anomaly.fallback_no_network"))).to_be_visible()
    expect(page.get_by_text("(20 iterations)")).to_be_visible()
    page.get_by_text(say("anomaly.course")).click()
    job(page).locator("img").nth(2).wait_for()
    expect(job(page)).to_have_attribute("data-state", "done")
    look(page)
    assert judge(page).locator(".line[data-scorer]:visible").count() == 5
    page.reload()
    wait_until_drawn(page)
    expect(page.get_by_text("(20 iterations)")).to_be_visible()
    page.get_by_role("radio", name=say("anomaly.shown_recorded")).click()
    expect(page.get_by_text("A recorded experiment.")).to_be_visible()
    assert complaints == []


def test_an_experiment_rests_goes_on_exactly_there_and_is_cancelled(anomaly):
    page = anomaly
    set_number(page, "gan_iterations", 5000)
    begin(page)
    until(page, lambda: done(page) > 0)
    job(page).locator('[data-verb="pause"]').click()
    expect(job(page)).to_have_attribute("data-state", "paused")
    rested = done(page)
    assert 0 < rested < 5000
    page.wait_for_timeout(1500)
    assert done(page) == rested
    job(page).locator('[data-verb="resume"]').click()
    until(page, lambda: done(page) > rested)
    assert done(page) > rested
    job(page).locator('[data-verb="cancel"]').click()
    expect(job(page)).to_have_attribute("data-state", "cancelled")
    expect(page.get_by_text("A recorded experiment.")).to_be_visible()
    page.get_by_role("button", name=say("anomaly.put_away")).click()
    job(page).wait_for(state="detached")


# A picture --------------------------------------------------------------------------------


def test_a_seven_is_judged_once_it_is_in_sight(anomaly, complaints):
    page = anomaly
    look(page)
    assert count(page) == 1
    assert odder(page, "fast_anogan") > 0.99
    assert odder(page, "anogan") > 0.95
    # There is no MNIST on this server.
    expect(judge(page).get_by_text(say("odd.missing"))).to_be_visible()
    assert judge(page).locator(".line[data-scorer]:visible").count() == 2
    assert complaints == []


def test_a_drawing_gets_its_scores(anomaly):
    page = anomaly
    look(page)
    use = judge(page).get_by_role("button", name=say("studio.find_use"))
    expect(use).to_be_disabled()
    easel, mouse = judge(page).locator(".easel"), page.mouse
    easel.scroll_into_view_if_needed()
    box = easel.bounding_box()
    assert box is not None
    places = [(60, 60), (220, 70), (110, 240)]
    mouse.move(*(box["x"] + places[0][0], box["y"] + places[0][1]))
    mouse.down()
    for x, y in places[1:]:
        mouse.move(box["x"] + x, box["y"] + y, steps=6)
    mouse.up()
    expect(use).to_be_enabled()
    before = count(page)
    use.click()
    judged(page, before)
    assert 0.9 < odder(page, "fast_anogan") <= 1
    expect(judge(page).locator(".trouble")).to_be_hidden()


def test_a_zero_of_the_test_is_less_odd_than_a_seven(anomaly):
    page = anomaly
    look(page)
    seven = odder(page, "fast_anogan")
    zero = judge(page).locator('[data-digit="0"]')
    expect(zero).to_have_text("0 ●")
    zero.focus()
    page.keyboard.press("Enter")
    judged(page, 1)
    assert odder(page, "fast_anogan") < seven


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"GIF89a not a picture of ours", "not_an_image"),
        (b"", "empty"),
        (png(np.full((40, 40), 200, np.uint8)), "empty"),
        (b"\x00" * (4 * 1024 * 1024 + 1), "too_large"),
    ],
    ids=["other", "nothing", "blank", "large"],
)
def test_a_bad_file_gets_a_sentence_and_a_good_one_is_then_judged(anomaly, content, code):
    page = anomaly
    look(page)
    file = judge(page).locator('input[type="file"]')
    file.set_input_files(FilePayload(name="a.png", mimeType="image/png", buffer=content))
    expect(judge(page)).to_have_attribute("data-state", "failed")
    expect(judge(page).locator(".trouble")).to_have_text(say(f"studio.find_error_{code}"))
    assert count(page) == 1
    line = np.zeros((60, 60), np.uint8)
    line[10:50, 28:33] = 255
    file.set_input_files(FilePayload(name="b.png", mimeType="image/png", buffer=png(line)))
    judged(page, 1)
    expect(judge(page).locator(".trouble")).to_be_hidden()


def test_a_letter_can_be_judged(anomaly):
    page = anomaly
    look(page)
    judge(page).get_by_role("button", name=say("odd.letter"), exact=True).click()
    judged(page, 1)
    assert odder(page, "fast_anogan") > 0.9
